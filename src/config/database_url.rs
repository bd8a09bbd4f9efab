//! An address of a PostgreSQL database that is known to be well formed.

use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// A `postgres://` URL or a `key=value` DSN. `Debug` shows where it leads, never the password.
#[derive(Debug, Clone)]
pub struct DatabaseUrl {
    text: SecretString,
    parsed: tokio_postgres::Config,
}

impl DatabaseUrl {
    /// The address for the driver.
    #[must_use]
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.parsed
    }

    /// The address as it was given, password included.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The same server and login, another database.
    #[cfg(feature = "testkit")]
    pub(crate) fn in_database(&self, name: &str) -> Self {
        let mut parsed = self.parsed.clone();
        parsed.dbname(name);
        let text = self.expose();
        let text = match text.split_once("://") {
            None => format!("{text} dbname='{name}'"),
            Some((scheme, rest)) => {
                let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
                let server = path.split_once('/').map_or(path, |(server, _)| server);
                format!("{scheme}://{server}/{name}?{query}")
            }
        };
        Self {
            text: text.into(),
            parsed,
        }
    }

    /// The same database, through another login.
    #[must_use]
    pub fn signed_in_as(&self, user: &str, password: &str) -> Self {
        let mut parsed = self.parsed.clone();
        parsed.user(user).password(password);
        let text = self.expose();
        let text = match text.split_once("://") {
            None => format!("{text} user='{user}' password='{password}'"),
            Some((scheme, rest)) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
                let encode =
                    |part: &str| percent_encode(part.as_bytes(), NON_ALPHANUMERIC).to_string();
                format!(
                    "{scheme}://{}:{}@{}",
                    encode(user),
                    encode(password),
                    &rest[host..]
                )
            }
        };
        Self {
            text: text.into(),
            parsed,
        }
    }

    /// The address, password included, with `options` such as `-csearch_path=app` for the session. libpq reads it as the driver does.
    #[must_use]
    pub fn with_options(&self, options: &str) -> String {
        let text = self.expose();
        if text.contains("://") {
            let separator = if text.contains('?') { '&' } else { '?' };
            let options = percent_encode(options.as_bytes(), NON_ALPHANUMERIC);
            format!("{text}{separator}options={options}")
        } else {
            let options = options.replace('\\', r"\\").replace('\'', r"\'");
            format!("{text} options='{options}'")
        }
    }
}

/// The text is no address of a database. It does not say more: the driver's reason can quote a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected {}; got something else (not shown, it can hold a password)",
    DatabaseUrl::SHAPE
)]
pub struct InvalidDatabaseUrl;

impl DatabaseUrl {
    pub(super) const SHAPE: &str = "`postgres://user:password@host/database` or \
        `host=… user=… password=… dbname=…`, where sslmode is disable, prefer or require";
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = tokio_postgres::Config::from_str(text).map_err(|_| InvalidDatabaseUrl)?;
        if parsed.get_hosts().is_empty() && parsed.get_hostaddrs().is_empty() {
            return Err(InvalidDatabaseUrl);
        }
        Ok(Self {
            text: text.into(),
            parsed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for text in [
            "postgres://app:pw@db.example:5433/main",
            "host=db.example port=5433 user=app dbname=main",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.config().get_dbname(), Some("main"));
            assert_eq!(url.config().get_ports(), [5433]);
            assert_eq!(url.expose(), text);
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for text in [
            "",
            "postgres://",
            "main",
            "mysql://db/main",
            "dbname=main",
            "postgres://db/main?sslmode=maybe",
        ] {
            assert_eq!(
                text.parse::<DatabaseUrl>().unwrap_err(),
                InvalidDatabaseUrl,
                "{text}"
            );
        }
    }

    #[test]
    fn options_are_added_in_the_addresss_own_spelling() {
        for text in [
            "postgres://app:pw@db.example/main",
            "postgres://app:pw@db.example/main?sslmode=disable",
            "host=db.example user=app",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            let with: DatabaseUrl = url.with_options("-ca=1 -cb=it's").parse().unwrap();
            assert_eq!(with.config().get_options(), Some("-ca=1 -cb=it's"));
        }
    }

    #[test]
    fn another_login_takes_the_place_of_the_first() {
        for text in [
            "postgres://app:pw@db.example:5433/main?sslmode=disable",
            "postgresql://app:pw@/main?host=%2Ftmp",
            "postgres://db.example/main",
            "host=db.example user=app password=pw dbname=main",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            let other: DatabaseUrl = url.signed_in_as("t_1", "a/b@c").expose().parse().unwrap();
            assert_eq!(
                other.config().get_password(),
                Some("a/b@c".as_bytes()),
                "{text}"
            );
            assert_eq!(other.config().get_user(), Some("t_1"), "{text}");
            assert_eq!(other.config().get_dbname(), Some("main"), "{text}");
        }
    }

    #[test]
    fn debug_shows_the_host_and_not_the_password() {
        let url: DatabaseUrl = "postgres://app:hunter2@db.example/main".parse().unwrap();
        let shown = format!("{url:?}");
        assert!(
            shown.contains("db.example") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
