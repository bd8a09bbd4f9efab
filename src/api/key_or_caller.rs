//! Who asks, where a program may: an API key in `X-API-Key`, or a signed-in person as everywhere.
//!
//! Invariant: one credential a request. A key opens nothing but the endpoints that ask for this.

use poem::http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::auth::ApiKey;
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, SecurityScheme};

use super::limits::count_member;
use super::request::RequestFacts;
use super::security::{Caller, credential_conflict, remember, required};
use super::tenant_context::{origin, state};
use crate::domains::access::Context;
use crate::domains::api_keys;
use crate::error::Error;

/// The header of an API key.
const KEY_HEADER: &str = "X-API-Key";

/// An API key of the tenant that host or `X-Tenant-ID` names.
#[derive(SecurityScheme)]
#[oai(
    rename = "api_key",
    ty = "api_key",
    key_name = "X-API-Key",
    key_in = "header",
    checker = "holder"
)]
struct Holder(Context);

/// A program or a signed-in person.
pub struct KeyOrCaller(pub Context);

impl<'a> ApiExtractor<'a> for KeyOrCaller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::register(registry);
        Holder::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        [Caller::security_schemes(), Holder::security_schemes()].concat()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let headers = request.headers();
        let keys = headers.get_all(KEY_HEADER).iter().count();
        let context = match (keys, headers.contains_key(header::AUTHORIZATION)) {
            (0, _) => Caller::from_request(request, body, options).await?.0,
            (1, false) => Holder::from_request(request, body, options).await?.0,
            _ => return Err(credential_conflict().into()),
        };
        Ok(Self(context))
    }
}

/// As for a token: whether the tenant is the key's is asked before whether it is served.
async fn holder(request: &Request, key: ApiKey) -> Result<Context> {
    let state = state(request)?;
    let tenant = required(request, &state).await?;
    let secret = api_keys::read(&key.key, &tenant).map_err(Error::from)?;
    let tenant = state.deps.tenancy.admit(tenant).map_err(Error::from)?;
    let asked = api_keys::authenticate(&state.deps, &tenant, &secret, origin(request));
    // Large: boxed, or the requests of people would carry its size along.
    let context = Box::pin(asked).await.map_err(Error::from)?;
    count_member(request, &state, &tenant).await?;
    if let (Some(facts), Some(owner)) = (request.data::<RequestFacts>(), context.user_id()) {
        facts.set_user(owner);
    }
    remember(request, &state, &context);
    Ok(context)
}
