//! The document and the pages about it.

use serde_json::{Value, json};

use super::fixture::start;

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn the_document_names_what_an_operation_can_answer_and_no_more() {
    let server = start().await;
    let document: Value = server.get("/openapi.json").await.json().await.unwrap();
    let paths = &document["paths"];
    for (path, method, expected) in [
        ("/health", "get", vec!["200", "500"]),
        ("/health/ready", "get", vec!["200", "500", "503"]),
        ("/api/v1/things", "get", vec!["200", "422", "429", "500"]),
        (
            "/api/v1/things",
            "post",
            vec![
                "201", "400", "408", "409", "413", "415", "422", "429", "500",
            ],
        ),
        (
            "/api/v1/things/{id}",
            "get",
            vec!["200", "404", "429", "500"],
        ),
        (
            "/api/v1/secret",
            "get",
            vec!["200", "401", "403", "429", "500"],
        ),
        (
            "/api/v1/fails/{kind}",
            "get",
            vec!["200", "404", "410", "429", "500", "503"],
        ),
    ] {
        assert_eq!(statuses(&paths[path][method]), expected, "{method} {path}");
    }
    let conflict = &paths["/api/v1/things"]["post"]["responses"]["409"];
    assert_eq!(
        conflict["content"]["application/problem+json"]["schema"],
        json!({"$ref": "#/components/schemas/Problem"})
    );
    assert!(conflict["headers"]["X-Request-ID"].is_object());
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    for field in [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "errors",
    ] {
        assert!(problem[field].is_object(), "{field}");
    }
    assert_eq!(document["info"]["title"], "tenantry");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn a_page_of_a_list_has_a_name_that_the_document_may_use() {
    let server = start().await;
    let document: Value = server.get("/openapi.json").await.json().await.unwrap();
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let fine = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(name.chars().all(fine), "{name}");
    }
    let parameters = &document["paths"]["/api/v1/things"]["get"]["parameters"];
    assert_eq!(parameters[0]["name"], "limit");
    assert_eq!(parameters[0]["required"], false);
    assert_eq!(parameters[0]["schema"]["maximum"], 100.0);
    assert_eq!(parameters[0]["schema"]["default"], 20);
}

#[tokio::test]
async fn the_document_is_served_as_yaml_too() {
    let server = start().await;
    let response = server.get("/openapi.yaml").await;
    assert_eq!(response.headers()["content-type"], "application/yaml");
    let text = response.text().await.unwrap();
    assert!(text.starts_with("openapi: 3.0.0"), "{}", &text[..40]);
    assert!(text.contains("/api/v1/things/{id}:"));
}

#[tokio::test]
async fn the_pages_load_nothing_from_elsewhere() {
    let server = start().await;
    for path in ["/docs", "/redoc"] {
        let response = server.get(path).await;
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        let policy = response.headers()["content-security-policy"].to_str();
        let policy = policy.unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");
        let page = response.text().await.unwrap();
        assert!(page.contains("/api/v1/things/{id}"));
        assert!(
            !page.contains("<script src"),
            "{path} needs a script from elsewhere"
        );
        assert!(
            !page.contains("<link href"),
            "{path} needs a style from elsewhere"
        );
    }
}
