//! Impersonation: an operator acts as a tenant's user, with a reason, for a quarter of an hour.
//!
//! Invariant: nobody acts as an operator; both tenants' logs name both people; it ends with the user's sessions, and with the operator's own.

mod error;
mod model;
mod repository;
mod service;

pub use error::ImpersonationError;
pub use model::{Impersonation, NewImpersonation, Started};
pub use service::Impersonations;
