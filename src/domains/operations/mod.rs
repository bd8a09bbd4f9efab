//! Operations: work that a request asked for, told of by its steps, to who asked and to the operators.
//!
//! Invariant: an operation is written in the transaction of what it tells of, so that nothing is done and not told.

mod error;
mod model;
mod repository;
mod service;
mod watch;
mod work;

pub use error::OperationError;
pub use model::{Operation, Status, Step};
pub use service::Operations;
pub use watch::keep_watching;

pub(in crate::domains) use repository::{Starter, insert};
pub(in crate::domains) use work::{Progress, go_on};
