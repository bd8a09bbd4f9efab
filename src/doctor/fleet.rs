//! The shared tables, the ledger, and whether roles and schemas are what the registry says.

use super::{Finding, unseen};
use crate::app::Foundation;
use crate::migrations;
use crate::tenancy::{DbError, Scoped, Sql};

/// Names shown of a longer list.
const SHOWN: i64 = 5;

const TENANTS_WITHOUT_SCHEMA: Sql = Sql::new(
    "doctor.tenants_without_schema",
    "SELECT t.slug AS name, count(*) OVER () AS total FROM public.tenants t \
     WHERE t.status <> 'deleted' AND NOT EXISTS \
     (SELECT FROM pg_namespace n WHERE n.nspname = 't_' || replace(t.id::text, '-', '')) \
     ORDER BY t.id LIMIT $1",
);
const SCHEMAS_WITHOUT_TENANT: Sql = Sql::new(
    "doctor.schemas_without_tenant",
    "SELECT n.nspname::text AS name, count(*) OVER () AS total FROM pg_namespace n \
     WHERE n.nspname ~ '^t_[0-9a-f]{32}$' AND NOT EXISTS \
     (SELECT FROM public.tenants t WHERE n.nspname = 't_' || replace(t.id::text, '-', '')) \
     ORDER BY n.nspname LIMIT $1",
);
const ROLES_NOT_GRANTED: Sql = Sql::new(
    "doctor.roles_not_granted",
    "SELECT t.slug AS name, count(*) OVER () AS total FROM public.tenants t \
     WHERE t.status <> 'deleted' AND NOT EXISTS (SELECT FROM pg_roles r \
     JOIN pg_auth_members m ON m.roleid = r.oid JOIN pg_roles l ON l.oid = m.member \
     WHERE r.rolname = 't_' || replace(t.id::text, '-', '') AND l.rolname = current_user) \
     ORDER BY t.id LIMIT $1",
);

pub(super) async fn look(foundation: &Foundation) -> Vec<Finding> {
    match look_inside(foundation).await {
        Ok(findings) => findings,
        Err(DbError::Statement { .. }) => vec![Finding::bad(
            "shared tables",
            "are not there, or this login may not read them",
            "run `tenantry migrate run`",
        )],
        Err(error) => vec![unseen("fleet", &error)],
    }
}

async fn look_inside(foundation: &Foundation) -> Result<Vec<Finding>, DbError> {
    let target = foundation.migrator.set().target().clone();
    let mut db = foundation.tenancy.public().await?;
    let counts = migrations::counts(&mut db, &target).await?;
    let seen = format!(
        "{} tenants at version {}, {} behind, {} failed, {} ahead",
        counts.current, target.version, counts.pending, counts.failed, counts.ahead
    );
    let fleet = if counts.failed > 0 {
        Finding::bad(
            "migrations",
            seen,
            "`tenantry migrate status` tells why; mend that and run `tenantry migrate run`",
        )
    } else if counts.pending + counts.ahead > 0 {
        Finding::warning(
            "migrations",
            seen,
            "run `tenantry migrate run` (behind), or deploy the newer binary (ahead)",
        )
    } else {
        Finding::good("migrations", seen)
    };
    let mut findings = vec![fleet];
    let mut lists = vec![
        (
            "tenants without a schema",
            &TENANTS_WITHOUT_SCHEMA,
            "restore their schema from a backup, or cancel them",
        ),
        (
            "schemas without a tenant",
            &SCHEMAS_WITHOUT_TENANT,
            "look what they hold, then drop them: DROP SCHEMA … CASCADE; DROP ROLE …",
        ),
    ];
    if foundation.tenancy.rules().fence {
        lists.push((
            "tenants whose role this login may not wear",
            &ROLES_NOT_GRANTED,
            "GRANT the role (it has the schema's name) to the application's login",
        ));
    }
    for (subject, sql, mend) in lists {
        findings.push(list(&mut db, subject, sql, mend).await?);
    }
    Ok(findings)
}

async fn list(
    db: &mut Scoped,
    subject: &'static str,
    sql: &Sql,
    mend: &str,
) -> Result<Finding, DbError> {
    let rows = db.query(sql, &[&SHOWN]).await?;
    let Some(first) = rows.first() else {
        return Ok(Finding::good(subject, "none"));
    };
    let total: i64 = first.get("total")?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.get("name")).collect();
    let seen = format!("{total}: {}", names?.join(", "));
    Ok(Finding::bad(subject, seen, mend))
}
