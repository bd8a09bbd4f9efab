//! One connection, what it wears, and the only functions that send statements over it.
//!
//! Invariant: a statement runs only under the scope it was asked for. Where the connection does not wear it already, the switch and
//! the statement go out together, in one round trip and one transaction: if the switch fails, PostgreSQL refuses the statement.

mod bare;
mod copy;
mod membership;
mod prepare;
mod switch;

use std::collections::HashSet;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Client, Error as PgError, Statement};

use super::error::DbError;
use super::name::SchemaName;
use super::request::Answer;
use super::scope::{Carrier, Scope, ScopeRules};
use super::sql::Sql;
use super::statements::Statements;
use super::value::{Params, Row};
use switch::switch_failed;

/// What has to happen to a connection before anybody else may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleanup {
    /// Nothing: it is at rest and wears what it says.
    None,
    /// A transaction is open: roll it back.
    Rollback,
    /// Nobody knows what raw SQL left on it, or what a pooler makes of a cancel: close it.
    Close,
    /// A statement is still under way, its caller has gone: cancel it, then close.
    Cancel,
}

/// See the module.
pub(super) struct Connection {
    client: ClientWrapper,
    rules: ScopeRules,
    /// With it, prepared statements bring their scope as a parameter.
    carrier: Option<Carrier>,
    wears: Option<Scope>,
    /// Tenants that its backend keeps tables of in its cache.
    seen: HashSet<SchemaName>,
    statements: Statements,
    wear_statements: Vec<(&'static str, Statement)>,
    /// A request is under way; stays true when its future is dropped.
    busy: bool,
    in_transaction: bool,
    tainted: bool,
}

impl Connection {
    pub(super) fn new(client: ClientWrapper, rules: ScopeRules) -> Self {
        Self {
            client,
            rules,
            carrier: None,
            wears: None,
            seen: HashSet::new(),
            statements: Statements::default(),
            wear_statements: Vec::new(),
            busy: false,
            in_transaction: false,
            tainted: false,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether prepared statements could carry their scope, and the type for it was not there so far.
    pub(super) fn lacks_carrier(&self) -> bool {
        self.carrier.is_none() && self.rules.fence && !self.rules.transaction_pool
    }

    /// From now on, prepared statements carry their scope; those that do not are forgotten.
    pub(super) fn set_carrier(&mut self, carrier: Option<Carrier>) {
        if carrier.is_some() {
            self.statements = Statements::default();
            self.carrier = carrier;
        }
    }

    /// Tenants whose tables its backend has met.
    pub(super) fn tenants_seen(&self) -> usize {
        self.seen.len()
    }

    /// Whether what it wears is gone with the transaction that put it on.
    pub(super) fn forgets_scopes(&self) -> bool {
        self.rules.transaction_pool
    }

    pub(super) fn cleanup(&self) -> Cleanup {
        match (self.busy, self.tainted, self.in_transaction) {
            // PostgreSQL notices by itself, and a cancel is for a session: PgBouncer 1.18 dies of a client that does not wait for it.
            (true, _, _) if self.rules.transaction_pool => Cleanup::Close,
            (true, _, _) => Cleanup::Cancel,
            (_, true, _) => Cleanup::Close,
            (_, _, true) => Cleanup::Rollback,
            _ => Cleanup::None,
        }
    }

    /// A request begins. Where one before it was dropped unfinished, its transaction may be gone and with it what the connection wore, and PostgreSQL
    /// would run this one all the same: refused, until the connection is closed.
    fn start(&mut self) -> Result<(), DbError> {
        if self.busy {
            return Err(DbError::Aborted);
        }
        self.busy = true;
        Ok(())
    }

    /// Runs one statement that is a transaction of its own.
    pub(super) async fn run(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.start()?;
        let answer = self.run_alone(scope, sql, params).await;
        self.busy = false;
        answer
    }

    /// Opens a transaction under `scope` and runs its first statement, all in one round trip.
    pub(super) async fn begin(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.start()?;
        self.in_transaction = true;
        let answer = self.begin_with(scope, sql, params).await;
        self.busy = false;
        answer
    }

    /// Runs a further statement of the open transaction.
    pub(super) async fn continue_with(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.start()?;
        let answer = self.run_within(scope, sql, params).await;
        self.busy = false;
        answer
    }

    /// Ends the open transaction. In session mode the connection goes on wearing what it wore in it.
    pub(super) async fn commit(&mut self, scope: &Scope) -> Result<(), DbError> {
        // A connection that is closed inside a transaction is closed by the pooler too, and what raw SQL left on it is nobody's.
        let spoilt = self.tainted && self.rules.transaction_pool;
        self.end(if spoilt { "COMMIT; BEGIN" } else { "COMMIT" })
            .await?;
        if !self.rules.transaction_pool {
            self.wears = Some(scope.clone());
        }
        Ok(())
    }

    /// Undoes the open transaction, and with it a switch that it brought.
    pub(super) async fn rollback(&mut self) -> Result<(), DbError> {
        self.wears = None;
        self.end("ROLLBACK").await
    }

    /// Sends SQL as it is, several statements if it likes. Nobody gets this connection afterwards.
    pub(super) async fn raw(&mut self, scope: &Scope, text: &str) -> Result<(), DbError> {
        self.tainted = true;
        self.start()?;
        let result = self.raw_inner(text).await;
        self.busy = false;
        result.map_err(|e| DbError::from_driver(e, "raw", scope.is_tenant()))
    }

    async fn raw_inner(&mut self, text: &str) -> Result<(), PgError> {
        self.wears = None;
        self.client.batch_execute(text).await
    }

    async fn end(&mut self, how: &'static str) -> Result<(), DbError> {
        self.start()?;
        let result = self.client.batch_execute(how).await;
        self.busy = false;
        self.in_transaction = false;
        result.map_err(|e| DbError::from_driver(e, "transaction.end", false))
    }
}
