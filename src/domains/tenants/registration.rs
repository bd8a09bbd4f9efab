//! Signing up: somebody makes a tenant of their own and is its first admin, for whose address nobody vouches.
//!
//! Tenant, admin, verification mail and operation are one transaction, which takes some 60 ms: there is no time at which one of them is
//! there and another is not.

use serde::{Deserialize, Serialize};

use super::error::TenantsError;
use super::model::{NewAdmin, NewTenant, TenantView, audited};
use super::provision::{WAIT, build};
use crate::domains::Deps;
use crate::domains::access::{Context, TenantsCreate, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::email_flows;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::mails;
use crate::domains::operations::{self, Operation, Starter};
use crate::domains::users::{FirstAdmin, add_first_admin};
use crate::error::Error;
use crate::ids::new_id;
use crate::migrations::Migrator;
use crate::tenancy::{SchemaName, Slug, TenantId};

/// What it is made of, as `GET /operations/{id}` tells.
const STEPS: [&str; 3] = ["make_tenant", "make_admin", "queue_verification_mail"];

/// What somebody says to sign up.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The tenant's name in hosts and headers.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Who signs up.
    pub admin: NewAdmin,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The tenant, which is served already.
    pub tenant: TenantView,
    /// What was done.
    pub operation: Operation,
}

/// Sign-ups. The context is the system's in the platform's own tenant, where they stand in the audit log, too.
pub struct Registrations<'d> {
    deps: &'d Deps,
    migrator: &'d Migrator,
    context: Context,
}

impl<'d> Registrations<'d> {
    /// Where `open` says that anybody may sign up.
    ///
    /// # Errors
    /// [`TenantsError::SignUpOff`] where it does not.
    pub fn new(
        deps: &'d Deps,
        migrator: &'d Migrator,
        context: Context,
        open: bool,
    ) -> Result<Self, TenantsError> {
        if !open {
            return Err(TenantsError::SignUpOff);
        }
        Ok(Self {
            deps,
            migrator,
            context,
        })
    }

    /// Makes the tenant and its admin, who signs in once the address is confirmed. With a key, the same request again gives the same
    /// answer, and no second mail.
    ///
    /// # Errors
    /// [`TenantsError::SlugTaken`], or the key's own.
    pub async fn register(
        &self,
        new: Registration,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Registered>, TenantsError> {
        let scope = authorize::<TenantsCreate>(&self.context)?;
        let (deps, clock, context) = (self.deps, &self.deps.clock, &self.context);
        let hash = deps.hasher.hash(&new.admin.password).await;
        let admin = FirstAdmin {
            email: new.admin.email,
            name: new.admin.name,
            password_hash: hash.map_err(Error::from)?,
            email_verified: false,
        };
        let tenant = NewTenant {
            slug: new.slug,
            name: new.name,
            admin: None,
        };
        let home = &context.tenant().schema;

        let mut tx = self.migrator.begin_waiting(WAIT).await?;
        if key.is_some() {
            tx.enter(home).await?;
            if let Some(before) = idempotency::replayed(tx.scoped(), clock, key).await? {
                return Ok(Once::Before(before));
            }
            tx.leave().await?;
        }
        let view = build(self.migrator, &mut tx, clock, &tenant).await;
        let view = view.map_err(unsaid)?;
        let id = TenantId(view.id);
        let act = Act {
            action: "tenant.registered",
            resource: "tenant",
            resource_id: Some(view.id),
            before: None,
            after: Some(audited(&view)),
        };
        tx.enter(&SchemaName::of(id)).await?;
        // Nobody else sees this log before the commit, so its lock is in nobody's way.
        audit::record(tx.scoped(), context, clock, act.clone()).await?;
        let admin = add_first_admin(tx.scoped(), &scope, context, clock, admin).await;
        let admin = admin.map_err(Error::from)?;
        let slug = &tenant.slug;
        let mail = email_flows::ask_to_verify(tx.scoped(), deps, slug, &tenant.name, &admin).await;
        let mail = mail.map_err(Error::from)?;
        tx.leave().await?;
        mails::enqueue(tx.scoped(), clock, id, &mail).await?;
        let operation = Operation::done(new_id(), "tenant.register", view.id, &STEPS, clock.now());
        let starter = Starter {
            tenant: id,
            user: admin.id,
        };
        operations::insert(tx.scoped(), &operation, &starter).await?;
        let registered = Registered {
            tenant: view,
            operation,
        };
        tx.enter(home).await?;
        idempotency::keep(tx.scoped(), clock, key, &registered).await?;
        audit::record(tx.scoped(), context, clock, act).await?;
        tx.commit().await?;
        Ok(Once::Now(registered))
    }
}

/// What is wrong with a migration is for operators, and whoever signs up is none.
fn unsaid(error: TenantsError) -> TenantsError {
    match error {
        TenantsError::Schema(cause) => Error::internal(cause).into(),
        other => other,
    }
}
