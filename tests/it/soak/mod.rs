//! Mixed traffic over many tenants while the fleet moves: every answer is checked to belong to its tenant.
//!
//! `SOAK_SECONDS` says how long: 8 unless it is set, with a dozen tenants; from a minute on with 200.

mod checks;
mod fleet;
mod judge;
mod migrations;
mod size;
mod sockets;
mod tally;
mod tenant;
mod traffic;
mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenantry::testkit::TestDatabase;
use tokio::time::sleep;

use crate::program::Program;
use size::Size;
use world::World;

/// From this time on it is no trial.
const LONG: Duration = Duration::from_mins(1);

/// How often the size is looked at after the first quarter.
const LOOKS: u32 = 12;

/// Of PgBouncer, where it is installed: fewer than the server asks for.
const SERVER_CONNECTIONS: usize = 4;

fn time() -> Duration {
    let seconds = std::env::var("SOAK_SECONDS").ok();
    Duration::from_secs(seconds.map_or(8, |seconds| seconds.parse().unwrap()))
}

#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn soak(mode: &str, database: TestDatabase) {
    let time = time();
    let tenants = if time < LONG { 12 } else { 200 };
    let program = Program::on(&database)
        .set("DB_POOL_SIZE", checks::POOL.to_string())
        .set("DB_MAX_OVERFLOW", checks::OVERFLOW.to_string())
        .set("DATABASE_POOL_MODE", mode)
        .set("READY_TENANTS", "3")
        .set("ACCESS_TOKEN_TTL_SECONDS", "7200")
        .set("RATE_LIMIT", "off")
        // A line for each request would be most of the work.
        .set("RUST_LOG", "warn,tenantry=info,tenantry::http=error");
    let world = World::new(program, tenants).await;
    let clients = (0..traffic::CLIENTS).map(|_| tokio::spawn(traffic::client(Arc::clone(&world))));
    let clients: Vec<_> = clients.collect();
    let led = tokio::spawn(fleet::lead(Arc::clone(&world)));
    let migrated = tokio::spawn(migrations::migrate(Arc::clone(&world)));

    sleep(time / 4).await;
    let early = Size::now(world.server.pid(), &database).await;
    // Backends come and go, so the largest is looked for all the time.
    let mut largest = early.backend_kib;
    for _ in 0..LOOKS {
        sleep(time / 4 * 3 / LOOKS).await;
        let now = Size::now(world.server.pid(), &database).await;
        largest = largest.max(now.backend_kib);
    }
    checks::until_everything_happened(&world).await;
    world.over.store(true, Ordering::Relaxed);
    led.await.unwrap();
    let migrations = migrated.await.unwrap();
    for client in clients {
        client.await.unwrap();
    }
    let late = Size::now(world.server.pid(), &database).await;
    let largest = largest.max(late.backend_kib);

    println!(
        "soak in {mode} mode over {tenants} tenants for {} s: {} requests and changes: {}\n\
         after a quarter: {early}\nat the end: {late}\nlargest backend meanwhile: {largest} KiB, over {} tenants that there ever were",
        time.as_secs(),
        world.tally.all(),
        world.tally,
        world.ever()
    );
    let faults = world.tally.faults();
    let errors = world.server.errors().join("\n");
    assert!(faults.is_empty(), "{faults}\nthe server's log:\n{errors}");
    checks::all(&world, &database, &migrations).await;
    late.must_be_as_flat_as(early);
    size::backends_must_be_bounded(largest, world.ever());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_belongs_to_its_tenant_while_the_fleet_moves() {
    let database = TestDatabase::new().await;
    soak(
        "session",
        database.past_the_pooler("this is about sessions"),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_belongs_to_its_tenant_in_transaction_mode() {
    let database = match TestDatabase::pooled(SERVER_CONNECTIONS).await {
        Some(database) => database,
        None => TestDatabase::new().await,
    };
    soak("transaction", database).await;
}
