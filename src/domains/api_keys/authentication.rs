//! From a key to the context of a request: one query, and nothing is remembered.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::authorization::known;
use super::error::ApiKeyError;
use super::repository;
use super::secret::KeySecret;
use crate::domains::Deps;
use crate::domains::access::{Context, Origin};
use crate::tenancy::{DbError, Tenancy, Tenant, TenantRef};

/// How far `last_used_at` may lag.
const LAG: TimeDelta = TimeDelta::minutes(1);

/// Reads what was sent as a key, for a request to `tenant`, whose state does not matter yet.
///
/// # Errors
/// [`ApiKeyError::Invalid`] for what has not the form of one, [`ApiKeyError::TenantMismatch`] for another tenant's, whatever else is right.
pub fn read(text: &str, tenant: &Tenant) -> Result<KeySecret, ApiKeyError> {
    let secret = KeySecret::parse(text).ok_or(ApiKeyError::Invalid)?;
    if secret.tenant() == tenant.id {
        Ok(secret)
    } else {
        Err(ApiKeyError::TenantMismatch)
    }
}

/// The holder of a key: they may do what its scopes name and its owner may do now.
///
/// # Errors
/// [`ApiKeyError::Invalid`] for one that is unknown, rotated, deleted or expired.
pub async fn authenticate(
    deps: &Deps,
    tenant: &TenantRef,
    secret: &KeySecret,
    origin: Origin,
) -> Result<Context, ApiKeyError> {
    let hash = secret.hash(&deps.vault)?;
    let mut db = deps.tenancy.session(tenant).await?;
    let found = repository::find_by_hash(&mut db, &hash).await?;
    drop(db);
    let now = deps.clock.now();
    let (key, role) = found
        .filter(|(key, _)| key.expires_at.is_none_or(|end| now < end))
        .ok_or(ApiKeyError::Invalid)?;
    if key.last_used_at.is_none_or(|last| last + LAG <= now) {
        tokio::spawn(note_use(deps.tenancy.clone(), tenant.clone(), key.id, now));
    }
    let owner = deps.roles.lookup().authority(tenant, &role).await?;
    let authority = owner.limited_to(&known(&key.scopes));
    let (tenant, authority) = (tenant.clone(), authority.into());
    Ok(Context::for_key(
        tenant,
        key.id,
        key.owner_id,
        authority,
        origin,
    ))
}

/// Off the request's way. Where it fails, the next use tries again.
async fn note_use(tenancy: Tenancy, tenant: TenantRef, id: Uuid, now: DateTime<Utc>) {
    let noted: Result<(), DbError> = async {
        let mut db = tenancy.session(&tenant).await?;
        repository::note_use(&mut db, id, now, now - LAG).await
    }
    .await;
    if let Err(error) = noted {
        tracing::debug!(error = %error, key = %id, "the use of an API key was not noted");
    }
}
