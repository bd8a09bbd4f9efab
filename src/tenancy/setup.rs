//! A database and the two logins that tenantry wants, made on a server where we are the superuser: the private one, and tests'.
//!
//! The owner changes schemas; the application's login owns nothing and inherits nothing, so all that it can do it must put on.

use tokio_postgres::{Client, Config, Error as PgError};

use super::name::quote_ident;
use super::tls;

/// Login that owns the database and every schema.
pub const OWNER_LOGIN: &str = "tenantry_owner";
/// Login that serves requests.
pub const APP_LOGIN: &str = "tenantry_app";

/// For the roles, which belong to the whole server: `tenantry` in ASCII, upside down.
const SETUP_LOCK: i64 = 0x7972_746e_616e_6574;

/// Why the server could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No connection as superuser.
    #[error("cannot connect to PostgreSQL as its superuser")]
    Connect(#[source] PgError),
    /// It refused.
    #[error("PostgreSQL refused to set up `{what}`")]
    Refused {
        /// Which role or database.
        what: String,
        /// What it said.
        source: PgError,
    },
}

/// A connection as superuser.
pub struct Superuser {
    client: Client,
}

impl Superuser {
    /// Connects.
    ///
    /// # Errors
    /// When the server does not let us in.
    pub async fn connect(config: &Config) -> Result<Self, SetupError> {
        let (client, connection) = config
            .connect(tls::connector())
            .await
            .map_err(SetupError::Connect)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the superuser's connection ended");
            }
        });
        Ok(Self { client })
    }

    /// Makes both logins, or gives them this password.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ensure_logins(&self, password: &str) -> Result<(), SetupError> {
        for (login, rights) in [(OWNER_LOGIN, "CREATEROLE"), (APP_LOGIN, "NOINHERIT")] {
            let password = password.replace('\'', "''");
            // Two who change one role at once would fail, so they take turns.
            let text = format!(
                "BEGIN; SELECT pg_advisory_xact_lock({SETUP_LOCK});
                 DO $$ BEGIN CREATE ROLE {login}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                 ALTER ROLE {login} LOGIN {rights} PASSWORD '{password}';
                 COMMIT"
            );
            self.run(&text, login).await?;
        }
        Ok(())
    }

    /// Makes the database if it is not there, for these logins. Answers whether it was made now.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ensure_database(
        &self,
        name: &str,
        owner: &str,
        app: &str,
    ) -> Result<bool, SetupError> {
        let found = self
            .client
            .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
            .await
            .map_err(|source| refused(name, source))?;
        if found.is_some() {
            return Ok(false);
        }
        let (quoted, owner, app) = (quote_ident(name), quote_ident(owner), quote_ident(app));
        self.run(&format!("CREATE DATABASE {quoted} OWNER {owner}"), name)
            .await?;
        // Temporary tables are for nobody, and nobody else comes in.
        self.run(
            &format!(
                "REVOKE ALL ON DATABASE {quoted} FROM PUBLIC; GRANT CONNECT ON DATABASE {quoted} TO {app}"
            ),
            name,
        )
        .await?;
        Ok(true)
    }

    /// Drops the database, whoever is connected, and then these roles.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn drop_database(&self, name: &str, roles: &[String]) -> Result<(), SetupError> {
        let text = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_ident(name));
        self.run(&text, name).await?;
        for role in roles {
            let text = format!("DROP ROLE IF EXISTS {}", quote_ident(role));
            self.run(&text, role).await?;
        }
        Ok(())
    }

    async fn run(&self, text: &str, what: &str) -> Result<(), SetupError> {
        self.client
            .batch_execute(text)
            .await
            .map_err(|source| refused(what, source))
    }
}

fn refused(what: &str, source: PgError) -> SetupError {
    SetupError::Refused {
        what: what.to_owned(),
        source,
    }
}
