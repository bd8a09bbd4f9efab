//! Row 7: from the start of the process to the first 200 of `/health/ready`, with nothing to migrate; many tenants against one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::table::{Figure, Goal, Table, median, milliseconds};

const LIMIT: Duration = Duration::from_mins(1);
/// Between two looks; the error of the figure.
const POLL: Duration = Duration::from_micros(500);

pub(crate) fn measure(plan: &Plan, one: &Fleet, many: &Fleet, table: &mut Table) {
    eprintln!("starting");
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..plan.starts {
            theirs.push(milliseconds(start(one), 1));
            ours.push(milliseconds(start(many), 1));
        }
        rounds.push((median(ours), median(theirs)));
    }
    table.add(Figure {
        number: "7",
        work: format!(
            "start with nothing to migrate, {} tenants",
            many.tenants.len()
        ),
        against: "start with 1 tenant",
        unit: "ms",
        goal: Goal::AtMost(1.2),
        rounds,
    });
}

fn start(fleet: &Fleet) -> Duration {
    Started::on(fleet).took
}

/// A server that is ready; ended with the value.
pub(crate) struct Started {
    pub(crate) address: SocketAddr,
    took: Duration,
    server: Child,
}

impl Started {
    pub(crate) fn on(fleet: &Fleet) -> Self {
        let address = free_address();
        let begun = Instant::now();
        let mut server = Command::new(env!("CARGO_BIN_EXE_tenantry"))
            .arg("serve")
            .envs(fleet.database.environment())
            .env("BIND_ADDR", address.to_string())
            .env("RATE_LIMIT", "off")
            .stderr(Stdio::null())
            .spawn()
            .expect("the server's program");
        while !is_ready(address) {
            assert!(begun.elapsed() < LIMIT, "the server does not become ready");
            let ended = server.try_wait().expect("the server's state");
            assert!(ended.is_none(), "the server ended: {ended:?}");
            thread::sleep(POLL);
        }
        let took = begun.elapsed();
        Self {
            address,
            took,
            server,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.server.id()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.server.kill().expect("to end it");
        self.server.wait().expect("to end it");
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = "GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
