//! How a deployment copies tenants: where exports are that are asked for over HTTP, how large an import may be, and how many at a time.
//!
//! Invariant: over HTTP a file is named, never reached: the name is a plain one, and the file is in the folder.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::CopyError;

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CopyRules {
    folder: Option<PathBuf>,
    most: u64,
    turns: Arc<Semaphore>,
}

impl CopyRules {
    /// Exports are in `folder`; an import unpacks to `most` bytes; `at_once` copies are made at a time, each over up to two connections of
    /// the login that migrates.
    pub fn new(folder: Option<PathBuf>, most: u64, at_once: usize) -> Self {
        Self {
            folder,
            most,
            turns: Arc::new(Semaphore::new(at_once.max(1))),
        }
    }

    /// Most bytes that an import's rows may have.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    /// Waits for a turn, which lasts as long as the value. `None` never comes: nobody closes the queue.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Where an export of this name will be. What killed exports have left is taken away.
    pub(super) fn new_file(&self, name: &str) -> Result<PathBuf, CopyError> {
        let folder = self.folder.as_ref().ok_or(CopyError::Off)?;
        let failed = |source| super::file::FileError::Io {
            path: folder.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
            let path = entry.path();
            let is_part = path.extension().is_some_and(|end| end == "part");
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            // A living export holds its lock.
            if is_part && is_file && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(folder.join(plain(name)?))
    }

    /// An export that is there.
    pub(super) fn file(&self, name: &str) -> Result<PathBuf, CopyError> {
        let folder = self.folder.as_ref().ok_or(CopyError::Off)?;
        let path = folder.join(plain(name)?);
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        if is_file {
            Ok(path)
        } else {
            Err(CopyError::NoFile(name.to_owned()))
        }
    }
}

/// Letters, digits and `.-_`, at most 200, and no `.` first: neither another folder nor a hidden file.
fn plain(name: &str) -> Result<&str, CopyError> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_plain = (1..=200).contains(&name.len()) && !name.starts_with('.');
    if is_plain && name.chars().all(known) && !name.to_ascii_lowercase().ends_with(".part") {
        Ok(name)
    } else {
        Err(CopyError::Name(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reaches_nothing_outside_the_folder() {
        for name in ["acme.tar", "acme-2026_11.tar", "a"] {
            assert!(plain(name).is_ok(), "{name}");
        }
        let long = "a".repeat(201);
        for name in [
            "",
            ".",
            "..",
            "../a",
            "/etc/passwd",
            "a/b",
            "a\\b",
            ".hidden",
            "a\0b",
            "a b",
            "ä",
            "a.part",
            &long,
        ] {
            assert!(plain(name).is_err(), "{name:?}");
        }
    }
}
