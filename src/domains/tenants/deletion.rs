//! A tenant is deleted, and within its time restored.
//!
//! Invariant: the registry's row, the schema's name, who may use it, the end of all sessions and the audit are one transaction, so a tenant
//! is alive or deleted whenever somebody looks, and killed at any moment it is one of the two.

use std::time::Instant;

use chrono::TimeDelta;
use uuid::Uuid;

use super::error::TenantsError;
use super::model::{TenantView, audited};
use super::repository::tombstones;
use super::service::Tenants;
use crate::domains::access::{Scope, TenantsManage, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::auth::{Ended, end_all_sessions};
use crate::domains::operations::{self, Operation, Starter};
use crate::ids::new_id;
use crate::migrations::ApplyError;
use crate::tenancy::{DdlTransaction, Event, PLATFORM_SLUG, SchemaName, Status, Tenant, Tombstone};

/// What a deletion is made of, as `GET /operations/{id}` tells. The data goes later, when its time is over.
const STEPS: [&str; 3] = ["refuse_requests", "end_sessions", "put_out_of_reach"];

/// What came of a deletion.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The tenant, which answers 410 already.
    pub tenant: TenantView,
    /// What was done.
    pub operation: Operation,
}

impl Tenants<'_> {
    /// Deletes a tenant in whatever state, and keeps its data, if there is any, for `retention`. From the commit on, no node serves it, and no connection
    /// reaches its tables, whatever it wears or has prepared.
    ///
    /// # Errors
    /// [`TenantsError::InvalidTransition`] where it is deleted already, [`TenantsError::Schema`] where others hold it,
    /// [`TenantsError::NotFound`], or the caller may not.
    pub async fn delete(&self, id: Uuid, retention: TimeDelta) -> Result<Deleted, TenantsError> {
        let scope: Scope<TenantsManage> = authorize(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        if tenant.slug.as_str() == PLATFORM_SLUG {
            return Err(TenantsError::Platform("deleted"));
        }
        let (mut tries, began) = (1, Instant::now());
        let locks = self.migrator.locks();
        let (deleted, ended) = loop {
            match self.try_delete(&scope, &tenant, retention).await {
                Err(error) if error.is_lock_timeout() && locks.wait(tries).await => tries += 1,
                Err(error) if error.is_lock_timeout() => {
                    return Err(self.busy(&tenant, "the deletion", tries, began).await);
                }
                done => break done?,
            }
        };
        self.deps.tenancy.forget(tenant.id);
        if let Some(ended) = ended {
            ended.announce();
        }
        Ok(deleted)
    }

    async fn try_delete(
        &self,
        scope: &Scope<TenantsManage>,
        tenant: &Tenant,
        retention: TimeDelta,
    ) -> Result<(Deleted, Option<Ended>), TenantsError> {
        let now = self.deps.clock.now();
        let tombstone = Tombstone {
            deleted_at: now,
            // The reaper waits for no retention.
            purge_after: tenant
                .expires_at
                .map_or(now + retention, |end| end.min(now + retention)),
        };
        let before = TenantView::from(tenant);
        let after = TenantView {
            status: Status::Deleted,
            updated_at: now,
            tombstone: Some(tombstone),
            ..before.clone()
        };
        let mut tx = self.migrator.begin_alone(tenant.id).await?;
        if !tombstones::bury(tx.scoped(), scope, tenant, tombstone).await? {
            return Err(
                match tombstones::is_deleted(tx.scoped(), scope, tenant.id).await? {
                    Some(true) => TenantsError::InvalidTransition {
                        from: Status::Deleted,
                        verb: "deleted",
                    },
                    Some(false) => TenantsError::StatusChanged,
                    None => TenantsError::NotFound,
                },
            );
        }
        let remains = self.migrator.remains(&mut tx, tenant.id).await?;
        // A schema that is too old or too new for this binary's statements is put away as it is. Where it is lost, so are the sessions in it,
        // and no token holds in a tenant that is deleted.
        let readable = remains.schema && tenant.is_readable(self.deps.tenancy.supported());
        let ended = if readable {
            Some(self.end_sessions(&mut tx, tenant).await?)
        } else {
            None
        };
        self.migrator.bury(&mut tx, tenant.id, remains).await?;
        let gone = Event::TenantChanged { id: tenant.id };
        gone.publish(tx.scoped()).await?;
        let steps = &STEPS;
        let operation = Operation::done(new_id(), "tenant.delete", tenant.id.0, steps, now);
        if let Some(user) = self.context.user_id() {
            let home = self.context.tenant().id;
            let starter = Starter { tenant: home, user };
            operations::insert(tx.scoped(), &operation, &starter).await?;
        }
        let act = act("tenant.deleted", &before, Some(&after));
        let log = readable.then(|| SchemaName::tombstone(tenant.id));
        self.record(&mut tx, act, log.as_ref()).await?;
        tx.commit().await?;
        let tenant = after;
        Ok((Deleted { tenant, operation }, ended))
    }

    /// Nobody can have signed in unseen: whoever is about to is waited for, and whoever comes then finds no schema.
    async fn end_sessions(
        &self,
        tx: &mut DdlTransaction,
        tenant: &Tenant,
    ) -> Result<Ended, TenantsError> {
        self.migrator.hold_table(tx, tenant.id, "sessions").await?;
        tx.enter(&tenant.schema).await?;
        let ended = end_all_sessions(tx, self.deps).await?;
        tx.leave().await?;
        Ok(ended)
    }

    /// Brings a deleted tenant back as it was, with the migrations that it missed. What people had signed in by stays dead.
    ///
    /// # Errors
    /// [`TenantsError::InvalidTransition`] where it is not deleted, [`TenantsError::Expired`], [`TenantsError::Lost`], [`TenantsError::NoRole`],
    /// [`TenantsError::Schema`] where a migration that it missed fails or others hold it, [`TenantsError::NotFound`], or the caller may not.
    pub async fn restore(&self, id: Uuid) -> Result<TenantView, TenantsError> {
        let scope: Scope<TenantsManage> = authorize(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        let (mut tries, began) = (1, Instant::now());
        let locks = self.migrator.locks();
        loop {
            match self.try_restore(&scope, &tenant).await {
                Err(error) if error.is_lock_timeout() && locks.wait(tries).await => tries += 1,
                Err(error) if error.is_lock_timeout() => {
                    return Err(self.busy(&tenant, "the restoration", tries, began).await);
                }
                done => break done?,
            }
        }
        self.deps.tenancy.forget(tenant.id);
        let restored = self.visible(scope.extent(), id).await?;
        Ok(TenantView::from(&*restored))
    }

    async fn try_restore(
        &self,
        scope: &Scope<TenantsManage>,
        tenant: &Tenant,
    ) -> Result<(), TenantsError> {
        let now = self.deps.clock.now();
        let mut tx = self.migrator.begin_alone(tenant.id).await?;
        let Some(status) = tombstones::raise(tx.scoped(), scope, tenant.id, now).await? else {
            return Err(
                match tombstones::is_deleted(tx.scoped(), scope, tenant.id).await? {
                    Some(true) => TenantsError::Expired,
                    // Somebody else was faster.
                    Some(false) if tenant.status == Status::Deleted => TenantsError::StatusChanged,
                    Some(false) => TenantsError::InvalidTransition {
                        from: tenant.status,
                        verb: "restored",
                    },
                    None => TenantsError::NotFound,
                },
            );
        };
        let remains = self.migrator.remains(&mut tx, tenant.id).await?;
        if !remains.tombstone {
            return Err(TenantsError::Lost(SchemaName::tombstone(tenant.id)));
        }
        if !remains.role {
            return Err(TenantsError::NoRole);
        }
        // It tells the nodes, too.
        self.migrator.raise(&mut tx, tenant.id).await?;
        let before = TenantView::from(tenant);
        let after = TenantView {
            status,
            tombstone: None,
            ..before.clone()
        };
        let act = act("tenant.restored", &before, Some(&after));
        self.record(&mut tx, act, Some(&tenant.schema)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// With who holds it, for the operator to decide about.
    async fn busy(&self, tenant: &Tenant, work: &str, tries: u32, began: Instant) -> TenantsError {
        let busy = self.migrator.busy(tenant.id, work.to_owned(), tries, began);
        ApplyError::from(busy.await).into()
    }

    /// Into the platform's log, and into the tenant's own where it has one. The last before the commit.
    pub(super) async fn record(
        &self,
        tx: &mut DdlTransaction,
        act: Act,
        own: Option<&SchemaName>,
    ) -> Result<(), TenantsError> {
        let clock = &self.deps.clock;
        tx.enter(&self.context.tenant().schema).await?;
        audit::record(tx.scoped(), &self.context, clock, act.clone()).await?;
        if let Some(own) = own {
            tx.enter(own).await?;
            audit::record(tx.scoped(), &self.context, clock, act).await?;
        }
        Ok(())
    }
}

/// An act on a tenant.
pub(super) fn act(action: &'static str, before: &TenantView, after: Option<&TenantView>) -> Act {
    Act {
        action,
        resource: "tenant",
        resource_id: Some(before.id),
        before: Some(audited(before)),
        after: after.map(audited),
    }
}
