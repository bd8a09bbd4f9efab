//! Row 8: a temporary tenant made and dropped, against one `psql` that makes and drops the same schema, each in a transaction.
//!
//! Row 8b is the same with ready ones: the time of whoever asks, who takes one and sets it aside. Making it ready and dropping it are the
//! background's, and are not in the time.

use std::time::Instant;

use chrono::TimeDelta;
use tenantry::app::Foundation;
use tenantry::domains::tenants::{Keeper, create_temporary, drop_temporary, set_aside_temporary};
use tenantry::ids::new_id;

use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::provisioning::script_of;
use crate::psql;
use crate::table::{Figure, Goal, Table, milliseconds};

pub(crate) async fn measure(plan: &Plan, fleet: &Fleet, table: &mut Table) {
    eprintln!("making and dropping temporary schemas");
    let nodes = fleet.database.foundation();
    used(&nodes, false).await;
    let (mut whole, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let each = |took| milliseconds(took, plan.created);
        let scripts = [(0..plan.created).fold(String::new(), |text, _| text + &script())];
        let theirs = each(psql::run(fleet.url(), &scripts).await);
        whole.push((each(uses(&nodes, plan.created, false).await), theirs));
        keep(&nodes, plan.created).await;
        ready.push((each(uses(&nodes, plan.created, true).await), theirs));
        keep(&nodes, 0).await;
    }
    let against = "psql, the same DDL";
    table.add(Figure {
        number: "8",
        work: "a temp schema for one test, created and dropped".to_owned(),
        against,
        unit: "ms",
        goal: Goal::AtMost(1.5),
        rounds: whole,
    });
    table.add(Figure {
        number: "8b",
        work: "the same from ready ones, set aside".to_owned(),
        against,
        unit: "ms",
        goal: Goal::AtMost(0.2),
        rounds: ready,
    });
}

async fn uses(nodes: &Foundation, count: usize, aside: bool) -> std::time::Duration {
    let begun = Instant::now();
    for _ in 0..count {
        used(nodes, aside).await;
    }
    begun.elapsed()
}

async fn used(nodes: &Foundation, aside: bool) {
    let Foundation {
        migrator, clock, ..
    } = nodes;
    let made = create_temporary(migrator, clock, TimeDelta::hours(1)).await;
    let id = made.expect("a temporary tenant").id;
    let gone = if aside {
        set_aside_temporary(migrator, id).await
    } else {
        drop_temporary(migrator, id).await
    };
    assert!(gone.expect("its end"), "it was there");
}

async fn keep(nodes: &Foundation, ready: usize) {
    let keeper = Keeper::new(nodes.migrator.clone(), ready);
    keeper.once(|_| ()).await.expect("ready tenants");
}

fn script() -> String {
    let name = format!("psql_{}", new_id().simple());
    script_of(&name) + &format!("BEGIN; DROP SCHEMA {name} CASCADE; DROP ROLE {name}; COMMIT;\n")
}
