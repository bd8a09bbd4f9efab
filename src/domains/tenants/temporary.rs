//! Tenants for one test or one CI job: a slug of their own, an end, and a reaper that takes what a killed job left.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::TenantsError;
use super::provision::{id_for, insert_and_build};
use super::repository::{self, NewRow};
use crate::clock::Clock;
use crate::error::Error;
use crate::ids::random_token;
use crate::migrations::{Migrator, Spare, close_login, drop_schema, open_login};
use crate::tenancy::{DbError, DdlTransaction, Event, SchemaName, Slug, SlugError, TenantId};

/// Expired tenants taken in one go of the reaper.
const REAP_AT_ONCE: i64 = 100;

/// A temporary tenant.
#[derive(Debug, Clone)]
pub struct TemporaryTenant {
    /// Its id.
    pub id: TenantId,
    /// Its slug, `tmp-` and hexadecimal digits.
    pub slug: Slug,
    /// Its schema; the role that may use it has the same name.
    pub schema: SchemaName,
    /// When the reaper may take it.
    pub expires_at: DateTime<Utc>,
}

/// Makes one with all migrations, empty; takes a ready one where there is one.
///
/// # Errors
/// When a migration fails, or there is no database.
pub async fn create_temporary(
    migrator: &Migrator,
    clock: &Clock,
    ttl: TimeDelta,
) -> Result<TemporaryTenant, TenantsError> {
    let mut tx = migrator.begin().await?;
    let spare = migrator.claim_spare(&mut tx).await?;
    insert_temporary(migrator, clock, ttl, tx, spare).await
}

/// The same without a ready one, which is kept for those who are in a hurry.
///
/// # Errors
/// When a migration fails, or there is no database.
pub async fn build_temporary(
    migrator: &Migrator,
    clock: &Clock,
    ttl: TimeDelta,
) -> Result<TemporaryTenant, TenantsError> {
    let tx = migrator.begin().await?;
    insert_temporary(migrator, clock, ttl, tx, None).await
}

async fn insert_temporary(
    migrator: &Migrator,
    clock: &Clock,
    ttl: TimeDelta,
    mut tx: DdlTransaction,
    spare: Option<Spare>,
) -> Result<TemporaryTenant, TenantsError> {
    let now = clock.now();
    let expires_at = now + ttl;
    let id = id_for(spare);
    let slug: Slug = slug_of(id.0)
        .parse()
        .map_err(|e: SlugError| Error::internal(e))?;
    let row = NewRow {
        id,
        slug: &slug,
        name: slug.as_str(),
        expires_at: Some(expires_at),
        now,
    };
    insert_and_build(migrator, &mut tx, &row, spare).await?;
    tx.commit().await?;
    Ok(TemporaryTenant {
        id,
        schema: SchemaName::of(id),
        slug,
        expires_at,
    })
}

/// Lets whoever has the password that this gives sign in as the temporary tenant's own role, until the tenant ends. That role reaches
/// this one schema, and cannot become another.
///
/// # Errors
/// When the database refuses.
pub async fn open_temporary(
    migrator: &Migrator,
    tenant: &TemporaryTenant,
) -> Result<String, TenantsError> {
    let password = random_token().map_err(Error::internal)?;
    let mut tx = migrator.begin().await?;
    open_login(&mut tx, &tenant.schema, &password, tenant.expires_at).await?;
    tx.commit().await?;
    Ok(password)
}

/// Drops one; `false` where there is no temporary tenant with this id.
///
/// # Errors
/// When the database refuses.
pub async fn drop_temporary(migrator: &Migrator, id: TenantId) -> Result<bool, TenantsError> {
    let mut tx = migrator.begin().await?;
    // The row first: only one of two who drop it at the same time goes on, and a real tenant stops here.
    if !repository::delete_temporary(tx.scoped(), id).await? {
        return Ok(false);
    }
    drop_schema(&mut tx, id).await?;
    tell_that_it_is_gone(&mut tx, id).await?;
    tx.commit().await?;
    Ok(true)
}

/// Takes one out of the registry and lets nobody sign in as its role any more; `false` where there is none. [`drop_set_aside`] drops what
/// is left, later: that takes longer than all the rest.
///
/// # Errors
/// When the database refuses.
pub async fn set_aside_temporary(migrator: &Migrator, id: TenantId) -> Result<bool, TenantsError> {
    let mut tx = migrator.begin().await?;
    if !repository::set_aside_temporary(tx.scoped(), id).await? {
        return Ok(false);
    }
    close_login(&mut tx, &SchemaName::of(id)).await?;
    tell_that_it_is_gone(&mut tx, id).await?;
    tx.commit().await?;
    migrator.wake_keeper();
    Ok(true)
}

/// Drops the schema and the role of one that was set aside; `false` where nobody is left.
///
/// # Errors
/// When the database refuses; it stays set aside.
pub async fn drop_set_aside(migrator: &Migrator) -> Result<bool, TenantsError> {
    let mut tx = migrator.begin().await?;
    let Some(id) = repository::take_set_aside(tx.scoped()).await? else {
        return Ok(false);
    };
    drop_schema(&mut tx, id).await?;
    tx.commit().await?;
    Ok(true)
}

/// Drops those whose time is over. Answers with how many. One that cannot be dropped is in nobody's way: it is told at the end, when the others are gone.
///
/// # Errors
/// When the database refuses.
pub async fn reap_expired(migrator: &Migrator, clock: &Clock) -> Result<usize, TenantsError> {
    let mut reaped = 0;
    loop {
        let mut tx = migrator.begin().await?;
        let expired = repository::expired(tx.scoped(), clock.now(), REAP_AT_ONCE).await?;
        drop(tx);
        let (mut gone, mut failed) = (0, None);
        for (id, _) in expired {
            match drop_temporary(migrator, id).await {
                Ok(dropped) => gone += usize::from(dropped),
                Err(error) => failed = Some(error),
            }
        }
        reaped += gone;
        match failed {
            Some(error) if gone == 0 => return Err(error),
            None if gone == 0 => return Ok(reaped),
            _ => {}
        }
    }
}

async fn tell_that_it_is_gone(tx: &mut DdlTransaction, id: TenantId) -> Result<(), DbError> {
    Event::TenantChanged { id }.publish(tx.scoped()).await
}

fn slug_of(id: Uuid) -> String {
    format!("tmp-{}", id.simple())
}
