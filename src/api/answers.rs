//! Answers that many endpoints give: made, and nothing to say.

use std::fmt::Display;

use poem_openapi::ApiResponse;
use poem_openapi::payload::Json;
use poem_openapi::types::ToJSON;

use super::document::PREFIX;
use crate::domains::idempotency::Once;

/// 201 for a request that may carry an `Idempotency-Key`.
#[derive(ApiResponse)]
pub enum CreatedOnce<T: ToJSON> {
    /// Made, or made before by the same request.
    #[oai(status = 201)]
    Now(
        Json<T>,
        /// Path of what was made.
        #[oai(header = "Location")]
        String,
        /// `true` where this is the answer to an earlier request with the same key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

impl<Out: ToJSON> CreatedOnce<Out> {
    /// `made`, which is at `path` below its id or name.
    pub(super) fn at<T: Into<Out>, I: Display>(
        path: &str,
        made: Once<T>,
        id: impl Fn(&T) -> I,
    ) -> Self {
        let (made, before) = made.into_parts();
        let location = format!("{PREFIX}{path}/{}", id(&made));
        Self::Now(Json(made.into()), location, before.then_some(true))
    }
}

/// 204
#[derive(ApiResponse)]
pub enum NoContent {
    /// Done.
    #[oai(status = 204)]
    Done,
}

/// 202
#[derive(ApiResponse)]
pub enum Accepted {
    /// It is done later, or not at all: the answer does not tell.
    #[oai(status = 202)]
    Later,
}
