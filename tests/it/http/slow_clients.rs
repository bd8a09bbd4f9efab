//! Clients that take their time, alone and by the hundred.

use std::time::{Duration, Instant};

use tenantry::api::Shell;
use tenantry::api::server::Bounds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fixture::{Server, WIDE, problem_in, rest_of, start_within};

const BOUND: Duration = Duration::from_millis(300);
/// Between requests a connection is kept so long: longer than a busy machine stands still.
const IDLE: Duration = Duration::from_secs(3);
/// What a busy machine may add to a bound. Without one, nothing ever comes.
const SOON: Duration = Duration::from_secs(5);

async fn strict() -> Server {
    let bounds = Bounds {
        head: BOUND,
        body: BOUND,
        idle: IDLE,
        ..WIDE
    };
    start_within(Shell::default(), bounds).await
}

#[tokio::test]
async fn half_a_head_is_a_timeout_however_often_a_byte_comes() {
    let server = strict().await;
    let begun = Instant::now();
    let stream = server.connect().await;
    let (mut reader, mut writer) = stream.into_split();
    let drip = async {
        writer
            .write_all(b"GET /health HTTP/1.1\r\nx: ")
            .await
            .unwrap();
        while writer.write_all(b"y").await.is_ok() {
            tokio::time::sleep(BOUND / 10).await;
        }
    };
    let mut answer = String::new();
    let read = async {
        let mut buf = [0; 1024];
        while !answer.ends_with('}') {
            let length = reader.read(&mut buf).await.unwrap();
            answer.push_str(std::str::from_utf8(&buf[..length]).unwrap());
        }
    };
    tokio::select! {
        biased;
        () = read => {}
        () = drip => panic!("closed without an answer"),
    }
    assert!(begun.elapsed() >= BOUND && begun.elapsed() < SOON);
    let told = problem_in(&answer, 408, "request_timeout");
    let line = server.request_line().await;
    assert_eq!(line["status"], 408);
    assert_eq!(line["request_id"], told["request_id"]);
    assert_eq!(line["client"], "127.0.0.1");
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_closed_without_a_word() {
    let server = strict().await;
    let begun = Instant::now();
    let mut silent = server.connect().await;
    assert_eq!(rest_of(&mut silent).await, "");
    let took = begun.elapsed();
    assert!(took >= BOUND && took < SOON, "{took:?}");
    assert!(server.request_lines().is_empty());
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_for_a_while() {
    let server = strict().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream
            .write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        // Longer than a head may take.
        tokio::time::sleep(BOUND + BOUND / 2).await;
    }
    let begun = Instant::now();
    let answers = rest_of(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3, "{answers}");
    let took = begun.elapsed();
    assert!(took < IDLE + SOON, "{took:?}");
}

#[tokio::test]
async fn half_a_body_is_a_timeout_however_often_a_byte_comes() {
    let server = strict().await;
    for drips in [false, true] {
        let mut stream = server.connect().await;
        let head = "POST /api/v1/things HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
        let begun = Instant::now();
        stream.write_all(head.as_bytes()).await.unwrap();
        while drips && begun.elapsed() < BOUND * 9 / 10 {
            stream.write_all(b" ").await.unwrap();
            tokio::time::sleep(BOUND / 10).await;
        }
        let answer = rest_of(&mut stream).await;
        let took = begun.elapsed();
        assert!(took >= BOUND && took < SOON, "{took:?}");
        problem_in(&answer, 408, "request_timeout");
    }
    assert_eq!(server.request_line().await["code"], "request_timeout");
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_cut_off() {
    let server = strict().await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /api/v1/large HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(4 * BOUND).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert!(answer.len() < 64 * 1024 * 1024, "all of it came");
}

#[tokio::test]
async fn five_hundred_clients_that_send_a_byte_now_and_then_hinder_nobody() {
    let server = strict().await;
    let mut slow = Vec::new();
    for _ in 0..500 {
        let stream = server.connect().await;
        slow.push(tokio::spawn(async move {
            let (mut reader, mut writer) = stream.into_split();
            let drip = async {
                for byte in b"GET /health HTTP/1.1\r\nhost: slow\r\n".iter().cycle() {
                    if writer.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(BOUND / 5).await;
                }
            };
            let mut answer = [0; 12];
            tokio::select! {
                biased;
                read = reader.read_exact(&mut answer) => read.ok().map(|_| answer),
                () = drip => None,
            }
        }));
    }
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(server.get("/health").await.status(), 200);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
    for client in slow {
        assert_eq!(&client.await.unwrap().unwrap(), b"HTTP/1.1 408");
    }
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_until_another_ends() {
    let bounds = Bounds {
        connections: 2,
        ..WIDE
    };
    let server = start_within(Shell::default(), bounds).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let third = server.request(reqwest::Method::GET, "/health").send();
    tokio::pin!(third);
    let early = tokio::time::timeout(BOUND, &mut third).await;
    assert!(early.is_err(), "a third connection was served");
    drop(first);
    assert_eq!(third.await.unwrap().status(), 200);
}
