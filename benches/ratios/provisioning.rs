//! Row 5: tenants made by the service, one after the other, against one `psql` that runs the same DDL, a transaction per tenant.
//!
//! Ours writes more than the DDL: registry, migration history, ledger, audit and notices. The first admin is left out on both sides.
//! Row 5b is the same where ready tenants wait. Making those ready is not in its time: a server does that before anybody asks.

use std::fmt::Write;
use std::time::Instant;

use tenantry::ids::new_id;
use tenantry::migrations::MigrationSet;
use tenantry::tenancy::setup::APP_LOGIN;

use crate::fleet::{Fleet, Maker};
use crate::plan::Plan;
use crate::psql;
use crate::table::{Figure, Goal, Table, milliseconds};

pub(crate) async fn measure(plan: &Plan, fleet: &Fleet, table: &mut Table) {
    eprintln!("making tenants");
    let maker = Maker::new(&fleet.config, fleet.database.foundation()).await;
    maker.create("warm-up".to_owned()).await;
    let (mut rounds, mut claimed) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        let scripts = [(0..plan.created).fold(String::new(), |text, _| text + &script())];
        let theirs = psql::run(fleet.url(), &scripts).await;
        let each = |took| milliseconds(took, plan.created);
        let making = async |name: &str| {
            let begun = Instant::now();
            for number in 0..plan.created {
                maker.create(format!("{name}-{round}-{number}")).await;
            }
            each(begun.elapsed())
        };
        rounds.push((making("made").await, each(theirs)));
        maker.make_ready(plan.created).await;
        claimed.push((making("claimed").await, each(theirs)));
    }
    drop_psqls_tenants(fleet).await;
    table.add(Figure {
        number: "5",
        work: "create a tenant".to_owned(),
        against: "psql, the same DDL in one transaction",
        unit: "ms",
        goal: Goal::AtMost(1.3),
        rounds,
    });
    table.add(Figure {
        number: "5b",
        work: "create a tenant, claimed from ready ones".to_owned(),
        against: "psql, the same DDL in one transaction",
        unit: "ms",
        goal: Goal::AtMost(0.2),
        rounds: claimed,
    });
}

fn script() -> String {
    script_of(&format!("psql_{}", new_id().simple()))
}

/// What `migrations::schema` and the migrations say, for a schema of another name.
pub(crate) fn script_of(name: &str) -> String {
    let mut text = format!(
        "BEGIN;
         CREATE SCHEMA {name};
         CREATE TABLE {name}.refinery_schema_history (
             version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
         CREATE ROLE {name} NOLOGIN NOINHERIT;
         GRANT {name} TO {APP_LOGIN};
         GRANT USAGE ON SCHEMA {name} TO {name};
         GRANT SELECT ON {name}.refinery_schema_history TO {name};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT USAGE, SELECT ON SEQUENCES TO {name};
         SET LOCAL search_path = {name};\n"
    );
    let set = MigrationSet::embedded().expect("migrations");
    for migration in set.tenant() {
        let _ = writeln!(text, "{};", migration.sql().unwrap_or_default());
    }
    text + "COMMIT;\n"
}

/// No registry knows them, so nobody else would take their roles away.
async fn drop_psqls_tenants(fleet: &Fleet) {
    let found = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'psql\\_%'";
    let schemas = fleet.owner.query(found, &[]).await.expect("the schemas");
    for row in schemas {
        let name: &str = row.get(0);
        let text = format!("DROP SCHEMA {name} CASCADE; DROP ROLE {name}");
        fleet.owner.batch_execute(&text).await.expect("to drop it");
    }
}
