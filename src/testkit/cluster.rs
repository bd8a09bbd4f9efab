//! The PostgreSQL under all tests of this process: private and thrown away at the end, or the one that `DATABASE_URL` names.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::pooler::Pooler;
use super::{OrFail, on_kit};
use crate::config::{Config, DatabaseUrl};
use crate::ids::new_id;
use crate::private_postgres::{Options, PrivatePostgres};
use crate::tenancy::setup::{APP_LOGIN, OWNER_LOGIN, Superuser};

/// Folders of private servers, under the system's folder for temporary files.
const PREFIX: &str = "tenantry-test-";
/// A folder whose lock is free is left alone for this long: it may be about to be used.
const FRESH: Duration = Duration::from_mins(10);
/// Server connections for each database and login behind the pooler; its clients want more.
const POOL: usize = 5;

/// Where tests' databases are made.
pub(super) struct Cluster {
    /// Settings for tests, without a database.
    pub(super) config: Config,
    kind: Kind,
    /// Before all databases, where `TENANTRY_TEST_POOLER` asks for it.
    pooler: Option<Pooler>,
}

enum Kind {
    Private(Box<PrivatePostgres>),
    Given(Box<Given>),
}

/// Why there is no PgBouncer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPooler {
    #[error("PgBouncer is not installed; expected `pgbouncer` in PATH or /usr/sbin")]
    NotInstalled,
    #[error(
        "a pooler is started before the private PostgreSQL only, and DATABASE_URL names another"
    )]
    NotOurs,
}

struct Given {
    url: DatabaseUrl,
    migration_url: DatabaseUrl,
}

impl Cluster {
    /// The one of this process.
    pub(super) async fn get() -> &'static Self {
        static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
        CLUSTER.get_or_init(|| on_kit(Self::start())).await
    }

    async fn start() -> Self {
        let config = Config::for_tests().or_fail("the environment");
        let given = config.database.url.clone();
        let kind = match (given, config.database.migration_url().cloned()) {
            (Some(url), Some(migration_url)) => Kind::Given(Box::new(Given { url, migration_url })),
            _ => Kind::Private(Box::new(start_private(&config).await)),
        };
        let mut this = Self {
            config,
            kind,
            pooler: None,
        };
        if Config::test_pooler().or_fail("the environment") {
            let pooler = this.start_pooler(POOL);
            this.pooler = Some(pooler.or_fail("TENANTRY_TEST_POOLER"));
        }
        this
    }

    /// A PgBouncer of its own for somebody.
    pub(super) fn start_pooler(&self, size: usize) -> Result<Pooler, NoPooler> {
        let Kind::Private(server) = &self.kind else {
            return Err(NoPooler::NotOurs);
        };
        let program = Pooler::program(&self.config).ok_or(NoPooler::NotInstalled)?;
        Ok(Pooler::start(&program, server, size))
    }

    /// Makes an empty database, and the configuration to use it, through this pooler if there is one.
    pub(super) async fn create_database(&self, name: &str, pooler: Option<&Pooler>) -> Config {
        let superuser = self.superuser().await;
        let mut config = self.config.clone();
        let (url, migration_url) = match &self.kind {
            Kind::Private(server) => {
                superuser
                    .ensure_database(name, OWNER_LOGIN, APP_LOGIN)
                    .await
                    .or_fail("a test database");
                let address = server.address();
                let url = |login| address.url(login, address.password(), name);
                (parsed(&url(APP_LOGIN)), parsed(&url(OWNER_LOGIN)))
            }
            Kind::Given(given) => {
                let Given { url, migration_url } = &**given;
                let (app, owner) = (login(url), login(migration_url));
                superuser
                    .ensure_database(name, &owner, &app)
                    .await
                    .or_fail("a test database");
                (url.in_database(name), migration_url.in_database(name))
            }
        };
        let pooler = pooler.or(self.pooler.as_ref());
        let through = pooler.map(|pooler| parsed(&pooler.through(url.expose())));
        config.database.fill_in(url, migration_url);
        if let Some(through) = through {
            config.database.go_through(through);
        }
        config
    }

    /// Drops a database, and these roles of its tenants.
    pub(super) async fn drop_database(&self, name: &str, roles: &[String]) {
        let superuser = self.superuser().await;
        superuser
            .drop_database(name, roles)
            .await
            .or_fail("dropping a test database");
    }

    async fn superuser(&self) -> Superuser {
        let url = match &self.kind {
            Kind::Private(server) => parsed(&server.address().superuser_url("postgres")),
            Kind::Given(given) => given.migration_url.clone(),
        };
        let superuser = Superuser::connect(url.config()).await;
        superuser.or_fail("PostgreSQL for tests")
    }
}

async fn start_private(config: &Config) -> PrivatePostgres {
    let temporary = config.dev.temporary_dir.clone();
    sweep(&temporary);
    let place = temporary.join(format!("{PREFIX}{}", new_id().simple()));
    // PostgreSQL's user must get in when the tests run as root.
    fs::create_dir_all(&place).or_fail("a folder for PostgreSQL");
    fs::set_permissions(&place, Permissions::from_mode(0o755)).or_fail("a folder for PostgreSQL");
    let options = Options {
        data_dir: place,
        bin_dir: config.dev.pg_bin_dir.clone(),
        program_dirs: config.dev.program_dirs.clone(),
        cache_dir: config.dev.cache_dir.clone(),
        throw_away: true,
        progress: Arc::new(|_: &str| {}),
    };
    let server = PrivatePostgres::start(options).await;
    let server = server.or_fail("PostgreSQL for tests");
    let superuser = parsed(&server.address().superuser_url("postgres"));
    let superuser = Superuser::connect(superuser.config()).await;
    let superuser = superuser.or_fail("PostgreSQL for tests");
    let password = server.address().password();
    superuser
        .ensure_logins(password)
        .await
        .or_fail("the logins");
    server
}

/// Takes away what killed runs left, where even the server's guard was killed.
fn sweep(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let old = entry
            .metadata()
            .and_then(|about| about.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > FRESH));
        if !ours || !old {
            continue;
        }
        let lock = File::open(entry.path().join("lock"));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // Another run may be faster.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn parsed(url: &str) -> DatabaseUrl {
    url.parse::<DatabaseUrl>().or_fail("an address")
}

fn login(url: &DatabaseUrl) -> String {
    url.config().get_user().unwrap_or("postgres").to_owned()
}
