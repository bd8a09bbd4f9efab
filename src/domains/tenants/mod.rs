//! Tenants: made whole or not at all, and led through their life by the operators.

mod copies;
mod deletion;
mod error;
mod keeper;
mod life;
mod migrating;
mod model;
mod people;
mod profile;
mod provision;
mod purge;
mod registration;
mod repository;
mod service;
mod set_aside;
mod temporary;

pub use copies::{
    Copied, CopyError, CopyProgress, CopyRules, ExportFile, Exported, FileError, NewCopy,
    tables as copied_tables,
};
pub use deletion::Deleted;
pub use error::TenantsError;
pub use keeper::Keeper;
pub use life::Transition;
pub use model::{
    AppliedMigration, Migrations, NewAdmin, NewTenant, Stored, TenantChange, TenantView, Usage,
};
pub use provision::ensure_platform;
pub use purge::{PurgeReport, Purged, Unpurged, keep_purging};
pub use registration::{Registered, Registration, Registrations};
pub use service::Tenants;
pub use set_aside::{drop_temporary, reap_expired, reap_set_aside, set_aside_temporary};
pub use temporary::{TemporaryTenant, build_temporary, create_temporary, open_temporary};
