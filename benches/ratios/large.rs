//! `just bench --large`: ten thousand tenants, once. Prints its own table; nothing of it is written into the docs by itself.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::table::Table;
use crate::{column, latency, memory, reads, resident, start};

const TENANTS: usize = 10_000;

pub(crate) async fn measure(table: &mut Table) {
    let plan = Plan::large(TENANTS);
    let one = Fleet::make(1).await;
    let mut many = Box::pin(told(
        "made, each with a user and a project",
        Fleet::make(TENANTS),
    ))
    .await;
    start::measure(&plan, &one, &many, table);
    resident::measure(&one, &many, table).await;
    reads::measure_many(&plan, &many, table).await;
    // So far, since all of it takes long.
    println!("{table}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tenant.tar");
    // One ends.
    let last = many.tenants.pop().expect("a tenant");
    let slug = &last.slug;
    program(
        &many,
        &["tenant", "export", slug, "--out", &file.to_string_lossy()],
    );
    program(&many, &["tenant", "delete", slug, "--yes"]);
    program(&many, &["tenant", "restore", slug]);
    program_with(&many, &["tenant", "delete", slug, "--yes"], "0");
    program(&many, &["tenant", "purge"]);
    program(&many, &["migrate", "status"]);
    program(&many, &["migrate", "plan", "--sample", "20"]);
    program(&many, &["migrate", "drift", "--jobs", "4"]);
    column::measure(&plan, &many, table).await;
    println!("{table}");
    latency::measure(&plan, &many, table).await;
    memory::measure(&plan, &many, table).await;
}

async fn told<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    println!(
        "{TENANTS} tenants {what}: {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    done
}

/// Runs the program on the fleet's database, and prints how long it took from its start to its end.
fn program(fleet: &Fleet, arguments: &[&str]) {
    program_with(fleet, arguments, "30");
}

fn program_with(fleet: &Fleet, arguments: &[&str], retention_days: &str) {
    let begun = Instant::now();
    let ran = Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .args(arguments)
        .envs(fleet.database.environment())
        .env("TENANT_RETENTION_DAYS", retention_days)
        .stdout(Stdio::null())
        .output()
        .expect("the program");
    let took = begun.elapsed().as_secs_f64();
    let line = arguments[..2].join(" ");
    println!("tenantry {line}: {took:.2} s, {}", ran.status);
    if !ran.status.success() {
        println!("{}", String::from_utf8_lossy(&ran.stderr));
    }
}
