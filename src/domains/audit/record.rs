//! Writes a line.

use super::model::Act;
use super::repository::{self, Line};
use crate::clock::Clock;
use crate::domains::access::{Actor, Context};
use crate::ids::new_id;
use crate::tenancy::{DbError, Scoped};

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
