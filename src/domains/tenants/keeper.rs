//! Background work: ready tenants are made when some were taken, and set aside when nobody can take them; what was set aside, temporary
//! tenants too, is dropped.
//!
//! Invariant: one transaction at a time, each of them whole, so this can be stopped at any moment.

use std::time::Duration;

use super::error::TenantsError;
use super::set_aside::drop_set_aside;
use crate::error::Error;
use crate::migrations::{Migrator, Progress, Refill};
use crate::tenancy::DbError;

/// Nobody of this process wakes the keeper when another node took a spare.
const LOOK: Duration = Duration::from_secs(30);
/// Another node is making spares; when it is done, there may still be too few.
const WHILE_BUSY: Duration = Duration::from_secs(1);
/// Looks in a row at another node that makes none, before it is given up.
const PATIENCE: u32 = 10;
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// See the module.
pub struct Keeper {
    migrator: Migrator,
    ready: usize,
}

impl Keeper {
    /// Keeps so many tenants ready.
    pub fn new(migrator: Migrator, ready: usize) -> Self {
        Self { migrator, ready }
    }

    /// Works whenever there is something to do, until it is dropped; not at all where no tenant is to be ready.
    pub async fn run(self) {
        if self.ready == 0 {
            return;
        }
        loop {
            let wait = match self.step().await {
                Ok(Step::Done) => continue,
                Ok(Step::Idle) => LOOK,
                Ok(Step::Busy) => WHILE_BUSY,
                Err(TenantsError::Db(error @ DbError::MayNotChangeSchemas { .. })) => {
                    tracing::info!(reason = %error, "this server keeps no tenants ready; set READY_TENANTS=0 where it is not to");
                    return;
                }
                Err(error) => {
                    let error = Error::from(error);
                    tracing::warn!(error = %error.chain(), "no tenant could be made ready; those that are asked for are made when they are");
                    tokio::time::sleep(AFTER_FAILURE).await;
                    continue;
                }
            };
            // Whoever wakes it while it works is heard afterwards.
            let _ = tokio::time::timeout(wait, self.migrator.chores()).await;
        }
    }

    /// Makes and drops until there is nothing left to do, and tells `progress` of those that are to be made. Where another node does it, waits
    /// for that as long as it gets on. Answers with how many tenants are ready, which are fewer than wanted where that node came to a halt.
    ///
    /// # Errors
    /// When a migration fails, or the database refuses.
    pub async fn once(&self, mut progress: impl FnMut(Progress)) -> Result<usize, TenantsError> {
        let before = self.count().await?;
        let mut so_far = Progress {
            done: 0,
            total: self.ready.saturating_sub(before),
            failed: 0,
        };
        progress(so_far);
        let (mut most, mut standing) = (0, 0);
        loop {
            let step = self.step().await?;
            let ready = self.count().await?;
            let done = ready.saturating_sub(before).min(so_far.total);
            if done > so_far.done {
                so_far.done = done;
                progress(so_far);
            }
            if step == Step::Done {
                continue;
            }
            standing = if ready > most { 0 } else { standing + 1 };
            most = most.max(ready);
            if step == Step::Idle || standing > PATIENCE {
                return Ok(ready);
            }
            tokio::time::sleep(WHILE_BUSY).await;
        }
    }

    async fn count(&self) -> Result<usize, DbError> {
        let migrator = &self.migrator;
        migrator
            .with_shared(async |db| migrator.count_spares(db).await)
            .await
    }

    /// At most one of each, of a large one a part, so that dropping waits for no end of making.
    async fn step(&self) -> Result<Step, TenantsError> {
        let made = self.migrator.refill_spares(self.ready).await?;
        let aside = self.migrator.set_aside_stale_spare().await?;
        let dropped = drop_set_aside(&self.migrator).await?.is_some() || aside;
        Ok(match made {
            _ if dropped => Step::Done,
            Refill::Made => Step::Done,
            Refill::Busy => Step::Busy,
            Refill::Enough => Step::Idle,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    Idle,
    Busy,
}
