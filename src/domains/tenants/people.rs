//! An operator makes a user in a tenant, such as its next admin.

use uuid::Uuid;

use super::error::TenantsError;
use super::service::Tenants;
use crate::domains::access::{Extent, UsersCreate, authorize};
use crate::domains::audit;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::users::{self, NewUser, User};
use crate::error::Error;

impl Tenants<'_> {
    /// Makes a user in any tenant that is served, with a role up to admin. With a key, the same request again gives the same answer.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`], what making a user can fail with, the key's own, or the caller may not.
    pub async fn add_user(
        &self,
        id: Uuid,
        new: NewUser,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<User>, TenantsError> {
        let scope = authorize::<UsersCreate>(&self.context)?;
        if scope.extent() != Extent::All {
            return Err(TenantsError::OperatorsAlone);
        }
        let tenant = self.visible(scope.extent(), id).await?;
        let tenant = self.deps.tenancy.admit(tenant).map_err(Error::from)?;
        // Before the transaction: a connection is not held while a password is hashed.
        let (user, hash) = users::prepare(self.deps, &self.context, &tenant, new)
            .await
            .map_err(Error::from)?;
        let clock = &self.deps.clock;
        let home = self.context.tenant();
        let mut tx = self.deps.tenancy.control("make a tenant's user").await?;
        let own = tx.tenant(home).await?;
        if let Some(before) = idempotency::replayed(own, clock, key).await? {
            return Ok(Once::Before(before));
        }
        idempotency::keep(own, clock, key, &user).await?;
        users::insert_prepared(tx.tenant(&tenant).await?, &scope, &user, &hash)
            .await
            .map_err(Error::from)?;
        let act = users::created(&user);
        audit::record_in_both(&mut tx, &self.context, clock, &tenant, act).await?;
        tx.commit().await?;
        Ok(Once::Now(user))
    }
}
