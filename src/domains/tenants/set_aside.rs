//! The end of temporary tenants: at once, later in the background, or by the reaper, which takes what a killed job left.
//!
//! Invariant: nobody finds half of one. Where its schema is too large for one transaction, it leaves the registry first and is set aside, and
//! whoever drops what is set aside goes on where another was killed.

use super::error::TenantsError;
use super::repository;
use crate::clock::Clock;
use crate::migrations::{Migrator, close_login, drop_if_small, drop_some};
use crate::tenancy::{DbError, DdlTransaction, Event, SchemaName, TenantId};

/// Expired tenants taken in one go of the reaper.
const REAP_AT_ONCE: i64 = 100;

/// What came of dropping one in a single transaction.
enum AtOnce {
    Gone,
    TooLarge,
    NotThere,
}

/// Drops one, also one that was set aside; `false` where there is no temporary tenant with this id.
///
/// # Errors
/// When the database refuses. It is there as it was, or set aside.
pub async fn drop_temporary(migrator: &Migrator, id: TenantId) -> Result<bool, TenantsError> {
    match drop_at_once(migrator, id).await {
        Ok(AtOnce::Gone) => return Ok(true),
        Ok(AtOnce::NotThere) => return finish(migrator, id).await,
        Ok(AtOnce::TooLarge) => {}
        Err(error) if error.is_out_of_locks() => {}
        Err(error) => return Err(error),
    }
    let was_there = set_aside_temporary(migrator, id).await?;
    Ok(finish(migrator, id).await? || was_there)
}

async fn drop_at_once(migrator: &Migrator, id: TenantId) -> Result<AtOnce, TenantsError> {
    let mut tx = migrator.begin().await?;
    // The row first: only one of two who drop it at the same time goes on, and a real tenant stops here.
    if !repository::delete_temporary(tx.scoped(), id).await? {
        return Ok(AtOnce::NotThere);
    }
    if !drop_if_small(&mut tx, id).await? {
        return Ok(AtOnce::TooLarge);
    }
    tell_that_it_is_gone(&mut tx, id).await?;
    tx.commit().await?;
    Ok(AtOnce::Gone)
}

/// Takes one out of the registry and lets nobody sign in as its role any more; `false` where there is none. What is left is dropped later:
/// that takes longer than all the rest.
///
/// # Errors
/// When the database refuses.
pub async fn set_aside_temporary(migrator: &Migrator, id: TenantId) -> Result<bool, TenantsError> {
    let mut tx = migrator.begin().await?;
    if !repository::set_aside_temporary(tx.scoped(), id).await? {
        return Ok(false);
    }
    close_login(&mut tx, &SchemaName::of(id)).await?;
    tell_that_it_is_gone(&mut tx, id).await?;
    tx.commit().await?;
    migrator.wake_keeper();
    Ok(true)
}

/// Drops the schema and the role of one that was set aside, to its end; `false` where it was not.
async fn finish(migrator: &Migrator, id: TenantId) -> Result<bool, TenantsError> {
    let (mut pace, mut was_there) = (migrator.pace(), false);
    loop {
        match drop_part_of(migrator, Some(id), pace.part()).await {
            Ok(Some(false)) => {
                was_there = true;
                pace.went_on();
            }
            Ok(Some(true)) => return Ok(true),
            Ok(None) => return Ok(was_there),
            Err(error) if error.is_out_of_locks() && pace.less() => {}
            Err(error) if error.is_lock_timeout() && pace.wait().await => {}
            Err(error) => return Err(error),
        }
    }
}

/// Drops a part of one that was set aside, and says whether that was the last; `None` where nobody is left whom nobody else drops.
///
/// # Errors
/// When the database refuses; it stays set aside.
pub(super) async fn drop_set_aside(migrator: &Migrator) -> Result<Option<bool>, TenantsError> {
    let mut pace = migrator.pace();
    loop {
        match drop_part_of(migrator, None, pace.part()).await {
            Err(error) if error.is_out_of_locks() && pace.less() => {}
            done => return done,
        }
    }
}

/// Of this one, or of any.
async fn drop_part_of(
    migrator: &Migrator,
    id: Option<TenantId>,
    part: i64,
) -> Result<Option<bool>, TenantsError> {
    let mut tx = migrator.begin().await?;
    let Some(id) = repository::hold_set_aside(tx.scoped(), id).await? else {
        return Ok(None);
    };
    let is_gone = drop_some(&mut tx, id, part).await?;
    if is_gone {
        repository::forget_set_aside(tx.scoped(), id).await?;
    }
    tx.commit().await?;
    Ok(Some(is_gone))
}

/// Drops those whose time is over. Answers with how many. One that cannot be dropped is in nobody's way: it is told at the end, when the others are gone.
///
/// # Errors
/// When the database refuses.
pub async fn reap_expired(migrator: &Migrator, clock: &Clock) -> Result<usize, TenantsError> {
    let mut reaped = 0;
    loop {
        let mut tx = migrator.begin().await?;
        let expired = repository::expired(tx.scoped(), clock.now(), REAP_AT_ONCE).await?;
        drop(tx);
        let (mut gone, mut failed) = (0, None);
        for (id, _) in expired {
            match drop_temporary(migrator, id).await {
                Ok(dropped) => gone += usize::from(dropped),
                Err(error) => failed = Some(error),
            }
        }
        reaped += gone;
        match failed {
            Some(error) if gone == 0 => return Err(error),
            None if gone == 0 => return Ok(reaped),
            _ => {}
        }
    }
}

/// Drops those that were set aside, where no server is there to do it. Answers with how many.
///
/// # Errors
/// When the database refuses.
pub async fn reap_set_aside(migrator: &Migrator) -> Result<usize, TenantsError> {
    let mut reaped = 0;
    while let Some(is_gone) = drop_set_aside(migrator).await? {
        reaped += usize::from(is_gone);
    }
    Ok(reaped)
}

async fn tell_that_it_is_gone(tx: &mut DdlTransaction, id: TenantId) -> Result<(), DbError> {
    Event::TenantChanged { id }.publish(tx.scoped()).await
}
