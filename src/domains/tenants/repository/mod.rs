//! The SQL of the registry's rows, and of a tenant's own history. Reading a tenant goes through the cache in `tenancy`.

pub(super) mod tombstones;

use chrono::{DateTime, Utc};

use super::error::TenantsError;
use super::model::{AppliedMigration, Stored, TenantChange};
use crate::domains::access::{Scope, TenantRead, TenantUpdate};
use crate::tenancy::{DbError, Param, Scoped, Slug, Sql, Status, Tenant, TenantId};

const INSERT: Sql = Sql::new(
    "tenants.insert",
    "INSERT INTO public.tenants (id, slug, name, status, temporary, expires_at, created_at, updated_at) \
     VALUES ($1, $2, $3, 'active', $4, $5, $6, $6) RETURNING plan",
);
const BY_SLUG: Sql = Sql::new(
    "tenants.by_slug",
    "SELECT 1 FROM public.tenants WHERE slug = $1",
);
const SET_STATUS: Sql = Sql::new(
    "tenants.set_status",
    "UPDATE public.tenants SET status = $3, updated_at = $4 WHERE id = $1 AND status = $2 AND slug = $5",
);
const SET_PROFILE: Sql = Sql::new(
    "tenants.set_profile",
    "UPDATE public.tenants SET name = coalesce($2, name), plan = coalesce($3, plan), updated_at = $4 \
     WHERE id = $1",
);
/// From the slug that the caller read, so that of two renames at once the second hears of the first.
const RENAME: Sql = Sql::new(
    "tenants.rename",
    "UPDATE public.tenants SET slug = $3, updated_at = $4 WHERE id = $1 AND slug = $2 AND status <> 'deleted'",
);
const STORED: Sql = Sql::new(
    "tenants.stored",
    "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM projects) AS projects, \
     (SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND ends_at > $1) AS sessions, \
     (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_catalog.pg_class c \
      WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind = 'r') AS bytes",
);
const EXPIRED: Sql = Sql::new(
    "tenants.expired",
    "SELECT id, slug FROM public.tenants WHERE temporary AND expires_at < $1 ORDER BY expires_at LIMIT $2",
);
const DELETE_TEMPORARY: Sql = Sql::new(
    "tenants.delete_temporary",
    "DELETE FROM public.tenants WHERE id = $1 AND temporary",
);
const SET_ASIDE_TEMPORARY: Sql = Sql::new(
    "tenants.set_aside_temporary",
    "WITH gone AS (DELETE FROM public.tenants WHERE id = $1 AND temporary RETURNING id) \
     INSERT INTO public.set_aside_schemas (tenant_id) SELECT id FROM gone",
);
/// In any order, so that one that cannot be dropped is not in the way of all others.
const HOLD_ANY_SET_ASIDE: Sql = Sql::new(
    "tenants.hold_any_set_aside",
    "SELECT tenant_id FROM public.set_aside_schemas ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED",
);
const HOLD_SET_ASIDE: Sql = Sql::new(
    "tenants.hold_set_aside",
    "SELECT tenant_id FROM public.set_aside_schemas WHERE tenant_id = $1 FOR UPDATE",
);
const FORGET_SET_ASIDE: Sql = Sql::new(
    "tenants.forget_set_aside",
    "DELETE FROM public.set_aside_schemas WHERE tenant_id = $1",
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

/// Answers with the plan that it has by default.
pub(super) async fn insert(db: &mut Scoped, row: &NewRow<'_>) -> Result<String, TenantsError> {
    let result = db
        .query_one(
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
        Ok(row) => Ok(row.get("plan")?),
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

/// Whether the tenant was still where the caller thought, and called so: nodes are told by its slug.
pub(super) async fn set_status(
    db: &mut Scoped,
    tenant: &Tenant,
    to: Status,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let (from, slug) = (tenant.status.as_str(), tenant.slug.as_str());
    let params: &[&dyn Param] = &[&tenant.id, &from, &to.as_str(), &now, &slug];
    Ok(db.execute(&SET_STATUS, params).await? == 1)
}

pub(super) async fn set_profile(
    db: &mut Scoped,
    _scope: &Scope<TenantUpdate>,
    id: TenantId,
    change: &TenantChange,
    now: DateTime<Utc>,
) -> Result<(), TenantsError> {
    let params: &[&dyn Param] = &[&id, &change.name, &change.plan, &now];
    match db.execute(&SET_PROFILE, params).await {
        Ok(0) => Err(TenantsError::NotFound),
        Ok(_) => Ok(()),
        Err(e) if e.constraint() == Some("tenants_plan_fkey") => Err(TenantsError::UnknownPlan(
            change.plan.clone().unwrap_or_default(),
        )),
        Err(e) => Err(e.into()),
    }
}

pub(super) async fn rename(
    db: &mut Scoped,
    _scope: &Scope<TenantUpdate>,
    tenant: &Tenant,
    slug: &Slug,
    now: DateTime<Utc>,
) -> Result<(), TenantsError> {
    let params: &[&dyn Param] = &[&tenant.id, &tenant.slug.as_str(), &slug.as_str(), &now];
    match db.execute(&RENAME, params).await {
        Ok(1) => Ok(()),
        Ok(_) => Err(TenantsError::StatusChanged),
        Err(e) if e.constraint() == Some("tenants_slug_key") => {
            Err(TenantsError::SlugTaken(slug.to_string()))
        }
        Err(e) => Err(e.into()),
    }
}

/// What the tenant that `db` is scoped to keeps.
pub(super) async fn stored(
    db: &mut Scoped,
    _scope: &Scope<TenantRead>,
    now: DateTime<Utc>,
) -> Result<Stored, DbError> {
    let row = db.query_one(&STORED, &[&now]).await?;
    Ok(Stored {
        users: row.get("users")?,
        projects: row.get("projects")?,
        sessions: row.get("sessions")?,
        bytes: row.get("bytes")?,
    })
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

/// Whether there was such a temporary tenant. Its schema and role stay until they are dropped.
pub(super) async fn set_aside_temporary(db: &mut Scoped, id: TenantId) -> Result<bool, DbError> {
    Ok(db.execute(&SET_ASIDE_TEMPORARY, &[&id]).await? == 1)
}

/// One that nobody else drops while the open transaction lasts: this one, waited for, or any.
pub(super) async fn hold_set_aside(
    db: &mut Scoped,
    id: Option<TenantId>,
) -> Result<Option<TenantId>, DbError> {
    let row = match id {
        Some(id) => db.query_opt(&HOLD_SET_ASIDE, &[&id]).await?,
        None => db.query_opt(&HOLD_ANY_SET_ASIDE, &[]).await?,
    };
    row.map(|row| row.get("tenant_id").map(TenantId))
        .transpose()
}

/// Its schema and role are gone.
pub(super) async fn forget_set_aside(db: &mut Scoped, id: TenantId) -> Result<(), DbError> {
    db.execute(&FORGET_SET_ASIDE, &[&id]).await.map(drop)
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
