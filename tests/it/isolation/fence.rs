//! The role fence: what SQL of a tenant's session cannot reach, even if it names it in full.

use tenantry::tenancy::DbError;

use super::fixture::{Two, open, session_mode, transaction_mode, without_fence};

/// `{b}` stands for the other tenant's schema.
const OUTSIDE: &[&str] = &[
    "SELECT count(*) FROM {b}.projects",
    "SELECT count(*) FROM {b}.users",
    "INSERT INTO {b}.projects SELECT * FROM projects",
    "UPDATE {b}.users SET role = 'admin'",
    "DELETE FROM {b}.projects",
    "TRUNCATE {b}.projects",
    "SELECT count(*) FROM public.tenants",
    "SELECT count(*) FROM public.tenant_migrations",
    "DELETE FROM public.revoked_sessions",
    "UPDATE audit_log SET action = 'nothing'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "INSERT INTO refinery_schema_history (version) VALUES (99)",
    "UPDATE refinery_schema_history SET checksum = '0'",
    "DELETE FROM refinery_schema_history",
    "CREATE TABLE mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE TABLE {b}.mine (id int)",
    "CREATE TEMP TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "SELECT * INTO mine FROM projects",
    "DROP TABLE projects",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
];

#[tokio::test]
async fn sql_that_leaves_its_tenants_schema_is_refused() {
    for mode in [session_mode, transaction_mode] {
        let two = Two::new(mode).await;
        for text in OUTSIDE {
            let text = text.replace("{b}", two.b.schema());
            let mut session = open(&two.narrow, &two.a).await;
            let error = session.raw(&text).await.unwrap_err();
            assert!(matches!(error, DbError::Fenced { .. }), "{text}: {error:?}");
            assert_eq!(error.sql_state(), Some("42501"));
        }
        two.expect_clean("what the fence refused").await;
    }
}

#[tokio::test]
async fn sql_inside_its_tenants_schema_is_run() {
    let two = Two::new(session_mode).await;
    let own = two.a.schema();
    for text in [
        format!("SELECT count(*) FROM {own}.projects"),
        "SELECT count(*) FROM refinery_schema_history, audit_log".to_owned(),
        "UPDATE projects SET description = 'mine'".to_owned(),
    ] {
        open(&two.narrow, &two.a).await.raw(&text).await.unwrap();
    }
}

#[tokio::test]
async fn without_the_fence_another_schema_answers_when_it_is_named_in_full() {
    let two = Two::new(without_fence).await;
    assert!(!two.narrow.tenancy.rules().fence);
    let text = format!("SELECT count(*) FROM {}.projects", two.b.schema());
    open(&two.narrow, &two.a).await.raw(&text).await.unwrap();
    two.expect_clean("a look over the missing fence").await;
}
