//! Sign-ins: access tokens that are checked without a query, refresh tokens that work once, and sessions that can be ended at once.
//!
//! Invariant: an access token is accepted only while this node knows which sessions are revoked.

mod acting;
mod authentication;
mod ending;
mod error;
mod model;
mod outside;
mod purge;
mod repository;
mod revocations;
mod rotation;
mod second_factor;
mod service;
mod sessions;
mod tokens;

pub use acting::ActingSession;
pub use ending::{Ended, Which, end_all_sessions, end_sessions, revoke};
pub use error::AuthError;
pub use model::{OpenSession, SignIn, TokenPair};
pub use outside::{NO_SESSION, NoHttpClient, OutsideBearer, OutsideError};
pub use purge::Purge;
pub use revocations::Revocations;
pub use service::Auth;
pub use sessions::Sessions;
#[cfg(feature = "testkit")]
pub use tokens::Grant;
pub use tokens::{TokenError, Verified};
