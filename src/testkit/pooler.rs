//! A PgBouncer in transaction mode before the private PostgreSQL.
//!
//! Invariant: it ends with its value, and with this process even if that is killed. Its socket lies beside PostgreSQL's, in a folder that
//! only their owner enters; it learns passwords from PostgreSQL, as SCRAM verifiers.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use super::OrFail;
use crate::config::Config;
use crate::private_postgres::PrivatePostgres;

/// How long it may take to listen.
const START: Duration = Duration::from_secs(10);

/// Ends PgBouncer when the pipe that only this process holds is closed.
const SCRIPT: &str = r#""$1" -q "$2" & read -r _; kill "$!"; wait"#;

/// Parts of the sockets' names; each instance has its own.
static PORT: AtomicU16 = AtomicU16::new(6432);

/// A running PgBouncer.
pub(super) struct Pooler {
    port: u16,
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Pooler {
    /// Its program, where it is installed.
    pub(super) fn program(config: &Config) -> Option<PathBuf> {
        // Debian puts it where only root's PATH looks.
        let dirs = config.dev.program_dirs.iter().map(PathBuf::as_path);
        let mut all = dirs.chain([Path::new("/usr/sbin")]);
        all.find_map(|dir| Some(dir.join("pgbouncer")).filter(|program| program.is_file()))
    }

    /// Starts one that gives all clients of a database and login together `size` connections.
    pub(super) fn start(program: &Path, server: &PrivatePostgres, size: usize) -> Self {
        let port = PORT.fetch_add(1, Ordering::Relaxed);
        let socket_dir = server.address().socket_dir();
        let place = server.data_dir();
        let owner = fs::metadata(socket_dir).or_fail("PostgreSQL's socket");
        let ids = (owner.uid(), owner.gid());
        let users = place.join(format!("pgbouncer-{port}.users"));
        let password = server.address().password();
        write(&users, &format!("\"postgres\" \"{password}\"\n"), ids);
        let ini = place.join(format!("pgbouncer-{port}.ini"));
        let settings = settings(port, socket_dir, &users, &ini.with_extension("log"), size);
        write(&ini, &settings, ids);

        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "pgbouncer-guard"])
            .args([program, &ini])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // PgBouncer refuses root, and PostgreSQL's user owns the folder.
            command.uid(ids.0).gid(ids.1);
        }
        let mut shell = command.spawn().or_fail("a shell for PgBouncer");
        let lifeline = shell.stdin.take();
        let began = Instant::now();
        let socket = socket_dir.join(format!(".s.PGSQL.{port}"));
        while let Err(error) = UnixStream::connect(&socket) {
            if began.elapsed() > START {
                super::fail("PgBouncer for tests", &error);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Self {
            port,
            shell,
            lifeline,
        }
    }

    /// The same address, through it.
    pub(super) fn through(&self, url: &str) -> String {
        format!("{url}&port={}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.shell.wait();
    }
}

fn settings(port: u16, socket_dir: &Path, users: &Path, log: &Path, size: usize) -> String {
    format!(
        "[databases]
* = host={socket_dir} port=5432
[pgbouncer]
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 1000
query_wait_timeout = 15
listen_port = {port}
unix_socket_dir = {socket_dir}
unix_socket_mode = 0700
auth_type = scram-sha-256
auth_file = {users}
auth_user = postgres
server_idle_timeout = 10
logfile = {log}
log_connections = 0
log_disconnections = 0
",
        socket_dir = socket_dir.display(),
        users = users.display(),
        log = log.display(),
    )
}

/// A file that only this user reads.
fn write(path: &Path, text: &str, (uid, gid): (u32, u32)) {
    let mut open = OpenOptions::new();
    let opened = open.write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        chown(path, Some(uid), Some(gid))
    });
    written.or_fail("a file for PgBouncer");
}
