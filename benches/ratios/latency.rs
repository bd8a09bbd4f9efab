//! Row 3: the slowest reads of many tenants at half the load that the server can bear, against the ceiling's at the same load.

use crate::fleet::Fleet;
use crate::load::{self, Spread};
use crate::plan::Plan;
use crate::reads::Sides;
use crate::table::{Figure, Goal, Table};

pub(crate) async fn measure(plan: &Plan, many: &Fleet, table: &mut Table) {
    eprintln!("reading at half load");
    let sides = Sides::start(many).await;
    for (spread, name) in [(Spread::Zipf, "Zipf"), (Spread::Uniform, "uniform")] {
        let (ours, bare) = sides.mixes(spread);
        let peak = load::run(sides.ours(), &ours, plan.clients, plan.warm_up).await;
        let half = peak.rate / 2.0;
        load::run(sides.ceiling(), &bare, plan.clients, plan.warm_up / 2).await;
        let mut rounds = Vec::new();
        for _ in 0..plan.rounds {
            let theirs = load::paced(sides.ceiling(), &bare, half, plan.load).await;
            let ours = load::paced(sides.ours(), &ours, half, plan.load).await;
            rounds.push((ours, theirs));
        }
        table.add(Figure {
            number: "3",
            work: format!(
                "p99 of reads, {} tenants, {name}, at half peak load",
                plan.tenants
            ),
            against: "ceiling at the same load",
            unit: "ms",
            goal: Goal::AtMost(1.5),
            rounds,
        });
    }
}
