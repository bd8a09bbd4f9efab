//! Invitations: somebody is asked by mail to join with a role, and joins by the mail's token, a name and a password.
//!
//! Invariant: a token works once, for a week, in its own tenant; only its hash is kept. An invitation holds even if its inviter is demoted
//! or deleted afterwards: they could give the role when they did, and whoever can give it may withdraw it.

mod acceptance;
mod error;
mod letters;
mod model;
mod repository;
mod service;

pub use acceptance::{Acceptances, bearer_id};
pub use error::InviteError;
pub use model::{Acceptance, Invite, NewInvite};
pub use service::Invites;
