//! How the shared tables stand, and whether this program's login may change any: seen without a change.
//!
//! Invariant: nothing is written here, so every command and every server may look, under whatever login it has.

use std::sync::atomic::Ordering;

use refinery_core::Migration;

use super::fleet::Migrator;
use super::place::Place;
use super::undo_scripts::Kind;
use crate::tenancy::{DbError, DdlTransaction, Sql};

/// By the catalog: a login that may not enter `public` is refused every other way of asking.
const HISTORY: Sql = Sql::new(
    "shared.history",
    "SELECT c.oid IS NOT NULL AS there, \
     coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false) AS readable, \
     coalesce(has_table_privilege($1::name, c.oid, 'SELECT'), false) AS granted \
     FROM pg_catalog.pg_namespace n \
     LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'refinery_schema_history' \
     WHERE n.nspname = 'public'",
);
const ABLE: Sql = Sql::new(
    "shared.able",
    "SELECT current_user::text AS login, has_database_privilege(current_database(), 'CREATE') \
     AND (r.rolsuper OR r.rolcreaterole OR NOT $1) AS able \
     FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
);

/// The shared tables, as this program finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// Nothing was ever migrated here.
    Missing,
    /// They are there, and a login of this program may not read them.
    Closed,
    /// They lack some of what this program brings.
    Behind {
        /// Their newest migration; 0 is none.
        version: i32,
    },
    /// They have all that it brings.
    Current {
        /// Their newest migration, which a newer program may have made.
        version: i32,
    },
}

impl Shared {
    /// The newest migration, if that can be known; 0 is none.
    #[must_use]
    pub fn version(self) -> Option<i32> {
        match self {
            Self::Missing => Some(0),
            Self::Closed => None,
            Self::Behind { version } | Self::Current { version } => Some(version),
        }
    }

    /// What to do about any [`Shared::trouble`].
    pub const MEND: &str =
        "run `tenantry migrate run`, with a MIGRATION_DATABASE_URL whose login may change schemas";

    /// What is missing for working with them; `None` where nothing is. `target` is the newest migration at hand.
    #[must_use]
    pub fn trouble(self, target: i32) -> Option<String> {
        match self {
            Self::Current { .. } => None,
            Self::Missing => Some("nothing is here yet: there are no shared tables".to_owned()),
            Self::Closed => Some("this login may not read the shared tables".to_owned()),
            Self::Behind { version } => Some(format!(
                "the shared tables are at version {version}, and this binary works with {target}"
            )),
        }
    }
}

impl Migrator {
    /// Looks at the shared tables.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn shared(&self) -> Result<Shared, DbError> {
        let mut tx = self.begin_looking().await?;
        let row = tx.scoped().query_one(&HISTORY, &[&&*self.login]).await?;
        if !row.get::<bool>("there")? {
            return Ok(Shared::Missing);
        }
        if !row.get::<bool>("readable")? {
            return Ok(Shared::Closed);
        }
        Place::Public.enter(&mut tx).await?;
        let history = Place::Public.history(&mut tx).await?;
        let version = history.last().map_or(0, |newest| newest.version);
        // One that differs, or came too late for it, is for refinery to complain of.
        let has = |file: &Migration| history.iter().any(|applied| applied.is(file));
        let is_ahead = version > self.shared_target();
        Ok(if !is_ahead && !self.set().public().iter().all(has) {
            Shared::Behind { version }
        } else if row.get("granted")? {
            Shared::Current { version }
        } else {
            Shared::Closed
        })
    }

    /// The newest migration of the shared tables at hand; 0 is none.
    pub fn shared_target(&self) -> i32 {
        self.set()
            .of(Kind::Public)
            .last()
            .map_or(0, Migration::version)
    }

    /// Makes sure that the login may make schemas, and roles where the fence wants them.
    ///
    /// # Errors
    /// [`DbError::MayNotChangeSchemas`] where it may not.
    pub async fn ensure_able(&self) -> Result<(), DbError> {
        if self.is_able.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut tx = self.begin_looking().await?;
        self.check(&mut tx).await
    }

    /// The same in a transaction that is open already. Asked until the answer was yes once, so a right that is given later is enough.
    pub(super) async fn check(&self, tx: &mut DdlTransaction) -> Result<(), DbError> {
        if self.is_able.load(Ordering::Relaxed) {
            return Ok(());
        }
        let row = tx.scoped().query_one(&ABLE, &[&self.fence]).await?;
        if !row.get::<bool>("able")? {
            return Err(DbError::MayNotChangeSchemas {
                login: row.get("login")?,
            });
        }
        self.is_able.store(true, Ordering::Relaxed);
        Ok(())
    }
}
