//! Starts the server or adopts an orphan, waits until it is ready, and stops it.
//! Invariant: there is never a server without a guard; the guard is started first and ends last.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use tokio::time::timeout;

use super::{
    Address, Error, Options, Progress, address::Refusal, binaries::Binaries, guard::Guard, home,
    home::Home, lock::Lock, owner::Owner, pidfile,
};

/// Long, since a server that was cut off must first replay its log.
const START_LIMIT: Duration = Duration::from_mins(5);
/// Then the user is told what is waited for.
const TELL_AFTER: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(10);

/// What PostgreSQL is told beside its defaults; `fsync` stays on, the data is somebody's work.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "port=5432", // part of the socket's name, and what clients expect
    "unix_socket_permissions=0700",
    "max_connections=200", // several test processes' and servers' pools at once
    "max_locks_per_transaction=256", // dropping a tenant's schema locks every table and index in one transaction
    "timezone=UTC",
    "log_timezone=UTC",
    "log_line_prefix=%m [%p] %q%u@%d ",
];

/// The path of a Unix socket may have 107 bytes; this leaves room for `/.s.PGSQL.5432.lock`.
const SOCKET_DIR_LIMIT: usize = 80;

/// A server with its guard.
pub(super) struct Server {
    guard: Guard,
    /// `None` for an adopted server, which is not our child.
    child: Option<Child>,
}

impl Server {
    pub async fn stop(self, home: &Home, progress: &Progress) -> Result<(), Error> {
        let mut stopped = pin!(self.guard.finish());
        if timeout(TELL_AFTER, &mut stopped).await.is_err() {
            progress("waiting for PostgreSQL to write everything to disk, for up to two minutes");
            stopped.await;
        }
        if let Some(mut child) = self.child {
            let began = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(1) {
                tokio::time::sleep(POLL).await;
            }
        }
        match pidfile::living(&home.cluster()) {
            Some(survivor) => Err(Error::Stop {
                pid: survivor.pid.as_raw_pid(),
                log: home.log(),
            }),
            None => Ok(()),
        }
    }
}

