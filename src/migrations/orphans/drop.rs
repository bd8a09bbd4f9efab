//! Drops one orphan that somebody has named: a schema with all its data and its role, or a role that is left alone.

use super::wanted;
use crate::migrations::fleet::Migrator;
use crate::tenancy::{DbError, DdlTransaction, Sql, quote_ident};

const ABOUT: Sql = Sql::new(
    "orphans.about",
    concat!(
        "WITH ",
        wanted!(),
        " SELECT $1 ~ '^(t|gone)_[0-9a-f]{32}$' AND right($1, 32) NOT IN (SELECT digits FROM wanted) AS orphan, \
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

/// Why an orphan was not dropped. Nothing of it is gone.
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
    /// Drops the orphan of this name, in one transaction. Where its role is in use elsewhere, the schema stays too. Answers with what
    /// was dropped.
    ///
    /// # Errors
    /// See [`DropError`].
    pub async fn drop_orphan(&self, name: &str) -> Result<String, DropError> {
        let mut tx = self.begin().await?;
        let about = tx.scoped().query_one(&ABOUT, &[&name]).await?;
        if !about.get::<bool>("orphan")? {
            return Err(DropError::NotOrphan(name.to_owned()));
        }
        let mut dropped = Vec::new();
        if about.get("schema")? {
            let schema = quote_ident(name);
            tx.batch(&format!("DROP SCHEMA {schema} CASCADE")).await?;
            dropped.push("schema");
        }
        if about.get("role")? {
            let digits = name.rsplit('_').next().unwrap_or_default();
            self.drop_unused_role(&mut tx, &format!("t_{digits}"))
                .await?;
            dropped.push("role");
        }
        if dropped.is_empty() {
            return Err(DropError::Nothing(name.to_owned()));
        }
        tx.commit().await?;
        Ok(dropped.join(" and "))
    }

    /// Takes a role's rights in this database and the role itself, if nobody else needs it.
    pub(super) async fn drop_unused_role(
        &self,
        tx: &mut DdlTransaction,
        role: &str,
    ) -> Result<(), DropError> {
        let login = &*self.login;
        let row = tx.scoped().query_one(&OURS, &[&role, &login]).await?;
        if !row.get::<bool>("ours")? {
            return Err(DropError::RoleInUse(role.to_owned()));
        }
        let role = quote_ident(role);
        // It owns nothing, so this takes rights away and no more. Whoever says it has to be a member.
        tx.batch(&format!(
            "GRANT {role} TO CURRENT_USER; DROP OWNED BY {role} RESTRICT; DROP ROLE {role}"
        ))
        .await?;
        Ok(())
    }
}
