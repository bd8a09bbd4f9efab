//! The configuration: typed sections, read once from the environment and then passed on.
//!
//! Nothing outside this module reads an environment variable, and a `Config` exists only if all of it was right.
//! To add a variable: declare it in its section, list it in the section's `GROUP`, read it in `from_env`.

mod auth;
mod database;
mod database_url;
mod dev;
mod document;
mod dotenv;
mod env;
mod environment;
mod http;
mod limits;
mod log;
mod mail;
mod mistake;
mod oidc;
mod parse;
mod seed;
mod smtp_relay;
mod tenancy;
#[cfg(test)]
mod tests;
mod variable;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

pub use self::auth::AuthConfig;
pub use self::database::{DatabaseConfig, PoolMode};
pub use self::database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use self::dev::DevConfig;
pub use self::environment::{Environment, Mode};
pub use self::http::HttpConfig;
pub use self::limits::LimitsConfig;
pub use self::log::{LogConfig, LogFormat};
pub use self::mail::{MailConfig, MailTransport, TENANT_PLACE};
pub use self::mistake::{ConfigError, Mistake};
pub use self::oidc::{OidcConfig, is_safe_transport};
pub use self::seed::SeedConfig;
pub use self::smtp_relay::{RelayTls, SmtpRelay};
pub use self::tenancy::TenancyConfig;
pub use secrecy::{ExposeSecret, SecretString};

use self::env::{Reader, Reported};
use self::variable::Group;

/// All variables, in the order in which readers see them.
const GROUPS: &[Group] = &[
    environment::GROUP,
    http::GROUP,
    database::GROUP,
    tenancy::GROUP,
    auth::GROUP,
    oidc::GROUP,
    mail::GROUP,
    limits::GROUP,
    seed::GROUP,
    dev::GROUP,
    log::GROUP,
];

/// Signs the tokens of tests.
#[cfg(feature = "testkit")]
pub const TEST_SECRET: &str = "a secret that only tests sign their tokens with";

/// What a command needs of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It signs tokens: a server.
    Serve,
    /// It works on the database alone, and needs no secret to sign with.
    Manage,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the program runs.
    pub environment: Environment,
    /// How the server listens, and whom it trusts.
    pub http: HttpConfig,
    /// The database and the pool in front of it.
    pub database: DatabaseConfig,
    /// What is remembered of tenants, and how they are migrated.
    pub tenancy: TenancyConfig,
    /// Tokens, sessions and the hashing of passwords.
    pub auth: AuthConfig,
    /// Who sends mails, and where their links lead.
    pub mail: MailConfig,
    /// How often clients may ask.
    pub limits: LimitsConfig,
    /// The first operator of a new installation.
    pub seed: SeedConfig,
    /// The private PostgreSQL of development mode.
    pub dev: DevConfig,
    /// What is logged, and in which form.
    pub log: LogConfig,
    mode: Mode,
}

