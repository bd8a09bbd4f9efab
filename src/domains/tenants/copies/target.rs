//! A new tenant made of a copy: registry row, schema, rows, migrations, ledger and audit, in one transaction.
//!
//! Invariant: rows go into a schema that this program's own migrations have made. What a file says of tables and columns is compared with
//! it, and never becomes SQL.

use serde::Serialize;
use serde_json::json;

use super::super::error::TenantsError;
use super::super::model::{TenantView, audited, check_name};
use super::super::provision::WAIT;
use super::super::repository::{self as tenants, NewRow};
use super::error::CopyError;
use super::file::Manifest;
use super::flow::{Origin, Watch};
use super::repository::{self, Shape};
use super::seal::why_closed;
use super::tables::{Fate, SEALED, fate};
use crate::domains::Deps;
use crate::domains::access::{Context, Scope, TenantsManage};
use crate::domains::audit::{self, Act};
use crate::migrations::Migrator;
use crate::tenancy::{DdlTransaction, SchemaName, Slug, Status, TenantId};

/// What a tenant that is made of a copy is called.
#[derive(Debug, Clone)]
pub struct NewCopy {
    /// Its name in hosts and headers.
    pub slug: Slug,
    /// Its name for people; the source's if `None`.
    pub name: Option<String>,
    /// Make it although second factors cannot be opened here, and leave them behind.
    pub without_second_factors: bool,
}

/// A tenant that was made of a copy.
#[derive(Debug, Clone, Serialize)]
pub struct Copied {
    /// The new tenant.
    pub tenant: TenantView,
    /// Rows that it has of the source.
    pub rows: u64,
    /// What differs from the source, for people.
    pub notes: Vec<String>,
}

/// Who makes it, and of what.
pub(super) struct Making<'m> {
    pub(super) deps: &'m Deps,
    pub(super) migrator: &'m Migrator,
    pub(super) context: &'m Context,
    pub(super) scope: &'m Scope<TenantsManage>,
    pub(super) manifest: &'m Manifest,
    /// In the past, for the audit.
    pub(super) action: &'static str,
}

