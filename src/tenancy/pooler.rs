//! Finds out whether a transaction pooler stands before PostgreSQL.
//!
//! Invariant: "yes" is proof, for a session has one server process as long as it lives; "no" means that none was noticed.

use tokio_postgres::{Client, Config, Error as PgError, SimpleQueryMessage};

use super::error::DbError;
use super::tls;

/// A pooler may happen to give the same process twice; the more clients it has, the more often it does.
const TRIES: usize = 10;

/// Whether one client's server process was seen to change, or to serve two clients.
///
/// # Errors
/// When there is no connection, or it fails.
pub async fn is_noticed(config: &Config) -> Result<bool, DbError> {
    let (watched, other) = (connect(config).await?, connect(config).await?);
    for _ in 0..TRIES {
        if is_shared(&watched, &other)
            .await
            .map_err(|e| DbError::from_driver(e, "pooler.probe", false))?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The other client holds a process; the watched one asks before and meanwhile who serves it.
async fn is_shared(watched: &Client, other: &Client) -> Result<bool, PgError> {
    let before = process(watched, "").await?;
    let held = process(other, "BEGIN;").await?;
    // The only process of a small pooler may be the one that is held: then asking again would wait for it.
    let shared = before == held || before != process(watched, "").await?;
    other.batch_execute("COMMIT").await?;
    Ok(shared)
}

async fn process(client: &Client, begin: &str) -> Result<Option<String>, PgError> {
    let answer = client
        .simple_query(&format!("{begin} SELECT pg_backend_pid()"))
        .await?;
    Ok(answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

async fn connect(config: &Config) -> Result<Client, DbError> {
    let connected = config.connect(tls::connector()).await;
    let (client, connection) = connected.map_err(|e| DbError::NoConnection(e.to_string()))?;
    tokio::spawn(async move {
        // Its client hears of a failure too.
        let _ = connection.await;
    });
    Ok(client)
}
