//! The SQL of impersonations, which are the platform's. Every method demands the scope of operators, who see all of them.

use uuid::Uuid;

use super::model::Impersonation;
use crate::domains::access::{ImpersonationsManage, Scope};
use crate::pagination::PageRequest;
use crate::tenancy::{DbError, Param, Row, Scoped, Sql, TenantId};

const INSERT: Sql = Sql::new(
    "impersonation.insert",
    "INSERT INTO public.impersonations \
         (id, operator_id, operator_session_id, tenant_id, user_id, session_id, reason, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);
const FIND: Sql = Sql::new(
    "impersonation.find",
    "SELECT id, operator_id, tenant_id, user_id, session_id, reason, created_at, expires_at, ended_at \
     FROM public.impersonations WHERE id = $1",
);
const PAGE: Sql = Sql::new(
    "impersonation.page",
    "SELECT id, operator_id, tenant_id, user_id, session_id, reason, created_at, expires_at, ended_at \
     FROM public.impersonations WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
);

pub(super) async fn insert(
    db: &mut Scoped,
    _scope: &Scope<ImpersonationsManage>,
    new: &Impersonation,
    operator_session: Uuid,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[
        &new.id,
        &new.operator_id,
        &operator_session,
        &new.tenant_id,
        &new.user_id,
        &new.session_id,
        &new.reason,
        &new.created_at,
        &new.expires_at,
    ];
    db.execute(&INSERT, params).await.map(drop)
}

pub(super) async fn find(
    db: &mut Scoped,
    _scope: &Scope<ImpersonationsManage>,
    id: Uuid,
) -> Result<Option<Impersonation>, DbError> {
    let row = db.query_opt(&FIND, &[&id]).await?;
    row.as_ref().map(impersonation_of).transpose()
}

/// Newest first, those before the id of the page before.
pub(super) async fn page(
    db: &mut Scoped,
    _scope: &Scope<ImpersonationsManage>,
    request: &PageRequest,
) -> Result<Vec<Impersonation>, DbError> {
    let params: &[&dyn Param] = &[&request.after, &request.rows_to_fetch()];
    let rows = db.query(&PAGE, params).await?;
    rows.iter().map(impersonation_of).collect()
}

fn impersonation_of(row: &Row) -> Result<Impersonation, DbError> {
    Ok(Impersonation {
        id: row.get("id")?,
        operator_id: row.get("operator_id")?,
        tenant_id: TenantId(row.get("tenant_id")?),
        user_id: row.get("user_id")?,
        session_id: row.get("session_id")?,
        reason: row.get("reason")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        ended_at: row.get("ended_at")?,
    })
}
