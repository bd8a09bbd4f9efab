//! Row 10: resident memory of the server, idle and after it has heard of every tenant.

use std::fs;

use crate::fleet::Fleet;
use crate::load::Connection;
use crate::start::Started;
use crate::table::{Figure, Goal, Table};

/// Megabytes: without tenants in memory, and with ten thousand.
const GOALS: [f64; 2] = [40.0, 80.0];

pub(crate) async fn measure(one: &Fleet, many: &Fleet, table: &mut Table) {
    eprintln!("looking at the server's memory");
    let idle = resident(&Started::on(one));
    let server = Started::on(many);
    let mut connection = Connection::open(server.address).await;
    for tenant in &many.tenants {
        let slug = &tenant.slug;
        let request = format!(
            "GET /api/v1/projects HTTP/1.1\r\nhost: localhost\r\nx-tenant-id: {slug}\r\n\r\n"
        );
        // Without a credential: the tenant is looked up, and that is all.
        let status = connection.ask(request.as_bytes()).await;
        assert_eq!(status, 401, "{}", connection.text());
    }
    let rows = [
        ("idle".to_owned(), idle, GOALS[0]),
        (
            format!("{} tenants known", many.tenants.len()),
            resident(&server),
            GOALS[1],
        ),
    ];
    for (what, megabytes, goal) in rows {
        table.add(Figure {
            number: "10",
            work: format!("resident memory of the server, {what}"),
            against: "the goal",
            unit: "MB",
            goal: Goal::AtMost(1.0),
            rounds: vec![(megabytes, goal)],
        });
    }
}

/// Megabytes.
fn resident(server: &Started) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id()));
    let status = status.expect("the server's process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.expect("its memory") / 1024.0
}
