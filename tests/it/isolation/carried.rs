//! A kept statement brings its scope as a parameter: what happens when scope, tables or statement are no longer what they were.
//!
//! Each statement runs three times first: sent as text, prepared, carried.

use std::time::Duration;

use tenantry::error::{Error, ErrorKind};
use tenantry::tenancy::{DbError, PublicSession, Row, Sql, TenantRef, Transaction};

use super::fixture::{Two, open, proof, session_mode};

const NAMES: Sql = Sql::new("carried.names", "SELECT name FROM projects ORDER BY name");
const PEOPLE: Sql = Sql::new("carried.people", "SELECT email FROM users");
const WHERE_AM_I: Sql = Sql::new(
    "carried.where",
    "SELECT current_schema()::text AS schema, current_user::text AS role, current_setting('search_path') AS path",
);
const SHARED: Sql = Sql::new(
    "carried.shared",
    "SELECT current_user = session_user AND current_setting('search_path') = '' AS own FROM public.plans LIMIT 1",
);
const ADD: Sql = Sql::new(
    "carried.add",
    "INSERT INTO projects (id, name, description, owner_id, created_at, updated_at) \
     SELECT gen_random_uuid(), $1, '', id, now(), now() FROM users LIMIT 1",
);

async fn names(two: &Two, tenant: &TenantRef) -> Result<Vec<String>, DbError> {
    let mut session = two.narrow.tenancy.session(tenant).await?;
    let rows = session.query(&NAMES, &[]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}

/// Both tenants' statements are kept on the only connection, and it wears B.
async fn kept(two: &Two) -> (TenantRef, TenantRef) {
    let a = proof(&two.narrow, &two.a).await;
    let b = proof(&two.narrow, &two.b).await;
    for _ in 0..3 {
        assert_eq!(names(two, &a).await.unwrap(), ["ann"]);
        assert_eq!(names(two, &b).await.unwrap(), ["ben"]);
    }
    (a, b)
}

#[tokio::test]
async fn a_kept_statement_runs_in_its_own_scope_whoever_was_there_before() {
    let two = Two::new(session_mode).await;
    let (a, b) = kept(&two).await;
    for turn in 0..50 {
        for tenant in [&a, &b, &b, &a] {
            let mut session = two.narrow.tenancy.session(tenant).await.unwrap();
            let row: Row = session.query_one(&WHERE_AM_I, &[]).await.unwrap();
            let schema = tenant.schema.as_str();
            for column in ["schema", "role", "path"] {
                assert_eq!(row.get::<String>(column).unwrap(), schema, "turn {turn}");
            }
        }
        let mut shared: PublicSession = two.narrow.tenancy.public().await.unwrap();
        let row = shared.query_one(&SHARED, &[]).await.unwrap();
        assert!(row.get::<bool>("own").unwrap(), "turn {turn}");
    }
}

#[tokio::test]
async fn a_kept_statement_of_a_schema_that_is_gone_does_not_run_anywhere_else() {
    let two = Two::new(session_mode).await;
    let (a, b) = kept(&two).await;
    two.as_owner(&format!(
        "ALTER SCHEMA {} RENAME TO elsewhere",
        a.schema.quoted()
    ))
    .await;
    for _ in 0..3 {
        let lost = names(&two, &a).await.unwrap_err();
        assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost}");
        assert_eq!(names(&two, &b).await.unwrap(), ["ben"]);
    }
    two.as_owner(&format!(
        "ALTER SCHEMA elsewhere RENAME TO {}",
        a.schema.quoted()
    ))
    .await;
    assert_eq!(names(&two, &a).await.unwrap(), ["ann"]);
}

