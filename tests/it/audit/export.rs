//! The log as a file: sent while it is read, with the filters of the list.

use reqwest::Method;
use serde_json::Value;
use tenantry::testkit::{Actor, TestTenant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Owned, make_projects};

/// Many pages of lines.
const MANY: usize = 6000;

async fn with_many_lines(owned: &Owned) -> (TestTenant, Actor) {
    let acme = TestTenant::on(&owned.server).await;
    let admin = acme.admin("ada").await;
    let lines = format!(
        "INSERT INTO audit_log (id, at, actor_kind, action, resource, user_agent) \
         SELECT gen_random_uuid(), now(), 'system', 'a.b', 'many', repeat('x', 400) FROM generate_series(1, {})",
        MANY / 12
    );
    for _ in 0..12 {
        owned.tamper(&acme, &lines).await;
    }
    (acme, admin)
}

#[tokio::test]
async fn ndjson_has_every_entry_oldest_first() {
    let owned = Owned::new().await;
    let (_acme, admin) = with_many_lines(&owned).await;
    let answer = admin.get("/audit/export?resource=many").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"audit.ndjson\""
    );
    let lines = answer.text.lines();
    let entries: Vec<Value> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
    let places: Vec<i64> = entries.iter().map(|e| e["seq"].as_i64().unwrap()).collect();
    assert_eq!(places, (2..=6001).collect::<Vec<_>>());
}

#[tokio::test]
async fn csv_is_read_by_a_spreadsheet_as_text_and_nothing_else() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let evil = "=HYPERLINK(\"http://evil.example\"),\"x\"";
    let body = serde_json::json!({ "name": "a,\"b\"\n=c" });
    let request = admin.request(Method::POST, "/projects").json(&body);
    let request = request.header("user-agent", evil);
    assert_eq!(request.send().await.unwrap().status(), 201);

    let answer = admin.get("/audit/export?format=csv").await;
    assert_eq!(answer.header("content-type"), "text/csv");
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: &csv::StringRecord, name: &str| {
        let at = columns.iter().position(|column| column == name).unwrap();
        row[at].to_owned()
    };
    assert_eq!(rows.len(), 2);
    assert_eq!(cell(&rows[0], "action"), "user.created");
    assert_eq!(cell(&rows[1], "user_agent"), format!("'{evil}"));
    let after: Value = serde_json::from_str(&cell(&rows[1], "after")).unwrap();
    assert_eq!(after["name"], "a,\"b\"\n=c");
}

#[tokio::test]
async fn the_first_bytes_come_before_the_last_page_is_read() {
    let owned = Owned::new().await;
    let (acme, admin) = with_many_lines(&owned).await;
    // The program cannot read this last line, and hears of it on the last page only.
    let unreadable = "INSERT INTO audit_log (id, at, actor_kind, action, resource) \
        VALUES (gen_random_uuid(), 'infinity', 'system', 'a.b', 'many')";
    owned.tamper(&acme, unreadable).await;

    let address = owned.server.url().replace("http://", "");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/audit/export HTTP/1.1\r\nhost: a\r\nx-tenant-id: {}\r\nauthorization: Bearer {}\r\n\r\n",
        acme.slug(),
        admin.token().unwrap()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    let lines = text.matches("\"action\"").count();
    assert!(lines > MANY / 2, "only {lines} lines came before it");
    let end = &text[text.len() - 40..];
    assert!(!end.ends_with("0\r\n\r\n"), "a failure looks like the end");
}

#[tokio::test]
async fn an_export_that_nothing_matches_is_empty_and_whole() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make_projects(&admin, &["a"]).await;
    let answer = admin.get("/audit/export?action=no.such").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    let answer = admin.get("/audit/export?action=no.such&format=csv").await;
    assert_eq!(answer.text.lines().count(), 1);
}
