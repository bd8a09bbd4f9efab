//! Hears what other nodes tell, on a connection of its own.
//!
//! Invariant: while the ear is deaf the registry believes its entries for a second only, and what could have been missed is read anew
//! when it hears again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::sync::broadcast;
use tokio_postgres::{AsyncMessage, Config};

use super::events::{CHANNEL, Event};
use super::registry::Registry;
use super::tls;

/// Between two tries to connect.
const RETRY: Duration = Duration::from_millis(500);

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

/// Listens until the task is dropped.
pub(super) async fn listen(
    mut config: Config,
    registry: Arc<Registry>,
    subscribers: broadcast::Sender<Heard>,
) {
    config
        .keepalives(true)
        .keepalives_idle(SILENCE / 2)
        .keepalives_interval(SILENCE / 6)
        .keepalives_retries(3);
    loop {
        let result = hear(&config, &registry, &subscribers).await;
        registry.set_hearing(false);
        if let Err(error) = result {
            tracing::warn!(
                error = %error,
                "not hearing other nodes; caches are believed for one second only until this connects again"
            );
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(
    config: &Config,
    registry: &Registry,
    subscribers: &broadcast::Sender<Heard>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(tls::connector()).await?;
    let command = format!("LISTEN {CHANNEL}");
    let mut listening = std::pin::pin!(client.batch_execute(&command));
    let mut ready = false;
    loop {
        // The answer to LISTEN comes through the connection that is polled here as well.
        let message = tokio::select! {
            biased;
            done = &mut listening, if !ready => {
                done?;
                ready = true;
                registry.forget_all();
                registry.set_hearing(true);
                let _ = subscribers.send(Heard::Resync);
                continue;
            }
            message = poll_fn(|cx| connection.poll_message(cx)) => message,
        };
        match message {
            None => return Ok(()),
            Some(Err(error)) => return Err(error),
            Some(Ok(AsyncMessage::Notification(note))) => {
                heard(note.payload(), registry, subscribers);
            }
            Some(Ok(_)) => {}
        }
    }
}

fn heard(payload: &str, registry: &Registry, subscribers: &broadcast::Sender<Heard>) {
    let Ok(event) = serde_json::from_str::<Event>(payload) else {
        // A newer node may tell what this one does not know: be careful rather than clever.
        registry.forget_all();
        let _ = subscribers.send(Heard::Resync);
        return;
    };
    if let Event::TenantChanged { id, slug } = &event {
        match slug.parse() {
            Ok(slug) => registry.forget(*id, &slug),
            Err(_) => registry.forget_all(),
        }
    }
    // No subscriber is no failure.
    let _ = subscribers.send(Heard::Event(event));
}
