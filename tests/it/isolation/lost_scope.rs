//! A tenant whose schema or role went away behind our back: it answers 503, whatever `public` holds, and nobody else notices.

use serde_json::json;
use tenantry::tenancy::{DbError, Sql};
use tenantry::testkit::TestTenant;

use super::careless::INSERT;
use super::fixture::{Mode, Two, open, session_mode, transaction_mode, without_fence};

const NOTHING: Sql = Sql::new("lost_scope.nothing", "SELECT 1 AS one");

fn drop_schema(tenant: &TestTenant) -> String {
    format!("DROP SCHEMA {} CASCADE", tenant.schema())
}

fn rename_schema(tenant: &TestTenant) -> String {
    let schema = tenant.schema();
    format!("ALTER SCHEMA {schema} RENAME TO {schema}_moved")
}

fn drop_role(tenant: &TestTenant) -> String {
    // Role and schema have one name. All that the role may do is taken from it first, else it cannot be dropped.
    let name = tenant.schema();
    format!(
        "REVOKE ALL ON ALL TABLES IN SCHEMA {name} FROM {name};
         REVOKE ALL ON SCHEMA {name} FROM {name};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {name} REVOKE ALL ON TABLES FROM {name};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {name} REVOKE ALL ON SEQUENCES FROM {name};
         DROP ROLE {name}"
    )
}

/// A table of the same name and shape in public, open to everybody: what a path that falls through would find.
fn bait(tenant: &TestTenant) -> String {
    format!(
        "GRANT USAGE ON SCHEMA public TO PUBLIC;
         CREATE TABLE public.projects AS SELECT * FROM {}.projects;
         GRANT ALL ON public.projects TO PUBLIC",
        tenant.schema()
    )
}

async fn lose(mode: Mode, loss: fn(&TestTenant) -> String) {
    let two = Two::new(mode).await;
    two.as_owner(&bait(&two.a)).await;
    two.expect_clean("the bait").await;
    two.as_owner(&loss(&two.a)).await;
    for _ in 0..3 {
        let read = two.ann.get("/projects").await;
        read.expect_problem(503, "tenant_unavailable");
        assert!(!read.header("retry-after").is_empty());
        let body = json!({ "name": "lost" });
        let write = two.ann.post("/projects", &body).await;
        write.expect_problem(503, "tenant_unavailable");
        two.ben.get("/projects").await.expect(200);
    }
    assert_eq!(two.count(&two.b, "lost").await, 0);
    assert_eq!(super::fixture::projects(&two.ben).await, ["ben"]);
}

#[tokio::test]
async fn a_tenant_whose_schema_was_dropped_answers_503() {
    lose(session_mode, drop_schema).await;
}

#[tokio::test]
async fn a_tenant_whose_schema_was_renamed_answers_503() {
    lose(session_mode, rename_schema).await;
}

#[tokio::test]
async fn a_tenant_whose_role_was_dropped_answers_503() {
    lose(session_mode, drop_role).await;
}

#[tokio::test]
async fn a_tenant_whose_schema_or_role_is_gone_answers_503_in_transaction_mode() {
    lose(transaction_mode, rename_schema).await;
    lose(transaction_mode, drop_role).await;
}

#[tokio::test]
async fn a_tenant_whose_schema_was_dropped_answers_503_without_the_fence() {
    lose(without_fence, drop_schema).await;
}

/// The tenant goes where the server has not heard of it: `status` is what the registry says from then on.
async fn goes_unheard(mode: Mode, status: &str, expected: (u16, &str)) {
    let two = Two::new(mode).await;
    let registry = format!(
        "UPDATE public.tenants SET status = '{status}', \
         status_before = CASE WHEN '{status}' = 'deleted' THEN 'active' END, \
         deleted_at = CASE WHEN '{status}' = 'deleted' THEN now() END, \
         purge_after = CASE WHEN '{status}' = 'deleted' THEN now() + interval '1 day' END WHERE id = '{}'; {}",
        two.a.id(),
        rename_schema(&two.a)
    );
    two.ann.get("/projects").await.expect(200);
    two.as_owner(&registry).await;
    for _ in 0..3 {
        let read = two.ann.get("/projects").await;
        read.expect_problem(expected.0, expected.1);
        let body = json!({ "name": "lost" });
        let write = two.ann.post("/projects", &body).await;
        write.expect_problem(expected.0, expected.1);
        two.ben.get("/projects").await.expect(200);
    }
    assert_eq!(two.count(&two.b, "lost").await, 0);
}

#[tokio::test]
async fn a_request_that_meets_the_deletion_of_its_tenant_is_told_of_the_deletion() {
    for mode in [session_mode as Mode, transaction_mode, without_fence] {
        goes_unheard(mode, "deleted", (410, "tenant_deleted")).await;
    }
}

#[tokio::test]
async fn a_request_that_meets_another_end_of_its_tenant_is_told_of_that() {
    goes_unheard(session_mode, "suspended", (403, "tenant_suspended")).await;
    goes_unheard(session_mode, "cancelled", (403, "tenant_cancelled")).await;
}

#[tokio::test]
async fn a_switch_that_fails_runs_nothing_under_the_scope_before_it() {
    for mode in [session_mode as Mode, transaction_mode, without_fence] {
        let two = Two::new(mode).await;
        two.as_owner(&rename_schema(&two.b)).await;
        for _ in 0..3 {
            let mut before = open(&two.narrow, &two.a).await;
            before.query_one(&NOTHING, &[]).await.unwrap();
            drop(before);
            let mut after = open(&two.narrow, &two.b).await;
            let lost = after.execute(&INSERT, &[&"stray"]).await.unwrap_err();
            assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost:?}");
            drop(after);
            let mut tx = open(&two.narrow, &two.b).await.begin("lost_scope.stray");
            let lost = tx.execute(&INSERT, &[&"stray"]).await.unwrap_err();
            assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost:?}");
            assert!(tx.commit().await.is_err());
            assert_eq!(two.count(&two.a, "stray").await, 0);
        }
    }
}

#[tokio::test]
async fn no_statement_runs_without_its_schema_even_if_it_needs_no_table() {
    for mode in [session_mode as Mode, transaction_mode, without_fence] {
        let two = Two::new(mode).await;
        two.as_owner(&rename_schema(&two.a)).await;
        let mut session = open(&two.narrow, &two.a).await;
        let lost = session.query_one(&NOTHING, &[]).await.unwrap_err();
        assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost:?}");
    }
}
