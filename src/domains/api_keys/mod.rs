//! API keys: credentials of programs, made and owned by people.
//!
//! Invariant: a key may do what its scopes name and its owner may do at that very moment, never more; it is looked up anew for each request,
//! so that what was rotated or deleted is dead on every node at once.

mod authentication;
mod authorization;
mod error;
mod model;
mod repository;
mod secret;
mod service;

pub use authentication::{authenticate, read};
pub use error::ApiKeyError;
pub use model::{ApiKey, IssuedKey, NewApiKey};
pub use secret::KeySecret;
pub use service::ApiKeys;
