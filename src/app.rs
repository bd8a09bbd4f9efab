//! The composition root: the one place that knows everybody, and puts them together.

mod coming_up;

use std::sync::Arc;
use std::time::Duration;

use poem::{Endpoint, EndpointExt, Response};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::server::Bounds;
use crate::api::{self, Shell, State};
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, HttpConfig, PoolMode};
use crate::domains::Deps;
use crate::domains::audit::Refusals;
use crate::domains::auth::{Auth, Purge, Revocations};
use crate::domains::mails::{Links, Sender, Transport, TransportError};
use crate::domains::operations::keep_watching;
use crate::domains::passwords::Hasher;
use crate::domains::roles::Directory;
use crate::domains::tenants::{CopyRules, Keeper, TenantsError, ensure_platform, keep_purging};
use crate::error::Error;
use crate::limits::{Limits, RedisError};
use crate::migrations::{ApplyError, LoadError, MigrationSet, Migrator};
use crate::readiness::Readiness;
use crate::signing::KeyError;
use crate::tenancy::{DbError, DdlPool, PoolSettings, ScopeRules, Tenancy, TenantsSeen};
use crate::vault::Vault;
use coming_up::{bring_up, probe};

/// How long a stopping server waits for work whose answer was given, and for the mails that it has in hand.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Why the parts cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing says which database.
    #[error("there is no database; set DATABASE_URL, or run `tenantry dev` for a private one")]
    NoDatabase,
    /// Nothing to sign tokens with.
    #[error("there is neither a JWT_SECRET nor a JWT_PRIVATE_KEY to sign tokens with")]
    NoSecret,
    /// The way out for mails.
    #[error("mails cannot be sent as configured")]
    Mail(#[from] TransportError),
    /// The secret cannot sign.
    #[error("JWT_SECRET cannot sign tokens")]
    Key(#[from] KeyError),
    /// The migrations.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The shared tables could not be migrated.
    #[error("the shared tables cannot be migrated")]
    Public(#[source] ApplyError),
    /// The platform's own tenant could not be made.
    #[error("the platform's own tenant cannot be made")]
    Platform(#[source] TenantsError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The address of Redis.
    #[error("expected in REDIS_URL an address of Redis")]
    Redis(#[from] RedisError),
    /// A service.
    #[error(transparent)]
    Service(#[from] Error),
    /// The network.
    #[error("the server cannot run")]
    Io(#[from] std::io::Error),
}

/// The database under both logins: what commands without a server need. Cheap to clone.
#[derive(Clone)]
pub struct Foundation {
    /// Opens sessions.
    pub tenancy: Tenancy,
    /// Makes and migrates schemas.
    pub migrator: Migrator,
    /// Tells the time.
    pub clock: Clock,
}

impl Foundation {
    /// Puts the pools together; connects with the first use. Must run inside a tokio runtime.
    pub fn new(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let db = &config.database;
        let url = db.url.as_ref().ok_or(StartError::NoDatabase)?;
        let ddl_url = db.migration_url().ok_or(StartError::NoDatabase)?;
        let set = match &config.tenancy.migrations_dir {
            Some(dir) => MigrationSet::from_dir(dir)?,
            None => MigrationSet::embedded()?,
        };
        let rules = ScopeRules {
            fence: db.role_fence,
            transaction_pool: db.pool_mode == PoolMode::Transaction,
            statement_timeout: Some(db.query_timeout),
        };
        let settings = PoolSettings {
            size: db.pool_size,
            overflow: db.max_overflow,
            wait: db.pool_timeout,
            max_age: db.pool_recycle,
            max_uses: None,
            seen: TenantsSeen::default(),
            pre_ping: db.pool_pre_ping,
            rules,
        };
        let cache_ttl = config.tenancy.cache_ttl;
        let ear = db.any_session_url().map(DatabaseUrl::config);
        let tenancy = Tenancy::new(url.config(), ear, settings, cache_ttl, set.supported())?;
        let jobs = config.tenancy.migration_jobs;
        // A run of the fleet, a creation and the keeper of ready tenants are in nobody's way.
        let ddl = DdlPool::new(ddl_url.config(), jobs + 2)?;
        let login = url.config().get_user().unwrap_or_default();
        let migrator = Migrator::new(ddl, set, login, rules.fence, jobs);
        Ok(Self {
            tenancy,
            migrator,
            clock,
        })
    }

    /// Migrates the shared tables and makes the platform's own tenant. Where there is nothing to do, it costs a few queries, and any login may do it.
    pub async fn prepare(&self) -> Result<(), StartError> {
        let applied = self.migrator.prepare_public().await;
        let applied = applied.map_err(StartError::Public)?;
        let made = ensure_platform(&self.migrator, &self.clock).await;
        let made = made.map_err(StartError::Platform)?;
        tracing::info!(applied, platform_made = made, "the shared tables are ready");
        Ok(())
    }

    /// Gives all connections up, so that nobody complains when the database goes.
    pub fn close(&self) {
        self.tenancy.close();
        self.migrator.close();
    }

    /// What services need.
    pub fn deps(&self, config: &Config) -> Result<Deps, StartError> {
        let hasher = Hasher::new(config.auth.password_hash_concurrency);
        Ok(Deps {
            tenancy: self.tenancy.clone(),
            clock: self.clock.clone(),
            hasher: hasher.map_err(Error::from)?,
            roles: Directory::new(self.tenancy.clone()),
            revocations: Revocations::new(config.auth.access_token_ttl),
            vault: Vault::new(config.auth.vault_secret()),
            links: Links::new(config.public_url()),
            later: TaskTracker::new(),
        })
    }
}

/// A server, ready to listen.
pub struct App {
    foundation: Foundation,
    state: Arc<State>,
    shell: Shell,
    mails: Option<Transport>,
    bounds: Bounds,
    purge_every: Duration,
    ready_tenants: usize,
}

impl App {
    /// Puts a server together. The shared tables must be there.
    pub async fn new(config: &Config, foundation: Foundation) -> Result<Self, StartError> {
        let key = config.auth.signing_key().ok_or(StartError::NoSecret)??;
        let deps = foundation.deps(config)?;
        let auth = Auth::start(deps.clone(), &config.auth, key).await;
        let limits = Limits::start(&config.limits, &foundation.clock).await?;
        let state = State {
            refusals: Arc::new(Refusals::new(deps.clone())),
            deps,
            auth: auth.map_err(Error::from)?,
            migrator: foundation.migrator.clone(),
            copies: copy_rules(config),
            limits: limits.clone(),
            retention: config.tenancy.retention,
            sign_up: config.tenancy.sign_up,
            base_domain: config.http.base_domain.clone(),
            trusted_proxies: config.http.trusted_proxies.clone(),
        };
        let mails = Transport::new(&config.mail)?;
        let shell = Shell {
            caught_mails: mails.as_ref().and_then(Transport::caught).cloned(),
            readiness: Readiness::of(&["database", "migrations"]),
            trusted_proxies: config.http.trusted_proxies.clone(),
            allowed_origins: config.http.allowed_origins.clone(),
            limits,
        };
        Ok(Self {
            foundation,
            state: Arc::new(state),
            shell,
            mails,
            bounds: bounds(&config.http),
            purge_every: config.auth.cleanup_interval,
            ready_tenants: config.tenancy.ready_tenants,
        })
    }

    /// What services need, for seeding and tests.
    pub fn deps(&self) -> &Deps {
        &self.state.deps
    }

    /// Sign-ins, for tests.
    pub fn auth(&self) -> &Auth {
        &self.state.auth
    }

    /// All routes.
    pub fn endpoint(&self) -> impl Endpoint<Output = Response> + use<> {
        self.endpoint_with(api::endpoints())
    }

    /// All routes of `endpoints`, which a test may have added to.
    pub fn endpoint_with<A: poem_openapi::OpenApi + 'static>(
        &self,
        endpoints: A,
    ) -> impl Endpoint<Output = Response> + use<A> {
        api::app(endpoints, self.shell.clone()).data(Arc::clone(&self.state))
    }

    /// Answers requests by `endpoint` until `stops` says so. With `migrate`, tenants that are behind are migrated meanwhile; each is served as soon as
    /// its schema fits.
    pub async fn serve(
        self,
        endpoint: impl Endpoint + 'static,
        listener: TcpListener,
        stops: mpsc::Receiver<()>,
        migrate: bool,
    ) -> Result<(), StartError> {
        let readiness = self.shell.readiness.clone();
        let probe = tokio::spawn(probe(self.foundation.tenancy.clone(), readiness.clone()));
        let fleet = tokio::spawn(bring_up(
            self.foundation.migrator.clone(),
            readiness.clone(),
            migrate,
        ));
        let watch = tokio::spawn(keep_watching(self.foundation.tenancy.clone()));
        let Foundation { tenancy, clock, .. } = self.foundation.clone();
        let purge = tokio::spawn(Purge::new(tenancy, clock).run(self.purge_every));
        let purge_tenants = tokio::spawn(keep_purging(
            self.state.deps.clone(),
            self.foundation.migrator.clone(),
        ));
        let keeper = Keeper::new(self.foundation.migrator.clone(), self.ready_tenants);
        let keeper = tokio::spawn(keeper.run());
        let (stop_mails, mails) = self.send_mails();
        let served = api::server::serve(listener, endpoint, readiness, self.bounds, stops).await;
        probe.abort();
        fleet.abort();
        watch.abort();
        purge.abort();
        purge_tenants.abort();
        keeper.abort();
        self.state.deps.later.close();
        let _ = timeout(LAST_WORK, self.state.deps.later.wait()).await;
        stop_mails.cancel();
        // What is not sent by then is taken up again by the next that looks.
        let _ = timeout(LAST_WORK, mails).await;
        self.foundation.close();
        Ok(served?)
    }

    /// Empties the queue in the background until the token says stop.
    fn send_mails(&self) -> (CancellationToken, JoinHandle<()>) {
        let stop = CancellationToken::new();
        let sender = self.mails.clone().map(|transport| {
            let Foundation { tenancy, clock, .. } = self.foundation.clone();
            Sender::new(tenancy, clock, transport).run(stop.clone())
        });
        let sending = tokio::spawn(async move {
            if let Some(sender) = sender {
                sender.await;
            } else {
                tracing::warn!(
                    "no mail server is configured, so mails stay in the queue; set SMTP_URL or SENDGRID_API_KEY"
                );
            }
        });
        (stop, sending)
    }
}

fn bounds(config: &HttpConfig) -> Bounds {
    Bounds {
        head: config.header_timeout,
        body: config.body_timeout,
        idle: config.idle_timeout,
        connections: config.max_connections,
        notice: config.drain_notice,
        drain: config.drain_timeout,
    }
}

/// Copies leave half of the connections that migrate to others; each takes two.
fn copy_rules(config: &Config) -> CopyRules {
    let tenancy = &config.tenancy;
    let at_once = tenancy.migration_jobs.div_ceil(4);
    CopyRules::new(
        tenancy.export_dir.clone(),
        tenancy.import_max_bytes,
        at_once,
    )
}