/// Brings up the server of this cluster, whose lock we hold: no other process owns a server on it.
pub(super) async fn start_or_adopt(
    home: &Home,
    owner: &Owner,
    binaries: &Binaries,
    lock: &Lock,
    options: &Options,
) -> Result<(Server, Address), Error> {
    if let Some(adopted) = adopt(home, owner, binaries, lock).await? {
        return Ok(adopted);
    }
    pidfile::clear_stale(&home.cluster())?;
    let socket_dir = socket_dir(home, owner)?;
    let address = Address::new(socket_dir.clone(), home.read_password()?);
    let guard = Guard::start(home, owner, binaries, &socket_dir, lock, options.throw_away)?;
    let mut child = spawn(home, owner, binaries, &socket_dir)?;
    let began = Instant::now();
    let mut told = false;
    loop {
        if !told && began.elapsed() > TELL_AFTER {
            (options.progress)("waiting for PostgreSQL to start; after a crash it recovers first");
            told = true;
        }
        match address.accepts().await {
            Ok(()) => break,
            Err(Refusal::Password) => {
                return Err(Error::Password {
                    path: home.password_file(),
                });
            }
            Err(Refusal::NotNow) => {}
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(failure(home, status.to_string()));
        }
        if began.elapsed() > START_LIMIT {
            return Err(failure(
                home,
                format!("not ready after {} s", START_LIMIT.as_secs()),
            ));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok((
        Server {
            guard,
            child: Some(child),
        },
        address,
    ))
}

/// Takes over a server whose owner and guard are gone; `None` if there is none, or if it ends meanwhile.
async fn adopt(
    home: &Home,
    owner: &Owner,
    binaries: &Binaries,
    lock: &Lock,
) -> Result<Option<(Server, Address)>, Error> {
    let began = Instant::now();
    while let Some(orphan) = pidfile::living(&home.cluster()) {
        let address = Address::new(orphan.socket_dir.clone(), home.read_password()?);
        match address.accepts().await {
            Ok(()) => {
                let guard = Guard::start(home, owner, binaries, &orphan.socket_dir, lock, false)?;
                return Ok(Some((Server { guard, child: None }, address)));
            }
            Err(Refusal::Password) => {
                return Err(Error::Password {
                    path: home.password_file(),
                });
            }
            Err(Refusal::NotNow) if began.elapsed() > START_LIMIT => {
                let pid = orphan.pid.as_raw_pid();
                return Err(failure(
                    home,
                    format!(
                        "process {pid}, left by an earlier run, does not answer; end it by hand"
                    ),
                ));
            }
            Err(Refusal::NotNow) => tokio::time::sleep(POLL).await,
        }
    }
    Ok(None)
}

/// The server that another process runs on this cluster, as soon as it takes connections; `None` where there is none, or it ends meanwhile.
pub(super) async fn find(home: &Home) -> Result<Option<Address>, Error> {
    let began = Instant::now();
    while let Some(postmaster) = pidfile::living(&home.cluster()) {
        let address = Address::new(postmaster.socket_dir, home.read_password()?);
        match address.accepts().await {
            Ok(()) => return Ok(Some(address)),
            Err(Refusal::Password) => return Ok(None),
            Err(Refusal::NotNow) if began.elapsed() > START_LIMIT => return Ok(None),
            Err(Refusal::NotNow) => tokio::time::sleep(POLL).await,
        }
    }
    Ok(None)
}

/// The socket's directory, which only the server's user enters: in the data directory if the path is short enough.
fn socket_dir(home: &Home, owner: &Owner) -> Result<PathBuf, Error> {
    let inside = home.dir().join("socket");
    let path = inside.as_os_str().as_bytes();
    // A comma or a quote has a meaning in the setting.
    let fits = path.len() <= SOCKET_DIR_LIMIT && !path.iter().any(|byte| b",\"".contains(byte));
    let dir = if fits {
        inside
    } else {
        Path::new("/tmp").join(format!("tenantry-{}", home::short_name(home.dir())))
    };
    home::make_dir(&dir, 0o700)?;
    let look = || fs::symlink_metadata(&dir).map_err(Error::file("look at", &dir));
    // Everybody may write to /tmp: what lies there need not be ours.
    if look()?.uid() == geteuid().as_raw() {
        owner.give(&dir)?;
    }
    let found = look()?;
    if found.is_dir() && found.uid() == owner.uid() && found.mode() & 0o777 == 0o700 {
        Ok(dir)
    } else {
        Err(Error::SocketDirectory {
            path: dir,
            user: owner.name().to_owned(),
        })
    }
}

fn spawn(
    home: &Home,
    owner: &Owner,
    binaries: &Binaries,
    socket_dir: &Path,
) -> Result<Child, Error> {
    let program = binaries.program("postgres");
    // One log a start: what it says belongs to this run.
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(home.log());
    let logs = opened.and_then(|log| Ok((log.try_clone()?, log)));
    let (stdout, stderr) = logs.map_err(Error::file("open", &home.log()))?;
    let mut command = owner.command(&program, &home.cluster());
    command.arg("-D").arg(home.cluster());
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    let mut sockets = OsString::from("unix_socket_directories=");
    sockets.push(socket_dir);
    command.arg("-c").arg(sockets).stdout(stdout).stderr(stderr);
    command
        .spawn()
        .map_err(|source| owner.cannot_run(&program, source))
}

/// The error of a server that does not come up, with the end of its log.
fn failure(home: &Home, reason: String) -> Error {
    let log = home.log();
    let content = fs::read(&log).unwrap_or_default();
    let tail =
        String::from_utf8_lossy(&content[content.len().saturating_sub(2_000)..]).into_owned();
    Error::Start { reason, log, tail }
}
