//! Parts of making a user in a tenant that is not the caller's own, for whoever holds the transaction over both.

use serde_json::json;

use super::authorization::may_give_in;
use super::error::UserError;
use super::model::{NewUser, User};
use super::repository;
use super::service::made_now;
use crate::domains::Deps;
use crate::domains::access::{Context, Scope, UsersCreate};
use crate::domains::audit::Act;
use crate::domains::passwords::PasswordHash;
use crate::tenancy::{Scoped, TenantRef};

/// The user to be, if the caller may give this role of that tenant, and the hash of their password.
pub(in crate::domains) async fn prepare(
    deps: &Deps,
    context: &Context,
    tenant: &TenantRef,
    new: NewUser,
) -> Result<(User, PasswordHash), UserError> {
    may_give_in(tenant, context, deps.roles.lookup(), &new.role).await?;
    let hash = deps.hasher.hash(&new.password).await?;
    Ok((made_now(&deps.clock, new.email, new.name, new.role), hash))
}

/// Adds the user to the tenant that `db` is scoped to. What [`created`] says belongs into the audit.
pub(in crate::domains) async fn insert_prepared(
    db: &mut Scoped,
    scope: &Scope<UsersCreate>,
    user: &User,
    hash: &PasswordHash,
) -> Result<(), UserError> {
    repository::insert(db, scope, user, hash).await
}

/// For the audit.
pub(in crate::domains) fn created(user: &User) -> Act {
    Act {
        action: "user.created",
        resource: "user",
        resource_id: Some(user.id),
        after: Some(json!(user)),
        ..Act::default()
    }
}
