//! The private PostgreSQL, on real servers, also with killed owners and as other users.

mod access;
mod lifecycle;
pub mod place;
pub mod process;
mod survival;
mod users;

use tokio_postgres::{Client, NoTls};

/// Connects, and drives the connection in the background.
async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
