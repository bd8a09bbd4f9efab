//! The database, the pool in front of it, and the limits of a query.

use std::time::Duration;

use super::database_url::DatabaseUrl;
use super::env::{Reader, Reported};
use super::environment::Mode;
use super::parse::{self, count, seconds, switch};
use super::variable::{Fallback, Group, Variable};

pub(super) const DATABASE_URL: Variable = Variable {
    name: "DATABASE_URL",
    default: Fallback::Nothing,
    shape: DatabaseUrl::SHAPE,
    doc: "The database; unset outside production, a private PostgreSQL is started.",
    secret: true,
};
const MIGRATION_DATABASE_URL: Variable = Variable {
    name: "MIGRATION_DATABASE_URL",
    default: Fallback::Computed("the same as DATABASE_URL"),
    shape: DatabaseUrl::SHAPE,
    doc: "The same database through a login that may change schemas.",
    secret: true,
};
const DIRECT_DATABASE_URL: Variable = Variable {
    name: "DIRECT_DATABASE_URL",
    default: Fallback::Nothing,
    shape: DatabaseUrl::SHAPE,
    doc: "The same database and login past a transaction pooler, for LISTEN; without it, MIGRATION_DATABASE_URL serves.",
    secret: true,
};
const DB_POOL_SIZE: Variable = Variable {
    name: "DB_POOL_SIZE",
    default: Fallback::Value("20"),
    shape: parse::COUNT,
    doc: "Connections that the pool keeps.",
    secret: false,
};
const DB_MAX_OVERFLOW: Variable = Variable {
    name: "DB_MAX_OVERFLOW",
    default: Fallback::Value("30"),
    shape: "a whole number from 0 to 65535",
    doc: "Connections that the pool may open beyond DB_POOL_SIZE under load.",
    secret: false,
};
const DB_POOL_RECYCLE: Variable = Variable {
    name: "DB_POOL_RECYCLE",
    default: Fallback::Value("1800"),
    shape: parse::SECONDS,
    doc: "Age in seconds at which a connection is replaced.",
    secret: false,
};
const DB_POOL_PRE_PING: Variable = Variable {
    name: "DB_POOL_PRE_PING",
    default: Fallback::Value("off"),
    shape: parse::SWITCH,
    doc: "Whether a connection is tried before each use, at the cost of a round trip.",
    secret: false,
};
const DB_POOL_TIMEOUT: Variable = Variable {
    name: "DB_POOL_TIMEOUT",
    default: Fallback::Value("5"),
    shape: parse::SECONDS,
    doc: "Seconds that a request waits for a connection.",
    secret: false,
};
const DB_QUERY_TIMEOUT: Variable = Variable {
    name: "DB_QUERY_TIMEOUT",
    default: Fallback::Value("30"),
    shape: parse::SECONDS,
    doc: "Seconds after which a query is cancelled.",
    secret: false,
};
const DATABASE_POOL_MODE: Variable = Variable {
    name: "DATABASE_POOL_MODE",
    default: Fallback::Value("session"),
    shape: "`session` or `transaction`",
    doc: "What stands between here and PostgreSQL: `transaction` for a pooler that shares connections between transactions.",
    secret: false,
};
const TENANT_ROLE_FENCE: Variable = Variable {
    name: "TENANT_ROLE_FENCE",
    default: Fallback::Value("on"),
    shape: parse::SWITCH,
    doc: "Whether each tenant's statements run as a role that can reach its own schema alone.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Database",
    variables: &[
        DATABASE_URL,
        MIGRATION_DATABASE_URL,
        DIRECT_DATABASE_URL,
        DB_POOL_SIZE,
        DB_MAX_OVERFLOW,
        DB_POOL_RECYCLE,
        DB_POOL_PRE_PING,
        DB_POOL_TIMEOUT,
        DB_QUERY_TIMEOUT,
        DATABASE_POOL_MODE,
        TENANT_ROLE_FENCE,
    ],
};

/// The database and the pool in front of it.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The database. Unset only in development mode, until the private PostgreSQL is up.
    pub url: Option<DatabaseUrl>,
    migration_url: Option<DatabaseUrl>,
    /// The same database and login past a transaction pooler, where that is given.
    pub direct_url: Option<DatabaseUrl>,
    /// Connections that the pool keeps.
    pub pool_size: usize,
    /// Connections beyond `pool_size` under load.
    pub max_overflow: usize,
    /// Age at which a connection is replaced.
    pub pool_recycle: Duration,
    /// Whether a connection is tried before each use.
    pub pool_pre_ping: bool,
    /// How long to wait for a connection.
    pub pool_timeout: Duration,
    /// How long a query may run.
    pub query_timeout: Duration,
    /// Whose connection it is between two transactions.
    pub pool_mode: PoolMode,
    /// Whether tenants' statements run under the tenant's own role.
    pub role_fence: bool,
}

