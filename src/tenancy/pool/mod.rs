//! The pool: lanes of one connection each, so that a tenant's requests can go to the same few.
//!
//! Invariant: nobody waits longer than the settings say, nor while a connection that they may use is idle, but for the two milliseconds in which one
//! that is nearer may come back.

mod lanes;
mod lease;
mod manager;
mod waiting;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, PoolError, Timeouts};
use tokio_postgres::Error as PgError;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::DbError;
use super::scope::ScopeRules;
use super::tls;
use lanes::Lanes;
use manager::Manager;
use waiting::{End, Waiting};

pub(super) use lanes::For;
use lease::Held;
pub(super) use lease::Lease;

/// How many lanes, the home first, are waited for before any other.
const NEAR: usize = 3;
/// For so long.
const NEAR_WAIT: Duration = Duration::from_millis(2);

/// How a pool behaves. The numbers come from the configuration.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Connections kept open.
    pub size: usize,
    /// Further connections opened under load, closed when idle.
    pub overflow: usize,
    /// How long a caller waits for a connection.
    pub wait: Duration,
    /// A connection older than this is replaced.
    pub max_age: Duration,
    /// A connection that was handed out so often is replaced; `None`: never for that.
    pub max_uses: Option<usize>,
    /// How many tenants a connection may meet before it is replaced.
    pub seen: TenantsSeen,
    /// Ask each connection whether it lives before handing it out.
    pub pre_ping: bool,
    /// How connections are scoped.
    pub rules: ScopeRules,
}

/// What became of asking for one lane.
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made, and a request should not pay for a box"
)]
enum Got {
    Lane(Held),
    InUse,
    /// It is not open, and the server has no place for one more connection.
    NoRoom(DbError),
}

/// PostgreSQL keeps some 12 kB in a backend for each table that it ever touched, and frees none of it: a connection that has met more tenants
/// than `enough` is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantsSeen {
    /// With more than these it is replaced once it is older than `worth_it`.
    pub enough: usize,
    /// How old a connection must be to have been worth its making.
    pub worth_it: Duration,
    /// With more than these it is replaced however young.
    pub most: usize,
}

impl Default for TenantsSeen {
    fn default() -> Self {
        Self {
            enough: 500,
            worth_it: Duration::from_mins(1),
            most: 1_000,
        }
    }
}

impl TenantsSeen {
    fn is_too_much(self, seen: usize, age: Duration) -> bool {
        seen > self.most || (seen > self.enough && age > self.worth_it)
    }
}

