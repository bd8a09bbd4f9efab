//! What the server and the database's processes take of the machine; read where there is a `/proc`.

use std::fmt;
use std::fs;

use tenantry::testkit::TestDatabase;

use super::checks::OTHERS;
use crate::program::owner;

/// Growth that is no leak: caches fill, and the allocator rounds up.
const SPARE_KIB: u64 = 10 * 1024;
/// Connections that clients hold open at one time and not at another.
const SPARE_FILES: usize = 60;
/// A backend without tenants, and the 1,000 statements of some 10 kB that a connection keeps at most (`tenancy::statements`).
const BACKEND_KIB: u64 = 10 * 1024 + 1_000 * 10;
/// What each tenant that a backend meets leaves in its caches for good: 245 KiB by the measurement in `docs/scaling.md`.
const TENANT_KIB: u64 = 250;
/// A connection that has met more is replaced (`tenancy::pool`).
const MOST_TENANTS: u64 = 1_000;

/// Zeros where nobody tells.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Memory of the server that is its own.
    server_kib: u64,
    /// Open files and sockets of the server.
    server_files: usize,
    /// The most memory that one of the database's processes has of its own.
    pub backend_kib: u64,
}

impl Size {
    pub async fn now(server: u32, database: &TestDatabase) -> Self {
        let sql = owner(database).await;
        let backends = format!("SELECT pid {OTHERS}");
        let backends = sql.query(&backends, &[]).await.unwrap();
        let backends = backends.iter().map(|row| row.get::<_, i32>(0));
        let files = fs::read_dir(format!("/proc/{server}/fd"));
        Self {
            server_kib: memory(server).unwrap_or_default(),
            server_files: files.map_or(0, Iterator::count),
            backend_kib: backends.filter_map(memory).max().unwrap_or_default(),
        }
    }

    /// Grown by less than a fifth and a little.
    #[track_caller]
    pub fn must_be_as_flat_as(self, early: Self) {
        let most = early.server_kib + early.server_kib / 5 + SPARE_KIB;
        assert!(self.server_kib <= most, "{early} and then {self}");
        let most = early.server_files + SPARE_FILES;
        assert!(self.server_files <= most, "{early} and then {self}");
    }
}

/// No backend had more than what so many tenants leave in it, however many requests there were.
#[track_caller]
pub fn backends_must_be_bounded(largest_kib: u64, tenants: usize) {
    let met = u64::try_from(tenants).unwrap().min(MOST_TENANTS);
    let most = BACKEND_KIB + met * TENANT_KIB;
    assert!(
        largest_kib <= most,
        "a backend had {largest_kib} KiB, more than the {most} KiB that {met} tenants account for"
    );
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "server {} KiB with {} files open, largest backend {} KiB",
            self.server_kib, self.server_files, self.backend_kib
        )
    }
}

fn memory(pid: impl fmt::Display) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
