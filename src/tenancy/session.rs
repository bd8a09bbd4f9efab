//! What repositories hold: a connection in one scope, alone or inside a transaction.
//!
//! Invariant: there is no way to a tenant's tables but a [`TenantSession`], which only a [`TenantRef`](super::TenantRef) opens.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use super::error::DbError;
use super::name::SchemaName;
use super::pool::Lease;
use super::request::Answer;
use super::scope::Scope;
use super::sql::Sql;
use super::value::{Params, Row};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tx {
    /// Every statement is a transaction of its own.
    None,
    /// `BEGIN` goes out with the first statement.
    Pending,
    Open,
    /// A statement failed: PostgreSQL refuses everything until the end, so there is nothing to commit.
    Failed,
}

/// A connection in one scope. Repositories take `&mut Scoped`, so that they work inside a transaction and outside of one.
pub struct Scoped {
    lease: Lease,
    scope: Scope,
    tx: Tx,
}

impl Scoped {
    pub(super) fn new(lease: Lease, scope: Scope) -> Self {
        Self {
            lease,
            scope,
            tx: Tx::None,
        }
    }

    /// All rows.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn query(&mut self, sql: &Sql, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        Ok(self.run(sql, params).await?.rows)
    }

    /// The row, if there is one.
    ///
    /// # Errors
    /// See [`DbError`]; more than one row is one.
    pub async fn query_opt(
        &mut self,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Option<Row>, DbError> {
        let mut rows = self.run(sql, params).await?.rows;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            rows => Err(row_count(sql, rows)),
        }
    }

    /// The one row.
    ///
    /// # Errors
    /// See [`DbError`]; another number of rows is one.
    pub async fn query_one(&mut self, sql: &Sql, params: Params<'_>) -> Result<Row, DbError> {
        self.query_opt(sql, params)
            .await?
            .ok_or_else(|| row_count(sql, 0))
    }

    /// Runs a change; answers with the number of rows that it touched.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn execute(&mut self, sql: &Sql, params: Params<'_>) -> Result<u64, DbError> {
        Ok(self.run(sql, params).await?.affected)
    }

    /// The way round [`Sql`]: any SQL, several statements if need be, in this scope. The connection is closed afterwards instead of
    /// being given to the next request, since nobody knows what the text left on it. Costs a reconnect; for rare work. Behind a
    /// transaction pooler it runs in a transaction of its own, which it must not end: only in it will the pooler close the connection too.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn raw(&mut self, text: &str) -> Result<(), DbError> {
        const ENTER: Sql = Sql::new("tenancy.enter", "SELECT 1");
        let alone = self.tx == Tx::None && self.lease.connection()?.forgets_scopes();
        if alone {
            self.tx = Tx::Pending;
        }
        self.run(&ENTER, &[]).await?;
        let ran = self.lease.connection()?.raw(&self.scope, text).await;
        if ran.is_err() && self.tx == Tx::Open {
            self.tx = Tx::Failed;
        }
        ran?;
        if alone {
            self.commit().await?;
        }
        Ok(())
    }

    async fn run(&mut self, sql: &Sql, params: Params<'_>) -> Result<Answer, DbError> {
        let started = Instant::now();
        let connection = self.lease.connection()?;
        let answer = match self.tx {
            Tx::None => connection.run(&self.scope, sql, params).await,
            Tx::Pending => {
                self.tx = Tx::Open;
                connection.begin(&self.scope, sql, params).await
            }
            Tx::Open | Tx::Failed => connection.continue_with(&self.scope, sql, params).await,
        };
        if answer.is_err() && self.tx == Tx::Open {
            self.tx = Tx::Failed;
        }
        tracing::trace!(
            target: "tenantry::sql",
            statement = sql.name(),
            ok = answer.is_ok(),
            elapsed_us = started.elapsed().as_micros(),
        );
        answer
    }

    pub(super) fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }

    /// The tenant's schema, where the scope is a tenant's.
    pub(super) fn schema(&self) -> Option<&SchemaName> {
        match &self.scope {
            Scope::Public => None,
            Scope::Tenant { schema, .. } => Some(schema),
        }
    }

    /// From here on, waiting for a lock ends after `limit`, until the open transaction does.
    pub(super) async fn limit_lock_waits(&mut self, limit: Duration) -> Result<(), DbError> {
        let text = format!("SET LOCAL lock_timeout = {}", limit.as_millis().max(1));
        let connection = self.lease.connection()?;
        let limited = connection.ddl(&text, "transaction.lock_limit").await;
        if limited.is_err() {
            self.mark_failed();
        }
        limited
    }

    /// The open transaction moves into another scope; the caller has switched the connection.
    pub(super) fn enter(&mut self, scope: Scope) {
        self.scope = scope;
    }

    pub(super) fn mark_open(&mut self) {
        self.tx = Tx::Open;
    }

    pub(super) fn mark_failed(&mut self) {
        self.tx = Tx::Failed;
    }

    /// Commits a transaction whose switches were local to it.
    pub(super) async fn commit_bare(&mut self) -> Result<(), DbError> {
        if self.tx == Tx::Failed {
            return Err(DbError::Aborted);
        }
        self.tx = Tx::None;
        self.lease.connection()?.commit_bare().await
    }

    async fn commit(&mut self) -> Result<(), DbError> {
        let connection = self.lease.connection()?;
        match std::mem::replace(&mut self.tx, Tx::None) {
            Tx::None | Tx::Pending => Ok(()),
            Tx::Open => connection.commit(&self.scope).await,
            Tx::Failed => {
                connection.rollback().await?;
                Err(DbError::Aborted)
            }
        }
    }
}

