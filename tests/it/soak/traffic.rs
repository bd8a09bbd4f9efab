//! Clients that do everything at every tenant in turn, well-behaved and not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::judge::send;
use super::sockets;
use super::tenant::Tenant;
use super::world::{FLAG, World};

/// So many at once.
pub const CLIENTS: usize = 24;

/// Until it is over.
pub async fn client(world: Arc<World>) {
    while !world.over.load(Ordering::Relaxed) {
        let tenant = world.any();
        let done = match fastrand::u8(..100) {
            0..25 => life(&world, &tenant).await,
            25..45 => list(&world, &tenant).await,
            45..55 => users(&world, &tenant).await,
            55..65 => evaluate(&world, &tenant).await,
            65..68 => world.sign_in(&tenant).await,
            68..76 => wrong_tenant(&world, &tenant).await,
            76..81 => wrong_object(&world, &tenant).await,
            81..85 => same_key(&world, &tenant).await,
            85..90 => bad_input(&world, &tenant).await,
            90..95 => give_up(&world, &tenant).await,
            95..98 => sockets::cut_off(&world, &tenant).await,
            _ => sockets::slow(&world, &tenant).await,
        };
        if done.is_none() {
            // Refused: the session may be one that has ended.
            world.sign_in(&tenant).await;
        }
    }
}

/// A project from its creation to its end, read in between.
async fn life(world: &World, tenant: &Tenant) -> Option<()> {
    let first = new_name(tenant, "first");
    let body = json!({ "name": first, "description": tenant.marker() });
    let create = world.request(tenant, Method::POST, "/projects").json(&body);
    let made = world.ask("create", tenant, create, &[201]).await?;
    world.must("created", tenant, &made["name"], &first);
    let path = format!("/projects/{}", made["id"].as_str()?);
    let at = |method| world.request(tenant, method, &path);
    let read = world.ask("read", tenant, at(Method::GET), &[200]).await?;
    world.must("read", tenant, &read["name"], &first);
    let second = new_name(tenant, "second");
    let change = at(Method::PATCH).json(&json!({ "name": second }));
    world.ask("update", tenant, change, &[200]).await?;
    let read = world.ask("read", tenant, at(Method::GET), &[200]).await?;
    world.must("read after a change", tenant, &read["name"], &second);
    world
        .ask("delete", tenant, at(Method::DELETE), &[204])
        .await?;
    let gone = at(Method::GET);
    world.ask("read deleted", tenant, gone, &[404]).await?;
    Some(())
}

async fn list(world: &World, tenant: &Tenant) -> Option<()> {
    let path = format!("/projects?limit={}", fastrand::u8(1..=100));
    let list = world.request(tenant, Method::GET, &path);
    let page = world.ask("list", tenant, list, &[200]).await?;
    let first = &page["data"][0]["id"];
    world.must("the oldest project", tenant, first, &tenant.landmark);
    for project in page["data"].as_array()? {
        let name = project["name"].as_str()?;
        if !name.starts_with(&tenant.marker()) {
            let fault = format!("listed at {}: {name}", tenant.marker());
            world.tally.fault(fault);
        }
    }
    Some(())
}

async fn users(world: &World, tenant: &Tenant) -> Option<()> {
    let users = world.request(tenant, Method::GET, "/users");
    let page = world.ask("users", tenant, users, &[200]).await?;
    let email = &page["data"][0]["email"];
    world.must("the only user", tenant, email, &tenant.email());
    Some(())
}

async fn evaluate(world: &World, tenant: &Tenant) -> Option<()> {
    let ask = world.request(tenant, Method::POST, "/features/evaluate");
    let ask = ask.json(&json!({ "keys": [FLAG] }));
    let said = world.ask("evaluate", tenant, ask, &[200]).await?;
    let value = &said["data"][0]["value"];
    world.must("the flag", tenant, value, &tenant.flag);
    Some(())
}

