//! What `postmaster.pid` says, and whether to believe it: the process it names may be gone, and its id be another program's by now.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Pid;

use super::{Error, lock::is_alive};

/// The server that a `postmaster.pid` names.
pub(super) struct Postmaster {
    pub pid: Pid,
    pub socket_dir: PathBuf,
}

fn path(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// Reads the file; the socket's directory, its fifth line, is written later than the rest.
fn read(cluster: &Path) -> Option<Postmaster> {
    let content = fs::read_to_string(path(cluster)).ok()?;
    let mut lines = content.lines();
    let pid = lines.next()?.trim().parse().ok().and_then(Pid::from_raw)?;
    let socket_dir = PathBuf::from(lines.nth(3).unwrap_or_default());
    Some(Postmaster { pid, socket_dir })
}

/// The server that runs on this cluster, if one does.
pub(super) fn living(cluster: &Path) -> Option<Postmaster> {
    read(cluster).filter(|postmaster| runs_on(postmaster.pid, cluster))
}

/// Takes a stale file out of the way.
///
/// PostgreSQL does that itself when nobody has the process id any more, and better: it also looks for survivors of the old
/// server. But it gives up when the id is another program's by now, as is common after a restart of the machine.
pub(super) fn clear_stale(cluster: &Path) -> Result<(), Error> {
    match read(cluster) {
        Some(postmaster) if is_alive(postmaster.pid) && !runs_on(postmaster.pid, cluster) => {
            let path = path(cluster);
            fs::remove_file(&path).map_err(Error::file("remove the stale", &path))
        }
        _ => Ok(()),
    }
}

/// Whether this process is the server of this cluster: a server's working directory is its cluster's.
fn runs_on(pid: Pid, cluster: &Path) -> bool {
    let pid = pid.as_raw_pid();
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(working_dir) => working_dir == cluster,
        Err(_) if Path::new("/proc/self/cwd").exists() => false,
        // Without /proc, as on macOS, the command line tells: the cluster is one of its arguments.
        Err(_) => Command::new("ps")
            .args(["-o", "command=", "-p", &pid.to_string()])
            .output()
            .is_ok_and(|output| {
                String::from_utf8_lossy(&output.stdout).contains(&*cluster.to_string_lossy())
            }),
    }
}