fn row_count(sql: &Sql, rows: usize) -> DbError {
    DbError::RowCount {
        statement: sql.name(),
        rows,
    }
}

macro_rules! reaches_scoped {
    ($($name:ty),*) => {$(
        impl Deref for $name {
            type Target = Scoped;
            fn deref(&self) -> &Scoped { &self.scoped }
        }
        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Scoped { &mut self.scoped }
        }
    )*};
}
reaches_scoped!(TenantSession, PublicSession, Transaction);

/// A connection that sees one tenant's tables and no other.
pub struct TenantSession {
    scoped: Scoped,
}

/// A connection that sees the shared tables, written `public.x`.
pub struct PublicSession {
    scoped: Scoped,
}

macro_rules! begins {
    ($($name:ident),*) => {$(
        impl $name {
            pub(super) fn new(scoped: Scoped) -> Self {
                Self { scoped }
            }

            /// Starts a transaction, named `slice.verb` for logs. `BEGIN` travels with the first statement; dropping it rolls back.
            pub fn begin(self, name: &'static str) -> Transaction {
                Transaction::new(self.scoped, name)
            }
        }
    )*};
}
begins!(TenantSession, PublicSession);

/// A transaction in one scope. Nothing stays unless [`commit`](Transaction::commit) says so.
pub struct Transaction {
    scoped: Scoped,
    name: &'static str,
    started: Instant,
}

impl Transaction {
    fn new(mut scoped: Scoped, name: &'static str) -> Self {
        scoped.tx = Tx::Pending;
        Self {
            scoped,
            name,
            started: Instant::now(),
        }
    }

    /// Makes the changes last.
    ///
    /// # Errors
    /// See [`DbError`]; [`DbError::Aborted`] if a statement of it failed, and then nothing stayed.
    pub async fn commit(mut self) -> Result<(), DbError> {
        let result = self.scoped.commit().await;
        tracing::debug!(
            target: "tenantry::sql",
            transaction = self.name,
            ok = result.is_ok(),
            elapsed_us = self.started.elapsed().as_micros(),
        );
        result
    }
}
