//! `/features`: feature flags, and what they say.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use uuid::Uuid;

use super::answers::{CreatedOnce, NoContent};
use super::feature_bodies::{FeatureIn, FeatureOut, FeaturePatch};
use super::feature_questions::{EvaluationsOut, QuestionIn};
use super::key_or_caller::KeyOrCaller;
use super::security::Caller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, page_request};
use crate::domains::features::Features;

/// The endpoints.
pub struct FeaturesApi;

type OneFeature<const OWN: u16 = 0> = Result<Json<FeatureOut>, ApiError<OWN>>;

#[OpenApi(tag = "Tag::Features")]
impl FeaturesApi {
    /// The tenant's feature flags, oldest first. Not for guests: rules can name people.
    #[oai(path = "/features", method = "get", operation_id = "listFeatures")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<FeatureOut>>, ApiError> {
        let features = Features::new(&state.deps, caller.0);
        let page = features.list(page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(FeatureOut::from).into()))
    }

    /// Make a feature flag. For admins.
    #[oai(path = "/features", method = "post", operation_id = "createFeature")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<FeatureIn>,
    ) -> Result<CreatedOnce<FeatureOut>, ApiError<CONFLICT>> {
        let key = body.key(key.0, &caller.0);
        let features = Features::new(&state.deps, caller.0);
        let made = features.create(body.0.parse()?, key.as_ref()).await?;
        Ok(CreatedOnce::at("/features", made, |feature| feature.id))
    }

    /// What feature flags say to the caller, or to a subject that the caller names. A key without a flag has the reason `unknown` and spoils no other.
    #[oai(
        path = "/features/evaluate",
        method = "post",
        operation_id = "evaluateFeatures"
    )]
    async fn evaluate(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        body: Body<QuestionIn>,
    ) -> Result<Json<EvaluationsOut>, ApiError> {
        let features = Features::new(&state.deps, caller.0);
        Ok(Json(features.evaluate(body.0.into()).await?.into()))
    }

    /// One feature flag. Not for guests: rules can name people.
    #[oai(path = "/features/:id", method = "get", operation_id = "getFeature")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The flag's id.
        id: Path<Uuid>,
    ) -> OneFeature {
        let feature = Features::new(&state.deps, caller.0).find(id.0).await?;
        Ok(Json(feature.into()))
    }

    /// Replace all that a feature flag says; what is left out goes back to what it is in a new flag. For admins.
    #[oai(
        path = "/features/:id",
        method = "put",
        operation_id = "replaceFeature"
    )]
    async fn replace(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The flag's id.
        id: Path<Uuid>,
        body: Body<FeatureIn>,
    ) -> OneFeature<CONFLICT> {
        let features = Features::new(&state.deps, caller.0);
        let feature = features.replace(id.0, body.0.parse()?).await?;
        Ok(Json(feature.into()))
    }

    /// Change some of what a feature flag says. For admins.
    #[oai(
        path = "/features/:id",
        method = "patch",
        operation_id = "updateFeature"
    )]
    async fn update(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The flag's id.
        id: Path<Uuid>,
        body: Body<FeaturePatch>,
    ) -> OneFeature<CONFLICT> {
        let features = Features::new(&state.deps, caller.0);
        let feature = features.update(id.0, body.0.parse()?).await?;
        Ok(Json(feature.into()))
    }

    /// Delete a feature flag. For admins.
    #[oai(
        path = "/features/:id",
        method = "delete",
        operation_id = "deleteFeature"
    )]
    async fn delete(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The flag's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        Features::new(&state.deps, caller.0).delete(id.0).await?;
        Ok(NoContent::Done)
    }
}
