//! Another process that owns a server: the program itself, in development mode.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::place::{Place, holds_within};
use crate::program::Guarded;

/// An owner to be killed.
pub struct OtherOwner(Guarded);

impl OtherOwner {
    /// Starts one and waits until its server takes connections.
    pub fn start(place: &Place) -> Self {
        let log = place.beside("owner.log");
        let file = std::fs::File::create(&log).unwrap();
        let mut command = Command::new(program());
        command
            .arg("dev")
            .env_remove("DATABASE_URL")
            .env("APP_ENV", "development")
            .env("DATA_DIR", place.data_dir.parent().unwrap())
            .env("BIND_ADDR", "127.0.0.1:0")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let mut owner = Guarded::spawn(&mut command);
        let said = || std::fs::read_to_string(&log).unwrap();
        let up = holds_within(Duration::from_mins(1), || {
            said().contains("tenantry is ready") || owner.child().try_wait().unwrap().is_some()
        });
        let lives = owner.child().try_wait().unwrap().is_none();
        assert!(up && lives, "the other owner did not come up:\n{}", said());
        Self(owner)
    }

    /// `kill -9`.
    pub fn kill(self) {
        self.0.kill();
    }
}

/// Beside this test's own binary where that was copied for another user, else where it was built.
fn program() -> PathBuf {
    let copied = std::env::current_exe().unwrap().with_file_name("tenantry");
    if copied.exists() {
        copied
    } else {
        env!("CARGO_BIN_EXE_tenantry").into()
    }
}
