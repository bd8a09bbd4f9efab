//! A ready tenant is for those alone who would make the same.

use tenantry::config::Config;
use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::{keep, make, prepared, spares};
use crate::fleet::fixture::Migrations;
use crate::program::{number, owner};

const MORE: &str = "CREATE TABLE notes (id integer PRIMARY KEY)";

/// Whether somebody with this configuration takes one that is ready.
async fn takes_one(config: &Config, sql: &Client) -> bool {
    let ready = spares(sql).await;
    let nodes = prepared(config).await;
    ready.contains(&make(&nodes).await.id.0)
}

#[tokio::test]
async fn none_is_taken_after_a_migration_that_it_does_not_have() {
    let database = TestDatabase::new().await;
    let old = prepared(&database.config).await;
    keep(&old, 2).await;
    let sql = owner(&database).await;
    let before = spares(&sql).await;
    let migrations = Migrations::with(MORE);
    let newer = migrations.on(&database.config);
    assert!(!takes_one(&newer, &sql).await);

    // The newer makes its own beside them, and leaves the older's to those who still run the older.
    let new = prepared(&newer).await;
    assert_eq!(keep(&new, 2).await, 2);
    assert!(before.is_subset(&spares(&sql).await));
    assert!(takes_one(&database.config, &sql).await);
    assert!(takes_one(&newer, &sql).await);

    // After an hour nobody does.
    let later = "UPDATE public.spare_tenants SET made_at = now() - interval '61 minutes'";
    sql.batch_execute(later).await.unwrap();
    assert_eq!(keep(&new, 2).await, 2);
    let kept = spares(&sql).await;
    assert_eq!(kept.len(), 2);
    let left: Vec<_> = before.difference(&kept).collect();
    assert_eq!(left.len(), 2);
    for id in left {
        let name = format!("t_{}", id.simple());
        let registered = "SELECT count(*) FROM public.tenants WHERE id = ";
        let tenants = number(&sql, &format!("{registered}'{id}'")).await;
        let roles = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{name}'");
        let schemas = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{name}'");
        assert_eq!(number(&sql, &roles).await, tenants);
        assert_eq!(number(&sql, &schemas).await, tenants);
    }
}

#[tokio::test]
async fn one_that_was_made_with_the_fence_is_not_for_those_without() {
    let database = TestDatabase::new().await;
    let sql = owner(&database).await;
    let fenced = database.config.clone();
    let mut open = database.config.clone();
    open.database.role_fence = false;
    keep(&prepared(&fenced).await, 1).await;
    assert!(!takes_one(&open, &sql).await);
    keep(&prepared(&open).await, 1).await;
    assert_eq!(spares(&sql).await.len(), 2);
    assert!(takes_one(&open, &sql).await);
    assert!(takes_one(&fenced, &sql).await);
}

#[tokio::test]
async fn one_whose_role_another_login_wears_is_not_taken() {
    let database = TestDatabase::new().await;
    let sql = owner(&database).await;
    let nodes = prepared(&database.config).await;
    keep(&nodes, 2).await;
    let of_another = "UPDATE public.spare_tenants SET login = 'another' WHERE id = (SELECT min(id::text)::uuid FROM public.spare_tenants);
        UPDATE public.spare_tenants SET owner = 'another' WHERE login <> 'another'";
    sql.batch_execute(of_another).await.unwrap();
    assert!(!takes_one(&database.config, &sql).await);
}

#[tokio::test]
async fn one_that_was_dropped_by_hand_is_not_taken() {
    let database = TestDatabase::new().await;
    let sql = owner(&database).await;
    keep(&prepared(&database.config).await, 1).await;
    for id in spares(&sql).await {
        let harm = format!("DROP SCHEMA t_{} CASCADE", id.simple());
        sql.batch_execute(&harm).await.unwrap();
    }
    assert!(!takes_one(&database.config, &sql).await);
}

#[tokio::test]
async fn several_nodes_make_no_more_than_are_wanted() {
    let database = TestDatabase::new().await;
    let sql = owner(&database).await;
    let (one, other) = (
        prepared(&database.config).await,
        prepared(&database.config).await,
    );
    tokio::join!(keep(&one, 5), keep(&other, 5));
    // One may have left it to the other, which was just done.
    keep(&one, 5).await;
    assert_eq!(spares(&sql).await.len(), 5);
}
