//! The use cases of API keys: authorize, then do it, then write it down.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::authorization::{may_hold, may_limit_to, may_touch};
use super::error::ApiKeyError;
use super::model::{ApiKey, IssuedKey, NewApiKey};
use super::repository;
use super::secret::KeySecret;
use crate::domains::Deps;
use crate::domains::access::{ApiKeysManage, Context, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::ids::new_id;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::{Scoped, Transaction};
use crate::vault::Vault;

/// API keys, for one caller.
pub struct ApiKeys<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> ApiKeys<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// One key; [`ApiKeyError::NotFound`] where the caller sees none.
    pub async fn find(&self, id: Uuid) -> Result<ApiKey, ApiKeyError> {
        let scope = authorize::<ApiKeysManage>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let found = repository::find(&mut db, &scope, id).await?;
        found.map(|(key, _)| key).ok_or(ApiKeyError::NotFound)
    }

    /// A page of those that the caller sees, oldest first.
    pub async fn list(&self, request: PageRequest) -> Result<Page<ApiKey>, ApiKeyError> {
        let scope = authorize::<ApiKeysManage>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let rows =
            repository::page(&mut db, &scope, request.after, request.rows_to_fetch()).await?;
        Ok(Page::cut(rows, &request, |key| key.id))
    }

    /// Makes one, owned by the caller. With an `Idempotency-Key`, the same request again gives the same key.
    pub async fn create(
        &self,
        new: NewApiKey,
        again: Option<&IdempotencyKey>,
    ) -> Result<Once<IssuedKey>, ApiKeyError> {
        let scope = authorize::<ApiKeysManage>(&self.context)?;
        let owner_id = self.context.user_id().ok_or(ApiKeyError::NoOwner)?;
        self.context.in_person()?;
        self.context.freshly(&self.deps.clock)?;
        let (clock, vault) = (&self.deps.clock, &self.deps.vault);
        let mut tx = self.begin("api_keys.create").await?;
        // Before what depends on the moment: the answer of then is good, also if the end that was asked for has passed since.
        if let Some(kept) = idempotency::replayed::<Kept>(&mut tx, clock, again).await? {
            return Ok(Once::Before(kept.open(vault)?));
        }
        may_limit_to(&self.context, &new.scopes)?;
        let now = clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(ApiKeyError::ExpiresInPast);
        }
        let secret = KeySecret::new(self.context.tenant().id)?;
        let key = ApiKey {
            id: new_id(),
            name: new.name,
            prefix: secret.prefix().to_owned(),
            owner_id,
            scopes: new.scopes,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        repository::insert(&mut tx, &scope, &key, &secret.hash(vault)?).await?;
        let issued = IssuedKey { key, secret };
        idempotency::keep(&mut tx, clock, again, &Kept::seal(vault, &issued)?).await?;
        self.note(&mut tx, "api_key.created", None, Some(&issued.key))
            .await?;
        tx.commit().await?;
        Ok(Once::Now(issued))
    }

    /// Gives a new key for the old one, which is dead on every node from then on.
    pub async fn rotate(&self, id: Uuid) -> Result<IssuedKey, ApiKeyError> {
        let scope = authorize::<ApiKeysManage>(&self.context)?;
        self.context.in_person()?;
        self.context.freshly(&self.deps.clock)?;
        let mut tx = self.begin("api_keys.rotate").await?;
        let (before, owner) = repository::find(&mut tx, &scope, id)
            .await?
            .ok_or(ApiKeyError::NotFound)?;
        let roles = self.deps.roles.within(&mut tx);
        let owner = roles.authority(self.context.tenant(), &owner);
        may_hold(&self.context, &before, &*owner.await?)?;
        let secret = KeySecret::new(self.context.tenant().id)?;
        let hash = secret.hash(&self.deps.vault)?;
        if !repository::replace(&mut tx, &scope, id, secret.prefix(), &hash).await? {
            return Err(ApiKeyError::NotFound);
        }
        let key = ApiKey {
            prefix: secret.prefix().to_owned(),
            last_used_at: None,
            ..before.clone()
        };
        self.note(&mut tx, "api_key.rotated", Some(&before), Some(&key))
            .await?;
        tx.commit().await?;
        Ok(IssuedKey { key, secret })
    }

    /// Deletes one; it is dead on every node from then on.
    pub async fn delete(&self, id: Uuid) -> Result<(), ApiKeyError> {
        let scope = authorize::<ApiKeysManage>(&self.context)?;
        self.context.in_person()?;
        let mut tx = self.begin("api_keys.delete").await?;
        let (before, owner) = repository::find(&mut tx, &scope, id)
            .await?
            .ok_or(ApiKeyError::NotFound)?;
        let roles = self.deps.roles.within(&mut tx);
        let owner = roles.authority(self.context.tenant(), &owner);
        may_touch(&self.context, &before, &*owner.await?)?;
        if !repository::delete(&mut tx, &scope, id).await? {
            return Err(ApiKeyError::NotFound);
        }
        self.note(&mut tx, "api_key.deleted", Some(&before), None)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn begin(&self, name: &'static str) -> Result<Transaction, ApiKeyError> {
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(session.begin(name))
    }

    async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        before: Option<&ApiKey>,
        after: Option<&ApiKey>,
    ) -> Result<(), ApiKeyError> {
        let act = Act {
            action,
            resource: "api_key",
            resource_id: before.or(after).map(|key| key.id),
            before: before.map(|key| json!(key)),
            after: after.map(|key| json!(key)),
        };
        audit::record(db, &self.context, &self.deps.clock, act).await?;
        Ok(())
    }
}

/// An answer as it is kept for a replay: the key itself only sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: ApiKey,
    /// Base64.
    sealed: String,
}

impl Kept {
    /// What the seal is for.
    const PURPOSE: &str = "replayed API keys";

    fn seal(vault: &Vault, issued: &IssuedKey) -> Result<Self, ApiKeyError> {
        let secret = issued.secret.clone().reveal();
        let sealed = vault.seal(Self::PURPOSE, secret.as_bytes())?;
        Ok(Self {
            key: issued.key.clone(),
            sealed: STANDARD.encode(sealed),
        })
    }

    fn open(self, vault: &Vault) -> Result<IssuedKey, ApiKeyError> {
        let sealed = STANDARD.decode(&self.sealed);
        let text = vault.open(Self::PURPOSE, &sealed.map_err(|_| ApiKeyError::KeptAnswer)?)?;
        let text = String::from_utf8(text).map_err(|_| ApiKeyError::KeptAnswer)?;
        Ok(IssuedKey {
            key: self.key,
            secret: KeySecret::parse(&text).ok_or(ApiKeyError::KeptAnswer)?,
        })
    }
}
