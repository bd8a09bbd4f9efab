//! The server, the logins and what stands in between.

use chrono::{DateTime, Utc};

use super::{Finding, chain, unseen};
use crate::app::Foundation;
use crate::config::Config;
use crate::tenancy::{DbError, Row, Scoped, Sql};

/// Oldest PostgreSQL that is tested.
const OLDEST_SERVER: i32 = 14;
/// How far clocks may differ before tokens and times go wrong, in milliseconds.
const CLOCK_SKEW_MS: i64 = 2000;

const ABOUT: Sql = Sql::new(
    "doctor.about",
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS text, \
     clock_timestamp() AS now, current_user::text AS login, r.rolsuper AS super, r.rolinherit AS inherit, \
     (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid) AS owns, \
     has_database_privilege(current_database(), 'TEMP') AS temp \
     FROM pg_roles r WHERE r.rolname = current_user",
);
const MAY_DDL: Sql = Sql::new(
    "doctor.may_ddl",
    "SELECT current_user::text AS login, (r.rolsuper OR r.rolcreaterole) AS roles, \
     has_database_privilege(current_database(), 'CREATE') AS schemas \
     FROM pg_roles r WHERE r.rolname = current_user",
);

/// Whether there is a database at all, and whether there is more to see of it.
pub(super) async fn reach(foundation: &Foundation) -> (Finding, bool) {
    let error = match foundation.tenancy.ping().await {
        Ok(()) => return (Finding::good("database", "answers"), true),
        Err(error) => error,
    };
    // A statement that fails may do so for what is found next, such as a pooler that nobody told of.
    let is_there = !matches!(
        error,
        DbError::Unreachable { .. } | DbError::NoConnection(_) | DbError::Lost { .. }
    );
    (
        Finding::bad(
            "database",
            format!("does not answer: {}", chain(&error)),
            "check DATABASE_URL, that PostgreSQL runs, and that pg_hba.conf lets this login in",
        ),
        is_there,
    )
}

pub(super) async fn look(config: &Config, foundation: &Foundation) -> Vec<Finding> {
    let mut findings = match about(foundation).await {
        Ok(row) => match app_login(foundation, &row) {
            Ok(findings) => findings,
            Err(error) => vec![unseen("application login", &error)],
        },
        Err(error) => vec![unseen("application login", &error)],
    };
    findings.push(match ddl_login(config, foundation).await {
        Ok(finding) => finding,
        Err(error) => unseen("DDL login", &error),
    });
    findings
}

async fn about(foundation: &Foundation) -> Result<Row, DbError> {
    foundation
        .tenancy
        .public()
        .await?
        .query_one(&ABOUT, &[])
        .await
}

fn app_login(foundation: &Foundation, row: &Row) -> Result<Vec<Finding>, DbError> {
    let version: i32 = row.get("version")?;
    let text: String = row.get("text")?;
    let server = if version / 10_000 < OLDEST_SERVER {
        let mend = format!("move to PostgreSQL {OLDEST_SERVER} or newer");
        Finding::bad("server version", text, mend)
    } else {
        Finding::good("server version", text)
    };
    let theirs: DateTime<Utc> = row.get("now")?;
    let skew = (foundation.clock.now() - theirs).num_milliseconds();
    let clock = if skew.abs() > CLOCK_SKEW_MS {
        Finding::warning(
            "clock",
            format!("differs from the database's by {skew} ms"),
            "run NTP on both machines",
        )
    } else {
        Finding::good(
            "clock",
            format!("within {} ms of the database's", skew.abs()),
        )
    };
    let login: String = row.get("login")?;
    let mut weak = Vec::new();
    if row.get("super")? {
        weak.push("is a superuser");
    }
    if row.get("inherit")? {
        weak.push("inherits its roles' rights");
    }
    if row.get::<i64>("owns")? > 0 {
        weak.push("owns tables");
    }
    if row.get("temp")? {
        weak.push("may make temporary tables");
    }
    let login = if weak.is_empty() {
        Finding::good(
            "application login",
            format!("`{login}` owns nothing and inherits nothing"),
        )
    } else {
        Finding::warning(
            "application login",
            format!("`{login}` {}", weak.join(", ")),
            "serve under a login of its own (LOGIN NOINHERIT, owner of nothing), and give the present one as \
             MIGRATION_DATABASE_URL; see docs/deploy.md",
        )
    };
    Ok(vec![server, clock, login])
}

async fn ddl_login(config: &Config, foundation: &Foundation) -> Result<Finding, DbError> {
    let read = async |db: &mut Scoped| db.query_one(&MAY_DDL, &[]).await;
    let row = foundation.migrator.with_shared(read).await?;
    let login: String = row.get("login")?;
    let fence = foundation.tenancy.rules().fence;
    let may = row.get("schemas")? && (!fence || row.get("roles")?);
    if !may && !config.database.has_migration_login() {
        return Ok(Finding::warning(
            "DDL login",
            format!(
                "none: `{login}` may not make schemas and roles, so tenants are served here, and not made, migrated or deleted"
            ),
            "where this server shall do that, set MIGRATION_DATABASE_URL; see docs/deploy.md",
        ));
    }
    if !row.get::<bool>("schemas")? {
        return Ok(Finding::bad(
            "DDL login",
            format!("`{login}` may not create schemas"),
            format!("GRANT CREATE ON DATABASE … TO {login}, or make it the database's owner"),
        ));
    }
    if fence && !row.get::<bool>("roles")? {
        return Ok(Finding::bad(
            "DDL login",
            format!("`{login}` may not create roles, which the fence needs"),
            format!(
                "ALTER ROLE {login} CREATEROLE, or set TENANT_ROLE_FENCE=off and lose the fence"
            ),
        ));
    }
    Ok(Finding::good(
        "DDL login",
        format!("`{login}` may make schemas and roles"),
    ))
}
