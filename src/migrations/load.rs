//! Migrations read from files, and what is wrong with them before any of their SQL runs.

use std::path::Path;

use refinery_core::{Migration, load_sql_migrations};

use super::outside::HEADER;
use super::set::COMPATIBLE_WITH;
use super::text;

/// Why migrations cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or a file of it.
    #[error("the migrations in `{dir}` cannot be read; expected files such as `V5__add_notes.sql`")]
    Folder {
        /// The folder.
        dir: String,
        /// What refinery said.
        source: refinery_core::Error,
    },
    /// Two files, one version.
    #[error("two {kind} migrations have the version {version}; give one of them another")]
    Repeated {
        /// `public` or `tenant`.
        kind: &'static str,
        /// The version.
        version: i32,
    },
    /// A draft that nobody has written yet.
    #[error(
        "`{kind}/{file}.sql` holds no statement; write what it does, or `SELECT 1;` where that is nothing"
    )]
    Empty {
        /// `public` or `tenant`.
        kind: &'static str,
        /// The file's name without `.sql`.
        file: String,
    },
    /// It would end the transaction that it runs in, and half of it would stay.
    #[error(
        "migration {version} says `{found}`; it runs in a transaction with its history and the ledger, so take BEGIN, COMMIT and ROLLBACK out of it"
    )]
    TransactionControl {
        /// The migration's version.
        version: i32,
        /// What it says.
        found: &'static str,
    },
    /// It has no migration.
    #[error(
        "`undo/{kind}/U{version}__{name}.sql` belongs to no migration; expected `{kind}/V{version}__{name}.sql` beside it"
    )]
    UndoesNothing {
        /// `public` or `tenant`.
        kind: &'static str,
        /// The script's version.
        version: i32,
        /// The script's name.
        name: String,
    },
    /// Undo scripts have no other way than their transaction.
    #[error(
        "`undo/{kind}/U{version}__{name}.sql` runs in a transaction, and PostgreSQL refuses a statement of it there; \
         write DROP INDEX or CREATE INDEX without CONCURRENTLY, which locks the table until the commit, and leave VACUUM and `{HEADER}` out"
    )]
    UndoOutside {
        /// `public` or `tenant`.
        kind: &'static str,
        /// The script's version.
        version: i32,
        /// The script's name.
        name: String,
    },
    /// It cannot run in a transaction, and not without one either.
    #[error("migration {version} cannot run so: {reason}")]
    Outside {
        /// The migration's version.
        version: i32,
        /// Why.
        reason: &'static str,
    },
    /// The shared tables change in one transaction.
    #[error(
        "migration {version} of the shared tables says `{HEADER}`; these run in one transaction, so take it out"
    )]
    OutsidePublic {
        /// The migration's version.
        version: i32,
    },
    /// Its header is no number.
    #[error("`{COMPATIBLE_WITH}` in migration {version} wants a version number, found `{found}`")]
    Header {
        /// The migration's version.
        version: i32,
        /// What stands there.
        found: String,
    },
}

pub(super) fn load(dir: &Path) -> Result<Vec<Migration>, LoadError> {
    load_sql_migrations(dir).map_err(|source| LoadError::Folder {
        dir: dir.display().to_string(),
        source,
    })
}

pub(super) fn refuse_repeats(kind: &'static str, sorted: &[Migration]) -> Result<(), LoadError> {
    match sorted
        .windows(2)
        .find(|pair| pair[0].version() == pair[1].version())
    {
        Some(pair) => Err(LoadError::Repeated {
            kind,
            version: pair[0].version(),
        }),
        None => Ok(()),
    }
}

pub(super) fn refuse_empty(kind: &'static str, migration: &Migration) -> Result<(), LoadError> {
    if text::has_statement(migration.sql().unwrap_or_default()) {
        return Ok(());
    }
    Err(LoadError::Empty {
        kind,
        file: migration.to_string(),
    })
}

pub(super) fn refuse_transaction_control(migration: &Migration) -> Result<(), LoadError> {
    match text::transaction_control(migration.sql().unwrap_or_default()) {
        None => Ok(()),
        Some(found) => Err(LoadError::TransactionControl {
            version: migration.version(),
            found,
        }),
    }
}
