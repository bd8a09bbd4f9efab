//! One tenant's credential, or ids, brought to another tenant, whichever way that tenant is named.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tenantry::api::TENANT_HEADER;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

struct Two {
    ann: Actor,
    ben: Actor,
    a: TestTenant,
    b: TestTenant,
}

/// Two tenants on the shared server, which knows hosts below `localhost` and trusts no proxy.
async fn two() -> Two {
    let (a, b) = (TestTenant::new().await, TestTenant::new().await);
    let (ann, ben) = (a.member("ann").await, b.member("ben").await);
    Two { ann, ben, a, b }
}

fn ask(actor: &Actor) -> RequestBuilder {
    actor.request(Method::GET, "/tenant")
}

fn host(tenant: &TestTenant) -> String {
    format!("{}.localhost", tenant.slug())
}

#[tokio::test]
async fn a_token_does_not_open_the_tenant_that_the_header_names() {
    let Two { ann, b, a: _a, .. } = two().await;
    for name in [b.slug().to_string(), b.id().to_string()] {
        let stranger = ann.clone().naming(Some(&name));
        for path in ["/tenant", "/projects", "/users/me"] {
            let answer = stranger.get(path).await;
            answer.expect_problem(403, "tenant_mismatch");
        }
        let body = json!({ "name": "x" });
        let answer = stranger.post("/projects", &body).await;
        answer.expect_problem(403, "tenant_mismatch");
    }
}

#[tokio::test]
async fn a_token_does_not_open_the_tenant_that_the_host_names() {
    let Two { ann, a, b, .. } = two().await;
    let nameless = ann.naming(None);
    let own = Answer::of(ask(&nameless).header("host", host(&a))).await;
    assert_eq!(own.expect(200)["slug"], a.slug().as_str());
    let other = Answer::of(ask(&nameless).header("host", host(&b))).await;
    other.expect_problem(403, "tenant_mismatch");
}

#[tokio::test]
async fn a_token_does_not_tell_whether_another_tenant_is_suspended() {
    let Two { ann, a: _a, b, .. } = two().await;
    let operator = b.server().operator().await;
    let path = format!("/tenants/{}/suspend", b.id());
    operator.post(&path, &json!({})).await.expect(200);
    let stranger = ann.naming(Some(b.slug().as_str()));
    let answer = stranger.get("/projects").await;
    answer.expect_problem(403, "tenant_mismatch");
}

#[tokio::test]
async fn a_token_does_not_open_the_platform() {
    let Two { ann, a: _a, .. } = two().await;
    let answer = ann.naming(Some("platform")).get("/projects").await;
    answer.expect_problem(403, "tenant_mismatch");
}

#[tokio::test]
async fn a_host_and_a_header_that_disagree_are_a_conflict() {
    let Two { ann, a, b, .. } = two().await;
    let (slug_of_a, slug_of_b) = (a.slug().to_string(), b.slug().to_string());
    for (named, host) in [
        (&*slug_of_a, host(&b)),
        (&*slug_of_b, host(&a)),
        ("nobody-has-this-name", host(&a)),
        (&*slug_of_a, "nobody-has-this-name.localhost".to_owned()),
    ] {
        let request = ask(&ann.clone().naming(Some(named))).header("host", host);
        let answer = Answer::of(request).await;
        answer.expect_problem(400, "tenant_conflict");
    }
    let id = a.id().to_string();
    let agreed = ask(&ann.naming(Some(&id))).header("host", host(&a));
    Answer::of(agreed).await.expect(200);
}

#[tokio::test]
async fn two_headers_that_disagree_are_a_conflict() {
    let Two { ann, a, b, .. } = two().await;
    for named in [&a, &b] {
        for further in [&a, &b] {
            let actor = ann.clone().naming(Some(named.slug().as_str()));
            let request = ask(&actor).header(TENANT_HEADER, further.slug().as_str());
            let answer = Answer::of(request).await;
            match (named.id() == further.id(), named.id() == a.id()) {
                (true, true) => drop(answer.expect(200)),
                (true, false) => drop(answer.expect_problem(403, "tenant_mismatch")),
                (false, _) => drop(answer.expect_problem(400, "tenant_conflict")),
            }
        }
    }
}

#[tokio::test]
async fn a_forwarded_host_from_an_untrusted_peer_names_nobody() {
    let Two { ann, a, b, .. } = two().await;
    for forwarded in [&a, &b] {
        let request = ask(&ann.clone().naming(None)).header("x-forwarded-host", host(forwarded));
        let answer = Answer::of(request).await;
        answer.expect_problem(400, "tenant_required");
    }
    let request = ask(&ann.naming(None))
        .header("host", host(&a))
        .header("x-forwarded-host", host(&b));
    assert_eq!(
        Answer::of(request).await.expect(200)["slug"],
        a.slug().as_str()
    );
}

#[tokio::test]
async fn a_forwarded_host_from_a_trusted_peer_names_the_tenant() {
    let database = TestDatabase::new().await;
    let mut config = database.config.clone();
    config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = TestServer::start_with(&config).await;
    let (a, b) = (TestTenant::on(&server).await, TestTenant::on(&server).await);
    let ann = a.member("ann").await.naming(None);
    let own = ask(&ann).header("x-forwarded-host", host(&a));
    Answer::of(own).await.expect(200);
    let other = ask(&ann)
        .header("host", host(&a))
        .header("x-forwarded-host", host(&b));
    let answer = Answer::of(other).await;
    answer.expect_problem(403, "tenant_mismatch");
    drop((a, b, server));
}

#[tokio::test]
async fn an_id_of_one_tenant_is_unknown_in_another() {
    let Two { ann, ben, a, b: _b } = two().await;
    let body = json!({ "name": "secret" });
    let made = ann.post("/projects", &body).await.expect(201);
    let path = format!("/projects/{}", made["id"].as_str().unwrap());
    let admin = ben.clone();
    for answer in [
        admin.get(&path).await,
        admin.put(&path, &body).await,
        admin.patch(&path, &body).await,
        admin.delete(&path).await,
        admin.get(&format!("/users/{}", ann.id())).await,
        admin.get(&format!("/tenants/{}", a.id())).await,
    ] {
        assert!(
            matches!(answer.status, 403 | 404),
            "{} {}",
            answer.status,
            answer.text
        );
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
    ben.get(&path).await.expect_problem(404, "not_found");
    ann.get(&path).await.expect(200);
}
