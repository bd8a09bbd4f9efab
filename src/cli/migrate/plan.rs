//! `migrate plan`: a dry run of what is pending.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json};
use super::super::progress::progress;
use super::jobs::Jobs;
use super::numbers::{at_least_one, wait};
use crate::config::Config;
use crate::migrations::{Lock, Outcome, Plan, PlanOptions, SchemaPlan, Step, Undo, told};
use crate::tenancy::Slug;

/// Tenants whose trouble the text tells; `--json` tells all.
const SHOWN: usize = 50;
const NOT_TAKEN_BACK: &str = "\
everything was rolled back; what no rollback takes back: numbers drawn from sequences, and dead rows until the next vacuum";

const TRIED_PLAINLY: &str = "tried without CONCURRENTLY; the real one runs without a transaction, takes longer, and locks out neither readers nor writers";

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    /// This tenant only; can be given several times
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<Slug>,
    /// So many of the tenants that are behind, spread evenly from the oldest to the newest, both among them
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    sample: Option<usize>,
    /// Longest wait for a lock, in milliseconds
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = wait)]
    lock_timeout: Duration,
    #[command(flatten)]
    jobs: Jobs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn plan(config: Box<Config>, arguments: Arguments) -> Result<(), Failure> {
    let opened = Opened::as_it_is(arguments.jobs.over(config)).await?;
    let wait = arguments.lock_timeout;
    let options = PlanOptions {
        only: arguments.tenants,
        sample: arguments.sample,
        lock_timeout: wait,
    };
    let plan = opened
        .foundation
        .migrator
        .plan(&options, progress("failed"))
        .await?;
    opened.close().await?;
    if arguments.json {
        say_json(&plan);
    } else {
        say(&text(&plan));
    }
    if plan.is_fine() {
        return Ok(());
    }
    let mut words = "the plan found trouble:".to_owned();
    let troubled = std::iter::once(&plan.shared).chain(&plan.tenants);
    let mut troubled = troubled.filter(|schema| !schema.is_fine());
    for schema in troubled.by_ref().take(SHOWN) {
        for line in trouble(schema, wait) {
            words.push_str("\n  ");
            words.push_str(&line);
        }
    }
    let more = troubled.count();
    if more > 0 {
        let more = format!("\n  and {more} more; --json names them");
        words.push_str(&more);
    }
    Err(Failure::InPart(words))
}

fn text(plan: &Plan) -> String {
    let mut lines = Vec::new();
    if plan.shared.steps.is_empty() && plan.shared.problem.is_none() {
        lines.push("shared tables: nothing to do".to_owned());
    } else {
        lines.push("shared tables:".to_owned());
        lines.extend(summary(std::slice::from_ref(&plan.shared)));
    }
    let tried = plan.tenants.len();
    lines.push(format!(
        "tenants behind version {}: {}, tried: {tried}",
        plan.target, plan.behind
    ));
    lines.extend(summary(&plan.tenants));
    if plan.ahead > 0 {
        let ahead = plan.ahead;
        lines.push(format!(
            "tenants ahead of this binary, of which nothing is known: {ahead}"
        ));
    }
    let moved: BTreeSet<&str> = std::iter::once(&plan.shared)
        .chain(&plan.tenants)
        .flat_map(|schema| schema.advanced_sequences.iter().map(String::as_str))
        .collect();
    lines.push(NOT_TAKEN_BACK.to_owned());
    if !moved.is_empty() {
        let moved: Vec<&str> = moved.into_iter().collect();
        lines.push(format!(
            "sequences that moved on meanwhile: {}",
            moved.join(", ")
        ));
    }
    lines.join("\n")
}

