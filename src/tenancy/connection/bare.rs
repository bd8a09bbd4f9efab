//! Transactions that put their scopes on themselves, statement by statement: for DDL, and for the control plane.
//!
//! Invariant: whatever they wore is gone when they end, so the connection wears nothing afterwards.

use super::{Connection, DbError, Row, Scope, ScopeRules, switch_failed};
use crate::tenancy::request::put_on;

impl Connection {
    /// Starts a transaction for DDL on a connection that a migration may have left settings on.
    pub(in crate::tenancy) async fn begin_ddl(&mut self, prelude: &str) -> Result<(), DbError> {
        self.wears = None;
        self.in_transaction = true;
        let text = format!("RESET ALL; RESET ROLE; DISCARD TEMP; BEGIN; {prelude}");
        self.ddl(&text, "ddl.begin").await
    }

    /// Sends DDL inside the open transaction.
    pub(in crate::tenancy) async fn ddl(
        &mut self,
        text: &str,
        name: &'static str,
    ) -> Result<(), DbError> {
        self.busy = true;
        let result = self.client.batch_execute(text).await;
        self.busy = false;
        result.map_err(|e| DbError::from_driver(e, name, false))
    }

    /// Rows of a text that is known only at run time.
    pub(in crate::tenancy) async fn query_text(&mut self, text: &str) -> Result<Vec<Row>, DbError> {
        self.busy = true;
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
        self.busy = true;
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
