//! SIGTERM and SIGINT as a channel, so that whoever runs something long decides what they mean, and tests need no signal.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// One message for each SIGTERM or SIGINT from now on.
///
/// # Errors
/// The signal handlers could not be installed.
pub fn stops() -> std::io::Result<mpsc::Receiver<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
