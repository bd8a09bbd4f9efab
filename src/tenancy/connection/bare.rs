//! Transactions that put their scopes on themselves, statement by statement: for DDL, and for the control plane.
//!
//! Invariant: whatever they wore is gone when they end, so the connection wears nothing afterwards.

use std::pin::pin;

use futures_util::StreamExt;
use tokio_postgres::SimpleQueryMessage;

use super::{Connection, DbError, Row, Scope, ScopeRules, switch_failed};
use crate::tenancy::request::put_on;
use crate::tenancy::value::TextRow;

impl Connection {
    /// Starts a transaction for DDL on a connection that a migration may have left settings on.
    pub(in crate::tenancy) async fn begin_ddl(&mut self, prelude: &str) -> Result<(), DbError> {
        self.wears = None;
        self.in_transaction = true;
        let text = format!("RESET ALL; RESET ROLE; DISCARD TEMP; BEGIN; {prelude}");
        self.ddl(&text, "ddl.begin").await
    }

    /// The same for reading: all of it sees one moment. The mode must be set before DISCARD, or whatever else, has looked at anything.
    pub(in crate::tenancy) async fn begin_snapshot(
        &mut self,
        prelude: &str,
    ) -> Result<(), DbError> {
        self.wears = None;
        self.ddl("RESET ALL; RESET ROLE; DISCARD TEMP", "ddl.begin")
            .await?;
        self.in_transaction = true;
        let text = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {prelude}");
        self.ddl(&text, "ddl.begin").await
    }

    /// Sends DDL inside the open transaction.
    pub(in crate::tenancy) async fn ddl(
        &mut self,
        text: &str,
        name: &'static str,
    ) -> Result<(), DbError> {
        self.start()?;
        let result = self.client.batch_execute(text).await;
        self.busy = false;
        result.map_err(|e| DbError::from_driver(e, name, false))
    }

    /// Opens a DDL transaction as [`Connection::begin_ddl`] does, and gives the rows of the statements in `prelude`.
    pub(in crate::tenancy) async fn begin_ddl_reading(
        &mut self,
        prelude: &str,
    ) -> Result<Vec<TextRow>, DbError> {
        self.wears = None;
        self.in_transaction = true;
        let text = format!("RESET ALL; RESET ROLE; DISCARD TEMP; BEGIN; {prelude}");
        self.ddl_rows(&text, "ddl.begin").await
    }

    /// Makes this a session for what cannot run in a transaction. Nobody gets the connection afterwards.
    pub(in crate::tenancy) async fn begin_session(&mut self, prelude: &str) -> Result<(), DbError> {
        self.wears = None;
        self.tainted = true;
        let text = format!("RESET ALL; RESET ROLE; DISCARD TEMP; {prelude}");
        self.ddl(&text, "ddl.session").await
    }

    /// The rows of the last that gives any, of several statements that go out as one message.
    pub(in crate::tenancy) async fn ddl_rows(
        &mut self,
        text: &str,
        name: &'static str,
    ) -> Result<Vec<TextRow>, DbError> {
        self.start()?;
        let result = self.client.simple_query(text).await;
        self.busy = false;
        let mut rows = Vec::new();
        for message in result.map_err(|e| DbError::from_driver(e, name, false))? {
            match message {
                SimpleQueryMessage::RowDescription(_) => rows.clear(),
                SimpleQueryMessage::Row(row) => rows.push(TextRow(row)),
                _ => (),
            }
        }
        Ok(rows)
    }

    /// Sends texts one behind the other without waiting for the answers between them. The first that fails is the one that says why:
    /// in an open transaction, PostgreSQL refuses those behind it.
    pub(in crate::tenancy) async fn ddl_pipelined(
        &mut self,
        texts: &[String],
    ) -> Result<(), (usize, DbError)> {
        self.start().map_err(|e| (0, e))?;
        let mut answers = Vec::with_capacity(texts.len());
        let mut failure = None;
        for (at, text) in texts.iter().enumerate() {
            match self.client.simple_query_raw(text).await {
                Ok(answer) => answers.push(answer),
                Err(error) => failure = failure.or(Some((at, error))),
            }
        }
        for (at, answer) in answers.into_iter().enumerate() {
            let mut answer = pin!(answer.map(|message| message.map(drop)));
            while let Some(message) = answer.next().await {
                if let Err(error) = message {
                    failure = failure.or(Some((at, error)));
                    // A closed connection would say so for ever.
                    break;
                }
            }
        }
        self.busy = false;
        match failure {
            None => Ok(()),
            Some((at, error)) => Err((at, DbError::from_driver(error, "ddl", false))),
        }
    }

    /// The last text of a pipeline was the `COMMIT`, which where something had failed before was a rollback.
    pub(in crate::tenancy) fn ended(&mut self) {
        self.in_transaction = false;
    }

    /// Rows of a text that is known only at run time.
    pub(in crate::tenancy) async fn query_text(&mut self, text: &str) -> Result<Vec<Row>, DbError> {
        self.start()?;
        let result = self.client.query_typed(text, &[]).await;
        self.busy = false;
        match result {
            Ok(rows) => Ok(rows.into_iter().map(Row).collect()),
            Err(e) => Err(DbError::from_driver(e, "ddl.query", false)),
        }
    }

    /// Starts a transaction that will put its scopes on itself, by [`Connection::wear_locally`].
    pub(in crate::tenancy) async fn begin_bare(&mut self) -> Result<(), DbError> {
        self.wears = None;
        self.in_transaction = true;
        self.ddl("BEGIN", "transaction.begin").await
    }

    /// Puts a scope on until the open transaction ends.
    pub(in crate::tenancy) async fn wear_locally(&mut self, scope: &Scope) -> Result<(), DbError> {
        let rules = ScopeRules {
            transaction_pool: true,
            ..self.rules
        };
        self.start()?;
        let result = put_on(&self.client, None, scope, rules).await;
        self.busy = false;
        result.map_err(|e| switch_failed(e, "tenancy.switch"))
    }

    /// Ends a transaction whose switches were local to it.
    pub(in crate::tenancy) async fn commit_bare(&mut self) -> Result<(), DbError> {
        self.wears = None;
        self.end("COMMIT").await
    }
}
