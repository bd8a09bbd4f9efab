//! The HTTP shell around a small API made here, driven over real connections.

mod bodies;
mod documents;
mod fixture;
mod framework_errors;
mod lifecycle;
mod lists;
mod requests;
