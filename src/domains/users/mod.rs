//! Users: a tenant's people. The same e-mail in two tenants is two accounts.
//!
//! Guests and members see themselves alone, also in the list; admins see all of their tenant's, and make, change and delete those below
//! their own role. Invariant: somebody of a tenant's top role is always left.

mod authorization;
mod changes;
mod elsewhere;
mod email;
mod error;
mod model;
mod password;
mod repository;
mod service;
mod subject;

pub use email::{Email, EmailError};
pub use error::UserError;
pub use model::{FirstAdmin, NewUser, PasswordChange, Seeded, User};
pub use service::{Users, add_first_admin};
pub use subject::{Subject, SubjectError};

pub(in crate::domains) use authorization::{may_give, may_take_over};
pub(in crate::domains) use elsewhere::{created, insert_prepared, prepare};
pub(in crate::domains) use repository::{
    by_subject, confirm, credentials, hold_role, replace_hash, role_of,
};
pub(in crate::domains) use service::{add, made_now};
