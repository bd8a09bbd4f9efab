//! The migrations that this binary brings, and what they add up to.

use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::digest;
use refinery_core::Migration;

use super::load::{LoadError, load, refuse_empty, refuse_repeats, refuse_transaction_control};
use super::outside::{self, Outside};
use super::undo_scripts::{Kind, UndoScripts};
use crate::tenancy::SupportedVersions;

/// Oldest tenant schema that the code in this crate can read and write. Raise it together with the migration that it needs.
const OLDEST_SUPPORTED: i32 = 10;

/// In a migration's text: `-- compatible-with: 7` says that binaries whose newest tenant migration is 7 can work with the result.
/// Without it, only binaries that bring the migration itself can.
pub(super) const COMPATIBLE_WITH: &str = "-- compatible-with:";

mod public_files {
    refinery::embed_migrations!("migrations/public");
}

mod tenant_files {
    refinery::embed_migrations!("migrations/tenant");
}

/// Where a fully migrated tenant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Version of the newest migration; 0 where there is none.
    pub version: i32,
    /// Over the version, name and text of all of them.
    pub checksum: String,
    /// Oldest binary that can work with the result.
    pub needs_binary: i32,
}

/// All migrations, in order.
#[derive(Debug, Clone)]
pub struct MigrationSet {
    public: Vec<Migration>,
    tenant: Vec<Migration>,
    /// One for each of the tenant's, and one before them.
    targets: Vec<Target>,
    undo: UndoScripts,
    outside: BTreeMap<i32, Outside>,
}

impl MigrationSet {
    /// Those built into the binary, from `migrations/public` and `migrations/tenant`.
    ///
    /// # Errors
    /// When two have one version.
    pub fn embedded() -> Result<Self, LoadError> {
        Self::new(
            public_files::migrations::runner().get_migrations().clone(),
            tenant_files::migrations::runner().get_migrations().clone(),
            UndoScripts::embedded(),
        )
    }

    /// Those in `dir/public` and `dir/tenant`, for trying a migration without building; undo scripts in `dir/undo`.
    ///
    /// # Errors
    /// When a file cannot be read or named so.
    pub fn from_dir(dir: &Path) -> Result<Self, LoadError> {
        Self::new(
            load(&dir.join("public"))?,
            load(&dir.join("tenant"))?,
            UndoScripts::from_dir(dir)?,
        )
    }

    fn new(
        mut public: Vec<Migration>,
        mut tenant: Vec<Migration>,
        undo: UndoScripts,
    ) -> Result<Self, LoadError> {
        public.sort();
        tenant.sort();
        refuse_repeats("public", &public)?;
        refuse_repeats("tenant", &tenant)?;
        for (kind, migrations) in [("public", &public), ("tenant", &tenant)] {
            for migration in migrations {
                refuse_empty(kind, migration)?;
                refuse_transaction_control(migration)?;
            }
        }
        undo.check(&public, &tenant)?;
        if let Some((version, _)) = outside_of(&public)?.pop_first() {
            return Err(LoadError::OutsidePublic { version });
        }
        let targets = (0..=tenant.len()).map(|count| target_of(&tenant[..count]));
        Ok(Self {
            targets: targets.collect::<Result<_, _>>()?,
            outside: outside_of(&tenant)?,
            public,
            tenant,
            undo,
        })
    }

    /// For the shared tables.
    pub fn public(&self) -> &[Migration] {
        &self.public
    }

    /// For each tenant's schema.
    pub fn tenant(&self) -> &[Migration] {
        &self.tenant
    }

    /// For either.
    pub(super) fn of(&self, kind: Kind) -> &[Migration] {
        match kind {
            Kind::Public => &self.public,
            Kind::Tenant => &self.tenant,
        }
    }

    /// The text that undoes a migration, if somebody wrote one.
    pub(super) fn undo(&self, kind: Kind, version: i32) -> Option<&str> {
        self.undo.text(kind, version)
    }

    /// Where a fully migrated tenant stands.
    pub fn target(&self) -> &Target {
        &self.targets[self.tenant.len()]
    }

    /// Where a tenant stands that has its migrations up to `version` and no later one.
    pub(super) fn target_at(&self, version: i32) -> &Target {
        let count = self.tenant.partition_point(|m| m.version() <= version);
        &self.targets[count]
    }

    /// How the tenants' migration of this version runs without a transaction; `None` where it runs in one, as nearly all do.
    pub fn outside(&self, version: i32) -> Option<&Outside> {
        self.outside.get(&version)
    }

    /// Where a tenant stands that has the migrations up to `version`; `None` where there is no such migration.
    pub fn at(&self, version: i32) -> Option<&Target> {
        let known = self
            .tenant
            .binary_search_by_key(&version, Migration::version);
        known.ok().map(|at| &self.targets[at + 1])
    }

    /// Schema versions that can be served with this set.
    pub fn supported(&self) -> SupportedVersions {
        SupportedVersions {
            oldest: OLDEST_SUPPORTED.min(self.target().version),
            newest: self.target().version,
        }
    }
}

fn outside_of(migrations: &[Migration]) -> Result<BTreeMap<i32, Outside>, LoadError> {
    let mut found = BTreeMap::new();
    for migration in migrations {
        let version = migration.version();
        match outside::read(migration.sql().unwrap_or_default()) {
            Ok(None) => (),
            Ok(Some(outside)) => drop(found.insert(version, outside)),
            Err(reason) => return Err(LoadError::Outside { version, reason }),
        }
    }
    Ok(found)
}

fn target_of(sorted: &[Migration]) -> Result<Target, LoadError> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut needs_binary = 0;
    for migration in sorted {
        hash.update(format!("{}:{};", migration.version(), migration.checksum()).as_bytes());
        needs_binary = needs_binary.max(needs(migration)?);
    }
    let checksum = hash.finish().as_ref()[..16]
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Ok(Target {
        version: sorted.last().map_or(0, Migration::version),
        checksum,
        needs_binary,
    })
}

fn needs(migration: &Migration) -> Result<i32, LoadError> {
    let version = migration.version();
    let header = migration
        .sql()
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.trim().strip_prefix(COMPATIBLE_WITH));
    match header {
        None => Ok(version),
        Some(text) => text.trim().parse().map_err(|_| LoadError::Header {
            version,
            found: text.trim().to_owned(),
        }),
    }
}
