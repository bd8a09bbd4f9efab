//! Ratios: what tenancy costs, each figure against the plain way of doing the same, both measured in one run and in turn.
//!
//! `just bench` prints the table of `docs/benchmarks.md`; `just bench --short` only shows that everything still runs, its figures mean nothing;
//! `just bench --large` makes ten thousand tenants, once.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark fails by panicking, its output is its purpose, and its counts are small"
)]

mod ceiling;
mod column;
mod fleet;
mod flood;
mod large;
mod latency;
mod load;
mod memory;
mod plan;
mod plot;
mod provisioning;
mod psql;
mod reads;
mod resident;
mod start;
mod table;
mod temp_schema;

use std::path::Path;

use fleet::Fleet;
use plan::Plan;
use plot::Series;
use table::Table;

/// The program's own, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(worker_threads = 2)]
async fn main() {
    // Cargo adds `--bench` to what the caller says.
    let short = std::env::args().any(|argument| argument == "--short");
    let plan = if short { Plan::short() } else { Plan::full() };
    let mut table = Table::default();
    if std::env::args().any(|argument| argument == "--large") {
        Box::pin(large::measure(&mut table)).await;
        println!("{table}");
        return;
    }

    eprintln!("making 1 tenant, and {} in another database", plan.tenants);
    let one = Fleet::make(1).await;
    let many = Fleet::make(plan.tenants).await;
    reads::measure(&plan, &one, &many, &mut table).await;
    latency::measure(&plan, &many, &mut table).await;
    let [rates, p99s] = reads::sweep(&plan, &many).await;
    let memory = memory::measure(&plan, &many, &mut table).await;
    resident::measure(&one, &many, &mut table).await;
    flood::measure(&plan, &one, &mut table).await;
    start::measure(&plan, &one, &many, &mut table);
    provisioning::measure(&plan, &one, &mut table).await;
    temp_schema::measure(&plan, &one, &mut table).await;
    let columns = column::measure(&plan, &many, &mut table).await;

    let heading = table.heading(&many).await;
    println!("{heading}\n{table}");
    if short {
        return;
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = docs.join("benchmarks.md");
    table.write_into(&page, &heading);
    let plots = docs.join("plots");
    std::fs::create_dir_all(&plots).expect("the folder of plots");
    let by_tenants = |name, title, unit, series: &[Series]| {
        plot::draw(&plots, name, title, "tenants", unit, series);
    };
    by_tenants(
        "throughput",
        "Reads by number of tenants",
        "requests/s",
        &rates,
    );
    by_tenants("p99", "p99 of reads by number of tenants", "ms", &p99s);
    by_tenants(
        "memory",
        "Memory of one PostgreSQL backend by tenants visited",
        "MB",
        &memory,
    );
    by_tenants(
        "migrate",
        "One new column by number of tenants",
        "seconds",
        &columns,
    );
}
