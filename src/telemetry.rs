//! The log: structured lines on standard error.
//!
//! Lines pass through a queue to a thread of their own, so a slow reader of the log never stalls a request.

use std::io::{self, IsTerminal, Write};

use tracing::Subscriber;
use tracing_appender::non_blocking::{self, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::{LogConfig, LogFormat};

/// Writes what is still queued when it is dropped: hold it until the program ends.
#[must_use = "lines that are still queued are lost unless the guard lives until the end"]
#[derive(Debug)]
pub struct LogGuard(#[allow(dead_code, reason = "held for its drop")] WorkerGuard);

/// Starts the log of this process.
///
/// # Errors
/// When the process has a log already.
pub fn init(config: &LogConfig) -> Result<LogGuard, TryInitError> {
    let terminal = io::stderr().is_terminal();
    let (subscriber, guard) = build(config, terminal, io::stderr());
    subscriber.try_init()?;
    Ok(guard)
}

fn build(
    config: &LogConfig,
    terminal: bool,
    sink: impl Write + Send + 'static,
) -> (impl Subscriber + Send + Sync, LogGuard) {
    let (writer, guard) = non_blocking::NonBlockingBuilder::default()
        .thread_name("log")
        .finish(sink);
    let by_terminal = if terminal {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    };
    let layer = match config.format.unwrap_or(by_terminal) {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
        LogFormat::Pretty if terminal => fmt::layer().with_writer(writer).boxed(),
        LogFormat::Pretty => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
    };
    // The configuration has checked the filter; nothing is left out of it here.
    let filter = EnvFilter::new(&config.filter);
    (registry().with(filter).with(layer), LogGuard(guard))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Option<LogFormat>, terminal: bool, body: impl FnOnce()) -> String {
        let sink = Sink::default();
        let config = LogConfig {
            filter: "warn,tenantry=info".to_owned(),
            format,
        };
        let (subscriber, guard) = build(&config, terminal, sink.clone());
        with_default(subscriber, body);
        drop(guard);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_are_flat_and_none_is_lost_at_the_end() {
        let lines = logged(None, false, || {
            for status in 0..1000 {
                tracing::info!(http.status = status, "request");
                tracing::debug!("below the level");
                tracing::info!(target: "other", "below the level of others");
            }
        });
        let lines: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 1000);
        let last = &lines[999];
        assert_eq!(last["http.status"], 999);
        assert_eq!(last["message"], "request");
        assert_eq!(last["level"], "INFO");
        assert_eq!(last["target"], "tenantry::telemetry::tests");
        assert!(last["timestamp"].is_string());
    }

    #[test]
    fn a_terminal_gets_lines_for_people_unless_told_otherwise() {
        let hello = || tracing::info!("hello");
        assert!(!logged(None, true, hello).starts_with('{'));
        assert!(logged(Some(LogFormat::Json), true, hello).starts_with('{'));
        let piped = logged(Some(LogFormat::Pretty), false, hello);
        assert!(
            piped.contains("INFO") && !piped.contains('\u{1b}'),
            "{piped}"
        );
    }
}
