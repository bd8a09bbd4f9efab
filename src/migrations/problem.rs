//! What PostgreSQL said about a text, and where in the text.

use std::error::Error;
use std::fmt;

use serde::Serialize;
use tokio_postgres::error::{DbError as Said, ErrorPosition};

use super::fleet::chain;
use super::text;
use crate::tenancy::DbError;

/// An error of a migration's SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlProblem {
    /// `SQLSTATE`; `None` where it was not PostgreSQL that failed.
    pub code: Option<String>,
    /// What it said, with detail and hint.
    pub message: String,
    /// The line of the file, from 1, where PostgreSQL names a place.
    pub line: Option<usize>,
    /// What stands there.
    pub text: Option<String>,
}

impl SqlProblem {
    /// Reads an error of a statement that was sent as `sql` alone.
    pub(super) fn of(error: &DbError, sql: &str) -> Self {
        let Some(said) = said(error) else {
            return Self::plain(chain(error));
        };
        let mut message = said.message().to_owned();
        let hint = message.starts_with(text::REFUSED).then_some(text::TAKE_OUT);
        for more in [said.detail(), said.hint(), hint].into_iter().flatten() {
            message.push_str("; ");
            message.push_str(more);
        }
        let line = match said.position() {
            Some(ErrorPosition::Internal { position, query })
                if query.trim_end() == sql.trim_end() =>
            {
                Some(line_at(sql, *position))
            }
            _ => None,
        };
        Self {
            code: Some(said.code().code().to_owned()),
            message,
            line,
            text: line.and_then(|line| Some(sql.lines().nth(line - 1)?.trim().to_owned())),
        }
    }

    /// One of ours.
    pub(super) fn plain(message: String) -> Self {
        Self {
            code: None,
            message,
            line: None,
            text: None,
        }
    }
}

impl fmt::Display for SqlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, "{code} ")?;
        }
        f.write_str(&self.message)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ": {text}")?;
        }
        Ok(())
    }
}

fn said(error: &DbError) -> Option<&Said> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(said) = error.downcast_ref::<Said>() {
            return Some(said);
        }
        next = error.source();
    }
    None
}

/// The line, from 1, of the character `at`, from 1.
fn line_at(sql: &str, at: u32) -> usize {
    let before = sql.chars().take((at as usize).saturating_sub(1));
    before.filter(|c| *c == '\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::line_at;

    #[test]
    fn position_counts_characters_and_not_bytes() {
        let sql = "-- für alle\nSELECT 1;\nSELECT x;";
        assert_eq!(line_at(sql, 1), 1);
        assert_eq!(line_at(sql, 12), 1, "the end of the first line");
        assert_eq!(line_at(sql, 13), 2);
        assert_eq!(line_at(sql, 30), 3);
    }
}
