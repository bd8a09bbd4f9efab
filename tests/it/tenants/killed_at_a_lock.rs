//! Commands that are killed where they wait for a lock: each leaves everything as it was, and works the next time.

use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::killed::{holder, kill_at_a_lock, wait_for};
use crate::program::{Program, number, owner};

/// The lock that keeps two from working on `acme` at once.
pub const THE_TENANT: &str = "SELECT pg_advisory_xact_lock(('x' || right(replace(id::text, '-', ''), 16))::bit(64)::int8) \
     FROM public.tenants WHERE name = 'acme'";
/// Every connection but the asking one; of other logins no more is told than whose they are.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND usename IS NOT NULL AND pid <> pg_backend_pid()";
const STRAY: &str = "t_0123456789abcdef0123456789abcdef";

struct Case {
    line: String,
    /// What there has to be for it to do.
    before: String,
    /// What it waits for.
    held: String,
    /// Counts 1 as soon as it is done.
    done: &'static str,
}

/// Schemas, their tables and roles, the registry and the ledger.
async fn everything(sql: &Client) -> Vec<String> {
    let text = "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname ~ '^(t|gone)_'
         UNION ALL SELECT 'table ' || schemaname || '.' || tablename FROM pg_tables WHERE schemaname ~ '^(t|gone)_'
         UNION ALL SELECT DISTINCT 'role ' || r.rolname FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
             WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         UNION ALL SELECT 'tenant ' || t::text FROM public.tenants t
         UNION ALL SELECT 'ledger ' || m::text FROM public.tenant_migrations m
         UNION ALL SELECT 'lock ' || l::text FROM pg_locks l WHERE locktype = 'advisory'
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         ORDER BY 1";
    let rows = sql.query(text, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_command_leaves_everything_as_it_was_and_works_the_next_time() {
    let reason = "this waits for server connections to end";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let made = program.run("temp-schema create --json").expect(0).json();
    let temporary = made["schema"].as_str().unwrap();
    let sql = owner(&database).await;
    let cases = [
        Case {
            line: "migrate drift".to_owned(),
            before: String::new(),
            held: THE_TENANT.to_owned(),
            done: "SELECT 1::int8",
        },
        Case {
            line: "doctor --mend".to_owned(),
            before: "DELETE FROM public.tenant_migrations m USING public.tenants t WHERE t.id = m.tenant_id AND t.name = 'acme'".to_owned(),
            held: THE_TENANT.to_owned(),
            done: "SELECT count(*) FROM public.tenant_migrations m JOIN public.tenants t ON t.id = m.tenant_id WHERE t.name = 'acme'",
        },
        Case {
            line: "tenant rename acme acme-corp".to_owned(),
            before: String::new(),
            held: "SELECT FROM public.tenants WHERE name = 'acme' FOR UPDATE".to_owned(),
            done: "SELECT count(*) FROM public.tenants WHERE slug = 'acme-corp'",
        },
        Case {
            line: format!("doctor --drop {STRAY}"),
            before: format!("CREATE SCHEMA {STRAY}; CREATE TABLE {STRAY}.a (); CREATE TABLE {STRAY}.b ()"),
            held: format!("LOCK TABLE {STRAY}.b IN ACCESS SHARE MODE"),
            done: "SELECT 1 - count(*) FROM pg_namespace WHERE nspname = 't_0123456789abcdef0123456789abcdef'",
        },
        Case {
            line: "temp-schema reap".to_owned(),
            before: "UPDATE public.tenants SET expires_at = now() - interval '1 hour' WHERE temporary".to_owned(),
            held: format!("LOCK TABLE {temporary}.users IN ACCESS SHARE MODE"),
            done: "SELECT 1 - count(*) FROM public.tenants WHERE temporary",
        },
    ];
    for case in cases {
        sql.batch_execute(&case.before).await.unwrap();
        let before = everything(&sql).await;
        let held = holder(&database, &case.held).await;
        kill_at_a_lock(&program, &case.line, &sql).await;
        // PostgreSQL may not know yet that its client is dead: it gets the lock now, and must come to no commit.
        held.batch_execute("ROLLBACK").await.unwrap();
        drop(held);
        wait_for(&sql, OTHERS, 0).await;
        assert_eq!(everything(&sql).await, before, "{}", case.line);
        program.run(&case.line).expect(0);
        assert_eq!(number(&sql, case.done).await, 1, "{}", case.line);
    }
}
