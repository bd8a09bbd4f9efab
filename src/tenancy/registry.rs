//! Which tenants there are: `public.tenants` with the fleet ledger, behind a cache.
//!
//! Invariant: an entry that was read before an invalidation never enters the cache after it, so what a node was told is in force.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use moka::sync::Cache;

use super::error::DbError;
use super::name::{SchemaName, Slug, TenantId};
use super::pool::{For, Pool};
use super::scope::Scope;
use super::session::Scoped;
use super::sql::Sql;
use super::tenant::{SchemaState, Tenant, Tombstone};
use super::value::Row;

/// Tenants (and names that nobody has) kept in memory.
const CAPACITY: u64 = 200_000;
/// How long "nobody has this name" is believed.
const MISSING_TTL: Duration = Duration::from_secs(5);
/// How long anything is believed while no invalidation can reach this node.
const DEAF_TTL: Duration = Duration::from_secs(1);

/// How a request names its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TenantKey {
    /// By slug.
    Slug(Slug),
    /// By id.
    Id(TenantId),
}

impl std::str::FromStr for TenantKey {
    type Err = super::name::SlugError;

    /// An id if it looks like one, else a slug.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(id) => Ok(Self::Id(TenantId(id))),
            Err(_) => text.parse().map(Self::Slug),
        }
    }
}

#[derive(Clone)]
struct Entry {
    tenant: Arc<Tenant>,
    read_at: Instant,
}

/// See the module.
pub(super) struct Registry {
    tenants: Cache<TenantId, Entry>,
    /// Whose a slug was when it was last asked for. A tenant that has another by now is not found by it.
    slugs: Cache<Slug, TenantId>,
    /// Names that nobody has, and when that was read.
    missing: Cache<TenantKey, Instant>,
    /// Counts invalidations; held while an entry goes in or out.
    epoch: Mutex<u64>,
    hearing: AtomicBool,
}

impl Registry {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            tenants: cache(ttl),
            slugs: cache(ttl),
            missing: cache(MISSING_TTL),
            epoch: Mutex::new(0),
            hearing: AtomicBool::new(false),
        }
    }

    pub(super) async fn find(
        &self,
        pool: &Pool,
        key: &TenantKey,
    ) -> Result<Option<Arc<Tenant>>, DbError> {
        if let Some(known) = self.known(key) {
            return Ok(Some(known));
        }
        if self.is_missing(key) {
            return Ok(None);
        }
        // Rare and large: boxed, or every request would carry its size along.
        Box::pin(self.read_anew(pool, key)).await
    }

    async fn read_anew(
        &self,
        pool: &Pool,
        key: &TenantKey,
    ) -> Result<Option<Arc<Tenant>>, DbError> {
        let epoch = *self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        let read_at = Instant::now();
        let mut db = Scoped::new(pool.lease(For::Anybody).await?, Scope::Public);
        let tenant = read(&mut db, key).await?.map(Arc::new);
        let now = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == epoch {
            self.keep(key, tenant.clone(), read_at);
        }
        Ok(tenant)
    }

    fn known(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        let entry = match key {
            TenantKey::Id(id) => self.tenants.get(id)?,
            TenantKey::Slug(slug) => {
                let entry = self.tenants.get(&self.slugs.get(slug)?)?;
                Some(entry).filter(|entry| entry.tenant.slug == *slug)?
            }
        };
        self.is_believed(entry.read_at).then_some(entry.tenant)
    }

    fn is_missing(&self, key: &TenantKey) -> bool {
        let read_at = self.missing.get(key);
        read_at.is_some_and(|read_at| self.is_believed(read_at))
    }

    fn is_believed(&self, read_at: Instant) -> bool {
        self.is_hearing() || read_at.elapsed() < DEAF_TTL
    }

    fn keep(&self, key: &TenantKey, tenant: Option<Arc<Tenant>>, read_at: Instant) {
        let Some(tenant) = tenant else {
            self.missing.insert(key.clone(), read_at);
            return;
        };
        self.slugs.insert(tenant.slug.clone(), tenant.id);
        self.tenants.insert(tenant.id, Entry { tenant, read_at });
    }

    /// The tenant changed: forget it, and which names nobody has, for one of them may be its own now.
    pub(super) fn forget(&self, id: TenantId) {
        let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        *epoch += 1;
        self.tenants.invalidate(&id);
        self.missing.invalidate_all();
    }

    /// Invalidations may have been missed: forget everything.
    pub(super) fn forget_all(&self) {
        let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        *epoch += 1;
        self.tenants.invalidate_all();
        self.missing.invalidate_all();
    }

    /// Whether invalidations reach this node now.
    pub(super) fn is_hearing(&self) -> bool {
        self.hearing.load(Ordering::Relaxed)
    }

    /// Answers whether they did before.
    pub(super) fn set_hearing(&self, hearing: bool) -> bool {
        self.hearing.swap(hearing, Ordering::Relaxed)
    }
}

