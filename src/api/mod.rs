//! The HTTP shell: the only place that knows poem. Endpoints turn requests into calls of a service and its answers into responses; nothing is decided here.
//!
//! A request's way through the shell: `server` → `boundary` (id, log line) → `origins` (CORS) → `problems` (every failure) → the endpoint.

mod answers;
mod api_error;
mod api_keys;
mod audit;
mod audit_bodies;
mod audit_export;
mod auth;
mod body;
mod boundary;
mod client_addr;
mod codes;
mod components;
mod dev_mails;
mod docs;
mod document;
mod email_flows;
mod examples;
mod failure;
mod feature_bodies;
mod feature_questions;
mod feature_rules;
mod features;
mod health;
mod html;
mod impersonation;
mod invites;
mod json;
mod jwks;
mod key_or_caller;
mod limits;
mod mfa;
mod operation_files;
mod operations;
mod origins;
mod own_codes;
mod own_tenant;
mod page;
mod permissions;
mod problem;
mod problems;
mod projects;
mod registration;
mod request;
mod role_bodies;
mod roles;
mod routes;
mod schema;
mod security;
pub mod server;
mod sessions;
mod state;
mod tenant_bodies;
mod tenant_changes;
mod tenant_context;
mod tenant_copies;
mod tenant_deletion;
mod tenant_migrations;
mod tenants;
mod trace_context;
mod user_access;
mod users;

use std::sync::Arc;

use ipnet::IpNet;
use poem::{Endpoint, IntoEndpoint, Response};
use poem_openapi::OpenApi;

pub use api_error::{
    ApiError, CONFLICT, FORBIDDEN, GONE, INVALID, MALFORMED, NOT_FOUND, RATE_LIMITED,
    UNAUTHENTICATED, UNAVAILABLE,
};
pub use body::{Body, read_limited};
pub use document::Tag;
pub use key_or_caller::KeyOrCaller;
pub use page::{Cursor, Limit, Page, page_request};
pub use problem::Problem;
pub use request::RequestFacts;
pub use security::{Caller, PlatformCaller};
pub use state::State;
pub use tenant_context::{ForTenant, TENANT_HEADER};

use crate::domains::mails::CaughtMails;
use crate::limits::Limits;
use crate::readiness::Readiness;

/// Who somebody is, and what they may do.
type Identity = (
    auth::AuthApi,
    sessions::SessionsApi,
    mfa::MfaApi,
    email_flows::EmailFlowsApi,
    registration::RegistrationApi,
    users::UsersApi,
    user_access::UserAccessApi,
    invites::InvitesApi,
    api_keys::ApiKeysApi,
    permissions::PermissionsApi,
    roles::RolesApi,
);

/// All endpoints below `/api/v1`. A new domain adds its own here.
pub type Endpoints = (
    Identity,
    tenant_migrations::TenantMigrationsApi,
    tenants::TenantsApi,
    tenant_deletion::TenantDeletionApi,
    tenant_copies::TenantCopiesApi,
    impersonation::ImpersonationApi,
    own_tenant::OwnTenantApi,
    operations::OperationsApi,
    operation_files::OperationFilesApi,
    features::FeaturesApi,
    audit::AuditApi,
    projects::ProjectsApi,
);

/// See [`Endpoints`].
pub fn endpoints() -> Endpoints {
    (
        (
            auth::AuthApi,
            sessions::SessionsApi,
            mfa::MfaApi,
            email_flows::EmailFlowsApi,
            registration::RegistrationApi,
            users::UsersApi,
            user_access::UserAccessApi,
            invites::InvitesApi,
            api_keys::ApiKeysApi,
            permissions::PermissionsApi,
            roles::RolesApi,
        ),
        tenant_migrations::TenantMigrationsApi,
        tenants::TenantsApi,
        tenant_deletion::TenantDeletionApi,
        tenant_copies::TenantCopiesApi,
        impersonation::ImpersonationApi,
        own_tenant::OwnTenantApi,
        operations::OperationsApi,
        operation_files::OperationFilesApi,
        features::FeaturesApi,
        audit::AuditApi,
        projects::ProjectsApi,
    )
}

/// What the shell itself needs.
#[derive(Clone, Default)]
pub struct Shell {
    /// Told by `/health/ready`.
    pub readiness: Readiness,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Exact origins, such as `https://app.example.com`, whose scripts may call. Empty: no CORS.
    pub allowed_origins: Vec<String>,
    /// Shown at `/dev/mails`, in development mode alone.
    pub caught_mails: Option<CaughtMails>,
    /// Counts requests whose credential does not hold.
    pub limits: Limits,
}

/// Everything that is described: the root's endpoints, and `A` below `/api/v1`.
type Described<A> = (health::HealthApi, jwks::JwksApi, document::Versioned<A>);

/// The whole app: `api` below `/api/v1`, health and docs at the root, and every answer in the house's form.
pub fn app<A: OpenApi + 'static>(api: A, shell: Shell) -> impl Endpoint<Output = Response> {
    let Shell {
        readiness,
        trusted_proxies,
        allowed_origins,
        caught_mails,
        limits,
    } = shell;
    let health = health::HealthApi { readiness };
    let docs = docs::Docs::of::<Described<A>>();
    let dev_mails = dev_mails::DevMails(caught_mails);
    let endpoints = (
        health,
        jwks::JwksApi,
        docs,
        dev_mails,
        document::Versioned(api),
    );
    let problems = problems::Problems {
        inner: document::service(endpoints).into_endpoint(),
        routes: routes::Routes::of::<Described<A>>(),
        limits,
    };
    boundary::Boundary {
        inner: origins::Origins::new(Arc::new(problems), &allowed_origins),
        trusted_proxies,
    }
}

/// The document that describes the app with `A` below `/api/v1`, as JSON.
pub fn openapi_json<A: OpenApi>() -> String {
    document::json::<Described<A>>()
}

/// The same document as YAML.
pub fn openapi_yaml<A: OpenApi>() -> String {
    document::yaml::<Described<A>>()
}
