//! What a transaction holds, and the sequences that it cannot put back.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::tenancy::{DbError, DdlTransaction, Sql};

/// Relations below this number are PostgreSQL's own.
const HELD: Sql = Sql::new(
    "locks.held",
    "SELECT l.relation::text AS relation, l.mode FROM pg_catalog.pg_locks l \
     WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation::int8 >= 16384",
);
const NAMES: Sql = Sql::new(
    "locks.names",
    "SELECT c.oid::text AS relation, \
     CASE WHEN n.nspname = $2 THEN c.relname::text ELSE n.nspname || '.' || c.relname END AS name \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.oid = ANY($1::text[]::oid[]) AND n.nspname NOT LIKE 'pg\\_%'",
);
/// By the dependency on the schema, which has an index: with ten thousand tenants, `pg_class` is large.
const SEQUENCES: Sql = Sql::new(
    "locks.sequences",
    "SELECT c.relname::text AS name, coalesce(pg_catalog.pg_sequence_last_value(c.oid), 0) AS at \
     FROM pg_catalog.pg_namespace n \
     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid \
     JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'S' \
     WHERE n.nspname = $1",
);

/// A lock on a table, index or sequence that was there before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Lock {
    /// Its name; with its schema where that is another one.
    pub relation: String,
    /// As PostgreSQL calls it. `AccessExclusiveLock` stops readers and writers until the transaction ends.
    pub mode: String,
}

/// From the weakest to the strongest.
const MODES: &[&str] = &[
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

impl Lock {
    /// Grows with what it keeps others from.
    pub fn strength(&self) -> usize {
        MODES
            .iter()
            .position(|mode| *mode == self.mode)
            .unwrap_or(MODES.len())
    }

    /// Nobody else can even read meanwhile.
    pub fn stops_everybody(&self) -> bool {
        self.mode == "AccessExclusiveLock"
    }
}

/// Locks by the numbers of their relations, which may be new or gone as long as the transaction lasts.
pub(super) type Held = BTreeSet<(String, String)>;

/// Sequences of a schema and the last number of each; 0 where none was drawn.
pub(super) type Sequences = BTreeMap<String, i64>;

/// What this transaction holds.
pub(super) async fn held(tx: &mut DdlTransaction) -> Result<Held, DbError> {
    let rows = tx.query(&HELD, &[]).await?;
    rows.iter()
        .map(|row| Ok((row.get("relation")?, row.get("mode")?)))
        .collect()
}

/// Names those whose relations exist now. After the rollback that is what existed before.
pub(super) async fn name(
    tx: &mut DdlTransaction,
    schema: &str,
    held: &[Held],
) -> Result<Vec<Vec<Lock>>, DbError> {
    let numbers: BTreeSet<String> = held.iter().flatten().map(|(at, _)| at.clone()).collect();
    let numbers: Vec<String> = numbers.into_iter().collect();
    let rows = tx.query(&NAMES, &[&numbers, &schema]).await?;
    let mut existing: BTreeMap<String, String> = BTreeMap::new();
    for row in &rows {
        existing.insert(row.get("relation")?, row.get("name")?);
    }
    let lock = |(number, mode): &(String, String)| {
        let relation = existing.get(number)?.clone();
        let mode = mode.clone();
        Some(Lock { relation, mode })
    };
    let named = held.iter().map(|held| {
        let locks: BTreeSet<Lock> = held.iter().filter_map(lock).collect();
        locks.into_iter().collect()
    });
    Ok(named.collect())
}

/// Where the sequences of a schema stand.
pub(super) async fn sequences(tx: &mut DdlTransaction, schema: &str) -> Result<Sequences, DbError> {
    let rows = tx.query(&SEQUENCES, &[&schema]).await?;
    rows.iter()
        .map(|row| Ok((row.get("name")?, row.get("at")?)))
        .collect()
}
