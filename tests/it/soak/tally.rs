//! What was asked and done in a soak, what came of it, and what was wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Further ones are only counted.
const KEPT: usize = 20;
/// Bytes that are told of each.
const LENGTH: usize = 600;

/// Counts by kind and outcome (a status, most often), and the faults.
#[derive(Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<(&'static str, String), u64>>,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    kept: Vec<String>,
    more: usize,
}

impl Tally {
    pub fn count(&self, kind: &'static str, outcome: &(impl ToString + ?Sized)) {
        let mut counts = self.counts.lock().unwrap();
        *counts.entry((kind, outcome.to_string())).or_default() += 1;
    }

    /// Told at once as well.
    #[expect(clippy::print_stderr, reason = "a soak is long")]
    pub fn fault(&self, mut fault: String) {
        fault.truncate(fault.floor_char_boundary(LENGTH));
        eprintln!("fault: {fault}");
        let mut faults = self.faults.lock().unwrap();
        if faults.kept.len() < KEPT {
            faults.kept.push(fault);
        } else {
            faults.more += 1;
        }
    }

    /// How much there was in all.
    pub fn all(&self) -> u64 {
        self.counts.lock().unwrap().values().sum()
    }

    /// How often this came of that kind.
    pub fn times(&self, kind: &'static str, outcome: &str) -> u64 {
        let counts = self.counts.lock().unwrap();
        let count = counts.get(&(kind, outcome.to_owned()));
        count.copied().unwrap_or_default()
    }

    /// What was wrong; empty when all is well.
    pub fn faults(&self) -> String {
        let faults = self.faults.lock().unwrap();
        let text = faults.kept.join("\n");
        if faults.more > 0 {
            return format!("{text}\nand {} more", faults.more);
        }
        text
    }
}

/// One line: each kind with its outcomes and how often each came.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for ((kind, outcome), count) in self.counts.lock().unwrap().iter() {
            if *kind != last {
                let parting = if last.is_empty() { "" } else { "; " };
                write!(f, "{parting}{kind}")?;
                last = kind;
            }
            write!(f, " {outcome}×{count}")?;
        }
        Ok(())
    }
}
