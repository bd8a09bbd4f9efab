//! The scripts that step back one migration each: `undo/tenant/U10__features.sql` undoes `tenant/V10__features.sql`.
//!
//! Invariant: each has the version and the name of a migration at hand, and leaves the transaction to the migrator.

use std::path::Path;

use refinery_core::Migration;

use super::load::{LoadError, load, refuse_repeats, refuse_transaction_control};
use super::outside;

/// What a migration is for; the name of its folder too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The shared tables.
    Public,
    /// Each tenant's schema.
    Tenant,
}

impl Kind {
    /// `public` or `tenant`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Tenant => "tenant",
        }
    }
}

mod public_files {
    refinery::embed_migrations!("migrations/undo/public");
}

mod tenant_files {
    refinery::embed_migrations!("migrations/undo/tenant");
}

/// Of the shared tables, and of the tenants.
#[derive(Debug, Clone, Default)]
pub(super) struct UndoScripts {
    public: Vec<Migration>,
    tenant: Vec<Migration>,
}

impl UndoScripts {
    /// Those built into the binary.
    pub(super) fn embedded() -> Self {
        Self {
            public: public_files::migrations::runner().get_migrations().clone(),
            tenant: tenant_files::migrations::runner().get_migrations().clone(),
        }
    }

    /// Those in `dir/undo/public` and `dir/undo/tenant`; none where there is no such folder.
    pub(super) fn from_dir(dir: &Path) -> Result<Self, LoadError> {
        let folder = |kind| {
            let folder = dir.join("undo").join(kind);
            if folder.is_dir() {
                load(&folder)
            } else {
                Ok(Vec::new())
            }
        };
        Ok(Self {
            public: folder("public")?,
            tenant: folder("tenant")?,
        })
    }

    /// Refuses scripts that belong to none of these migrations.
    pub(super) fn check(
        &self,
        public: &[Migration],
        tenant: &[Migration],
    ) -> Result<(), LoadError> {
        for (kind, scripts, migrations) in [
            ("public", &self.public, public),
            ("tenant", &self.tenant, tenant),
        ] {
            let mut sorted = scripts.clone();
            sorted.sort();
            refuse_repeats(kind, &sorted)?;
            for script in scripts {
                refuse_transaction_control(script)?;
                if outside::is_needed(script.sql().unwrap_or_default()) {
                    return Err(LoadError::UndoOutside {
                        kind,
                        version: script.version(),
                        name: script.name().to_owned(),
                    });
                }
                let named =
                    |m: &Migration| m.version() == script.version() && m.name() == script.name();
                if !migrations.iter().any(named) {
                    return Err(LoadError::UndoesNothing {
                        kind,
                        version: script.version(),
                        name: script.name().to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The text that undoes a migration.
    pub(super) fn text(&self, kind: Kind, version: i32) -> Option<&str> {
        let scripts = match kind {
            Kind::Public => &self.public,
            Kind::Tenant => &self.tenant,
        };
        let script = scripts.iter().find(|script| script.version() == version);
        script.and_then(Migration::sql)
    }
}
