//! The use cases of feature flags: authorize, then do it, then write it down. Asking them is `evaluation`'s.

use serde_json::json;
use uuid::Uuid;

use super::error::FeatureError;
use super::model::{Change, Definition, Feature};
use super::repository;
use super::validation::mistakes_of;
use crate::domains::Deps;
use crate::domains::access::{
    Context, FeaturesCreate, FeaturesDelete, FeaturesRead, FeaturesUpdate, Scope, authorize,
};
use crate::domains::audit::{self, Act};
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::ids::new_id;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::{Scoped, Transaction};

/// Feature flags, for one caller.
pub struct Features<'d> {
    pub(super) deps: &'d Deps,
    pub(super) context: Context,
}

impl<'d> Features<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// One flag.
    ///
    /// # Errors
    /// [`FeatureError::NotFound`] where the caller sees none.
    pub async fn find(&self, id: Uuid) -> Result<Feature, FeatureError> {
        let scope = authorize::<FeaturesRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        repository::find(&mut db, &scope, id)
            .await?
            .ok_or(FeatureError::NotFound)
    }

    /// A page, oldest first.
    ///
    /// # Errors
    /// When the caller may not read flags.
    pub async fn list(&self, request: PageRequest) -> Result<Page<Feature>, FeatureError> {
        let scope = authorize::<FeaturesRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let rows =
            repository::page(&mut db, &scope, request.after, request.rows_to_fetch()).await?;
        Ok(Page::cut(rows, &request, |feature| feature.id))
    }

    /// Makes one. With an `Idempotency-Key`, the same request again gives the same answer.
    ///
    /// # Errors
    /// [`FeatureError::KeyTaken`], [`FeatureError::Invalid`], the `Idempotency-Key`'s own, or the caller may not.
    pub async fn create(
        &self,
        definition: Definition,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Feature>, FeatureError> {
        let scope = authorize::<FeaturesCreate>(&self.context)?;
        acceptable(&definition)?;
        let clock = &self.deps.clock;
        let now = clock.now();
        let feature = Feature {
            id: new_id(),
            definition,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.begin("features.create").await?;
        if let Some(before) = idempotency::replayed(&mut tx, clock, key).await? {
            return Ok(Once::Before(before));
        }
        repository::insert(&mut tx, &scope, &feature).await?;
        idempotency::keep(&mut tx, clock, key, &feature).await?;
        self.note(&mut tx, "feature.created", None, Some(&feature))
            .await?;
        tx.commit().await?;
        Ok(Once::Now(feature))
    }

    /// Puts `definition` in the place of all that the flag said.
    ///
    /// # Errors
    /// [`FeatureError::NotFound`], [`FeatureError::KeyTaken`], [`FeatureError::Invalid`], or the caller may not.
    pub async fn replace(&self, id: Uuid, definition: Definition) -> Result<Feature, FeatureError> {
        let scope = authorize::<FeaturesUpdate>(&self.context)?;
        // Asked here already, so that mistakes are told whether or not there is such a flag.
        acceptable(&definition)?;
        self.write(&scope, id, |_| definition).await
    }

    /// Changes what `change` names; what comes out must be as acceptable as a new flag.
    ///
    /// # Errors
    /// [`FeatureError::NotFound`], [`FeatureError::KeyTaken`], [`FeatureError::Invalid`], or the caller may not.
    pub async fn update(&self, id: Uuid, change: Change) -> Result<Feature, FeatureError> {
        let scope = authorize::<FeaturesUpdate>(&self.context)?;
        self.write(&scope, id, |old| change.of(old)).await
    }

    /// Deletes one.
    ///
    /// # Errors
    /// [`FeatureError::NotFound`], or the caller may not.
    pub async fn delete(&self, id: Uuid) -> Result<(), FeatureError> {
        let scope = authorize::<FeaturesDelete>(&self.context)?;
        let mut tx = self.begin("features.delete").await?;
        let before = repository::delete(&mut tx, &scope, id)
            .await?
            .ok_or(FeatureError::NotFound)?;
        self.note(&mut tx, "feature.deleted", Some(&before), None)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Holds the flag while `next` makes the new definition of the old, so that of two changes at once none is lost.
    async fn write(
        &self,
        scope: &Scope<FeaturesUpdate>,
        id: Uuid,
        next: impl FnOnce(Definition) -> Definition,
    ) -> Result<Feature, FeatureError> {
        let mut tx = self.begin("features.update").await?;
        let before = repository::lock(&mut tx, scope, id)
            .await?
            .ok_or(FeatureError::NotFound)?;
        let after = Feature {
            definition: next(before.definition.clone()),
            updated_at: self.deps.clock.now(),
            ..before
        };
        acceptable(&after.definition)?;
        if !repository::update(&mut tx, scope, &after).await? {
            return Err(FeatureError::NotFound);
        }
        self.note(&mut tx, "feature.updated", Some(&before), Some(&after))
            .await?;
        tx.commit().await?;
        Ok(after)
    }

    async fn begin(&self, name: &'static str) -> Result<Transaction, FeatureError> {
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(session.begin(name))
    }

    async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        before: Option<&Feature>,
        after: Option<&Feature>,
    ) -> Result<(), FeatureError> {
        let act = Act {
            action,
            resource: "feature",
            resource_id: before.or(after).map(|feature| feature.id),
            before: before.map(|feature| json!(feature)),
            after: after.map(|feature| json!(feature)),
        };
        audit::record(db, &self.context, &self.deps.clock, act).await?;
        Ok(())
    }
}

fn acceptable(definition: &Definition) -> Result<(), FeatureError> {
    let mistakes = mistakes_of(definition);
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(FeatureError::Invalid(mistakes))
    }
}