/// Each migration once, over all schemas.
fn summary(schemas: &[SchemaPlan]) -> Vec<String> {
    let mut migrations: BTreeMap<(i32, &str), Vec<&Step>> = BTreeMap::new();
    for step in schemas.iter().flat_map(|schema| &schema.steps) {
        let steps = migrations.entry((step.version, &step.name)).or_default();
        steps.push(step);
    }
    let mut lines = Vec::new();
    for ((version, name), steps) in migrations {
        let count = |test: fn(&Step) -> bool| steps.iter().filter(|step| test(step)).count();
        let fine = count(|step| matches!(step.outcome, Outcome::Fine));
        let failed = count(|step| matches!(step.outcome, Outcome::Failed { .. }));
        let busy = count(|step| matches!(step.outcome, Outcome::Busy { .. }));
        let not_tried = count(|step| matches!(step.outcome, Outcome::NotTried { .. }));
        let mut results = vec![format!("{fine} fine")];
        for (number, words) in [
            (failed, "failed"),
            (busy, "busy"),
            (
                not_tried,
                "not tried (it runs outside of a transaction, and changes no structure)",
            ),
        ] {
            if number > 0 {
                results.push(format!("{number} {words}"));
            }
        }
        let slowest = steps.iter().map(|step| step.took_ms).fold(0.0, f64::max);
        results.push(format!("at most {slowest:.1} ms"));
        let good = count(|step| matches!(step.undo, Undo::Checked));
        let wrong = count(|step| matches!(step.undo, Undo::Differs { .. } | Undo::Failed { .. }));
        let untried = count(|step| matches!(step.undo, Undo::NotTried));
        let undo = match (good, wrong) {
            (0, 0) if untried > 0 => "undo not tried".to_owned(),
            (0, 0) => "no undo".to_owned(),
            (good, 0) => format!("undo good in {good}"),
            (good, wrong) => format!("undo good in {good}, wrong in {wrong}"),
        };
        let results = results.join(", ");
        lines.push(format!("  V{version}__{name}: {results}; {undo}"));
        let plainly = steps.iter().any(|step| step.tried_plainly);
        if plainly {
            lines.push(format!("    {TRIED_PLAINLY}"));
        }
        for lock in strongest(&steps) {
            let stops = if plainly {
                ", in this dry run only"
            } else if lock.stops_everybody() {
                ": stops its readers and writers until the commit"
            } else {
                ""
            };
            lines.push(format!(
                "    locks {} ({}){stops}",
                lock.relation, lock.mode
            ));
        }
    }
    lines
}

/// The strongest lock on each relation.
fn strongest<'p>(steps: &[&'p Step]) -> Vec<&'p Lock> {
    let mut relations: BTreeMap<&str, &Lock> = BTreeMap::new();
    for lock in steps.iter().flat_map(|step| &step.locks) {
        let known = relations.entry(&lock.relation).or_insert(lock);
        if lock.strength() > known.strength() {
            *known = lock;
        }
    }
    relations.into_values().collect()
}

/// What stands in the way of one schema.
fn trouble(schema: &SchemaPlan, wait: Duration) -> Vec<String> {
    let mut lines = Vec::new();
    let name = &schema.name;
    lines.extend(
        schema
            .problem
            .as_ref()
            .map(|problem| format!("{name}: {problem}")),
    );
    for step in &schema.steps {
        let migration = format!("{name}: V{}__{}", step.version, step.name);
        match &step.outcome {
            Outcome::Fine | Outcome::NotTried { .. } => {}
            Outcome::Failed { error } => lines.push(format!("{migration} failed: {error}")),
            Outcome::Busy { held_by } => lines.push(format!(
                "{migration} could not get a lock within {} ms; {}",
                wait.as_millis(),
                told(held_by)
            )),
        }
        match &step.undo {
            Undo::None | Undo::NotTried | Undo::Checked => {}
            Undo::Failed { error } => lines.push(format!("{migration}: its undo failed: {error}")),
            Undo::Differs { differences } => lines.push(format!(
                "{migration}: its undo leaves another structure: {}",
                differences.join("; ")
            )),
        }
    }
    lines
}
