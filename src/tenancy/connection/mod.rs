//! One connection, what it wears, and the only functions that send statements over it.
//!
//! Invariant: a statement runs only under the scope it was asked for. Where the connection does not wear it already, the switch and
//! the statement go out together, in one round trip and one transaction: if the switch fails, PostgreSQL refuses the statement.

mod bare;

use deadpool_postgres::ClientWrapper;
use futures_util::join;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error as PgError, Statement};

use super::error::DbError;
use super::request::{Answer, execute, put_on};
use super::scope::{Scope, ScopeRules};
use super::sql::Sql;
use super::statements::{Plan, Statements};
use super::value::{Params, Row};

/// What has to happen to a connection before anybody else may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleanup {
    /// Nothing: it is at rest and wears what it says.
    None,
    /// A transaction is open: roll it back.
    Rollback,
    /// Raw SQL ran on it, and nobody knows what it left: close it.
    Close,
    /// A statement is still under way, its caller has gone: cancel it, then close.
    Cancel,
}

/// See the module.
pub(super) struct Connection {
    client: ClientWrapper,
    rules: ScopeRules,
    wears: Option<Scope>,
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
            wears: None,
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

    /// Whether what it wears is gone with the transaction that put it on.
    pub(super) fn forgets_scopes(&self) -> bool {
        self.rules.transaction_pool
    }

    pub(super) fn cleanup(&self) -> Cleanup {
        match (self.busy, self.tainted, self.in_transaction) {
            (true, _, _) => Cleanup::Cancel,
            (_, true, _) => Cleanup::Close,
            (_, _, true) => Cleanup::Rollback,
            _ => Cleanup::None,
        }
    }

    /// Runs one statement that is a transaction of its own.
    pub(super) async fn run(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.busy = true;
        let answer = if self.wears.as_ref() == Some(scope) {
            self.run_worn(scope, sql, params).await
        } else {
            self.run_switching(scope, sql, params).await
        };
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
        self.busy = true;
        self.in_transaction = true;
        let answer = self.begin_inner(scope, sql, params).await;
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
        self.busy = true;
        let answer = self.run_worn(scope, sql, params).await;
        self.busy = false;
        answer
    }

    /// Ends the open transaction. In session mode the connection goes on wearing what it wore in it.
    pub(super) async fn commit(&mut self, scope: &Scope) -> Result<(), DbError> {
        self.end("COMMIT").await?;
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
        self.busy = true;
        let result = self.raw_inner(text).await;
        self.busy = false;
        result.map_err(|e| DbError::from_driver(e, "raw", scope.is_tenant()))
    }

    async fn raw_inner(&mut self, text: &str) -> Result<(), PgError> {
        self.wears = None;
        self.client.batch_execute(text).await
    }

    async fn end(&mut self, how: &'static str) -> Result<(), DbError> {
        self.busy = true;
        let result = self.client.batch_execute(how).await;
        self.busy = false;
        self.in_transaction = false;
        result.map_err(|e| DbError::from_driver(e, "transaction.end", false))
    }

    /// The scope is on already, for the session or for the open transaction.
    async fn run_worn(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let failed = |e| DbError::from_driver(e, sql.name(), scope.is_tenant());
        let statement = match self.plan(scope, sql) {
            Plan::Prepared(statement) => Some(statement),
            Plan::Prepare => Some(self.prepare(scope, sql, params).await.map_err(failed)?),
            Plan::Unprepared => None,
        };
        let result = execute(&self.client, statement.as_ref(), sql, params).await;
        self.learn(scope, &result);
        result.map_err(failed)
    }

    async fn run_switching(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.in_transaction = true;
        let answer = self.switch_and_run(scope, sql, params).await;
        self.in_transaction = false;
        self.wears = (answer.is_ok() && !self.rules.transaction_pool).then(|| scope.clone());
        answer
    }

    async fn switch_and_run(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let in_tenant = scope.is_tenant();
        let statement = match self.plan(scope, sql) {
            Plan::Prepared(statement) => Some(statement),
            Plan::Unprepared => None,
            Plan::Prepare => {
                let answer = self.switch_prepare_and_run(scope, sql, params).await;
                let ended = self.client.batch_execute("COMMIT").await;
                let answer = answer?;
                ended.map_err(|e| DbError::from_driver(e, sql.name(), in_tenant))?;
                return Ok(answer);
            }
        };
        let wear = self.wear_statement(scope).await?;
        let (begun, worn, result, ended) = join!(
            self.client.batch_execute("BEGIN"),
            put_on(&self.client, wear.as_ref(), scope, self.rules),
            execute(&self.client, statement.as_ref(), sql, params),
            self.client.batch_execute("COMMIT"),
        );
        self.learn(scope, &result);
        let answer = settle(begun, worn, result, scope, sql)?;
        ended.map_err(|e| DbError::from_driver(e, sql.name(), in_tenant))?;
        Ok(answer)
    }

