//! One owner per data directory: a file lock that names its holder.
//! Invariant: the lock passes on only when its holder *and* all children that were handed it (initdb, the guard) have ended.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::{Error, Progress, home::Home};

/// How long a living holder gets: it may be about to end.
const PATIENCE_WITH_THE_LIVING: Duration = Duration::from_secs(2);
/// How long the guard of a killed holder gets to stop the server; more than the guard takes at most.
const PATIENCE_WITH_A_GUARD: Duration = Duration::from_secs(140);

/// The held lock; dropping it passes it on.
pub(super) struct Lock(File);

impl Lock {
    pub async fn acquire(home: &Home, progress: &Progress) -> Result<Self, Error> {
        let path = home.dir().join("lock");
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let mut file = opened.map_err(Error::file("open", &path))?;
        let began = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Error::file("lock", &path)(error)),
            }
            let pid = holder(&mut file);
            let patience = if pid.is_some_and(is_running) {
                PATIENCE_WITH_THE_LIVING
            } else {
                PATIENCE_WITH_A_GUARD
            };
            if began.elapsed() > patience {
                return Err(Error::InUse {
                    path: home.dir().to_path_buf(),
                    pid: pid.map_or(0, Pid::as_raw_pid),
                });
            }
            if !told {
                progress(&format!(
                    "waiting for the server in {} to stop",
                    home.dir().display()
                ));
                told = true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let pid = std::process::id().to_string();
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(pid.as_bytes()));
        written.map_err(Error::file("write", &path))?;
        Ok(Self(file))
    }

    /// A share of the lock for a child, as one of its standard streams: held until both we and the child are gone.
    pub fn share(&self) -> std::io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }
}

fn holder(file: &mut File) -> Option<Pid> {
    let mut content = String::new();
    file.rewind()
        .and_then(|()| file.read_to_string(&mut content))
        .ok()?;
    content.trim().parse().ok().and_then(Pid::from_raw)
}

/// Whether this process can still do something: a dead one keeps its id until its parent has asked for its status.
fn is_running(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
    is_alive(pid) && !stat.contains(") Z ")
}

/// Whether there is a process of this id, ours or another user's, be it dead but not yet asked for its status.
pub(super) fn is_alive(pid: Pid) -> bool {
    matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM))
}
