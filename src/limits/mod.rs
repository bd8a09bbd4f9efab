//! How often somebody may ask: strict limits for a client at one operation, and a budget for a whole tenant.
//!
//! Counted in process, or for all nodes together in Redis. Invariant: without Redis everything goes on, counted in process; a missing store refuses
//! nobody and holds nobody up.

mod buckets;
mod policy;
mod shared;
mod shut;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use buckets::Buckets;
pub use policy::{Policy, Standing};
use policy::{Subject, network};
pub use redis::RedisError;
use shared::Shared;
use shut::Shut;

use crate::clock::Clock;
use crate::config::{ExposeSecret, LimitsConfig};
use crate::tenancy::{Tenant, TenantId};

/// Clients (with what they do and where) whose use is remembered. One costs some 300 bytes.
const CLIENTS: u64 = 100_000;
/// Tenants whose use is remembered.
const TENANTS: u64 = 100_000;

/// Refused credentials, and requests that need none and have no limit of their own, of one client in all tenants. Many people can share an
/// address, and each of them comes with an expired token now and then.
const STRANGERS: Policy = Policy::new("anonymous", 300, Duration::from_mins(1));

/// Counts requests. Cheap to clone; all clones count together. The default counts nothing.
#[derive(Clone, Default)]
pub struct Limits(Option<Arc<Inner>>);

struct Inner {
    clients: Buckets<Subject>,
    tenants: Buckets<TenantId>,
    strangers: Shut,
    shared: Option<Arc<Shared>>,
}

impl Limits {
    /// Counts as `config` says. Where Redis does not answer, it goes on without; it fails for an address that cannot be one.
    pub async fn start(config: &LimitsConfig, clock: &Clock) -> Result<Self, RedisError> {
        if !config.enabled {
            return Ok(Self::default());
        }
        let shared = match &config.redis_url {
            Some(url) => Some(Shared::start(url.expose_secret(), config.redis_patience).await?),
            None => None,
        };
        Ok(Self(Some(Arc::new(Inner {
            clients: Buckets::new(CLIENTS, Duration::from_hours(1), clock),
            tenants: Buckets::new(TENANTS, Duration::from_mins(1), clock),
            strangers: Shut::new(clock),
            shared,
        }))))
    }

    /// Counts one request of `client` against `policy`, in this tenant alone. `None` where nothing is counted.
    pub async fn of_client(
        &self,
        policy: Policy,
        tenant: TenantId,
        client: Option<IpAddr>,
    ) -> Option<Standing> {
        let subject = Subject::new(policy.name, Some(tenant), client);
        Some(self.0.as_ref()?.client(policy, subject).await)
    }

    /// Counts one request against the budget that the tenant's plan gives it.
    pub async fn of_tenant(&self, tenant: &Tenant) -> Option<Standing> {
        let inner = self.0.as_ref()?;
        let policy = Policy::budget(tenant.requests_per_minute);
        if let Some(shared) = &inner.shared {
            let subject = Subject::new(policy.name, Some(tenant.id), None);
            // Large: boxed here and below, or who counts in process would carry its size along.
            if let Some(standing) = Box::pin(shared.spend(policy, subject)).await {
                return Some(standing);
            }
        }
        Some(inner.tenants.spend(policy, tenant.id))
    }

    /// Counts one request of a client who has shown no credential that holds.
    pub async fn of_stranger(&self, client: Option<IpAddr>) -> Option<Standing> {
        let inner = self.0.as_ref()?;
        let subject = Subject::new(STRANGERS.name, None, client);
        let standing = inner.client(STRANGERS, subject).await;
        if standing.refused {
            inner.strangers.shut(network(client), standing.wait);
        }
        Some(standing)
    }

    /// Where this client stands if it is shut out for now: it used up [`Limits::of_stranger`]. Nothing is counted.
    pub fn shut(&self, client: Option<IpAddr>) -> Option<Standing> {
        let wait = self.0.as_ref()?.strangers.wait(network(client))?;
        Some(Standing::refused(STRANGERS, wait))
    }
}

impl Inner {
    async fn client(&self, policy: Policy, subject: Subject) -> Standing {
        if let Some(shared) = &self.shared
            && let Some(standing) = Box::pin(shared.spend(policy, subject)).await
        {
            return standing;
        }
        self.clients.spend(policy, subject)
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match &self.0 {
            None => "off",
            Some(inner) if inner.shared.is_some() => "shared",
            Some(_) => "in process",
        };
        write!(f, "Limits({how})")
    }
}
