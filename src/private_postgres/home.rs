//! The data directory: which one it really is, and where things are in it.
//! Invariant: as root it is root's and only `cluster/` and `socket/` are the server's, so that the server's user cannot lead root astray.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nix::unistd::Uid;

use super::{Error, Options, owner::Owner};

/// Root's directories go here when the server's user cannot enter the ones asked for.
const ALTERNATIVES: &str = "/var/lib/tenantry";

/// A data directory, by its canonical path.
pub(super) struct Home {
    dir: PathBuf,
}

impl Home {
    /// The data directory that an earlier run made for `wanted`: there or, as root, at the alternative.
    pub fn existing(wanted: &Path) -> Option<Self> {
        let wanted = std::path::absolute(wanted).ok()?;
        let alternative = Uid::effective().is_root().then(|| alternative(&wanted));
        [Some(wanted), alternative]
            .into_iter()
            .flatten()
            .filter_map(|dir| Self::at(&dir).ok())
            .find(Self::has_cluster)
    }

    fn at(dir: &Path) -> Result<Self, Error> {
        let dir = dir.canonicalize().map_err(Error::file("open", dir))?;
        Ok(Self { dir })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn cluster(&self) -> PathBuf {
        self.dir.join("cluster")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    pub fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    /// Whether there is data. It is there whole or not at all, see `cluster::create`.
    pub fn has_cluster(&self) -> bool {
        self.cluster().is_dir()
    }

    /// The major version of the data, or `None` where there is none yet.
    pub fn version(&self) -> Result<Option<u32>, Error> {
        if !self.has_cluster() {
            return Ok(None);
        }
        let path = self.cluster().join("PG_VERSION");
        let content = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        content
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| Error::VersionFile { path, content })
    }

    pub fn read_password(&self) -> Result<String, Error> {
        let path = self.password_file();
        Ok(fs::read_to_string(&path)
            .map_err(Error::file("read the password in", &path))?
            .trim()
            .to_owned())
    }
}

/// Finds or makes the data directory, and picks the user whose the server is.
pub(super) async fn prepare(options: &Options) -> Result<(Home, Owner), Error> {
    if let Some(home) = Home::existing(&options.data_dir) {
        let owner = Owner::choose(Some(&home.cluster()))?;
        return Ok((home, owner));
    }
    let owner = Owner::choose(None)?;
    let dir = reachable(&options.data_dir, &owner, options).await?;
    Ok((Home::at(&dir)?, owner))
}

/// Makes `wanted`, or the alternative to it if the server's user could not enter that.
pub(super) async fn reachable(
    wanted: &Path,
    owner: &Owner,
    options: &Options,
) -> Result<PathBuf, Error> {
    let wanted = std::path::absolute(wanted).map_err(Error::file("resolve", wanted))?;
    if make_enterable(&wanted, owner).await? {
        return Ok(wanted);
    }
    let alternative = alternative(&wanted);
    if make_enterable(&alternative, owner).await? {
        (options.progress)(&format!(
            "root's PostgreSQL runs as user {}, who cannot enter {}; using {} instead",
            owner.name(),
            wanted.display(),
            alternative.display()
        ));
        return Ok(alternative);
    }
    Err(Error::Unreachable {
        user: owner.name().to_owned(),
        wanted,
        alternative,
    })
}

/// Makes `dir` if its nearest existing ancestor can be entered; says whether `dir` can be in the end.
async fn make_enterable(dir: &Path, owner: &Owner) -> Result<bool, Error> {
    let missing: Vec<&Path> = dir
        .ancestors()
        .take_while(|ancestor| !ancestor.exists())
        .collect();
    if let Some(existing) = dir.ancestors().find(|ancestor| ancestor.exists())
        && !owner.can_enter(existing).await?
    {
        return Ok(false);
    }
    // Not left to the umask: root's may be 077, which would lock the server's user out of what is made here.
    let mode = if owner.is_other() { 0o755 } else { 0o700 };
    for dir in missing.into_iter().rev() {
        make_dir(dir, mode)?;
    }
    owner.can_enter(dir).await
}

/// Makes one directory with exactly this mode; another process may have been faster.
pub(super) fn make_dir(dir: &Path, mode: u32) -> Result<(), Error> {
    match DirBuilder::new().mode(mode).create(dir) {
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(mode))
            .map_err(Error::file("set the mode of", dir)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::file("create", dir)(error)),
    }
}

fn alternative(wanted: &Path) -> PathBuf {
    Path::new(ALTERNATIVES).join(short_name(wanted))
}

/// A name for `path` that is short, the same in every run, and no other path's.
pub(super) fn short_name(path: &Path) -> String {
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        path.as_os_str().as_encoded_bytes(),
    );
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..9])
}
