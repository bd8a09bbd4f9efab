//! Mails that development mode caught, for the page that shows them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::model::Mail;

/// So many are kept; all of them are files as well.
const KEPT: usize = 100;

/// What was caught since the start, shared by its clones.
#[derive(Clone, Default)]
pub struct CaughtMails {
    mails: Arc<Mutex<VecDeque<CaughtMail>>>,
}

/// A mail, and when it was queued.
#[derive(Clone)]
pub struct CaughtMail {
    /// The mail.
    pub mail: Mail,
    /// When it was queued.
    pub at: DateTime<Utc>,
}

impl CaughtMails {
    /// The newest first.
    pub fn newest_first(&self) -> Vec<CaughtMail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().cloned().collect()
    }

    pub(super) fn add(&self, caught: CaughtMail) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.push_front(caught);
        mails.truncate(KEPT);
    }
}