/// Connections to one database under one login. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool {
    lanes: Arc<[managed::Pool<Manager>]>,
    waiting: Arc<Waiting>,
    shape: Lanes,
    settings: Arc<PoolSettings>,
    tls: MakeRustlsConnect,
    /// Where the server is, for a person.
    at: Arc<str>,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(
        config: &tokio_postgres::Config,
        settings: PoolSettings,
    ) -> Result<Self, DbError> {
        let tls = tls::connector();
        let shape = Lanes {
            kept: settings.size.max(1),
            overflow: settings.overflow,
        };
        let lane = |_| {
            let inner = deadpool_postgres::Manager::new(config.clone(), tls.clone());
            let settings = settings.clone();
            let pre_ping = settings.pre_ping.then_some(settings.wait);
            managed::Pool::builder(Manager { inner, settings })
                .max_size(1)
                .recycle_timeout(pre_ping)
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|e| DbError::NoConnection(e.to_string()))
        };
        let lanes: Result<Vec<_>, _> = (0..shape.kept + shape.overflow).map(lane).collect();
        Ok(Self {
            lanes: lanes?.into(),
            waiting: Arc::default(),
            shape,
            settings: Arc::new(settings),
            tls,
            at: place(config).into(),
        })
    }

    /// A connection, waited for no longer than the settings say: at home if that is idle, else the next that is.
    pub(super) async fn lease(&self, who: For<'_>) -> Result<Lease, DbError> {
        let seed = Lanes::seed(who);
        let home = self.shape.home(seed);
        let held = match self.get(home).await? {
            Got::Lane(held) => held,
            // Rare and large: boxed, or every request would carry its size along.
            Got::InUse | Got::NoRoom(_) => Box::pin(self.elsewhere(who, seed)).await?,
        };
        Ok(Lease::new(held, self.tls.clone()))
    }

    async fn elsewhere(&self, who: For<'_>, seed: u64) -> Result<Held, DbError> {
        let order = self.shape.ranked(who, seed);
        if let Some(held) = self.first_idle(&order).await? {
            return Ok(held);
        }
        let waited = async {
            // Each lane that a tenant spreads to is one more that has to switch to it, and back.
            let near = &order[..order.len().min(NEAR)];
            if let Some(held) = self.wait(near, Some(NEAR_WAIT)).await? {
                return Ok(held);
            }
            loop {
                if let Some(held) = self.wait(&order, None).await? {
                    return Ok(held);
                }
            }
        };
        let waited = tokio::time::timeout(self.settings.wait, waited).await;
        waited.unwrap_or_else(|_| {
            let words = "all connections that it may use are in use";
            Err(DbError::NoConnection(words.to_owned()))
        })
    }

    /// The first of these lanes that comes back; `None` if none does for that long. Connecting is not cut off by it.
    async fn wait(
        &self,
        lanes: &[usize],
        limit: Option<Duration>,
    ) -> Result<Option<Held>, DbError> {
        let mut end = End::Back;
        loop {
            let mut place = self.waiting.join(lanes, end);
            end = End::Front;
            let held = self.first_idle(lanes).await?;
            if held.is_some() {
                return Ok(held);
            }
            let told = match limit {
                None => place.lane().await,
                Some(limit) => match tokio::time::timeout(limit, place.lane()).await {
                    Ok(told) => told,
                    Err(_) => return Ok(None),
                },
            };
            if let Some(lane) = told
                && let Got::Lane(held) = self.get(lane).await?
            {
                return Ok(Some(held));
            }
        }
    }

    /// The first of these lanes that is idle, or can be opened; `None` if one is in use, so that waiting may help.
    async fn first_idle(&self, lanes: &[usize]) -> Result<Option<Held>, DbError> {
        let (mut in_use, mut full) = (false, None);
        for lane in lanes {
            match self.get(*lane).await? {
                Got::Lane(held) => return Ok(Some(held)),
                Got::InUse => in_use = true,
                Got::NoRoom(error) => full = Some(error),
            }
        }
        full.filter(|_| !in_use).map_or(Ok(None), Err)
    }

    /// The connection of one lane, opened if it is not.
    async fn get(&self, lane: usize) -> Result<Got, DbError> {
        let timeouts = Timeouts {
            wait: Some(Duration::ZERO),
            create: Some(self.settings.wait),
            recycle: self.settings.pre_ping.then_some(self.settings.wait),
        };
        // From here on the lane may be ours, also where it ends with an error or the caller has gone.
        let mut held = Held::new(lane, Arc::clone(&self.waiting));
        match self.lanes[lane].timeout_get(&timeouts).await {
            Ok(object) => {
                held.fill(object);
                Ok(Got::Lane(held))
            }
            Err(PoolError::Timeout(managed::TimeoutType::Wait)) => {
                held.forget();
                Ok(Got::InUse)
            }
            Err(PoolError::Backend(source))
                if source.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) =>
            {
                // Who waits would be told, try it, and tell the next.
                held.forget();
                Ok(Got::NoRoom(self.unreachable(describe(&source))))
            }
            Err(PoolError::Backend(source)) => Err(self.unreachable(describe(&source))),
            Err(PoolError::Timeout(managed::TimeoutType::Create)) => {
                let limit = self.settings.wait.as_secs();
                Err(self.unreachable(format!("no answer within {limit} s")))
            }
            Err(other) => Err(DbError::NoConnection(other.to_string())),
        }
    }

    fn unreachable(&self, reason: String) -> DbError {
        DbError::Unreachable {
            at: self.at.to_string(),
            reason,
        }
    }

    /// Closes the overflow connections that were idle for `idle`.
    pub(super) fn trim(&self, idle: Duration) {
        for lane in &self.lanes[self.shape.kept..] {
            lane.retain(|_, metrics| metrics.last_used() < idle);
        }
    }

    pub(super) fn close(&self) {
        self.lanes.iter().for_each(managed::Pool::close);
        self.waiting.wake_all();
    }

    pub(super) fn rules(&self) -> ScopeRules {
        self.settings.rules
    }
}

/// Host and port of each server that the address names, or its socket. Never the password.
fn place(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let named = config.get_hosts().iter().enumerate();
    let named: Vec<String> = named
        .map(|(at, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(at)),
            Host::Unix(folder) => format!("{}/.s.PGSQL.{}", folder.display(), port(at)),
        })
        .collect();
    named.join(", ")
}

/// The driver's errors say "db error", or "error connecting to server", and keep the rest in their source.
fn describe(error: &PgError) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => db.to_string(),
        (None, Some(cause)) => cause.to_string(),
        (None, None) => error.to_string(),
    }
}
