//! What happens to tenants meanwhile: they are made, led, renamed, deleted, restored and purged, over HTTP and by processes of their own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::judge::AGAIN;
use super::tenant::{HEARD, Refusal, Tenant};
use super::world::World;

const SUSPENDED: &[Refusal] = &[(403, "tenant_suspended")];
/// Whoever is in the middle of a query when the schema goes finds none.
const DELETED: &[Refusal] = &[
    (410, "tenant_deleted"),
    (503, "tenant_unavailable"),
    (404, "tenant_not_found"),
];
/// Asked by the old name, or by a name that is another's already, whose password is another as well.
const RENAMED: &[Refusal] = &[
    (404, "tenant_not_found"),
    (403, "tenant_mismatch"),
    (401, "invalid_credentials"),
];

/// How long a state lasts.
const WHILE: Duration = Duration::from_millis(300);

/// Does everything once, and again until it is over.
pub async fn lead(world: Arc<World>) {
    loop {
        for step in 0..6 {
            let tenant = moved(&world);
            let done = match step {
                0 => world.create().await,
                1 => suspend(&world, &tenant).await,
                2 => rename(&world, &tenant).await,
                3 => swap(&world, &tenant).await,
                4 => delete_and_restore(&world, &tenant).await,
                _ => purge(&world).await,
            };
            if done.is_none() {
                world.tally.count("fleet", "a step that failed");
            }
            sleep(Duration::from_millis(100)).await;
        }
        if world.over.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// One of the first half; the others have no excuse.
fn moved(world: &World) -> Arc<Tenant> {
    let tenants = world.tenants();
    Arc::clone(&tenants[fastrand::usize(..tenants.len() / 2)])
}

async fn suspend(world: &World, tenant: &Tenant) -> Option<()> {
    let _may = tenant.may(SUSPENDED);
    verb(world, tenant, "suspend").await?;
    refuses_soon(world, tenant, SUSPENDED[0]).await;
    sleep(WHILE).await;
    verb(world, tenant, "activate").await
}

/// Over HTTP, or by a process whose word the server must hear.
async fn verb(world: &World, tenant: &Tenant, verb: &'static str) -> Option<()> {
    if fastrand::bool() {
        let path = format!("/tenants/{}/{verb}", tenant.id);
        let led = world.operate(verb, Method::POST, &path, &Value::Null, 200);
        return led.await.map(drop);
    }
    command(world, verb, &format!("tenant {verb} {}", tenant.id)).await
}

async fn command(world: &World, kind: &'static str, line: &str) -> Option<()> {
    world.run(kind, line, &[], &[0]).await.map(drop)
}

/// Asks for a sign-in, which needs no session, until it is refused so.
async fn refuses_soon(world: &World, tenant: &Tenant, refusal: Refusal) {
    let began = Instant::now();
    loop {
        // A sign-in that is let through takes its time on a busy machine.
        let asked = began.elapsed();
        let answer = world.server.sign_in(&tenant.id, &tenant.email()).await;
        let code = answer.json()["code"].as_str().map(str::to_owned);
        if (answer.status, code.as_deref().unwrap_or_default()) == refusal {
            return;
        }
        if asked > HEARD {
            let (marker, last) = (tenant.marker(), answer.text);
            let fault = format!("{marker} never refused {refusal:?}, but {last}");
            world.tally.fault(fault);
            return;
        }
        sleep(AGAIN).await;
    }
}

async fn rename(world: &World, tenant: &Tenant) -> Option<()> {
    let _may = tenant.may(RENAMED);
    rename_to(world, tenant, &new_slug(tenant)).await
}

fn new_slug(tenant: &Tenant) -> String {
    format!("soak-{}-{:08x}", tenant.marker(), fastrand::u32(..))
}

async fn rename_to(world: &World, tenant: &Tenant, slug: &str) -> Option<()> {
    if fastrand::bool() {
        let path = format!("/tenants/{}", tenant.id);
        let body = json!({ "slug": slug });
        let renamed = world.operate("rename", Method::PATCH, &path, &body, 200);
        renamed.await?;
    } else {
        let line = format!("tenant rename {} {slug}", tenant.id);
        command(world, "rename", &line).await?;
    }
    tenant.rename(slug.to_owned());
    Some(())
}

/// Two tenants change their names with each other.
async fn swap(world: &World, tenant: &Tenant) -> Option<()> {
    let other = moved(world);
    if other.id == tenant.id {
        return rename(world, tenant).await;
    }
    let (_may, _may_too) = (tenant.may(RENAMED), other.may(RENAMED));
    let (one, two) = (tenant.slug(), other.slug());
    rename_to(world, tenant, &new_slug(tenant)).await?;
    rename_to(world, &other, &one).await?;
    rename_to(world, tenant, &two).await
}

async fn delete_and_restore(world: &World, tenant: &Tenant) -> Option<()> {
    let _may = tenant.may_end_sessions(DELETED);
    let one = format!("/tenants/{}", tenant.id);
    if fastrand::bool() {
        let deleted = world.operate("delete tenant", Method::DELETE, &one, &Value::Null, 202);
        deleted.await?;
    } else {
        let line = format!("tenant delete {} --yes", tenant.id);
        command(world, "delete tenant", &line).await?;
    }
    refuses_soon(world, tenant, DELETED[0]).await;
    sleep(WHILE).await;
    let restore = format!("{one}/restore");
    let restored = world.operate("restore", Method::POST, &restore, &Value::Null, 200);
    restored.await.map(drop)
}

/// The newest tenant goes for good.
async fn purge(world: &World) -> Option<()> {
    let tenant = world.tenants().pop()?;
    world.leave(&tenant);
    let _may = tenant.may_end_sessions(DELETED);
    let line = format!("tenant delete {} --yes", tenant.id);
    let now = [("TENANT_RETENTION_DAYS", "0")];
    world.run("delete for good", &line, &now, &[0]).await?;
    command(world, "purge", "tenant purge").await
}
