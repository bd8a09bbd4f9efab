//! What endpoints find in a request's data: the services' needs, and how this deployment names tenants.

use std::sync::Arc;

use chrono::TimeDelta;
use ipnet::IpNet;

use crate::domains::Deps;
use crate::domains::audit::Refusals;
use crate::domains::auth::Auth;
use crate::domains::tenants::CopyRules;
use crate::limits::Limits;
use crate::migrations::Migrator;

/// Shared by all requests.
pub struct State {
    /// What services need.
    pub deps: Deps,
    /// Sign-ins, and the tokens of every request.
    pub auth: Auth,
    /// Writes down who was refused.
    pub refusals: Arc<Refusals>,
    /// Makes and migrates tenants.
    pub migrator: Migrator,
    /// How tenants are copied here.
    pub copies: CopyRules,
    /// Counts requests.
    pub limits: Limits,
    /// How long a deleted tenant's data stays.
    pub retention: TimeDelta,
    /// Whether anybody may make a tenant of their own.
    pub sign_up: bool,
    /// `example.com` makes `acme.example.com` the tenant `acme`.
    pub base_domain: Option<String>,
    /// Peers whose `X-Forwarded-Host` is believed.
    pub trusted_proxies: Vec<IpNet>,
}
