//! A fleet of tenants: what a start costs, what a migration of all does, and what one tenant's trouble means for the others.

mod busy;
mod drift;
pub mod fixture;
mod drift_cases;
mod drift_repair;
mod fixture;
mod misbehaved;
mod skew;
mod thousand;
mod two_starts;
mod wire;
