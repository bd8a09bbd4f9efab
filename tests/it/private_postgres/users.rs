//! The same for root and for ordinary users. These tests need root and do nothing without.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tenantry::private_postgres::PrivatePostgres;

use super::connect;
use super::place::Place;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[tokio::test]
async fn root_hands_the_server_to_another_user() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let server = PrivatePostgres::start(place.options()).await.unwrap();
    let pid = place.postmaster().unwrap().as_raw_pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert!(
        !field("Uid:").split_whitespace().any(|uid| uid == "0"),
        "{status}"
    );
    assert!(
        !field("Gid:").split_whitespace().any(|gid| gid == "0"),
        "{status}"
    );
    assert_eq!(field("Groups:"), "", "root's groups are gone");
    assert_eq!(
        fs::metadata(&place.data_dir).unwrap().uid(),
        0,
        "the server's user cannot exchange files under root"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_moves_where_the_servers_user_can_enter() {
    if !is_root() {
        return;
    }
    let mut place = Place::new();
    let closed = place.beside("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let wanted = closed.join("data");
    let mut options = place.options();
    options.data_dir.clone_from(&wanted);
    let mut removed = Removed(PathBuf::new());
    for _ in 0..2 {
        let server = PrivatePostgres::start(options.clone()).await.unwrap();
        place.data_dir = server.data_dir().to_path_buf();
        removed.0.clone_from(&place.data_dir);
        assert!(!wanted.exists());
        assert!(
            place.told().contains(&*place.data_dir.to_string_lossy()),
            "the user is told: {}",
            place.told()
        );
        assert!(PrivatePostgres::running(&wanted).await.unwrap().is_some());
        connect(&server.address().superuser_url("postgres"))
            .await
            .unwrap();
        server.stop().await.unwrap();
    }
}

/// Removes a directory outside of the place.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
        // Goes when it is empty.
        self.0.parent().map(fs::remove_dir);
    }
}

/// The tests that touch users and processes again, as an ordinary user.
#[test]
fn ordinary_user_gets_the_same() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let nobody = nix::unistd::User::from_name("nobody")
        .unwrap()
        .expect("this system has a user nobody");
    // The build directory may be closed to others.
    let copy = |from: &Path, name: &str| {
        let to = place.beside(name);
        // By another process: a child that a test beside this one starts right now would hold our copy open, and it could not be run.
        let copied = Command::new("cp").arg(from).arg(&to).status().unwrap();
        assert!(copied.success());
        fs::set_permissions(&to, Permissions::from_mode(0o755)).unwrap();
        to
    };
    copy(env!("CARGO_BIN_EXE_tenantry").as_ref(), "tenantry");
    let binary = copy(&std::env::current_exe().unwrap(), "it");
    let mut again = Command::new(&binary);
    again
        .args([
            "second_start_finds",
            "server_ends_when",
            "orphan_is_adopted",
            "access::",
        ])
        .current_dir("/");
    let output = again
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("6 passed"), "{said}");
}
