//! How a statement and its scope travel together.
//!
//! Invariant: each way is one round trip, and where the switch fails PostgreSQL does not run the statement. A prepared statement carries its scope
//! as a parameter; a text goes out between `BEGIN`, the switch and `COMMIT`; where the scope is on already, both go alone. The rare ways are boxed,
//! or every request would carry their size along.

use futures_util::join;
use tokio_postgres::{Error as PgError, Statement};

use super::membership::{begin_anew, is_refused};
use super::{Answer, Connection, DbError, Params, Scope, Sql};
use crate::tenancy::request::{execute_text, put_on};
use crate::tenancy::scope::Carried;
use crate::tenancy::statements::{Plan, Way};

impl Connection {
    /// Runs a statement that is a transaction of its own.
    pub(super) async fn run_alone(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let worn = self.wears.as_ref() == Some(scope);
        let way = self.way(worn);
        let result = match self.plan(scope, sql, way) {
            plan if worn => {
                let statement = self.prepared(plan, scope, sql, params).await;
                let statement = statement.map_err(|e| failed(e, scope, sql))?;
                self.send(statement.as_ref(), sql, params, None).await
            }
            Plan::Prepared(statement) if way == Way::Carrying => {
                self.arrive(scope);
                let carried = Some(Carried(scope));
                self.send(Some(&statement), sql, params, carried).await
            }
            Plan::Prepare => {
                let answer = Box::pin(self.begin_preparing(scope, sql, params, way)).await;
                let answer = self.commit_after(answer, scope, sql).await;
                if is_refused(&answer) {
                    return Box::pin(self.bracket(scope, None, sql, params)).await;
                }
                return answer;
            }
            Plan::Prepared(statement) => {
                let answer = Box::pin(self.bracket(scope, Some(&statement), sql, params)).await;
                return match answer {
                    Err(error) if error.sql_state().is_some_and(is_outdated_state) => {
                        Box::pin(self.bracket(scope, None, sql, params)).await
                    }
                    answer => answer,
                };
            }
            Plan::Unprepared => return Box::pin(self.bracket(scope, None, sql, params)).await,
        };
        match result {
            Ok(answer) => {
                self.wears = Some(scope.clone());
                Ok(answer)
            }
            // It did nothing, so it is asked again the long way, which plans anew and tells what is wrong.
            Err(error) if is_outdated(&error) => {
                self.statements.forget(scope);
                Box::pin(self.bracket(scope, None, sql, params)).await
            }
            Err(error) => Err(failed(error, scope, sql)),
        }
    }

    /// Runs a statement of the open transaction, in which `scope` is on. Where a kept one turns out to be outdated, PostgreSQL has aborted the
    /// transaction, and what ran before is known to its caller alone: so this is told, and the scope's statements are forgotten for the next try.
    pub(super) async fn run_within(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let plan = self.plan(scope, sql, Way::Alone);
        let kept = matches!(plan, Plan::Prepared(_));
        let result = match self.prepared(plan, scope, sql, params).await {
            Ok(statement) => self.send(statement.as_ref(), sql, params, None).await,
            Err(error) => Err(error),
        };
        result.map_err(|error| {
            if is_outdated(&error) {
                self.statements.forget(scope);
            }
            match failed(error, scope, sql) {
                DbError::Statement { statement, source } if kept && is_of_other_tables(&source) => {
                    DbError::Outdated { statement, source }
                }
                error => error,
            }
        })
    }

    /// Opens a transaction under `scope` and runs its first statement. Where a kept statement turns out to be outdated, it begins again.
    pub(super) async fn begin_with(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let worn = self.wears.as_ref() == Some(scope);
        let way = self.way(worn);
        let statement = match self.plan(scope, sql, way) {
            Plan::Prepare if !worn => {
                let answer = Box::pin(self.begin_preparing(scope, sql, params, way)).await;
                if is_refused(&answer) {
                    self.undo(scope, sql).await?;
                    return Box::pin(self.begin_text(scope, sql, params)).await;
                }
                return answer;
            }
            plan => self.prepared(plan, scope, sql, params).await,
        };
        let statement = statement.map_err(|e| failed(e, scope, sql))?;
        let Some(statement) = statement.filter(|_| worn || way == Way::Carrying) else {
            return Box::pin(self.begin_text(scope, sql, params)).await;
        };
        if !worn {
            self.arrive(scope);
        }
        let carried = (!worn).then_some(Carried(scope));
        let (begun, result) = join!(
            self.client.batch_execute("BEGIN"),
            self.send(Some(&statement), sql, params, carried),
        );
        begun.map_err(begin_failed)?;
        match result {
            Err(error) if is_outdated(&error) => {
                self.statements.forget(scope);
                self.undo(scope, sql).await?;
                Box::pin(self.begin_text(scope, sql, params)).await
            }
            result => result.map_err(|e| failed(e, scope, sql)),
        }
    }

    /// `BEGIN`, the switch, the text.
    async fn begin_text(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let answer = self.begin_text_by("BEGIN", scope, sql, params).await;
        if !is_refused(&answer) {
            return answer;
        }
        self.undo(scope, sql).await?;
        let anew = begin_anew(scope);
        self.begin_text_by(&anew, scope, sql, params).await
    }

