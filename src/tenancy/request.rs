//! The requests that a connection sends: through a statement that it keeps, or in one go with the types spelled out.
//!
//! Invariant: only `connection` calls these; it alone knows under which scope they run.

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error as PgError, RowStream, Statement};

use super::scope::{Carried, Scope, ScopeRules};
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
    let params = scope.wear_params(rules);
    let stream = match prepared {
        Some(statement) => {
            let values = params.iter().map(|(text, _)| text as &(dyn ToSql + Sync));
            client.query_raw(statement, values).await?
        }
        None => {
            client
                .query_typed_raw(scope.wear_sql(rules), params)
                .await?
        }
    };
    collect(stream).await.map(drop)
}

/// Sends a prepared statement; `carried` is its last parameter, if it was prepared to carry a scope.
pub(super) async fn execute_prepared(
    client: &Client,
    statement: &Statement,
    params: Params<'_>,
    carried: Option<Carried<'_>>,
) -> Result<Answer, PgError> {
    let mut values: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(params.len() + 1);
    values.extend(params.iter().map(|p| p.as_sql()));
    if let Some(carried) = &carried {
        values.push(carried);
    }
    collect(client.query_raw(statement, values).await?).await
}

/// Sends a statement's text under whatever the connection wears.
pub(super) async fn execute_text(
    client: &Client,
    sql: &Sql,
    params: Params<'_>,
) -> Result<Answer, PgError> {
    let values = params.iter().map(|p| (p.as_sql(), p.pg_type()));
    collect(client.query_typed_raw(sql.text(), values).await?).await
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
