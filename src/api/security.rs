//! Who asks: the bearer token, and that it is for the very tenant that the request names.
//!
//! Invariant: an endpoint gets a [`Context`] only after the token held and its tenant is the request's. No query is needed for that, but for tokens of
//! an outside issuer, whose user is looked up. What is rare and large is boxed, or every request would carry its size along.

use std::sync::Arc;

use poem::Request;
use poem::http::header::AUTHORIZATION;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use super::limits::count_member;
use super::request::{self, RequestFacts};
use super::state::State;
use super::tenant_context::{named, note, origin, state};
use crate::domains::access::Context;
use crate::domains::auth::{Auth, AuthError, Verified};
use crate::error::{Error, ErrorKind};
use crate::tenancy::{Refusal, ResolveError, Status, Tenant, TenantId, TenantKey, TenantRef};

/// How the document calls the token.
pub(super) const SCHEME: &str = "bearer";

macro_rules! bearers {
    ($($name:ident: $checker:tt)*) => {$(
        /// The access token of a sign-in.
        #[derive(SecurityScheme)]
        #[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = $checker)]
        pub struct $name(pub Context);
    )*};
}

bearers! {
    // A signed-in person, in the tenant that host or `X-Tenant-ID` names.
    Caller: "in_named_tenant"
    // A signed-in person, in the tenant of their token; for the platform's own paths, which need no tenant to be named.
    PlatformCaller: "in_own_tenant"
    // A person whose session may have ended already; for signing out alone, which can be repeated.
    EndedCaller: "perhaps_ended"
}

async fn perhaps_ended(request: &Request, bearer: Bearer) -> poem::Result<Context> {
    let state = state(request)?;
    let verified = verified(request, &state, &bearer.token, Auth::authenticate_ended).await?;
    let tenant = required(request, &state).await?;
    let tenant = tokens_own(request, &state, &verified, tenant).await?;
    let tenant = state.deps.tenancy.admit_to_leave(tenant);
    let tenant = tenant.map_err(Error::from)?;
    Ok(context(request, &state, verified, tenant).await?)
}

async fn in_named_tenant(request: &Request, bearer: Bearer) -> poem::Result<Context> {
    let state = state(request)?;
    let verified = verified(request, &state, &bearer.token, Auth::authenticate).await?;
    Ok(in_named(request, &state, verified).await?)
}

/// Whose token this is: our own tokens say it, without a query; an outside issuer's holds in the tenant that the request names.
async fn verified(
    request: &Request,
    state: &State,
    token: &str,
    own: impl Fn(&Auth, &str) -> Result<Verified, AuthError>,
) -> Result<Verified, Error> {
    let mut credentials = request.headers().get_all(AUTHORIZATION).iter();
    if credentials.nth(1).is_some() {
        return Err(credential_conflict());
    }
    let mut verified = own(&state.auth, token);
    if matches!(verified, Err(AuthError::Unsure)) {
        Box::pin(state.auth.until_sure(token)).await;
        verified = own(&state.auth, token);
    }
    match verified {
        Err(AuthError::Token(_)) if state.auth.is_outside(token) => {
            Box::pin(of_outside_issuer(request, state, token)).await
        }
        Err(AuthError::EndedWithTenant(own)) => {
            Err(Box::pin(ended_with(request, state, own)).await)
        }
        verified => Ok(verified?),
    }
}

async fn of_outside_issuer(
    request: &Request,
    state: &State,
    token: &str,
) -> Result<Verified, Error> {
    let bearer = state.auth.authenticate_outside(token).await?;
    let tenant = required(request, state).await?;
    let tenant = state.deps.tenancy.admit(tenant)?;
    Ok(state.auth.user_of(bearer, &tenant).await?)
}

