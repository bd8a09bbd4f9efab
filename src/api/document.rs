//! The document that is the contract: the endpoints' own description, completed by what the shell itself can answer.
//!
//! It needs types only, no running endpoints, so that it can be written without a database.

use std::collections::HashMap;
use std::marker::PhantomData;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, StatusCode};
use poem_openapi::registry::{
    MetaApi, MetaOperation, MetaOperationParam, MetaParamIn, MetaPath, Registry,
};
use poem_openapi::types::Type;
use poem_openapi::{OpenApi, OpenApiService, Tags};

use super::api_error::{header, optional_header, problem};
use super::codes;
use super::components;
use super::examples;
use super::problem::Problem;
use super::security::SCHEME;
use super::tenant_context::TENANT_HEADER;

/// Where versioned endpoints live.
pub(super) const PREFIX: &str = "/api/v1";
/// The platform's own paths, which need no tenant to be named.
const PLATFORM: [&str; 3] = ["/api/v1/tenants", "/api/v1/operations", "/api/v1/admin"];

/// The chapters of the document.
#[derive(Tags)]
pub enum Tag {
    /// Sign in, stay signed in, sign out.
    Auth,
    /// A tenant's people.
    Users,
    /// Who is asked to join a tenant, and joining.
    Invites,
    /// The caller's own second factor.
    Mfa,
    /// Credentials of programs.
    ApiKeys,
    /// Tenants: the operators' endpoints, and one's own tenant.
    Tenants,
    /// Operators acting as a tenant's user, with a reason.
    Impersonation,
    /// The tenant's roles, and what each is granted.
    Roles,
    /// How work goes that a request asked for.
    Operations,
    /// The worked example of a domain.
    Projects,
    /// What a tenant shows to whom.
    #[oai(rename = "Feature flags")]
    Features,
    /// Who did what in the tenant, and whether that was tampered with.
    Audit,
    /// Whether this process lives, and whether it may be sent requests.
    Health,
}

/// The service that describes `A`.
pub(super) fn describe<A: OpenApi>() -> OpenApiService<Described<A>, ()> {
    service(Described(PhantomData))
}

/// The document about `A`, as JSON.
pub(super) fn json<A: OpenApi>() -> String {
    components::say_closed(&describe::<A>().spec())
}

/// The document about `A`, as YAML.
pub(super) fn yaml<A: OpenApi>() -> String {
    components::say_closed(&describe::<A>().spec_yaml())
}

/// The service that runs `api`.
pub(super) fn service<A>(api: A) -> OpenApiService<A, ()> {
    OpenApiService::new(api, "tenantry", env!("CARGO_PKG_VERSION"))
        .description(env!("CARGO_PKG_DESCRIPTION"))
}

/// `A` below `/api/v1`. No nested router: nesting would parse and copy the address of every request.
pub(super) struct Versioned<A>(pub(super) A);

impl<A: OpenApi> OpenApi for Versioned<A> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = A::meta();
        for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
            path.path.insert_str(0, PREFIX);
        }
        apis
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let mut own = HashMap::new();
        self.0.add_routes(&mut own);
        for (path, methods) in own {
            let route = table.entry(format!("{PREFIX}{path}")).or_default();
            route.extend(methods);
        }
    }
}

/// The description of `A` without its endpoints.
pub(super) struct Described<A>(PhantomData<fn() -> A>);

impl<A: OpenApi> OpenApi for Described<A> {
    fn meta() -> Vec<MetaApi> {
        // A path whose methods come from several parts must be one entry, for JSON has no second key of a name.
        let mut paths: Vec<MetaPath> = Vec::new();
        for mut path in A::meta().into_iter().flat_map(|api| api.paths) {
            for operation in &mut path.operations {
                complete(&path.path, operation);
            }
            match paths.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.operations.extend(path.operations),
                None => paths.push(path),
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
        Problem::register(registry);
        components::complete(registry, &A::meta());
        examples::give(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// Adds what the shell itself can answer to this operation.
fn complete(path: &str, operation: &mut MetaOperation) {
    let mut statuses = vec![StatusCode::INTERNAL_SERVER_ERROR];
    if tell_tenant(path, operation) {
        statuses.extend([
            StatusCode::BAD_REQUEST,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
            StatusCode::GONE,
            StatusCode::SERVICE_UNAVAILABLE,
        ]);
    }
    if path.starts_with(PREFIX) {
        statuses.push(StatusCode::TOO_MANY_REQUESTS);
    }
    if operation.request.is_some() {
        statuses.extend([
            StatusCode::BAD_REQUEST,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ]);
    }
    if !operation.security.is_empty() {
        statuses.extend([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN]);
    }
    let params = operation.params.iter();
    for parameter in params.filter(|parameter| parameter.name != TENANT_HEADER) {
        statuses.push(match parameter.in_type {
            MetaParamIn::Path => StatusCode::NOT_FOUND,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        });
    }
    let responses = &mut operation.responses.responses;
    for status in statuses {
        if !responses.iter().any(|r| r.status == Some(status.as_u16())) {
            responses.push(problem(status));
        }
    }
    responses.sort_by_key(|response| response.status);
    tell_codes(path, operation);
    for response in &mut operation.responses.responses {
        let limited = path.starts_with(PREFIX) && response.status.is_some_and(|code| code < 300);
        if limited {
            let headers = ["RateLimit-Policy", "RateLimit"];
            response.headers.extend(headers.map(optional_header));
        }
        let request_id = header("X-Request-ID", String::schema_ref());
        response.headers.push(request_id);
    }
}

/// Names the codes that each error can carry.
fn tell_codes(path: &str, operation: &mut MetaOperation) {
    let told = operation.responses.responses.iter().map(|response| {
        let status = StatusCode::from_u16(response.status?).ok()?;
        let failed = status.is_client_error() || status.is_server_error();
        failed.then(|| codes::describe(path, operation, status))
    });
    let told: Vec<Option<&'static str>> = told.collect();
    for (response, words) in operation.responses.responses.iter_mut().zip(told) {
        response.description = words.unwrap_or(response.description);
    }
}

/// Describes how the operation's tenant is named, if it is for one at all. The header is never required: the host can name the tenant.
fn tell_tenant(path: &str, operation: &mut MetaOperation) -> bool {
    let named = |parameter: &MetaOperationParam| parameter.name == TENANT_HEADER;
    if operation.params.iter().any(named) {
        return true;
    }
    if !operation.security.iter().any(|s| s.contains_key(SCHEME)) {
        return false;
    }
    let description = if PLATFORM.iter().any(|own| path.starts_with(own)) {
        "Slug or id of the token's tenant; may be left out here."
    } else {
        "Slug or id of the tenant; needed unless the host names it."
    };
    operation.params.push(MetaOperationParam {
        name: TENANT_HEADER.to_owned(),
        schema: String::schema_ref(),
        in_type: MetaParamIn::Header,
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        explode: true,
        style: None,
    });
    true
}
