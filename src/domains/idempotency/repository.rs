//! The SQL of idempotency keys.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::IdempotencyKey;
use crate::tenancy::{DbError, Param, Scoped, Sql};

const LOCK: Sql = Sql::new(
    "idempotency.lock",
    "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || $1, 0)) AS locked",
);
const PURGE: Sql = Sql::new(
    "idempotency.purge",
    "DELETE FROM idempotency_keys WHERE actor_id = $1 AND created_at < $2",
);
const PURGE_ALL: Sql = Sql::new(
    "idempotency.purge_all",
    "DELETE FROM idempotency_keys WHERE (actor_id, key) IN ( \
         SELECT actor_id, key FROM idempotency_keys WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
);
const FIND: Sql = Sql::new(
    "idempotency.find",
    "SELECT fingerprint, body FROM idempotency_keys WHERE actor_id = $1 AND key = $2 AND created_at >= $3",
);
const INSERT: Sql = Sql::new(
    "idempotency.insert",
    "INSERT INTO idempotency_keys (actor_id, key, fingerprint, body, created_at) VALUES ($1, $2, $3, $4, $5)",
);

/// Whether the key is ours until the transaction ends. The lock's name has the tenant in it: a clone's people have the ids of its source's.
pub(super) async fn lock(db: &mut Scoped, key: &IdempotencyKey) -> Result<bool, DbError> {
    let name = format!(" idempotency {} {}", key.actor, key.key);
    db.query_one(&LOCK, &[&name]).await?.get("locked")
}

pub(super) async fn purge(
    db: &mut Scoped,
    key: &IdempotencyKey,
    before: DateTime<Utc>,
) -> Result<(), DbError> {
    db.execute(&PURGE, &[&key.actor, &before]).await.map(drop)
}

pub(super) async fn purge_all(
    db: &mut Scoped,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, DbError> {
    db.execute(&PURGE_ALL, &[&before, &limit]).await
}

pub(super) async fn find(
    db: &mut Scoped,
    key: &IdempotencyKey,
    since: DateTime<Utc>,
) -> Result<Option<(Vec<u8>, Value)>, DbError> {
    let params: &[&dyn Param] = &[&key.actor, &key.key, &since];
    let row = db.query_opt(&FIND, params).await?;
    row.map(|row| Ok((row.get("fingerprint")?, row.get("body")?)))
        .transpose()
}

pub(super) async fn insert(
    db: &mut Scoped,
    key: &IdempotencyKey,
    answer: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&key.actor, &key.key, &key.fingerprint, answer, &now];
    db.execute(&INSERT, params).await.map(drop)
}
