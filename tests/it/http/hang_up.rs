//! A client that goes away takes its request with it, over HTTP/1.1 and HTTP/2.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fixture::{Server, start};

/// Frames of HTTP/2.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_OF_BOTH: u8 = 0b101;

async fn expect_gone(server: &Server) {
    let line = server.request_line().await;
    assert_eq!(line["status"], 499);
    assert_eq!(line["code"], "connection_closed");
    // Nobody waits there any more, so this reaches nobody.
    server.go_on.notify_waiters();
    assert_eq!(server.request_lines().len(), 1);
}

#[tokio::test]
async fn a_client_that_gives_up_ends_its_request() {
    let server = start().await;
    let request = tokio::spawn(server.request(Method::GET, "/api/v1/slow").send());
    server.begun.notified().await;
    request.abort();
    expect_gone(&server).await;
}

#[tokio::test]
async fn a_client_that_closes_its_side_has_gone() {
    let server = start().await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /api/v1/slow HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    server.begun.notified().await;
    stream.shutdown().await.unwrap();
    expect_gone(&server).await;
}

/// A GET without anything else, in HPACK's literal forms.
fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend([0x01, 1, b'a']);
    block
}

async fn send(stream: &mut TcpStream, kind: u8, flags: u8, id: u8, payload: &[u8]) {
    let mut frame = vec![
        0,
        0,
        u8::try_from(payload.len()).unwrap(),
        kind,
        flags,
        0,
        0,
        0,
        id,
    ];
    frame.extend(payload);
    stream.write_all(&frame).await.unwrap();
}

/// The payload of the next frame of this kind.
async fn next(stream: &mut TcpStream, kind: u8) -> Vec<u8> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == kind {
            return payload;
        }
    }
}

async fn http2(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    send(&mut stream, SETTINGS, 0, 0, &[]).await;
    stream
}

#[tokio::test]
async fn http2_by_prior_knowledge_is_served() {
    let server = start().await;
    let mut stream = http2(&server).await;
    send(&mut stream, HEADERS, END_OF_BOTH, 1, &get("/health")).await;
    let head = next(&mut stream, HEADERS).await;
    assert_eq!(head[0], 0x88, "the status is not 200");
    assert_eq!(next(&mut stream, DATA).await, br#"{"status":"up"}"#);
}

#[tokio::test]
async fn a_request_of_http2_that_is_taken_back_ends_and_so_do_all_with_their_connection() {
    let server = start().await;
    let mut stream = http2(&server).await;
    send(&mut stream, HEADERS, END_OF_BOTH, 1, &get("/api/v1/slow")).await;
    server.begun.notified().await;
    send(&mut stream, RST_STREAM, 0, 1, &[0, 0, 0, 8]).await;
    expect_gone(&server).await;

    let server = start().await;
    let mut stream = http2(&server).await;
    send(&mut stream, HEADERS, END_OF_BOTH, 1, &get("/api/v1/slow")).await;
    server.begun.notified().await;
    drop(stream);
    expect_gone(&server).await;
}
