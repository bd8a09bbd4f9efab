//! Drift: what a tenant's schema is, compared with what its migrations make.
//!
//! Invariant: a description knows nothing of the schema's name, of its roles' names, of oids, of data, or of the order of columns, so that
//! schemas that work alike are described alike, in whatever database they are.

mod describe;
mod description;
mod fleet;
mod records;
mod reference;
mod repair;

pub use description::{Description, Difference};
pub use fleet::{Compared, DriftError, Verdict};
pub use repair::Repair;
