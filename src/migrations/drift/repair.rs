//! `migrate repair`: writes history and ledger anew, where the structure proves what they must say.
//!
//! Invariant: a tenant's structure is never changed, and its records only in the transaction, under its lock, that has just found the
//! structure to be exactly the reference's.

use futures_util::{StreamExt, stream};

use super::description::Difference;
use super::fleet::{DriftError, References, gather};
use super::records::{Records, expected};
use crate::migrations::Progress;
use crate::migrations::apply;
use crate::migrations::busy::OutOfReach;
use crate::migrations::fleet::{Migrator, lock, tenant_lock};
use crate::tenancy::{
    DbError, DdlTransaction, Event, SchemaName, Slug, Sql, TenantId, quote_ident,
};

const FORGET: Sql = Sql::new(
    "repair.forget",
    "DELETE FROM refinery_schema_history WHERE version <> ALL ($1)",
);
/// What was known of the time stays.
const RECORD: Sql = Sql::new(
    "repair.record",
    "INSERT INTO refinery_schema_history AS h (version, name, applied_on, checksum) \
     SELECT version, name, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), checksum \
     FROM unnest($1, $2, $3) AS r (version, name, checksum) \
     ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum",
);
/// A failed tenant stays failed, with its error: what is right about its records says nothing of what failed.
const LINE: Sql = Sql::new(
    "repair.line",
    "INSERT INTO public.tenant_migrations AS m \
     (tenant_id, version, checksum, needs_binary, state, updated_at) VALUES ($1, $2, $3, $4, 'current', now()) \
     ON CONFLICT (tenant_id) DO UPDATE SET \
     version = excluded.version, checksum = excluded.checksum, needs_binary = excluded.needs_binary, \
     attempts = CASE WHEN m.state = 'failed' THEN m.attempts ELSE 0 END, \
     last_error = CASE WHEN m.state = 'failed' THEN m.last_error END, updated_at = now()",
);

/// What came of one tenant.
#[derive(Debug)]
pub enum Repair {
    /// Its records were right.
    Right,
    /// They are now.
    Recorded {
        /// The version that they say.
        version: i32,
    },
    /// They are wrong and stay so, because the structure does not prove what is right.
    Refused {
        /// Why, for a person.
        reason: String,
        /// Where the structure differs, if that is the reason.
        differences: Vec<Difference>,
    },
    /// The database refused, or others had the tenant's locks at each try.
    Failed(OutOfReach),
}

impl Repair {
    /// The records are what they should be.
    fn is_right_now(&self) -> bool {
        matches!(self, Self::Right | Self::Recorded { .. })
    }

    fn refused(reason: impl Into<String>) -> Self {
        Self::Refused {
            reason: reason.into(),
            differences: Vec::new(),
        }
    }
}

