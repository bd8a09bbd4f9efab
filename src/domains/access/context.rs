//! Who acts, for which tenant, and by which request.

use uuid::Uuid;

use super::role::Role;
use crate::tenancy::{PLATFORM_SLUG, TenantRef};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User {
        /// Their id.
        id: Uuid,
        /// Their role in the context's tenant.
        role: Role,
        /// The sign-in that their token belongs to.
        session: Uuid,
    },
    /// The system itself: workers, admin commands. May do everything in the tenant, and says why.
    System {
        /// Why it acts, for the log and the audit.
        reason: &'static str,
    },
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

/// Everything that a service must know about its caller.
#[derive(Debug, Clone)]
pub struct Context {
    tenant: TenantRef,
    actor: Actor,
    origin: Origin,
}

impl Context {
    /// A signed-in person, in the tenant that their token is for.
    pub fn for_user(
        tenant: TenantRef,
        id: Uuid,
        role: Role,
        session: Uuid,
        origin: Origin,
    ) -> Self {
        Self {
            tenant,
            actor: Actor::User { id, role, session },
            origin,
        }
    }

    /// The system itself, with a reason that is logged.
    pub fn for_system(tenant: TenantRef, reason: &'static str, origin: Origin) -> Self {
        tracing::info!(tenant = %tenant.slug, reason, "acting as the system");
        Self {
            tenant,
            actor: Actor::System { reason },
            origin,
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

    /// The acting person; `None` for the system.
    pub fn user_id(&self) -> Option<Uuid> {
        match self.actor {
            Actor::User { id, .. } => Some(id),
            Actor::System { .. } => None,
        }
    }

    /// Whether this is an operator: a super admin of the platform's own tenant.
    pub fn is_operator(&self) -> bool {
        matches!(
            self.actor,
            Actor::User {
                role: Role::SuperAdmin,
                ..
            }
        ) && self.tenant.slug.as_str() == PLATFORM_SLUG
    }

    /// Whether the actor stands strictly above `role`.
    pub fn outranks(&self, role: Role) -> bool {
        match self.actor {
            Actor::User { role: own, .. } => own > role,
            Actor::System { .. } => true,
        }
    }
}
