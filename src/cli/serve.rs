//! `serve`: the server on a database that is there.

use tokio::net::TcpListener;

use super::database::must_be_current;
use super::failure::Failure;
use crate::app::{App, Foundation};
use crate::clock::Clock;
use crate::config::Config;
use crate::signals;

pub(super) async fn run(config: Box<Config>) -> Result<(), Failure> {
    let stops = signals::stops()?;
    let foundation = Foundation::new(&config, Clock::system())?;
    if config.tenancy.migrate_on_start {
        foundation.prepare().await?;
    } else {
        must_be_current(&foundation.migrator).await?;
    }
    let app = App::new(&config, foundation).await?;
    let listener = listen(&config).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let endpoint = app.endpoint();
    app.serve(endpoint, listener, stops, config.tenancy.migrate_on_start)
        .await?;
    tracing::info!("stopped");
    Ok(())
}

/// Takes the address, or says who is in the way.
pub(super) async fn listen(config: &Config) -> Result<TcpListener, Failure> {
    let address = config.http.bind_addr;
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; another program listens there: stop it, or set BIND_ADDR to another port"
            }
            _ => "",
        };
        Failure::Failed(format!("cannot listen on {address}: {error}{hint}"))
    })
}
