//! A child process that ends with its test: when the test returns, when it fails, and when the test's process is killed.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Killed when dropped.
pub struct Guarded {
    child: Child,
    /// A shell that reads from a pipe which only this process holds; when that is killed, the shell kills the child.
    watcher: Child,
}

impl Guarded {
    pub fn spawn(command: &mut Command) -> Self {
        let child = command.spawn().unwrap();
        let watcher = Command::new("sh")
            .args(["-c", "read -r _ || kill -9 \"$0\""])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, watcher }
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has come so far. One that ends before fails the test, and so does one that never comes there.
    pub async fn until(&mut self, mut has_come: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !has_come().await {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before: {ended:?}");
            assert!(began.elapsed() < Duration::from_mins(2), "it stands still");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// `kill -9`, and waits until it is dead.
    pub fn kill(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::KILL).unwrap();
        // Its number stays its own until it is dropped.
        let dead = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), dead).unwrap();
    }

    /// `kill -TERM`.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits for its own end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    fn end(&mut self) {
        self.child.kill().ok();
        // Before the child's number may be somebody else's.
        self.watcher.kill().ok();
        self.watcher.wait().ok();
        self.child.wait().ok();
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.end();
    }
}
