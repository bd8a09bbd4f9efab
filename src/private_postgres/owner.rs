//! Whose processes and files the server's are: PostgreSQL refuses root, so root hands everything to `postgres` or `nobody`.
//! Invariant: children of an [`Owner`] see none of our environment (`PGDATA`, `PGOPTIONS`, …) and none of our groups.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use super::Error;

/// The user the server runs as.
pub(super) struct Owner {
    user: User,
    /// We are root and must become `user` first.
    switch: bool,
}

impl Owner {
    /// Picks the user: oneself, or for root the owner of the data if there is any, else `postgres`, else `nobody`.
    pub fn choose(cluster: Option<&Path>) -> Result<Self, Error> {
        let me = Uid::effective();
        let data = match cluster {
            Some(path) => Some(Uid::from_raw(
                std::fs::metadata(path)
                    .map_err(Error::file("look at", path))?
                    .uid(),
            )),
            None => None,
        };
        if !me.is_root() {
            let user = account(me)?;
            return match (cluster, data) {
                (Some(path), Some(uid)) if uid != me => Err(Error::ForeignData {
                    path: path.to_path_buf(),
                    owner: uid.as_raw(),
                    user: user.name,
                }),
                _ => Ok(Self {
                    user,
                    switch: false,
                }),
            };
        }
        let named = |name| User::from_name(name).ok().flatten();
        let user = match data.filter(|uid| !uid.is_root()) {
            Some(uid) => account(uid)?,
            None => named("postgres")
                .or_else(|| named("nobody"))
                .ok_or(Error::NoUser)?,
        };
        Ok(Self { user, switch: true })
    }

    pub fn name(&self) -> &str {
        &self.user.name
    }

    pub fn uid(&self) -> u32 {
        self.user.uid.as_raw()
    }

    /// Whether the files of the server belong to somebody else than this process.
    pub fn is_other(&self) -> bool {
        self.switch
    }

    /// A command that runs as this user in `dir`, in a process group of its own so that Ctrl-C in the terminal does not
    /// reach it before its owner has drained.
    pub fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if self.switch {
            // The standard library clears root's supplementary groups before it changes the user.
            command.uid(self.uid()).gid(self.user.gid.as_raw());
        }
        command
    }

    /// Makes `path` this user's.
    pub fn give(&self, path: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        chown(path, Some(self.uid()), Some(self.user.gid.as_raw()))
            .map_err(Error::file("change the owner of", path))
    }

    /// Whether this user can stand in `dir`: asked of the system, since modes alone do not tell about ACLs and namespaces.
    pub async fn can_enter(&self, dir: &Path) -> Result<bool, Error> {
        if !self.switch {
            return Ok(true);
        }
        let shell = Path::new("/bin/sh");
        let mut command = self.command(shell, Path::new("/"));
        command.args(["-c", "cd \"$1\"", "sh"]).arg(dir);
        let status = tokio::process::Command::from(command).status().await;
        Ok(status
            .map_err(|source| self.cannot_run(shell, source))?
            .success())
    }

    pub fn cannot_run(&self, program: &Path, source: std::io::Error) -> Error {
        Error::Run {
            program: program.to_path_buf(),
            user: self.user.name.clone(),
            source,
        }
    }
}

fn account(uid: Uid) -> Result<User, Error> {
    User::from_uid(uid)
        .ok()
        .flatten()
        .ok_or(Error::Nameless { uid: uid.as_raw() })
}
