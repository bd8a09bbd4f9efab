//! Making a tenant: registry row, schema, role, migrations, ledger, first admin and audit, in one transaction.
//!
//! Where a ready schema waits, it is taken instead of made. PostgreSQL's DDL is transactional, so a crash at any point leaves nothing behind, and two who want one slug meet at its unique
//! constraint: one gets it, the other hears of it.

use std::time::Duration;

use super::error::TenantsError;
use super::model::{NewTenant, TenantView, audited};
use super::repository::{self, NewRow};
use crate::clock::Clock;
use crate::domains::access::{Context, Scope, TenantsCreate};
use crate::domains::audit::{self, Act};
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::users::{FirstAdmin, add_first_admin};
use crate::error::Error;
use crate::ids::new_id;
use crate::migrations::{Migrator, Spare};
use crate::tenancy::{DdlTransaction, PLATFORM_SLUG, SchemaName, Slug, Status, TenantId};

/// Others who want the same slug wait in line for as long as one creation may take.
pub(super) const WAIT: Duration = Duration::from_secs(30);

/// Makes a tenant for an operator, with the acts in the new tenant's audit and in the operator's own.
pub(super) async fn provision(
    migrator: &Migrator,
    clock: &Clock,
    context: &Context,
    scope: &Scope<TenantsCreate>,
    new: &NewTenant,
    admin: Option<FirstAdmin>,
    key: Option<&IdempotencyKey>,
) -> Result<Once<TenantView>, TenantsError> {
    let home = &context.tenant().schema;
    let mut tx = migrator.begin_waiting(WAIT).await?;
    if key.is_some() {
        tx.enter(home).await?;
        if let Some(view) = idempotency::replayed(tx.scoped(), clock, key).await? {
            return Ok(Once::Before(view));
        }
        tx.leave().await?;
    }
    let view = build(migrator, &mut tx, clock, new).await?;
    let id = TenantId(view.id);
    let act = |action| Act {
        action,
        resource: "tenant",
        resource_id: Some(view.id),
        before: None,
        after: Some(audited(&view)),
    };
    tx.enter(&SchemaName::of(id)).await?;
    audit::record(tx.scoped(), context, clock, act("tenant.created")).await?;
    if let Some(admin) = admin {
        let added = add_first_admin(tx.scoped(), scope, context, clock, admin).await;
        added.map_err(Error::from)?;
    }
    tx.enter(home).await?;
    audit::record(tx.scoped(), context, clock, act("tenant.created")).await?;
    idempotency::keep(tx.scoped(), clock, key, &view).await?;
    tx.commit().await?;
    Ok(Once::Now(view))
}

/// Makes the platform's own tenant where there is none. Answers whether it was made now.
///
/// # Errors
/// When a migration fails, or there is no database.
pub async fn ensure_platform(migrator: &Migrator, clock: &Clock) -> Result<bool, TenantsError> {
    let known = migrator.with_shared(async |db| repository::slug_exists(db, PLATFORM_SLUG).await);
    if known.await? {
        return Ok(false);
    }
    let mut tx = migrator.begin_waiting(WAIT).await?;
    let new = NewTenant {
        slug: Slug::platform(),
        name: "Platform".to_owned(),
        admin: None,
    };
    match build(migrator, &mut tx, clock, &new).await {
        Ok(_) => tx.commit().await.map(|()| true).map_err(Into::into),
        // Another node made it meanwhile.
        Err(TenantsError::SlugTaken(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn build(
    migrator: &Migrator,
    tx: &mut DdlTransaction,
    clock: &Clock,
    new: &NewTenant,
) -> Result<TenantView, TenantsError> {
    let now = clock.now();
    let spare = migrator.claim_spare(tx).await?;
    let row = NewRow {
        id: id_for(spare),
        slug: &new.slug,
        name: &new.name,
        expires_at: None,
        now,
    };
    let plan = insert_and_build(migrator, tx, &row, spare).await?;
    Ok(TenantView {
        id: row.id.0,
        slug: new.slug.to_string(),
        name: new.name.clone(),
        status: Status::Active,
        plan,
        schema_version: migrator.set().target().version,
        created_at: now,
        updated_at: now,
        tombstone: None,
    })
}

/// A schema has its tenant's id from the beginning, so who takes a spare takes its id.
pub(super) fn id_for(spare: Option<Spare>) -> TenantId {
    spare.map_or_else(|| TenantId(new_id()), |spare| spare.id)
}

/// The registry row first, so that a taken slug is heard of before any work is done. Answers with the plan that it has by default.
pub(super) async fn insert_and_build(
    migrator: &Migrator,
    tx: &mut DdlTransaction,
    row: &NewRow<'_>,
    spare: Option<Spare>,
) -> Result<String, TenantsError> {
    let plan = repository::insert(tx.scoped(), row).await?;
    match spare {
        Some(spare) => migrator.record_claim(tx, spare).await?,
        None => migrator.build_schema(tx, row.id).await?,
    }
    Ok(plan)
}
