//! Copies of tenants: exported to a file, imported into this database and another, and cloned; and what is no copy.

mod cloning;
mod damaged;
mod elsewhere;
mod fixture;
mod http;
mod keys;
mod killed;
mod killed_server;
mod lists;
mod refused;
mod repacked;
mod round_trip;
mod secrets;
