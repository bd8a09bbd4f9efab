//! Drops one orphan that somebody has named: a schema with all its data and its role, or a role that is left alone.

use uuid::Uuid;

use super::wanted;
use crate::migrations::fleet::Migrator;
use crate::migrations::parts::drop_some_of_schema;
use crate::tenancy::{DbError, DdlTransaction, SchemaName, Sql, TenantId, quote_ident};

const ABOUT: Sql = Sql::new(
    "orphans.about",
    concat!(
        "WITH ",
        wanted!(),
        " SELECT right($1, 32) NOT IN (SELECT digits FROM wanted) AS orphan, \
         EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS schema, \
         EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 't_' || right($1, 32)) AS role"
    ),
);
/// Whether a role has rights here or nowhere, owns nothing, and is worn by nobody but ours.
const OURS: Sql = Sql::new(
    "orphans.ours",
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend d, pg_catalog.pg_database b \
         WHERE b.datname = current_database() AND d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid \
         AND (d.deptype = 'o' OR NOT (d.dbid = b.oid \
             OR (d.dbid = 0 AND d.classid = 'pg_catalog.pg_database'::regclass AND d.objid = b.oid)))) \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles w ON w.oid = m.member \
         WHERE m.roleid = r.oid AND w.rolname NOT IN ($2, current_user)) AS ours \
     FROM pg_catalog.pg_roles r WHERE r.rolname = $1",
);

/// Why an orphan was not dropped. Nothing of it is gone, but for tables of a large one when it is the database that failed.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// It is somebody's, or not named like anything of ours.
    #[error(
        "`{0}` is no orphan of this database; expected `t_` or `gone_` and the 32 digits of an id that no tenant has"
    )]
    NotOrphan(String),
    /// There is nothing of that name.
    #[error("there is neither a schema nor a role `{0}`")]
    Nothing(String),
    /// Not ours to drop.
    #[error(
        "the role `{0}` is used by another database, worn by another login, or owns something; drop it by hand if that is meant"
    )]
    RoleInUse(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Migrator {
    /// Drops the orphan of this name, a large one some tables at a time; who was killed meanwhile asks again. Where its role is in use
    /// elsewhere, the schema stays too. Answers with what was dropped.
    ///
    /// # Errors
    /// See [`DropError`].
    pub async fn drop_orphan(&self, name: &str) -> Result<String, DropError> {
        let Some((id, schema)) = parse(name) else {
            return Err(DropError::NotOrphan(name.to_owned()));
        };
        let mut pace = self.pace();
        loop {
            match self.drop_some_of_orphan(id, &schema, pace.part()).await {
                Ok(Some(dropped)) => return Ok(dropped),
                Ok(None) => pace.went_on(),
                Err(DropError::Db(failure)) if failure.is_out_of_locks() && pace.less() => {}
                Err(DropError::Db(failure)) if failure.is_lock_timeout() && pace.wait().await => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// In one transaction. `None` where there is more.
    async fn drop_some_of_orphan(
        &self,
        id: TenantId,
        schema: &SchemaName,
        part: i64,
    ) -> Result<Option<String>, DropError> {
        let name = schema.as_str();
        let mut tx = self.begin_alone(id).await?;
        let about = tx.scoped().query_one(&ABOUT, &[&name]).await?;
        if !about.get::<bool>("orphan")? {
            return Err(DropError::NotOrphan(name.to_owned()));
        }
        let mut dropped = Vec::new();
        let role = SchemaName::of(id);
        let has_role = about.get("role")?;
        if about.get("schema")? {
            if !drop_some_of_schema(&mut tx, schema, part).await? {
                if has_role {
                    self.must_be_unused(&mut tx, role.as_str()).await?;
                }
                tx.commit().await?;
                return Ok(None);
            }
            dropped.push("schema");
        }
        if has_role {
            self.drop_unused_role(&mut tx, role.as_str()).await?;
            dropped.push("role");
        }
        if dropped.is_empty() {
            return Err(DropError::Nothing(name.to_owned()));
        }
        tx.commit().await?;
        Ok(Some(dropped.join(" and ")))
    }

    /// Takes a role's rights in this database and the role itself, if nobody else needs it.
    pub(super) async fn drop_unused_role(
        &self,
        tx: &mut DdlTransaction,
        role: &str,
    ) -> Result<(), DropError> {
        self.must_be_unused(tx, role).await?;
        let role = quote_ident(role);
        // It owns nothing, so this takes rights away and no more. Whoever says it has to be a member.
        tx.batch(&format!(
            "GRANT {role} TO CURRENT_USER; DROP OWNED BY {role} RESTRICT; DROP ROLE {role}"
        ))
        .await?;
        Ok(())
    }

    async fn must_be_unused(&self, tx: &mut DdlTransaction, role: &str) -> Result<(), DropError> {
        let login = &*self.login;
        let row = tx.scoped().query_one(&OURS, &[&role, &login]).await?;
        if row.get::<bool>("ours")? {
            return Ok(());
        }
        Err(DropError::RoleInUse(role.to_owned()))
    }
}

/// What a tenant's schema of this name would be, alive or deleted.
fn parse(name: &str) -> Option<(TenantId, SchemaName)> {
    let (_, digits) = name.split_once('_')?;
    let id = TenantId(Uuid::try_parse(digits).ok()?);
    let schemas = [SchemaName::of(id), SchemaName::tombstone(id)];
    let schema = schemas.into_iter().find(|schema| schema.as_str() == name)?;
    Some((id, schema))
}
