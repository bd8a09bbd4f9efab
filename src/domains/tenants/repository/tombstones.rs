//! The SQL of deleted tenants: their rows in the registry, and what the shared tables hold of them.

use chrono::{DateTime, Utc};

use crate::domains::access::{Scope, TenantsManage};
use crate::tenancy::{DbError, Param, Scoped, Sql, Status, Tenant, TenantId, Tombstone};

const BURY: Sql = Sql::new(
    "tenants.bury",
    "UPDATE public.tenants SET status_before = status, status = 'deleted', deleted_at = $2, purge_after = $3, updated_at = $2 \
     WHERE id = $1 AND slug = $4 AND status <> 'deleted'",
);
const RAISE: Sql = Sql::new(
    "tenants.raise",
    "UPDATE public.tenants SET status = status_before, status_before = NULL, deleted_at = NULL, purge_after = NULL, updated_at = $2 \
     WHERE id = $1 AND status = 'deleted' AND NOT purging AND purge_after > $2 RETURNING status",
);
const IS_DELETED: Sql = Sql::new(
    "tenants.is_deleted",
    "SELECT status = 'deleted' AS deleted FROM public.tenants WHERE id = $1",
);
const DUE: Sql = Sql::new(
    "tenants.due",
    "SELECT id, slug FROM public.tenants WHERE status = 'deleted' AND purge_after <= $1 ORDER BY purge_after, id",
);
const BEGIN_PURGE: Sql = Sql::new(
    "tenants.begin_purge",
    "UPDATE public.tenants SET purging = true WHERE id = $1 AND status = 'deleted' AND purge_after <= $2",
);
/// The ledger's line and what operators did as its users go with the row.
const FORGET: Sql = Sql::new(
    "tenants.forget",
    "WITH unsent AS (DELETE FROM public.mails WHERE tenant_id = $1), \
     asked AS (DELETE FROM public.operations WHERE starter_tenant_id = $1) \
     DELETE FROM public.tenants WHERE id = $1",
);

/// Marks a tenant as deleted; `false` where it is, or is not there by this slug.
pub(in crate::domains::tenants) async fn bury(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    tenant: &Tenant,
    tombstone: Tombstone,
) -> Result<bool, DbError> {
    let (deleted_at, purge_after) = (tombstone.deleted_at, tombstone.purge_after);
    let params: &[&dyn Param] = &[&tenant.id, &deleted_at, &purge_after, &tenant.slug.as_str()];
    Ok(db.execute(&BURY, params).await? == 1)
}

/// Where a deleted tenant comes back to; `None` where it cannot.
pub(in crate::domains::tenants) async fn raise(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    id: TenantId,
    now: DateTime<Utc>,
) -> Result<Option<Status>, DbError> {
    let Some(row) = db.query_opt(&RAISE, &[&id, &now]).await? else {
        return Ok(None);
    };
    let status: String = row.get("status")?;
    let status = status.parse().map_err(|reason| DbError::Inconsistent {
        column: "status",
        reason,
    })?;
    Ok(Some(status))
}

/// Whether the tenant is deleted; `None` where there is none.
pub(in crate::domains::tenants) async fn is_deleted(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    id: TenantId,
) -> Result<Option<bool>, DbError> {
    let row = db.query_opt(&IS_DELETED, &[&id]).await?;
    row.map(|row| row.get("deleted")).transpose()
}

/// Deleted tenants whose time is over, the oldest first.
pub(in crate::domains::tenants) async fn due(
    db: &mut Scoped,
    now: DateTime<Utc>,
) -> Result<Vec<(TenantId, String)>, DbError> {
    let rows = db.query(&DUE, &[&now]).await?;
    rows.iter()
        .map(|row| Ok((TenantId(row.get("id")?), row.get("slug")?)))
        .collect()
}

/// From the commit on, there is no way back; `false` where its time is not over, or it has gone.
pub(in crate::domains::tenants) async fn begin_purge(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    id: TenantId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(db.execute(&BEGIN_PURGE, &[&id, &now]).await? == 1)
}

/// Deletes what the shared tables hold of a tenant, its own row at last.
pub(in crate::domains::tenants) async fn forget(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    id: TenantId,
) -> Result<(), DbError> {
    db.execute(&FORGET, &[&id]).await.map(drop)
}
