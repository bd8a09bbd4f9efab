//! Drift: an untouched fleet shows none, and each kind of change that a hand can make in one tenant is named.

use std::collections::BTreeMap;

use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::migrations::{Description, Verdict};
use tenantry::tenancy::SchemaName;
use tenantry::testkit::TestDatabase;

use super::drift_cases::{DIFFERENT, THE_SAME};
use super::fixture::{Migrations, fleet};
use crate::program::{Program, owner};

async fn described(foundation: &Foundation, schema: &SchemaName) -> Description {
    let mut tx = foundation.migrator.begin().await.unwrap();
    foundation.migrator.describe(&mut tx, schema).await.unwrap()
}

#[tokio::test]
async fn tenants_and_the_reference_are_described_alike() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let foundation = Foundation::new(&database.config, Clock::system()).unwrap();
    let target = foundation.migrator.set().target().version;
    let reference = foundation.migrator.reference(target).await.unwrap();
    for tenant in &tenants {
        let found = described(&foundation, &tenant.schema).await;
        assert_eq!(found.diff(&reference), []);
        assert_eq!(found.hash(), reference.hash());
    }
    let before = foundation.migrator.reference(target - 1).await.unwrap();
    assert_ne!(before.hash(), reference.hash());
    let sql = owner(&database).await;
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%'";
    let left: i64 = sql.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(
        left, 3,
        "two tenants and the platform; of references, nothing"
    );
}

#[tokio::test]
async fn tenants_without_the_fence_are_described_alike() {
    let mut database = TestDatabase::new().await;
    database.config.database.role_fence = false;
    fleet(&database.config, 1).await;
    let program = Program::on(&database).set("TENANT_ROLE_FENCE", "off");
    let ran = program.run("migrate drift").expect(0);
    assert!(
        ran.out.contains("2 as their migrations make them"),
        "{}",
        ran.out
    );
    // To a program that fences, the tenant lacks its rights.
    let ran = Program::on(&database).run("migrate drift").expect(3);
    assert!(ran.out.contains("- <role>: USAGE"), "{}", ran.out);
}

#[tokio::test]
async fn each_kind_of_change_by_hand_is_named_and_no_other_tenant_is() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, DIFFERENT.len() + THE_SAME.len()).await;
    let sql = owner(&database).await;
    let mut expected = BTreeMap::new();
    let cases = DIFFERENT.iter().copied();
    let cases = cases.chain(THE_SAME.iter().map(|change| (*change, &[][..])));
    for (tenant, (change, words)) in tenants.iter().zip(cases) {
        let schema = tenant.schema.as_str();
        let path = format!("SET search_path = {schema}");
        sql.batch_execute(&path).await.unwrap();
        let change = change.replace("$schema", schema);
        let change = change.replace("$id", &tenant.id.to_string());
        let made = sql.batch_execute(&change).await;
        let meant_to_fail = change.contains("CONCURRENTLY");
        assert!(made.is_ok() != meant_to_fail, "{change}: {made:?}");
        expected.insert(tenant.slug.to_string(), (change, words));
    }

    let foundation = Foundation::new(&database.config, Clock::system()).unwrap();
    let compared = foundation.migrator.drift(&[], |_| ()).await.unwrap();
    assert_eq!(compared.len(), tenants.len() + 1, "and the platform");
    let mut wrong = Vec::new();
    for tenant in compared {
        let said = match tenant.verdict {
            Verdict::Alike => Vec::new(),
            Verdict::Differs(differences) => differences.iter().map(ToString::to_string).collect(),
            other => panic!("{}: {other:?}", tenant.slug),
        };
        let (change, words) = expected.remove(&tenant.slug).unwrap_or_default();
        let as_expected = said.len() == words.len()
            && said
                .iter()
                .zip(words)
                .all(|(said, words)| said.starts_with(words));
        if !as_expected {
            wrong.push(format!("{change}\n  => {}", said.join("\n     ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn report_names_tenant_object_and_difference() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let acme = program.run("tenant create acme --json").expect(0).json();
    program.run("tenant create beta").expect(0);
    let said = program.run("migrate drift").expect(0).out;
    assert!(
        said.contains("3 tenants: 3 as their migrations make them"),
        "{said}"
    );
    let schema = format!("t_{}", acme["id"].as_str().unwrap().replace('-', ""));
    let sql = owner(&database).await;
    let harm = format!("ALTER TABLE {schema}.projects ADD COLUMN by_hand integer");
    sql.batch_execute(&harm).await.unwrap();
    let ran = program.run("migrate drift --json").expect(3);
    let said = ran.json();
    assert_eq!(said["drifted"], 1);
    assert_eq!(said["tenants"][0]["tenant"], "acme");
    let difference = &said["tenants"][0]["differences"][0];
    assert_eq!(difference["object"], "column projects.by_hand");
    assert_eq!(difference["found"], "integer");
    let said = program
        .run("migrate drift --tenant acme --jobs 1")
        .expect(3)
        .out;
    let line = "  column projects.by_hand: is not in the reference (integer)";
    assert!(said.lines().any(|found| found == line), "{said}");
    program.run("migrate drift --tenant beta").expect(0);
    let ran = program.run("migrate drift --tenant nobody").expect(1);
    assert!(
        ran.err.contains("there is no tenant `nobody`"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn tenants_behind_and_ahead_are_compared_at_their_own_version_or_not_at_all() {
    let database = TestDatabase::new().await;
    let target = {
        let foundation = Foundation::new(&database.config, Clock::system()).unwrap();
        foundation.migrator.set().target().version
    };
    let before = Migrations::up_to(u32::try_from(target).unwrap() - 1);
    let old = Program::on(&database).set("MIGRATIONS_DIR", before.dir());
    old.run("tenant create acme").expect(0);
    let new = Program::on(&database);
    let said = new.run("migrate drift").expect(0).out;
    assert!(said.contains("2 as their migrations make them"), "{said}");
    new.run("migrate run --tenant acme").expect(0);
    let said = old.run("migrate drift --json").expect(3).json();
    assert_eq!(said["ahead"], 1);
    assert_eq!(said["alike"], 1);
    assert_eq!(said["drifted"], 0);
}
