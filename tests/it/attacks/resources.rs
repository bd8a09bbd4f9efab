//! API4, unrestricted resource consumption: whatever a request asks for, it is refused within a second, and the server lives.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tenantry::testkit::Answer;

use super::refused;
use crate::contract::document::{Operation, operations};
use crate::contract::samples;
use crate::contract::world::{World, request, whole};

/// How long a refusal may take: a second, and as much again for a busy machine.
const QUICK: Duration = Duration::from_secs(2);
/// Refusals of what is too much, in one way or another. Credentials that are too long are wrong ones.
const REFUSALS: [u16; 9] = [400, 401, 403, 404, 405, 413, 414, 422, 431];

/// The answer, which came quickly. What is slow because of the machine's other work is quick another time.
async fn quick(what: &str, make: impl Fn() -> RequestBuilder) -> Answer {
    let mut slowest = Duration::ZERO;
    for _ in 0..6 {
        let started = Instant::now();
        let answer = Answer::of(make()).await;
        let took = started.elapsed();
        assert!(
            answer.status < 500,
            "{what}: {} {}",
            answer.status,
            answer.text
        );
        // Nor may a refusal be much to read.
        assert!(
            answer.text.len() < 300_000,
            "{what}: {} bytes",
            answer.text.len()
        );
        if took < QUICK {
            return answer;
        }
        slowest = slowest.max(took);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("{what} takes {slowest:?}");
}

fn typed(request: RequestBuilder, body: String) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(body)
}

fn with_bodies() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(Operation::has_body)
}

async fn lives(world: &World) {
    let health = Answer::of(
        world
            .tenant
            .anonymous()
            .request_root(Method::GET, "/health"),
    )
    .await;
    assert_eq!(health.status, 200);
}

/// Pointers of everything in a value, the value itself included.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let mut found = vec![at.to_owned()];
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.extend(pointers(value, &format!("{at}/{name}")));
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                found.extend(pointers(value, &format!("{at}/{index}")));
            }
        }
        _ => {}
    }
    found
}

/// Too much of everything, as JSON; some of it no number or no depth that can be read.
fn bombs() -> Vec<(&'static str, String)> {
    vec![
        (
            "arrays, 10,000 deep",
            "[".repeat(10_000) + &"]".repeat(10_000),
        ),
        (
            "objects, 10,000 deep",
            "{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000),
        ),
        ("100,000 numbers", json!(vec![1; 100_000]).to_string()),
        (
            "100,000 objects",
            json!(vec![json!({}); 100_000]).to_string(),
        ),
        (
            "20,000 fields",
            json!(
                (0..20_000)
                    .map(|n| (n.to_string(), json!(n)))
                    .collect::<serde_json::Map<_, _>>()
            )
            .to_string(),
        ),
        ("a number beyond all", "1e999999".to_owned()),
        ("a number of 100,000 digits", "9".repeat(100_000)),
        (
            "a fraction of 100,000 digits",
            format!("0.{}", "1".repeat(100_000)),
        ),
        ("a text of 900 kB", json!("a".repeat(900_000)).to_string()),
        (
            "a text of 200,000 marks",
            json!("e\u{301}".repeat(200_000)).to_string(),
        ),
    ]
}

#[tokio::test]
async fn too_much_in_any_field_of_any_body_is_refused_at_once() {
    let world = World::new().await;
    let mark = "\"the mark of the bomb\"";
    for operation in with_bodies() {
        let sample = samples::body(&operation.name).unwrap();
        for at in pointers(&sample, "") {
            let mut marked = sample.clone();
            *marked.pointer_mut(&at).unwrap() = json!(mark.trim_matches('"'));
            let marked = marked.to_string();
            for (what, bomb) in bombs() {
                let body = marked.replace(mark, &bomb);
                let what = format!("{} {at}: {what}", operation.name);
                let answer = quick(&what, || typed(world.bare(&operation), body.clone())).await;
                // A fraction is read as far as a number goes, and may be right.
                if !(bomb.starts_with("0.") && answer.status < 300) {
                    refused(&what, &answer, &REFUSALS);
                }
            }
        }
    }
    lives(&world).await;
}

#[tokio::test]
async fn a_body_that_repeats_one_long_name_is_refused_at_once_and_briefly() {
    let world = World::new().await;
    let repeated = vec!["\"a\":1"; 20_000].join(",");
    for body in [
        format!("{{{repeated}}}"),
        format!("{{\"{}\":{{{repeated}}}}}", "long".repeat(5_000)),
    ] {
        for operation in with_bodies() {
            let name = &operation.name;
            let answer = quick(name, || typed(world.bare(&operation), body.clone())).await;
            refused(name, &answer, &[404, 422]);
        }
    }
    lives(&world).await;
}

#[tokio::test]
async fn a_packed_body_is_not_unpacked() {
    let world = World::new().await;
    // A gzip file of a few bytes; it could be one of gigabytes.
    let packed: &[u8] = &[
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0,
    ];
    for operation in with_bodies() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let answer = quick(&operation.name, || {
                let request = world.bare(&operation).header("content-encoding", coding);
                request
                    .header("content-type", "application/json")
                    .body(packed)
            });
            refused(&operation.name, &answer.await, &[400, 415]);
        }
    }
    lives(&world).await;
}

