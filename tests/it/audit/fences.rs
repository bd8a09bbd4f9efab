//! What the roles that serve requests cannot do to the log, and the log of a schema that is older than the chain.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::Config;
use tenantry::domains::access::Role;
use tenantry::domains::tenants::create_temporary;
use tenantry::tenancy::TenantKey;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use uuid::Uuid;

use super::{make_projects, owner, verify};

const FORBIDDEN: &[&str] = &[
    "UPDATE audit_log SET action = 'nothing.happened'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_chain",
    "UPDATE audit_head SET seq = 0",
    "INSERT INTO audit_head (only_row, seq, hash) VALUES (true, 0, '')",
    "DELETE FROM audit_head",
    "TRUNCATE audit_head",
    "SELECT audit_chain()",
    "CREATE TRIGGER another BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain()",
];

/// A forged place in the chain.
const FORGED: &str = "INSERT INTO audit_log (id, at, actor_kind, action, resource, seq, prev_hash, hash) \
    VALUES (gen_random_uuid(), now(), 'system', 'a.b', 'a', 999, 'x', 'y')";

/// A line that would move the chain on and not be there.
const SKIPPED: &str = "INSERT INTO audit_log (id, at, actor_kind, action, resource) \
    SELECT id, at, actor_kind, action, resource FROM audit_log LIMIT 1 ON CONFLICT DO NOTHING";

async fn add_only(config: &Config) {
    let server = TestServer::start_with(config).await;
    let acme = TestTenant::on(&server).await;
    let admin = acme.admin("ada").await;
    make_projects(&admin, &["a", "b"]).await;
    let narrow = Foundation::new(config, Clock::system()).unwrap();
    let key = TenantKey::Id(acme.id());
    let tenant = narrow.tenancy.serve(&key).await.unwrap();
    for text in FORBIDDEN {
        let mut session = narrow.tenancy.session(&tenant).await.unwrap();
        let refused = session.raw(text).await.unwrap_err();
        assert_eq!(refused.sql_state(), Some("42501"), "{text}: {refused:?}");
    }
    let mut session = narrow.tenancy.session(&tenant).await.unwrap();
    let refused = session.raw(SKIPPED).await.unwrap_err();
    assert_eq!(refused.constraint(), Some("audit_log_pkey"));
    let mut session = narrow.tenancy.session(&tenant).await.unwrap();
    session.raw(FORGED).await.unwrap();
    let whole = verify(&admin).await;
    assert_eq!(whole["valid"], true, "{whole}");
    assert_eq!(whole["entries"], 4);
}

#[tokio::test]
async fn a_tenants_role_adds_to_the_log_and_cannot_touch_what_is_there() {
    let database = TestDatabase::new().await;
    add_only(&database.config).await;
}

#[tokio::test]
async fn without_the_fence_the_applications_login_cannot_either() {
    let database = TestDatabase::new().await;
    let mut config = database.config.clone();
    config.database.role_fence = false;
    add_only(&config).await;
}

#[tokio::test]
async fn a_schema_that_is_renamed_keeps_its_chain() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let admin = acme.admin("ada").await;
    make_projects(&admin, &["a"]).await;
    let owner = owner(&database).await;
    let schema = acme.schema();
    let insert = "INSERT INTO kept.audit_log (id, at, actor_kind, action, resource) \
        VALUES (gen_random_uuid(), now(), 'system', 'a.b', 'a')";
    let text = format!(
        "ALTER SCHEMA {schema} RENAME TO kept; {insert}; ALTER SCHEMA kept RENAME TO {schema}"
    );
    owner.batch_execute(&text).await.unwrap();
    let whole = verify(&admin).await;
    assert_eq!(whole["valid"], true, "{whole}");
    assert_eq!(whole["entries"], 3);
}

/// The migrations up to the version before the chain.
fn before_the_chain(dir: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for kind in ["public", "tenant"] {
        fs::create_dir_all(dir.join(kind)).unwrap();
        for file in fs::read_dir(from.join(kind)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let version: u32 = name[1..].split("__").next().unwrap().parse().unwrap();
            if kind == "public" || version < 6 {
                fs::copy(file.path(), dir.join(kind).join(name)).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn lines_from_before_the_chain_are_linked_in_the_order_of_their_making() {
    let database = TestDatabase::new().await;
    let dir = tempfile::tempdir().unwrap();
    before_the_chain(dir.path());
    let mut config = database.config.clone();
    config.tenancy.migrations_dir = Some(dir.path().to_owned());
    let old = Foundation::new(&config, Clock::system()).unwrap();
    old.prepare().await.unwrap();
    let ttl = TimeDelta::hours(1);
    let acme = create_temporary(&old.migrator, &old.clock, ttl)
        .await
        .unwrap();
    let owner = owner(&database).await;
    let schema = acme.schema.as_str();
    let lines = format!(
        "INSERT INTO {schema}.audit_log (id, at, actor_kind, action, resource) \
         SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(1301 - n), 12, '0'))::uuid, now() - n * interval '1 s', 'system', 'a.b', 'a' \
         FROM generate_series(1, 1300) AS n"
    );
    owner.batch_execute(&lines).await.unwrap();
    old.close();

    let new = database.foundation();
    let report = new
        .migrator
        .migrate_tenants(&tenantry::migrations::RunOptions::default(), |_| {})
        .await;
    assert!(report.unwrap().failures.is_empty());
    let server = TestServer::start(&database).await;
    let token = server.bearer(acme.id, Uuid::now_v7(), Role::Admin);
    let admin = server.anonymous().with_token(Some(&token));
    let admin = admin.naming(Some(acme.slug.as_str()));
    let whole = verify(&admin).await;
    assert_eq!(whole["valid"], true, "{whole}");
    assert_eq!(whole["entries"], 1300);
    let oldest = format!(
        "SELECT min(at) = (SELECT at FROM {schema}.audit_log WHERE seq = 1) FROM {schema}.audit_log"
    );
    let oldest = owner.query_one(&oldest, &[]).await.unwrap();
    assert!(oldest.get::<_, bool>(0));
}
