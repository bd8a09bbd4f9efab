//! The second factor of a sign-in: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who lost it.
//!
//! Invariant: each code works once. People manage their own factor alone, shortly after they proved who they are.

mod challenge;
mod error;
mod model;
mod recovery;
mod repository;
mod service;
mod totp;

pub use challenge::{Challenge, Proof};
pub use error::MfaError;
pub use model::{MfaState, Setup};
pub use service::Mfa;

pub(in crate::domains) use challenge::{Answer, answer, challenge};
