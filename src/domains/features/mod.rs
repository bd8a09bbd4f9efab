//! Feature flags: what a tenant shows to whom. Admins write them, members read them, everybody may ask what they say.
//!
//! Nothing is cached: an answer is made from the rows as they are, in one query, so a change is in force on every node at once.
//! How a flag decides is in `docs/feature-flags.md`.

mod bucket;
mod condition;
mod error;
mod evaluation;
mod model;
mod repository;
mod rules;
mod service;
mod validation;

pub use bucket::{BUCKETS, NotARollout, Rollout, bucket};
pub use error::FeatureError;
pub use model::{
    Change, Condition, Definition, Evaluation, Feature, Operator, Question, Reason, Rule, ValueType,
};
pub use service::Features;
