//! Which PostgreSQL programs to use: the given, else the installed, else the fetched ones.
//! Invariant: they are of the data's major version, or there is no data yet; programs that the server's user cannot run do not count.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Options, download, home, home::Home, owner::Owner};

/// The oldest major version the product supports.
pub(super) const MINIMUM: u32 = 14;

/// Where packages put their programs, one version beside the other: a directory, and what comes before and after the version below it.
const INSTALLATIONS: [(&str, &str, &str); 8] = [
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // Red Hat, SUSE
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/usr/local", "pgsql", "bin"), // built from source
];

/// A directory with `postgres`, `initdb` and `pg_ctl`.
pub(super) struct Binaries {
    pub dir: PathBuf,
    /// The major version.
    pub version: u32,
}

impl Binaries {
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Looks whether `dir` holds programs that `owner` can run, of a version that will do.
    async fn at(dir: &Path, owner: &Owner) -> Option<Self> {
        // Resolved, since a directory of links such as /usr/local/bin need not link everything that is needed.
        let dir = dir
            .join("postgres")
            .canonicalize()
            .ok()?
            .parent()?
            .to_path_buf();
        if !dir.join("initdb").exists() || !dir.join("pg_ctl").exists() {
            return None;
        }
        let mut command = owner.command(dir.join("postgres"), Path::new("/"));
        command.arg("--version");
        let output = tokio::process::Command::from(command)
            .stdout(std::process::Stdio::piped())
            .output()
            .await
            .ok()?;
        let version = major(&String::from_utf8_lossy(&output.stdout))?;
        (version >= MINIMUM).then_some(Self { dir, version })
    }
}

/// Finds the programs for this data, or fetches them.
pub(super) async fn locate(
    options: &Options,
    home: &Home,
    owner: &Owner,
) -> Result<Binaries, Error> {
    let data = home.version()?;
    let found = match &options.bin_dir {
        Some(dir) => Binaries::at(dir, owner)
            .await
            .ok_or_else(|| Error::BinDir {
                path: dir.clone(),
                user: owner.name().to_owned(),
                minimum: MINIMUM,
            })?,
        None => match best(installed(options), data, owner).await {
            Some(found) => found,
            None => fetched(options, data, owner).await?,
        },
    };
    match data {
        Some(data) if data != found.version => Err(Error::OtherVersion {
            path: home.dir().to_path_buf(),
            data,
            bin_dir: found.dir,
            binaries: found.version,
        }),
        _ => Ok(found),
    }
}

/// Of several, those of the data's version, else the newest.
async fn best(dirs: Vec<PathBuf>, data: Option<u32>, owner: &Owner) -> Option<Binaries> {
    let mut best: Option<Binaries> = None;
    for dir in dirs {
        let Some(candidate) = Binaries::at(&dir, owner).await else {
            continue;
        };
        if Some(candidate.version) == data {
            return Some(candidate);
        }
        if best
            .as_ref()
            .is_none_or(|best| best.version < candidate.version)
        {
            best = Some(candidate);
        }
    }
    best
}

async fn fetched(options: &Options, data: Option<u32>, owner: &Owner) -> Result<Binaries, Error> {
    let cache = home::reachable(&options.cache_dir, owner, options).await?;
    let major = data.unwrap_or(download::MAJOR);
    let dir = download::fetch(&cache, major, options).await?.join("bin");
    Binaries::at(&dir, owner)
        .await
        .ok_or(Error::Fetched { path: dir })
}

fn installed(options: &Options) -> Vec<PathBuf> {
    let mut dirs = options.program_dirs.clone();
    for (parent, prefix, below) in INSTALLATIONS {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let versions =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        dirs.extend(versions.map(|entry| entry.path().join(below)));
    }
    dirs
}

/// The 17 of `postgres (PostgreSQL) 17.4 (Debian 17.4-1)`, also of `17beta1`.
fn major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let end = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn major_version_is_read_from_releases_and_betas() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(major("postgres: command not found"), None);
    }
}
