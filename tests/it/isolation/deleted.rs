//! A tenant that is deleted under the hands of connections that wear it, and of a node that does not know it yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tenantry::tenancy::{DbError, Sql, TenantRef};

use super::careless::{INSERT, unfinished};
use super::fixture::{Mode, Two, projects, proof, session_mode, transaction_mode, without_fence};

const NAMES: Sql = Sql::new("deleted.names", "SELECT name FROM projects ORDER BY name");

/// Fails where somebody else may use the schema of this name: the role, or without the fence the login.
fn only_its_owner_may_use(schema: &str) -> String {
    format!(
        "DO $$ BEGIN ASSERT (SELECT bool_and(granted.grantee = n.nspowner) \
         FROM pg_namespace n, aclexplode(n.nspacl) AS granted WHERE n.nspname = '{schema}'); END $$"
    )
}

async fn names(two: &Two, tenant: &TenantRef) -> Result<usize, DbError> {
    let mut session = two.narrow.tenancy.session(tenant).await?;
    Ok(session.query(&NAMES, &[]).await?.len())
}

async fn delete_and_restore(mode: Mode) {
    let two = Two::new(mode).await;
    // What a node believes that heard nothing.
    let stale = proof(&two.narrow, &two.a).await;
    for _ in 0..3 {
        // The second time it is prepared, the third time it runs prepared.
        assert_eq!(names(&two, &stale).await.unwrap(), 1);
    }
    let bait = format!(
        "GRANT USAGE ON SCHEMA public TO PUBLIC;
         CREATE TABLE public.projects AS SELECT * FROM {}.projects;
         GRANT ALL ON public.projects TO PUBLIC",
        two.a.schema()
    );
    two.as_owner(&bait).await;
    let operator = two.a.server().operator().await;
    let one = format!("/tenants/{}", two.a.id());
    let gone = two.a.schema().replacen("t_", "gone_", 1);
    operator.delete(&one).await.expect(202);

    for _ in 0..3 {
        let lost = names(&two, &stale).await.unwrap_err();
        assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost:?}");
        let mut session = two.narrow.tenancy.session(&stale).await.unwrap();
        let lost = session.execute(&INSERT, &[&"stray"]).await.unwrap_err();
        assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost:?}");
        two.ann
            .get("/projects")
            .await
            .expect_problem(410, "tenant_deleted");
        assert_eq!(projects(&two.ben).await, ["ben"]);
    }
    two.as_owner(&only_its_owner_may_use(&gone)).await;

    let path = format!("{one}/restore");
    operator.post(&path, &Value::Null).await.expect(200);
    for _ in 0..3 {
        assert_eq!(names(&two, &stale).await.unwrap(), 1);
        assert_eq!(projects(&two.ann).await, ["ann"]);
    }
    assert_eq!(two.count(&two.a, "stray").await, 0);
}

#[tokio::test]
async fn a_connection_that_wears_a_deleted_tenant_and_has_prepared_for_it_reaches_nothing() {
    delete_and_restore(session_mode).await;
}

#[tokio::test]
async fn a_deleted_tenant_is_out_of_reach_in_transaction_mode() {
    delete_and_restore(transaction_mode).await;
}

#[tokio::test]
async fn a_deleted_tenant_is_out_of_reach_without_the_fence() {
    delete_and_restore(without_fence).await;
}

#[tokio::test]
async fn a_transaction_that_was_open_at_the_deletion_ends_without_reaching_anybody_else() {
    let two = Two::new(session_mode).await;
    let stale = proof(&two.narrow, &two.a).await;
    let session = two.narrow.tenancy.session(&stale).await.unwrap();
    let mut open = unfinished(session).await.unwrap();
    let operator = two.a.server().operator().await;
    let one = format!("/tenants/{}", two.a.id());
    operator.delete(&one).await.expect(202);
    // It holds locks on its own tables, under whatever name; what it does to them is kept with them, or nothing is.
    let written = open.execute(&INSERT, &[&"late"]).await;
    let kept = written.is_ok() && open.commit().await.is_ok();
    assert_eq!(projects(&two.ben).await, ["ben"]);
    let path = format!("{one}/restore");
    operator.post(&path, &Value::Null).await.expect(200);
    assert_eq!(two.count(&two.a, "late").await, i64::from(kept));
    assert_eq!(two.count(&two.b, "late").await, 0);
}

/// What the clients of a tenant were answered.
#[derive(Default)]
struct Seen {
    own: AtomicUsize,
    gone: AtomicUsize,
}

/// Waits until there is one more of these: with eight clients on one connection that takes as long as it takes.
async fn one_more(seen: &AtomicUsize) {
    let (before, began) = (seen.load(Ordering::Relaxed), Instant::now());
    while seen.load(Ordering::Relaxed) == before {
        assert!(began.elapsed() < Duration::from_secs(30), "never again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_every_answer_of_a_tenant_that_comes_and_goes_is_its_own_or_none() {
    let two = Two::new(session_mode).await;
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(Seen::default());
    let clients = (0..8).map(|client| {
        let (stop, ann, ben) = (Arc::clone(&stop), two.ann.clone(), two.ben.clone());
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if client % 2 == 0 {
                    assert_eq!(projects(&ben).await, ["ben"]);
                    continue;
                }
                let answer = ann.get("/projects").await;
                let kind = match answer.status {
                    200 => {
                        let page = answer.json();
                        let names = page["data"].as_array().unwrap().iter();
                        let names: Vec<_> = names.map(|project| &project["name"]).collect();
                        assert_eq!(names, ["ann"], "{page}");
                        &seen.own
                    }
                    410 => {
                        answer.expect_problem(410, "tenant_deleted");
                        &seen.gone
                    }
                    // It was restored before the registry was read anew.
                    _ => {
                        answer.expect_problem(503, "tenant_unavailable");
                        continue;
                    }
                };
                kind.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let operator = two.a.server().operator().await;
    let one = format!("/tenants/{}", two.a.id());
    let restore = format!("{one}/restore");
    for _ in 0..20 {
        operator.delete(&one).await.expect(202);
        one_more(&seen.gone).await;
        operator.post(&restore, &Value::Null).await.expect(200);
        one_more(&seen.own).await;
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(projects(&two.ann).await, ["ann"]);
}
