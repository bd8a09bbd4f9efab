//! Roles: what each may do. The built-in ones are the program's; a tenant's own are rows of its schema.
//!
//! Invariant: nobody makes or leaves a role that holds more than they do themselves, or changes one that does not stand below them.

mod authorization;
mod cache;
mod directory;
mod error;
mod model;
mod permissions;
mod repository;
mod service;

pub use directory::{Directory, Lookup};
pub use error::RoleError;
pub use model::{Granted, KnownPermission, NewRole, RoleView};
pub use service::Roles;
