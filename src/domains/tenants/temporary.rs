//! Tenants for one test or one CI job: a slug of their own, and an end.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::TenantsError;
use super::provision::{id_for, insert_and_build};
use super::repository::NewRow;
use crate::clock::Clock;
use crate::error::Error;
use crate::ids::random_token;
use crate::migrations::{Migrator, Spare, open_login};
use crate::tenancy::{DdlTransaction, SchemaName, Slug, SlugError, TenantId};

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

fn slug_of(id: Uuid) -> String {
    format!("tmp-{}", id.simple())
}
