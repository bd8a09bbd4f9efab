//! Transactions that change schemas, under the DDL login. For migrations and provisioning alone.
//!
//! Invariant: a DDL transaction starts with every setting at its default and ends with commit or rollback; what a migration's text set
//! on the connection is gone before the next one begins.

use std::time::Duration;

use super::error::DbError;
use super::name::SchemaName;
use super::pool::{For, Pool, PoolSettings, TenantsSeen};
use super::scope::{Scope, ScopeRules};
use super::session::Scoped;
use super::sql::Sql;
use super::value::{Params, Row, TextRow};

/// How often a connection is used. Its backend keeps the plans of every trigger and function that ran in a tenant it was in, and goes through all of them for each
/// table that anybody changes: one that makes thousands of tenants gets slower with each.
const USES: usize = 100;

/// Connections under the login that owns the schemas (`MIGRATION_DATABASE_URL`).
#[derive(Clone)]
pub struct DdlPool {
    pool: Pool,
}

impl DdlPool {
    /// Opens nothing yet. `size` transactions can run at once.
    ///
    /// # Errors
    /// When the pool cannot be built.
    pub fn new(config: &tokio_postgres::Config, size: usize) -> Result<Self, DbError> {
        let settings = PoolSettings {
            size,
            overflow: 0,
            wait: Duration::from_mins(1),
            max_age: Duration::from_mins(10),
            max_uses: Some(USES),
            seen: TenantsSeen::default(),
            pre_ping: false,
            // The DDL login owns every schema: it is not fenced, and needs a session of its own.
            rules: ScopeRules {
                fence: false,
                transaction_pool: false,
                statement_timeout: None,
            },
        };
        Ok(Self {
            pool: Pool::new(config, settings)?,
        })
    }

    /// Gives out no more connections.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Starts a transaction. Waiting for any lock, advisory ones too, ends after `lock_timeout`.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin(&self, lock_timeout: Duration) -> Result<DdlTransaction, DbError> {
        let mut scoped = Scoped::new(self.pool.lease(For::Anybody).await?, Scope::Public);
        scoped.mark_open();
        let connection = scoped.lease().connection()?;
        connection.begin_ddl(&settings(lock_timeout)).await?;
        Ok(DdlTransaction { scoped })
    }

    /// The same with first statements that travel with the `BEGIN`; gives their rows too.
    ///
    /// # Errors
    /// When there is no connection, or one of the statements fails.
    pub async fn begin_reading(
        &self,
        lock_timeout: Duration,
        text: &str,
    ) -> Result<(DdlTransaction, Vec<TextRow>), DbError> {
        let mut scoped = Scoped::new(self.pool.lease(For::Anybody).await?, Scope::Public);
        let prelude = format!("{}; {text}", settings(lock_timeout));
        scoped.mark_open();
        let rows = scoped
            .lease()
            .connection()?
            .begin_ddl_reading(&prelude)
            .await?;
        Ok((DdlTransaction { scoped }, rows))
    }

    /// Starts a transaction that changes nothing, and sees the database as it is at its first query until its
    /// end. Waiting for any lock, advisory ones too, ends after `lock_timeout`.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin_snapshot(&self, lock_timeout: Duration) -> Result<DdlTransaction, DbError> {
        let mut scoped = Scoped::new(self.pool.lease(For::Anybody).await?, Scope::Public);
        scoped.mark_open();
        scoped
            .lease()
            .connection()?
            .begin_snapshot(&settings(lock_timeout))
            .await?;
        Ok(DdlTransaction { scoped })
    }

    /// A session for statements that PostgreSQL refuses in a transaction, with `schema` alone as its path.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn session(&self, schema: &SchemaName) -> Result<DdlSession, DbError> {
        let mut scoped = Scoped::new(self.pool.lease(For::Anybody).await?, Scope::Public);
        let prelude = format!(
            "SET search_path = {}; SET statement_timeout = 0",
            schema.quoted()
        );
        scoped.lease().connection()?.begin_session(&prelude).await?;
        Ok(DdlSession { scoped })
    }
}

/// What every DDL transaction begins with.
fn settings(lock_timeout: Duration) -> String {
    // A statement may take as long as it likes, whatever the login's or the database's own default is.
    let limit = limit(lock_timeout);
    format!("SET LOCAL search_path = ''; SET LOCAL statement_timeout = 0; SET LOCAL {limit}")
}

fn limit(lock_timeout: Duration) -> String {
    format!("lock_timeout = {}", lock_timeout.as_millis().max(1))
}

/// A connection outside of any transaction. It is closed when this is dropped, and with it go its advisory locks.
pub struct DdlSession {
    scoped: Scoped,
}

