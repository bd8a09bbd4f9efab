//! Mends what can be mended without a question: nothing here takes data away, or a right that anybody uses.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use super::Orphans;
use super::drop::DropError;
use crate::ids::new_id;
use crate::migrations::apply::ApplyError;
use crate::migrations::drift::{DriftError, Repair};
use crate::migrations::fleet::{Migrator, chain, lock, tenant_lock};
use crate::tenancy::{DbError, DdlTransaction, SchemaName, Slug, Sql, TenantId, quote_ident};

const GRANTS: Sql = Sql::new("orphans.grants", include_str!("grants.sql"));
const AT: Sql = Sql::new(
    "orphans.at",
    "SELECT t.id, coalesce(m.version, $2) AS version, t.status = 'deleted' AS deleted \
     FROM public.tenants t LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id WHERE t.slug = $1",
);

/// One thing, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// Its name: a tenant's slug or a role.
    pub name: String,
    /// What was done, or why nothing was.
    pub outcome: String,
    /// Whether it is as it should be now.
    pub mended: bool,
}

impl Migrator {
    /// Drops roles that are nobody's, makes and grants tenants' roles that are missing, and writes missing lines in the ledger where the
    /// schema proves them. Schemas are left alone: they are somebody's data.
    ///
    /// # Errors
    /// When the reference cannot be made; what goes wrong with a single one stands in the answer.
    pub async fn mend(&self, orphans: &Orphans) -> Result<Vec<Mended>, DriftError> {
        let mut mended = Vec::new();
        for role in &orphans.roles {
            mended.push(told(role, "role dropped", self.drop_role(role).await));
        }
        for slug in &orphans.not_granted {
            let done = self.grant_role(slug).await;
            mended.push(told(slug, "role granted to the application's login", done));
        }
        let mut grants = BTreeMap::new();
        for slug in &orphans.without_role {
            let done = self.make_role(slug, &mut grants).await;
            mended.push(told(slug, "role made anew, with its rights", done));
        }
        let only: Vec<Slug> = orphans
            .without_line
            .iter()
            .flat_map(|s| s.parse())
            .collect();
        if !only.is_empty() {
            for (name, repair) in self.repair(&only, None, |_| ()).await? {
                mended.push(repaired(name, repair));
            }
        }
        Ok(mended)
    }

    async fn drop_role(&self, role: &str) -> Result<(), DropError> {
        let mut tx = self.begin().await?;
        self.drop_unused_role(&mut tx, role).await?;
        Ok(tx.commit().await?)
    }

    async fn grant_role(&self, slug: &str) -> Result<(), ApplyError> {
        let mut tx = self.begin().await?;
        let At { id, .. } = self.at(&mut tx, slug).await?;
        let (role, login) = (SchemaName::of(id).quoted(), quote_ident(&self.login));
        tx.batch(&format!("GRANT {role} TO {login}")).await?;
        Ok(tx.commit().await?)
    }

    async fn make_role(
        &self,
        slug: &str,
        grants: &mut BTreeMap<i32, Vec<String>>,
    ) -> Result<(), ApplyError> {
        let mut tx = self.begin().await?;
        let At {
            id,
            version,
            deleted,
        } = self.at(&mut tx, slug).await?;
        drop(tx);
        let name = SchemaName::of(id);
        let statements = match grants.entry(version) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.grants_of_reference(version).await?),
        };
        let mut text = format!(
            "CREATE ROLE {role} NOLOGIN NOINHERIT; GRANT {role} TO {login};",
            role = name.quoted(),
            login = quote_ident(&self.login)
        );
        for statement in statements.iter() {
            text.push_str(&statement.replace(SCRATCH, name.as_str()));
            text.push(';');
        }
        let mut tx = self.begin().await?;
        lock(&mut tx, tenant_lock(id)).await?;
        if deleted {
            // The rights name the schema of a tenant that is not.
            self.unearth(&mut tx, id).await?;
        }
        tx.batch(&text).await?;
        if deleted {
            let remains = self.remains(&mut tx, id).await?;
            self.bury(&mut tx, id, remains).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What the role of a schema at this version is granted, with [`SCRATCH`] for both names.
    async fn grants_of_reference(&self, version: i32) -> Result<Vec<String>, ApplyError> {
        let name = SchemaName::of(TenantId(new_id()));
        let mut tx = self.begin().await?;
        self.build_reference(&mut tx, &name, version).await?;
        tx.leave().await?;
        let rows = tx.query(&GRANTS, &[&name.as_str()]).await?;
        let statements = rows.iter().map(|row| {
            let statement: String = row.get("statement")?;
            Ok(statement.replace(name.as_str(), SCRATCH))
        });
        statements.collect()
    }

    async fn at(&self, tx: &mut DdlTransaction, slug: &str) -> Result<At, DbError> {
        let target = self.set().target().version;
        let row = tx.scoped().query_one(&AT, &[&slug, &target]).await?;
        Ok(At {
            id: TenantId(row.get("id")?),
            version: row.get("version")?,
            deleted: row.get("deleted")?,
        })
    }
}

/// A tenant that lacks something.
struct At {
    id: TenantId,
    /// Of its schema.
    version: i32,
    deleted: bool,
}

/// Stands for a tenant's schema and role in a statement.
const SCRATCH: &str = "<tenant>";

fn told(name: &str, done: &str, result: Result<(), impl std::error::Error + 'static>) -> Mended {
    let (mended, outcome) = match result {
        Ok(()) => (true, done.to_owned()),
        Err(error) => (false, chain(&error)),
    };
    Mended {
        name: name.to_owned(),
        outcome,
        mended,
    }
}

fn repaired(name: String, repair: Repair) -> Mended {
    let (mended, outcome) = match repair {
        Repair::Right => (true, "recorded by somebody else meanwhile".to_owned()),
        Repair::Recorded { version } => (true, format!("recorded anew at version {version}")),
        Repair::Refused { reason, .. } => (false, format!("not recorded: {reason}")),
        Repair::Failed(error) => (false, chain(&error)),
    };
    Mended {
        name,
        outcome,
        mended,
    }
}