    async fn begin_text_by(
        &mut self,
        opening: &str,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.arrive(scope);
        let wear = self.wear_statement(scope).await?;
        let (begun, switched, result) = join!(
            self.client.batch_execute(opening),
            put_on(&self.client, wear.as_ref(), scope, self.rules),
            execute_text(&self.client, sql, params),
        );
        settle(begun, switched, result, scope, sql)
    }

    async fn undo(&self, scope: &Scope, sql: &Sql) -> Result<(), DbError> {
        let undone = self.client.batch_execute("ROLLBACK").await;
        undone.map_err(|e| failed(e, scope, sql))
    }

    /// `BEGIN`, the switch, the statement, `COMMIT`.
    async fn bracket(
        &mut self,
        scope: &Scope,
        statement: Option<&Statement>,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        let answer = self
            .bracket_by("BEGIN", scope, statement, sql, params)
            .await;
        if !is_refused(&answer) {
            return answer;
        }
        let anew = begin_anew(scope);
        self.bracket_by(&anew, scope, statement, sql, params).await
    }

    async fn bracket_by(
        &mut self,
        opening: &str,
        scope: &Scope,
        statement: Option<&Statement>,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Answer, DbError> {
        self.arrive(scope);
        let wear = self.wear_statement(scope).await?;
        let (begun, switched, result, ended) = join!(
            self.client.batch_execute(opening),
            put_on(&self.client, wear.as_ref(), scope, self.rules),
            self.send(statement, sql, params, None),
            self.client.batch_execute("COMMIT"),
        );
        if result.as_ref().is_err_and(is_outdated) {
            self.statements.forget(scope);
        }
        let answer = settle(begun, switched, result, scope, sql);
        self.settled(answer, ended, scope, sql)
    }

    /// `BEGIN`, the switch, and a statement that is worth preparing. Preparing needs the scope, so this is two round trips, once.
    async fn begin_preparing(
        &mut self,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
        way: Way,
    ) -> Result<Answer, DbError> {
        self.arrive(scope);
        let wear = self.wear_statement(scope).await?;
        let types = self.types(params, way);
        let (begun, switched, prepared) = join!(
            self.client.batch_execute("BEGIN"),
            put_on(&self.client, wear.as_ref(), scope, self.rules),
            self.client.prepare_typed(sql.text(), &types),
        );
        let statement = settle(begun, switched, prepared, scope, sql)?;
        self.statements.keep(scope, sql, way, statement.clone());
        let carried = (way == Way::Carrying).then_some(Carried(scope));
        let result = self.send(Some(&statement), sql, params, carried).await;
        result.map_err(|e| failed(e, scope, sql))
    }

    async fn commit_after(
        &mut self,
        answer: Result<Answer, DbError>,
        scope: &Scope,
        sql: &Sql,
    ) -> Result<Answer, DbError> {
        let ended = self.client.batch_execute("COMMIT").await;
        self.settled(answer, ended, scope, sql)
    }

    /// After a transaction of one statement: what it answered, and what the connection wears now.
    fn settled(
        &mut self,
        answer: Result<Answer, DbError>,
        ended: Result<(), PgError>,
        scope: &Scope,
        sql: &Sql,
    ) -> Result<Answer, DbError> {
        let answer = answer?;
        ended.map_err(|e| failed(e, scope, sql))?;
        if !self.rules.transaction_pool {
            self.wears = Some(scope.clone());
        }
        Ok(answer)
    }

    /// The connection goes into `scope`; until that is settled, it wears nothing that could be relied on.
    fn arrive(&mut self, scope: &Scope) {
        self.wears = None;
        if let Scope::Tenant { schema, .. } = scope
            && !self.seen.contains(schema)
        {
            self.seen.insert(schema.clone());
        }
    }
}

fn failed(error: PgError, scope: &Scope, sql: &Sql) -> DbError {
    DbError::from_driver(error, sql.name(), scope.is_tenant())
}

fn begin_failed(error: PgError) -> DbError {
    DbError::from_driver(error, "transaction.begin", false)
}

/// PostgreSQL did not run a kept statement: its tables changed shape, it is no longer there, or its scope could not be put on.
fn is_outdated(error: &PgError) -> bool {
    error
        .code()
        .is_some_and(|code| is_outdated_state(code.code()))
}

fn is_outdated_state(code: &str) -> bool {
    matches!(
        code,
        "0A000" | "26000" | "42P01" | "42703" | "3F000" | "22023" | "42501"
    )
}

/// Of a kept statement that came without its scope: its tables changed shape, or it is no longer there.
fn is_of_other_tables(error: &PgError) -> bool {
    let code = error.code();
    code.is_some_and(|code| matches!(code.code(), "0A000" | "26000" | "42703"))
}

/// What a switch that failed before `statement` means.
pub(super) fn switch_failed(source: PgError, statement: &'static str) -> DbError {
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
    switched: Result<(), PgError>,
    result: Result<T, PgError>,
    scope: &Scope,
    sql: &Sql,
) -> Result<T, DbError> {
    begun.map_err(begin_failed)?;
    switched.map_err(|e| switch_failed(e, sql.name()))?;
    result.map_err(|e| failed(e, scope, sql))
}
