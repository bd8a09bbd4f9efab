//! A real Redis on a socket in a folder of its own, with nothing on disk; it ends with its test.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Redis {
    folder: tempfile::TempDir,
    process: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        let mut redis = Self {
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        redis.start_again();
        redis
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}?db=3", self.socket().display())
    }

    /// Nobody else takes it while this one is down, as could happen to a port.
    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Starts it on the same socket, empty.
    pub fn start_again(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server; it is in Debian's package of that name");
        self.process = Some(process);
        let started = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "no redis");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops it from answering, while its connections stay open; or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let pid = self.process.as_ref().unwrap().id();
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
        let signal = if frozen {
            rustix::process::Signal::STOP
        } else {
            rustix::process::Signal::CONT
        };
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