#[tokio::test]
async fn no_list_gives_more_than_its_bound_or_takes_a_cursor_that_is_not_its_own() {
    let world = World::new().await;
    let mut lists = 0;
    for operation in operations() {
        let names: Vec<_> = operation
            .parameters("query")
            .map(|p| p["name"].as_str().unwrap().to_owned())
            .collect();
        let wrong = |name: &str| match name {
            "limit" => vec![
                "0",
                "101",
                "-1",
                "4294967296",
                "99999999999999999999999999",
                "1e2",
                "1.5",
                " 20",
                "0x10",
                "٣",
                "NaN",
                "20,30",
            ],
            "cursor" => vec![
                "%00",
                "AAAA",
                "-1",
                "0",
                "null",
                "eyJpZCI6MX0",
                "' OR 1=1--",
                "𝟙",
            ],
            _ => vec![],
        };
        for name in &names {
            for value in wrong(name) {
                let what = format!("{}?{name}={value}", operation.name);
                let answer = quick(&what, || {
                    request(&operation, world.somebody(&operation)).query(&[(name, value)])
                });
                refused(&what, &answer.await, &[400, 404, 422]);
            }
            lists += usize::from(name == "limit");
        }
    }
    assert!(lists >= 5, "{lists}");
}

#[tokio::test]
async fn a_cursor_of_another_list_shows_nothing_of_that_list() {
    let world = World::new().await;
    let ada = world.tenant.admin("eve").await;
    for name in ["moon", "mars"] {
        ada.post("/projects", &json!({ "name": name }))
            .await
            .expect(201);
    }
    let page = ada.get("/projects?limit=1").await.expect(200);
    let foreign = page["next_cursor"].as_str().unwrap().to_owned();
    for operation in operations() {
        if !operation.parameters("query").any(|p| p["name"] == "cursor")
            || operation.name == "GET /projects"
        {
            continue;
        }
        let name = &operation.name;
        let answer = quick(name, || {
            request(&operation, world.somebody(&operation)).query(&[("cursor", &foreign)])
        });
        let answer = answer.await;
        assert!(
            [200, 404, 422].contains(&answer.status),
            "{name}: {}",
            answer.text
        );
        assert!(!answer.text.contains("\"mars\""), "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn long_queries_long_headers_and_many_headers_are_borne() {
    let world = World::new().await;
    let long = "a".repeat(7_000);
    for operation in operations() {
        let name = &operation.name;
        let whole = || whole(&operation, world.somebody(&operation));
        for parameter in operation.parameters("query") {
            let parameter = parameter["name"].as_str().unwrap();
            quick(name, || whole().query(&[(parameter, &long)])).await;
        }
        quick(name, || whole().query(&vec![("x", "y"); 1000])).await;
        for header in [
            "idempotency-key",
            "x-request-id",
            "traceparent",
            "user-agent",
            "accept",
            "x-forwarded-for",
            "cookie",
            "if-none-match",
            "accept-language",
        ] {
            quick(&format!("{name} {header}"), || {
                whole().header(header, &long)
            })
            .await;
        }
        let many = quick(name, || {
            (0..300).fold(whole(), |request, n| {
                request.header(format!("x-many-{n}"), "y")
            })
        })
        .await;
        assert!(many.status < 500, "{name}: {}", many.status);
    }
    lives(&world).await;
}

#[tokio::test]
async fn no_rule_of_a_flag_takes_longer_than_a_flag_may() {
    let world = World::new().await;
    let admin = world.tenant.admin("eve").await;
    let rules = |operator: &str, value: &Value, conditions: usize, rules: usize| {
        let condition = json!({ "attribute": "it", "operator": operator, "value": value });
        json!(vec![
            json!({ "conditions": vec![condition; conditions], "value": true });
            rules
        ])
    };
    let versions = json!(vec![">=1"; 150].join(", "));
    for (n, (operator, value)) in [
        ("semver", versions),
        ("semver", json!(format!(">={}", "9".repeat(900)))),
        ("semver", json!(format!("1.0.0-{}", "a.".repeat(400)))),
        ("contains", json!("a".repeat(1000))),
        ("contains", json!("(a+)+$")),
        ("in", json!(vec!["a".repeat(900); 100])),
    ]
    .iter()
    .enumerate()
    {
        for (conditions, count) in [(1, 1), (20, 50), (21, 1), (1, 51), (1000, 1), (1, 1000)] {
            let key = format!("bomb{n}x{conditions}x{count}");
            let mut body = samples::body("POST /features").unwrap();
            body["key"] = json!(key);
            body["rules"] = rules(operator, value, conditions, count);
            // What is too long is not read to its end.
            if body.to_string().len() > 1024 * 1024 {
                continue;
            }
            let made = quick(&key, || {
                admin.request(Method::POST, "/features").json(&body)
            })
            .await;
            if made.status != 201 {
                assert!(
                    [409, 413, 422].contains(&made.status),
                    "{key}: {}",
                    made.text
                );
                continue;
            }
            for attribute in [
                "1.2.3".to_owned(),
                "a".repeat(1000),
                format!("1.0.0-{}", "a.".repeat(400)),
            ] {
                let question = json!({ "keys": [key], "attributes": { "it": attribute } });
                quick(&key, || {
                    admin
                        .request(Method::POST, "/features/evaluate")
                        .json(&question)
                })
                .await
                .expect(200);
            }
        }
    }
    lives(&world).await;
}
