//! What every request and every response has: an id, a log line, safe headers, and CORS for those who were named.

use std::time::Duration;

use reqwest::Method;
use tenantry::api::Shell;

use super::fixture::{Server, problem, start, start_with};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

async fn id_for(server: &Server, path: &str, sent: &str) -> String {
    let request = server.request(Method::GET, path);
    let response = request.header("x-request-id", sent).send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap();
    id.to_owned()
}

#[tokio::test]
async fn a_sane_request_id_is_echoed_everywhere() {
    let server = start().await;
    for path in [
        "/health",
        "/docs",
        "/nothing",
        "/api/v1/secret",
        "/api/v1/fails/panic",
    ] {
        assert_eq!(id_for(&server, path, "My_id.1-2").await, "My_id.1-2");
    }
}

#[tokio::test]
async fn another_request_id_is_replaced_by_our_own() {
    let server = start().await;
    for sent in ["", "a b", "a\"b", "ä", &"a".repeat(129)] {
        let id = id_for(&server, "/health", sent).await;
        assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    }
}

#[tokio::test]
async fn a_request_leaves_one_line_with_what_is_known_of_it() {
    let server = start().await;
    let request = server
        .request(Method::GET, &format!("/api/v1/things/{ID}?secret=1"))
        .header("x-request-id", "one")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        );
    assert_eq!(request.send().await.unwrap().status(), 200);
    let lines = server.request_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    for (field, value) in [
        ("level", "INFO"),
        ("method", "GET"),
        ("route", "/api/v1/things/{id}"),
        ("request_id", "one"),
        ("tenant", "acme"),
        ("user", ID),
        ("client", "127.0.0.1"),
        ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
        ("parent_id", "b7ad6b7169203331"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert_eq!(line["status"], 200);
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(!line.to_string().contains("secret"));
}

#[tokio::test]
async fn a_refused_request_is_logged_with_its_code_and_never_its_path() {
    let server = start().await;
    for path in ["/api/v1/things/not-a-uuid", "/nothing/secret", "/docs"] {
        server.get(path).await;
    }
    let lines = server.request_lines();
    let routes: Vec<Option<&str>> = lines.iter().map(|line| line["route"].as_str()).collect();
    assert_eq!(routes, [Some("/api/v1/things/{id}"), None, Some("/docs")]);
    assert_eq!(lines[0]["code"], "not_found");
    assert!(lines.iter().all(|line| line["level"] == "INFO"));
}

#[tokio::test]
async fn what_an_untrusted_peer_says_of_itself_is_not_believed() {
    for (trusted, client) in [("10.0.0.0/8", "127.0.0.1"), ("127.0.0.0/8", "203.0.113.9")] {
        let shell = Shell {
            trusted_proxies: vec![trusted.parse().unwrap()],
            ..Shell::default()
        };
        let server = start_with(shell, Duration::from_secs(1)).await;
        let request = server.request(Method::GET, "/health");
        let request = request.header("x-forwarded-for", "1.1.1.1, 203.0.113.9");
        request.send().await.unwrap();
        assert_eq!(server.request_lines()[0]["client"], client);
    }
}

#[tokio::test]
async fn every_answer_has_safe_headers() {
    let server = start().await;
    for path in ["/health", "/nothing", "/api/v1/fails/panic"] {
        let response = server.get(path).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(response.headers()[name], value, "{path}");
        }
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin")
        );
        assert!(!response.headers().contains_key("vary"));
    }
}

const FRIEND: &str = "https://app.example.com";

async fn server_with_a_friend() -> Server {
    let shell = Shell {
        allowed_origins: vec![FRIEND.to_owned()],
        ..Shell::default()
    };
    start_with(shell, Duration::from_secs(1)).await
}

#[tokio::test]
async fn an_allowed_origin_may_read_answers_and_failures() {
    let server = server_with_a_friend().await;
    for (path, status) in [
        ("/health", 200),
        ("/nothing", 404),
        ("/api/v1/fails/panic", 500),
    ] {
        let request = server.request(Method::GET, path).header("origin", FRIEND);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["access-control-allow-origin"], FRIEND);
        assert_eq!(response.headers()["vary"], "Origin");
        let exposed = response.headers()["access-control-expose-headers"].to_str();
        assert!(exposed.unwrap().contains("x-request-id"));
    }
    let preflight = server
        .request(Method::OPTIONS, "/api/v1/things")
        .header("origin", FRIEND)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.status(), 200);
    assert_eq!(
        preflight.headers()["access-control-allow-headers"],
        "authorization"
    );
    assert!(preflight.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn another_origin_is_served_without_cors() {
    let server = server_with_a_friend().await;
    let request = server.request(Method::GET, "/health");
    let response = request.header("origin", &server.base).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    assert_eq!(response.headers()["vary"], "Origin");
    let preflight = server
        .request(Method::OPTIONS, "/api/v1/things")
        .header("origin", "https://app.example.com.evil")
        .header("access-control-request-method", "POST");
    let preflight = preflight.send().await.unwrap();
    problem(preflight, 405, "method_not_allowed").await;
}
