//! The private PostgreSQL of `cargo run` and `cargo test`: one data directory, one living owner, nothing to install first.
//! Invariant: the server runs only as long as the process that started or adopted it; a killed owner takes it along.
//! On disk: `cluster/` (PostgreSQL's own), `socket/`, `password`, `postgres.log` and `lock`.

mod address;
mod binaries;
mod cluster;
mod download;
mod error;
mod guard;
mod home;
mod lock;
mod owner;
mod pidfile;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use self::address::Address;
pub use self::error::Error;
use self::{home::Home, lock::Lock, server::Server};

/// Takes one line for the user at a time: what is being fetched, made, waited for, or kept elsewhere.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// What a private PostgreSQL is made of.
#[derive(Clone)]
pub struct Options {
    /// Where the data is kept; made when it is missing.
    pub data_dir: PathBuf,
    /// The directory of `postgres` and `initdb`; `None` looks for an installation, then fetches one.
    pub bin_dir: Option<PathBuf>,
    /// The folders of `PATH`, which may hold an installation.
    pub program_dirs: Vec<PathBuf>,
    /// Where fetched binaries are kept, for all data directories.
    pub cache_dir: PathBuf,
    /// Take the whole data directory away when the server ends, for tests. It is the server's user's then, even as root.
    pub throw_away: bool,
    /// Told about everything that takes long or may surprise.
    pub progress: Progress,
}

/// A running PostgreSQL that ends with this process.
///
/// Dropping it stops the server too, only without waiting for the end.
pub struct PrivatePostgres {
    address: Address,
    home: Home,
    server: Server,
    progress: Progress,
    // The last field: it is let go after the server was told to stop.
    _lock: Lock,
}

impl PrivatePostgres {
    /// Starts the server, makes its data first where there is none, and returns when it accepts connections.
    ///
    /// A server that an earlier, killed owner left behind is adopted.
    ///
    /// # Errors
    /// The data directory is in use by a living process, of another major version or of another user; no binaries can be
    /// found or fetched; the server does not come up.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (home, owner) = home::prepare(&options).await?;
        let lock = Lock::acquire(&home, &options.progress).await?;
        if options.throw_away {
            // The guard, which runs as the server's user, must be able to remove it.
            owner.give(home.dir())?;
        }
        let binaries = binaries::locate(&options, &home, &owner).await?;
        if !home.has_cluster() {
            (options.progress)(&format!(
                "creating a PostgreSQL {} cluster in {}",
                binaries.version,
                home.dir().display()
            ));
            cluster::create(&home, &owner, &binaries, &lock).await?;
        }
        let (server, address) =
            server::start_or_adopt(&home, &owner, &binaries, &lock, &options).await?;
        Ok(Self {
            address,
            home,
            server,
            progress: options.progress,
            _lock: lock,
        })
    }

    /// Whether there is data for `data_dir`, whoever serves it.
    #[must_use]
    pub fn exists(data_dir: &Path) -> bool {
        Home::existing(data_dir).is_some()
    }

    /// Finds the server that another living process runs on `data_dir`, for a command that only wants to use it. One that starts, recovers or stops is
    /// waited for.
    ///
    /// # Errors
    /// A server is there but its password file cannot be read.
    pub async fn running(data_dir: &Path) -> Result<Option<Address>, Error> {
        let Some(home) = Home::existing(data_dir) else {
            return Ok(None);
        };
        server::find(&home).await
    }

    /// Where it listens, and how to sign in.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Where the data is in truth, which differs from the wish where the server's user cannot enter that.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.home.dir()
    }

    /// Returns when the server has ended by itself, or by somebody else's hand.
    pub async fn gone(&self) {
        while pidfile::living(&self.home.cluster()).is_some() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Shuts the server down: sessions are ended, everything is on disk when this returns.
    ///
    /// # Errors
    /// The server still runs after more than two minutes.
    pub async fn stop(self) -> Result<(), Error> {
        self.server.stop(&self.home, &self.progress).await
    }
}
