//! Whoever owns the tables can do everything to them, but not so that nobody sees it.

use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

use super::{Owned, entries, make_projects, verify};

/// Makes a line's hash fit what it says now, as somebody would who knows how hashes are made.
const REHASH: &str = "UPDATE audit_log SET hash = sha256(convert_to(array_to_json(ARRAY[
    seq::text, encode(prev_hash, 'hex'), id::text, extract(epoch FROM at)::text,
    actor_kind, actor_id::text, impersonator_id::text, reason,
    action, resource, resource_id::text, before::text, after::text, address, user_agent, request_id
])::text, 'UTF8'))";

/// A copy of line 4 with this id and place; the trigger sleeps.
fn copied(id: &str, seq: &str) -> String {
    format!(
        "ALTER TABLE audit_log DISABLE TRIGGER audit_chain;
         INSERT INTO audit_log (id, at, actor_kind, actor_id, action, resource, seq, prev_hash, hash)
         SELECT '{id}', at, actor_kind, actor_id, action, resource, {seq}, prev_hash, hash FROM audit_log WHERE seq = 4;"
    )
}

const FIRST_ID: &str = "00000000-0000-0000-0000-000000000001";
const LAST_ID: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const NO_UNIQUE: &str = "ALTER TABLE audit_log DROP CONSTRAINT audit_log_seq_key;";

/// What is done to seven lines; the place, the reason, and whether a line is named.
fn tamperings() -> Vec<(String, i64, &'static str, bool)> {
    let rehashed = |place: i64, change: &str| {
        format!("UPDATE audit_log SET {change} WHERE seq = {place}; {REHASH} WHERE seq = {place}")
    };
    let shifted = |from: i64, by: i64| {
        format!("{NO_UNIQUE} UPDATE audit_log SET seq = seq + {by} WHERE seq >= {from};")
    };
    let altered = |sql: String, seq| (sql, seq, "altered", true);
    let removed = |sql: String, seq| (sql, seq, "removed", false);
    let inserted = |sql: String, seq| (sql, seq, "inserted", true);
    let set = |change: &str| format!("UPDATE audit_log SET {change}");
    vec![
        altered(set("action = 'nothing.happened' WHERE seq = 4"), 4),
        altered(set("actor_id = NULL WHERE seq = 4"), 4),
        altered(set("reason = '' WHERE seq = 4"), 4),
        altered(set("after = after || '{\"name\": \"x\"}' WHERE seq = 4"), 4),
        altered(set("at = at + interval '1 microsecond' WHERE seq = 4"), 4),
        altered(set("at = 'infinity' WHERE seq = 4"), 4),
        altered(
            set("action = resource, resource = action WHERE seq IN (4, 6)"),
            4,
        ),
        altered(set("hash = sha256('x') WHERE seq = 7"), 7),
        altered(set("prev_hash = sha256('x') WHERE seq = 1"), 1),
        altered(rehashed(4, "request_id = 'other'"), 4),
        altered(rehashed(4, "prev_hash = sha256('x')"), 4),
        altered(rehashed(1, "request_id = 'other'"), 1),
        altered(rehashed(7, "request_id = 'other'"), 7),
        removed("DELETE FROM audit_log WHERE seq = 3".into(), 3),
        removed("DELETE FROM audit_log WHERE seq = 1".into(), 1),
        removed("DELETE FROM audit_log WHERE seq = 7".into(), 7),
        removed("DELETE FROM audit_log WHERE seq >= 6".into(), 6),
        removed("DELETE FROM audit_log WHERE seq IN (2, 3, 5)".into(), 2),
        removed("TRUNCATE audit_log".into(), 1),
        removed(
            format!("DELETE FROM audit_log WHERE seq = 3; {}", shifted(4, -1)),
            3,
        ),
        removed(
            format!(
                "DELETE FROM audit_log WHERE seq IN (3, 4); {}",
                shifted(5, -2)
            ),
            3,
        ),
        removed("DELETE FROM audit_head".into(), 0),
        inserted(copied(LAST_ID, "8"), 8),
        inserted(copied(LAST_ID, "80"), 80),
        inserted(copied(LAST_ID, "0"), 0),
        inserted(format!("{NO_UNIQUE} {}", copied(FIRST_ID, "4")), 4),
        inserted(format!("{NO_UNIQUE} {}", copied(LAST_ID, "4")), 4),
        inserted(
            format!(
                "{} {} {REHASH} WHERE id = '{LAST_ID}'",
                shifted(5, 1),
                copied(LAST_ID, "5")
            ),
            5,
        ),
        inserted(
            format!(
                "ALTER TABLE audit_log ALTER seq DROP NOT NULL; {}",
                copied(LAST_ID, "NULL")
            ),
            0,
        ),
        inserted(
            "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_log WHERE seq = 5)"
                .into(),
            6,
        ),
    ]
}

#[tokio::test]
async fn the_first_line_that_was_altered_removed_or_inserted_is_found() {
    let owned = Owned::new().await;
    for (sql, seq, reason, named) in tamperings() {
        let acme = TestTenant::on(&owned.server).await;
        let admin = acme.admin("ada").await;
        make_projects(&admin, &["a", "b", "c", "d", "e", "f"]).await;
        let whole = verify(&admin).await;
        assert_eq!(whole["valid"], true, "{whole}");
        assert_eq!(whole["entries"], 7);

        owned.tamper(&acme, &sql).await;
        let found = verify(&admin).await;
        let broken = &found["first_broken"];
        assert_eq!(found["valid"], false, "{sql}");
        assert_eq!(broken["seq"], seq, "{sql}: {broken}");
        assert_eq!(broken["reason"], reason, "{sql}: {broken}");
        assert_eq!(broken["id"].is_string(), named, "{sql}: {broken}");
    }
}

#[tokio::test]
async fn fifty_changes_at_once_make_one_unbroken_chain() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let admin = admin.clone();
            tokio::spawn(async move {
                let body = json!({ "name": format!("p{n}") });
                admin.post("/projects", &body).await.expect(201);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let whole = verify(&admin).await;
    assert_eq!(whole["valid"], true, "{whole}");
    assert_eq!(whole["entries"], 51);
    assert_eq!(whole["first_broken"], Value::Null);
    let newest = &entries(&admin, "?limit=1").await[0];
    assert_eq!(newest["seq"], 51);
    assert_eq!(newest["hash"], whole["last_hash"]);
}

#[tokio::test]
async fn what_lines_may_hold_does_not_confuse_the_chain() {
    let owned = Owned::new().await;
    let acme = TestTenant::on(&owned.server).await;
    let admin = acme.admin("ada").await;
    let odd = r#"INSERT INTO audit_log (id, at, actor_kind, reason, action, resource, before, after, user_agent)
        SELECT gen_random_uuid(), timestamptz '2026-01-01 00:00+02' + n * interval '1 microsecond', 'system',
            E'\b\t\n\f\r\x01\x1f\x7f "quoted" \\ ' || chr(8232) || chr(128512) || 'ü', 'a.b', '', '{"a": 1.50, "b": [null, 1e30]}',
            'null', CASE WHEN n % 2 = 0 THEN '' END FROM generate_series(1, 1200) AS n"#;
    owned.tamper(&acme, odd).await;
    let whole = verify(&admin).await;
    assert_eq!(whole["valid"], true, "{whole}");
    assert_eq!(whole["entries"], 1201);
}
