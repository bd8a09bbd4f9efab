//! What a plan found, for people and as JSON.

use serde::Serialize;

use super::super::holders::Holder;
use super::super::locks::Lock;
use crate::migrations::problem::SqlProblem;

/// A dry run of what is pending.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// Newest tenant migration at hand.
    pub target: i32,
    /// The shared tables.
    pub shared: SchemaPlan,
    /// Tenants that are behind, before a sample was taken. 0 where trouble with the shared tables kept them from being looked at.
    pub behind: usize,
    /// Tenants that a newer binary has migrated: nothing is known of them.
    pub ahead: usize,
    /// Those that were tried.
    pub tenants: Vec<SchemaPlan>,
}

impl Plan {
    /// Nothing stands in the way.
    pub fn is_fine(&self) -> bool {
        self.shared.is_fine() && self.tenants.iter().all(SchemaPlan::is_fine)
    }
}

/// One schema's part.
#[derive(Debug, Default, Serialize)]
pub struct SchemaPlan {
    /// `public`, or the tenant's slug.
    pub name: String,
    /// Newest migration that it has; 0 is none.
    pub version: i32,
    /// Why nothing could be tried.
    pub problem: Option<String>,
    /// What is pending, in order, up to the first that failed.
    pub steps: Vec<Step>,
    /// Sequences from which the dry run drew numbers, which no rollback puts back.
    pub advanced_sequences: Vec<String>,
}

impl SchemaPlan {
    /// All that is pending could be done and undone.
    pub fn is_fine(&self) -> bool {
        self.problem.is_none() && self.steps.iter().all(Step::is_fine)
    }
}

/// One migration in one schema.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its version.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// It runs without a transaction, and was tried in one without the word `CONCURRENTLY`: the real one takes longer, and keeps neither
    /// readers nor writers waiting.
    pub tried_plainly: bool,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What it locked of what was there before; of one that was tried plainly, the dry run alone.
    pub locks: Vec<Lock>,
    /// What came of its undo script.
    pub undo: Undo,
}

impl Step {
    fn is_fine(&self) -> bool {
        let done = matches!(self.outcome, Outcome::Fine | Outcome::NotTried { .. });
        done && !matches!(self.undo, Undo::Differs { .. } | Undo::Failed { .. })
    }
}

/// What came of a migration.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It ran.
    Fine,
    /// Its SQL failed.
    Failed {
        /// How.
        error: SqlProblem,
    },
    /// A lock was not to be had in time; the SQL may be good.
    Busy {
        /// What others hold in this schema.
        held_by: Vec<Holder>,
    },
    /// It runs outside of a transaction and changes nothing that others read, as `VACUUM`.
    NotTried {
        /// Why, in words.
        reason: &'static str,
    },
}

/// What came of an undo script.
#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Undo {
    /// The migration has no script.
    None,
    /// It has one, and came to no end itself.
    NotTried,
    /// It ran, and left the structure as it was before the migration.
    Checked,
    /// It ran, and left another structure.
    Differs {
        /// Where it differs from the structure before.
        differences: Vec<String>,
    },
    /// It failed.
    Failed {
        /// How.
        error: SqlProblem,
    },
}
