//! How many prepared statements stay on a connection, and for how long. What is counted is PostgreSQL's own list of them.

use tenantry::tenancy::{Scoped, Sql, TenantKey, TenantRef};

use super::fixture::{Two, proof, session_mode};

const KEPT: Sql = Sql::new(
    "kept.count",
    "SELECT count(*) AS kept FROM pg_prepared_statements WHERE starts_with(statement, $1)",
);
const OTHER_VERSION: &str = "UPDATE public.tenant_migrations SET version = version + 1";

/// As many texts, all of them different, that begin with `mark`.
fn texts(mark: &str, count: usize) -> Vec<Sql> {
    let text = |at: usize| format!("{mark} {at}' AS text").leak();
    (0..count)
        .map(|at| Sql::new("kept.text", text(at)))
        .collect()
}

/// Runs each of them, and then each of them again, which is what makes it worth preparing.
async fn twice(db: &mut Scoped, texts: &[Sql]) {
    for sql in texts.iter().chain(texts) {
        db.query_one(sql, &[]).await.unwrap();
    }
}

async fn of_tenant(two: &Two, tenant: &TenantRef, texts: &[Sql]) {
    let mut session = two.narrow.tenancy.session(tenant).await.unwrap();
    twice(&mut session, texts).await;
}

/// How many are kept of those that begin with `mark`, on the only connection.
async fn kept(two: &Two, mark: &str) -> i64 {
    let mut session = two.narrow.tenancy.public().await.unwrap();
    let row = session.query_one(&KEPT, &[&mark]).await.unwrap();
    row.get("kept").unwrap()
}

const A: &str = "SELECT 'kept for a";
const B: &str = "SELECT 'kept for b";
const SHARED: &str = "SELECT 'kept for everybody";

#[tokio::test]
async fn statements_are_kept_up_to_a_bound_and_those_longest_unused_go_first() {
    let two = Two::new(session_mode).await;
    let (a, b) = (
        proof(&two.narrow, &two.a).await,
        proof(&two.narrow, &two.b).await,
    );
    of_tenant(&two, &a, &texts(A, 400)).await;
    of_tenant(&two, &b, &texts(B, 400)).await;
    assert_eq!((kept(&two, A).await, kept(&two, B).await), (400, 400));
    let mut shared = two.narrow.tenancy.public().await.unwrap();
    // With these they would be more than a thousand.
    twice(&mut shared, &texts(SHARED, 300)).await;
    drop(shared);
    assert_eq!(kept(&two, A).await, 0);
    assert_eq!((kept(&two, B).await, kept(&two, SHARED).await), (400, 300));
    // They are made anew when they come again.
    of_tenant(&two, &a, &texts(A, 5)).await;
    assert_eq!((kept(&two, A).await, kept(&two, B).await), (5, 400));
}

#[tokio::test]
async fn statements_are_dropped_when_their_tenants_version_changes() {
    let two = Two::new(session_mode).await;
    let (a, b) = (
        proof(&two.narrow, &two.a).await,
        proof(&two.narrow, &two.b).await,
    );
    of_tenant(&two, &a, &texts(A, 20)).await;
    of_tenant(&two, &b, &texts(B, 20)).await;
    assert_eq!((kept(&two, A).await, kept(&two, B).await), (20, 20));
    let id = a.id;
    two.as_owner(&format!("{OTHER_VERSION} WHERE tenant_id = '{id}'"))
        .await;
    two.narrow.tenancy.forget(id);
    let newer = two.narrow.tenancy.serve(&TenantKey::Id(id)).await.unwrap();
    of_tenant(&two, &newer, &texts(A, 1)).await;
    assert_eq!((kept(&two, A).await, kept(&two, B).await), (1, 20));
}
