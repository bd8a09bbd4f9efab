//! The SQL of operations, which are shared rows: who reads one is filtered by tenant and user.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Operation, Step};
use crate::domains::access::{OperationsRead, Scope};
use crate::tenancy::{DbError, Param, Row, Scoped, Sql, TenantId};

const INSERT: Sql = Sql::new(
    "operations.insert",
    "INSERT INTO public.operations \
     (id, kind, tenant_id, starter_id, starter_tenant_id, status, steps, error, created_at, updated_at, heartbeat_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $6 = 'running' THEN now() END)",
);
const FIND: Sql = Sql::new(
    "operations.find",
    "SELECT id, kind, tenant_id, status, steps, result, error, created_at, updated_at FROM public.operations \
     WHERE id = $1 AND ($2::uuid IS NULL OR (starter_id = $2 AND starter_tenant_id = $3))",
);

const GIVEN_UP: &str = "the server that was at work has ended; ask again";
/// Six heartbeats that did not come.
const GIVE_UP: Sql = Sql::new(
    "operations.give_up",
    "UPDATE public.operations SET status = 'failed', updated_at = now(), \
     error = $1, steps = (SELECT jsonb_agg( \
     CASE WHEN step->>'status' = 'running' THEN jsonb_set(step, '{status}', '\"failed\"') ELSE step END ORDER BY at) \
     FROM jsonb_array_elements(steps) WITH ORDINALITY AS of_it (step, at)) \
     WHERE status = 'running' AND heartbeat_at < now() - interval '1 minute' RETURNING id, kind",
);
const BEAT: Sql = Sql::new(
    "operations.beat",
    "UPDATE public.operations SET heartbeat_at = now() WHERE id = $1",
);
const STEP_DONE: Sql = Sql::new(
    "operations.step_done",
    "UPDATE public.operations SET updated_at = $3, steps = (SELECT jsonb_agg( \
     CASE WHEN step->>'name' = $2 THEN jsonb_set(step, '{status}', '\"succeeded\"') ELSE step END ORDER BY at) \
     FROM jsonb_array_elements(steps) WITH ORDINALITY AS of_it (step, at)) WHERE id = $1",
);
/// Of a failed one, the steps that were done stay so: the first that failed is where it ended.
const END: Sql = Sql::new(
    "operations.end",
    "UPDATE public.operations SET status = $2, steps = CASE WHEN $2 = 'succeeded' THEN $3 ELSE (SELECT jsonb_agg( \
     CASE WHEN step->>'status' = 'running' THEN jsonb_set(step, '{status}', '\"failed\"') ELSE step END ORDER BY at) \
     FROM jsonb_array_elements(steps) WITH ORDINALITY AS of_it (step, at)) END, \
     result = $4, error = $5, updated_at = $6 WHERE id = $1",
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

/// Marks those as failed whose process is gone; tells which they were, and their kinds.
pub(super) async fn give_up(db: &mut Scoped) -> Result<Vec<(Uuid, String)>, DbError> {
    let rows = db.query(&GIVE_UP, &[&GIVEN_UP]).await?;
    rows.iter()
        .map(|row| Ok((row.get("id")?, row.get("kind")?)))
        .collect()
}

/// Its process is alive.
pub(super) async fn beat(db: &mut Scoped, id: Uuid) -> Result<(), DbError> {
    db.execute(&BEAT, &[&id]).await.map(drop)
}

/// One of its steps is done.
pub(super) async fn step_done(
    db: &mut Scoped,
    id: Uuid,
    step: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&id, &step, &now];
    db.execute(&STEP_DONE, params).await.map(drop)
}

/// It came to its end.
pub(super) async fn end(db: &mut Scoped, operation: &Operation) -> Result<(), DbError> {
    let steps = inconsistent(serde_json::to_value(&operation.steps))?;
    let params: &[&dyn Param] = &[
        &operation.id,
        &operation.status.as_str(),
        &steps,
        &operation.result,
        &operation.error,
        &operation.updated_at,
    ];
    db.execute(&END, params).await.map(drop)
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
        result: row.get("result")?,
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
