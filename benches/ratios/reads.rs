//! Rows 1 and 2: an authenticated read of one row against the ceiling, with one tenant and with many.

use std::net::SocketAddr;

use tenantry::domains::access::Role;
use tenantry::testkit::TestServer;

use crate::ceiling::Ceiling;
use crate::fleet::{Fleet, Tenant};
use crate::load::{self, Mix, Spread};
use crate::plan::Plan;
use crate::plot::Series;
use crate::table::{Figure, Goal, Table};

pub(crate) async fn measure(plan: &Plan, one: &Fleet, many: &Fleet, table: &mut Table) {
    eprintln!("reading: 1 tenant");
    let sides = Sides::start(one).await;
    table.add(Figure {
        number: "1",
        work: "authenticated read of one row, 1 tenant".to_owned(),
        against: "ceiling",
        unit: "requests/s",
        goal: Goal::AtLeast(0.95),
        rounds: sides.take_turns(plan, Spread::Uniform).await,
    });
    drop(sides);
    measure_many(plan, many, table).await;
}

/// Row 2 alone.
pub(crate) async fn measure_many(plan: &Plan, many: &Fleet, table: &mut Table) {
    let sides = Sides::start(many).await;
    for (spread, name, goal) in [
        (Spread::Zipf, "Zipf", 0.80),
        (Spread::Uniform, "uniform", 0.70),
    ] {
        eprintln!("reading: {} tenants, {name}", plan.tenants);
        table.add(Figure {
            number: "2",
            work: format!(
                "authenticated read of one row, {} tenants, {name}",
                plan.tenants
            ),
            against: "ceiling",
            unit: "requests/s",
            goal: Goal::AtLeast(goal),
            rounds: sides.take_turns(plan, spread).await,
        });
    }
}

/// Both servers on one database, with the requests for each.
pub(crate) struct Sides {
    server: TestServer,
    ceiling: Ceiling,
    requests: Vec<Vec<u8>>,
    bare_requests: Vec<Vec<u8>>,
}

impl Sides {
    pub(crate) async fn start(fleet: &Fleet) -> Self {
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

    /// Where ours listens.
    pub(crate) fn ours(&self) -> SocketAddr {
        address(&self.server)
    }

    /// Where the ceiling listens.
    pub(crate) fn ceiling(&self) -> SocketAddr {
        self.ceiling.address
    }

    /// The requests for both, ours first.
    pub(crate) fn mixes(&self, spread: Spread) -> (Mix, Mix) {
        (
            Mix::new(&self.requests, spread),
            Mix::new(&self.bare_requests, spread),
        )
    }

    /// Requests per second of both sides, round by round.
    async fn take_turns(&self, plan: &Plan, spread: Spread) -> Vec<(f64, f64)> {
        let (ours, bare) = self.mixes(spread);
        let address = self.ours();
        load::run(address, &ours, plan.clients, plan.warm_up).await;
        load::run(self.ceiling.address, &bare, plan.clients, plan.warm_up).await;
        let mut rounds = Vec::new();
        for _ in 0..plan.rounds {
            let ceiling = load::run(self.ceiling.address, &bare, plan.clients, plan.load).await;
            let ours = load::run(address, &ours, plan.clients, plan.load).await;
            rounds.push((ours.rate, ceiling.rate));
        }
        rounds
    }
}

/// Throughput and p99 by the number of tenants, each as often as any other: ours and the ceiling's.
pub(crate) async fn sweep(plan: &Plan, many: &Fleet) -> [[Series; 2]; 2] {
    let pair = || [Series::new("tenantry"), Series::new("ceiling")];
    let (mut rates, mut p99s) = (pair(), pair());
    let sides = Sides::start(many).await;
    for part in [100, 50, 20, 10, 4, 2, 1] {
        let tenants = (many.tenants.len() / part).max(1);
        eprintln!("reading: {tenants} tenants");
        let ours = Mix::new(&sides.requests[..tenants], Spread::Uniform);
        let bare = Mix::new(&sides.bare_requests[..tenants], Spread::Uniform);
        let both = [(sides.ours(), ours), (sides.ceiling(), bare)];
        for (side, (address, mix)) in both.iter().enumerate() {
            load::run(*address, mix, plan.clients, plan.warm_up / 2).await;
            let got = load::run(*address, mix, plan.clients, plan.load).await;
            rates[side].push(tenants as f64, got.rate);
            p99s[side].push(tenants as f64, got.p99);
        }
    }
    [rates, p99s]
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
