//! One migration taken back in one schema, in the caller's transaction.

use refinery_core::Migration;

use super::super::fleet::Migrator;
use super::super::place::{Place, pending};
use super::super::problem::SqlProblem;
use super::super::text;
use super::super::undo_scripts::Kind;
use super::UndoError;
use super::structure::Structures;
use crate::tenancy::{DdlTransaction, SchemaName, Sql};

const FORGET: Sql = Sql::new(
    "undo.forget",
    "DELETE FROM refinery_schema_history WHERE version = $1 AND current_setting('tenantry.undoing', true) = 'on'",
);
/// So that a long statement ends soon after its client was killed, and lets its locks go.
const MARK: &str =
    "SET LOCAL tenantry.undoing = 'on'; SET LOCAL client_connection_check_interval = '1s'";

/// A migration, the text that takes it back, and where that leads.
pub(super) struct Step<'s> {
    pub(super) version: i32,
    script: &'s str,
    /// The migration before it; 0 is none.
    pub(super) before: i32,
}

impl Migrator {
    /// Finds the migration and its script.
    pub(super) fn undo_step(
        &self,
        kind: Kind,
        version: Option<i32>,
    ) -> Result<Step<'_>, UndoError> {
        let set = self.set();
        let files = set.of(kind);
        let wanted = version.or_else(|| files.last().map(Migration::version));
        let at = files.iter().position(|file| Some(file.version()) == wanted);
        let Some(at) = at else {
            return Err(UndoError::NoMigration {
                kind: kind.folder(),
                version: wanted.unwrap_or_default(),
            });
        };
        let file = &files[at];
        let Some(script) = set.undo(kind, file.version()) else {
            return Err(UndoError::NoScript {
                kind: kind.folder(),
                version: file.version(),
                name: file.name().to_owned(),
            });
        };
        Ok(Step {
            version: file.version(),
            script,
            before: files[..at].last().map_or(0, Migration::version),
        })
    }

    /// Runs the script in a tenant's schema, as [`Migrator::take_back`], and refuses what it leaves if that is not the structure before. Answers
    /// with whether the tenant keeps drift that it had; `None` where the newest is another one.
    pub(super) async fn take_back_checked(
        &self,
        tx: &mut DdlTransaction,
        schema: &SchemaName,
        step: &Step<'_>,
        structures: &Structures,
    ) -> Result<Option<bool>, UndoError> {
        let found = self.describe(tx, schema).await?;
        if found.is_empty() {
            return Err(UndoError::NoSchema);
        }
        let place = Place::Tenant(schema.clone());
        if !self.take_back(tx, &place, step).await? {
            return Ok(None);
        }
        let left = self.describe(tx, schema).await?;
        structures.judge(&found, &left).map(Some)
    }

    /// Runs the script and takes the migration out of the history; `false` where the newest is another one.
    pub(super) async fn take_back(
        &self,
        tx: &mut DdlTransaction,
        place: &Place,
        step: &Step<'_>,
    ) -> Result<bool, UndoError> {
        tx.batch(MARK).await?;
        place.enter(tx).await?;
        let history = place.history(tx).await?;
        if history.last().map(|newest| newest.version) != Some(step.version) {
            return Ok(false);
        }
        // Refuses a file that was changed after it was applied: the script is not the undo of what is there.
        pending(&history, self.set().of(place.kind()))?;
        let ran = tx.batch(&text::contained(step.script)).await;
        if ran.as_ref().is_err_and(|error| error.says(text::REFUSED)) {
            return Err(UndoError::EndedTransaction);
        }
        ran.map_err(|error| UndoError::Script {
            problem: Box::new(SqlProblem::of(&error, step.script)),
            error,
        })?;
        // The script may have changed the path.
        place.enter(tx).await?;
        if tx.execute(&FORGET, &[&step.version]).await? != 1 {
            return Err(UndoError::EndedTransaction);
        }
        Ok(true)
    }
}
