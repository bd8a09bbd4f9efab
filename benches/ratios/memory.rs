//! Row 4: what one backend of PostgreSQL keeps in memory after every tenant went through the pool, against a pool in which every connection meets
//! every tenant.
//!
//! A visit reads every table of a tenant. Memory is what the process has for itself (`Private_*` of `/proc/…/smaps_rollup`, Linux only).

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;

use futures_util::future::join_all;
use tenantry::app::Foundation;
use tenantry::tenancy::{Sql, TenantKey};
use tokio_postgres::NoTls;

use crate::fleet::{Fleet, POOL_SIZE, Tenant};
use crate::plan::Plan;
use crate::plot::Series;
use crate::table::{Figure, Goal, Table};

const VISIT: Sql = Sql::new(
    "memory.visit",
    "SELECT pg_backend_pid() AS pid, \
     (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions) + (SELECT count(*) FROM refresh_tokens) + \
     (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM audit_head) + (SELECT count(*) FROM idempotency_keys) + \
     (SELECT count(*) FROM projects) + (SELECT count(*) FROM roles) + (SELECT count(*) FROM role_permissions) + \
     (SELECT count(*) FROM one_time_tokens) + (SELECT count(*) FROM totp) + (SELECT count(*) FROM recovery_codes) + \
     (SELECT count(*) FROM invites) + (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM features) AS rows",
);

/// Points of the plot.
const STEPS: usize = 5;

/// Megabytes of one backend by tenants visited: ours, and the naive pool's.
pub(crate) async fn measure(plan: &Plan, many: &Fleet, table: &mut Table) -> [Series; 2] {
    eprintln!("visiting every tenant");
    let mut series = [
        Series::new("tenantry"),
        Series::new("every connection meets every tenant"),
    ];
    let ours = Ours {
        foundation: many.database.foundation(),
    };
    let naive = Naive::new(many, plan.naive).await;
    for tenants in many.tenants.chunks(many.tenants.len().div_ceil(STEPS)) {
        let visited = series[0].last_x() + tenants.len() as f64;
        series[0].push(visited, ours.visit(tenants).await);
        series[1].push(visited, naive.visit(tenants).await);
    }
    table.add(Figure {
        number: "4",
        work: format!(
            "memory of one backend, {} tenants through a pool of {POOL_SIZE}",
            plan.tenants
        ),
        against: "every connection meets every tenant",
        unit: "MB",
        goal: Goal::AtMost(0.2),
        rounds: vec![(series[0].last_y(), series[1].last_y())],
    });
    series
}

/// The pool of a server, without the server.
struct Ours {
    foundation: Foundation,
}

impl Ours {
    /// As many at once as there are connections, three times each.
    async fn visit(&self, tenants: &[Tenant]) -> f64 {
        let mut pids = HashSet::new();
        for _ in 0..3 {
            for at_once in tenants.chunks(POOL_SIZE) {
                let visits = at_once.iter().map(async |tenant| {
                    let key = TenantKey::Id(tenant.id);
                    let tenancy = &self.foundation.tenancy;
                    let tenant = tenancy.serve(&key).await.expect("a tenant");
                    let mut session = tenancy.session(&tenant).await.expect("a connection");
                    let row = session.query_one(&VISIT, &[]).await.expect("its tables");
                    row.get::<i32>("pid").expect("a number")
                });
                pids.extend(join_all(visits).await);
            }
        }
        average(pids.into_iter().collect())
    }
}

/// Connections that each go to every tenant, by a path that is set before.
struct Naive {
    clients: Vec<tokio_postgres::Client>,
}

impl Naive {
    async fn new(fleet: &Fleet, connections: usize) -> Self {
        let clients = (0..connections).map(async |_| {
            let connected = fleet.url().config().connect(NoTls).await;
            let (client, connection) = connected.expect("a connection");
            tokio::spawn(connection);
            client
        });
        Self {
            clients: join_all(clients).await,
        }
    }

    async fn visit(&self, tenants: &[Tenant]) -> f64 {
        let pids = self.clients.iter().map(async |client| {
            let mut pid = 0;
            for tenant in tenants {
                let path = format!("SET search_path = {}", tenant.schema);
                client.batch_execute(&path).await.expect("a path");
                let row = client.query_one(VISIT.text(), &[]).await;
                pid = row.expect("its tables").get(0);
            }
            pid
        });
        average(join_all(pids).await)
    }
}

/// Megabytes that these processes have for themselves, on average of those that live: a pool replaces connections that have met too many tenants.
fn average(pids: Vec<i32>) -> f64 {
    let living: Vec<f64> = pids.into_iter().filter_map(private).collect();
    living.iter().sum::<f64>() / living.len() as f64
}

fn private(pid: i32) -> Option<f64> {
    let smaps = match fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        smaps => smaps,
    };
    let smaps =
        smaps.expect("a right to look at PostgreSQL's processes (be root, or run it as yourself)");
    let kilobytes: f64 = smaps
        .lines()
        .filter(|line| line.starts_with("Private_"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok())
        .sum();
    Some(kilobytes / 1024.0)
}
