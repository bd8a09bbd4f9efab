//! Copies of tenants: an export to one file, an import of it as a new tenant, here or in another database, and a clone, which is both
//! without the file.
//!
//! Invariant: a copy is of one moment, is there whole or not at all, and lets nobody in whom the source let in by a credential.

mod download;
mod error;
mod file;
mod flow;
mod folder;
mod repository;
mod seal;
mod service;
mod source;
pub mod tables;
mod target;
mod work;

pub use download::ExportFile;
pub use error::CopyError;
pub use file::FileError;
pub use flow::CopyProgress;
pub use folder::CopyRules;
pub use service::Exported;
pub use target::{Copied, NewCopy};
