//! The HTTP shell around a small API made here, driven over real connections.

mod bodies;
mod documents;
mod fixture;
mod framework_errors;
mod hang_up;
mod lifecycle;
mod lists;
mod requests;
mod signals;
mod slow_clients;
mod unread;
