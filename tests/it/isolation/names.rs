//! Names that try to be more than names: as slugs of new tenants, in `X-Tenant-ID` and in hosts.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tenantry::api::TENANT_HEADER;
use tenantry::testkit::{Answer, TestDatabase, TestServer, TestTenant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BAD: &[&str] = &[
    "x'; DROP SCHEMA public CASCADE; --",
    "\"; SET ROLE postgres; --",
    "acme\"",
    "$1",
    "acme_corp",
    "Acme",
    "ACME-CORP",
    "acme corp",
    "acme.corp",
    "../acme",
    "%61cme",
    "äcme",
    "аcme",
    "acme\u{200b}",
    "租户",
    "-acme",
    "acme-",
    "acme--corp",
    "1acme",
    "a",
    "",
];

const RESERVED: &[&str] = &[
    "public",
    "platform",
    "admin",
    "www",
    "api",
    "localhost",
    // In the header they would be taken for ids.
    "deadbeefdeadbeefdeadbeefdeadbeef",
    "deadbeef-dead-beef-dead-beefdeadbeef",
];

fn body(slug: &str) -> Value {
    json!({
        "slug": slug, "name": "Acme",
        "admin": { "email": "ada@example.com", "name": "Ada", "password": TestTenant::PASSWORD },
    })
}

fn too_long() -> String {
    "a".repeat(64)
}

#[tokio::test]
async fn a_slug_is_never_more_than_a_name() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    operator
        .post("/tenants", &body("acme-corp"))
        .await
        .expect(201);
    let long = too_long();
    for slug in BAD
        .iter()
        .chain(RESERVED)
        .copied()
        .chain([&*long, "ac\0me"])
    {
        let answer = operator.post("/tenants", &body(slug)).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(
            problem["errors"][0]["pointer"], "/slug",
            "{slug}: {problem}"
        );
    }
    let longest = "a".repeat(63);
    operator.post("/tenants", &body(&longest)).await.expect(201);
    let page = operator.get("/tenants").await.expect(200);
    let slugs = page["data"].as_array().unwrap().iter();
    let slugs: Vec<&Value> = slugs.map(|tenant| &tenant["slug"]).collect();
    assert_eq!(slugs, ["platform", "acme-corp", &longest]);
    drop(server);
}

#[tokio::test]
async fn a_header_that_is_no_name_names_nobody() {
    let tenant = TestTenant::new().await;
    let ann = tenant.member("ann").await;
    let (long, shouted) = (too_long(), tenant.slug().as_str().to_uppercase());
    let names = BAD.iter().copied().filter(|name| !name.is_empty());
    for name in names.chain(["public", "pg_catalog", tenant.schema(), &*long, &*shouted]) {
        let value = HeaderValue::from_bytes(name.as_bytes()).unwrap();
        let nameless = ann.clone().naming(None);
        let request = nameless.request(Method::GET, "/projects");
        let answer = Answer::of(request.header(TENANT_HEADER, value)).await;
        answer.expect_problem(404, "tenant_not_found");
    }
    let not_utf8 = HeaderValue::from_bytes(b"ac\xff\xfeme").unwrap();
    let request = ann.naming(None).request(Method::GET, "/projects");
    let answer = Answer::of(request.header(TENANT_HEADER, not_utf8)).await;
    answer.expect_problem(404, "tenant_not_found");
}

#[tokio::test]
async fn a_host_that_is_no_name_names_nobody() {
    let tenant = TestTenant::new().await;
    let nameless = tenant.member("ann").await.naming(None);
    for label in ["acme_corp", "x'; DROP SCHEMA public; --", &too_long()] {
        let request = nameless.request(Method::GET, "/projects");
        let answer = Answer::of(request.header("host", format!("{label}.localhost"))).await;
        assert!(
            matches!(answer.status, 400 | 404),
            "{label}: {}",
            answer.text
        );
    }
    let host = format!("{}.LOCALHOST:80", tenant.slug().as_str().to_uppercase());
    let request = nameless.request(Method::GET, "/tenant");
    let answer = Answer::of(request.header("host", host)).await;
    assert_eq!(answer.expect(200)["slug"], tenant.slug().as_str());
}

#[tokio::test]
async fn a_header_with_a_nul_is_refused() {
    let server = TestServer::shared().await;
    let url = server.url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    let request = b"GET /api/v1/projects HTTP/1.1\r\nhost: x\r\nX-Tenant-ID: ac\0me\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
