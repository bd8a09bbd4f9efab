//! Where migrations run: in the shared tables' schema or in a tenant's, with refinery's history of it.

use refinery_core::Migration;
use serde::Serialize;

use super::undo_scripts::Kind;
use crate::tenancy::{DbError, DdlTransaction, Row, SchemaName, Sql};

const TENANT: Sql = Sql::new(
    "history.tenant",
    "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
);
const PUBLIC_EXISTS: Sql = Sql::new(
    "history.public_exists",
    "SELECT to_regclass('public.refinery_schema_history') IS NOT NULL AS there",
);
const PUBLIC: Sql = Sql::new(
    "history.public",
    "SELECT version, name, applied_on, checksum FROM public.refinery_schema_history ORDER BY version",
);

/// One migration that a schema has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Its version.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// When, as RFC 3339.
    pub applied_on: String,
    /// Over its version, name and text.
    #[serde(skip)]
    checksum: String,
}

impl Applied {
    fn of(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            version: row.get("version")?,
            name: row.get("name")?,
            applied_on: row.get("applied_on")?,
            checksum: row.get("checksum")?,
        })
    }

    /// Whether it was applied from this file, as it is now.
    pub(super) fn is(&self, file: &Migration) -> bool {
        self.name == file.name() && self.checksum == file.checksum().to_string()
    }
}

/// Said of a tenant that is in the registry alone.
pub(super) const NO_SCHEMA: &str =
    "its schema is gone; `tenantry doctor` tells what that leaves to do";

/// A migration whose file is not what was applied.
#[derive(Debug, thiserror::Error)]
#[error(
    "migration {version} was applied as `{applied}` from another text than the file `{file}` has now; give the file its old text back, or see `tenantry migrate repair`"
)]
pub struct Changed {
    version: i32,
    applied: String,
    file: String,
}

impl Changed {
    pub(super) fn new(applied: &Migration, file: &Migration) -> Self {
        Self {
            version: applied.version(),
            applied: applied.name().to_owned(),
            file: file.to_string(),
        }
    }
}

/// A schema that migrations run in.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// The shared tables.
    Public,
    /// A tenant's.
    Tenant(SchemaName),
}

impl Place {
    /// The schema's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Public => "public",
            Self::Tenant(schema) => schema.as_str(),
        }
    }

    /// Makes it the path of what follows in the transaction.
    pub(super) async fn enter(&self, tx: &mut DdlTransaction) -> Result<(), DbError> {
        match self {
            Self::Public => tx.batch("SET LOCAL search_path = public").await,
            Self::Tenant(schema) => tx.enter(schema).await,
        }
    }

    /// What migrations it takes.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Public => Kind::Public,
            Self::Tenant(_) => Kind::Tenant,
        }
    }

    /// What it has, oldest first. The transaction must have entered it.
    pub(super) async fn history(&self, tx: &mut DdlTransaction) -> Result<Vec<Applied>, DbError> {
        let sql = match self {
            Self::Tenant(_) => &TENANT,
            Self::Public => {
                let there = tx.query(&PUBLIC_EXISTS, &[]).await?;
                if !there
                    .first()
                    .is_some_and(|row| row.get("there").unwrap_or(false))
                {
                    return Ok(Vec::new());
                }
                &PUBLIC
            }
        };
        let rows = tx.query(sql, &[]).await?;
        rows.iter().map(Applied::of).collect()
    }
}

/// The files that `applied` does not have yet, in order; those that came too late for it are left out, as refinery leaves them.
///
/// # Errors
/// When a file differs from what was applied.
pub(super) fn pending<'f>(
    applied: &[Applied],
    files: &'f [Migration],
) -> Result<&'f [Migration], Changed> {
    for file in files {
        let same_version = applied.iter().find(|a| a.version == file.version());
        if let Some(other) = same_version.filter(|a| !a.is(file)) {
            return Err(Changed {
                version: other.version,
                applied: other.name.clone(),
                file: file.to_string(),
            });
        }
    }
    let newest = applied.last().map_or(-1, |a| a.version);
    Ok(&files[files.partition_point(|file| file.version() <= newest)..])
}
