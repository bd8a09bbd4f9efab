//! The requests that a connection sends: through a statement that it keeps, or in one go with the types spelled out.
//!
//! Invariant: only `connection` calls these; it alone knows under which scope they run.

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error as PgError, RowStream, Statement};

use super::scope::{Scope, ScopeRules};
use super::sql::Sql;
use super::value::{Params, Row};

/// What a statement answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) affected: u64,
}

/// Makes the connection wear `scope`.
pub(super) async fn put_on(
    client: &Client,
    prepared: Option<&Statement>,
    scope: &Scope,
    rules: ScopeRules,
) -> Result<(), PgError> {
    let param = scope.wear_param();
    let stream = match prepared {
        Some(statement) => {
            let values = param.iter().map(|(name, _)| name as &(dyn ToSql + Sync));
            client.query_raw(statement, values).await?
        }
        None => client.query_typed_raw(scope.wear_sql(rules), param).await?,
    };
    collect(stream).await.map(drop)
}

/// Sends a statement under whatever the connection wears.
pub(super) async fn execute(
    client: &Client,
    prepared: Option<&Statement>,
    sql: &Sql,
    params: Params<'_>,
) -> Result<Answer, PgError> {
    let stream = if let Some(statement) = prepared {
        let values = params.iter().map(|p| p.as_sql());
        client.query_raw(statement, values).await?
    } else {
        let values = params.iter().map(|p| (p.as_sql(), p.pg_type()));
        client.query_typed_raw(sql.text(), values).await?
    };
    collect(stream).await
}

async fn collect(stream: RowStream) -> Result<Answer, PgError> {
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(Row(row));
    }
    let affected = stream.rows_affected().unwrap_or(0);
    Ok(Answer { rows, affected })
}
