//! Ready tenants ("spares"): whole schemas under their final id that no tenant has yet, so that making a tenant is taking one.
//!
//! Invariant: a spare is made in one transaction and taken in its tenant's, so it is a spare or a tenant, never neither. It is taken only
//! by a program that would make the very same: same migrations, fence and logins.

use std::time::Instant;

use super::fleet::Migrator;
use super::schema::NewSchema;
use super::{ApplyError, Target, apply};
use crate::ids::new_id;
use crate::tenancy::{DbError, DdlTransaction, Event, Param, SchemaName, Scoped, Sql, TenantId};

/// Held while a spare is made, so that several nodes do not make too many: `spares` in ASCII.
const LOCK: i64 = 0x7370_6172_6573;

/// What this program can take; `$1` to `$4` say what it would make. A schema that somebody dropped by hand is no spare.
macro_rules! usable {
    () => {
        "version = $1 AND checksum = $2 AND fence = $3 AND login = $4 AND owner = current_user \
         AND to_regnamespace('t_' || replace(id::text, '-', '')) IS NOT NULL"
    };
}

const CLAIM: Sql = Sql::new(
    "spares.claim",
    concat!(
        "DELETE FROM public.spare_tenants WHERE id = (SELECT id FROM public.spare_tenants WHERE ",
        usable!(),
        " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, duration_ms"
    ),
);
const COUNT: Sql = Sql::new(
    "spares.count",
    concat!(
        "SELECT count(*) AS spares FROM public.spare_tenants WHERE ",
        usable!()
    ),
);
const TRY_LOCK: Sql = Sql::new(
    "spares.lock",
    "SELECT pg_try_advisory_xact_lock($1) AS locked",
);
const LEDGER: Sql = Sql::new(
    "spares.ledger",
    "INSERT INTO public.tenant_migrations (tenant_id, version, checksum, needs_binary, state, duration_ms) \
     VALUES ($1, $2, $3, $4, 'current', $5)",
);
/// Only in the transaction that began: a COMMIT inside a migration would have ended it.
const INSERT: Sql = Sql::new(
    "spares.insert",
    "INSERT INTO public.spare_tenants (id, version, checksum, fence, login, owner, duration_ms) \
     SELECT $5, $1, $2, $3, $4, current_user, $6 WHERE current_setting('tenantry.migrating', true) = $7",
);
/// In a rolling deploy each version makes its own. An hour is for the other to take them; what is left then belongs to nobody.
const SET_ASIDE_STALE: Sql = Sql::new(
    "spares.set_aside_stale",
    concat!(
        "WITH stale AS (DELETE FROM public.spare_tenants WHERE id = (SELECT id FROM public.spare_tenants \
         WHERE made_at < now() - interval '1 hour' AND NOT (",
        usable!(),
        ") ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id) \
         INSERT INTO public.set_aside_schemas (tenant_id) SELECT id FROM stale"
    ),
);

/// A schema that was taken, in the transaction that takes it.
#[derive(Debug, Clone, Copy)]
pub struct Spare {
    /// The id that its tenant will have.
    pub id: TenantId,
    duration_ms: i32,
}

/// What came of trying to make a spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refill {
    /// One was made.
    Made,
    /// There are as many as wanted.
    Enough,
    /// Another node is making one.
    Busy,
}

impl Migrator {
    /// Takes a spare for the tenant that the open transaction makes; `None` where there is none that fits. If the transaction does not
    /// commit, it is a spare again. Nobody waits for anybody: two at once get different ones.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn claim_spare(&self, tx: &mut DdlTransaction) -> Result<Option<Spare>, DbError> {
        let row = tx
            .scoped()
            .query_opt(&CLAIM, &self.recipe().params())
            .await?;
        // Whether it was taken or missed, there is something to make.
        self.wake_keeper();
        row.map(|row| {
            Ok(Spare {
                id: TenantId(row.get("id")?),
                duration_ms: row.get("duration_ms")?,
            })
        })
        .transpose()
    }

    /// Writes the ledger's line for a spare whose tenant is in the registry now.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn record_claim(&self, tx: &mut DdlTransaction, spare: Spare) -> Result<(), DbError> {
        let Target {
            version,
            checksum,
            needs_binary,
        } = self.set().target();
        let params: &[&dyn Param] = &[
            &spare.id,
            version,
            checksum,
            needs_binary,
            &spare.duration_ms,
        ];
        tx.execute(&LEDGER, params).await?;
        let changed = Event::TenantChanged { id: spare.id };
        changed.publish(tx.scoped()).await
    }

    /// Makes one spare if there are fewer than `wanted`.
    ///
    /// # Errors
    /// When a migration fails; nothing stays.
    pub async fn refill_spares(&self, wanted: usize) -> Result<Refill, ApplyError> {
        let mut tx = self.begin().await?;
        let locked = tx.scoped().query_one(&TRY_LOCK, &[&LOCK]).await?;
        if !locked.get::<bool>("locked")? {
            return Ok(Refill::Busy);
        }
        if self.count_spares(tx.scoped()).await? >= wanted {
            return Ok(Refill::Enough);
        }
        self.make_spare(&mut tx).await?;
        tx.commit().await?;
        Ok(Refill::Made)
    }

    /// How many spares this program can take.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn count_spares(&self, db: &mut Scoped) -> Result<usize, DbError> {
        let row = db.query_one(&COUNT, &self.recipe().params()).await?;
        let count: i64 = row.get("spares")?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Puts one spare that nobody has taken for an hour and that this program cannot take among the schemas that are to be dropped.
    /// Answers whether there was one.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn set_aside_stale_spare(&self) -> Result<bool, DbError> {
        let mut tx = self.begin().await?;
        let recipe = self.recipe();
        if tx.execute(&SET_ASIDE_STALE, &recipe.params()).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn make_spare(&self, tx: &mut DdlTransaction) -> Result<(), ApplyError> {
        let started = Instant::now();
        let id = TenantId(new_id());
        let name = SchemaName::of(id);
        let schema = NewSchema {
            name: &name,
            login: &self.login,
            fence: self.fence,
        };
        schema.create(tx).await?;
        let marker = id.to_string();
        tx.batch(&format!("SET LOCAL tenantry.migrating = '{marker}'"))
            .await?;
        apply::apply(tx, name.as_str(), self.set().tenant()).await?;
        let took = i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX);
        let recipe = self.recipe();
        let [version, checksum, fence, login] = recipe.params();
        let params: &[&dyn Param] = &[version, checksum, fence, login, &id, &took, &marker];
        if tx.execute(&INSERT, params).await? == 0 {
            return Err(ApplyError::EndedTransaction);
        }
        Ok(())
    }

    fn recipe(&self) -> Recipe<'_> {
        Recipe {
            target: self.set().target(),
            fence: self.fence,
            login: &self.login,
        }
    }
}

/// What this program makes a schema from.
struct Recipe<'m> {
    target: &'m Target,
    fence: bool,
    login: &'m str,
}

impl Recipe<'_> {
    /// The first four parameters of the statements above.
    fn params(&self) -> [&dyn Param; 4] {
        [
            &self.target.version,
            &self.target.checksum,
            &self.fence,
            &self.login,
        ]
    }
}
