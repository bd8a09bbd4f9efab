//! A fleet of tenants: what a start costs, what a migration of all does, and what one tenant's trouble means for the others.

mod busy;
mod busy_elsewhere;
mod by_an_operator;
mod crashed;
mod deleted;
mod drift;
mod drift_cases;
mod drift_repair;
mod edited;
pub mod fixture;
mod misbehaved;
mod outside;
mod plan;
mod plan_killed;
mod plan_outside;
mod skew;
mod thousand;
mod told;
mod two_runs;
mod two_starts;
mod undo;
mod undo_killed;
mod undo_structure;
mod waves;
pub(crate) mod wire;
