//! The SQL of idempotency keys.

use chrono::{DateTime, Utc};

use super::{IdempotencyKey, Stored};
use crate::tenancy::{DbError, Scoped, Sql};

const LOCK: Sql = Sql::new(
    "idempotency.lock",
    "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked",
);
const PURGE: Sql = Sql::new(
    "idempotency.purge",
    "DELETE FROM idempotency_keys WHERE actor_id = $1 AND created_at < $2",
);
const FIND: Sql = Sql::new(
    "idempotency.find",
    "SELECT fingerprint, location, body FROM idempotency_keys WHERE actor_id = $1 AND key = $2",
);
const INSERT: Sql = Sql::new(
    "idempotency.insert",
    "INSERT INTO idempotency_keys (actor_id, key, fingerprint, location, body, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6)",
);

/// Whether the key is ours until the transaction ends. Actors' ids are unique over all tenants, so the lock's name is too.
pub(super) async fn lock(db: &mut Scoped, key: &IdempotencyKey) -> Result<bool, DbError> {
    let name = format!("idempotency {} {}", key.actor, key.key);
    db.query_one(&LOCK, &[&name]).await?.get("locked")
}

pub(super) async fn purge(
    db: &mut Scoped,
    key: &IdempotencyKey,
    before: DateTime<Utc>,
) -> Result<(), DbError> {
    db.execute(&PURGE, &[&key.actor, &before]).await.map(drop)
}

pub(super) async fn find(
    db: &mut Scoped,
    key: &IdempotencyKey,
) -> Result<Option<(Vec<u8>, Stored)>, DbError> {
    let row = db.query_opt(&FIND, &[&key.actor, &key.key]).await?;
    row.map(|row| {
        let stored = Stored {
            location: row.get("location")?,
            body: row.get("body")?,
        };
        Ok((row.get("fingerprint")?, stored))
    })
    .transpose()
}

pub(super) async fn insert(
    db: &mut Scoped,
    key: &IdempotencyKey,
    answer: &Stored,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    db.execute(
        &INSERT,
        &[
            &key.actor,
            &key.key,
            &key.fingerprint,
            &answer.location,
            &answer.body,
            &now,
        ],
    )
    .await
    .map(drop)
}
