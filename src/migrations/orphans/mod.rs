//! What does not belong together: schemas and roles without a tenant, and tenants without a role or a line in the ledger.
//!
//! Invariant: roles belong to the whole server, so a role that another database uses, or that somebody else's login wears, is never ours.

mod drop;
mod mend;

pub use drop::DropError;
pub use mend::Mended;

use super::fleet::Migrator;
use crate::tenancy::{DbError, DdlTransaction, Params, Sql};

/// Ids whose schemas have their right to be there.
macro_rules! wanted {
    () => {
        "wanted AS (SELECT replace(id::text, '-', '') AS digits FROM (SELECT id FROM public.tenants \
         UNION ALL SELECT id FROM public.spare_tenants UNION ALL SELECT tenant_id FROM public.set_aside_schemas) known)"
    };
}
use wanted;

const SCHEMAS: Sql = Sql::new(
    "orphans.schemas",
    concat!(
        "WITH ",
        wanted!(),
        " SELECT n.nspname::text AS name FROM pg_catalog.pg_namespace n \
         WHERE n.nspname ~ '^(t|gone)_[0-9a-f]{32}$' \
         AND right(n.nspname::text, 32) NOT IN (SELECT digits FROM wanted) ORDER BY 1"
    ),
);
/// Those that have rights in this database and in no other, and own nothing. One that has no rights at all can do nothing, and nothing
/// tells whose it is.
const ROLES: Sql = Sql::new(
    "orphans.roles",
    concat!(
        "WITH ",
        wanted!(),
        ", used AS (SELECT d.refobjid, d.deptype, d.dbid = b.oid \
             OR (d.dbid = 0 AND d.classid = 'pg_catalog.pg_database'::regclass AND d.objid = b.oid) AS here \
             FROM pg_catalog.pg_shdepend d, pg_catalog.pg_database b \
             WHERE b.datname = current_database() AND d.refclassid = 'pg_catalog.pg_authid'::regclass) \
         SELECT r.rolname::text AS name FROM pg_catalog.pg_roles r JOIN used u ON u.refobjid = r.oid \
         WHERE r.rolname ~ '^t_[0-9a-f]{32}$' \
         AND right(r.rolname::text, 32) NOT IN (SELECT digits FROM wanted) \
         AND right(r.rolname::text, 32) NOT IN (SELECT right(n.nspname::text, 32) FROM pg_catalog.pg_namespace n \
             WHERE n.nspname ~ '^(t|gone)_[0-9a-f]{32}$') \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles w ON w.oid = m.member \
             WHERE m.roleid = r.oid AND w.rolname NOT IN ($1, current_user)) \
         GROUP BY r.rolname HAVING bool_and(u.here AND u.deptype <> 'o') ORDER BY 1"
    ),
);
/// A purge takes away what it likes; what it leaves, it comes back for.
const TENANTS: Sql = Sql::new(
    "orphans.tenants",
    "SELECT t.slug, t.status = 'deleted' AS deleted, n.oid IS NULL AS no_schema, \
     n.oid IS NOT NULL AND m.tenant_id IS NULL AS no_line, n.oid IS NOT NULL AND r.oid IS NULL AS no_role, \
     r.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles l ON l.oid = a.member \
         WHERE a.roleid = r.oid AND l.rolname = $1) AS not_granted \
     FROM public.tenants t \
     LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id \
     LEFT JOIN pg_catalog.pg_namespace n \
         ON n.nspname = CASE t.status WHEN 'deleted' THEN 'gone_' ELSE 't_' END || replace(t.id::text, '-', '') \
     LEFT JOIN pg_catalog.pg_roles r ON r.rolname = 't_' || replace(t.id::text, '-', '') \
     WHERE NOT t.purging ORDER BY t.slug",
);

/// See the module. All by name, in order.
#[derive(Debug, Default)]
pub struct Orphans {
    /// Schemas named like a tenant's, alive or deleted, that nobody in the registry has.
    pub schemas: Vec<String>,
    /// Roles named like a tenant's that have rights in this database alone, where nobody has them.
    pub roles: Vec<String>,
    /// Tenants whose schema is not there.
    pub without_schema: Vec<String>,
    /// Tenants, deleted ones too, whose role is not there. Empty without the fence.
    pub without_role: Vec<String>,
    /// Tenants, deleted ones too, whose role the application's login may not wear. Empty without the fence.
    pub not_granted: Vec<String>,
    /// Tenants that have a schema and no line in the ledger.
    pub without_line: Vec<String>,
    /// Deleted tenants of which there is nothing to restore.
    pub deleted_without_schema: Vec<String>,
    /// Deleted tenants that can be restored, and have no line in the ledger.
    pub deleted_without_line: Vec<String>,
}

impl Migrator {
    /// Looks for them, with three queries.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn orphans(&self) -> Result<Orphans, DbError> {
        let mut tx = self.begin_looking().await?;
        let login = &*self.login;
        let mut orphans = Orphans {
            schemas: names(&mut tx, &SCHEMAS, &[]).await?,
            roles: names(&mut tx, &ROLES, &[&login]).await?,
            ..Orphans::default()
        };
        for row in tx.query(&TENANTS, &[&login]).await? {
            let slug: String = row.get("slug")?;
            let (no_schema, no_line) = if row.get("deleted")? {
                (
                    &mut orphans.deleted_without_schema,
                    &mut orphans.deleted_without_line,
                )
            } else {
                (&mut orphans.without_schema, &mut orphans.without_line)
            };
            let lists = [
                ("no_schema", true, no_schema),
                ("no_role", self.fence, &mut orphans.without_role),
                ("not_granted", self.fence, &mut orphans.not_granted),
                ("no_line", true, no_line),
            ];
            for (column, counts, list) in lists {
                if counts && row.get(column)? {
                    list.push(slug.clone());
                }
            }
        }
        Ok(orphans)
    }
}

async fn names(
    tx: &mut DdlTransaction,
    sql: &Sql,
    params: Params<'_>,
) -> Result<Vec<String>, DbError> {
    let rows = tx.query(sql, params).await?;
    rows.iter().map(|row| row.get("name")).collect()
}
