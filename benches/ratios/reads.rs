//! Rows 1 and 2: an authenticated read of one row against the ceiling, with one tenant and with many.

use std::net::SocketAddr;

use tenantry::domains::access::Role;
use tenantry::testkit::TestServer;

use crate::ceiling::Ceiling;
use crate::fleet::{Fleet, Tenant};
use crate::load::{self, Mix, Spread};
use crate::plan::Plan;
use crate::table::{Figure, Goal, Table};

pub(crate) async fn measure(plan: &Plan, one: &Fleet, many: &Fleet, table: &mut Table) {
    let rows = [
        (one, Spread::Uniform, "1", "1 tenant".to_owned(), 0.95),
        (
            many,
            Spread::Zipf,
            "2",
            format!("{} tenants, Zipf", plan.tenants),
            0.80,
        ),
        (
            many,
            Spread::Uniform,
            "2",
            format!("{} tenants, uniform", plan.tenants),
            0.70,
        ),
    ];
    let mut known: Option<(&Fleet, Sides)> = None;
    for (fleet, spread, number, what, goal) in rows {
        eprintln!("reading: {what}");
        let sides = match known.take() {
            Some((of, sides)) if std::ptr::eq(of, fleet) => sides,
            _ => Sides::start(fleet).await,
        };
        table.add(Figure {
            number,
            work: format!("authenticated read of one row, {what}"),
            against: "ceiling",
            unit: "requests/s",
            goal: Goal::AtLeast(goal),
            rounds: sides.take_turns(plan, spread).await,
        });
        known = Some((fleet, sides));
    }
}

/// Both servers on one database, with the requests for each.
struct Sides {
    server: TestServer,
    ceiling: Ceiling,
    requests: Vec<Vec<u8>>,
    bare_requests: Vec<Vec<u8>>,
}

impl Sides {
    async fn start(fleet: &Fleet) -> Self {
        let server = TestServer::start_with(&fleet.config).await;
        let requests = fleet.tenants.iter().map(|tenant| request(&server, tenant));
        let bare = |tenant: &Tenant| {
            let project = tenant.project;
            format!("GET /projects/{project} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
        };
        Self {
            requests: requests.collect(),
            bare_requests: fleet.tenants.iter().map(bare).collect(),
            ceiling: Ceiling::start(fleet).await,
            server,
        }
    }

    /// Requests per second of both sides, round by round.
    async fn take_turns(&self, plan: &Plan, spread: Spread) -> Vec<(f64, f64)> {
        let ours = Mix::new(&self.requests, spread);
        let bare = Mix::new(&self.bare_requests, spread);
        let address = address(&self.server);
        load::run(address, &ours, plan.clients, plan.warm_up).await;
        load::run(self.ceiling.address, &bare, plan.clients, plan.warm_up).await;
        let mut rounds = Vec::new();
        for _ in 0..plan.rounds {
            let ceiling = load::run(self.ceiling.address, &bare, plan.clients, plan.load).await;
            let ours = load::run(address, &ours, plan.clients, plan.load).await;
            rounds.push((ours, ceiling));
        }
        rounds
    }
}

/// The read of this tenant's project by its user.
pub(crate) fn request(server: &TestServer, tenant: &Tenant) -> Vec<u8> {
    let Tenant {
        id,
        slug,
        user,
        project,
        ..
    } = tenant;
    let token = server.bearer(*id, *user, Role::Member);
    format!(
        "GET /api/v1/projects/{project} HTTP/1.1\r\nhost: localhost\r\nx-tenant-id: {slug}\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn address(server: &TestServer) -> SocketAddr {
    let url = server.url();
    let address = url.strip_prefix("http://").expect("an address");
    address.parse().expect("an address")
}