/// Whose a server connection is between two transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// Ours for as long as we hold it: settings of the session last.
    Session,
    /// Anybody's: a pooler such as PgBouncer hands it on after each transaction.
    Transaction,
}

impl DatabaseConfig {
    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader, mode: Mode) -> Result<Self, Reported> {
        let url = reader.needed_if(
            mode == Mode::Server,
            "production starts no private PostgreSQL",
            &DATABASE_URL,
            str::parse,
        );
        let migration_url = reader.optional(&MIGRATION_DATABASE_URL, str::parse);
        let direct_url = reader.optional(&DIRECT_DATABASE_URL, str::parse);
        for variable in [&MIGRATION_DATABASE_URL, &DIRECT_DATABASE_URL] {
            if mode == Mode::Development && reader.is_set(variable) {
                reader.report(
                    variable.name,
                    "expected DATABASE_URL beside it; got no DATABASE_URL; set both or neither",
                );
            }
        }
        let pool_size = reader.value(&DB_POOL_SIZE, count);
        let max_overflow = reader.value(&DB_MAX_OVERFLOW, str::parse::<u16>);
        let pool_recycle = reader.value(&DB_POOL_RECYCLE, seconds);
        let pool_pre_ping = reader.value(&DB_POOL_PRE_PING, switch);
        let pool_timeout = reader.value(&DB_POOL_TIMEOUT, seconds);
        let query_timeout = reader.value(&DB_QUERY_TIMEOUT, seconds);
        let pool_mode = reader.value(&DATABASE_POOL_MODE, pool_mode);
        let role_fence = reader.value(&TENANT_ROLE_FENCE, switch);
        Ok(Self {
            url: url?,
            migration_url: migration_url?,
            direct_url: direct_url?,
            pool_size: pool_size?,
            max_overflow: max_overflow?.into(),
            pool_recycle: pool_recycle?,
            pool_pre_ping: pool_pre_ping?,
            pool_timeout: pool_timeout?,
            query_timeout: query_timeout?,
            pool_mode: pool_mode?,
            role_fence: role_fence?,
        })
    }

    /// Fills in the private PostgreSQL: the application's login, and the one that changes schemas.
    pub fn fill_in(&mut self, url: DatabaseUrl, migration_url: DatabaseUrl) {
        self.url = Some(url);
        self.migration_url = Some(migration_url);
    }

    /// The database through the login that changes schemas: one of its own, or the same, past a pooler where that is given.
    #[must_use]
    pub fn migration_url(&self) -> Option<&DatabaseUrl> {
        let same = self.direct_url.as_ref().or(self.url.as_ref());
        self.migration_url.as_ref().or(same)
    }

    /// Whether a login of its own changes schemas.
    #[must_use]
    pub fn has_migration_login(&self) -> bool {
        self.migration_url.is_some()
    }

    /// The database through the application's login where a session is ours alone; `None` where only a transaction pooler is known.
    #[must_use]
    pub fn session_url(&self) -> Option<&DatabaseUrl> {
        let url = self.url.as_ref();
        let own = url.filter(|_| self.pool_mode == PoolMode::Session);
        self.direct_url.as_ref().or(own)
    }

    /// The same with whichever login there is, for LISTEN. `None` where there is no such address.
    #[must_use]
    pub fn any_session_url(&self) -> Option<&DatabaseUrl> {
        self.session_url().or(self.migration_url.as_ref())
    }

    /// Puts a transaction pooler in front; the present address becomes the direct one.
    #[cfg(feature = "testkit")]
    pub(crate) fn go_through(&mut self, pooler: DatabaseUrl) {
        self.direct_url = self.url.replace(pooler);
        self.pool_mode = PoolMode::Transaction;
    }

    /// Goes past the pooler that `go_through` put in front, if it did.
    #[cfg(feature = "testkit")]
    pub fn go_past_the_pooler(&mut self) {
        if let Some(direct) = self.direct_url.take() {
            self.url = Some(direct);
            self.pool_mode = PoolMode::Session;
        }
    }
}

fn pool_mode(text: &str) -> Result<PoolMode, &'static str> {
    match text {
        "session" => Ok(PoolMode::Session),
        "transaction" => Ok(PoolMode::Transaction),
        _ => Err("neither of them"),
    }
}
