//! The one integration-test binary; each further binary would cost another link.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and may ask the system what the product must not"
)]

mod architecture;
mod http;
mod isolation;
mod private_postgres;
