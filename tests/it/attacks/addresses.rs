//! API7, server side request forgery, and its kin: nothing in a request says where the server connects to, where a mail's link leads, or who
//! gets a mail. No operation takes an address to fetch; keys named by a token's header (`jku`, `x5u`) are attacked in `auth::attacks`.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tenantry::domains::access::Role;
use tenantry::testkit::Answer;

use super::refused;
use crate::contract::document::{document, operations};
use crate::contract::samples;
use crate::contract::world::World;
use crate::mails::Post;
use crate::program::owner;

/// Names of fields that could take an address to fetch.
const FETCHED: [&str; 9] = [
    "url", "uri", "href", "link", "callback", "redirect", "host", "endpoint", "image",
];

#[test]
fn no_body_and_no_query_takes_an_address_that_the_server_could_fetch() {
    let mut found = Vec::new();
    let suspicious = |name: &str| {
        name.split('_')
            .any(|word| FETCHED.contains(&word.trim_end_matches('s')))
    };
    for operation in operations() {
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            if suspicious(name) {
                found.push(format!("{} ?{name}", operation.name));
            }
        }
        let body = samples::body(&operation.name).unwrap_or_default();
        let fields = body.as_object().into_iter().flatten();
        for (name, _) in fields.filter(|(name, _)| suspicious(name)) {
            found.push(format!("{} {name}", operation.name));
        }
    }
    let schemas = document()["components"]["schemas"].clone();
    for (schema, about) in schemas.as_object().unwrap() {
        for (field, about) in about["properties"].as_object().into_iter().flatten() {
            if about["format"] == "uri" && suspicious(field) {
                found.push(format!("{schema}/{field}"));
            }
        }
    }
    assert!(
        found.is_empty(),
        "attack these with private addresses here: {found:?}"
    );
}

/// No addresses, or more than one, or an address and what else a mail's head could hold.
const NO_ADDRESSES: [&str; 18] = [
    "eve@example.com\r\nBcc: all@example.com",
    "eve@example.com\nBcc: all@example.com",
    "eve@example.com\r\n\r\nA body of mine",
    "eve@example.com%0d%0aBcc: all@example.com ",
    "eve@example.com, all@example.com",
    "eve@example.com;all@example.com",
    "<eve@example.com>",
    "Eve <eve@example.com>",
    "eve@example.com> SIZE=1 <x@example.com",
    "eve@ex\u{2028}ample.com",
    "eve@example.com\u{0}",
    "eve@example@example.com",
    "eve@",
    "@example.com",
    "eve",
    "eve@exam ple.com",
    "eve@example.com\u{202e}",
    "\"a b\n\"@example.com",
];

/// Every pointer to a field called `email`.
fn emails(value: &Value, at: &str) -> Vec<String> {
    let Some(fields) = value.as_object() else {
        return Vec::new();
    };
    let below = fields.iter().flat_map(|(name, value)| {
        let at = format!("{at}/{name}");
        let mut found = emails(value, &at);
        if name == "email" {
            found.push(at);
        }
        found
    });
    below.collect()
}

