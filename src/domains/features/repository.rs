//! The SQL of feature flags. Every method demands the scope of its action, and filters by it: flags have no owner, so who is confined to
//! what they own reaches none.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bucket::Rollout;
use super::error::FeatureError;
use super::model::{Definition, Feature};
use crate::domains::access::{
    FeaturesCreate, FeaturesDelete, FeaturesEvaluate, FeaturesRead, FeaturesUpdate, Scope,
};
use crate::tenancy::{DbError, Row, Scoped, Sql};

const FIND: Sql = Sql::new(
    "features.find",
    "SELECT id, key, description, type, enabled, default_value, enabled_value, rollout, rules, created_at, updated_at \
     FROM features WHERE id = $1 AND $2::uuid IS NULL",
);
const LOCK: Sql = Sql::new(
    "features.lock",
    "SELECT id, key, description, type, enabled, default_value, enabled_value, rollout, rules, created_at, updated_at \
     FROM features WHERE id = $1 AND $2::uuid IS NULL FOR UPDATE",
);
const PAGE: Sql = Sql::new(
    "features.page",
    "SELECT id, key, description, type, enabled, default_value, enabled_value, rollout, rules, created_at, updated_at \
     FROM features WHERE ($1::uuid IS NULL OR id > $1) AND $2::uuid IS NULL ORDER BY id LIMIT $3",
);
const ASKED: Sql = Sql::new(
    "features.asked",
    "SELECT key, description, type, enabled, default_value, enabled_value, rollout, rules, \
     users.email AS caller_email, users.role AS caller_role \
     FROM features LEFT JOIN users ON users.id = $3 WHERE key = ANY($1) AND $2::uuid IS NULL",
);
const INSERT: Sql = Sql::new(
    "features.insert",
    "INSERT INTO features (id, key, description, type, enabled, default_value, enabled_value, rollout, rules, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
);
const UPDATE: Sql = Sql::new(
    "features.update",
    "UPDATE features SET key = $3, description = $4, type = $5, enabled = $6, default_value = $7, enabled_value = $8, \
     rollout = $9, rules = $10, updated_at = $11 WHERE id = $1 AND $2::uuid IS NULL",
);
const DELETE: Sql = Sql::new(
    "features.delete",
    "DELETE FROM features WHERE id = $1 AND $2::uuid IS NULL \
     RETURNING id, key, description, type, enabled, default_value, enabled_value, rollout, rules, created_at, updated_at",
);

/// What was asked for, and who asks.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Those of the flags that there are, in no order.
    pub(super) flags: Vec<Definition>,
    /// The caller's e-mail and role, if there are flags at all.
    pub(super) caller: Option<(String, String)>,
}

pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<FeaturesRead>,
    id: Uuid,
) -> Result<Option<Feature>, FeatureError> {
    let row = db.query_opt(&FIND, &[&id, &scope.owner()]).await?;
    Ok(row.as_ref().map(feature_of).transpose()?)
}

/// The flag as it stays until the transaction changes it or ends.
pub(super) async fn lock(
    db: &mut Scoped,
    scope: &Scope<FeaturesUpdate>,
    id: Uuid,
) -> Result<Option<Feature>, FeatureError> {
    let row = db.query_opt(&LOCK, &[&id, &scope.owner()]).await?;
    Ok(row.as_ref().map(feature_of).transpose()?)
}

/// Oldest first, those after the id `after`.
pub(super) async fn page(
    db: &mut Scoped,
    scope: &Scope<FeaturesRead>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Feature>, FeatureError> {
    let rows = db.query(&PAGE, &[&after, &scope.owner(), &limit]).await?;
    Ok(rows.iter().map(feature_of).collect::<Result<_, _>>()?)
}

/// The flags with these keys, and what is known of the user `caller`.
pub(super) async fn asked(
    db: &mut Scoped,
    scope: &Scope<FeaturesEvaluate>,
    keys: &Vec<String>,
    caller: Option<Uuid>,
) -> Result<Asked, FeatureError> {
    let rows = db.query(&ASKED, &[keys, &scope.owner(), &caller]).await?;
    let mut asked = Asked::default();
    for row in &rows {
        let (email, role) = (row.get("caller_email")?, row.get("caller_role")?);
        asked.caller = Option::zip(email, role);
        asked.flags.push(definition_of(row)?);
    }
    Ok(asked)
}

pub(super) async fn insert(
    db: &mut Scoped,
    _scope: &Scope<FeaturesCreate>,
    feature: &Feature,
) -> Result<(), FeatureError> {
    let says = &feature.definition;
    let params: &[&dyn crate::tenancy::Param] = &[
        &feature.id,
        &says.key,
        &says.description,
        &says.value_type.as_str(),
        &says.enabled,
        &says.default_value,
        &says.enabled_value,
        &says.rollout.buckets(),
        &json!(says.rules),
        &feature.created_at,
        &feature.updated_at,
    ];
    let result = db.execute(&INSERT, params).await;
    result.map(drop).map_err(|e| meaning(e, &says.key))
}

/// Writes all of it; false where the scope does not reach it.
pub(super) async fn update(
    db: &mut Scoped,
    scope: &Scope<FeaturesUpdate>,
    feature: &Feature,
) -> Result<bool, FeatureError> {
    let says = &feature.definition;
    let params: &[&dyn crate::tenancy::Param] = &[
        &feature.id,
        &scope.owner(),
        &says.key,
        &says.description,
        &says.value_type.as_str(),
        &says.enabled,
        &says.default_value,
        &says.enabled_value,
        &says.rollout.buckets(),
        &json!(says.rules),
        &feature.updated_at,
    ];
    let result = db.execute(&UPDATE, params).await;
    Ok(result.map_err(|e| meaning(e, &says.key))? == 1)
}

/// What was deleted, if there was something.
pub(super) async fn delete(
    db: &mut Scoped,
    scope: &Scope<FeaturesDelete>,
    id: Uuid,
) -> Result<Option<Feature>, FeatureError> {
    let row = db.query_opt(&DELETE, &[&id, &scope.owner()]).await?;
    Ok(row.as_ref().map(feature_of).transpose()?)
}

/// What a named constraint says.
fn meaning(error: DbError, key: &str) -> FeatureError {
    match error.constraint() {
        Some("features_key_key") => FeatureError::KeyTaken(key.to_owned()),
        _ => error.into(),
    }
}

fn feature_of(row: &Row) -> Result<Feature, DbError> {
    Ok(Feature {
        id: row.get("id")?,
        definition: definition_of(row)?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn definition_of(row: &Row) -> Result<Definition, DbError> {
    let value_type: String = row.get("type")?;
    Ok(Definition {
        key: row.get("key")?,
        description: row.get("description")?,
        value_type: stored("type", Value::String(value_type))?,
        enabled: row.get("enabled")?,
        default_value: row.get("default_value")?,
        enabled_value: row.get("enabled_value")?,
        rollout: rollout_of(row)?,
        rules: stored("rules", row.get("rules")?)?,
    })
}

fn rollout_of(row: &Row) -> Result<Rollout, DbError> {
    let buckets: i32 = row.get("rollout")?;
    Rollout::of_buckets(buckets).ok_or_else(|| DbError::Inconsistent {
        column: "rollout",
        reason: format!("expected 0 to 100000 buckets, found {buckets}"),
    })
}

fn stored<T: DeserializeOwned>(column: &'static str, value: Value) -> Result<T, DbError> {
    serde_json::from_value(value).map_err(|e| DbError::Inconsistent {
        column,
        reason: e.to_string(),
    })
}
