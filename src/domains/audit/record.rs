//! Writes a line.

use std::time::Duration;

use super::model::Act;
use super::repository::{self, Line};
use crate::clock::Clock;
use crate::domains::access::{Actor, Context};
use crate::ids::new_id;
use crate::tenancy::{ControlTransaction, DbError, Scoped, Tenant};

/// How long an operator's act waits for a tenant's log, which a migration may hold, while it holds the platform's from all other operators.
const WAIT: Duration = Duration::from_secs(2);

/// Writes an act into the log of the tenant that `db` is scoped to. Call it in the transaction of the change, as its last statement.
///
/// # Errors
/// See [`DbError`].
pub async fn record(
    db: &mut Scoped,
    context: &Context,
    clock: &Clock,
    act: Act,
) -> Result<(), DbError> {
    let (kind, actor_id, reason) = match context.actor() {
        Actor::User(user) if context.is_operator() => ("operator", Some(user.id), None),
        Actor::User(user) => ("user", Some(user.id), None),
        Actor::Key { id, .. } => ("key", Some(*id), None),
        Actor::System { reason } => ("system", None, Some((*reason).to_owned())),
    };
    let line = Line {
        id: new_id(),
        at: clock.now(),
        kind,
        actor_id,
        impersonator_id: context.impersonator(),
        reason,
        act,
        origin: context.origin(),
    };
    repository::insert(db, &line).await
}

/// Writes an act into the log of the caller's own tenant, and into that of `tenant` where it is another. As [`record`], the last before the commit.
///
/// # Errors
/// See [`DbError`]; [`DbError::is_lock_timeout`] where the other's log was not to be had in time.
pub async fn record_in_both(
    tx: &mut ControlTransaction,
    context: &Context,
    clock: &Clock,
    tenant: &Tenant,
    act: Act,
) -> Result<(), DbError> {
    let home = context.tenant();
    if home.id != tenant.id {
        record(tx.tenant(home).await?, context, clock, act.clone()).await?;
        tx.limit_lock_waits(WAIT).await?;
    }
    record(tx.tenant(tenant).await?, context, clock, act).await
}
