//! A body is checked against the schema in the document, and all its mistakes are told at once.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fixture::{Server, mistakes, problem, start};

async fn refused(server: &Server, body: &serde_json::Value) -> Vec<String> {
    let response = server.post(body.to_string()).await;
    mistakes(&problem(response, 422, "validation_failed").await)
}

#[tokio::test]
async fn a_right_body_comes_through() {
    let server = start().await;
    let body = json!({
        "name": "abc", "count": 10, "color": "red", "owner": "01890a5d-ac96-774b-bcce-b302099a8057",
        "made_at": "2026-01-02T03:04:05Z", "tags": ["x", "y"], "part": {"a": "ü", "b": -1}, "extra": {"any": [1, null]},
    });
    let response = server.post(body.to_string()).await;
    assert_eq!(response.status(), 201);
    let made: serde_json::Value = response.json().await.unwrap();
    assert_eq!(made["part"], body["part"]);
    assert_eq!(made["extra"], body["extra"]);
}

#[tokio::test]
async fn null_for_an_optional_field_is_like_leaving_it_out() {
    let server = start().await;
    let body = json!({"name": "abc", "count": null, "tags": null, "part": null});
    assert_eq!(server.post(body.to_string()).await.status(), 201);
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let server = start().await;
    let body = json!({
        "name": "A", "count": 11, "color": "green", "owner": "me", "made_at": "yesterday",
        "tags": ["a", "a", 3], "part": {"a": null, "c/d": 1}, "role": "admin", "extra": {"deep": ["a\u{0}b"]},
    });
    assert_eq!(
        refused(&server, &body).await,
        [
            "/color not_in_enum",
            "/count too_large",
            "/extra/deep/0 nul_character",
            "/made_at format",
            "/name pattern",
            "/name too_short",
            "/owner format",
            "/part/a wrong_type",
            "/part/b missing_field",
            "/part/c~1d unknown_field",
            "/role unknown_field",
            "/tags/1 not_unique",
            "/tags/2 wrong_type",
        ]
    );
}

#[tokio::test]
async fn bounds_are_kept_from_both_sides() {
    let server = start().await;
    for (body, mistake) in [
        (json!({}), "/name missing_field"),
        (json!({"name": "abcdefghi"}), "/name too_long"),
        (json!({"name": "a\u{0}"}), "/name nul_character"),
        (json!({"name": 1}), "/name wrong_type"),
        (json!({"name": null}), "/name wrong_type"),
        (json!({"name": "abc", "count": 0}), "/count too_small"),
        (json!({"name": "abc", "count": 1.5}), "/count wrong_type"),
        (json!({"name": "abc", "count": -1}), "/count too_small"),
        (
            json!({"name": "abc", "part": {"a": "", "b": 4_000_000_000_u32}}),
            "/part/b out_of_range",
        ),
        (
            json!({"name": "abc", "tags": ["a", "b", "c", "d"]}),
            "/tags too_many_items",
        ),
        (json!({"name": "abc", "part": []}), "/part wrong_type"),
        (json!([]), " wrong_type"),
        (json!(null), " wrong_type"),
    ] {
        assert!(
            refused(&server, &body).await.contains(&mistake.to_owned()),
            "{body} without {mistake}"
        );
    }
}

#[tokio::test]
async fn a_name_that_comes_twice_is_a_mistake() {
    let server = start().await;
    let response = server.post(r#"{"name":"abc","name":"abd"}"#).await;
    let told = problem(response, 422, "validation_failed").await;
    assert_eq!(mistakes(&told), ["/name duplicate_field"]);
}

#[tokio::test]
async fn a_body_of_rubbish_is_answered_briefly() {
    let server = start().await;
    let fields: serde_json::Map<_, _> = (0..10_000).map(|n| (format!("f{n}"), json!(1))).collect();
    let found = refused(&server, &fields.into()).await;
    assert_eq!(found.len(), 100);
}

#[tokio::test]
async fn what_is_no_json_is_malformed() {
    let server = start().await;
    for body in [
        b"".to_vec(),
        b"{".to_vec(),
        b"{\"name\":\"abc\"} x".to_vec(),
        b"{\"name\":\"\xff\"}".to_vec(),
        b"{\"name\":\"\\ud800\"}".to_vec(),
        "[".repeat(100_000).into_bytes(),
    ] {
        problem(server.post(body).await, 400, "malformed_json").await;
    }
}

#[tokio::test]
async fn another_media_type_is_unsupported() {
    let server = start().await;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/jsonp"),
        Some("rubbish"),
    ] {
        let mut request = server.request(Method::POST, "/api/v1/things").body("{}");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let response = request.send().await.unwrap();
        problem(response, 415, "unsupported_media_type").await;
    }
    let request = server.request(Method::POST, "/api/v1/things");
    let request = request.header("content-type", "application/json; charset=utf-8");
    let response = request.body(r#"{"name":"abc"}"#).send().await.unwrap();
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_too_large() {
    let server = start().await;
    let space = 1024 * 1024 - r#"{"name":"abc"}"#.len();
    let just = format!(r#"{{"name":"abc"{}}}"#, " ".repeat(space));
    assert_eq!(server.post(just.clone()).await.status(), 201);
    let response = server.post(format!("{just} ")).await;
    problem(response, 413, "payload_too_large").await;
}

#[tokio::test]
async fn a_chunked_body_beyond_the_limit_is_too_large() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let head = "POST /api/v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let (mut reader, mut writer) = stream.split();
    let send = async {
        for _ in 0..17 {
            if writer.write_all(chunk.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    let mut answer = [0; 12];
    let answered = async { tokio::join!(send, reader.read_exact(&mut answer)).1 };
    tokio::time::timeout(Duration::from_secs(5), answered)
        .await
        .expect("an answer before the body ends")
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_length_that_lies_ends_no_server() {
    let server = start().await;
    for (length, status) in [(5, "HTTP/1.1 400"), (99_999_999_999_u64, "HTTP/1.1 413")] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let request = format!(
            "POST /api/v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
            Content-Length: {length}\r\nConnection: close\r\n\r\n{{\"name\":\"abc\"}}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), status);
    }
    assert_eq!(server.get("/health").await.status(), 200);
}
