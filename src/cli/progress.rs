//! How far work on the fleet is, on standard error.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::complain;
use crate::migrations::Progress;

/// Without a terminal, a line of progress this often.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// A bar in a terminal, else a line now and then. `trouble` is what is said of tenants that count as failed.
pub(super) fn progress(trouble: &'static str) -> impl FnMut(Progress) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} tenants {msg} {elapsed}, {eta} left")
    {
        bar.set_style(style);
    }
    let terminal = io::stderr().is_terminal();
    let mut last = Instant::now();
    move |at| {
        if terminal {
            bar.set_length(at.total as u64);
            bar.set_position(at.done as u64);
            if at.failed > 0 {
                bar.set_message(format!("({} {trouble})", at.failed));
            }
            if at.done == at.total {
                bar.finish_and_clear();
            }
        } else if at.total > 0 && (at.done == at.total || last.elapsed() >= LINE_EVERY) {
            last = Instant::now();
            complain(&format!(
                "{}/{} tenants, {} {trouble}",
                at.done, at.total, at.failed
            ));
        }
    }
}
