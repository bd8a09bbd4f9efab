//! Row 9: the slowest reads while more people sign in than passwords can be hashed, against the same reads without them.
//!
//! No limits are on: they would end the flood, which comes from one address. Readers come at a steady pace, so that both sides do the same work.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tenantry::testkit::TestServer;
use tokio::sync::oneshot;

use crate::fleet::{Fleet, Tenant};
use crate::load::Connection;
use crate::plan::Plan;
use crate::reads;
use crate::table::{Figure, Goal, Table};

/// Clients that sign in: on two cores more than are hashed and may wait together.
const FLOOD: usize = 100;
/// How long one of them that was refused waits.
const REFUSED: Duration = Duration::from_millis(100);
/// Clients that read.
const READERS: usize = 8;
/// Between two reads of one of them.
const PACE: Duration = Duration::from_millis(5);

pub(crate) async fn measure(plan: &Plan, fleet: &Fleet, table: &mut Table) {
    eprintln!("reading under a flood of logins");
    let server = TestServer::start_with(&fleet.config).await;
    let address = reads::address(&server);
    let tenant = &fleet.tenants[0];
    let read = reads::request(&server, tenant);
    round(address, &read, None, plan.warm_up).await;
    let login = login(tenant);
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let calm = round(address, &read, None, plan.load).await;
        let flooded = round(address, &read, Some(&login), plan.load).await;
        rounds.push((flooded, calm));
    }
    table.add(Figure {
        number: "9",
        work: "p99 of reads under a login flood".to_owned(),
        against: "without the flood",
        unit: "ms",
        goal: Goal::AtMost(3.0),
        rounds,
    });
}

/// p99 of the reads of one turn, in milliseconds.
async fn round(server: SocketAddr, read: &[u8], flood: Option<&[u8]>, time: Duration) -> f64 {
    let (done, waiting) = oneshot::channel();
    let (read, flood) = (read.to_vec(), flood.map(<[u8]>::to_vec));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let end = Instant::now() + time;
        let logins = flood.iter().flat_map(|login| {
            let one = |_| sign_in(server, login, end);
            (0..FLOOD).map(one)
        });
        let readers = (0..READERS).map(|_| reader(server, &read, end));
        let work = async { tokio::join!(join_all(readers), join_all(logins)).0 };
        let mut times = runtime.block_on(work).concat();
        times.sort_unstable();
        let p99 = times[times.len() * 99 / 100];
        done.send(p99.as_secs_f64() * 1000.0)
            .expect("somebody who waits");
    });
    waiting.await.expect("the load generator panicked")
}

/// How long each of its reads took. One that comes late because the one before was slow counts from when it was due; that the timer wakes late does not.
async fn reader(server: SocketAddr, read: &[u8], end: Instant) -> Vec<Duration> {
    let mut connection = Connection::open(server).await;
    let mut times = Vec::new();
    let mut due = Instant::now();
    while due < end {
        let mut begun = due;
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
            begun = Instant::now();
        }
        let status = connection.ask(read).await;
        assert_eq!(status, 200, "{}", connection.text());
        times.push(begun.elapsed());
        due += PACE;
    }
    times
}

/// Signs in with a wrong password until `end`.
async fn sign_in(server: SocketAddr, login: &[u8], end: Instant) {
    let mut connection = Connection::open(server).await;
    while Instant::now() < end {
        match connection.ask(login).await {
            401 => {}
            503 => tokio::time::sleep(REFUSED).await,
            other => panic!("{other}: {}", connection.text()),
        }
    }
}

fn login(tenant: &Tenant) -> Vec<u8> {
    let slug = &tenant.slug;
    let body = r#"{"email":"nobody@example.com","password":"not the password at all"}"#;
    let length = body.len();
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\nx-tenant-id: {slug}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