impl Migrator {
    /// Writes the records of the chosen tenants anew where they are wrong and the structure is right. `at` is the version to prove
    /// instead of those that the records say. Tells `progress` after each. The answer is by slug.
    ///
    /// # Errors
    /// See [`DriftError`]; a tenant's own trouble stands in the answer.
    pub async fn repair(
        &self,
        only: &[Slug],
        at: Option<i32>,
        progress: impl FnMut(Progress),
    ) -> Result<Vec<(String, Repair)>, DriftError> {
        let tenants = self.chosen(only).await?;
        let (references, total) = (References::new(self), tenants.len());
        let results = stream::iter(tenants)
            .map(|(id, slug)| self.repair_tenant(&references, id, slug, at))
            .buffer_unordered(self.jobs);
        let is_right = |(_, repair): &(String, Repair)| repair.is_right_now();
        let mut all = gather(results, total, is_right, progress).await?;
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    async fn repair_tenant(
        &self,
        references: &References<'_>,
        id: TenantId,
        slug: String,
        at: Option<i32>,
    ) -> Result<(String, Repair), DriftError> {
        let insisted = self.insist(id, "the repair", || self.try_repair(references, id, at));
        match insisted.await {
            Ok((repair, _)) => Ok((slug, repair)),
            Err(DriftError::Busy(busy)) => Ok((slug, Repair::Failed(busy.into()))),
            Err(DriftError::Db(error)) => Ok((slug, Repair::Failed(error.into()))),
            Err(error) => Err(error),
        }
    }

    async fn try_repair(
        &self,
        references: &References<'_>,
        id: TenantId,
        at: Option<i32>,
    ) -> Result<Repair, DriftError> {
        let schema = SchemaName::of(id);
        let records = self.records(id, &schema).await?;
        let versions = at.map_or_else(|| records.versions(), |at| vec![at]);
        let target = self.set().target().version;
        match versions.first() {
            None => {
                return Ok(Repair::refused(
                    "neither its history nor the ledger says at which version it is; say it with --at",
                ));
            }
            Some(version) if *version > target => {
                return Ok(Repair::refused(format!(
                    "version {version} is ahead of this binary, which knows {target}; use the binary that migrated it"
                )));
            }
            Some(version) if versions.len() == 1 && records.is_right(self.set(), *version) => {
                return Ok(Repair::Right);
            }
            Some(_) => (),
        }
        let mut candidates = Vec::new();
        for version in versions {
            candidates.push((version, references.get(version).await?));
        }

        let mut tx = self.begin().await?;
        lock(&mut tx, tenant_lock(id)).await?;
        if Records::read(&mut tx, id, &schema).await? != records {
            return Ok(Repair::refused(
                "it was migrated or repaired meanwhile; ask again",
            ));
        }
        if !records.has_history() {
            self.make_history(&mut tx, &schema).await?;
        }
        let found = self.describe(&mut tx, &schema).await?;
        let fitting = candidates
            .iter()
            .filter(|(_, reference)| found == **reference);
        let fitting: Vec<i32> = fitting.map(|(version, _)| *version).collect();
        match (fitting.as_slice(), candidates.first()) {
            ([version], _) => {
                self.record(&mut tx, id, &schema, *version).await?;
                tx.commit().await?;
                Ok(Repair::Recorded { version: *version })
            }
            ([], Some((version, reference))) => Ok(Repair::Refused {
                reason: format!("its structure is not that of version {version}"),
                differences: found.diff(reference),
            }),
            _ => Ok(Repair::refused(format!(
                "its history and the ledger contradict each other, and its structure fits the versions {fitting:?} alike; say which with --at"
            ))),
        }
    }

    async fn records(&self, id: TenantId, schema: &SchemaName) -> Result<Records, DbError> {
        let mut tx = self.begin().await?;
        Records::read(&mut tx, id, schema).await
    }

    /// As a new schema has it: read by the tenant, written by migrations.
    async fn make_history(
        &self,
        tx: &mut DdlTransaction,
        schema: &SchemaName,
    ) -> Result<(), DbError> {
        apply::create_history(tx, schema.as_str()).await?;
        let reader = if self.fence {
            schema.quoted()
        } else {
            quote_ident(&self.login)
        };
        let table = format!("{}.refinery_schema_history", schema.quoted());
        tx.batch(&format!(
            "REVOKE ALL ON {table} FROM {reader}; GRANT SELECT ON {table} TO {reader}"
        ))
        .await
    }

    async fn record(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        schema: &SchemaName,
        version: i32,
    ) -> Result<(), DbError> {
        let (mut versions, mut names, mut checksums) = (Vec::new(), Vec::new(), Vec::new());
        for (version, applied) in expected(self.set(), version) {
            versions.push(version);
            names.push(applied.name);
            checksums.push(applied.checksum);
        }
        tx.enter(schema).await?;
        tx.execute(&FORGET, &[&versions]).await?;
        tx.execute(&RECORD, &[&versions, &names, &checksums])
            .await?;
        tx.leave().await?;
        let target = self.set().target_at(version);
        tx.execute(
            &LINE,
            &[&id, &target.version, &target.checksum, &target.needs_binary],
        )
        .await?;
        let changed = Event::TenantChanged { id };
        changed.publish(tx.scoped()).await
    }
}
