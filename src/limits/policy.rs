//! What is allowed, to whom, and where somebody stands.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::tenancy::TenantId;

/// So many requests in so long. All of them may come at once; what is used up comes back evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Its name in the headers.
    pub name: &'static str,
    /// How many requests.
    pub quota: NonZeroU32,
    /// In how long.
    pub window: Duration,
}

impl Policy {
    /// `quota` requests in `window`; a quota of none counts as one.
    pub const fn new(name: &'static str, quota: u32, window: Duration) -> Self {
        let quota = match NonZeroU32::new(quota) {
            Some(quota) => quota,
            None => NonZeroU32::MIN,
        };
        Self {
            name,
            quota,
            window,
        }
    }

    /// What a tenant's plan allows.
    pub(super) const fn budget(per_minute: u32) -> Self {
        Self::new("tenant", per_minute, Duration::from_mins(1))
    }

    /// How long one request takes to come back.
    pub(super) fn interval(&self) -> Duration {
        self.window / self.quota.get()
    }
}

/// Where somebody stands after a request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// By which rule.
    pub policy: Policy,
    /// The request is one too many.
    pub refused: bool,
    /// How many more may come at once.
    pub remaining: u32,
    /// How long until one more comes back, at most.
    pub wait: Duration,
}

impl Standing {
    pub(super) fn admitted(policy: Policy, remaining: u32) -> Self {
        Self {
            policy,
            refused: false,
            remaining,
            wait: policy.interval(),
        }
    }

    pub(super) fn refused(policy: Policy, wait: Duration) -> Self {
        Self {
            policy,
            refused: true,
            remaining: 0,
            wait,
        }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    policy: &'static str,
    tenant: Option<TenantId>,
    client: Option<IpAddr>,
}

impl Subject {
    pub(super) fn new(
        policy: &'static str,
        tenant: Option<TenantId>,
        client: Option<IpAddr>,
    ) -> Self {
        Self {
            policy,
            tenant,
            client: client.map(|client| network(Some(client))),
        }
    }
}

/// As a key in a store that others share.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenantry:limit:{}", self.policy)?;
        if let Some(tenant) = self.tenant {
            write!(f, ":{}", tenant.0.simple())?;
        }
        match self.client {
            Some(client) => write!(f, ":{client}"),
            None => Ok(()),
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets. Clients without an address are one.
pub(super) fn network(client: Option<IpAddr>) -> IpAddr {
    match client {
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        Some(v4) => v4,
        None => Ipv4Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        network(one.parse().ok()) == network(other.parse().ok())
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_a_network_of_64_bits() {
        assert!(same("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9"));
        assert!(!same("2001:db8:1:2::9", "2001:db8:1:3::9"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn a_key_tells_the_rule_the_tenant_and_the_client() {
        let tenant = TenantId(uuid::Uuid::from_u128(7));
        let subject = Subject::new("login", Some(tenant), "192.0.2.1".parse().ok());
        let tenant = tenant.0.simple();
        assert_eq!(
            subject.to_string(),
            format!("tenantry:limit:login:{tenant}:192.0.2.1")
        );
    }
}
