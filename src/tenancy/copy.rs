//! A whole table's rows, streamed in PostgreSQL's COPY text format: for taking a tenant out, and for putting one in.
//!
//! Invariant: a COPY names one table of the schema that its transaction has entered, and columns of it, all quoted; nothing else can be
//! said in it.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::ddl::DdlTransaction;
use super::error::DbError;
use super::name::quote_ident;
use super::session::Scoped;

/// Rows on their way out. Dropping it halfway ends the transaction and its connection.
pub struct CopyOut<'t> {
    scoped: &'t mut Scoped,
    stream: Pin<Box<CopyOutStream>>,
}

/// Rows on their way in. Dropping it halfway ends the transaction and its connection.
pub struct CopyIn<'t> {
    scoped: &'t mut Scoped,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl CopyOut<'_> {
    /// The next rows, in whole lines; `None` after the last.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, DbError> {
        match self.stream.next().await {
            Some(Ok(rows)) => Ok(Some(rows)),
            None => {
                self.scoped.lease().connection()?.copied();
                Ok(None)
            }
            Some(Err(error)) => {
                self.scoped.mark_failed();
                self.scoped.lease().connection()?.copied();
                Err(DbError::from_driver(error, "copy.out", false))
            }
        }
    }
}

impl CopyIn<'_> {
    /// Sends rows on, cut anywhere.
    ///
    /// # Errors
    /// When the connection is gone. What PostgreSQL has against the rows, [`CopyIn::finish`] tells.
    pub async fn send(&mut self, rows: Bytes) -> Result<(), DbError> {
        let sent = self.sink.send(rows).await;
        sent.map_err(|e| DbError::from_driver(e, "copy.in", false))
    }

    /// Ends the COPY. Answers with the number of rows.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn finish(mut self) -> Result<u64, DbError> {
        let rows = self.sink.as_mut().finish().await;
        if rows.is_err() {
            self.scoped.mark_failed();
        }
        self.scoped.lease().connection()?.copied();
        rows.map_err(|e| DbError::from_driver(e, "copy.in", false))
    }
}

impl DdlTransaction {
    /// All rows of a table of the entered schema, the columns in this order.
    ///
    /// # Errors
    /// See [`DbError`]; no schema was entered.
    pub async fn copy_out(
        &mut self,
        table: &str,
        columns: &[String],
    ) -> Result<CopyOut<'_>, DbError> {
        let scoped = self.scoped();
        let text = format!("COPY {} TO STDOUT", target(scoped, table, columns)?);
        let stream = scoped.lease().connection()?.copy_out(&text).await;
        if stream.is_err() {
            scoped.mark_failed();
        }
        Ok(CopyOut {
            stream: Box::pin(stream?),
            scoped,
        })
    }

    /// Adds rows to a table of the entered schema, the columns in this order.
    ///
    /// # Errors
    /// See [`DbError`]; no schema was entered.
    pub async fn copy_in(
        &mut self,
        table: &str,
        columns: &[String],
    ) -> Result<CopyIn<'_>, DbError> {
        let scoped = self.scoped();
        let text = format!("COPY {} FROM STDIN", target(scoped, table, columns)?);
        let sink = scoped.lease().connection()?.copy_in(&text).await;
        if sink.is_err() {
            scoped.mark_failed();
        }
        Ok(CopyIn {
            sink: Box::pin(sink?),
            scoped,
        })
    }
}

fn target(scoped: &Scoped, table: &str, columns: &[String]) -> Result<String, DbError> {
    let schema = scoped.schema().ok_or_else(|| DbError::Inconsistent {
        column: "search_path",
        reason: format!("expected an entered schema to copy `{table}` of, got none"),
    })?;
    let columns: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    Ok(format!(
        "{}.{} ({})",
        schema.quoted(),
        quote_ident(table),
        columns.join(", ")
    ))
}
