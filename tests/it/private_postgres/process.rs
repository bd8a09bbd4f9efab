//! Another process that owns a server: this test binary again, in the role below.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tenantry::private_postgres::PrivatePostgres;

use super::place::{Place, holds_within, options};

/// An owner to be killed.
pub struct OtherOwner(Child);

impl OtherOwner {
    /// Starts one and waits until its server has a process.
    pub fn start(place: &Place) -> Self {
        let mut owner = Command::new(std::env::current_exe().unwrap());
        owner.args([
            "--ignored",
            "--exact",
            "private_postgres::process::own_a_server",
        ]);
        owner
            .env("TEST_DATA_DIR", &place.data_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut owner = Self(owner.spawn().unwrap());
        let up = holds_within(Duration::from_secs(30), || {
            place.beside("ready").exists() || owner.0.try_wait().unwrap().is_some()
        });
        assert!(
            up && owner.0.try_wait().unwrap().is_none(),
            "the other owner did not come up"
        );
        std::fs::remove_file(place.beside("ready")).unwrap();
        owner
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for OtherOwner {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
#[ignore = "the role of another process, played when a test starts it"]
async fn own_a_server() {
    let Some(data_dir) = std::env::var_os("TEST_DATA_DIR") else {
        return;
    };
    let options = options(Path::new(&data_dir), &Arc::default());
    let ready = options.data_dir.with_file_name("ready");
    let server = PrivatePostgres::start(options).await.unwrap();
    std::fs::write(ready, "").unwrap();
    // Ends with the test, should that be killed.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    server.stop().await.unwrap();
}
