//! What a start finds and a stop leaves.

use std::fs;
use std::time::Duration;

use tenantry::private_postgres::{Error, PrivatePostgres};

use super::connect;
use super::place::{Place, serves};

async fn refusal(place: &Place) -> Error {
    PrivatePostgres::start(place.options())
        .await
        .err()
        .expect("the start is refused")
}

#[tokio::test]
async fn second_start_finds_the_data_of_the_first() {
    let place = Place::new();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let client = connect(&server.address().superuser_url("postgres"))
        .await
        .unwrap();
    client
        .batch_execute("create table kept (n int); insert into kept values (42)")
        .await
        .unwrap();
    let pid = place.postmaster().unwrap();
    server.stop().await.unwrap();
    assert!(!serves(pid, &place), "the server ended with the stop");
    assert!(
        PrivatePostgres::running(&place.data_dir)
            .await
            .unwrap()
            .is_none()
    );

    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let client = connect(&server.address().superuser_url("postgres"))
        .await
        .unwrap();
    let n: i32 = client
        .query_one("select n from kept", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(n, 42);
    for (setting, value) in [
        ("fsync", "on"),
        ("listen_addresses", ""),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ] {
        let row = client
            .query_one("select current_setting($1)", &[&setting])
            .await
            .unwrap();
        assert_eq!(row.get::<_, &str>(0), value, "{setting}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn dropped_server_stops_by_itself() {
    let place = Place::new();
    drop(PrivatePostgres::start(place.options()).await.unwrap());
    assert!(place.is_quiet_within(Duration::from_mins(1)));
    assert_eq!(place.postmaster(), None);
}

#[tokio::test]
async fn second_owner_is_refused_but_may_use_the_running_server() {
    let place = Place::new();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let error = refusal(&place).await;
    assert!(
        matches!(error, Error::InUse { pid, .. } if pid == std::process::id().cast_signed()),
        "{error}"
    );
    let address = PrivatePostgres::running(&place.data_dir)
        .await
        .unwrap()
        .expect("it runs");
    assert_eq!(
        address.superuser_url("x"),
        server.address().superuser_url("x")
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn initdb_killed_half_way_is_repeated() {
    let place = Place::new();
    fs::create_dir_all(place.data_dir.join("cluster.partial/base")).unwrap();
    fs::write(place.data_dir.join("cluster.partial/PG_VERSION"), "15\n").unwrap();
    fs::write(place.data_dir.join("password"), "old").unwrap();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    assert!(!place.data_dir.join("cluster.partial").exists());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_of_another_major_version_is_refused_with_both_versions() {
    let place = Place::new();
    PrivatePostgres::start(place.options())
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let file = place.cluster().join("PG_VERSION");
    let version: u32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    fs::write(&file, "9\n").unwrap();
    let error = refusal(&place).await;
    assert!(
        matches!(error, Error::OtherVersion { data: 9, .. }),
        "{error}"
    );
    let words = error.to_string();
    assert!(
        words.contains("PostgreSQL 9") && words.contains(&format!("version {version}")),
        "{words}"
    );
}

#[tokio::test]
async fn failed_start_shows_the_end_of_the_log() {
    let place = Place::new();
    PrivatePostgres::start(place.options())
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    fs::write(
        place.cluster().join("postgresql.conf"),
        "no_such_setting = 1\n",
    )
    .unwrap();
    let words = refusal(&place).await.to_string();
    assert!(words.contains("no_such_setting"), "{words}");
}

#[tokio::test]
async fn long_path_gets_a_short_socket_directory_that_does_not_stay() {
    let mut place = Place::new();
    place.data_dir = place.beside(&"long".repeat(30)).join("data");
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let url: tokio_postgres::Config = server.address().superuser_url("postgres").parse().unwrap();
    let [tokio_postgres::config::Host::Unix(socket_dir)] = url.get_hosts() else {
        panic!("one socket")
    };
    assert!(socket_dir.is_dir() && !socket_dir.starts_with(&place.data_dir));
    server.stop().await.unwrap();
    assert!(!socket_dir.exists());
}
