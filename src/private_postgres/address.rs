//! Where a private server listens and how to sign in, as URLs that tokio-postgres and libpq (psql, psycopg) both read.
//! Invariant: it is a Unix socket in a directory of mode 0700, so only the server's user (and root) gets as far as the password.

use std::os::unix::ffi::OsStrExt as _;
#[cfg(feature = "testkit")]
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

/// The superuser of every private cluster.
pub(super) const SUPERUSER: &str = "postgres";

/// Where a private PostgreSQL listens, with its superuser's password.
#[derive(Clone)]
pub struct Address {
    socket_dir: PathBuf,
    password: String,
}

/// Why a server did not take a connection.
pub(super) enum Refusal {
    /// Not yet, or not any more: starting, stopping or absent.
    NotNow,
    /// It runs, and has another password than the one on file.
    Password,
}

impl Address {
    pub(super) fn new(socket_dir: PathBuf, password: String) -> Self {
        Self {
            socket_dir,
            password,
        }
    }

    /// The URL with which `user` enters `database`.
    #[must_use]
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        let encode = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
        format!(
            "postgresql://{}:{}@/{}?host={}",
            encode(user.as_bytes()),
            encode(password.as_bytes()),
            encode(database.as_bytes()),
            encode(self.socket_dir.as_os_str().as_bytes()),
        )
    }

    /// The URL with which the superuser enters `database`.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url(SUPERUSER, &self.password, database)
    }

    /// The superuser's password, which other logins of the same owner may share.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The folder of its socket.
    #[cfg(feature = "testkit")]
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Signs in once, which proves that the server is ready and that it is ours.
    pub(super) async fn accepts(&self) -> Result<(), Refusal> {
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(&self.socket_dir)
            .user(SUPERUSER)
            .password(&self.password)
            .dbname("postgres");
        let session = async {
            let (client, connection) = config.connect(NoTls).await?;
            drop(client);
            connection.await
        };
        match tokio::time::timeout(Duration::from_secs(5), session).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.code() == Some(&SqlState::INVALID_PASSWORD) => {
                Err(Refusal::Password)
            }
            Ok(Err(_)) | Err(_) => Err(Refusal::NotNow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::Host;

    #[test]
    fn url_survives_special_characters() {
        let address = Address::new(PathBuf::from("/tmp/a b@c?d/é"), "secret".into());
        let config: tokio_postgres::Config = address
            .url("us/er", "p@ss:w?rd", "data base")
            .parse()
            .unwrap();
        assert_eq!(config.get_user(), Some("us/er"));
        assert_eq!(config.get_password(), Some("p@ss:w?rd".as_bytes()));
        assert_eq!(config.get_dbname(), Some("data base"));
        assert_eq!(
            config.get_hosts(),
            [Host::Unix(PathBuf::from("/tmp/a b@c?d/é"))]
        );
    }
}
