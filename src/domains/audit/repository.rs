//! The log's SQL.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Act;
use crate::domains::access::Origin;
use crate::tenancy::{DbError, Scoped, Sql};

/// One row to be.
pub(super) struct Line<'a> {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) actor_id: Option<Uuid>,
    pub(super) reason: Option<String>,
    pub(super) act: Act,
    pub(super) origin: &'a Origin,
}

const INSERT: Sql = Sql::new(
    "audit.insert",
    "INSERT INTO audit_log (id, at, actor_kind, actor_id, reason, action, resource, resource_id, \
     before, after, address, user_agent, request_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
);

pub(super) async fn insert(db: &mut Scoped, line: &Line<'_>) -> Result<(), DbError> {
    let Line { act, origin, .. } = line;
    db.execute(
        &INSERT,
        &[
            &line.id,
            &line.at,
            &line.kind,
            &line.actor_id,
            &line.reason,
            &act.action,
            &act.resource,
            &act.resource_id,
            &act.before,
            &act.after,
            &origin.address,
            &origin.user_agent,
            &origin.request_id,
        ],
    )
    .await
    .map(drop)
}
