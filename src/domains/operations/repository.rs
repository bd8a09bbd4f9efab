//! The SQL of operations, which are shared rows: who reads one is filtered by tenant and user.

use uuid::Uuid;

use super::model::{Operation, Step};
use crate::domains::access::{OperationsRead, Scope};
use crate::tenancy::{DbError, Param, Row, Scoped, Sql, TenantId};

const INSERT: Sql = Sql::new(
    "operations.insert",
    "INSERT INTO public.operations \
     (id, kind, tenant_id, starter_id, starter_tenant_id, status, steps, error, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
);
const FIND: Sql = Sql::new(
    "operations.find",
    "SELECT id, kind, tenant_id, status, steps, error, created_at, updated_at FROM public.operations \
     WHERE id = $1 AND ($2::uuid IS NULL OR (starter_id = $2 AND starter_tenant_id = $3))",
);

/// Who asked for it, and may read it.
pub(in crate::domains) struct Starter {
    pub(in crate::domains) tenant: TenantId,
    pub(in crate::domains) user: Uuid,
}

/// Writes one down, in the transaction of what it tells of.
pub(in crate::domains) async fn insert(
    db: &mut Scoped,
    operation: &Operation,
    starter: &Starter,
) -> Result<(), DbError> {
    let steps = inconsistent(serde_json::to_value(&operation.steps))?;
    let params: &[&dyn Param] = &[
        &operation.id,
        &operation.kind,
        &operation.tenant_id,
        &starter.user,
        &starter.tenant,
        &operation.status.as_str(),
        &steps,
        &operation.error,
        &operation.created_at,
        &operation.updated_at,
    ];
    db.execute(&INSERT, params).await.map(drop)
}

/// One that a user of `tenant` asks for.
pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<OperationsRead>,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Operation>, DbError> {
    let params: &[&dyn Param] = &[&id, &scope.owner(), &tenant];
    let row = db.query_opt(&FIND, params).await?;
    row.as_ref().map(operation_of).transpose()
}

fn operation_of(row: &Row) -> Result<Operation, DbError> {
    let status: String = row.get("status")?;
    let status = status.parse().map_err(|reason| DbError::Inconsistent {
        column: "status",
        reason,
    })?;
    let steps: Vec<Step> = inconsistent(serde_json::from_value(row.get("steps")?))?;
    Ok(Operation {
        id: row.get("id")?,
        kind: row.get("kind")?,
        tenant_id: row.get("tenant_id")?,
        status,
        steps,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn inconsistent<T>(steps: serde_json::Result<T>) -> Result<T, DbError> {
    steps.map_err(|error| DbError::Inconsistent {
        column: "steps",
        reason: error.to_string(),
    })
}
