//! Into the queue, and a look at it.

use uuid::Uuid;

use super::model::{Mail, QueueState};
use super::repository;
use crate::clock::Clock;
use crate::ids::new_id;
use crate::tenancy::{DbError, Event, Scoped, Tenancy, TenantId};

/// Queues a mail in the transaction of what it tells of: `db` sees the shared tables, as
/// [`ControlTransaction::public`](crate::tenancy::ControlTransaction::public) does. Once that commits, a node sends it at once.
///
/// # Errors
/// See [`DbError`].
pub async fn enqueue(
    db: &mut Scoped,
    clock: &Clock,
    tenant: TenantId,
    mail: &Mail,
) -> Result<Uuid, DbError> {
    let id = new_id();
    repository::insert(db, id, tenant, mail, clock.now()).await?;
    Event::MailQueued.publish(db).await?;
    Ok(id)
}

/// How the queue stands.
///
/// # Errors
/// See [`DbError`].
pub async fn state(tenancy: &Tenancy) -> Result<QueueState, DbError> {
    repository::state(&mut *tenancy.public().await?).await
}
