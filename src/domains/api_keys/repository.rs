//! The SQL of API keys. Every method demands the scope of its action, and filters by it; only the lookup by the key itself goes round it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::ApiKey;
use crate::domains::access::{ApiKeysManage, RoleName, RoleNameError, Scope};
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

const FIND: Sql = Sql::new(
    "api_keys.find",
    "SELECT k.id, k.name, k.prefix, k.owner_id, k.scopes, k.created_at, k.expires_at, k.last_used_at, u.role \
     FROM api_keys k JOIN users u ON u.id = k.owner_id \
     WHERE k.id = $1 AND ($2::uuid IS NULL OR k.owner_id = $2)",
);
const FIND_BY_HASH: Sql = Sql::new(
    "api_keys.find_by_hash",
    "SELECT k.id, k.name, k.prefix, k.owner_id, k.scopes, k.created_at, k.expires_at, k.last_used_at, u.role \
     FROM api_keys k JOIN users u ON u.id = k.owner_id WHERE k.hash = $1",
);
const PAGE: Sql = Sql::new(
    "api_keys.page",
    "SELECT id, name, prefix, owner_id, scopes, created_at, expires_at, last_used_at FROM api_keys \
     WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR owner_id = $2) \
     ORDER BY id LIMIT $3",
);
const INSERT: Sql = Sql::new(
    "api_keys.insert",
    "INSERT INTO api_keys (id, name, prefix, hash, owner_id, scopes, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
const REPLACE: Sql = Sql::new(
    "api_keys.replace",
    "UPDATE api_keys SET prefix = $3, hash = $4, last_used_at = NULL \
     WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
);
const DELETE: Sql = Sql::new(
    "api_keys.delete",
    "DELETE FROM api_keys WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
);
const NOTE_USE: Sql = Sql::new(
    "api_keys.note_use",
    "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)",
);

/// The key, and its owner's role now.
pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<ApiKeysManage>,
    id: Uuid,
) -> Result<Option<(ApiKey, RoleName)>, DbError> {
    let row = db.query_opt(&FIND, &[&id, &scope.owner()]).await?;
    row.as_ref().map(key_and_role_of).transpose()
}

/// Round the scope: who holds the key has no context yet.
pub(super) async fn find_by_hash(
    db: &mut Scoped,
    hash: &[u8],
) -> Result<Option<(ApiKey, RoleName)>, DbError> {
    let row = db.query_opt(&FIND_BY_HASH, &[&hash]).await?;
    row.as_ref().map(key_and_role_of).transpose()
}

/// Oldest first, those after the id `after`.
pub(super) async fn page(
    db: &mut Scoped,
    scope: &Scope<ApiKeysManage>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ApiKey>, DbError> {
    let rows = db.query(&PAGE, &[&after, &scope.owner(), &limit]).await?;
    rows.iter().map(key_of).collect()
}

pub(super) async fn insert(
    db: &mut Scoped,
    _scope: &Scope<ApiKeysManage>,
    key: &ApiKey,
    hash: &[u8],
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[
        &key.id,
        &key.name,
        &key.prefix,
        &hash,
        &key.owner_id,
        &key.scopes,
        &key.created_at,
        &key.expires_at,
    ];
    db.execute(&INSERT, params).await.map(drop)
}

/// Puts another key in the place of this one, which dies with it. Whether the scope reaches it.
pub(super) async fn replace(
    db: &mut Scoped,
    scope: &Scope<ApiKeysManage>,
    id: Uuid,
    prefix: &str,
    hash: &[u8],
) -> Result<bool, DbError> {
    let params: &[&dyn Param] = &[&id, &scope.owner(), &prefix, &hash];
    Ok(db.execute(&REPLACE, params).await? == 1)
}

/// Whether there was one to delete.
pub(super) async fn delete(
    db: &mut Scoped,
    scope: &Scope<ApiKeysManage>,
    id: Uuid,
) -> Result<bool, DbError> {
    Ok(db.execute(&DELETE, &[&id, &scope.owner()]).await? == 1)
}

/// Unless another node noted a use since `before`.
pub(super) async fn note_use(
    db: &mut Scoped,
    id: Uuid,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<(), DbError> {
    db.execute(&NOTE_USE, &[&id, &now, &before]).await.map(drop)
}

fn key_of(row: &Row) -> Result<ApiKey, DbError> {
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        owner_id: row.get("owner_id")?,
        scopes: row.get("scopes")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}

fn key_and_role_of(row: &Row) -> Result<(ApiKey, RoleName), DbError> {
    let role: String = row.get("role")?;
    let role = role
        .parse()
        .map_err(|e: RoleNameError| DbError::Inconsistent {
            column: "role",
            reason: e.to_string(),
        })?;
    Ok((key_of(row)?, role))
}
