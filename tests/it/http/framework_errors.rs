//! Every failure is a problem, whoever raised it.

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fixture::{problem, start};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let server = start().await;
    for path in [
        "/",
        "/nothing",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/things/",
    ] {
        problem(server.get(path).await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = start().await;
    for (path, allow) in [
        ("/api/v1/things", "GET, HEAD, POST"),
        (&format!("/api/v1/things/{ID}"), "DELETE, GET, HEAD"),
        ("/health", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
    ] {
        for method in [Method::PATCH, Method::OPTIONS] {
            let response = server.request(method, path).send().await.unwrap();
            assert_eq!(response.headers()["allow"], allow, "{path}");
            problem(response, 405, "method_not_allowed").await;
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let server = start().await;
    let head = server.request(Method::HEAD, "/api/v1/things/mine");
    let head = head.send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let head = server.request(Method::HEAD, "/api/v1/nothing");
    assert_eq!(head.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_path_that_can_name_nothing_is_not_found() {
    let server = start().await;
    for path in [
        "/api/v1/things/not-a-uuid",
        "/api/v1/things/%d0",
        "/api/v1/things/%00",
        "/api/v1/named/%ff/parts/x",
        "/api/v1/named/a%00b/parts/x",
    ] {
        problem(server.get(path).await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn fixed_words_beat_parameters() {
    let server = start().await;
    let mine: Value = server
        .get("/api/v1/things/mine")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(mine, "mine");
}

#[tokio::test]
async fn a_very_long_address_is_refused() {
    let server = start().await;
    let path = format!("/api/v1/named/{}/parts/x", "a".repeat(9000));
    let response = server.get(&path).await;
    assert_eq!(response.status(), 414);
    let told: Value = response.json().await.unwrap();
    assert_eq!(told["code"], "uri_too_long");
    assert_eq!(told["instance"].as_str().unwrap().len(), 1024);
    let query = format!("/api/v1/things?cursor={}", "a".repeat(9000));
    problem(server.get(&query).await, 414, "uri_too_long").await;
}

#[tokio::test]
async fn a_missing_credential_is_challenged_without_a_reproach() {
    let server = start().await;
    let response = server.get("/api/v1/secret").await;
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    problem(response, 401, "unauthenticated").await;
}

#[tokio::test]
async fn a_wrong_credential_is_told_so() {
    let server = start().await;
    let request = server.request(Method::GET, "/api/v1/secret");
    let response = request.bearer_auth("wrong").send().await.unwrap();
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer error=\"invalid_token\""
    );
    problem(response, 401, "token_invalid").await;
}

#[tokio::test]
async fn a_failure_that_passes_says_when_to_come_back() {
    let server = start().await;
    let limited = server.get("/api/v1/fails/limited").await;
    assert_eq!(limited.headers()["retry-after"], "60");
    problem(limited, 429, "rate_limited").await;
    let unavailable = server.get("/api/v1/fails/unavailable").await;
    assert_eq!(unavailable.headers()["retry-after"], "1");
    problem(unavailable, 503, "no_connection").await;
    let gone = server.get("/api/v1/fails/gone").await;
    assert!(!gone.headers().contains_key("retry-after"));
    problem(gone, 410, "invite_expired").await;
}

#[tokio::test]
async fn a_failure_of_ours_tells_nothing_and_is_logged_once() {
    for (kind, cause) in [
        ("internal", "the secret cause"),
        ("careless", "the secret detail"),
        ("panic", "the secret panic"),
    ] {
        let server = start().await;
        let path = format!("/api/v1/fails/{kind}");
        let told = problem(server.get(&path).await, 500, "internal_error").await;
        assert!(!told.to_string().contains("secret"), "{told}");
        let lines = server.request_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["request_id"], told["request_id"]);
        assert!(lines[0]["error"].as_str().unwrap().contains(cause));
        problem(server.get("/api/v1/nothing").await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn a_request_in_no_form_of_ours_does_no_harm() {
    let server = start().await;
    for head in [
        "OPTIONS * HTTP/1.1",
        "GET http://elsewhere/api/v1/nothing HTTP/1.1",
        "CONNECT elsewhere:443 HTTP/1.1",
        "BREW /api/v1/nothing HTTP/1.1",
    ] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let request = format!("{head}\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{head}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}
