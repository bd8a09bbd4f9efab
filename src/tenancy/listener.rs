//! Hears what other nodes tell, on a connection of its own.
//!
//! Invariant: the ear counts as hearing only after a notice that this node sent through its pool has come back to it. While it is deaf
//! the registry believes its entries for a second only, and what could have been missed is read anew when it hears again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::sync::broadcast;
use tokio_postgres::{AsyncMessage, Config, Error as PgError};

use super::error::DbError;
use super::events::{CHANNEL, Event, notify};
use super::pool::{For, Pool};
use super::registry::Registry;
use super::scope::Scope;
use super::session::Scoped;
use super::tls;
use crate::ids::new_id;

/// Between two tries to connect.
const RETRY: Duration = Duration::from_millis(500);
/// Between two tries where notices do not come back: each leaves a LISTEN on a connection that the pooler gives to others.
const RETRY_POOLER: Duration = Duration::from_secs(30);
/// How long the first notice may take, the wait for a connection of the pool included.
const ECHO_LIMIT: Duration = Duration::from_secs(10);

/// What a subscriber hears.
#[derive(Debug, Clone)]
pub enum Heard {
    /// This happened.
    Event(Event),
    /// Events may have been missed: read your state anew.
    Resync,
}

/// A peer that is gone without a word is found out after about this long, three probes included.
const SILENCE: Duration = Duration::from_secs(15);

/// Why the ear hears nothing.
#[derive(Debug, thiserror::Error)]
enum Deaf {
    #[error("the connection for LISTEN failed")]
    Connection(#[from] PgError),
    #[error("the connection for LISTEN was closed")]
    Closed,
    #[error("no notice could be sent to try it")]
    Unsent(#[from] DbError),
    #[error(
        "expected a notice of this node's own back, got none in {} s, as behind a transaction pooler; set DIRECT_DATABASE_URL to an \
         address past it",
        ECHO_LIMIT.as_secs()
    )]
    NoEcho,
}

/// See the module.
pub(super) struct Ear {
    pub(super) pool: Pool,
    pub(super) registry: Arc<Registry>,
    pub(super) subscribers: broadcast::Sender<Heard>,
}

impl Ear {
    /// Listens at this address until the task is dropped.
    pub(super) async fn listen(self, config: Option<Config>) {
        let Some(mut config) = config else {
            tracing::warn!(
                "not hearing other nodes, since LISTEN cannot pass a transaction pooler: caches are believed for one second only; set \
                 DIRECT_DATABASE_URL to an address past it"
            );
            return;
        };
        config
            .keepalives(true)
            .keepalives_idle(SILENCE / 2)
            .keepalives_interval(SILENCE / 6)
            .keepalives_retries(3);
        let mut told = false;
        loop {
            let Err(deaf) = self.hear(&config).await;
            // Once for each time that it went deaf, not for each try to hear again.
            if self.registry.set_hearing(false) || !told {
                told = true;
                tracing::warn!(
                    error = &deaf as &dyn std::error::Error,
                    "not hearing other nodes; caches are believed for one second only until this connects again"
                );
            }
            tokio::time::sleep(match deaf {
                Deaf::NoEcho => RETRY_POOLER,
                _ => RETRY,
            })
            .await;
        }
    }

    async fn hear(&self, config: &Config) -> Result<std::convert::Infallible, Deaf> {
        let (client, mut connection) = config.connect(tls::connector()).await?;
        let echo = format!("{CHANNEL}_{}", new_id().simple());
        let command = format!("LISTEN {CHANNEL}; LISTEN {echo}");
        let mut trying = std::pin::pin!(async {
            client.batch_execute(&command).await?;
            let mut db = Scoped::new(self.pool.lease(For::Anybody).await?, Scope::Public);
            Ok::<_, Deaf>(notify(&mut db, &echo, "").await?)
        });
        let mut patience = std::pin::pin!(tokio::time::sleep(ECHO_LIMIT));
        let (mut sent, mut hearing) = (false, false);
        loop {
            // The answer to LISTEN comes through the connection that is polled here as well.
            let message = tokio::select! {
                biased;
                done = &mut trying, if !sent => {
                    done?;
                    sent = true;
                    continue;
                }
                () = &mut patience, if !hearing => return Err(Deaf::NoEcho),
                message = poll_fn(|cx| connection.poll_message(cx)) => message,
            };
            match message {
                None => return Err(Deaf::Closed),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(AsyncMessage::Notification(note))) if note.channel() == echo => {
                    hearing = true;
                    self.registry.forget_all();
                    self.registry.set_hearing(true);
                    let _ = self.subscribers.send(Heard::Resync);
                }
                Some(Ok(AsyncMessage::Notification(note))) => self.heard(note.payload()),
                Some(Ok(_)) => {}
            }
        }
    }

    fn heard(&self, payload: &str) {
        let Ok(event) = serde_json::from_str::<Event>(payload) else {
            // A newer node may tell what this one does not know: be careful rather than clever.
            self.registry.forget_all();
            let _ = self.subscribers.send(Heard::Resync);
            return;
        };
        if let Event::TenantChanged { id } = &event {
            self.registry.forget(*id);
        }
        // No subscriber is no failure.
        let _ = self.subscribers.send(Heard::Event(event));
    }
}
