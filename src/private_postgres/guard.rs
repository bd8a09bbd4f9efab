//! The guard: a small shell that stops the server when its owner is gone, however that came about.
//! Invariant: only the owner holds the writing end of the guard's standard input, so the kernel closes it even after `kill -9`.

use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use super::{Error, binaries::Binaries, home::Home, lock::Lock, owner::Owner};

/// Waits for the end of its input, then stops the server: fast, and after two minutes at once. A fast stop writes everything to disk, which takes
/// half a minute and more where there are a thousand tenants; one that is cut off is made up for at the next start. What is thrown away needs none of it.
///
/// It is there before the server is, and a killed owner may not have got further: hence the wait for a pid file.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pg_ctl=$1 cluster=$2 socket_dir=$3 throw_away=$4
read -r _
tries=20
until [ -s "$cluster/postmaster.pid" ] || [ $tries -eq 0 ]; do tries=$((tries - 1)); sleep 0.1; done
mode=fast
[ -z "$throw_away" ] || mode=immediate
"$pg_ctl" stop --silent --pgdata "$cluster" --mode "$mode" --timeout 120 ||
    "$pg_ctl" stop --silent --pgdata "$cluster" --mode immediate --timeout 10
rmdir "$socket_dir"
[ -z "$throw_away" ] || rm -rf "$throw_away"
"#;

/// A running guard. Dropping it makes it do its work, as `finish` does, without waiting.
pub(super) struct Guard {
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    pub fn start(
        home: &Home,
        owner: &Owner,
        binaries: &Binaries,
        socket_dir: &Path,
        lock: &Lock,
        throw_away: bool,
    ) -> Result<Self, Error> {
        let program = Path::new("/bin/sh");
        let mut command = owner.command(program, Path::new("/"));
        command
            .args(["-c", SCRIPT, "tenantry-postgres-guard"])
            .arg(binaries.program("pg_ctl"))
            .arg(home.cluster())
            .arg(socket_dir)
            .arg(if throw_away {
                home.dir()
            } else {
                Path::new("")
            });
        // Nobody takes this directory over while the guard is still stopping its server.
        command.stdin(Stdio::piped()).stdout(
            lock.share()
                .map_err(Error::file("share the lock in", home.dir()))?,
        );
        let mut shell = command
            .spawn()
            .map_err(|source| owner.cannot_run(program, source))?;
        let lifeline = shell.stdin.take();
        Ok(Self { shell, lifeline })
    }

    /// Has the server stopped, and waits for that.
    pub async fn finish(mut self) {
        drop(self.lifeline.take());
        while matches!(self.shell.try_wait(), Ok(None)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