impl DdlSession {
    /// Runs `text` when no lock that it needs is waited for longer than `lock_timeout`. One statement alone is in no transaction.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn run(&mut self, lock_timeout: Duration, text: &str) -> Result<(), DbError> {
        self.rows(lock_timeout, text).await.map(drop)
    }

    /// The same, with the rows that it gives.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn rows(
        &mut self,
        lock_timeout: Duration,
        text: &str,
    ) -> Result<Vec<TextRow>, DbError> {
        let connection = self.scoped.lease().connection()?;
        // A message of its own: with another statement beside it, the text would be in a transaction.
        let limit = format!("SET {}", limit(lock_timeout));
        connection.ddl(&limit, "ddl.session").await?;
        connection.ddl_rows(text, "ddl").await
    }
}

/// An open transaction that may change schemas. Dropping it rolls back.
pub struct DdlTransaction {
    scoped: Scoped,
}

impl DdlTransaction {
    /// From now on, waiting for a lock ends after `lock_timeout`.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn limit_lock_waits(&mut self, lock_timeout: Duration) -> Result<(), DbError> {
        self.scoped.limit_lock_waits(lock_timeout).await
    }

    /// Runs SQL as it is, several statements if need be.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn batch(&mut self, text: &str) -> Result<(), DbError> {
        let result = self.scoped.lease().connection()?.ddl(text, "ddl").await;
        if result.is_err() {
            self.scoped.mark_failed();
        }
        result
    }

    /// The rows of the last that gives any, of several statements that go out as one message. No parameters: it is not for values.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn rows(&mut self, text: &str) -> Result<Vec<TextRow>, DbError> {
        let result = self
            .scoped
            .lease()
            .connection()?
            .ddl_rows(text, "ddl")
            .await;
        if result.is_err() {
            self.scoped.mark_failed();
        }
        result
    }

    /// Runs texts one behind the other, in one round trip.
    ///
    /// # Errors
    /// Which of them failed first, counted from 0, and why; see [`DbError`].
    pub async fn batches(&mut self, texts: &[String]) -> Result<(), (usize, DbError)> {
        let connection = self.scoped.lease().connection().map_err(|e| (0, e))?;
        let result = connection.ddl_pipelined(texts).await;
        if result.is_err() {
            self.scoped.mark_failed();
        }
        result
    }

    /// Runs texts one behind the other and commits, in one round trip.
    ///
    /// # Errors
    /// As [`DdlTransaction::batches`]; then nothing stayed.
    pub async fn finish(mut self, mut texts: Vec<String>) -> Result<(), (usize, DbError)> {
        texts.push("COMMIT".to_owned());
        let connection = self.scoped.lease().connection().map_err(|e| (0, e))?;
        let result = connection.ddl_pipelined(&texts).await;
        connection.ended();
        result
    }

    /// Makes `schema` alone the path of what follows in this transaction.
    ///
    /// # Errors
    /// When there is no such schema.
    pub async fn enter(&mut self, schema: &SchemaName) -> Result<(), DbError> {
        const ENTER: &str = "SELECT set_config('search_path', $name$::regnamespace::text, true)";
        let text = ENTER.replace("$name$", &format!("'{}'", schema.as_str()));
        self.batch(&text).await?;
        self.scoped.enter(Scope::Tenant {
            schema: schema.clone(),
            version: 0,
        });
        Ok(())
    }

    /// Leaves the tenant's schema; the shared tables are written `public.x`.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn leave(&mut self) -> Result<(), DbError> {
        self.batch("SET LOCAL search_path = ''").await?;
        self.scoped.enter(Scope::Public);
        Ok(())
    }

    /// The present scope, for repositories.
    pub fn scoped(&mut self) -> &mut Scoped {
        &mut self.scoped
    }

    /// Rows of a text that is known only at run time, such as refinery's. No parameters: it is not for values.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn query_text(&mut self, text: &str) -> Result<Vec<Row>, DbError> {
        let result = self.scoped.lease().connection()?.query_text(text).await;
        if result.is_err() {
            self.scoped.mark_failed();
        }
        result
    }

    /// Runs a named statement in the present scope.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn query(&mut self, sql: &Sql, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        self.scoped.query(sql, params).await
    }

    /// Runs a named change in the present scope; answers with the number of rows.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn execute(&mut self, sql: &Sql, params: Params<'_>) -> Result<u64, DbError> {
        self.scoped.execute(sql, params).await
    }

    /// Makes everything last.
    ///
    /// # Errors
    /// See [`DbError`]; [`DbError::Aborted`] if a statement of it failed, and then nothing stayed.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.scoped.commit_bare().await
    }
}
