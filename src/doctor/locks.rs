//! Whether a `pg_dump` of the whole database finds locks enough: it takes one for each table, all at once.

use super::{Finding, unseen};
use crate::app::Foundation;
use crate::tenancy::{DbError, Sql};

const SUBJECT: &str = "locks for a dump";

/// PostgreSQL's own tables are not dumped.
const COUNT: Sql = Sql::new(
    "doctor.locks",
    "SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema') AS tables, \
     current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8 AS owners, \
     current_setting('max_locks_per_transaction')::int8 AS each",
);

pub(super) async fn look(foundation: &Foundation) -> Finding {
    match count(foundation).await {
        Ok((tables, owners, each)) => judge(tables, owners, each),
        Err(error) => unseen(SUBJECT, &error),
    }
}

async fn count(foundation: &Foundation) -> Result<(i64, i64, i64), DbError> {
    let mut db = foundation.tenancy.public().await?;
    let row = db.query_one(&COUNT, &[]).await?;
    Ok((row.get("tables")?, row.get("owners")?, row.get("each")?))
}

/// `each` is `max_locks_per_transaction`, which all of `owners` share. A quarter is left to whoever works meanwhile.
fn judge(tables: i64, owners: i64, each: i64) -> Finding {
    let wanted = tables + tables / 4;
    let seen = format!("{} for {tables} tables", each * owners);
    if wanted <= each * owners {
        return Finding::good(SUBJECT, seen);
    }
    let enough = wanted / owners.max(1) + 1;
    Finding::warning(
        SUBJECT,
        format!("{seen}: pg_dump and pg_upgrade of this database will run out of shared memory"),
        format!(
            "set max_locks_per_transaction to {enough} or more and restart PostgreSQL, or back up its files; see docs/scaling.md"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::doctor::Health;

    #[test]
    fn four_hundred_tenants_are_too_many_for_the_default_settings() {
        assert_eq!(judge(300 * 16, 100, 64).health, Health::Good);
        let finding = judge(400 * 16, 100, 64);
        assert_eq!(finding.health, Health::Warning);
        assert!(finding.mend.contains("to 81 or more"), "{}", finding.mend);
        assert_eq!(judge(400 * 16, 100, 81).health, Health::Good);
    }
}
