//! A tenant, seen at one moment: what it has, and a transaction that goes on seeing it so.

use super::super::error::TenantsError;
use super::error::CopyError;
use super::file::{FORMAT, Manifest, Schema, Source, Table};
use super::flow::Origin;
use super::repository;
use super::seal::seal;
use super::tables::{Fate, fate};
use crate::domains::Deps;
use crate::domains::access::{Scope, TenantsManage};
use crate::migrations::Migrator;
use crate::tenancy::Tenant;

/// Opens `tenant` for reading. Its people go on working; only a migration of it waits until the copy is made.
pub(super) async fn open(
    deps: &Deps,
    migrator: &Migrator,
    scope: &Scope<TenantsManage>,
    tenant: &Tenant,
) -> Result<(Manifest, Origin), TenantsError> {
    let schema = &tenant.schema;
    let mut tx = migrator.begin_snapshot().await?;
    let migrated = repository::ledger(tx.scoped(), tenant.id).await?;
    let (version, checksum) = migrated.ok_or(CopyError::NotMigrated)?;
    let newest = migrator.set().target().version;
    if version > newest {
        return Err(CopyError::Ahead { version, newest }.into());
    }
    let (mut carried, mut undecided) = (Vec::new(), None);
    for shape in repository::shapes(tx.scoped(), scope, schema).await? {
        match fate(&shape.name) {
            Some(Fate::Carried) => carried.push(shape),
            Some(Fate::LeftBehind) => {}
            None => undecided = Some(shape.name),
        }
    }
    repository::hold(&mut tx, schema, &carried).await?;
    if let Some(table) = repository::rewritten(tx.scoped(), schema).await? {
        return Err(CopyError::Rewritten(table).into());
    }
    let structure = migrator.describe(&mut tx, schema).await?;
    let reference = migrator.reference(version).await?;
    if let Some(difference) = structure.diff(&reference).first() {
        return Err(CopyError::Structure(difference.to_string()).into());
    }
    // Only now: a table that nobody's migration made is drift, and nothing to decide on.
    if let Some(table) = undecided {
        return Err(CopyError::Undecided(table).into());
    }
    let mut tables = Vec::new();
    for shape in carried {
        tables.push(Table {
            rows: repository::count(&mut tx, schema, &shape).await?,
            name: shape.name,
            columns: shape.columns,
        });
    }
    let sequences = repository::sequences(tx.scoped(), schema).await?;
    tx.enter(schema).await?;
    let manifest = Manifest {
        format: FORMAT,
        made_by: concat!("tenantry ", env!("CARGO_PKG_VERSION")).to_owned(),
        made_at: deps.clock.now(),
        tenant: Source {
            id: tenant.id.0,
            slug: tenant.slug.to_string(),
            name: tenant.name.clone(),
            plan: tenant.plan.clone(),
        },
        schema: Schema {
            version,
            checksum,
            structure: structure.hash(),
            server: repository::server(tx.scoped()).await?,
            fence: deps.tenancy.rules().fence,
        },
        sealed_by: seal(&deps.vault),
        tables,
        sequences,
    };
    Ok((manifest, Origin::Tenant(Box::new(tx))))
}
