//! An export on its way out: entries become bytes chunk by chunk, as fast as the client takes them.
//!
//! Invariant: one chunk is in memory at a time, and a failure on the way breaks the answer off instead of ending it.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use poem::Body;
use poem_openapi::types::ToJSON;

use super::audit_bodies::EntryOut;
use crate::domains::audit::{Entry, Export};
use crate::error::Error;

const COLUMNS: [&str; 16] = [
    "seq",
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "impersonator_id",
    "reason",
    "action",
    "resource",
    "resource_id",
    "before",
    "after",
    "address",
    "user_agent",
    "request_id",
    "hash",
];

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Ndjson,
    Csv,
}

/// The body of an export. Its first chunk is read before the answer begins, so that what fails then is a problem like any other.
pub(super) async fn stream(mut export: Export, form: Form) -> Result<Body, Error> {
    let mut first = match form {
        Form::Ndjson => Vec::new(),
        Form::Csv => {
            csv_rows(std::iter::once(COLUMNS.map(str::to_owned))).map_err(Error::internal)?
        }
    };
    first.extend(bytes_of(export.next().await?, form).map_err(Error::internal)?);
    let rest = stream::try_unfold(export, move |mut export| async move {
        let entries = export.next().await.map_err(break_off)?;
        if entries.is_empty() {
            return Ok(None);
        }
        Ok(Some((Bytes::from(bytes_of(entries, form)?), export)))
    });
    let first = stream::once(async { Ok::<_, io::Error>(Bytes::from(first)) });
    Ok(Body::from_bytes_stream(first.chain(rest)))
}

/// The answer has begun, so nobody above can log this any more. The server breaks a connection off whose answer fails.
fn break_off(error: impl Into<Error>) -> io::Error {
    let error = error.into().chain();
    tracing::error!(error, "an audit export broke off");
    io::Error::other(error)
}

fn bytes_of(entries: Vec<Entry>, form: Form) -> io::Result<Vec<u8>> {
    let entries = entries.into_iter().map(EntryOut::from);
    match form {
        Form::Ndjson => Ok(entries
            .flat_map(|entry| (entry.to_json_string() + "\n").into_bytes())
            .collect()),
        Form::Csv => csv_rows(entries.map(cells)),
    }
}

/// RFC 4180: commas, quotes where they are needed, CRLF.
fn csv_rows(rows: impl Iterator<Item = [String; 16]>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.map(harmless))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn cells(entry: EntryOut) -> [String; 16] {
    let text = Option::unwrap_or_default;
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let json = |value: Option<serde_json::Value>| value.map(|v| v.to_string()).unwrap_or_default();
    [
        entry.seq.to_string(),
        entry.id.to_string(),
        entry.at.to_rfc3339(),
        entry.actor_kind,
        id(entry.actor_id),
        id(entry.impersonator_id),
        text(entry.reason),
        entry.action,
        entry.resource,
        id(entry.resource_id),
        json(entry.before),
        json(entry.after),
        text(entry.address),
        text(entry.user_agent),
        text(entry.request_id),
        entry.hash,
    ]
}

/// Spreadsheets run what begins so as a formula; a quote in front makes it text (OWASP, CSV injection).
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_are_formulas_or_hold_separators_come_out_as_text() {
        let mut row = [const { String::new() }; 16];
        row[0] = "=HYPERLINK(\"http://evil\")".to_owned();
        row[1] = "a,b \"c\"\nd".to_owned();
        row[2] = "-1".to_owned();
        row[3] = "plain=1".to_owned();
        let text = csv_rows(std::iter::once(row)).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "\"'=HYPERLINK(\"\"http://evil\"\")\",\"a,b \"\"c\"\"\nd\",'-1,plain=1,,,,,,,,,,,,\r\n"
        );
    }
}
