//! What the history in a tenant's schema and its line in the ledger say was done, against the migrations at hand.

use std::collections::BTreeMap;

use refinery_core::Migration;

use super::description::Difference;
use crate::migrations::set::MigrationSet;
use crate::tenancy::{DbError, DdlTransaction, SchemaName, Sql, TenantId};

const LINE: Sql = Sql::new(
    "records.line",
    "SELECT to_regclass($2) IS NOT NULL AS has_history, m.version, m.checksum \
     FROM (VALUES (1)) AS one LEFT JOIN public.tenant_migrations m ON m.tenant_id = $1 AND m.checksum <> ''",
);
const HISTORY: Sql = Sql::new(
    "records.history",
    "SELECT version, name, checksum FROM refinery_schema_history ORDER BY version",
);

/// One migration as a record of it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) name: String,
    pub(super) checksum: String,
}

impl Applied {
    pub(super) fn of(migration: &Migration) -> Self {
        Self {
            name: migration.name().to_owned(),
            checksum: migration.checksum().to_string(),
        }
    }

    fn shown(&self) -> String {
        format!("{}, checksum {}", self.name, self.checksum)
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Records {
    /// By version; `None` where the table is gone.
    history: Option<BTreeMap<i32, Applied>>,
    /// Version and checksum; `None` where there is no line, or one that has seen failures alone.
    line: Option<(i32, String)>,
}

impl Records {
    /// Reads them, and leaves the transaction outside of every schema.
    pub(super) async fn read(
        tx: &mut DdlTransaction,
        id: TenantId,
        schema: &SchemaName,
    ) -> Result<Self, DbError> {
        tx.leave().await?;
        let table = format!("{}.refinery_schema_history", schema.quoted());
        let row = tx.scoped().query_one(&LINE, &[&id, &table]).await?;
        let version: Option<i32> = row.get("version")?;
        let checksum: Option<String> = row.get("checksum")?;
        let mut history = None;
        if row.get("has_history")? {
            tx.enter(schema).await?;
            let mut applied = BTreeMap::new();
            for row in tx.query(&HISTORY, &[]).await? {
                let (name, checksum) = (row.get("name")?, row.get("checksum")?);
                applied.insert(row.get("version")?, Applied { name, checksum });
            }
            tx.leave().await?;
            history = Some(applied);
        }
        Ok(Self {
            history,
            line: version.zip(checksum),
        })
    }

    /// Whether the history's table is there.
    pub(super) fn has_history(&self) -> bool {
        self.history.is_some()
    }

    /// Whether they are what migrating to `version` with this set would have written.
    pub(super) fn is_right(&self, set: &MigrationSet, version: i32) -> bool {
        self.has_history() && self.diff(set, version).is_empty()
    }

    /// The versions that the schema has by one or the other, the higher first. They are written together, so two differ only if a hand
    /// has been at them.
    pub(super) fn versions(&self) -> Vec<i32> {
        let history = self.history.as_ref().and_then(|h| h.keys().last().copied());
        let line = self.line.as_ref().map(|(version, _)| *version);
        let mut versions: Vec<i32> = history.into_iter().chain(line).collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions.dedup();
        versions
    }

    /// Where they are not what migrating to `version` with this set would have written.
    pub(super) fn diff(&self, set: &MigrationSet, version: i32) -> Vec<Difference> {
        let none = BTreeMap::new();
        let found = self.history.as_ref().unwrap_or(&none);
        let expected = expected(set, version);
        let mut differences = Vec::new();
        // A table that is gone is a difference of the structure.
        let versions = found.keys().chain(expected.keys());
        let versions: std::collections::BTreeSet<_> =
            versions.filter(|_| self.has_history()).collect();
        for version in versions {
            let (found, expected) = (found.get(version), expected.get(version));
            if found != expected {
                differences.push(Difference {
                    object: format!("history of migration {version}"),
                    found: found.map(Applied::shown),
                    expected: expected.map(Applied::shown),
                });
            }
        }
        let shown =
            |version: i32, checksum: &str| format!("version {version}, checksum {checksum}");
        let target = set.target_at(version);
        let expected = shown(target.version, &target.checksum);
        let found = self.line.as_ref().map(|(v, checksum)| shown(*v, checksum));
        if found.as_ref() != Some(&expected) {
            differences.push(Difference {
                object: "line in the ledger".to_owned(),
                found,
                expected: Some(expected),
            });
        }
        differences
    }
}

/// The history of a schema that was migrated to `version`.
pub(super) fn expected(set: &MigrationSet, version: i32) -> BTreeMap<i32, Applied> {
    let migrations = set.tenant().iter();
    let migrations = migrations.take_while(|migration| migration.version() <= version);
    migrations
        .map(|migration| (migration.version(), Applied::of(migration)))
        .collect()
}
