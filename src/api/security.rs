//! Who asks: the bearer token, and that it is for the very tenant that the request names.
//!
//! Invariant: an endpoint gets a [`Context`] only after the token held and its tenant is the request's; no query is needed for that.

use std::sync::Arc;

use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use super::limits::count_member;
use super::request::RequestFacts;
use super::state::State;
use super::tenant_context::{named, note, origin, state};
use crate::domains::access::Context;
use crate::domains::auth::{AuthError, Verified};
use crate::error::Error;
use crate::tenancy::{Refusal, ResolveError, Tenant, TenantKey};

/// How the document calls the credential of all three.
pub(super) const SCHEME: &str = "bearer";

/// A signed-in person, in the tenant that host or `X-Tenant-ID` names.
#[derive(SecurityScheme)]
#[oai(
    rename = "bearer",
    ty = "bearer",
    bearer_format = "JWT",
    checker = "in_named_tenant"
)]
pub struct Caller(pub Context);

/// A signed-in person, in the tenant of their token; for the platform's own paths, which need no tenant to be named.
#[derive(SecurityScheme)]
#[oai(
    rename = "bearer",
    ty = "bearer",
    bearer_format = "JWT",
    checker = "in_own_tenant"
)]
pub struct PlatformCaller(pub Context);

/// A person whose session may have ended already; for signing out alone, which can be repeated.
#[derive(SecurityScheme)]
#[oai(
    rename = "bearer",
    ty = "bearer",
    bearer_format = "JWT",
    checker = "perhaps_ended"
)]
pub struct EndedCaller(pub Context);

async fn perhaps_ended(request: &Request, bearer: Bearer) -> poem::Result<Context> {
    let state = state(request)?;
    let verified = state.auth.authenticate_ended(&bearer.token);
    let verified = verified.map_err(Error::from)?;
    Ok(in_named(request, &state, verified).await?)
}

async fn in_named_tenant(request: &Request, bearer: Bearer) -> poem::Result<Context> {
    let state = state(request)?;
    let verified = state
        .auth
        .authenticate(&bearer.token)
        .map_err(Error::from)?;
    Ok(in_named(request, &state, verified).await?)
}

async fn in_named(request: &Request, state: &State, verified: Verified) -> Result<Context, Error> {
    let tenant = named(request, state).await?;
    let tenant = tenant.ok_or(ResolveError::Required)?;
    context(request, state, verified, tenant).await
}

async fn in_own_tenant(request: &Request, bearer: Bearer) -> poem::Result<Context> {
    let state = state(request)?;
    let verified = state
        .auth
        .authenticate(&bearer.token)
        .map_err(Error::from)?;
    let tenant = if let Some(tenant) = named(request, &state).await? {
        tenant
    } else {
        let own = TenantKey::Id(verified.tenant_id);
        let own = state.deps.tenancy.find(&own).await.map_err(Error::from)?;
        own.ok_or(Error::from(Refusal::NotFound))?
    };
    Ok(context(request, &state, verified, tenant).await?)
}

/// Whether the tenant is the token's is asked before whether it is served: its state is no stranger's business.
async fn context(
    request: &Request,
    state: &State,
    verified: Verified,
    tenant: Arc<Tenant>,
) -> Result<Context, Error> {
    note(request, &tenant);
    if tenant.id != verified.tenant_id {
        return Err(AuthError::TenantMismatch.into());
    }
    if let Some(facts) = request.data::<RequestFacts>() {
        facts.set_user(verified.user_id);
    }
    let tenant = state.deps.tenancy.admit(tenant)?;
    count_member(request, state, &tenant).await?;
    let authority = state.deps.roles.authority(&tenant, &verified.role).await?;
    Ok(verified.into_context(tenant, authority, origin(request))?)
}
