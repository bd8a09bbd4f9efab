//! What is proved by reading a mail: that an address is one's own, and that one may set a new password or take a new address.
//!
//! Invariant: a token works once, for an hour, for the one thing and the one address that it was sent for; only its hash is kept.

mod change;
mod error;
mod letters;
mod model;
mod repository;
mod service;
mod welcome;

pub use error::EmailFlowError;
pub use service::EmailFlows;

pub(in crate::domains) use model::OneTimeToken;
pub(in crate::domains) use welcome::ask_to_verify;