impl Config {
    /// Reads the process's environment and, outside production, `.env` in the working folder.
    ///
    /// # Errors
    /// Every mistake in them, at once.
    #[expect(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn load(purpose: Purpose) -> Result<Self, ConfigError> {
        let real = |name: &str| std::env::var_os(name);
        let dotenv = if real("APP_ENV").is_some_and(|value| value == "production") {
            Ok(HashMap::new())
        } else {
            dotenv::read(Path::new(".env"))
        };
        let (dotenv, mistake) = match dotenv {
            Ok(variables) => (variables, None),
            Err(mistake) => (HashMap::new(), Some(mistake)),
        };
        let lookup = |name: &str| real(name).or_else(|| dotenv.get(name).cloned());
        let mut reader = Reader::new(&lookup);
        if let Some(mistake) = mistake {
            reader.report(mistake.name, mistake.message);
        }
        Self::read(reader, purpose)
    }

    /// Reads variables from `lookup` alone.
    ///
    /// # Errors
    /// Every mistake in them, at once.
    pub fn from_lookup(
        purpose: Purpose,
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        Self::read(Reader::new(&lookup), purpose)
    }

    /// What the test kit starts from: which PostgreSQL, from the environment; everything else as in tests.
    ///
    /// # Errors
    /// Every mistake in the environment, at once.
    #[cfg(feature = "testkit")]
    #[expect(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn for_tests() -> Result<Self, ConfigError> {
        Self::from_lookup(Purpose::Serve, |name| match name {
            "APP_ENV" => Some("test".into()),
            "JWT_SECRET" => Some(TEST_SECRET.into()),
            "DB_POOL_SIZE" => Some("5".into()),
            // Tests come in crowds, on machines that are busy with other tests.
            "DB_POOL_TIMEOUT" => Some("30".into()),
            // Tests are many requests from one address; those about limits switch them on.
            "RATE_LIMIT" => Some("off".into()),
            "SIGN_UP" => Some("on".into()),
            // Tests that count schemas want none but their own; those about ready tenants ask for some.
            "READY_TENANTS" => Some("0".into()),
            "EXPORT_DIR" => Some(std::env::temp_dir().join("tenantry-test-exports").into()),
            "DATABASE_URL"
            | "MIGRATION_DATABASE_URL"
            | "DATABASE_POOL_MODE"
            | "PG_BIN_DIR"
            | "PATH"
            | "HOME"
            | "TMPDIR"
            | "XDG_CACHE_HOME" => std::env::var_os(name),
            _ => None,
        })
    }

    /// Whether `TENANTRY_TEST_POOLER=pgbouncer` asks for all tests to go through a transaction pooler.
    ///
    /// # Errors
    /// When it asks for something else.
    #[cfg(feature = "testkit")]
    #[expect(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn test_pooler() -> Result<bool, ConfigError> {
        let name = "TENANTRY_TEST_POOLER";
        match std::env::var(name).as_deref() {
            Err(_) | Ok("") => Ok(false),
            Ok("pgbouncer") => Ok(true),
            Ok(other) => Err(ConfigError {
                mistakes: vec![Mistake {
                    name: name.to_owned(),
                    message: format!("expected `pgbouncer`; got `{other}`"),
                }],
            }),
        }
    }

    /// What a bare `tenantry` does. It stays what it was when a private database has been filled in.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Where browsers reach a tenant, whose slug stands in for [`TENANT_PLACE`]; `None` where nothing says so.
    #[must_use]
    pub fn public_url(&self) -> Option<String> {
        let by_domain = |domain: &String| match domain.as_str() {
            "localhost" => format!(
                "http://{TENANT_PLACE}.localhost:{}",
                self.http.bind_addr.port()
            ),
            domain => format!("https://{TENANT_PLACE}.{domain}"),
        };
        let given = self.mail.public_url.clone();
        given.or_else(|| self.http.base_domain.as_ref().map(by_domain))
    }

    /// The part of `--help` about the environment.
    #[must_use]
    pub fn help() -> String {
        document::help()
    }

    fn read(mut reader: Reader, purpose: Purpose) -> Result<Self, ConfigError> {
        let config = Self::from_env(&mut reader, purpose);
        reader.finish(config)
    }

    fn from_env(reader: &mut Reader, purpose: Purpose) -> Result<Self, Reported> {
        let environment = Environment::from_env(reader);
        let mode = environment.mode(reader);
        // Every section is read before the first `?`, so that no mistake hides another.
        let http = HttpConfig::from_env(reader, environment);
        let database = DatabaseConfig::from_env(reader, mode);
        let tenancy = TenancyConfig::from_env(reader);
        let auth = AuthConfig::from_env(reader, mode == Mode::Server && purpose == Purpose::Serve);
        let dev = DevConfig::from_env(reader);
        let catches = mode == Mode::Development && environment == Environment::Development;
        let developing = dev.as_ref().ok().filter(|_| catches);
        let mails_dir = developing.map(|dev| dev.data_dir.join("mails"));
        let exports = developing.map(|dev| dev.data_dir.join("exports"));
        let mail = MailConfig::from_env(reader, mails_dir);
        let limits = LimitsConfig::from_env(reader);
        let seed = SeedConfig::from_env(reader);
        let log = LogConfig::from_env(reader);
        Ok(Self {
            environment,
            http: http?,
            database: database?,
            tenancy: tenancy?.or_exports_in(exports),
            auth: auth?,
            mail: mail?,
            limits: limits?,
            seed: seed?,
            dev: dev?,
            log: log?,
            mode,
        })
    }
}
