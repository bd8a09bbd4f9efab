//! The schema and the role of one tenant, as they are made.

use chrono::{DateTime, Utc};

use super::apply;
use crate::tenancy::{DbError, DdlTransaction, SchemaName, Scoped, Sql, TenantId, quote_ident};

const TENANTS: Sql = Sql::new(
    "schema.tenants",
    "SELECT id FROM public.tenants UNION ALL SELECT id FROM public.spare_tenants \
     UNION ALL SELECT tenant_id FROM public.set_aside_schemas",
);

/// What a new schema needs to know.
#[derive(Debug, Clone)]
pub struct NewSchema<'a> {
    /// Its name; the role has the same.
    pub name: &'a SchemaName,
    /// The application's login, which may wear the role.
    pub login: &'a str,
    /// Whether there is a role at all.
    pub fence: bool,
}

impl NewSchema<'_> {
    /// Creates the schema, the history table and, with the fence, the role that may use this schema and nothing else.
    pub(super) async fn create(&self, tx: &mut DdlTransaction) -> Result<(), DbError> {
        let name = self.name.quoted();
        tx.batch(&format!("CREATE SCHEMA {name}")).await?;
        apply::create_history(tx, self.name.as_str()).await?;
        let login = quote_ident(self.login);
        // Rights on tables come by default privileges, so that later migrations need not think of them. The one that is there already is named: for
        // `ALL TABLES IN SCHEMA` PostgreSQL reads its whole catalog, five times, which at ten thousand tenants takes longer than all the rest.
        let history = format!("{name}.refinery_schema_history");
        let text = if self.fence {
            format!(
                "CREATE ROLE {name} NOLOGIN NOINHERIT;
                 GRANT {name} TO {login};
                 GRANT USAGE ON SCHEMA {name} TO {name};
                 GRANT SELECT ON {history} TO {name};
                 {}",
                default_privileges(&name, &name)
            )
        } else {
            format!(
                "GRANT USAGE ON SCHEMA {name} TO {login};
                 GRANT SELECT ON {history} TO {login};
                 {}",
                default_privileges(&name, &login)
            )
        };
        tx.batch(&text).await
    }
}

fn default_privileges(schema: &str, role: &str) -> String {
    format!(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role};"
    )
}

/// Sessions of one temporary schema's login at a time, so that no job takes the places of all others and of the servers.
const SESSIONS: u32 = 10;

/// Lets somebody sign in as the schema's own role, and so reach this schema and nothing else, until the time `until`.
///
/// # Errors
/// See [`DbError`].
pub async fn open_login(
    tx: &mut DdlTransaction,
    name: &SchemaName,
    password: &str,
    until: DateTime<Utc>,
) -> Result<(), DbError> {
    let role = name.quoted();
    let password = password.replace('\'', "''");
    tx.batch(&format!(
        "ALTER ROLE {role} LOGIN CONNECTION LIMIT {SESSIONS} PASSWORD '{password}' VALID UNTIL '{}';
         DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO {role}', current_database()); END $$;",
        until.to_rfc3339()
    ))
    .await
}

/// Lets nobody sign in as the schema's own role any more. Nothing happens where there is no such role.
///
/// # Errors
/// See [`DbError`].
pub async fn close_login(tx: &mut DdlTransaction, name: &SchemaName) -> Result<(), DbError> {
    let (role, literal) = (name.quoted(), name.as_str());
    tx.batch(&format!(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{literal}' AND rolcanlogin) THEN
             ALTER ROLE {role} NOLOGIN;
         END IF; END $$;"
    ))
    .await
}

/// The roles of all tenants, and of schemas that no tenant has yet or any more. They belong to the whole server, so they stay when the database is dropped.
pub async fn role_names(db: &mut Scoped) -> Result<Vec<String>, DbError> {
    let rows = db.query(&TENANTS, &[]).await?;
    rows.iter()
        .map(|row| Ok(SchemaName::of(TenantId(row.get("id")?)).as_str().to_owned()))
        .collect()
}