fn cache<K, V>(ttl: Duration) -> Cache<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let cache = Cache::builder().max_capacity(CAPACITY).time_to_live(ttl);
    cache.build()
}

macro_rules! select_tenant {
    ($condition:literal) => {
        concat!(
            "SELECT t.id, t.slug, t.name, t.status, t.created_at, t.updated_at, t.expires_at, \
             t.deleted_at, t.purge_after, t.plan, p.requests_per_minute, m.version, m.needs_binary, m.state \
             FROM public.tenants t JOIN public.plans p ON p.key = t.plan LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id WHERE ",
            $condition
        )
    };
}

const BY_SLUG: Sql = Sql::new("registry.by_slug", select_tenant!("t.slug = $1"));
const BY_ID: Sql = Sql::new("registry.by_id", select_tenant!("t.id = $1"));
const PAGE: Sql = Sql::new(
    "registry.page",
    select_tenant!(
        "t.temporary = false AND ($1::uuid IS NULL OR t.id > $1) ORDER BY t.id LIMIT $2"
    ),
);

/// The tenant of this name as the tables have it.
pub(super) async fn read(db: &mut Scoped, key: &TenantKey) -> Result<Option<Tenant>, DbError> {
    let row = match key {
        TenantKey::Slug(slug) => db.query_opt(&BY_SLUG, &[&slug.as_str()]).await?,
        TenantKey::Id(id) => db.query_opt(&BY_ID, &[id]).await?,
    };
    row.as_ref().map(tenant_of).transpose()
}

/// Tenants by age, at most `limit`, those after the id `after`.
pub(super) async fn page(
    db: &mut Scoped,
    after: Option<uuid::Uuid>,
    limit: i64,
) -> Result<Vec<Tenant>, DbError> {
    let rows = db.query(&PAGE, &[&after, &limit]).await?;
    rows.iter().map(tenant_of).collect()
}

fn tenant_of(row: &Row) -> Result<Tenant, DbError> {
    let id = TenantId(row.get("id")?);
    let version: Option<i32> = row.get("version")?;
    let state = match version {
        None => None,
        Some(version) => Some(SchemaState {
            version,
            needs: row.get("needs_binary")?,
            failed: row.get::<String>("state")? == "failed",
        }),
    };
    let deleted_at: Option<DateTime<Utc>> = row.get("deleted_at")?;
    let tombstone = match deleted_at {
        None => None,
        Some(deleted_at) => Some(Tombstone {
            deleted_at,
            purge_after: row.get("purge_after")?,
        }),
    };
    Ok(Tenant {
        id,
        slug: parsed(row, "slug")?,
        name: row.get("name")?,
        status: parsed(row, "status")?,
        schema: SchemaName::of(id),
        state,
        plan: row.get("plan")?,
        requests_per_minute: row.get::<i32>("requests_per_minute")?.unsigned_abs(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        expires_at: row.get("expires_at")?,
        tombstone,
    })
}

fn parsed<T>(row: &Row, column: &'static str) -> Result<T, DbError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|e: T::Err| DbError::Inconsistent {
        column,
        reason: e.to_string(),
    })
}
