//! A new migration's file, with the rules in its head, and its undo script.
//!
//! Invariant: a file that exists is never written over.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use refinery_core::Migration;

use super::load::{LoadError, load};
use super::undo_scripts::Kind;

/// Longest name; the file's stays readable.
const LONGEST: usize = 60;

const HEAD: &str = "\
-- What this does, and why.
--
-- Rules (delete these lines):
-- * No BEGIN, COMMIT or ROLLBACK: it runs in one transaction with its history and the ledger.
-- * A line `compatible-with: N` in a comment says that binaries whose newest migration is N can work with the result. Leave it out where they cannot.
-- * What PostgreSQL allows outside of transactions only stands alone in a file; docs/fleet.md says how.
-- * Try it before it is merged: `tenantry migrate plan`. Once it is on main it is never edited.
";
const TENANT_RULES: &str = "\
-- * Names without a schema: the path holds the tenant's schema alone. Nothing refers to public.
";
const PUBLIC_RULES: &str = "\
-- * Names with their schema: `public.x`. The application's login gets its rights in src/migrations/grants.rs.
";

/// A migration's name: `add_notes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftName(String);

impl FromStr for DraftName {
    type Err = DraftError;

    fn from_str(text: &str) -> Result<Self, DraftError> {
        let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        if starts && text.chars().all(shape) && text.len() <= LONGEST && !text.ends_with('_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(DraftError::Name(text.to_owned()))
        }
    }
}

/// A migration to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called.
    pub name: DraftName,
    /// What it is for.
    pub kind: Kind,
    /// With an undo script.
    pub undo: bool,
}

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// It would be no good file name.
    #[error(
        "`{0}` is no name for a migration; expected up to 60 small letters, digits and `_`, such as `add_notes`"
    )]
    Name(String),
    /// The folder's migrations cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There is one with this name already.
    #[error("there is a migration of this name already: `{0}`; choose another name")]
    Exists(String),
    /// The file cannot be written.
    #[error("`{path}` cannot be written")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl Draft {
    /// Writes the files into `dir`, with the next version. Answers with their paths.
    ///
    /// # Errors
    /// When there is no such folder, the name is taken, or a file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<Vec<PathBuf>, DraftError> {
        let DraftName(name) = &self.name;
        let folder = dir.join(self.kind.folder());
        let present = load(&folder)?;
        if let Some(same) = present.iter().find(|file| file.name() == name) {
            return Err(DraftError::Exists(same.to_string()));
        }
        let newest = present.iter().map(Migration::version).max();
        let version = newest.unwrap_or(0) + 1;
        let rules = match self.kind {
            Kind::Public => PUBLIC_RULES,
            Kind::Tenant => TENANT_RULES,
        };
        let path = folder.join(format!("V{version}__{name}.sql"));
        create(&path, &format!("{HEAD}{rules}\n"))?;
        let mut paths = vec![path];
        if self.undo {
            let folder = dir.join("undo").join(self.kind.folder());
            let path = folder.join(format!("U{version}__{name}.sql"));
            let head = format!(
                "-- Takes V{version}__{name} back. Say what is lost with it.\n-- `tenantry migrate plan` checks that the structure is then as it was before.\n\n"
            );
            fs::create_dir_all(&folder).map_err(|source| failed(&folder, source))?;
            create(&path, &head)?;
            paths.push(path);
        }
        Ok(paths)
    }
}

fn create(path: &Path, text: &str) -> Result<(), DraftError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: io::Error) -> DraftError {
    DraftError::Write {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_snake_case() {
        for good in ["add_notes", "v2", "a"] {
            assert!(good.parse::<DraftName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "Add",
            "2nd",
            "a-b",
            "../a",
            "a b",
            "_a",
            "a_",
            &"a".repeat(61),
        ] {
            assert!(bad.parse::<DraftName>().is_err(), "{bad}");
        }
    }
}
