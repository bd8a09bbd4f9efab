//! The threads that hash: a few of their own, which the system runs when those that answer requests leave it time.
//!
//! Invariant: so many pieces of work are done or wait, and no more; what nobody waits for any longer is not done.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

type Job = Box<dyn FnOnce() + Send>;

/// Why a piece of work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too many wait already.
    Busy,
    /// It broke down.
    Lost,
}

/// See the module. The threads end with the value.
pub(super) struct Threads {
    jobs: Sender<Job>,
    /// Room for those that are done and those that wait.
    room: Arc<Semaphore>,
}

impl Threads {
    /// Starts `count` threads, for which `waiting` pieces of work may wait.
    pub(super) fn start(count: usize, waiting: usize) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..count {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name("password-hash".to_owned());
            thread.spawn(move || work_off(&queue))?;
        }
        Ok(Self {
            jobs,
            room: Arc::new(Semaphore::new(count + waiting)),
        })
    }

    /// Whether [`Threads::run`] would take work now.
    pub(super) fn has_room(&self) -> bool {
        self.room.available_permits() > 0
    }

    /// Does `work` on one of them.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| Refused::Busy)?;
        let (reply, done) = oneshot::channel();
        let job = move || {
            // The room goes with the work: a caller who hangs up does not make any while it is still done.
            let _room = room;
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| Refused::Lost)?;
        done.await.map_err(|_| Refused::Lost)
    }
}

fn work_off(queue: &Mutex<Receiver<Job>>) {
    step_back();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Its caller learns of it; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Lowers the priority of this thread: about a tenth of the time of one that answers requests, where both want it.
#[cfg(target_os = "linux")]
fn step_back() {
    const NICE: i32 = 10;
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "passwords are hashed at the priority of everything else");
    }
}

/// Elsewhere a priority belongs to the whole process.
#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_breaks_down_takes_no_thread_with_it() {
        let threads = Threads::start(1, 1).unwrap();
        let broken = threads.run(|| panic!("on purpose")).await;
        assert_eq!(broken, Err::<(), _>(Refused::Lost));
        assert_eq!(threads.run(|| 42).await, Ok(42));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_longer_is_not_done() {
        let threads = Threads::start(1, 2).unwrap();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let first = threads.run(move || gate.recv());
        let done = Arc::new(Mutex::new(false));
        let mark = Arc::clone(&done);
        let left = threads.run(move || *mark.lock().unwrap() = true);
        let hang_up = async {
            // Both are queued when they are first looked at; only the second is given up.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(20), left).await;
            go.send(()).unwrap();
        };
        let _ = tokio::join!(first, hang_up);
        threads.run(|| ()).await.unwrap();
        assert!(!*done.lock().unwrap());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_has_less_priority_than_answering() {
        let threads = Threads::start(1, 1).unwrap();
        let own = || rustix::process::getpriority_process(None).unwrap();
        let hashing = threads.run(own).await.unwrap();
        assert_eq!(hashing - own(), 10);
    }
}
