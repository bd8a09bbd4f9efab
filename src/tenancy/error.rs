//! What can go wrong between a repository and PostgreSQL, told apart by what the caller can do about it.

use std::time::Duration;

use tokio_postgres::error::{DbError as ServerError, Severity, SqlState};

use crate::error::{Error, ErrorKind};

/// The code of a request whose tenant's schema or role is not there.
pub const TENANT_UNAVAILABLE: &str = "tenant_unavailable";

/// A failed statement, or no connection to run it on.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection could be had in time.
    #[error("no database connection could be had: {0}")]
    NoConnection(String),
    /// The server did not let us in, or there is none.
    #[error("no connection to PostgreSQL at {at}: {reason}")]
    Unreachable {
        /// Host and port, or the socket.
        at: String,
        /// What the network or the server said.
        reason: String,
    },
    /// The connection ended under the statement, or the pooler before PostgreSQL has none for it. What a commit of that moment did is unknown.
    #[error("the connection was lost in statement `{statement}`")]
    Lost {
        /// Name of the statement.
        statement: &'static str,
        /// What PostgreSQL, the pooler or the network said.
        source: tokio_postgres::Error,
    },
    /// It needs a login that may make schemas and roles, and has another.
    #[error(
        "the login `{login}` may not make schemas and roles; set MIGRATION_DATABASE_URL to the address of one that may"
    )]
    MayNotChangeSchemas {
        /// Whose rights are too few.
        login: String,
    },
    /// The schema or the role of the tenant is not there; nothing was run.
    #[error("the tenant's schema cannot be entered")]
    ScopeLost {
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// The role fence held: the statement reached for something that is not the tenant's.
    #[error("statement `{statement}` reached outside its tenant's schema")]
    Fenced {
        /// Name of the statement.
        statement: &'static str,
        /// What PostgreSQL said (42501).
        source: tokio_postgres::Error,
    },
    /// A named constraint refused the change.
    #[error("constraint `{name}` refused the change")]
    Constraint {
        /// The constraint's name.
        name: String,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// The statement took longer than `DB_QUERY_TIMEOUT`, or was cancelled.
    #[error("statement `{statement}` was cancelled")]
    Cancelled {
        /// Name of the statement.
        statement: &'static str,
        /// What PostgreSQL said (57014).
        source: tokio_postgres::Error,
    },
    /// A kept statement of an open transaction met tables that had been changed since it was prepared. The transaction is lost; the next one works.
    #[error("statement `{statement}` was prepared before its tables changed")]
    Outdated {
        /// Name of the statement.
        statement: &'static str,
        /// What PostgreSQL said (0A000, 26000, 42703).
        source: tokio_postgres::Error,
    },
    /// Anything else that PostgreSQL or the connection said.
    #[error("statement `{statement}` failed")]
    Statement {
        /// Name of the statement.
        statement: &'static str,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// A statement before it failed, or was given up by its caller, so nothing more can be done with this connection's transaction.
    #[error(
        "the transaction was rolled back, because one of its statements had failed or was given up"
    )]
    Aborted,
    /// A stored value is not one of those that the code knows.
    #[error("column `{column}` holds a value that it must not: {reason}")]
    Inconsistent {
        /// The column.
        column: &'static str,
        /// Why.
        reason: String,
    },
    /// A row had another shape than the repository thinks.
    #[error("a row cannot be read")]
    Decode {
        /// What the driver said.
        source: tokio_postgres::Error,
    },
    /// A statement answered with another number of rows than it must.
    #[error("statement `{statement}` must answer with one row, it gave {rows}")]
    RowCount {
        /// Name of the statement.
        statement: &'static str,
        /// How many rows came.
        rows: usize,
    },
}

