//! Who acts, for which tenant, and by which request.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::authority::Authority;
use super::role::{Rank, Role};
use crate::clock::Clock;
use crate::tenancy::{PLATFORM_SLUG, TenantRef};

/// How long after a sign-in acts are allowed that ask for a fresh one.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User(SignedIn),
    /// A program with an API key.
    Key {
        /// The key's id.
        id: Uuid,
        /// Whose key it is; what the key makes is theirs.
        owner: Uuid,
        /// The owner's, limited to the key's scopes.
        authority: Arc<Authority>,
    },
    /// The system itself: workers, admin commands. May do everything in the tenant, and says why.
    System {
        /// Why it acts, for the log and the audit.
        reason: &'static str,
    },
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Their id.
    pub id: Uuid,
    /// What they may do in the context's tenant.
    pub authority: Arc<Authority>,
    /// The sign-in that their token belongs to.
    pub session: Uuid,
    /// When they last proved who they are.
    pub signed_in_at: DateTime<Utc>,
    /// The operator who acts as them.
    pub impersonator: Option<Uuid>,
}

/// Where a request came from, for the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The request's id.
    pub request_id: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// The client's name for itself.
    pub user_agent: Option<String>,
}

/// Everything that a service must know about its caller. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    tenant: TenantRef,
    actor: Actor,
    origin: Arc<Origin>,
}

impl Context {
    /// A signed-in person, in the tenant that their token is for.
    pub fn for_user(tenant: TenantRef, user: SignedIn, origin: Origin) -> Self {
        Self {
            tenant,
            actor: Actor::User(user),
            origin: Arc::new(origin),
        }
    }

    /// A program, in the tenant that its key is for.
    pub fn for_key(
        tenant: TenantRef,
        id: Uuid,
        owner: Uuid,
        authority: Arc<Authority>,
        origin: Origin,
    ) -> Self {
        let actor = Actor::Key {
            id,
            owner,
            authority,
        };
        Self {
            tenant,
            actor,
            origin: Arc::new(origin),
        }
    }

    /// The system itself, with a reason that is logged.
    pub fn for_system(tenant: TenantRef, reason: &'static str, origin: Origin) -> Self {
        tracing::info!(tenant = %tenant.slug, reason, "acting as the system");
        Self {
            tenant,
            actor: Actor::System { reason },
            origin: Arc::new(origin),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantRef {
        &self.tenant
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Where from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The acting person, or the owner of the acting key; `None` for the system.
    pub fn user_id(&self) -> Option<Uuid> {
        match self.actor {
            Actor::User(SignedIn { id, .. }) | Actor::Key { owner: id, .. } => Some(id),
            Actor::System { .. } => None,
        }
    }

    /// What the credential itself is: the person or the key; `None` for the system.
    pub fn credential_id(&self) -> Option<Uuid> {
        match self.actor {
            Actor::User(SignedIn { id, .. }) | Actor::Key { id, .. } => Some(id),
            Actor::System { .. } => None,
        }
    }

    /// The operator who acts as the acting person.
    pub fn impersonator(&self) -> Option<Uuid> {
        match self.actor {
            Actor::User(SignedIn { impersonator, .. }) => impersonator,
            _ => None,
        }
    }

    /// Whether the acting person proved within the last ten minutes who they are. Nobody else is ever fresh.
    pub fn is_fresh(&self, clock: &Clock) -> bool {
        match &self.actor {
            Actor::User(user) => clock.now() - user.signed_in_at <= FRESH,
            Actor::Key { .. } | Actor::System { .. } => false,
        }
    }

    /// What the actor may do; `None` for the system, which may do everything.
    pub fn authority(&self) -> Option<&Authority> {
        match &self.actor {
            Actor::User(SignedIn { authority, .. }) | Actor::Key { authority, .. } => {
                Some(authority)
            }
            Actor::System { .. } => None,
        }
    }

    /// Whether this is an operator: a super admin of the platform's own tenant.
    pub fn is_operator(&self) -> bool {
        let role = self.authority().map(Authority::role);
        role.and_then(super::RoleName::built_in) == Some(Role::SuperAdmin)
            && self.tenant.slug.as_str() == PLATFORM_SLUG
    }

    /// Whether the actor stands strictly above `rank`.
    pub fn outranks(&self, rank: Rank) -> bool {
        self.authority().is_none_or(|own| own.rank() > rank)
    }
}
