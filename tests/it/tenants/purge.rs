//! What is over goes for good, however much it is; what is not stays.

use serde_json::Value;
use tenantry::migrations::{PART, drop_some};
use tenantry::tenancy::{DdlTransaction, TenantId};
use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use crate::program::{Program, number, owner};

/// PostgreSQL's default: 64 `max_locks_per_transaction` times 100 `max_connections`, for all transactions together.
const DEFAULT_LOCKS: i64 = 6_400;

#[tokio::test]
async fn a_purged_tenant_leaves_its_slug_free_and_nothing_but_the_platforms_log() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let at_once = Program::on(&database).set("TENANT_RETENTION_DAYS", "0");
    for slug in ["acme", "bolt", "core"] {
        let line = format!("tenant create {slug} --admin-email ada@example.com");
        program.run(&line).expect(0);
    }
    let sql = owner(&database).await;
    let id = id_of(&sql, "acme").await;
    let mail = "INSERT INTO public.mails (id, tenant_id, recipient, subject, body_text, body_html, created_at) \
                VALUES (gen_random_uuid(), $1, 'ada@example.com', '', '', '', now())";
    sql.execute(mail, &[&id.0]).await.unwrap();
    at_once.run("tenant delete acme --yes").expect(0);
    program.run("tenant delete bolt --yes").expect(0);

    let first = program.run("tenant purge --json").expect(0).json();
    let gone = serde_json::json!({ "purged": [{ "id": id.0, "slug": "acme" }], "failed": [] });
    assert_eq!(first, gone);
    let hex = id.0.simple();
    for what in [
        format!("FROM public.tenants WHERE id = '{}'", id.0),
        format!("FROM public.tenant_migrations WHERE tenant_id = '{}'", id.0),
        format!("FROM public.mails WHERE tenant_id = '{}'", id.0),
        format!("FROM pg_namespace WHERE nspname LIKE '%{hex}'"),
        format!("FROM pg_roles WHERE rolname LIKE '%{hex}'"),
    ] {
        let count = format!("SELECT count(*) {what}");
        assert_eq!(number(&sql, &count).await, 0, "{what}");
    }
    let log = "SELECT array_agg(action ORDER BY seq) FROM audit_log WHERE resource_id = $1";
    let platform = format!(
        "SET search_path = {}",
        schema_of(id_of(&sql, "platform").await)
    );
    sql.batch_execute(&platform).await.unwrap();
    let acts: Vec<String> = sql.query_one(log, &[&id.0]).await.unwrap().get(0);
    assert_eq!(acts, ["tenant.created", "tenant.deleted", "tenant.purged"]);

    let again = program.run("tenant purge").expect(0);
    assert_eq!(again.out, "0 tenants are gone for good\n");
    program.run("tenant restore bolt").expect(0);
    let made = program.run("tenant create acme --json").expect(0).json();
    assert_ne!(made["id"], Value::String(id.0.to_string()));
    let list = program.run("tenant list --deleted --json").expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn two_purges_at_once_share_the_work() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database).set("TENANT_RETENTION_DAYS", "0");
    for slug in ["acme", "bolt", "core"] {
        program.run(&format!("tenant create {slug}")).expect(0);
        program
            .run(&format!("tenant delete {slug} --yes"))
            .expect(0);
    }
    let reports: Vec<Value> = std::thread::scope(|scope| {
        let both =
            [(); 2].map(|()| scope.spawn(|| program.run("tenant purge --json").expect(0).json()));
        both.map(|one| one.join().unwrap()).into()
    });
    let purged = reports
        .iter()
        .map(|r| r["purged"].as_array().unwrap().len());
    let failed = reports
        .iter()
        .map(|r| r["failed"].as_array().unwrap().len());
    assert_eq!(
        (purged.sum::<usize>(), failed.sum::<usize>()),
        (3, 0),
        "{reports:?}"
    );
    let left = program.run("tenant list --deleted --json").expect(0).json();
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
}

#[tokio::test]
async fn no_part_of_a_purge_takes_more_locks_than_its_share() {
    const TABLES: usize = 1_200;
    let database = TestDatabase::new().await;
    let program = Program::on(&database).set("TENANT_RETENTION_DAYS", "0");
    program.run("tenant create acme").expect(0);
    let sql = owner(&database).await;
    let id = id_of(&sql, "acme").await;
    fill(&sql, &schema_of(id), TABLES).await;
    program.run("tenant delete acme --yes").expect(0);

    let foundation = database.foundation();
    let mut whole = foundation.migrator.begin_alone(id).await.unwrap();
    assert!(drop_some(&mut whole, id, i64::MAX).await.unwrap());
    let at_once = locks(&mut whole).await;
    assert!(at_once > DEFAULT_LOCKS, "{at_once} would fit");
    whole.batch("ROLLBACK").await.unwrap();
    drop(whole);

    let (mut most, mut parts) = (0, 0);
    loop {
        let mut tx = foundation.migrator.begin_alone(id).await.unwrap();
        let is_gone = drop_some(&mut tx, id, PART).await.unwrap();
        most = most.max(locks(&mut tx).await);
        tx.commit().await.unwrap();
        parts += 1;
        if is_gone {
            break;
        }
    }
    assert!(
        most < DEFAULT_LOCKS / 4,
        "{most} of {DEFAULT_LOCKS} in {parts} parts"
    );
    program.run("tenant purge").expect(0);
    program.run("tenant show acme").expect(1);
}

async fn locks(tx: &mut DdlTransaction) -> i64 {
    let own = "SELECT count(*) AS locks FROM pg_locks WHERE pid = pg_backend_pid()";
    let rows = tx.query_text(own).await.unwrap();
    rows[0].get("locks").unwrap()
}

/// Tables as people have them, each with an index more and a foreign key to one that all refer to; with partitions, a view and a function.
async fn fill(sql: &Client, schema: &str, tables: usize) {
    let odd = format!(
        "SET search_path = {schema};
         CREATE TABLE everybodys (id uuid PRIMARY KEY);
         CREATE TABLE parted (id int, note text) PARTITION BY RANGE (id);
         CREATE SEQUENCE alone;
         CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1;
         CREATE TABLE \"odd \"\"name\" (id int)"
    );
    sql.batch_execute(&odd).await.unwrap();
    // In transactions of their own: making them takes as many locks as dropping them.
    for from in (0..tables).step_by(100) {
        let to = from + 99;
        let some = format!(
            "DO $$ BEGIN FOR n IN {from}..{to} LOOP
                 EXECUTE format('CREATE TABLE bulk_%s (id serial PRIMARY KEY, owner uuid REFERENCES everybodys, note text)', n);
                 EXECUTE format('CREATE INDEX ON bulk_%s (owner)', n);
                 IF n % 20 = 0 THEN
                     EXECUTE format('CREATE VIEW seen_%s AS SELECT * FROM bulk_%s', n, n);
                     EXECUTE format('CREATE TABLE parted_%s PARTITION OF parted FOR VALUES FROM (%s) TO (%s)', n, n, n + 1);
                 END IF;
             END LOOP; END $$"
        );
        sql.batch_execute(&some).await.unwrap();
    }
    sql.batch_execute("RESET search_path").await.unwrap();
}

async fn id_of(sql: &Client, slug: &str) -> TenantId {
    let one = "SELECT id FROM public.tenants WHERE slug = $1";
    TenantId(sql.query_one(one, &[&slug]).await.unwrap().get(0))
}

fn schema_of(id: TenantId) -> String {
    format!("t_{}", id.0.simple())
}
