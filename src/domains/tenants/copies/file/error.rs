//! What can be wrong with an export's file.

use std::io;
use std::path::PathBuf;

/// Why a file was not written or not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The folder or the disk.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is never written over.
    #[error("there is a file `{}` already; choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// Two would write one file.
    #[error("another export is writing `{}` now; wait for it, or choose another name", .0.display())]
    Locked(PathBuf),
    /// A device, a pipe, a link or a folder.
    #[error("expected a plain file at `{}`; got something else", .0.display())]
    NotAFile(PathBuf),
    /// It is not what an export writes.
    #[error("the file is no whole export: {0}; make a new one")]
    Damaged(String),
    /// A newer program wrote it.
    #[error(
        "expected an export of format {expected}, got format {found}; import it with the program that wrote it or a newer one"
    )]
    Format {
        /// What this program reads.
        expected: u32,
        /// What the file says.
        found: u32,
    },
    /// A small file can unpack to an endless one.
    #[error(
        "the export has more than {0} bytes of rows, the most that is taken here; raise the limit if you trust the file"
    )]
    TooLarge(u64),
    /// The export or import that used it has ended.
    #[error("the work on the file was given up")]
    GivenUp,
}

/// Says which file failed.
pub(super) fn at(path: &std::path::Path) -> impl Fn(io::Error) -> FileError + '_ {
    move |source| FileError::Io {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn damaged(reason: impl std::fmt::Display) -> FileError {
    FileError::Damaged(reason.to_string())
}
