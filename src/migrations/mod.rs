//! Migrations of the shared tables and of the whole fleet of tenants, and the making of a new tenant's schema.
//!
//! Invariant: a schema, its history and its line in the fleet ledger change in one transaction, so a run that is killed at any moment
//! leaves every tenant at one version or the other, and goes on where it stopped.

mod apply;
mod busy;
mod chosen;
mod copy;
mod draft;
mod drift;
mod fleet;
mod grants;
mod history;
mod holders;
mod ledger;
mod load;
mod locks;
mod orphans;
mod outside;
mod parts;
mod place;
mod plan;
mod problem;
mod run;
mod run_outside;
mod schema;
mod script;
mod set;
mod shared;
mod spares;
mod spread;
mod tenant;
mod text;
mod tombstone;
mod undo;
mod undo_scripts;

pub use apply::{ApplyError, LockBudget};
pub use busy::{Busy, OutOfReach};
pub use chosen::ChoiceError;
pub use draft::{Draft, DraftError, DraftName};
pub use drift::{Compared, Description, Difference, DriftError, Repair, Verdict};
pub use fleet::Migrator;
pub use history::History;
pub use holders::{Holder, told};
pub use ledger::{FleetCounts, LedgerLine, counts, line, troubled};
pub use load::LoadError;
pub use locks::Lock;
pub use orphans::{DropError, Mended, Orphans};
pub use outside::Outside;
pub use parts::{PART, Pace, drop_if_small, drop_some};
pub use place::{Applied, Changed};
pub use plan::{Outcome, Plan, PlanOptions, SchemaPlan, Step, Undo};
pub use problem::SqlProblem;
pub use run::{Failure, FleetReport, Progress, RunOptions, Stopped};
pub use schema::{NewSchema, close_login, open_login, role_names};
pub use set::{MigrationSet, Target};
pub use shared::Shared;
pub use spares::{Refill, Spare};
pub use tenant::Migrated;
pub use tombstone::Remains;
pub use undo::{UndoError, UndoOptions, UndoReport};
pub use undo_scripts::Kind;
