//! Lists by cursor.

use serde_json::Value;

use super::fixture::{Server, mistakes, problem, start};

async fn page(server: &Server, query: &str) -> Value {
    let response = server.get(&format!("/api/v1/things{query}")).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end_without_a_gap() {
    let server = start().await;
    let mut seen = Vec::new();
    let mut query = String::new();
    for (size, more) in [(20, true), (20, true), (5, false)] {
        let page = page(&server, &query).await;
        let data = page["data"].as_array().unwrap();
        assert_eq!(data.len(), size);
        assert_eq!(page["has_more"], more);
        assert_eq!(page["next_cursor"].is_null(), !more);
        assert!(page.as_object().unwrap().contains_key("next_cursor"));
        seen.extend(data.iter().cloned());
        let next = page["next_cursor"].as_str().unwrap_or_default();
        query = format!("?cursor={next}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 45);
}

#[tokio::test]
async fn the_limit_is_from_1_to_100() {
    let server = start().await;
    for (limit, size) in [("1", 1), ("44", 44), ("45", 45), ("100", 45)] {
        let page = page(&server, &format!("?limit={limit}")).await;
        assert_eq!(page["data"].as_array().unwrap().len(), size);
        assert_eq!(page["has_more"], size < 45);
    }
    for limit in ["0", "101", "-1", "x", "", "1.5"] {
        let response = server.get(&format!("/api/v1/things?limit={limit}")).await;
        let told = problem(response, 422, "validation_failed").await;
        assert_eq!(mistakes(&told), ["/limit invalid_parameter"]);
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_is_refused() {
    let server = start().await;
    for cursor in [
        "",
        "x",
        "AAAA",
        "!!!!",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    ] {
        let response = server.get(&format!("/api/v1/things?cursor={cursor}")).await;
        let told = problem(response, 422, "validation_failed").await;
        assert_eq!(mistakes(&told), ["/cursor invalid_parameter"]);
    }
    let response = server.get("/api/v1/things?cursor=a%00b").await;
    let told = problem(response, 422, "validation_failed").await;
    assert_eq!(mistakes(&told), ["/cursor nul_character"]);
}
