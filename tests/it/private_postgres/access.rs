//! Who gets in: its owner with the password on file, by tokio-postgres and libpq alike, and nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use tenantry::private_postgres::PrivatePostgres;
use tokio_postgres::error::SqlState;

use super::connect;
use super::place::Place;

/// A user id that no system gives away, and that has no rights anywhere.
const STRANGER: u32 = 54_321;

/// `psql` of the very installation that the server runs from.
fn psql(place: &Place, url: &str) -> Command {
    let options = fs::read_to_string(place.cluster().join("postmaster.opts")).unwrap();
    let postgres = PathBuf::from(options.split_whitespace().next().unwrap());
    let mut command = Command::new(postgres.with_file_name("psql"));
    command
        .args(["-X", "-w", "-At", "-c", "select 'in'", url])
        .current_dir("/");
    command
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test]
async fn libpq_reads_the_url() {
    let place = Place::new();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let url = server.address().superuser_url("postgres") + "&options=-csearch_path%3Dpg_catalog";
    let output = psql(&place, &url).output().unwrap();
    assert_eq!(said(&output), "in\n");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn wrong_password_is_refused_even_to_the_owner() {
    let place = Place::new();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let error = connect(&server.address().url("postgres", "guess", "postgres"))
        .await
        .expect_err("refused");
    assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn another_user_is_kept_from_the_socket_and_the_password() {
    let place = Place::new();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let mode = |name: &str| {
        fs::metadata(place.data_dir.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    let modes = ["socket", "cluster", "password", "postgres.log", "lock"].map(mode);
    assert_eq!(modes, [0o700, 0o700, 0o600, 0o600, 0o600]);
    // Only root can try it out as somebody else.
    if rustix::process::geteuid().is_root() {
        let url = server.address().superuser_url("postgres");
        assert_eq!(said(&psql(&place, &url).output().unwrap()), "in\n");
        let refused = psql(&place, &url)
            .uid(STRANGER)
            .gid(STRANGER)
            .output()
            .unwrap();
        assert!(
            said(&refused).contains("Permission denied"),
            "{}",
            said(&refused)
        );
        let read = Command::new("cat")
            .arg(place.data_dir.join("password"))
            .uid(STRANGER)
            .gid(STRANGER)
            .output()
            .unwrap();
        assert!(!read.status.success() && read.stdout.is_empty());
    }
    server.stop().await.unwrap();
}
