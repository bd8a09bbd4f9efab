//! The table that a run prints: medians of the rounds, and the median of their ratios.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tenantry::clock::Clock;

use crate::fleet::Fleet;

/// What a ratio should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// Of requests.
    AtLeast(f64),
    /// Of time.
    AtMost(f64),
}

/// One comparison.
pub(crate) struct Figure {
    pub(crate) number: &'static str,
    pub(crate) work: String,
    pub(crate) against: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    /// Ours and theirs, round by round.
    pub(crate) rounds: Vec<(f64, f64)>,
}

/// All comparisons of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<Figure>);

impl Table {
    pub(crate) fn add(&mut self, figure: Figure) {
        self.0.push(figure);
        self.0.sort_by_key(|figure| {
            figure
                .number
                .trim_end_matches(char::is_alphabetic)
                .parse::<u32>()
                .unwrap_or_default()
        });
    }

    /// Puts heading and table into a page, between the lines that say so.
    pub(crate) fn write_into(&self, page: &Path, heading: &str) {
        const BEGIN: &str = "<!-- begin: written by `just bench` -->\n";
        const END: &str = "<!-- end -->\n";
        let text = fs::read_to_string(page).expect("the page of benchmarks");
        let (before, rest) = text.split_once(BEGIN).expect("a place for the table");
        let (_, after) = rest.split_once(END).expect("an end of the table");
        let text = format!("{before}{BEGIN}{heading}\n{self}{END}{after}");
        fs::write(page, text).expect("the page of benchmarks");
    }

    /// When, with what and on what kind of machine.
    pub(crate) async fn heading(&self, fleet: &Fleet) -> String {
        let version = fleet.owner.query_one("SHOW server_version", &[]).await;
        let version: String = version.expect("PostgreSQL's version").get(0);
        let rustc = Command::new("rustc").arg("--version").output();
        let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        format!(
            "{}, tenantry {}, PostgreSQL {version}, {}; {} cores, {} on {}; {} rounds\n",
            Clock::system().now().format("%Y-%m-%d"),
            env!("CARGO_PKG_VERSION"),
            rustc.unwrap_or_default(),
            std::thread::available_parallelism().map_or(0, usize::from),
            std::env::consts::OS,
            std::env::consts::ARCH,
            self.0.first().map_or(0, |figure| figure.rounds.len()),
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| # | Work | Against | Ours | Theirs | Ratio (least–most) | Goal | Met |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        self.0.iter().try_for_each(|figure| writeln!(f, "{figure}"))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            work,
            against,
            unit,
            ..
        } = self;
        let side = |of: fn(&(f64, f64)) -> f64| median(self.rounds.iter().map(of).collect());
        let (ours, theirs) = (side(|round| round.0), side(|round| round.1));
        let ratios: Vec<f64> = self
            .rounds
            .iter()
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        let ratio = median(ratios);
        let (goal, met) = match self.goal {
            Goal::AtLeast(goal) => (format!("≥ {goal:.2}"), ratio >= goal),
            Goal::AtMost(goal) => (format!("≤ {goal:.1}"), ratio <= goal),
        };
        let digits = usize::from(ours < 1000.0);
        write!(
            f,
            "| {number} | {work} | {against} | {ours:.digits$} {unit} | {theirs:.digits$} {unit} \
             | **{ratio:.2}** ({least:.2}–{most:.2}) | {goal} | {} |",
            if met { "yes" } else { "no" }
        )
    }
}

/// The middle one; of an even number the upper middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Of one of `count` that took this long together.
pub(crate) fn milliseconds(took: Duration, count: usize) -> f64 {
    took.as_secs_f64() * 1000.0 / f64::from(u32::try_from(count).expect("a small number"))
}
