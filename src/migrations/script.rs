//! What refinery would run in a schema, written down instead of run, so that it can be sent without waiting between its parts.
//!
//! Invariant: refinery decides. It reads the history that was read for it, verifies it against the files, and writes the history's lines.

use std::convert::Infallible;

use refinery_core::error::Kind;
use refinery_core::traits::sync::{Migrate, Query, Transaction};
use refinery_core::{Migration, Runner};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::apply::ApplyError;
use super::place::Changed;
use crate::tenancy::{DbError, TextRow, quote_ident};

/// refinery's history table.
const HISTORY: &str = "refinery_schema_history";

/// One migration that a schema does not have yet.
#[derive(Debug)]
pub(super) struct Piece {
    /// Its version.
    pub(super) version: i32,
    /// As its file is named: `V5__add_notes`.
    pub(super) name: String,
    /// Its text.
    pub(super) sql: String,
    /// The statement that writes it into the history.
    pub(super) record: String,
}

/// Creates the history table in `schema` where there is none.
pub(super) fn create_history(schema: &str) -> String {
    Recorder::assert_migrations_table_query(&history_of(schema))
}

/// Asks for the history of `schema`, which must have one; [`missing`] wants the rows.
pub(super) fn read_history(schema: &str) -> String {
    Recorder::get_applied_migrations_query(&history_of(schema))
}

/// The last migration of a history; 0 is none.
pub(super) fn newest(history: &[TextRow]) -> Result<i32, DbError> {
    let mut versions = history.iter().map(|row| row.get("version"));
    versions.try_fold(0, |newest: i32, version| Ok(newest.max(version?)))
}

/// What `schema` does not have yet, in order. A schema that is ahead of `migrations` misses nothing.
///
/// # Errors
/// When the history and the migrations contradict each other, or the history cannot be read.
pub(super) fn missing(
    schema: &str,
    history: &[TextRow],
    migrations: &[Migration],
) -> Result<Vec<Piece>, ApplyError> {
    let history = history.iter().map(applied).collect::<Result<_, _>>()?;
    let mut runner = Runner::new(migrations)
        .set_abort_missing(false)
        .set_grouped(true);
    runner.set_migration_table_name(history_of(schema));
    let mut recorder = Recorder {
        history,
        records: Vec::new(),
    };
    let report = runner
        .run(&mut recorder)
        .map_err(|error| match error.kind() {
            Kind::DivergentVersion(applied, file) => Changed::new(applied, file).into(),
            _ => ApplyError::from(error),
        })?;
    let applied = report.applied_migrations().iter().zip(recorder.records);
    let piece = |(migration, record): (&Migration, String)| Piece {
        version: migration.version(),
        name: migration.to_string(),
        sql: migration.sql().unwrap_or_default().to_owned(),
        record,
    };
    Ok(applied.map(piece).collect())
}

fn history_of(schema: &str) -> String {
    format!("{}.{HISTORY}", quote_ident(schema))
}

fn applied(row: &TextRow) -> Result<Migration, DbError> {
    let on: String = row.get("applied_on")?;
    let on = OffsetDateTime::parse(&on, &Rfc3339).map_err(|e| DbError::Inconsistent {
        column: "applied_on",
        reason: e.to_string(),
    })?;
    let name = row.get("name")?;
    Ok(Migration::applied(
        row.get("version")?,
        name,
        on,
        row.get("checksum")?,
    ))
}

/// What refinery takes for a database.
struct Recorder {
    history: Vec<Migration>,
    records: Vec<String>,
}

impl Transaction for Recorder {
    type Error = Infallible;

    fn execute<'a, T: Iterator<Item = &'a str>>(&mut self, texts: T) -> Result<usize, Infallible> {
        let texts: Vec<&str> = texts.collect();
        // Each migration comes with its line for the history; what comes alone makes the table, which is there.
        for pair in texts.chunks_exact(2) {
            self.records.push(pair[1].to_owned());
        }
        Ok(texts.len())
    }
}

impl Query<Vec<Migration>> for Recorder {
    fn query(&mut self, _: &str) -> Result<Vec<Migration>, Infallible> {
        Ok(std::mem::take(&mut self.history))
    }
}

impl Migrate for Recorder {}
