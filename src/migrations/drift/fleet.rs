//! Drift of the whole fleet: every tenant compared with a freshly built reference of its own version, several at a time.
//!
//! Invariant: a tenant is read under its lock, shared, so that a migration is seen whole or not at all.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::Mutex;

use super::description::{Description, Difference};
use super::records::Records;
use crate::migrations::Progress;
use crate::migrations::apply::ApplyError;
use crate::migrations::busy::{Busy, MaybeBusy, OutOfReach};
use crate::migrations::fleet::{Migrator, tenant_lock};
use crate::tenancy::{DbError, SchemaName, Slug, Sql, TenantId};

const TENANTS: Sql = Sql::new(
    "drift.fleet",
    "SELECT id, slug FROM public.tenants WHERE status <> 'deleted' ORDER BY slug",
);
const LOCK: Sql = Sql::new("drift.lock", "SELECT pg_advisory_xact_lock_shared($1)");

/// Why the fleet could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    /// A name that nobody has.
    #[error(
        "there is no tenant `{0}`, or it is deleted; `tenantry tenant list --deleted` names all"
    )]
    NoTenant(Slug),
    /// The reference cannot be made: a migration fails in an empty schema.
    #[error("the reference for version {version} cannot be made")]
    Reference {
        /// Of the last migration in it.
        version: i32,
        /// Why.
        source: ApplyError,
    },
    /// Others held a tenant's locks at each try.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl MaybeBusy for DriftError {
    fn without_lock<'e>(&'e self, work: &'e str) -> Option<&'e str> {
        matches!(self, Self::Db(error) if error.is_lock_timeout()).then_some(work)
    }
}

/// What came of comparing one tenant.
#[derive(Debug)]
pub enum Verdict {
    /// It is what its migrations make.
    Alike,
    /// It is not.
    Differs(Vec<Difference>),
    /// A newer program has migrated it: this one does not know what it should be.
    Ahead,
    /// It could not be read, or others had its locks at each try.
    Unread(OutOfReach),
}

/// One tenant, compared.
#[derive(Debug)]
pub struct Compared {
    /// Its slug.
    pub slug: String,
    /// The version that it was compared at.
    pub version: i32,
    /// What came of it.
    pub verdict: Verdict,
}

impl Migrator {
    /// Compares these tenants, or all that have a schema, with what their migrations make, and tells `progress` after each. The answer is by slug.
    ///
    /// # Errors
    /// See [`DriftError`]; a tenant that cannot be read has that as its verdict.
    pub async fn drift(
        &self,
        only: &[Slug],
        progress: impl FnMut(Progress),
    ) -> Result<Vec<Compared>, DriftError> {
        let tenants = self.chosen(only).await?;
        let (references, total) = (References::new(self), tenants.len());
        let results = stream::iter(tenants)
            .map(|(id, slug)| self.compare(&references, id, slug))
            .buffer_unordered(self.jobs);
        let is_alike = |tenant: &Compared| matches!(tenant.verdict, Verdict::Alike);
        let mut all = gather(results, total, is_alike, progress).await?;
        all.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(all)
    }

    /// The tenants that are meant.
    pub(super) async fn chosen(
        &self,
        only: &[Slug],
    ) -> Result<Vec<(TenantId, String)>, DriftError> {
        let mut tx = self.begin().await?;
        let mut tenants = Vec::new();
        for row in tx.query(&TENANTS, &[]).await? {
            tenants.push((TenantId(row.get("id")?), row.get::<String>("slug")?));
        }
        let known = |slug: &Slug| tenants.iter().any(|(_, known)| known == slug.as_str());
        if let Some(unknown) = only.iter().find(|slug| !known(slug)) {
            return Err(DriftError::NoTenant(unknown.clone()));
        }
        if !only.is_empty() {
            tenants.retain(|(_, slug)| only.iter().any(|chosen| chosen.as_str() == slug));
        }
        Ok(tenants)
    }

    async fn compare(
        &self,
        references: &References<'_>,
        id: TenantId,
        slug: String,
    ) -> Result<Compared, DriftError> {
        let target = self.set().target().version;
        let insisted = self.insist(id, "the comparison", || self.read(id));
        let (records, found) = match insisted.await {
            Ok((read, _)) => read,
            Err(error) => {
                return Ok(Compared {
                    slug,
                    version: target,
                    verdict: Verdict::Unread(error),
                });
            }
        };
        let version = records.versions().first().copied().unwrap_or(target);
        let verdict = if version > target {
            Verdict::Ahead
        } else {
            // The tenant's connection is back by now: waiting for the reference, it would keep the one from coming that makes it.
            let reference = references.get(version).await?;
            let mut differences = found.diff(&reference);
            if !found.is_empty() {
                differences.extend(records.diff(self.set(), version));
            }
            if differences.is_empty() {
                Verdict::Alike
            } else {
                Verdict::Differs(differences)
            }
        };
        Ok(Compared {
            slug,
            version,
            verdict,
        })
    }

    async fn read(&self, id: TenantId) -> Result<(Records, Description), OutOfReach> {
        let schema = SchemaName::of(id);
        let mut tx = self.begin().await?;
        tx.query(&LOCK, &[&tenant_lock(id)]).await?;
        let records = Records::read(&mut tx, id, &schema).await?;
        let found = self.describe(&mut tx, &schema).await?;
        Ok((records, found))
    }
}

/// References, each built when it is first asked for.
pub(super) struct References<'m> {
    migrator: &'m Migrator,
    built: Mutex<BTreeMap<i32, Arc<Description>>>,
}

impl<'m> References<'m> {
    pub(super) fn new(migrator: &'m Migrator) -> Self {
        Self {
            migrator,
            built: Mutex::default(),
        }
    }

    /// Takes a connection of its own; whoever asks must hold none.
    pub(super) async fn get(&self, version: i32) -> Result<Arc<Description>, DriftError> {
        let mut built = self.built.lock().await;
        if let Some(reference) = built.get(&version) {
            return Ok(reference.clone());
        }
        let made = self.migrator.reference(version).await;
        let made = made.map_err(|source| DriftError::Reference { version, source })?;
        let made = Arc::new(made);
        built.insert(version, made.clone());
        Ok(made)
    }
}

/// All results, and `progress` told of each.
pub(super) async fn gather<T>(
    results: impl Stream<Item = Result<T, DriftError>>,
    total: usize,
    is_right: impl Fn(&T) -> bool,
    mut progress: impl FnMut(Progress),
) -> Result<Vec<T>, DriftError> {
    let mut so_far = Progress {
        done: 0,
        total,
        failed: 0,
    };
    progress(so_far);
    let mut results = pin!(results);
    let mut all = Vec::with_capacity(total);
    while let Some(result) = results.next().await {
        let result = result?;
        so_far.done += 1;
        so_far.failed += usize::from(!is_right(&result));
        all.push(result);
        progress(so_far);
    }
    Ok(all)
}
