//! Roles: what each may do. The built-in ones are the program's; a tenant's own are rows of its schema.
//!
//! Invariant: on the way of a request a built-in role costs no query, and one of the tenant's own costs one only after it changed.

mod directory;
mod repository;

pub use directory::Directory;
