//! The domains: what tenants do, in slices that know no web framework.
//!
//! A slice is a folder: `model` (values, parsed at the edge), `authorization` (who may do what), `repository` (the SQL, which demands a
//! [`access::Scope`]), `service` (one method per use case) and `error` (its failures, and what they mean). The one to copy is
//! [`projects`]; `docs/adding-a-domain.md` is the checklist.

pub mod access;
pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod email_flows;
pub mod features;
pub mod idempotency;
pub mod impersonation;
pub mod invites;
pub mod mails;
pub mod mfa;
pub mod operations;
pub mod passwords;
pub mod projects;
pub mod roles;
pub mod tenants;
pub mod users;

use mails::Links;
use passwords::Hasher;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::tenancy::Tenancy;
use crate::vault::Vault;

/// What every service needs. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    /// Opens sessions.
    pub tenancy: Tenancy,
    /// Tells the time.
    pub clock: Clock,
    /// Hashes and compares passwords.
    pub hasher: Hasher,
    /// What each role may do.
    pub roles: roles::Directory,
    /// Which sessions have ended.
    pub revocations: auth::Revocations,
    /// Hashes and seals what the database keeps.
    pub vault: Vault,
    /// Where links in mails lead.
    pub links: Links,
    /// Work that is done after its answer was given; a stopping server waits for it.
    pub later: TaskTracker,
}
