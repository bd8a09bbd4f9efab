//! Where development mode keeps and finds its private PostgreSQL.

use std::env;
use std::path::{Path, PathBuf};

use super::env::{Reader, Reported};
use super::variable::{Fallback, Group, Variable};

const DATA_DIR: Variable = Variable {
    name: "DATA_DIR",
    default: Fallback::Value("./data"),
    shape: "the path of a folder",
    doc: "Where development mode keeps its PostgreSQL and its generated secret.",
    secret: false,
};
const PG_BIN_DIR: Variable = Variable {
    name: "PG_BIN_DIR",
    default: Fallback::Computed("an installed PostgreSQL, else one that is downloaded"),
    shape: "the path of the folder that holds `initdb` and `postgres`",
    doc: "PostgreSQL programs that development mode uses.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Development",
    variables: &[DATA_DIR, PG_BIN_DIR],
};

/// Where development mode keeps and finds its private PostgreSQL.
#[derive(Debug, Clone)]
pub struct DevConfig {
    /// The private PostgreSQL's data and the generated secret.
    pub data_dir: PathBuf,
    /// Where the PostgreSQL programs are, where that is given.
    pub pg_bin_dir: Option<PathBuf>,
    /// Folders of the system's `PATH`, in order.
    pub program_dirs: Vec<PathBuf>,
    /// Where downloaded programs are kept.
    pub cache_dir: PathBuf,
    /// The system's folder for temporary files.
    pub temporary_dir: PathBuf,
}

impl DevConfig {
    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader) -> Result<Self, Reported> {
        let data_dir: Result<PathBuf, _> = reader.value(&DATA_DIR, str::parse);
        let pg_bin_dir = reader.optional(&PG_BIN_DIR, str::parse);
        let program_dirs = reader
            .foreign("PATH")
            .map(|path| env::split_paths(&path).collect());
        let data_dir = data_dir?;
        Ok(Self {
            cache_dir: cache_dir(reader, &data_dir),
            temporary_dir: reader
                .foreign("TMPDIR")
                .map_or_else(|| "/tmp".into(), PathBuf::from),
            data_dir,
            pg_bin_dir: pg_bin_dir?,
            program_dirs: program_dirs.unwrap_or_default(),
        })
    }
}

/// The user's cache by the XDG rules, which say that a relative path is to be ignored.
fn cache_dir(reader: &Reader, data_dir: &Path) -> PathBuf {
    let folder = |name| {
        reader
            .foreign(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .map_or_else(|| data_dir.join("cache"), |cache| cache.join("tenantry"))
}