impl DbError {
    /// Sorts what the driver said about `statement`. `in_tenant` tells whether the unqualified tables were a tenant's.
    pub(super) fn from_driver(
        source: tokio_postgres::Error,
        statement: &'static str,
        in_tenant: bool,
    ) -> Self {
        let Some(db) = source.as_db_error() else {
            return if source.is_closed() {
                Self::Lost { statement, source }
            } else {
                Self::Statement { statement, source }
            };
        };
        if ends_connection(db) {
            return Self::Lost { statement, source };
        }
        let code = db.code();
        if let Some(name) = db.constraint().map(str::to_owned)
            && code.code().starts_with("23")
        {
            return Self::Constraint { name, source };
        }
        match *code {
            SqlState::INSUFFICIENT_PRIVILEGE if in_tenant => Self::Fenced { statement, source },
            SqlState::QUERY_CANCELED => Self::Cancelled { statement, source },
            // The tables are the code's own, so it is the schema that has gone.
            SqlState::UNDEFINED_TABLE if in_tenant => Self::ScopeLost { source },
            _ => Self::Statement { statement, source },
        }
    }

    /// PostgreSQL's code for the failure, if it was PostgreSQL that failed.
    pub fn sql_state(&self) -> Option<&str> {
        match self {
            Self::ScopeLost { source }
            | Self::Fenced { source, .. }
            | Self::Constraint { source, .. }
            | Self::Cancelled { source, .. }
            | Self::Outdated { source, .. }
            | Self::Lost { source, .. }
            | Self::Statement { source, .. } => source.code().map(SqlState::code),
            _ => None,
        }
    }

    /// Whether PostgreSQL's message has this in it.
    pub fn says(&self, words: &str) -> bool {
        match self {
            Self::Statement { source, .. } => source
                .as_db_error()
                .is_some_and(|db| db.message().contains(words)),
            _ => false,
        }
    }

    /// A lock was not to be had in time, or two waited for each other: worth another try.
    pub fn is_lock_timeout(&self) -> bool {
        matches!(self.sql_state(), Some("55P03" | "40P01"))
    }

    /// The server's table of locks is full: worth another try with less at once.
    pub fn is_out_of_locks(&self) -> bool {
        self.sql_state() == Some("53200")
    }

    /// The name of the constraint that refused the change, if that is the failure.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// Whether it was said as the last thing on the connection. A pooler says all that it has to say so, in whatever words and under whatever code,
/// and leaves out the field that is the same in all languages.
fn ends_connection(db: &ServerError) -> bool {
    match db.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => db.severity() == "FATAL",
    }
}

impl From<DbError> for Error {
    fn from(failure: DbError) -> Self {
        let (code, seconds, detail) = match &failure {
            DbError::NoConnection(_) => (
                "database_busy",
                5,
                "the database has no free connection; try again",
            ),
            DbError::Unreachable { .. } => (
                "database_busy",
                5,
                "the database cannot be reached now; try again",
            ),
            DbError::Lost { .. } => (
                "database_busy",
                5,
                "the database could not be reached to the end; try again",
            ),
            DbError::Outdated { .. } => (
                "database_busy",
                1,
                "the tables that this needs were being changed, and nothing was done; try again",
            ),
            DbError::MayNotChangeSchemas { .. } => (
                "schema_changes_off",
                5,
                "this server may not make, change or copy tenants' schemas; ask one that may, or the operators, who set MIGRATION_DATABASE_URL",
            ),
            DbError::ScopeLost { .. } => (
                TENANT_UNAVAILABLE,
                5,
                "this tenant's data cannot be reached now; the operators have been told",
            ),
            DbError::Cancelled { .. } => (
                "query_timeout",
                5,
                "the database took too long to answer; try again, or ask for less",
            ),
            locked if locked.sql_state() == Some("55P03") => (
                "tenant_busy",
                5,
                "somebody else is at work on this tenant, such as a migration, and nothing was done; try again",
            ),
            _ => return Self::internal(failure),
        };
        Self::new(ErrorKind::Unavailable, code, detail)
            .retry_after(Duration::from_secs(seconds))
            .caused_by(failure)
    }
}
