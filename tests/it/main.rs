//! The one integration-test binary; each further binary would cost another link.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and may ask the system what the product must not"
)]

mod adding_a_domain;
mod api_keys;
mod architecture;
mod attacks;
mod audit;
mod auth;
mod authorization;
mod cli;
mod contract;
mod copies;
mod features;
mod fleet;
mod golden;
mod http;
mod impersonation;
mod invites;
mod isolation;
mod limits;
mod mails;
mod mfa;
mod operations;
mod pooler;
mod private_postgres;
mod program;
mod projects;
mod provisioning;
mod registration;
mod roles;
mod soak;
mod tenants;
mod users;
