//! Passwords: what a new one must be, and how it is kept.
//!
//! Invariant: a password is never stored, logged or shown; only its Argon2id hash leaves this module.

mod hasher;
mod policy;
mod threads;

pub use hasher::{HashError, Hasher, PasswordHash};
pub use policy::{NewPassword, PasswordError};