#[tokio::test]
async fn no_field_for_an_address_takes_what_is_none() {
    let world = World::new().await;
    let mut tried = 0;
    for operation in operations().iter().filter(|o| o.has_body()) {
        let sample = samples::body(&operation.name).unwrap();
        for at in emails(&sample, "") {
            for address in NO_ADDRESSES {
                let mut body = sample.clone();
                *body.pointer_mut(&at).unwrap() = json!(address);
                let answer = Answer::of(world.bare(operation).json(&body)).await;
                let what = format!("{} {at} {address:?}", operation.name);
                // These answer to nothing what they answer to everything.
                let silent = answer.status == 202 && !operation.needs_credential();
                if !silent {
                    refused(&what, &answer, &[401, 404, 422]);
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

type Lie = (&'static str, &'static str);

/// What a client says of where it came to.
const LIES: [&[Lie]; 7] = [
    &[("host", "evil.example")],
    &[("x-forwarded-host", "evil.example")],
    &[
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
    ],
    &[("forwarded", "host=evil.example;proto=http")],
    &[
        ("x-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
    ],
    &[
        ("x-original-host", "evil.example"),
        ("x-http-host-override", "evil.example"),
    ],
    &[
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ],
];

fn lying(request: RequestBuilder, lies: &[Lie]) -> RequestBuilder {
    lies.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

#[tokio::test]
async fn links_in_mails_lead_where_the_configuration_says_whatever_host_a_request_names() {
    let post = Post::new().await;
    let ada = post.tenant.member("ada").await;
    let bob = post.tenant.member("bob").await;
    let sql = owner(&post.database).await;
    let unverify = format!(
        "UPDATE {}.users SET email_verified = false WHERE email = 'bob@example.com'",
        post.tenant.schema()
    );
    sql.batch_execute(&unverify).await.unwrap();
    let _ = bob;
    for (n, lies) in LIES.iter().enumerate() {
        let ask = |path: &str, email: &str| {
            let request = post.tenant.anonymous().request(Method::POST, path);
            lying(request, lies).json(&json!({ "email": email }))
        };
        Answer::of(ask("/auth/forgot-password", "ada@example.com"))
            .await
            .expect(202);
        Answer::of(ask("/auth/resend-verification", "bob@example.com"))
            .await
            .expect(202);
        let new = json!({ "email": format!("new{n}@example.com") });
        let change = ada.request(Method::PATCH, &format!("/users/{}/email", ada.id()));
        Answer::of(lying(change, lies).json(&new)).await.expect(202);
        let count = n + 1;
        let confirm = post.catcher.mail_to(&format!("new{n}@example.com")).await;
        let verify = post
            .catcher
            .mails_to("bob@example.com", count)
            .await
            .remove(n);
        for mail in [&confirm, &verify] {
            let expected = format!("http://{}.localhost:", post.tenant.slug());
            assert!(
                mail.link().starts_with(&expected),
                "{lies:?}: {}",
                mail.link()
            );
        }
        let own = post.catcher.all_to("ada@example.com");
        for mail in own.iter().chain([&confirm, &verify]) {
            assert!(
                !mail.raw.contains("evil")
                    && !mail.text().contains("evil")
                    && !mail.html().contains("evil"),
                "{lies:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_people_call_themselves_adds_nothing_to_a_mails_head_or_markup() {
    let post = Post::new().await;
    let admin = post.tenant.admin("root").await;
    let names = [
        "Eve\r\nBcc: all@example.com",
        "Eve\nX-Evil: 1",
        "Eve\r\n\r\nA body of mine",
        "<img src=https://evil.example/x>",
        "<a href='https://evil.example'>reset</a>",
        "{{ token }} ${token} %(token)s",
    ];
    for (n, name) in names.iter().enumerate() {
        let email = format!("eve{n}@example.com");
        let person = json!({ "email": email, "name": name, "role": Role::Guest.as_str(), "password": "eight green submarines" });
        let made = admin.post("/users", &person).await;
        if made.status == 422 {
            continue;
        }
        made.expect(201);
        let ask = json!({ "email": email });
        post.tenant
            .anonymous()
            .post("/auth/forgot-password", &ask)
            .await
            .expect(202);
        let mail = post.catcher.mail_to(&email).await;
        let (head, _) = mail.raw.split_once("\r\n\r\n").unwrap();
        let lines = head.lines().map(str::to_lowercase);
        let injected = lines.filter(|l| l.starts_with("bcc:") || l.starts_with("x-evil:"));
        assert_eq!(injected.count(), 0, "{head}");
        let html = mail.html();
        assert!(
            !html.contains("<img src=https://evil") && !html.contains("<a href='https://evil"),
            "{html}"
        );
        assert!(post.catcher.all_to("all@example.com").is_empty());
    }
}
