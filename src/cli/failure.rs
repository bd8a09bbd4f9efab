//! Why a command failed, and the exit code that says so.

use std::process::ExitCode;

use super::output;
use crate::config::ConfigError;
use crate::domains::tenants::TenantsError;
use crate::error::Error;

/// A command that did not do all of what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// Exit code 2.
    Config(ConfigError),
    /// Exit code 1.
    Failed(String),
    /// Exit code 3; what was done is printed already.
    InPart(String),
}

impl Failure {
    /// Anything with causes.
    pub(super) fn other(error: impl std::error::Error) -> Self {
        Self::Failed(causes(&error))
    }

    /// One of ours: here the person at the keyboard is the operator, who may see causes and every mistake.
    pub(super) fn of(error: &Error) -> Self {
        let mut text = error.chain();
        for field in error.fields() {
            text.push_str("\n  ");
            text.push_str(&field.detail);
        }
        Self::Failed(text)
    }

    /// Prints it; the code for the shell.
    pub(super) fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Config(error) => (error.to_string(), 2),
            Self::Failed(text) => (text.clone(), 1),
            Self::InPart(text) => (text.clone(), 3),
        };
        output::complain(&format!("error: {text}"));
        ExitCode::from(code)
    }
}

/// An error with its causes, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

macro_rules! from_slices {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(&Error::from(error))
            }
        }
    )*};
}

from_slices!(
    Error,
    crate::tenancy::DbError,
    crate::domains::users::UserError,
);

impl From<TenantsError> for Failure {
    fn from(error: TenantsError) -> Self {
        let is_taken = matches!(error, TenantsError::SlugTaken(_));
        match Self::of(&Error::from(error)) {
            Self::Failed(text) if is_taken => Self::Failed(format!(
                "{text}; `tenantry tenant list --deleted` names all, also those that are deleted and can be restored"
            )),
            failure => failure,
        }
    }
}

macro_rules! from_others {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::other(error)
            }
        }
    )*};
}

from_others!(
    crate::app::StartError,
    crate::migrations::ApplyError,
    crate::migrations::DriftError,
    crate::migrations::DropError,
    crate::migrations::ChoiceError,
    crate::migrations::DraftError,
    crate::migrations::UndoError,
    crate::private_postgres::Error,
    crate::tenancy::setup::SetupError,
    std::io::Error,
);
