//! tenantry: a SaaS backend in which every tenant has a PostgreSQL schema of its own.
//!
//! Start reading at `docs/ARCHITECTURE.md`; a request's way is api → service → repository → tenancy session → Postgres.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "the same code is checked without its tests"
    )
)]

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod domains;
pub mod error;
pub mod ids;
pub mod limits;
pub mod migrations;
pub mod pagination;
pub mod private_postgres;
pub mod readiness;
pub mod signals;
pub mod signing;
pub mod telemetry;
pub mod tenancy;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod vault;
