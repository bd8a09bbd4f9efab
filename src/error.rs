//! The one error that crosses slices: what kind of failure, a stable code, and words for a person.
//!
//! It knows no HTTP and no SQL. Each slice has its own typed error that converts into this one; `api::problem` maps the kind to a status.

use std::time::Duration;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Characters of one cause that a log line holds.
const LONGEST_CAUSE: usize = 2000;

/// What a failure means to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be understood.
    Malformed,
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// The credential holds, but does not allow this.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The request clashes with the present state.
    Conflict,
    /// It was there, and is no more.
    Gone,
    /// The request is understood, but its values are not acceptable.
    Invalid,
    /// Too many requests of this kind.
    RateLimited,
    /// It cannot be served now; trying again later makes sense.
    Unavailable,
    /// Our own fault. The cause is for the log alone.
    Internal,
}

/// One value that was not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the value in the request body, for example `/admin/email`.
    pub pointer: String,
    /// Stable, `snake_case`: `too_short`, `unknown_field`, …
    pub code: &'static str,
    /// What was expected, and what came.
    pub detail: String,
}

impl FieldError {
    /// A mistake at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        }
    }
}

/// A failure with its meaning.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    kind: ErrorKind,
    code: &'static str,
    detail: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

/// A result that fails with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of `kind` with its stable code and a sentence that says what was expected, what came and what to do.
    pub fn new(kind: ErrorKind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            source: None,
        }
    }

    /// Our own fault: the caller learns nothing of `source`, the log all of it.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::new(
            ErrorKind::Internal,
            "internal_error",
            "something failed on our side; try again, and name the request id if it stays",
        )
        .caused_by(source)
    }

    /// Values that are not acceptable, each with its pointer.
    pub fn validation(fields: Vec<FieldError>) -> Self {
        Self::new(
            ErrorKind::Invalid,
            "validation_failed",
            "the request has values that are not acceptable; see `errors`",
        )
        .with_fields(fields)
    }

    /// The thing asked for does not exist for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorKind::NotFound,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// Names the single parts that failed.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }

    /// It makes sense to try again after `delay`.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the failure means.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Stable, `snake_case`; programs branch on it.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// For a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The single parts that failed, such as values that were not acceptable.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// When trying again makes sense.
    pub fn delay(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The cause and its causes, in one line, for the log; the first of them where they are very long.
    pub fn chain(&self) -> String {
        let mut line = self.detail.clone();
        let mut next = self.source.as_deref().map(|s| s as &dyn std::error::Error);
        while let Some(cause) = next {
            line.push_str(": ");
            // PostgreSQL quotes what it refuses, and that may be a file.
            line.extend(cause.to_string().chars().take(LONGEST_CAUSE));
            next = cause.source();
        }
        line
    }
}
