//! The audit log: who did what, written in the transaction of the change, so that neither exists without the other.
//!
//! Invariant: a line is written by [`record`] alone, as the last statement of its transaction, for linking it to the chain takes a lock
//! that is held to the commit. Where one transaction writes into two tenants' logs ([`record_in_both`]), the platform's comes first.

mod chain;
mod error;
mod model;
mod record;
mod refusals;
mod repository;
mod service;

pub use error::AuditError;
pub use model::{Act, Broken, Damage, Entry, Filter, Verdict};
pub use record::{record, record_in_both};
pub use refusals::{REFUSALS_PER_MINUTE, Refusals};
pub use service::{Audit, Export};
