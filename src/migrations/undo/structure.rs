//! What an undo script has to leave: the structure that the migrations before it make, but for what hands had changed.
//!
//! Invariant: drift that was there before, and that neither the migration nor the script touches, is nobody's fault here.

use super::super::drift::{Description, Difference};
use super::super::fleet::Migrator;
use super::UndoError;
use super::step::Step;

/// The references of a run.
pub(super) struct Structures {
    with: Description,
    without: Description,
    /// Version of the latter.
    before: i32,
}

impl Migrator {
    /// Makes both references, once for all tenants.
    pub(super) async fn structures(&self, step: &Step<'_>) -> Result<Structures, UndoError> {
        let failed = |version| move |source| UndoError::Reference { version, source };
        let with = self.reference(step.version).await;
        let without = self.reference(step.before).await;
        Ok(Structures {
            with: with.map_err(failed(step.version))?,
            without: without.map_err(failed(step.before))?,
            before: step.before,
        })
    }
}

impl Structures {
    /// Compares a schema as the script `found` it and as it `left` it. Answers with whether it still has the drift that it had.
    pub(super) fn judge(&self, found: &Description, left: &Description) -> Result<bool, UndoError> {
        let differences = left.diff(&self.without);
        if differences.is_empty() {
            return Ok(false);
        }
        let drift = found.diff(&self.with);
        // One that is the same in all of its parts was neither to be changed nor was it.
        let new: Vec<&Difference> = differences.iter().filter(|d| !drift.contains(d)).collect();
        if new.is_empty() {
            return Ok(true);
        }
        let words = |all: &[&Difference]| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            all.join("; ")
        };
        let drift: Vec<&Difference> = drift.iter().collect();
        Err(UndoError::Differs {
            before: self.before,
            differences: words(&new),
            drift: words(&drift),
        })
    }
}