/// A token of one tenant at another.
async fn wrong_tenant(world: &World, tenant: &Tenant) -> Option<()> {
    let other = world.any();
    if other.id == tenant.id {
        return Some(());
    }
    let mut asked = world.request(&other, Method::GET, "/projects");
    let session = tenant.session();
    asked.since = session.since;
    let (name, value) = other.name();
    let path = format!("/projects/{}", other.landmark);
    let request = world.server.request(Method::GET, &path).header(name, value);
    let answer = send(request.bearer_auth(session.token)).await;
    let (status, text) = answer.unwrap_or_else(|error| (0, error.to_string()));
    let problem: Value = serde_json::from_str(&text).unwrap_or_default();
    let refusal = (status, problem["code"].as_str().unwrap_or_default());
    world.tally.count("wrong tenant", &status);
    let fine = refusal == (403, "tenant_mismatch")
        || [tenant, &other]
            .iter()
            .any(|one| status != 200 && one.may_refuse(asked.at, asked.since, refusal));
    if !fine {
        let (own, there) = (tenant.marker(), other.marker());
        world
            .tally
            .fault(format!("{own}'s token at {there}: {status} {text}"));
    }
    (status == 403).then_some(())
}

/// Another's project, asked for at home.
async fn wrong_object(world: &World, tenant: &Tenant) -> Option<()> {
    let other = world.any();
    if other.is_like(tenant) {
        return Some(());
    }
    let path = format!("/projects/{}", other.landmark);
    let methods = [Method::GET, Method::DELETE];
    let asked = world.request(tenant, fastrand::choice(methods)?, &path);
    world.ask("wrong object", tenant, asked, &[404]).await?;
    Some(())
}

/// One `Idempotency-Key` for all tenants, each of which has its own answer to it.
async fn same_key(world: &World, tenant: &Tenant) -> Option<()> {
    let key = format!("key {}", fastrand::u8(..8));
    // A copy has its source's projects, but none of the answers that are kept under keys.
    let name = format!("{} {key}", tenant.flag);
    let create = world.request(tenant, Method::POST, "/projects");
    let create = create.header("Idempotency-Key", &key);
    let create = create.json(&json!({ "name": name }));
    let made = world.ask("same key", tenant, create, &[201, 409]).await?;
    match made["code"].as_str() {
        None => world.must("under the same key", tenant, &made["name"], &name),
        Some(_) => world.must(
            "under the same key",
            tenant,
            &made["code"],
            "idempotency_running",
        ),
    }
    Some(())
}

async fn bad_input(world: &World, tenant: &Tenant) -> Option<()> {
    let post = || world.request(tenant, Method::POST, "/projects");
    let asked = match fastrand::u8(..5) {
        0 => post().json(&json!({ "name": "x", "tenant_id": tenant.id })),
        1 => post().json(&json!({ "name": "" })),
        2 => post().header("Content-Type", "text/plain"),
        3 => world.request(tenant, Method::GET, "/projects?limit=0"),
        _ => world.request(tenant, Method::GET, "/projects/'; DROP SCHEMA public"),
    };
    let refused = [400, 404, 415, 422];
    world.ask("bad input", tenant, asked, &refused).await?;
    Some(())
}

/// A client that waits for a moment only.
async fn give_up(world: &World, tenant: &Tenant) -> Option<()> {
    let asked = if fastrand::bool() {
        let body = json!({ "name": new_name(tenant, "given up") });
        world.request(tenant, Method::POST, "/projects").json(&body)
    } else {
        world.request(tenant, Method::GET, "/projects?limit=100")
    };
    let patience = Duration::from_micros(fastrand::u64(500..30_000));
    let Ok((status, text)) = send(asked.request.timeout(patience)).await else {
        world.tally.count("give up", "gone");
        return Some(());
    };
    let when = (asked.at, asked.since);
    let answer = (status, text.as_str());
    let good = world.judge("give up", tenant, when, answer, &[200, 201]);
    good.then_some(())
}

pub fn new_name(tenant: &Tenant, what: &str) -> String {
    format!("{} {what} {:016x}", tenant.marker(), fastrand::u64(..))
}
