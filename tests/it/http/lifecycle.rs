//! Health, and the way out.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tenantry::api::Shell;
use tenantry::api::server::Bounds;
use tenantry::readiness::{PartState, Readiness};

use tokio::io::AsyncWriteExt;

use super::fixture::{Server, WIDE, mistakes, problem, rest_of, start_with, start_within};

const SOON: Duration = Duration::from_secs(20);

/// A request that is under way.
async fn slow(server: &Server) -> tokio::task::JoinHandle<reqwest::Result<reqwest::Response>> {
    let request = tokio::spawn(server.request(Method::GET, "/api/v1/slow").send());
    server.begun.notified().await;
    request
}

async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_process_lives_before_it_is_ready() {
    let shell = Shell {
        readiness: Readiness::of(&["database", "migrations"]),
        ..Shell::default()
    };
    let server = start_with(shell, SOON).await;
    assert_eq!(server.get("/health").await.status(), 200);
    server.readiness.set("database", PartState::Up);
    let response = server.get("/health/ready").await;
    assert_eq!(response.headers()["retry-after"], "1");
    let told = problem(response, 503, "not_ready").await;
    assert_eq!(mistakes(&told), ["/parts/migrations starting"]);
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("database is up, migrations is starting"));

    server.readiness.set("migrations", PartState::Up);
    let ready: Value = server.get("/health/ready").await.json().await.unwrap();
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["parts"]["database"], "up");
}

#[tokio::test]
async fn a_stop_is_told_for_a_while_and_then_waits_for_what_is_under_way() {
    let notice = Duration::from_secs(3);
    let bounds = Bounds {
        notice,
        drain: 3 * SOON,
        ..WIDE
    };
    let server = start_within(Shell::default(), bounds).await;
    let under_way = slow(&server).await;
    let mut idle = server.connect().await;
    let readiness = server.request(Method::GET, "/health/ready");
    a_moment().await;
    server.stop.send(()).await.unwrap();
    a_moment().await;
    let response = readiness.send().await.unwrap();
    assert_eq!(response.headers()["connection"], "close");
    problem(response, 503, "draining").await;

    tokio::time::sleep(notice).await;
    a_moment().await;
    let refused = server.request(Method::GET, "/health").send().await;
    assert!(refused.unwrap_err().is_connect());
    assert_eq!(rest_of(&mut idle).await, "");
    assert!(!server.running.is_finished());

    server.go_on.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap().status(), 200);
    tokio::time::timeout(SOON, server.running)
        .await
        .expect("the server stops")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_answer_that_is_still_being_sent_is_under_way() {
    let server = start_with(Shell::default(), 3 * SOON).await;
    let mut stream = server.connect().await;
    let request = b"GET /api/v1/large HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.readable().await.unwrap();
    server.stop.send(()).await.unwrap();
    a_moment().await;
    assert!(!server.running.is_finished());
    assert!(rest_of(&mut stream).await.len() > 64 * 1024 * 1024);
    tokio::time::timeout(SOON, server.running)
        .await
        .expect("the server stops")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_idle_server_stops_at_once_even_with_an_open_connection() {
    let server = start_with(Shell::default(), 3 * SOON).await;
    let client = reqwest::Client::new();
    client
        .get(format!("{}/health", server.base))
        .send()
        .await
        .unwrap();
    let begun = Instant::now();
    server.stop.send(()).await.unwrap();
    server.running.await.unwrap().unwrap();
    assert!(begun.elapsed() < SOON, "it waited for the limit");
}

#[tokio::test]
async fn the_drain_limit_ends_the_waiting_and_leaves_a_line() {
    let mut server = start_with(Shell::default(), Duration::from_millis(200)).await;
    let under_way = slow(&server).await;
    server.stop.send(()).await.unwrap();
    tokio::time::timeout(SOON, &mut server.running)
        .await
        .expect("the server stops")
        .unwrap()
        .unwrap();
    assert!(under_way.await.unwrap().is_err());
    assert_eq!(server.request_line().await["status"], 499);
}

#[tokio::test]
async fn a_second_stop_ends_the_waiting_too() {
    let server = start_with(Shell::default(), Duration::from_mins(1)).await;
    let _under_way = slow(&server).await;
    server.stop.send(()).await.unwrap();
    a_moment().await;
    assert!(!server.running.is_finished());
    server.stop.send(()).await.unwrap();
    tokio::time::timeout(SOON, server.running)
        .await
        .expect("the server stops")
        .unwrap()
        .unwrap();
}
