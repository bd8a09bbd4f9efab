//! Projects: the worked example of a domain, the one to copy.
//!
//! Members read all of their tenant's projects and change their own; admins change all.

mod authorization;
mod error;
mod model;
mod repository;
mod service;

pub use error::ProjectError;
pub use model::{NewProject, Project, ProjectChange};
pub use service::Projects;
