//! Users: a tenant's people. The same e-mail in two tenants is two accounts.
//!
//! Guests and members see themselves alone, also in the list; admins see and make all of their tenant's, below their own role.

mod authorization;
mod elsewhere;
mod email;
mod error;
mod model;
mod repository;
mod service;
mod subject;

pub use email::{Email, EmailError};
pub use error::UserError;
pub use model::{FirstAdmin, NewUser, Seeded, User};
pub use service::{Users, add_first_admin};
pub use subject::{Subject, SubjectError};

pub(in crate::domains) use elsewhere::{created, insert_prepared, prepare};
pub(in crate::domains) use repository::{by_subject, confirm, credentials, replace_hash};
