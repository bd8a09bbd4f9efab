//! Where the program runs, and what follows from it.

use super::database::DATABASE_URL;
use super::env::Reader;
use super::variable::{Fallback, Group, Variable};

const APP_ENV: Variable = Variable {
    name: "APP_ENV",
    default: Fallback::Value("development"),
    shape: "`development`, `test` or `production`",
    doc: "Where the program runs; production reads no .env file and starts no private PostgreSQL.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Environment",
    variables: &[APP_ENV],
};

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// An automated test.
    Test,
    /// Anything that serves real users.
    Production,
}

/// What a bare `tenantry` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is configured: a private PostgreSQL, a generated secret, seeds.
    Development,
    /// A database is given (or it is production, where it must be).
    Server,
}

impl Environment {
    /// Reads the section. After a mistake it goes on as `Development`, which asks for the least:
    /// the list then holds no complaint that only follows from the first.
    pub(super) fn from_env(reader: &mut Reader) -> Self {
        reader
            .value(&APP_ENV, |text| match text {
                "development" => Ok(Self::Development),
                "test" => Ok(Self::Test),
                "production" => Ok(Self::Production),
                _ => Err("none of them"),
            })
            .unwrap_or(Self::Development)
    }

    /// Whether `APP_ENV` rules out what only development may do.
    #[must_use]
    pub fn is_production(self) -> bool {
        self == Self::Production
    }

    pub(super) fn mode(self, reader: &Reader) -> Mode {
        if self.is_production() || reader.is_set(&DATABASE_URL) {
            Mode::Server
        } else {
            Mode::Development
        }
    }
}
