//! The file of an export: a tar of a manifest, one gzipped member for each table in PostgreSQL's COPY text format, and the members' SHA-256.
//!
//! Invariant: neither side holds more than a piece of it in memory. A name says that a file is whole: until then it is `FILE.part`. Reading
//! takes nothing on trust: other members, another order, or sums that differ end it.

mod error;
mod manifest;
mod reader;
mod sums;
mod writer;

pub use error::FileError;
pub(super) use manifest::FORMAT;
pub use manifest::{Manifest, Schema, Sequence, Source, Table};
pub(super) use reader::{Piece, Reading};
pub(super) use writer::Writing;
pub use writer::Written;

/// Members by name. `tar xf` and `sha256sum -c SHA256SUMS` work on them, and `zcat tables/users.copy.gz` shows rows.
const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";

fn member_of(table: &str) -> String {
    format!("tables/{table}.copy.gz")
}

/// Pieces that may wait between the database and the file.
const AHEAD: usize = 16;
