//! What the application's login may do with the shared tables. It owns nothing.

use crate::tenancy::{DbError, DdlTransaction, Sql, quote_ident};

const MISSING: Sql = Sql::new(
    "grants.missing",
    "SELECT $1 <> current_user AND NOT has_table_privilege($1, 'public.refinery_schema_history', 'SELECT') AS missing",
);

/// Grants what is missing, in the transaction of the public migrations. Costs one query where nothing is.
pub(super) async fn ensure(
    tx: &mut DdlTransaction,
    login: &str,
    migrated: bool,
) -> Result<(), DbError> {
    let rows = tx.query(&MISSING, &[&login]).await?;
    let missing = match rows.first() {
        Some(row) => row.get::<bool>("missing")?,
        None => false,
    };
    if !missing && !migrated {
        return Ok(());
    }
    let login = quote_ident(login);
    tx.batch(&format!(
        "GRANT USAGE ON SCHEMA public TO {login};
         GRANT SELECT, UPDATE (slug, name, status, plan, updated_at) ON public.tenants TO {login};
         GRANT SELECT ON public.tenant_migrations, public.plans, public.spare_tenants, public.set_aside_schemas,
             public.refinery_schema_history TO {login};
         GRANT SELECT, INSERT, DELETE ON public.revoked_sessions TO {login};
         GRANT SELECT, INSERT, UPDATE, DELETE ON public.mails TO {login};
         GRANT SELECT, INSERT, UPDATE ON public.operations, public.impersonations TO {login};"
    ))
    .await
}
