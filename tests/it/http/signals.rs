//! The program and SIGTERM: told first, drained then, and at once with the second.

use std::time::{Duration, Instant};

use tenantry::testkit::TestDatabase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::{Program, Server};

/// Cleaning up included, and less than a server waits for what is under way.
const SOON: Duration = Duration::from_secs(20);

async fn serving(database: &TestDatabase, notice: &str) -> Server {
    let program = Program::on(database).set("DRAIN_NOTICE_SECONDS", notice);
    program.serve().ready().await
}

/// The answer to a request for `path` on a connection of its own, if there is one to be had.
async fn get(server: &Server, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(server.address()).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// The first answer that is as wanted: a signal takes its time to be heard.
async fn until(server: &Server, path: &str, wanted: impl Fn(Option<&str>) -> bool) -> String {
    let began = Instant::now();
    loop {
        let answer = get(server, path).await;
        if wanted(answer.as_deref()) {
            return answer.unwrap_or_default();
        }
        assert!(began.elapsed() < SOON, "still {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_says_so_before_it_refuses_anybody() {
    let database = TestDatabase::new().await;
    let server = serving(&database, "5").await;
    server.terminate();
    let unready =
        |answer: Option<&str>| answer.is_some_and(|told| told.starts_with("HTTP/1.1 503"));
    let readiness = until(&server, "/health/ready", unready).await;
    assert!(readiness.contains("draining"), "{readiness}");
    let answer = get(&server, "/health").await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.ended_within(SOON).await, Some(0));
}

#[tokio::test]
async fn the_second_signal_does_not_wait_for_what_is_under_way() {
    let database = TestDatabase::new().await;
    let server = serving(&database, "0").await;
    let mut half = TcpStream::connect(server.address()).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\nx-tenant-id: platform\r\n\
        content-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n";
    half.write_all(head.as_bytes()).await.unwrap();
    // It reads the body: the request is under way.
    let mut go_on = [0; 25];
    half.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    half.write_all(b"{").await.unwrap();
    server.terminate();
    until(&server, "/health", |answer| answer.is_none()).await;
    // Nothing has come yet: the request under way is waited for.
    let early = tokio::time::timeout(Duration::from_millis(100), half.read_u8()).await;
    assert!(early.is_err(), "{early:?}");
    server.terminate();
    assert_eq!(server.ended_within(SOON).await, Some(0));
    assert!(half.read_u8().await.is_err());
}
