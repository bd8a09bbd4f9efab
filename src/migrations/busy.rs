//! Work on one tenant that others may keep from its locks: tried again after a pause, and in the end told with who holds them.
//!
//! Invariant: during a pause nothing is held, neither a lock nor a connection.

use std::time::{Duration, Instant};

use super::fleet::{Migrator, tenant_lock};
use super::holders::{Holder, holders, told, what_to_do};
use crate::tenancy::{DbError, SchemaName, TenantId};

/// Others held a tenant's locks at each try.
#[derive(Debug, thiserror::Error)]
#[error(
    "busy: {what} got no lock in {tries} tries ({} s); {}; nothing was changed, and the tenant is served as before; {}",
    took.as_secs(), told(held_by), what_to_do(held_by)
)]
pub struct Busy {
    /// What wanted a lock: a migration by its name, or other work.
    pub what: String,
    /// Tries.
    pub tries: u32,
    /// Over all of them.
    pub took: Duration,
    /// Who was in the way after the last.
    pub held_by: Vec<Holder>,
}

/// Why one tenant was not looked at, or not written to.
#[derive(Debug, thiserror::Error)]
pub enum OutOfReach {
    /// Others hold it.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// An error that may mean no more than that a lock was not to be had in time.
pub(super) trait MaybeBusy: From<Busy> {
    /// What wanted the lock, which is `work` where the error does not know; `None` where it failed otherwise.
    fn without_lock<'e>(&'e self, work: &'e str) -> Option<&'e str>;
}

impl MaybeBusy for OutOfReach {
    fn without_lock<'e>(&'e self, work: &'e str) -> Option<&'e str> {
        matches!(self, Self::Db(error) if error.is_lock_timeout()).then_some(work)
    }
}

impl Migrator {
    /// Tries something with a tenant as often as the lock budget allows. Answers with the number of tries, too.
    ///
    /// # Errors
    /// What `attempt` says; [`Busy`] where a lock was in the way of each.
    pub(super) async fn insist<T, E, F>(
        &self,
        id: TenantId,
        work: &str,
        mut attempt: impl FnMut() -> F,
    ) -> Result<(T, u32), E>
    where
        E: MaybeBusy,
        F: Future<Output = Result<T, E>>,
    {
        let began = Instant::now();
        let mut tries = 1;
        loop {
            let error = match attempt().await {
                Ok(done) => return Ok((done, tries)),
                Err(error) => error,
            };
            let Some(what) = error.without_lock(work).map(str::to_owned) else {
                return Err(error);
            };
            if self.locks.wait(tries).await {
                tries += 1;
                continue;
            }
            return Err(E::from(self.busy(id, what, tries, began).await));
        }
    }

    /// What is told of work that got no lock of a tenant in so many tries.
    pub async fn busy(&self, id: TenantId, what: String, tries: u32, began: Instant) -> Busy {
        Busy {
            what,
            tries,
            took: began.elapsed(),
            // Who they are is a help; that the tenant is busy is known without.
            held_by: self.holders(id).await.unwrap_or_default(),
        }
    }

    async fn holders(&self, id: TenantId) -> Result<Vec<Holder>, DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        holders(&mut tx, SchemaName::of(id).as_str(), tenant_lock(id)).await
    }
}
