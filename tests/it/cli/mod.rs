//! The command line, as a shell sees it: output, errors and exit codes of the real program.

pub mod doctor;
mod fleet;
mod large;
mod least_login;
mod looking;
mod migrations;
mod mistakes;
mod openapi;
mod orphans;
mod progress;
mod temp_schema;
mod tenants;
mod users;
