//! What can go wrong with tenants, and what it means.

use std::time::Duration;

use super::copies::CopyError;
use crate::domains::access::Denied;
use crate::domains::idempotency::IdempotencyError;
use crate::error::{Error, ErrorKind, FieldError};
use crate::migrations::ApplyError;
use crate::tenancy::{DbError, SchemaName, Status};

/// When a busy tenant may be worth another try.
const BUSY: Duration = Duration::from_secs(5);

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum TenantsError {
    /// There is none, or the caller may not know of it.
    #[error("there is no such tenant")]
    NotFound,
    /// There is none that the caller may see.
    #[error("there is no such operation")]
    NoOperation,
    /// Another tenant has, or had, this slug.
    #[error("the slug `{0}` is taken; choose another")]
    SlugTaken(String),
    /// The deployment lets nobody sign up.
    #[error("nobody can sign up here; ask the operators for a tenant")]
    SignUpOff,
    /// Its life does not allow this.
    #[error("a tenant that is {from} cannot be {verb}")]
    InvalidTransition {
        /// Where it is.
        from: Status,
        /// What was asked for.
        verb: &'static str,
    },
    /// Somebody else led it elsewhere, or renamed it, at the same time.
    #[error("the tenant changed meanwhile; read it and try again")]
    StatusChanged,
    /// The platform's own tenant is not led through a life.
    #[error("the platform's own tenant cannot be {0}")]
    Platform(&'static str),
    /// It ends by itself with all that is in it, which nobody shall expect under another name.
    #[error(
        "a temporary tenant cannot be renamed, for it is dropped when its time is over; clone it to keep what it has"
    )]
    Temporary,
    /// It was deleted, and its time to be restored is over.
    #[error("this tenant was deleted, and the time in which it could be restored is over")]
    Expired,
    /// It was deleted, and somebody has dropped what was kept of it.
    #[error(
        "the schema `{}` of this deleted tenant is lost, so there is nothing to restore; bring it back from a backup, or leave the tenant to the purge",
        .0.as_str()
    )]
    Lost(SchemaName),
    /// It was deleted, and is kept without the role that would use it.
    #[error(
        "the role of this deleted tenant is missing; run `tenantry doctor --mend`, which makes it anew, and restore the tenant then"
    )]
    NoRole,
    /// What reaches another tenant is for operators.
    #[error(
        "this is for the platform's operators alone; POST /users makes users of your own tenant"
    )]
    OperatorsAlone,
    /// Plans are the operators' affair.
    #[error("a tenant's plan is changed by the platform's operators alone; leave `plan` out")]
    PlanIsOperators,
    /// Names in hosts are the operators' affair.
    #[error("a tenant's slug is changed by the platform's operators alone; leave `slug` out")]
    SlugIsOperators,
    /// There is no such plan.
    #[error("there is no plan `{0}`")]
    UnknownPlan(String),
    /// A name is too short, too long, or no text.
    #[error("expected a name of 1 to 200 characters, without NUL; got {got} characters")]
    Name {
        /// Pointer to it.
        at: &'static str,
        /// As many as came.
        got: usize,
    },
    /// Its schema could not be made or changed, or others hold it; nothing of it stayed.
    #[error("the tenant's schema could not be made")]
    Schema(#[source] ApplyError),
    /// A copy of it.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The request's key.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Another slice's failure.
    #[error(transparent)]
    Other(#[from] Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl TenantsError {
    /// A lock was not to be had in time: worth another try.
    pub(super) fn is_lock_timeout(&self) -> bool {
        match self {
            Self::Db(failure) => failure.is_lock_timeout(),
            Self::Schema(failure) => failure.is_lock_timeout(),
            _ => false,
        }
    }

    /// The server's table of locks is full: worth another try with less at once.
    pub(super) fn is_out_of_locks(&self) -> bool {
        matches!(self, Self::Db(failure) if failure.is_out_of_locks())
    }
}

impl From<ApplyError> for TenantsError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Db(failure) => Self::Db(failure),
            other => Self::Schema(other),
        }
    }
}

impl From<TenantsError> for Error {
    fn from(error: TenantsError) -> Self {
        let detail = error.to_string();
        let conflict = |code| Self::new(ErrorKind::Conflict, code, detail.clone());
        match error {
            TenantsError::NotFound => Self::not_found("tenant"),
            TenantsError::NoOperation => Self::not_found("operation"),
            TenantsError::SlugTaken(_) => conflict("slug_taken"),
            TenantsError::InvalidTransition { .. }
            | TenantsError::StatusChanged
            | TenantsError::NoRole
            | TenantsError::Platform(_)
            | TenantsError::Temporary => conflict("invalid_transition"),
            TenantsError::OperatorsAlone => Self::new(ErrorKind::Forbidden, "forbidden", detail),
            TenantsError::PlanIsOperators => {
                Self::new(ErrorKind::Forbidden, "plan_forbidden", detail)
            }
            TenantsError::SlugIsOperators => {
                Self::new(ErrorKind::Forbidden, "slug_forbidden", detail)
            }
            TenantsError::Expired | TenantsError::Lost(_) => {
                Self::new(ErrorKind::Gone, "tenant_deleted", detail)
            }
            TenantsError::UnknownPlan(_) => {
                Self::validation(vec![FieldError::new("/plan", "unknown_plan", detail)])
            }
            TenantsError::Name { at, got } => {
                let code = if got == 0 { "too_short" } else { "too_long" };
                Self::validation(vec![FieldError::new(at, code, detail)])
            }
            TenantsError::SignUpOff => Self::new(ErrorKind::Forbidden, "sign_up_off", detail),
            TenantsError::Schema(cause) if cause.is_lock_timeout() => {
                Self::new(ErrorKind::Unavailable, "tenant_busy", cause.reason()).retry_after(BUSY)
            }
            // What PostgreSQL said is for the operator, who wrote the migration.
            TenantsError::Schema(cause) => {
                Self::new(ErrorKind::Conflict, "migration_failed", cause.reason())
            }
            TenantsError::Copy(error) => error.into(),
            TenantsError::Idempotency(error) => error.into(),
            TenantsError::Denied(denied) => denied.into(),
            TenantsError::Other(error) => error,
            TenantsError::Db(failure) => failure.into(),
        }
    }
}
