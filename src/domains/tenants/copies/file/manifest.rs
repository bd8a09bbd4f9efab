//! What an export says of itself, before any row.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::tables::SEALED;

/// The format that this program writes, and the only one that it reads.
pub(in crate::domains::tenants::copies) const FORMAT: u32 = 1;

/// The first member of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the file's format.
    pub format: u32,
    /// The program that wrote it.
    pub made_by: String,
    /// When it was asked for.
    pub made_at: DateTime<Utc>,
    /// The tenant, as it was.
    pub tenant: Source,
    /// Its schema.
    pub schema: Schema,
    /// Which secret sealed what is sealed in it; not the secret.
    pub sealed_by: Option<String>,
    /// The tables that follow, in this order.
    pub tables: Vec<Table>,
    /// Where its sequences stood.
    pub sequences: Vec<Sequence>,
}

/// Whose data it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its id.
    pub id: Uuid,
    /// Its name in hosts and headers.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Key of its plan.
    pub plan: String,
}

/// The structure that the rows fit into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Its last migration.
    pub version: i32,
    /// Over all migrations up to it, as in the fleet ledger.
    pub checksum: String,
    /// Over its structure, as drift is found by.
    pub structure: String,
    /// Major version of the PostgreSQL that described it in its own words.
    pub server: i32,
    /// Whether tenants have database roles there, which are described, too.
    pub fence: bool,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the values.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
}

/// One sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// The last value that it gave; none yet where this is null.
    pub last: Option<i64>,
}

impl Manifest {
    /// Rows that the deployment's secret sealed.
    pub fn sealed_rows(&self) -> u64 {
        let sealed = self.tables.iter();
        let sealed = sealed.filter(|table| SEALED.contains(&table.name.as_str()));
        sealed.fold(0, |sum, table| sum.saturating_add(table.rows))
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables
            .iter()
            .fold(0, |sum, table| sum.saturating_add(table.rows))
    }
}
