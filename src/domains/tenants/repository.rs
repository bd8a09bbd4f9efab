//! The SQL of the registry's rows, and of a tenant's own history. Reading a tenant goes through the cache in `tenancy`.

use chrono::{DateTime, Utc};

use super::error::TenantsError;
use super::model::AppliedMigration;
use crate::tenancy::{DbError, Scoped, Slug, Sql, Status, TenantId};

const INSERT: Sql = Sql::new(
    "tenants.insert",
    "INSERT INTO public.tenants (id, slug, name, status, temporary, expires_at, created_at, updated_at) \
     VALUES ($1, $2, $3, 'active', $4, $5, $6, $6)",
);
const BY_SLUG: Sql = Sql::new(
    "tenants.by_slug",
    "SELECT 1 FROM public.tenants WHERE slug = $1",
);
const SET_STATUS: Sql = Sql::new(
    "tenants.set_status",
    "UPDATE public.tenants SET status = $3, updated_at = $4 WHERE id = $1 AND status = $2",
);
const SET_NAME: Sql = Sql::new(
    "tenants.set_name",
    "UPDATE public.tenants SET name = $2, updated_at = $3 WHERE id = $1",
);
const EXPIRED: Sql = Sql::new(
    "tenants.expired",
    "SELECT id, slug FROM public.tenants WHERE temporary AND expires_at < $1 ORDER BY expires_at LIMIT $2",
);
const DELETE_TEMPORARY: Sql = Sql::new(
    "tenants.delete_temporary",
    "DELETE FROM public.tenants WHERE id = $1 AND temporary",
);
const HISTORY: Sql = Sql::new(
    "tenants.history",
    "SELECT version, name, applied_on FROM refinery_schema_history ORDER BY version",
);

/// A row to be.
pub(super) struct NewRow<'a> {
    pub(super) id: TenantId,
    pub(super) slug: &'a Slug,
    pub(super) name: &'a str,
    /// When it ends, for a temporary one.
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) now: DateTime<Utc>,
}

pub(super) async fn insert(db: &mut Scoped, row: &NewRow<'_>) -> Result<(), TenantsError> {
    let result = db
        .execute(
            &INSERT,
            &[
                &row.id,
                &row.slug.as_str(),
                &row.name,
                &row.expires_at.is_some(),
                &row.expires_at,
                &row.now,
            ],
        )
        .await;
    match result {
        Ok(_) => Ok(()),
        Err(e) if e.constraint() == Some("tenants_slug_key") => {
            Err(TenantsError::SlugTaken(row.slug.to_string()))
        }
        Err(e) => Err(e.into()),
    }
}

/// Whether a tenant has this slug.
pub(super) async fn slug_exists(db: &mut Scoped, slug: &str) -> Result<bool, DbError> {
    Ok(db.query_opt(&BY_SLUG, &[&slug]).await?.is_some())
}

/// Whether the tenant was still where the caller thought.
pub(super) async fn set_status(
    db: &mut Scoped,
    id: TenantId,
    from: Status,
    to: Status,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let params: &[&dyn crate::tenancy::Param] = &[&id, &from.as_str(), &to.as_str(), &now];
    Ok(db.execute(&SET_STATUS, params).await? == 1)
}

pub(super) async fn set_name(
    db: &mut Scoped,
    id: TenantId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(db.execute(&SET_NAME, &[&id, &name, &now]).await? == 1)
}

/// Temporary tenants that ended before `now`.
pub(super) async fn expired(
    db: &mut Scoped,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(TenantId, String)>, DbError> {
    let rows = db.query(&EXPIRED, &[&now, &limit]).await?;
    rows.iter()
        .map(|row| Ok((TenantId(row.get("id")?), row.get("slug")?)))
        .collect()
}

/// Whether there was such a temporary tenant.
pub(super) async fn delete_temporary(db: &mut Scoped, id: TenantId) -> Result<bool, DbError> {
    Ok(db.execute(&DELETE_TEMPORARY, &[&id]).await? == 1)
}

/// What was applied to the tenant that `db` is scoped to.
pub(super) async fn history(db: &mut Scoped) -> Result<Vec<AppliedMigration>, DbError> {
    let rows = db.query(&HISTORY, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(AppliedMigration {
                version: row.get("version")?,
                name: row.get("name")?,
                applied_at: row.get("applied_on")?,
            })
        })
        .collect()
}
