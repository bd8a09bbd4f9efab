//! What is logged, and in which form.

use tracing_subscriber::EnvFilter;

use super::env::{Reader, Reported};
use super::variable::{Fallback, Group, Variable};

const RUST_LOG: Variable = Variable {
    name: "RUST_LOG",
    default: Fallback::Value("info,refinery_core=warn,tokio_postgres=warn,poem=warn"),
    shape: "levels, alone or for a module, separated by commas, such as `warn,tenantry=debug`",
    doc: "What is logged.",
    secret: false,
};
const LOG_FORMAT: Variable = Variable {
    name: "LOG_FORMAT",
    default: Fallback::Computed("`pretty` in a terminal, else `json`"),
    shape: "`json` or `pretty`",
    doc: "Form of the log, which goes to standard error.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Log",
    variables: &[RUST_LOG, LOG_FORMAT],
};

/// What is logged, and in which form.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Directives that [`EnvFilter`] accepts.
    pub filter: String,
    /// The form, where one is given; else it depends on whether there is a terminal.
    pub format: Option<LogFormat>,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// One line for people.
    Pretty,
}

impl LogConfig {
    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader) -> Result<Self, Reported> {
        let filter = reader.value(&RUST_LOG, |text| {
            EnvFilter::try_new(text).map(|_| text.to_owned())
        });
        let format = reader.optional(&LOG_FORMAT, |text| match text {
            "json" => Ok(LogFormat::Json),
            "pretty" => Ok(LogFormat::Pretty),
            _ => Err("neither of them"),
        });
        Ok(Self {
            filter: filter?,
            format: format?,
        })
    }
}
