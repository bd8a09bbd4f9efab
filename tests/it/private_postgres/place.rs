//! A temporary place for a data directory, which takes every process and file away with it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tenantry::private_postgres::Options;

/// The lines of progress.
pub type Told = Arc<Mutex<Vec<String>>>;

/// Declare it before the servers in it, so that it is dropped after them.
pub struct Place {
    dir: TempDir,
    /// Where the data is in truth.
    pub data_dir: PathBuf,
    told: Told,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("tenantry-it-")
            .tempdir_in("/tmp")
            .unwrap();
        // The server's user must get in when we are root.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        // Where development mode has it, with `data` as its `DATA_DIR`.
        let data_dir = dir.path().join("data/postgres");
        Self {
            dir,
            data_dir,
            told: Arc::default(),
        }
    }

    /// A path beside the data.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn cluster(&self) -> PathBuf {
        self.data_dir.join("cluster")
    }

    pub fn options(&self) -> Options {
        options(&self.data_dir, &self.told)
    }

    /// All lines of progress so far.
    pub fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    /// The server's process id, as its file has it.
    pub fn postmaster(&self) -> Option<Pid> {
        let content = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        Pid::from_raw(content.lines().next()?.trim().parse().ok()?)
    }

    /// Waits until owner, guard and server are all gone, which is when the lock is free.
    pub fn is_quiet_within(&self, limit: Duration) -> bool {
        let Ok(lock) = File::open(self.data_dir.join("lock")) else {
            return true;
        };
        holds_within(limit, || lock.try_lock().is_ok())
    }
}

/// Options as the environment of the tests asks for.
pub fn options(data_dir: &Path, told: &Told) -> Options {
    let told = Arc::clone(told);
    let path = std::env::var_os("PATH").unwrap_or_default();
    Options {
        data_dir: data_dir.to_path_buf(),
        bin_dir: std::env::var_os("PG_BIN_DIR").map(PathBuf::from),
        program_dirs: std::env::split_paths(&path).collect(),
        // Kept, so that a machine without PostgreSQL fetches it once and not for each test.
        cache_dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgresql"),
        throw_away: false,
        progress: Arc::new(move |line| told.lock().unwrap().push(line.to_owned())),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let quiet = self.is_quiet_within(Duration::from_mins(1));
        if let Some(pid) = self.postmaster().filter(|pid| serves(*pid, self)) {
            kill_process(pid, Signal::QUIT).ok();
            holds_within(Duration::from_secs(5), || !serves(pid, self));
        }
        if !std::thread::panicking() {
            assert!(
                quiet,
                "a server in {} outlived its test",
                self.data_dir.display()
            );
        }
    }
}

/// Whether this process is the server of this place.
pub fn serves(pid: Pid, place: &Place) -> bool {
    let cwd = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_pid()));
    cwd.is_ok_and(|cwd| cwd == place.cluster())
}

/// Asks again and again until it holds or the time is up.
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    condition()
}
