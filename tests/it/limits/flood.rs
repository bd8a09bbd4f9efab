//! More sign-ins at once than can be hashed: the rest is refused at once, memory stays bounded, and readers are served.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::Limited;

/// Sign-ins that come at once. Unbounded, their hashing would take 19 MiB each.
const FLOOD: usize = 200;

#[tokio::test]
async fn a_flood_of_logins_is_bounded_and_readers_are_served_meanwhile() {
    let own = Limited::with(|config| {
        config.limits.enabled = false;
        config.auth.password_hash_concurrency = 1;
    })
    .await;
    let ada = own.tenant.member("ada").await;
    let anonymous = own.tenant.anonymous();
    let body = json!({ "email": "ada@example.com", "password": "not the password at all" });
    let before = resident_mib();
    let flood = join_all((0..FLOOD).map(|_| anonymous.post("/auth/login", &body)));
    let reads = async {
        let (mut most, mut slowest) = (0, Duration::ZERO);
        for _ in 0..20 {
            let begun = Instant::now();
            ada.get("/projects").await.expect(200);
            slowest = slowest.max(begun.elapsed());
            most = most.max(resident_mib());
        }
        (most, slowest)
    };
    let (logins, (most, slowest)) = tokio::join!(flood, reads);

    let (refused, hashed): (Vec<_>, Vec<_>) = logins.into_iter().partition(|it| it.status == 503);
    for answer in &refused {
        answer.expect_problem(503, "login_busy");
        assert_eq!(answer.header("retry-after"), "1");
    }
    for answer in &hashed {
        answer.expect_problem(401, "invalid_credentials");
    }
    // One runs and 32 wait; while they are answered, others take their places.
    assert!(hashed.len() >= 33, "{} were hashed", hashed.len());
    assert!(!refused.is_empty(), "nobody was refused");
    // On a busy machine; alone it is some milliseconds.
    assert!(slowest < Duration::from_secs(10), "a read took {slowest:?}");
    // Other tests of this process hash as well, but not a flood of it.
    let grown = most.saturating_sub(before);
    assert!(grown < 1024, "{grown} MiB more");
}

/// Memory of this process.
fn resident_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    kib.parse::<u64>().unwrap() / 1024
}
