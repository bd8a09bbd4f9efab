//! Killed owners, orphans, and what they leave on disk.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tenantry::private_postgres::PrivatePostgres;
use tokio::time::{sleep, timeout};

use super::connect;
use super::place::{Place, holds_within, serves};
use super::process::OtherOwner;

/// With a last checkpoint, on a busy disk.
const SOON: Duration = Duration::from_mins(1);

/// The processes whose command line contains all of these.
fn processes(words: &[&str]) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| {
        entry
            .file_name()
            .to_str()?
            .parse()
            .ok()
            .and_then(Pid::from_raw)
    });
    pids.filter(|pid| {
        let command = fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
        let command = String::from_utf8_lossy(&command);
        words.iter().all(|word| command.contains(word))
    })
    .collect()
}

/// The guards of this place's server.
fn guards(place: &Place) -> Vec<Pid> {
    processes(&[
        "tenantry-postgres-guard",
        &place.cluster().to_string_lossy(),
    ])
}

/// The process of this place's server that writes the last checkpoint.
fn checkpointer(place: &Place) -> Pid {
    processes(&["checkpointer"])
        .into_iter()
        .find(|pid| serves(*pid, place))
        .unwrap()
}

#[test]
fn server_ends_when_its_owner_is_killed() {
    let place = Place::new();
    let owner = OtherOwner::start(&place);
    let pid = place.postmaster().unwrap();
    assert!(serves(pid, &place));
    owner.kill();
    assert!(
        holds_within(SOON, || !serves(pid, &place)),
        "the server ends"
    );
    assert!(
        holds_within(SOON, || guards(&place).is_empty()),
        "its guard ends"
    );
}

/// A process that is held until this is dropped.
struct Held(Pid);

impl Held {
    fn new(pid: Pid) -> Self {
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        kill_process(self.0, Signal::CONT).ok();
    }
}

#[tokio::test]
async fn start_right_after_a_kill_waits_for_the_old_server() {
    let place = Place::new();
    let owner = OtherOwner::start(&place);
    let old = place.postmaster().unwrap();
    let address = PrivatePostgres::running(&place.data_dir)
        .await
        .unwrap()
        .expect("it runs");
    let client = connect(&address.superuser_url("postgres")).await.unwrap();
    client
        .batch_execute("create table kept (n int); insert into kept values (42)")
        .await
        .unwrap();

    // The server cannot end before this process has done its part.
    let held = Held::new(checkpointer(&place));
    owner.kill();
    let mut starting = pin!(PrivatePostgres::start(place.options()));
    let waiting = async {
        while !place.told().contains("waiting for the server") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let told = timeout(SOON, async {
        tokio::select! {
            _ = &mut starting => {}
            () = waiting => {}
        }
    });
    let told = told.await.is_ok() && place.told().contains("waiting for the server");
    assert!(told, "the guard holds the lock: {}", place.told());
    let early = timeout(Duration::from_secs(1), &mut starting).await;
    let early = early.map(|started| {
        started
            .map(|_| "it runs")
            .map_err(|error| error.to_string())
    });
    assert!(early.is_err(), "it waits, but came to {early:?}");
    drop(held);
    let server = starting.await.unwrap();
    assert_ne!(place.postmaster(), Some(old), "it is not the dying one");
    let client = connect(&server.address().superuser_url("postgres"))
        .await
        .unwrap();
    assert_eq!(
        client.query("select n from kept", &[]).await.unwrap().len(),
        1
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn command_waits_for_a_server_that_takes_no_connections_just_now() {
    let place = Place::new();
    let owner = OtherOwner::start(&place);
    let held = Held::new(checkpointer(&place));
    owner.kill();
    let dir = &place.data_dir;
    // Its guard tells it to stop, which it cannot yet.
    let log = place.data_dir.join("postgres.log");
    let told = || {
        fs::read_to_string(&log)
            .unwrap()
            .contains("fast shutdown request")
    };
    assert!(holds_within(SOON, told), "its guard stops it");
    let mut looking = pin!(PrivatePostgres::running(dir));
    let early = timeout(Duration::from_millis(500), &mut looking).await;
    assert!(early.is_err(), "it waits");
    drop(held);
    assert!(looking.await.unwrap().is_none(), "it has ended");
}

#[test]
fn orphan_is_adopted_and_ends_with_its_new_owner() {
    let place = Place::new();
    let first = OtherOwner::start(&place);
    let pid = place.postmaster().unwrap();
    let guard = guards(&place);
    assert_eq!(guard.len(), 1);
    kill_process(guard[0], Signal::KILL).unwrap();
    first.kill();
    assert!(
        !holds_within(Duration::from_secs(1), || !serves(pid, &place)),
        "without a guard it lives on"
    );

    let second = OtherOwner::start(&place);
    assert_eq!(place.postmaster(), Some(pid), "the same server");
    second.kill();
    assert!(
        holds_within(SOON, || !serves(pid, &place)),
        "it ends with the second owner"
    );
}

#[tokio::test]
async fn adopted_server_can_be_stopped() {
    let place = Place::new();
    let first = OtherOwner::start(&place);
    let pid = place.postmaster().unwrap();
    kill_process(guards(&place)[0], Signal::KILL).unwrap();
    first.kill();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    assert_eq!(place.postmaster(), Some(pid));
    server.stop().await.unwrap();
    assert!(!serves(pid, &place));
}

#[tokio::test]
async fn server_that_was_killed_itself_is_recovered() {
    let place = Place::new();
    let owner = OtherOwner::start(&place);
    let pid = place.postmaster().unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    owner.kill();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn pid_file_that_names_an_unrelated_process_is_stale() {
    let place = Place::new();
    PrivatePostgres::start(place.options())
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    // One of the server's user: PostgreSQL itself takes it for a server and gives up.
    let mut sleep = Command::new("sleep");
    sleep.arg("60");
    let uid = fs::metadata(place.cluster()).unwrap().uid();
    if rustix::process::geteuid().is_root() {
        sleep.uid(uid);
    }
    let mut sleep = sleep.spawn().unwrap();
    let content = format!(
        "{}\n{}\n1700000000\n5432\n\n\n",
        sleep.id(),
        place.cluster().display()
    );
    fs::write(place.cluster().join("postmaster.pid"), content).unwrap();
    let started = PrivatePostgres::start(place.options()).await;
    let unharmed = sleep.try_wait().unwrap().is_none();
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    started.unwrap().stop().await.unwrap();
    assert!(unharmed, "the unrelated process was left alone");
}