#[tokio::test]
async fn a_kept_statement_does_not_outlive_the_right_to_wear_its_role() {
    let two = Two::new(session_mode).await;
    let (a, b) = kept(&two).await;
    let login = two.behind.tenancy.public().await.unwrap();
    drop(login);
    two.as_owner(&format!("REVOKE {} FROM tenantry_app", a.schema.quoted()))
        .await;
    let lost = names(&two, &a).await.unwrap_err();
    assert!(matches!(lost, DbError::ScopeLost { .. }), "{lost}");
    assert_eq!(names(&two, &b).await.unwrap(), ["ben"]);
}

#[tokio::test]
async fn tables_that_change_their_shape_under_a_kept_statement_are_read_anew() {
    let two = Two::new(session_mode).await;
    let (a, _) = kept(&two).await;
    let schema = a.schema.quoted();
    // Another type of the same column: PostgreSQL answers 0A000 to the statement that was prepared before.
    two.as_owner(&format!(
        "ALTER TABLE {schema}.projects ALTER name TYPE varchar(90)"
    ))
    .await;
    assert_eq!(names(&two, &a).await.unwrap(), ["ann"]);
    two.as_owner(&format!(
        "ALTER TABLE {schema}.projects ALTER name TYPE text"
    ))
    .await;
    // As the first statement of a transaction, too.
    let session = two.narrow.tenancy.session(&a).await.unwrap();
    let mut tx = session.begin("carried.read");
    let rows = tx.query(&NAMES, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    tx.commit().await.unwrap();
}

/// A transaction that has met `users`, and not `projects` so far.
async fn begun(two: &Two, tenant: &TenantRef) -> Transaction {
    let session = two.narrow.tenancy.session(tenant).await.unwrap();
    let mut tx = session.begin("carried.both");
    tx.query(&PEOPLE, &[]).await.unwrap();
    tx
}

#[tokio::test]
async fn tables_that_change_their_shape_within_a_transaction_are_worth_another_try() {
    let two = Two::new(session_mode).await;
    let (a, b) = kept(&two).await;
    // Kept a second time, for a transaction's later statements bring no scope.
    for _ in 0..3 {
        let mut tx = begun(&two, &a).await;
        tx.query(&NAMES, &[]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = begun(&two, &a).await;
    two.as_owner(&format!(
        "ALTER TABLE {}.projects ALTER name TYPE varchar(90)",
        a.schema.quoted()
    ))
    .await;
    let outdated = tx.query(&NAMES, &[]).await.unwrap_err();
    assert_eq!(outdated.sql_state(), Some("0A000"));
    let told = Error::from(outdated);
    assert_eq!(
        (told.kind(), told.code()),
        (ErrorKind::Unavailable, "database_busy")
    );
    assert_eq!(told.delay(), Some(Duration::from_secs(1)));
    let ended = tx.commit().await.unwrap_err();
    assert!(matches!(ended, DbError::Aborted), "{ended}");

    let mut tx = begun(&two, &a).await;
    assert_eq!(tx.query(&NAMES, &[]).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(names(&two, &a).await.unwrap(), ["ann"]);
    assert_eq!(names(&two, &b).await.unwrap(), ["ben"]);
}

#[tokio::test]
async fn a_transaction_that_is_undone_undoes_the_scope_that_its_first_statement_brought() {
    let two = Two::new(session_mode).await;
    let (a, b) = kept(&two).await;
    for _ in 0..3 {
        for (tenant, own) in [(&a, "ann"), (&b, "ben")] {
            let session = two.narrow.tenancy.session(tenant).await.unwrap();
            let mut tx = session.begin("carried.add");
            tx.execute(&ADD, &[&"never"]).await.unwrap();
            drop(tx);
            assert_eq!(names(&two, tenant).await.unwrap(), [own]);
        }
        assert_eq!(names(&two, &a).await.unwrap(), ["ann"]);
    }
    let mut session = open(&two.narrow, &two.b).await;
    session.execute(&ADD, &[&"kept"]).await.unwrap();
    drop(session);
    assert_eq!(names(&two, &b).await.unwrap(), ["ben", "kept"]);
}
