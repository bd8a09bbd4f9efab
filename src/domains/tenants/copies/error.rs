//! What can go wrong with copies of tenants, and what it means.

use std::time::Duration;

use super::super::error::TenantsError;
use super::file::FileError;
use crate::error::{Error, ErrorKind, FieldError};
use crate::tenancy::DbError;

/// Somebody has to configure the folder first.
const WAIT: Duration = Duration::from_mins(5);

/// A copy that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The deployment has no folder for exports.
    #[error(
        "exports are off here; set EXPORT_DIR to a folder that all nodes share, or use `tenantry tenant export`"
    )]
    Off,
    /// Where exports are, there are no other folders.
    #[error(
        "expected the name of a file in EXPORT_DIR, such as `acme.tar`, without a path; got {0:?}"
    )]
    Name(String),
    /// It is not there.
    #[error("there is no export `{0}` in EXPORT_DIR")]
    NoFile(String),
    /// The operation has no file.
    #[error(
        "this operation has no file: it is no export, or one that is still at work or has failed; read its `kind` and `status`"
    )]
    NoExport,
    /// Somebody took it away.
    #[error("the export `{0}` is not in EXPORT_DIR any more; export the tenant again")]
    Gone(String),
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The platform's people are operators; in a tenant they would be nothing.
    #[error("the platform's own tenant cannot be copied")]
    Platform,
    /// It has a name that no tenant gets now.
    #[error(
        "expected 1 to 200 characters in the source's name, without NUL; give the new tenant another (`--name`, `\"name\"`)"
    )]
    SourceName,
    /// Its migrations never succeeded.
    #[error(
        "the tenant was never migrated, so there is nothing to copy; run `tenantry migrate run`"
    )]
    NotMigrated,
    /// A newer program has migrated the source.
    #[error(
        "the tenant is at version {version}, and this binary knows {newest}; copy it with the binary that migrated it or a newer one"
    )]
    Ahead {
        /// The source's.
        version: i32,
        /// This program's.
        newest: i32,
    },
    /// Nobody has said what becomes of the table.
    #[error(
        "a migration made the table `{0}`, and nothing says whether it goes into a copy; who wrote the migration adds it to one of the lists in src/domains/tenants/copies/tables.rs"
    )]
    Undecided(String),
    /// Somebody migrated the source at the same time.
    #[error("the table `{0}` was rewritten at the same moment, perhaps by a migration; try again")]
    Rewritten(String),
    /// The source's rows do not add up.
    #[error("expected {expected} rows in the table `{table}`, got {got}; the copy is refused")]
    Rows {
        /// The table.
        table: String,
        /// As many as were promised.
        expected: u64,
        /// As many as came.
        got: u64,
    },
    /// This program lacks migrations that the rows need.
    #[error(
        "the export's schema is at version {found}, newer than this program's {newest}; use the program that it comes from or a newer one"
    )]
    Newer {
        /// The export's.
        found: i32,
        /// This program's.
        newest: i32,
    },
    /// Its migrations are others.
    #[error(
        "the export's migrations up to version {0} are not those of this program; use the program that it comes from"
    )]
    OtherMigrations(i32),
    /// Its structure is another, for somebody changed it by hand.
    #[error(
        "the structure of the source is not what its migrations make: {0}; mend it (`tenantry migrate drift`) and copy again"
    )]
    Structure(String),
    /// Second factors that nobody could use.
    #[error(
        "{rows} second factors and recovery codes would be worthless here: {why}; or leave them behind by `--without-second-factors` (`\"without_second_factors\": true`), after which a password alone signs these users in"
    )]
    Sealed {
        /// How many.
        rows: u64,
        /// What keeps them closed, and what opens them.
        why: &'static str,
    },
    /// An export whose second factors no import could take.
    #[error(
        "neither APP_SECRET nor JWT_SECRET is set, so the file could not say what its {0} second factors and recovery codes are sealed under, and no import would take them; set the secret that the server has"
    )]
    NoSeal(u64),
    /// In a tenant there are none.
    #[error(
        "a user of the export has the role super_admin, which is the platform's alone; the import is refused"
    )]
    Operators,
    /// PostgreSQL refused the rows.
    #[error("the rows are refused: {0}")]
    Refused(String),
}

/// Characters kept of what PostgreSQL says.
const SAID: usize = 500;

impl CopyError {
    /// What PostgreSQL has against the rows of `what`. A failure that is not about them stays what it is.
    pub(super) fn refused(what: &str, failure: DbError) -> TenantsError {
        let is_gone = matches!(failure, DbError::Lost { .. });
        if is_gone || failure.sql_state().is_none() || failure.is_lock_timeout() {
            return failure.into();
        }
        let mut said: &dyn std::error::Error = &failure;
        while let Some(cause) = said.source() {
            said = cause;
        }
        let said = said.to_string();
        // PostgreSQL quotes the value that it refuses, however long.
        let said: String = said
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(SAID)
            .collect();
        Self::Refused(format!("{what}: {said}")).into()
    }
}

impl From<CopyError> for Error {
    fn from(error: CopyError) -> Self {
        let detail = error.to_string();
        let at =
            |pointer, code| Self::validation(vec![FieldError::new(pointer, code, detail.clone())]);
        match error {
            CopyError::Off => {
                Self::new(ErrorKind::Unavailable, "exports_off", detail).retry_after(WAIT)
            }
            CopyError::NoExport => Self::new(ErrorKind::NotFound, "no_export", detail),
            CopyError::Gone(_) => Self::new(ErrorKind::Gone, "export_gone", detail),
            CopyError::Name(_) => at("/file", "format"),
            CopyError::NoFile(_) => at("/file", "unknown_file"),
            CopyError::Platform => Self::new(ErrorKind::Conflict, "invalid_transition", detail),
            _ => Self::new(ErrorKind::Conflict, "copy_refused", detail),
        }
    }
}
