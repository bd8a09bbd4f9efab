//! Migrations meanwhile, by processes that know more than the server: of all tenants, killed in the middle, and back again.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use super::tenant::{Refusal, Session, Tenant};
use super::world::World;
use crate::fleet::fixture::Migrations;
use crate::program::Guarded;

/// Newer than all that the server has.
const FIRST: u32 = 900;
const COMPATIBLE: &str = "-- compatible-with: 4\n";
const TOO_NEW: &[Refusal] = &[(503, "tenant_version_unsupported")];
/// Between two changes of the fleet.
const PAUSE: Duration = Duration::from_secs(4);

/// Until it is over, and then once for all. Answers with all migrations that there were.
pub async fn migrate(world: Arc<World>) -> Migrations {
    let migrations = Migrations::own();
    let dir = migrations.dir();
    fs::create_dir_all(format!("{dir}/undo/tenant")).unwrap();
    for version in FIRST.. {
        write(&dir, version, COMPATIBLE);
        if version % 2 == 1 {
            kill_in_the_middle(&world, &dir).await;
        }
        let over = world.over.load(Ordering::Relaxed);
        run(&world, &dir).await;
        if over {
            break;
        }
        if copy(&world, &dir, version).await.is_none() {
            world.tally.fault("a copy that was not made".to_owned());
        }
        there_and_back(&world, &dir, version + 1).await;
        sleep(PAUSE).await;
    }
    migrations
}

/// A migration that the server can work with if it begins so.
fn write(dir: &str, version: u32, beginning: &str) {
    let add = format!("ALTER TABLE projects ADD COLUMN soak_{version} text DEFAULT 'soaked';\n");
    let migration = format!("{dir}/tenant/V{version}__soak.sql");
    fs::write(migration, format!("{beginning}{add}")).unwrap();
    let undo = format!("ALTER TABLE projects DROP COLUMN soak_{version};\n");
    fs::write(format!("{dir}/undo/tenant/U{version}__soak.sql"), undo).unwrap();
}

async fn run(world: &World, dir: &str) {
    // 3: some tenant was too busy, which the next run mends.
    let (environment, good) = ([("MIGRATIONS_DIR", dir)], [0, 3]);
    world
        .run("migrate run", "migrate run", &environment, &good)
        .await;
}

async fn kill_in_the_middle(world: &World, dir: &str) {
    let mut command = world.command("migrate run");
    command.env("MIGRATIONS_DIR", dir).stdin(Stdio::null());
    let run = Guarded::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()));
    sleep(Duration::from_millis(fastrand::u64(100..1500))).await;
    run.kill();
    world.tally.count("migrate run", "killed");
}

/// One of those that nothing else happens to: neither of the first half, nor of the newest.
fn calm(world: &World) -> Arc<Tenant> {
    let tenants = world.tenants();
    Arc::clone(&tenants[fastrand::usize(tenants.len() / 2..tenants.len() - 3)])
}

/// A tenant twice, with the same ids: only that it is another tenant keeps the two apart.
async fn copy(world: &World, dir: &str, version: u32) -> Option<()> {
    let tenant = calm(world);
    let slug = format!("copy-{version}");
    let line = format!("tenant clone {} {slug} --json", tenant.id);
    let environment = [("MIGRATIONS_DIR", dir)];
    let made = world.run("clone", &line, &environment, &[0]).await?;
    let id = made.json()["tenant"]["id"].as_str()?.to_owned();
    let since = Instant::now();
    let token = world.server.token(&id, &tenant.email()).await;
    let copy = tenant.copy(id, slug, Session { token, since });
    let flags = world.request(&copy, Method::GET, "/features");
    let flags = world.ask("flags", &copy, flags, &[200]).await?;
    let flag = format!("/features/{}", flags["data"][0]["id"].as_str()?);
    let other = world.request(&copy, Method::PATCH, &flag);
    let other = other.json(&json!({ "enabled_value": copy.flag }));
    world.ask("change flag", &copy, other, &[200]).await?;
    world.come(copy);
    Some(())
}

/// One tenant is migrated to what the server cannot work with, and back.
async fn there_and_back(world: &World, dir: &str, version: u32) {
    let tenant = calm(world);
    let _may = tenant.may(TOO_NEW);
    write(dir, version, "");
    let slug = tenant.slug();
    let environment = [("MIGRATIONS_DIR", dir)];
    for (kind, line) in [
        ("migrate too far", format!("migrate run --tenant {slug}")),
        (
            "migrate undo",
            format!("migrate undo --tenant {slug} --stop-serving"),
        ),
    ] {
        world.run(kind, &line, &environment, &[0]).await;
    }
    fs::remove_file(format!("{dir}/tenant/V{version}__soak.sql")).unwrap();
    fs::remove_file(format!("{dir}/undo/tenant/U{version}__soak.sql")).unwrap();
}
