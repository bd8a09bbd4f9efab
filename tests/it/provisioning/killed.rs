//! A server that is killed again and again while it makes tenants.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use reqwest::Method;
use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;
use uuid::Uuid;

use super::body;
use crate::program::{Program, Server, number, owner};

const OPERATOR: &str = "operator@example.com";

/// How many tenants are made, and how often the server is killed meanwhile.
#[derive(Clone, Copy)]
pub struct Fleet {
    pub tenants: usize,
    pub kills: usize,
}

/// Names that are neither tenants of the registry nor ready ones, or tenants that are not whole. Empty when all is well.
const HALF_MADE: &str = "
    WITH wanted AS (SELECT 't_' || replace(id::text, '-', '') AS name, id FROM public.tenants
        UNION ALL SELECT 't_' || replace(id::text, '-', ''), id FROM public.spare_tenants),
    schemas AS (SELECT nspname::text AS name FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'),
    -- Roles belong to the whole cluster; ours are those that schemas of this database grant something to.
    roles AS (SELECT DISTINCT r.rolname::text AS name FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
        WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND r.rolname ~ '^t_[0-9a-f]{32}$')
    SELECT 'schema without a tenant ' || name FROM schemas WHERE name NOT IN (SELECT name FROM wanted)
    UNION ALL SELECT 'role without a tenant ' || name FROM roles WHERE name NOT IN (SELECT name FROM wanted)
    UNION ALL SELECT 'tenant without a schema ' || name FROM wanted WHERE name NOT IN (SELECT name FROM schemas)
    UNION ALL SELECT 'tenant without a role ' || name FROM wanted WHERE name NOT IN (SELECT name FROM roles)
    UNION ALL SELECT 'tenant behind in the ledger ' || name FROM wanted WHERE NOT EXISTS (
        SELECT FROM public.spare_tenants s WHERE s.id = wanted.id) AND NOT EXISTS (
        SELECT FROM public.tenant_migrations m WHERE m.tenant_id = wanted.id AND m.state = 'current'
        AND m.version = (SELECT max(version) FROM public.tenant_migrations))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenant_is_whole_or_absent_however_often_the_server_is_killed() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let fleet = Fleet {
        tenants: 100,
        kills: 10,
    };
    survive(&database, &program, fleet).await;
}

/// Kills the program's server again and again while it makes tenants. Each time, and in the end, everything is whole or absent.
pub async fn survive(database: &TestDatabase, program: &Program, fleet: Fleet) {
    let Fleet { tenants, kills } = fleet;
    let operator =
        format!("user create {OPERATOR} --tenant platform --role super_admin --password-stdin");
    program.run_with_password(&operator).expect(0);
    let sql = owner(database).await;
    let all: BTreeSet<String> = (1..=tenants).map(|n| format!("tenant-{n}")).collect();

    let mut interrupted = 0;
    for _ in 0..kills {
        let server = program.serve();
        let token = server.token("platform", OPERATOR).await;
        let mut creations = pin!(create(&server, &token, absent(&sql, &all).await));
        for _ in 0..random(7) {
            creations.next().await;
        }
        let moment = Duration::from_millis(random(60));
        let rest = creations.for_each(async |_| {});
        interrupted += usize::from(tokio::time::timeout(moment, rest).await.is_err());
        server.kill();
        wait_for_its_sessions_to_end(&sql).await;
        let half_made = half_made(&sql).await;
        assert!(half_made.is_empty(), "{half_made:#?}");
    }
    assert!(
        interrupted * 10 >= kills * 8,
        "only {interrupted} of {kills} kills hit creations"
    );

    let server = program.serve().ready().await;
    let token = server.token("platform", OPERATOR).await;
    let rest = absent(&sql, &all).await;
    let answers: Vec<_> = create(&server, &token, rest).collect().await;
    assert!(
        answers.iter().all(|status| *status == Some(201)),
        "{answers:?}"
    );
    assert!(absent(&sql, &all).await.is_empty());
    let half_made = half_made(&sql).await;
    assert!(half_made.is_empty(), "{half_made:#?}");
    let signed_in = stream::iter(&all)
        .map(|slug| server.sign_in(slug, "admin@example.com"))
        .buffer_unordered(4);
    signed_in
        .for_each(async |answer| drop(answer.expect(200)))
        .await;
}

/// Creates them, four at a time, and tells each answer; `None` where the server died first.
fn create(
    server: &Server,
    token: &str,
    slugs: BTreeSet<String>,
) -> impl Stream<Item = Option<u16>> {
    let creations = stream::iter(slugs).map(move |slug| async move {
        let request = server.request(Method::POST, "/tenants").bearer_auth(token);
        let request = request.header("Idempotency-Key", format!("make {slug}"));
        let response = request.json(&body(&slug)).send().await.ok()?;
        let status = response.status().as_u16();
        response.text().await.ok().map(|_| status)
    });
    creations.buffer_unordered(4)
}

/// Less than `limit`.
fn random(limit: u64) -> u64 {
    Uuid::new_v4().as_u64_pair().1 % limit
}

async fn absent(sql: &Client, all: &BTreeSet<String>) -> BTreeSet<String> {
    let rows = sql.query("SELECT slug FROM public.tenants", &[]).await;
    let present: BTreeSet<String> = rows.unwrap().iter().map(|row| row.get(0)).collect();
    all.difference(&present).cloned().collect()
}

pub async fn half_made(sql: &Client) -> Vec<String> {
    let rows = sql.query(HALF_MADE, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// PostgreSQL sees the death of a client when it next reads from it; until then its transaction is open.
async fn wait_for_its_sessions_to_end(sql: &Client) {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    for _ in 0..200 {
        if number(sql, others).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the killed server's sessions live on");
}