    async fn begin_inner(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let worn_already = self.wears.as_ref() == Some(scope);
        let statement = match self.plan(scope, sql) {
            Plan::Prepared(statement) => Some(statement),
            Plan::Unprepared => None,
            Plan::Prepare if worn_already => {
                let prepared = self.prepare(scope, sql, params).await;
                Some(prepared.map_err(|e| DbError::from_driver(e, sql.name(), scope.is_tenant()))?)
            }
            Plan::Prepare => return self.switch_prepare_and_run(scope, sql, params).await,
        };
        let (begun, worn, result) = if worn_already {
            let (begun, result) = join!(
                self.client.batch_execute("BEGIN"),
                execute(&self.client, statement.as_ref(), sql, params),
            );
            (begun, Ok(()), result)
        } else {
            self.wears = None;
            let wear = self.wear_statement(scope).await?;
            join!(
                self.client.batch_execute("BEGIN"),
                put_on(&self.client, wear.as_ref(), scope, self.rules),
                execute(&self.client, statement.as_ref(), sql, params),
            )
        };
        self.learn(scope, &result);
        settle(begun, worn, result, scope, sql)
    }

    /// `BEGIN`, the switch, and a statement that is worth preparing. Preparing needs the scope, so this is two round trips, once.
    async fn switch_prepare_and_run(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.wears = None;
        let wear = self.wear_statement(scope).await?;
        let types = types(params);
        let (begun, worn, prepared) = join!(
            self.client.batch_execute("BEGIN"),
            put_on(&self.client, wear.as_ref(), scope, self.rules),
            self.client.prepare_typed(sql.text(), &types),
        );
        let statement = settle(begun, worn, prepared, scope, sql)?;
        self.statements.keep(scope, sql, statement.clone());
        let result = execute(&self.client, Some(&statement), sql, params).await;
        result.map_err(|e| DbError::from_driver(e, sql.name(), scope.is_tenant()))
    }

    fn plan(&mut self, scope: &Scope, sql: &Sql) -> Plan {
        // Behind a transaction pooler a prepared statement would stay on a stranger's connection.
        if self.rules.transaction_pool {
            Plan::Unprepared
        } else {
            self.statements.plan(scope, sql)
        }
    }

    async fn prepare(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Statement, PgError> {
        let statement = self
            .client
            .prepare_typed(sql.text(), &types(params))
            .await?;
        self.statements.keep(scope, sql, statement.clone());
        Ok(statement)
    }

    /// The prepared form of the switch, once per connection; `None` behind a transaction pooler.
    async fn wear_statement(&mut self, scope: &Scope) -> Result<Option<Statement>, DbError> {
        if self.rules.transaction_pool {
            return Ok(None);
        }
        let text = scope.wear_sql(self.rules);
        if let Some((_, statement)) = self.wear_statements.iter().find(|(t, _)| *t == text) {
            return Ok(Some(statement.clone()));
        }
        let types: Vec<Type> = scope.wear_param().into_iter().map(|(_, t)| t).collect();
        let statement = self
            .client
            .prepare_typed(text, &types)
            .await
            .map_err(|e| DbError::from_driver(e, "tenancy.switch", false))?;
        self.wear_statements.push((text, statement.clone()));
        Ok(Some(statement))
    }

    /// A kept statement that PostgreSQL no longer accepts means that the tables changed shape: prepare anew the next time.
    fn learn(&mut self, scope: &Scope, result: &Result<Answer, PgError>) {
        let code = result.as_ref().err().and_then(|e| e.code());
        if code.is_some_and(|c| matches!(c.code(), "0A000" | "26000" | "42P01" | "42703")) {
            self.statements.forget(scope);
        }
    }
}

fn types(params: Params<'_>) -> Vec<Type> {
    params.iter().map(|p| p.pg_type()).collect()
}

/// What a switch that failed before `sql` means.
fn switch_failed(source: PgError, statement: &'static str) -> DbError {
    match source.as_db_error() {
        // No such schema, no such role, or no right to wear it.
        Some(db) if matches!(db.code().code(), "3F000" | "22023" | "42501") => {
            DbError::ScopeLost { source }
        }
        _ => DbError::from_driver(source, statement, false),
    }
}

/// The first failure of a pipelined `BEGIN`, switch, statement is the one that says why.
fn settle<T>(
    begun: Result<(), PgError>,
    worn: Result<(), PgError>,
    result: Result<T, PgError>,
    scope: &Scope,
    sql: &Sql,
) -> Result<T, DbError> {
    begun.map_err(|e| DbError::from_driver(e, "transaction.begin", false))?;
    worn.map_err(|e| switch_failed(e, sql.name()))?;
    result.map_err(|e| DbError::from_driver(e, sql.name(), scope.is_tenant()))
}
