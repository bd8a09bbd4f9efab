//! Ratios: what tenancy costs, each figure against the plain way of doing the same, both measured in one run and in turn.
//!
//! `just bench` prints the table of `docs/benchmarks.md`; `just bench --short` only shows that everything still runs, its figures mean nothing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark fails by panicking, and its output is its purpose"
)]

mod ceiling;
mod column;
mod fleet;
mod flood;
mod load;
mod plan;
mod provisioning;
mod psql;
mod reads;
mod start;
mod table;
mod temp_schema;

use fleet::Fleet;
use plan::Plan;
use table::Table;

#[tokio::main(worker_threads = 2)]
async fn main() {
    // Cargo adds `--bench` to what the caller says.
    let short = std::env::args().any(|argument| argument == "--short");
    let plan = if short { Plan::short() } else { Plan::full() };
    let mut table = Table::default();

    eprintln!("making 1 tenant, and {} in another database", plan.tenants);
    let one = Fleet::make(1).await;
    let many = Fleet::make(plan.tenants).await;
    reads::measure(&plan, &one, &many, &mut table).await;
    flood::measure(&plan, &one, &mut table).await;
    start::measure(&plan, &one, &many, &mut table);
    provisioning::measure(&plan, &one, &mut table).await;
    temp_schema::measure(&plan, &one, &mut table).await;
    column::measure(&plan, &many, &mut table).await;

    println!("{}", table.heading(&many).await);
    println!("{table}");
}
