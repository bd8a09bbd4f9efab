//! Admins write flags, members read them, guests only ask.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestTenant};

use super::{flag, made, path};

#[tokio::test]
async fn an_admin_makes_reads_changes_and_deletes_a_flag() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let body = flag("new-checkout", &json!({ "rollout": 12.345 }));
    let answer = admin.post("/features", &body).await;
    let feature = answer.expect(201);
    let path = path(&feature);
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));
    assert_eq!(feature["rollout"], 12.345);
    assert_eq!(feature["rules"], json!([]));
    assert_eq!(admin.get(&path).await.expect(200), feature);

    let changed = admin.patch(&path, &json!({ "enabled": false })).await;
    assert_eq!(changed.expect(200)["enabled"], false);
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.expect_problem(404, "not_found");
    admin.delete(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_member_reads_flags_and_changes_none_and_a_guest_does_not_see_them() {
    let acme = TestTenant::new().await;
    let (member, guest) = (acme.member("bob").await, acme.guest("gus").await);
    let path = made(&acme.admin("ada").await, "moon", &json!({})).await;
    member.get(&path).await.expect(200);
    let list = member.get("/features").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let body = flag("mine", &json!({}));
    let refused = [
        member.post("/features", &body).await,
        member.put(&path, &body).await,
        member.patch(&path, &json!({ "enabled": false })).await,
        member.delete(&path).await,
        guest.get("/features").await,
        guest.get(&path).await,
    ];
    for answer in refused {
        answer.expect_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_key_is_taken_once_in_a_tenant_and_free_in_the_next() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let admin = acme.admin("ada").await;
    made(&admin, "moon", &json!({})).await;
    let other = made(&admin, "mars", &json!({})).await;
    let body = flag("moon", &json!({}));
    let refused = [
        admin.post("/features", &body).await,
        admin.put(&other, &body).await,
        admin.patch(&other, &json!({ "key": "moon" })).await,
    ];
    for answer in refused {
        answer.expect_problem(409, "key_taken");
    }
    // Its own key is no other's.
    admin
        .put(&other, &flag("mars", &json!({})))
        .await
        .expect(200);
    made(&globex.admin("eve").await, "moon", &json!({})).await;
}

#[tokio::test]
async fn put_replaces_all_and_patch_leaves_what_it_does_not_name() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let rules = json!([{ "conditions": [], "rollout": 5.0, "value": true }]);
    let more = json!({ "description": "first", "rollout": 10, "rules": rules });
    let path = made(&admin, "moon", &more).await;

    let patched = admin.patch(&path, &json!({ "key": "mars" })).await;
    let patched = patched.expect(200);
    assert_eq!(patched["key"], "mars");
    assert_eq!(patched["description"], "first");
    assert_eq!(patched["rollout"], 10.0);
    assert_eq!(patched["rules"], rules);

    let venus =
        json!({ "key": "venus", "type": "string", "default_value": "a", "enabled_value": "b" });
    let replaced = admin.put(&path, &venus).await.expect(200);
    let expected = json!({
        "id": patched["id"],
        "key": "venus",
        "description": "",
        "type": "string",
        "enabled": false,
        "default_value": "a",
        "enabled_value": "b",
        "rollout": 100.0,
        "rules": [],
        "created_at": patched["created_at"],
        "updated_at": replaced["updated_at"],
    });
    assert_eq!(replaced, expected);
    assert!(replaced["updated_at"].as_str() > patched["updated_at"].as_str());
    assert_eq!(admin.get(&path).await.expect(200), expected);
}

#[tokio::test]
async fn of_two_changes_at_once_none_is_lost() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let path = made(&admin, "moon", &json!({})).await;
    for round in 0..10 {
        let text = format!("round {round}");
        let (described, rolled) = (json!({ "description": text }), json!({ "rollout": round }));
        let (one, other) =
            tokio::join!(admin.patch(&path, &described), admin.patch(&path, &rolled));
        one.expect(200);
        other.expect(200);
        let now = admin.get(&path).await.expect(200);
        assert_eq!(now["description"], text);
        assert_eq!(now["rollout"], f64::from(round));
    }
}

#[tokio::test]
async fn the_list_shows_each_flag_once_page_by_page() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    for key in ["a", "b", "c"] {
        made(&admin, key, &json!({})).await;
    }
    let first = admin.get("/features?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/features?limit=2&cursor={cursor}");
    let second = admin.get(&path).await.expect(200);
    let keys = |page: &Value| -> Vec<Value> {
        let entries = page["data"].as_array().unwrap().iter();
        entries.map(|entry| entry["key"].clone()).collect()
    };
    assert_eq!(
        (keys(&first), keys(&second)),
        (vec![json!("a"), json!("b")], vec![json!("c")])
    );
    assert_eq!(second["has_more"], false);
}

#[tokio::test]
async fn the_same_request_again_with_its_key_makes_no_second_flag() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let rule = json!({ "conditions": [], "rollout": 0.5, "value": [1] });
    let more =
        json!({ "type": "json", "default_value": {}, "enabled_value": 1.5, "rules": [rule] });
    let send = |body: Value| {
        let request = admin.request(Method::POST, "/features");
        Answer::of(request.header("Idempotency-Key", "once").json(&body))
    };
    let made = send(flag("moon", &more)).await;
    let again = send(flag("moon", &more)).await;
    assert_eq!(again.expect(201), made.expect(201));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), made.header("location"));
    // One replay leaves nothing behind that the next would run into.
    for _ in 0..20 {
        send(flag("moon", &more)).await.expect(201);
        let other = send(flag("mars", &more)).await;
        other.expect_problem(422, "idempotency_mismatch");
    }
    let list = admin.get("/features").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}
