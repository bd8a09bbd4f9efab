//! Many clients of many tenants on two server connections, some of whom misbehave: each answer belongs to its tenant.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};

use crate::isolation::careless::Careless;
use crate::isolation::fixture::projects;

const TENANTS: usize = 20;
const CLIENTS: usize = 50;
const TURNS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_of_twenty_tenants_on_two_server_connections_get_their_own_rows() {
    let Some(database) = TestDatabase::pooled(2).await else {
        return;
    };
    let mut config = database.config.clone();
    config.database.pool_size = 10;
    config.database.max_overflow = 0;
    // The crowd waits in line, which is not what is tried here.
    config.database.pool_timeout = Duration::from_mins(1);
    let server = TestServer::start_with_endpoints(&config, Careless).await;
    let mut people = Vec::new();
    let mut tenants = Vec::new();
    for at in 0..TENANTS {
        let tenant = TestTenant::on(&server).await;
        let actor = tenant.member("ann").await;
        let name = format!("project of {at}");
        let body = json!({ "name": name });
        actor.post("/projects", &body).await.expect(201);
        people.push((actor, name));
        tenants.push(tenant);
    }
    let people = Arc::new(people);
    let clients = (0..CLIENTS).map(|client| {
        let people = Arc::clone(&people);
        tokio::spawn(async move {
            let mut random = client * 7919 + 1;
            for turn in 0..TURNS {
                // The constants of a linear congruence: any order will do, as long as it is the same in each run.
                random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
                let (actor, name) = &people[(random >> 8) % TENANTS];
                take_turn(actor, name, (client + turn) % 10).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

async fn take_turn(actor: &Actor, name: &str, kind: usize) {
    match kind {
        0 => {
            let text = json!({ "text": "BEGIN; DELETE FROM projects; ROLLBACK; BEGIN; SELECT 1" });
            let raw = actor.post("/careless/raw", &text).await;
            assert!(matches!(raw.status, 200 | 500), "{}", raw.text);
        }
        1 => {
            let nap = actor.request(Method::POST, "/careless/nap");
            let gone = nap.timeout(Duration::from_millis(50)).json(&Value::Null);
            assert!(gone.send().await.is_err());
        }
        2 => {
            actor.post("/careless/forget", &json!({})).await.expect(200);
        }
        _ => assert_eq!(projects(actor).await, [name]),
    }
}
