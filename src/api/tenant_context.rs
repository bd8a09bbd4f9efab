//! The tenant that a request names, by host or header. `X-Forwarded-Host` counts only from a trusted proxy.

use std::sync::Arc;

use poem::http::header;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::client_addr::is_trusted_peer;
use super::limits::count_public;
use super::request::RequestFacts;
use super::state::State;
use crate::domains::access::Origin;
use crate::error::Error;
use crate::tenancy::{RequestedTenant, ResolveError, Slug, Tenant, TenantKey, TenantRef};

/// The header that names a tenant, by slug or id.
pub const TENANT_HEADER: &str = "X-Tenant-ID";

/// The tenant that a request without a credential is for, such as a login.
pub struct ForTenant(pub TenantRef);

impl<'a> ApiExtractor<'a> for ForTenant {
    /// So that the document shows the header; the host may name the tenant as well.
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(String::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let state = state(request)?;
        let tenant = named(request, &state).await?.ok_or(ResolveError::Required);
        let tenant = tenant.map_err(Error::from)?;
        note(request, &tenant);
        let tenant = state.deps.tenancy.admit(tenant).map_err(Error::from)?;
        count_public(request, &state, &tenant).await?;
        Ok(Self(tenant))
    }
}

/// The platform's own tenant, for a request without a credential that names none, such as signing up.
pub struct ForPlatform(pub TenantRef);

impl<'a> FromRequest<'a> for ForPlatform {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let state = state(request)?;
        let platform = TenantKey::Slug(Slug::platform());
        let platform = state.deps.tenancy.serve(&platform).await?;
        count_public(request, &state, &platform).await?;
        Ok(Self(platform))
    }
}

/// The state that the app was built with.
pub(super) fn state(request: &Request) -> Result<Arc<State>, Error> {
    request
        .data::<Arc<State>>()
        .cloned()
        .ok_or_else(|| Error::internal("the app was built without its state"))
}

/// The tenant that the request names, in whatever state it is.
pub(super) async fn named(request: &Request, state: &State) -> Result<Option<Arc<Tenant>>, Error> {
    let text =
        |value: &poem::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut named = request.headers().get_all(TENANT_HEADER).iter().map(text);
    let header = named.next();
    if named.any(|other| Some(&other) != header.as_ref()) {
        return Err(ResolveError::Conflict.into());
    }
    let host = host(request, state);
    let requested = RequestedTenant::new(
        host.as_deref(),
        header.as_deref(),
        state.base_domain.as_deref(),
    );
    requested.find(&state.deps.tenancy).await
}

/// Writes the tenant into the request's log line.
pub(super) fn note(request: &Request, tenant: &Tenant) {
    if let Some(facts) = request.data::<RequestFacts>() {
        facts.set_tenant(tenant.id, tenant.slug.as_str());
    }
}

fn host(request: &Request, state: &State) -> Option<String> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let forwarded =
        header("x-forwarded-host").filter(|_| is_trusted_peer(request, &state.trusted_proxies));
    let host = forwarded
        .or_else(|| request.uri().host())
        .or_else(|| header(header::HOST.as_str()))?;
    Some(host.to_owned())
}

/// Where the request came from, for the audit.
pub(super) fn origin(request: &Request) -> Origin {
    let facts = request.data::<RequestFacts>();
    let agent = request.headers().get(header::USER_AGENT);
    Origin {
        request_id: facts.map(|facts| facts.request_id().to_owned()),
        address: facts
            .and_then(RequestFacts::client)
            .map(|ip| ip.to_string()),
        user_agent: agent
            .and_then(|v| v.to_str().ok())
            .map(|v| v.chars().take(512).collect()),
    }
}

/// [`origin`], for endpoints without a credential.
pub struct From(pub Origin);

impl<'a> FromRequest<'a> for From {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(origin(request)))
    }
}
