//! The audit log: who did what, written in the transaction of the change, so that neither exists without the other.

mod repository;

use serde_json::Value;
use uuid::Uuid;

use super::access::{Actor, Context};
use crate::clock::Clock;
use crate::ids::new_id;
use crate::tenancy::{DbError, Scoped};

/// One act. `before` and `after` hold what changed, never secrets.
#[derive(Debug, Clone, Default)]
pub struct Act {
    /// What was done, `resource.verb` in the past: `project.created`.
    pub action: &'static str,
    /// To what kind of thing.
    pub resource: &'static str,
    /// To which.
    pub resource_id: Option<Uuid>,
    /// What it was.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// Writes an act into the log of the tenant that `db` is scoped to. Call it in the transaction of the change.
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
    let line = repository::Line {
        id: new_id(),
        at: clock.now(),
        kind,
        actor_id,
        reason,
        act,
        origin: context.origin(),
    };
    repository::insert(db, &line).await
}