/// Who belonged to a deleted tenant is told that it was deleted. Whoever names another, or comes after it was restored, learns what every token tells
/// that does not hold.
async fn ended_with(request: &Request, state: &State, own: TenantId) -> Error {
    let known = state.deps.tenancy.find(&TenantKey::Id(own)).await;
    let named = named(request, state).await;
    if let (Ok(Some(tenant)), Ok(named)) = (known, named)
        && tenant.status == Status::Deleted
        && named.is_none_or(|named| named.id == own)
    {
        note(request, &tenant);
        return Refusal::Deleted.into();
    }
    AuthError::SessionEnded.into()
}

/// Nobody could tell as whom the request acts.
pub(super) fn credential_conflict() -> Error {
    let detail =
        "expected one credential, found several; send one `Authorization` or one `X-API-Key`";
    Error::new(ErrorKind::Malformed, "credential_conflict", detail)
}

async fn in_named(request: &Request, state: &State, verified: Verified) -> Result<Context, Error> {
    let tenant = required(request, state).await?;
    admitted(request, state, verified, tenant).await
}

/// The tenant that the request must name.
pub(super) async fn required(request: &Request, state: &State) -> Result<Arc<Tenant>, Error> {
    let tenant = named(request, state).await?.ok_or(ResolveError::Required)?;
    note(request, &tenant);
    Ok(tenant)
}

async fn in_own_tenant(request: &Request, bearer: Bearer) -> poem::Result<Context> {
    let state = state(request)?;
    let verified = verified(request, &state, &bearer.token, Auth::authenticate).await?;
    let tenant = if let Some(tenant) = named(request, &state).await? {
        tenant
    } else {
        let own = TenantKey::Id(verified.tenant_id);
        let own = state.deps.tenancy.find(&own).await.map_err(Error::from)?;
        own.ok_or(Error::from(Refusal::NotFound))?
    };
    Ok(admitted(request, &state, verified, tenant).await?)
}

async fn admitted(
    request: &Request,
    state: &State,
    verified: Verified,
    tenant: Arc<Tenant>,
) -> Result<Context, Error> {
    let tenant = tokens_own(request, state, &verified, tenant).await?;
    let tenant = state.deps.tenancy.admit(tenant)?;
    context(request, state, verified, tenant).await
}

/// Whether the tenant is the token's is asked before whether it is served: its state is no stranger's business.
async fn tokens_own(
    request: &Request,
    state: &State,
    verified: &Verified,
    tenant: Arc<Tenant>,
) -> Result<Arc<Tenant>, Error> {
    note(request, &tenant);
    if tenant.id != verified.tenant_id {
        Box::pin(remember_stranger(request, state, verified.clone())).await;
        return Err(AuthError::TenantMismatch.into());
    }
    if let Some(facts) = request.data::<RequestFacts>() {
        facts.set_user(verified.user_id);
    }
    Ok(tenant)
}

async fn context(
    request: &Request,
    state: &State,
    verified: Verified,
    tenant: TenantRef,
) -> Result<Context, Error> {
    count_member(request, state, &tenant).await?;
    let roles = state.deps.roles.lookup();
    let authority = roles.authority(&tenant, &verified.role).await?;
    let context = verified.into_context(tenant, authority, origin(request))?;
    remember(request, state, &context);
    Ok(context)
}

/// From now on, a refusal of this request is written down. For every kind of credential, once it held.
pub(super) fn remember(request: &Request, state: &State, context: &Context) {
    if let Some(facts) = request.data::<RequestFacts>() {
        facts.set_caller(request::Caller {
            context: context.clone(),
            refusals: Arc::clone(&state.refusals),
        });
    }
}

/// Who came to the wrong tenant is known in their own.
async fn remember_stranger(request: &Request, state: &State, verified: Verified) {
    let own = TenantKey::Id(verified.tenant_id);
    let Ok(own) = state.deps.tenancy.serve(&own).await else {
        return;
    };
    let roles = state.deps.roles.lookup();
    let Ok(authority) = roles.authority(&own, &verified.role).await else {
        return;
    };
    if let Ok(context) = verified.into_context(own, authority, origin(request)) {
        remember(request, state, &context);
    }
}
