//! Who holds the locks that a migration did not get.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::tenancy::{DbError, DdlTransaction, Sql};

/// What an advisory lock of a tenant is called: its migration, deletion and copies take it.
const WHOLE: &str = "the whole tenant";

/// PostgreSQL tells of other logins' sessions only to members of `pg_read_all_stats`, so most may be null.
const HOLDERS: Sql = Sql::new(
    "locks.holders",
    "SELECT held.relation, held.mode, held.pid, a.usename::text AS login, a.state, a.xact_start AS since \
     FROM (SELECT c.relname::text AS relation, l.mode, l.pid FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm', 'S') \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1 \
         WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() \
         AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) \
         UNION ALL SELECT $3, l.mode, l.pid FROM pg_catalog.pg_locks l \
         WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid() AND l.objsubid = 1 \
         AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) \
         AND (l.classid::int8 << 32 | l.objid::int8) = $2) AS held \
     LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = held.pid ORDER BY held.relation, held.pid LIMIT 10",
);

/// A lock of another session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The table.
    pub relation: String,
    /// As PostgreSQL calls it.
    pub mode: String,
    /// The server process that holds it; `pg_stat_activity` tells what it does.
    pub process: i32,
    /// Its login.
    pub login: Option<String>,
    /// `active`, or `idle in transaction`; `None` where PostgreSQL does not tell.
    pub state: Option<String>,
    /// When its transaction began; `None` where PostgreSQL does not tell.
    pub since: Option<DateTime<Utc>>,
}

/// What others hold in a schema, at most ten. `key` is its tenant's advisory lock.
pub(super) async fn holders(
    tx: &mut DdlTransaction,
    schema: &str,
    key: i64,
) -> Result<Vec<Holder>, DbError> {
    let rows = tx.query(&HOLDERS, &[&schema, &key, &WHOLE]).await?;
    rows.iter()
        .map(|row| {
            Ok(Holder {
                relation: row.get("relation")?,
                mode: row.get("mode")?,
                process: row.get("pid")?,
                login: row.get("login")?,
                state: row.get("state")?,
                since: row.get("since")?,
            })
        })
        .collect()
}

/// Each process with what it holds, for a person in a hurry.
#[must_use]
pub fn told(held_by: &[Holder]) -> String {
    let mut processes: BTreeMap<i32, Vec<&Holder>> = BTreeMap::new();
    for holder in held_by {
        processes.entry(holder.process).or_default().push(holder);
    }
    let mut parts = Vec::with_capacity(processes.len());
    for (process, held) in &processes {
        let mut part = format!("process {process}");
        if let Some(login) = held.iter().find_map(|holder| holder.login.as_ref()) {
            let _ = write!(part, " of `{login}`");
        }
        if let Some(state) = held.iter().find_map(|holder| holder.state.as_ref()) {
            let _ = write!(part, ", {state}");
        }
        if let Some(since) = held.iter().find_map(|holder| holder.since) {
            let _ = write!(part, " since {}", since.format("%F %T UTC"));
        }
        let locks: Vec<String> = held
            .iter()
            .map(|holder| format!("{} ({})", holder.relation, holder.mode))
            .collect();
        let _ = write!(part, ", holds {}", locks.join(", "));
        parts.push(part);
    }
    if parts.is_empty() {
        return "nobody holds any of it any more".to_owned();
    }
    parts.join("; ")
}

/// How to get on.
pub(super) fn what_to_do(held_by: &[Holder]) -> String {
    let processes: BTreeSet<i32> = held_by.iter().map(|holder| holder.process).collect();
    if processes.is_empty() {
        return "run this again".to_owned();
    }
    let ends = processes
        .iter()
        .map(|process| format!("SELECT pg_terminate_backend({process})"));
    let ends: Vec<String> = ends.collect();
    format!(
        "run this again when that has ended, or end it with {}",
        ends.join(" and ")
    )
}
