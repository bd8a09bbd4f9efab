//! The database that a command works on: the one in the configuration, or the private one, started if nobody runs it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use super::output;
use crate::app::Foundation;
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, ExposeSecret, SecretString};
use crate::domains::Deps;
use crate::domains::access::{Context, Origin};
use crate::ids::random_token;
use crate::migrations::{Migrator, Shared};
use crate::private_postgres::{Address, Options, PrivatePostgres};
use crate::tenancy::setup::{APP_LOGIN, OWNER_LOGIN, Superuser};
use crate::tenancy::{Slug, TenantKey};

/// Name of the database in the private PostgreSQL.
const DATABASE: &str = "tenantry";

/// What a command without a server works with.
pub(super) struct Opened {
    pub(super) config: Box<Config>,
    pub(super) foundation: Foundation,
    /// The private PostgreSQL, if this command had to start it; ends with it.
    private: Option<PrivatePostgres>,
}

impl Opened {
    /// Opens the database for a change, with the shared tables migrated.
    pub(super) async fn ready(config: Box<Config>) -> Result<Self, Failure> {
        let opened = Self::open(config).await?;
        opened.foundation.prepare().await?;
        Ok(opened)
    }

    /// Opens the database for a look at what is there, and changes nothing in it.
    ///
    /// # Errors
    /// Says what to do where the shared tables are not what this binary works with.
    pub(super) async fn to_look(config: Box<Config>) -> Result<Self, Failure> {
        let opened = Self::as_it_is(config).await?;
        match must_be_current(&opened.foundation.migrator).await {
            Ok(()) => Ok(opened),
            Err(failure) => {
                opened.close().await?;
                Err(failure)
            }
        }
    }

    /// Opens the database, whatever is there, and changes nothing in it.
    ///
    /// # Errors
    /// Says what to do where development mode has no database yet: a look makes none.
    pub(super) async fn as_it_is(config: Box<Config>) -> Result<Self, Failure> {
        if config.database.url.is_none() && !PrivatePostgres::exists(&data_dir(&config)?) {
            return Err(Failure::Failed(format!(
                "nothing is here yet: DATABASE_URL is not set, and there is no database in DATA_DIR (`{}`); run `tenantry dev`, which makes one, or set DATABASE_URL",
                config.dev.data_dir.display()
            )));
        }
        Self::open(config).await
    }

    async fn open(mut config: Box<Config>) -> Result<Self, Failure> {
        let private = if config.database.url.is_none() {
            let (address, private) = running_or_started(&config).await?;
            fill_in(&mut config, &address).await?;
            private
        } else {
            None
        };
        let foundation = Foundation::new(&config, Clock::system())?;
        Ok(Self {
            config,
            foundation,
            private,
        })
    }

    /// What services need.
    pub(super) fn deps(&self) -> Result<Deps, Failure> {
        Ok(self.foundation.deps(&self.config)?)
    }

    /// The command line acts as the system, in the platform's own tenant or another.
    pub(super) async fn context(&self, tenant: &Slug) -> Result<Context, Failure> {
        let tenant = self
            .foundation
            .tenancy
            .serve(&TenantKey::Slug(tenant.clone()))
            .await?;
        Ok(Context::for_system(
            tenant,
            "command line",
            Origin::default(),
        ))
    }

    /// Stops the private PostgreSQL, if this command started it.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.foundation.close();
        if let Some(private) = self.private {
            private.stop().await?;
        }
        Ok(())
    }
}

/// Starts the private PostgreSQL of development mode.
pub(super) async fn start_private(config: &Config) -> Result<PrivatePostgres, Failure> {
    let options = Options {
        data_dir: data_dir(config)?,
        bin_dir: config.dev.pg_bin_dir.clone(),
        program_dirs: config.dev.program_dirs.clone(),
        cache_dir: config.dev.cache_dir.clone(),
        throw_away: false,
        progress: Arc::new(|line: &str| output::complain(line)),
    };
    Ok(PrivatePostgres::start(options).await?)
}

/// Makes both logins and the database there, and writes them into the configuration, with the secret that seals what is in it.
pub(super) async fn fill_in(config: &mut Config, address: &Address) -> Result<(), Failure> {
    let superuser: DatabaseUrl = parsed(&address.superuser_url("postgres"))?;
    let superuser = Superuser::connect(superuser.config()).await?;
    superuser.ensure_logins(address.password()).await?;
    superuser
        .ensure_database(DATABASE, OWNER_LOGIN, APP_LOGIN)
        .await?;
    let url = |login| parsed(&address.url(login, address.password(), DATABASE));
    config.database.fill_in(url(APP_LOGIN)?, url(OWNER_LOGIN)?);
    if config.auth.jwt_secret.is_none() {
        config.auth.jwt_secret = Some(kept_secret(&config.dev.data_dir.join("jwt_secret"))?);
    }
    Ok(())
}

/// A secret that stays the same from start to start, readable by its owner only.
fn kept_secret(file: &Path) -> Result<SecretString, Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(file) {
        Ok(mut opened) => {
            let secret = SecretString::from(random_token().map_err(Failure::other)?);
            opened.write_all(secret.expose_secret().as_bytes())?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(file)?.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn running_or_started(
    config: &Config,
) -> Result<(Address, Option<PrivatePostgres>), Failure> {
    if let Some(address) = PrivatePostgres::running(&data_dir(config)?).await? {
        return Ok((address, None));
    }
    let private = start_private(config).await?;
    Ok((private.address().clone(), Some(private)))
}

/// The private PostgreSQL's folder, beside what else development mode keeps.
fn data_dir(config: &Config) -> Result<PathBuf, Failure> {
    Ok(std::path::absolute(config.dev.data_dir.join("postgres"))?)
}

fn parsed(url: &str) -> Result<DatabaseUrl, Failure> {
    url.parse().map_err(Failure::other)
}

/// Says what to do where the shared tables are not what this binary works with.
pub(super) async fn must_be_current(migrator: &Migrator) -> Result<(), Failure> {
    let trouble = migrator.shared().await?.trouble(migrator.shared_target());
    match trouble {
        None => Ok(()),
        Some(trouble) => Err(Failure::Failed(format!("{trouble}; {}", Shared::MEND))),
    }
}