impl Making<'_> {
    /// Makes the tenant `id`, which is served when this returns.
    pub(super) async fn make(
        &self,
        id: TenantId,
        new: &NewCopy,
        origin: Origin,
        watch: &mut Watch<'_>,
    ) -> Result<Copied, TenantsError> {
        self.fits(new)?;
        let mut notes = Vec::new();
        let left_behind = match &origin {
            // It stays in the database, and so under the secret, that it is sealed in.
            Origin::Tenant(_) => &[],
            Origin::File(_) => self.left_behind(new, &mut notes)?,
        };
        let mut tx = self.migrator.begin_waiting(WAIT).await?;
        let mut view = self.register(&mut tx, id, new, &mut notes).await?;
        let schema = SchemaName::of(id);
        let version = self.manifest.schema.version;
        self.migrator.build_schema_at(&mut tx, id, version).await?;
        tx.enter(&schema).await?;
        let shapes = repository::shapes(tx.scoped(), self.scope, &schema).await?;
        let carried = self.same_tables(shapes)?;
        watch.done("build_schema").await;

        let guards = repository::open_for_rows(&mut tx, &schema, &carried).await?;
        let rows = origin.into_tenant(self.manifest, left_behind, &mut tx, watch);
        let rows = rows.await?;
        let closed = repository::close_behind_rows(&mut tx, &guards).await;
        closed.map_err(|failure| CopyError::refused("together", failure))?;
        self.set_sequences(&mut tx, &schema).await?;
        self.same_structure(&mut tx, &schema, &mut notes).await?;
        watch.done("copy_rows").await;

        self.migrator.finish_schema(&mut tx, id).await?;
        view.schema_version = self.migrator.set().target().version;
        tx.enter(&schema).await?;
        if repository::has_operators(tx.scoped()).await? {
            return Err(CopyError::Operators.into());
        }
        self.note(&mut tx, &view).await?;
        tx.commit().await?;
        self.deps.tenancy.forget(id);
        watch.done("migrate").await;
        Ok(Copied {
            tenant: view,
            rows,
            notes,
        })
    }

    /// Whether the new tenant can have the source's name, where it gets none of its own, and this program has the migrations that the rows need.
    fn fits(&self, new: &NewCopy) -> Result<(), CopyError> {
        if new.name.is_none() && check_name("/name", &self.manifest.tenant.name).is_err() {
            return Err(CopyError::SourceName);
        }
        let (set, schema) = (self.migrator.set(), &self.manifest.schema);
        let newest = set.target().version;
        if schema.version > newest {
            return Err(CopyError::Newer {
                found: schema.version,
                newest,
            });
        }
        let known = set.at(schema.version);
        match known {
            Some(target) if target.checksum == schema.checksum => Ok(()),
            _ => Err(CopyError::OtherMigrations(schema.version)),
        }
    }

    /// What cannot be opened here. A second factor is never dropped unasked: without it, a password alone would do.
    fn left_behind(
        &self,
        new: &NewCopy,
        notes: &mut Vec<String>,
    ) -> Result<&'static [&'static str], CopyError> {
        let rows = self.manifest.sealed_rows();
        let why = match why_closed(self.manifest, &self.deps.vault) {
            Some(why) if rows > 0 => why,
            _ => return Ok(&[]),
        };
        if !new.without_second_factors {
            return Err(CopyError::Sealed { rows, why });
        }
        notes.push(format!(
            "{rows} second factors and recovery codes were left behind; their users sign in with a password alone"
        ));
        Ok(SEALED)
    }

    async fn register(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        new: &NewCopy,
        notes: &mut Vec<String>,
    ) -> Result<TenantView, TenantsError> {
        let source = &self.manifest.tenant;
        let name = new.name.as_deref().unwrap_or(&source.name);
        let now = self.deps.clock.now();
        let row = NewRow {
            id,
            slug: &new.slug,
            name,
            expires_at: None,
            now,
        };
        let mut plan = match tenants::insert(tx.scoped(), &row).await {
            Ok(plan) => plan,
            // Whoever holds it is making a tenant, too, and takes longer than is waited for.
            Err(TenantsError::Db(failure)) if failure.is_lock_timeout() => {
                return Err(TenantsError::SlugTaken(new.slug.to_string()));
            }
            Err(error) => return Err(error),
        };
        if repository::set_plan(tx.scoped(), self.scope, id, &source.plan).await? {
            plan.clone_from(&source.plan);
        } else {
            notes.push(format!(
                "there is no plan {:?} here, so the tenant has `{plan}`",
                source.plan
            ));
        }
        Ok(TenantView {
            id: id.0,
            slug: new.slug.to_string(),
            name: name.to_owned(),
            status: Status::Active,
            tombstone: None,
            plan,
            schema_version: self.manifest.schema.version,
            created_at: now,
            updated_at: now,
        })
    }

    /// The tables to fill, if the source has the same.
    fn same_tables(&self, shapes: Vec<Shape>) -> Result<Vec<Shape>, CopyError> {
        let is_carried = |shape: &Shape| fate(&shape.name) == Some(Fate::Carried);
        let carried: Vec<Shape> = shapes.into_iter().filter(is_carried).collect();
        let theirs = self.manifest.tables.iter();
        let theirs = theirs.map(|table| named(&table.name, &table.columns));
        let theirs: Vec<_> = theirs.collect();
        let ours = carried.iter();
        let ours: Vec<_> = ours
            .map(|table| named(&table.name, &table.columns))
            .collect();
        match ours
            .iter()
            .zip(&theirs)
            .find(|(ours, theirs)| ours != theirs)
        {
            Some((ours, theirs)) => Err(CopyError::Structure(format!(
                "expected the table `{}` with the columns {:?}, got {:?} with {:?}",
                ours.0, ours.1, theirs.0, theirs.1,
            ))),
            None if ours.len() != theirs.len() => Err(CopyError::Structure(format!(
                "expected {} tables, got {}",
                ours.len(),
                theirs.len()
            ))),
            None => Ok(carried),
        }
    }

    /// With the rows in and the guards back, the schema is what the source's was.
    async fn same_structure(
        &self,
        tx: &mut DdlTransaction,
        schema: &SchemaName,
        notes: &mut Vec<String>,
    ) -> Result<(), TenantsError> {
        let theirs = &self.manifest.schema;
        let server = repository::server(tx.scoped()).await?;
        let is_comparable =
            server == theirs.server && self.deps.tenancy.rules().fence == theirs.fence;
        if !is_comparable {
            notes.push(
                "the source was on another major version of PostgreSQL, or with another TENANT_ROLE_FENCE, so tables and columns were compared, not every object".to_owned(),
            );
            return Ok(());
        }
        let built = self.migrator.describe(tx, schema).await?;
        if built.hash() == theirs.structure {
            return Ok(());
        }
        Err(CopyError::Structure("the sums of the structures differ".to_owned()).into())
    }

    async fn set_sequences(
        &self,
        tx: &mut DdlTransaction,
        schema: &SchemaName,
    ) -> Result<(), TenantsError> {
        let built = repository::sequences(tx.scoped(), schema).await?;
        for sequence in &self.manifest.sequences {
            let known = built.iter().find(|built| built.name == sequence.name);
            let known = known.ok_or_else(|| {
                CopyError::Structure(format!("there is no sequence {:?}", sequence.name))
            })?;
            if let Some(last) = sequence.last {
                let set = repository::set_sequence(tx.scoped(), schema, &known.name, last).await;
                set.map_err(|failure| CopyError::refused(&known.name, failure))?;
            }
        }
        Ok(())
    }

    /// Into the platform's log, and into the new tenant's own, which goes on from the source's last line.
    async fn note(&self, tx: &mut DdlTransaction, view: &TenantView) -> Result<(), TenantsError> {
        let Manifest {
            tenant, made_at, ..
        } = self.manifest;
        let act = Act {
            action: self.action,
            resource: "tenant",
            resource_id: Some(view.id),
            before: Some(json!({ "id": tenant.id, "slug": tenant.slug, "made_at": made_at })),
            after: Some(audited(view)),
        };
        let clock = &self.deps.clock;
        tx.enter(&self.context.tenant().schema).await?;
        audit::record(tx.scoped(), self.context, clock, act.clone()).await?;
        tx.enter(&SchemaName::of(TenantId(view.id))).await?;
        let noted = audit::record(tx.scoped(), self.context, clock, act).await;
        // Its chain is what the source's rows make of it.
        noted.map_err(|failure| CopyError::refused("audit_log", failure))
    }
}

/// A table with its columns in an order of their own: that of a schema depends on the way of its migrations.
fn named<'a>(table: &'a str, columns: &'a [String]) -> (&'a str, Vec<&'a str>) {
    let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    columns.sort_unstable();
    (table, columns)
}
