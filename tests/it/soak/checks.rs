//! What must hold when a soak is over.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use tenantry::testkit::TestDatabase;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::tenant::Tenant;
use super::world::World;
use crate::fleet::fixture::Migrations;
use crate::program::{number, owner};
use crate::tenants::killed::wait_for;

/// The pool of the server, and the most that may be opened beside it under load.
pub const POOL: i64 = 8;
pub const OVERFLOW: i64 = 4;
/// The ear for other nodes, and the pool for changes of schemas.
const BESIDE: i64 = 1 + 5;

/// How much longer a soak may take for what has not happened in its time.
const EXTRA: Duration = Duration::from_mins(2);

/// The connections of this database but the one that asks.
pub const OTHERS: &str = "FROM pg_stat_activity WHERE datname = current_database() \
    AND backend_type = 'client backend' AND pid <> pg_backend_pid()";

const HAPPENS: [(&str, &str); 21] = [
    ("sign in", "200"),
    ("list", "200"),
    ("users", "200"),
    ("evaluate", "200"),
    ("read", "200"),
    ("update", "200"),
    ("read deleted", "404"),
    ("same key", "201"),
    ("slow", "200"),
    ("slow", "201"),
    ("wrong tenant", "403"),
    ("wrong object", "404"),
    ("bad input", "422"),
    ("give up", "gone"),
    ("cut off", "in the body"),
    ("cut off", "before the answer"),
    ("restore", "200"),
    ("migrate run", "exit 0"),
    ("migrate run", "killed"),
    ("migrate undo", "exit 0"),
    ("clone", "exit 0"),
];

pub async fn all(world: &World, database: &TestDatabase, migrations: &Migrations) {
    let missing = missing(world);
    assert!(missing.is_empty(), "never: {missing:?}");
    let sql = owner(database).await;
    connections(&sql).await;
    serves_all_at_once(world).await;
    connections(&sql).await;
    migrated(world, migrations).await;
    for tenant in world.tenants() {
        rows(&sql, &tenant).await;
    }
    audits(world).await;
}

/// All idle, and none that nobody has an account of.
async fn connections(sql: &Client) {
    let busy = format!("SELECT count(*) {OTHERS} AND state IS DISTINCT FROM 'idle'");
    wait_for(sql, &busy, 0).await;
    let all = number(sql, &format!("SELECT count(*) {OTHERS}")).await;
    assert!(all <= POOL + OVERFLOW + BESIDE, "{all} connections");
    let locks = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database \
                 WHERE datname = current_database() AND locktype = 'advisory'";
    wait_for(sql, locks, 0).await;
}

/// Each with a session of its own, made before: what counts is the pool.
async fn serves_all_at_once(world: &World) {
    let tenants = world.tenants();
    let signed_in = stream::iter(&tenants).map(|tenant| world.sign_in(tenant));
    signed_in.buffer_unordered(4).for_each(async |_| {}).await;
    let asked = tenants.iter().map(async |tenant| {
        let path = format!("/projects/{}", tenant.landmark);
        let asked = world.request(tenant, Method::GET, &path);
        world.ask("at the end", tenant, asked, &[200]).await
    });
    let answered = join_all(asked).await;
    let good = answered.iter().flatten().count();
    assert_eq!(good, tenants.len(), "{}", world.tally.faults());
}

/// Nobody is left behind by all the migrations.
async fn migrated(world: &World, migrations: &Migrations) {
    let dir = migrations.dir();
    let environment = [("MIGRATIONS_DIR", dir.as_str())];
    let last = async |line| world.run("at the end", line, &environment, &[0]).await;
    for line in ["migrate run", "migrate status --json", "migrate drift"] {
        let ran = last(line)
            .await
            .unwrap_or_else(|| panic!("{}", world.tally.faults()));
        if line.contains("status") {
            let status = ran.json();
            assert_eq!(status["current"], status["total"], "{status}");
        }
    }
}

/// What is in a schema is its tenant's, whoever was to be answered with it.
async fn rows(sql: &Client, tenant: &Tenant) {
    let schema = format!("t_{}", tenant.id.replace('-', ""));
    let (marker, flag) = (tenant.marker(), &tenant.flag);
    let strangers = format!(
        "SELECT (SELECT count(*) FROM {schema}.projects WHERE NOT starts_with(name, '{marker}')) \
         + (SELECT count(*) FROM {schema}.users WHERE email NOT LIKE '%@{marker}.example') \
         + (SELECT count(*) FROM {schema}.features WHERE enabled_value <> to_jsonb('{flag}'::text))"
    );
    assert_eq!(number(sql, &strangers).await, 0, "in {marker}");
}

/// The chain of each tenant's audit holds.
async fn audits(world: &World) {
    for tenant in world.tenants() {
        let asked = world.request(&tenant, Method::GET, "/audit/verify");
        let found = world.ask("verify audit", &tenant, asked, &[200]).await;
        let found = found.unwrap_or_default();
        assert_eq!(found["valid"], true, "{}: {found}", tenant.marker());
    }
}

/// What a soak is for and was not done so far.
fn missing(world: &World) -> Vec<(&'static str, &'static str)> {
    let missing = HAPPENS.into_iter();
    missing
        .filter(|(kind, outcome)| world.tally.times(kind, outcome) == 0)
        .collect()
}

/// What is done is drawn by lot, and on a slow machine a short soak draws too seldom to have drawn each.
pub async fn until_everything_happened(world: &World) {
    let began = Instant::now();
    while !missing(world).is_empty() && began.elapsed() < EXTRA {
        sleep(Duration::from_millis(100)).await;
    }
}
