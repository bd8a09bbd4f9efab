//! Who waits for a connection.
//!
//! Invariant: a lane that becomes free is told to the first who waits and may use it; who no longer needs it tells the next.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{self, Receiver, Sender};

/// See the module.
#[derive(Default)]
pub(super) struct Waiting(Mutex<VecDeque<Waiter>>);

struct Waiter {
    lanes: Vec<usize>,
    wake: Sender<usize>,
}

/// Where somebody joins the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody who comes.
    Back,
    /// Somebody who was woken, and found that another had been quicker.
    Front,
}

impl Waiting {
    /// A place in the queue for one of `lanes`. Whoever takes it looks at the lanes once more before waiting: one may have become free meanwhile.
    pub(super) fn join(&self, lanes: &[usize], end: End) -> Place<'_> {
        let (wake, woken) = oneshot::channel();
        let waiter = Waiter {
            lanes: lanes.to_vec(),
            wake,
        };
        match end {
            End::Back => self.queue().push_back(waiter),
            End::Front => self.queue().push_front(waiter),
        }
        Place {
            waiting: self,
            woken,
            queued: true,
        }
    }

    /// This lane may be free.
    pub(super) fn freed(&self, lane: usize) {
        let mut queue = self.queue();
        while let Some(first) = queue.iter().position(|w| w.lanes.contains(&lane)) {
            let told = queue
                .remove(first)
                .is_some_and(|w| w.wake.send(lane).is_ok());
            if told {
                return;
            }
        }
    }

    /// Everybody looks again.
    pub(super) fn wake_all(&self) {
        self.queue().clear();
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Waiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropping it gives the place up, and passes on what it was told and did not hear.
pub(super) struct Place<'w> {
    waiting: &'w Waiting,
    woken: Receiver<usize>,
    queued: bool,
}

impl Place<'_> {
    /// The lane to try; `None` where all are to be looked at.
    pub(super) async fn lane(&mut self) -> Option<usize> {
        let told = (&mut self.woken).await.ok();
        self.queued = false;
        told
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.queued {
            return;
        }
        self.woken.close();
        match self.woken.try_recv() {
            Ok(lane) => self.waiting.freed(lane),
            Err(_) => self.waiting.queue().retain(|w| !w.wake.is_closed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_goes_to_the_first_who_may_use_it() {
        let waiting = Waiting::default();
        let mut other = waiting.join(&[1, 2], End::Back);
        let mut first = waiting.join(&[3, 4], End::Back);
        let mut second = waiting.join(&[3], End::Back);
        waiting.freed(3);
        assert_eq!(first.lane().await, Some(3));
        waiting.freed(3);
        assert_eq!(second.lane().await, Some(3));
        waiting.freed(2);
        assert_eq!(other.lane().await, Some(2));
    }

    #[tokio::test]
    async fn who_has_gone_is_passed_over() {
        let waiting = Waiting::default();
        let gone = waiting.join(&[0], End::Back);
        let mut stays = waiting.join(&[0], End::Back);
        drop(gone);
        waiting.freed(0);
        assert_eq!(stays.lane().await, Some(0));
    }

    #[tokio::test]
    async fn who_goes_without_hearing_it_passes_it_on() {
        let waiting = Waiting::default();
        let told = waiting.join(&[0], End::Back);
        let mut next = waiting.join(&[0], End::Back);
        waiting.freed(0);
        drop(told);
        assert_eq!(next.lane().await, Some(0));
    }

    #[test]
    fn who_has_gone_takes_no_room() {
        let waiting = Waiting::default();
        let stays = waiting.join(&[0], End::Back);
        drop(waiting.join(&[0], End::Back));
        assert_eq!(waiting.queue().len(), 1);
        drop(stays);
        assert_eq!(waiting.queue().len(), 0);
    }

    #[tokio::test]
    async fn who_was_too_late_is_the_first_again() {
        let waiting = Waiting::default();
        let mut before = waiting.join(&[0], End::Back);
        let mut again = waiting.join(&[0], End::Front);
        waiting.freed(0);
        assert_eq!(again.lane().await, Some(0));
        waiting.freed(0);
        assert_eq!(before.lane().await, Some(0));
    }

    #[tokio::test]
    async fn everybody_can_be_told_to_look_again() {
        let waiting = Waiting::default();
        let mut place = waiting.join(&[0], End::Back);
        waiting.wake_all();
        assert_eq!(place.lane().await, None);
    }
}
