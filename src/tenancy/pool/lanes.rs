//! Which connections a tenant's requests go to.
//!
//! Invariant: a tenant has a home, the same on every request, and a fixed half of the connections beside it. So each connection meets few tenants,
//! and whatever one tenant does, the halves of all others are never all taken by it.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::tenancy::SchemaName;

/// Who asks for a connection.
#[derive(Debug, Clone, Copy)]
pub(in crate::tenancy) enum For<'t> {
    /// A tenant, on its own half.
    Tenant(&'t SchemaName),
    /// The control plane: whatever is free, the same lanes first.
    Anybody,
}

/// How many lanes there are; those from `kept` on are opened under load only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes {
    pub(super) kept: usize,
    pub(super) overflow: usize,
}

impl Lanes {
    /// A number that is a tenant's own, on which its order depends.
    pub(super) fn seed(who: For<'_>) -> u64 {
        match who {
            For::Anybody => 0,
            For::Tenant(schema) => {
                let mut hasher = DefaultHasher::new();
                schema.hash(&mut hasher);
                hasher.finish()
            }
        }
    }

    /// The lane to try first.
    pub(super) fn home(self, seed: u64) -> usize {
        (0..self.kept)
            .max_by_key(|lane| score(seed, *lane))
            .unwrap_or(0)
    }

    /// All lanes that may be used, the home first and those that are opened under load last: the highest scores (a rendezvous hash), so that
    /// each tenant has an order of its own.
    pub(super) fn ranked(self, who: For<'_>, seed: u64) -> Vec<usize> {
        let share = |lanes: usize| match who {
            For::Tenant(_) => lanes.div_ceil(2),
            For::Anybody => lanes,
        };
        let all = self.kept + self.overflow;
        let mut order = best(seed, 0..self.kept, share(self.kept));
        order.append(&mut best(seed, self.kept..all, share(self.overflow)));
        order
    }
}

fn best(seed: u64, lanes: std::ops::Range<usize>, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = lanes.collect();
    order.sort_by_cached_key(|lane| std::cmp::Reverse(score(seed, *lane)));
    order.truncate(count);
    order
}

/// Mixes as splitmix64 does: each bit of the input reaches all of the output.
fn score(seed: u64, lane: usize) -> u64 {
    let mut mixed = seed ^ (lane as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_id;
    use crate::tenancy::TenantId;

    const LANES: Lanes = Lanes {
        kept: 20,
        overflow: 30,
    };

    fn schema() -> SchemaName {
        SchemaName::of(TenantId(new_id()))
    }

    #[test]
    fn a_tenant_has_one_home_and_half_of_the_lanes() {
        let schema = schema();
        let who = For::Tenant(&schema);
        let seed = Lanes::seed(who);
        let order = LANES.ranked(who, seed);
        assert_eq!(order[0], LANES.home(seed));
        assert_eq!(order.len(), 10 + 15);
        assert!(order[..10].iter().all(|lane| *lane < 20));
        assert!(order[10..].iter().all(|lane| (20..50).contains(lane)));
    }

    #[test]
    fn homes_are_spread_evenly() {
        let mut homes = [0; 20];
        for _ in 0..20_000 {
            homes[LANES.home(Lanes::seed(For::Tenant(&schema())))] += 1;
        }
        assert!(
            homes.iter().all(|count| (800..1200).contains(count)),
            "{homes:?}"
        );
    }

    #[test]
    fn no_tenants_half_is_anothers() {
        let halves: std::collections::HashSet<Vec<usize>> = (0..1000)
            .map(|_| {
                let schema = schema();
                let who = For::Tenant(&schema);
                let mut half = LANES.ranked(who, Lanes::seed(who));
                half.truncate(10);
                half.sort_unstable();
                half
            })
            .collect();
        // Of the 184,756 halves, a thousand tenants meet in some three.
        assert!(halves.len() > 980, "{}", halves.len());
    }

    #[test]
    fn a_pool_of_one_has_one_lane_for_everybody() {
        let one = Lanes {
            kept: 1,
            overflow: 0,
        };
        let schema = schema();
        for who in [For::Tenant(&schema), For::Anybody] {
            assert_eq!(one.ranked(who, Lanes::seed(who)), [0]);
        }
    }
}
