//! The use cases of users: authorize, then do it, then write it down.

use uuid::Uuid;

use super::authorization::{MakesUsers, may_give};
use super::elsewhere::created;
use super::email::Email;
use super::error::UserError;
use super::model::{FirstAdmin, NewUser, Seeded, User};
use super::repository;
use crate::clock::Clock;
use crate::domains::Deps;
use crate::domains::access::{
    Context, Role, RoleName, Scope, TenantsCreate, UsersCreate, UsersRead, authorize,
};
use crate::domains::audit;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::passwords::PasswordHash;
use crate::ids::new_id;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::Scoped;

/// Users, for one caller.
pub struct Users<'d> {
    pub(super) deps: &'d Deps,
    pub(super) context: Context,
}

impl<'d> Users<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// One user; [`UserError::NotFound`] where the caller sees none.
    pub async fn find(&self, id: Uuid) -> Result<User, UserError> {
        let scope = authorize::<UsersRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let user = repository::find(&mut db, &scope, id).await?;
        user.ok_or(UserError::NotFound)
    }

    /// The caller; the system is nobody, and not found.
    pub async fn me(&self) -> Result<User, UserError> {
        let id = self.context.user_id().ok_or(UserError::NotFound)?;
        self.find(id).await
    }

    /// A page of those that the caller sees, oldest first. Who may only see themselves gets a list of one, not a refusal: the list holds
    /// exactly what [`Users::find`] finds.
    pub async fn list(&self, request: PageRequest) -> Result<Page<User>, UserError> {
        let scope = authorize::<UsersRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let rows =
            repository::page(&mut db, &scope, request.after, request.rows_to_fetch()).await?;
        Ok(Page::cut(rows, &request, |user| user.id))
    }

    /// Makes one, with a role below the caller's. With a key, the same request again gives the same answer.
    pub async fn create(
        &self,
        new: NewUser,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<User>, UserError> {
        let scope = authorize::<UsersCreate>(&self.context)?;
        self.context.in_person()?;
        may_give(&self.context, self.deps.roles.lookup(), &new.role).await?;
        // Before the transaction: a connection is not held while a password is hashed.
        let hash = self.deps.hasher.hash(&new.password).await?;
        let clock = &self.deps.clock;
        let mut user = made_now(clock, new.email, new.name, new.role);
        user.external_subject = new.external_subject;
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("users.create");
        if let Some(before) = idempotency::replayed(&mut tx, clock, key).await? {
            return Ok(Once::Before(before));
        }
        idempotency::keep(&mut tx, clock, key, &user).await?;
        add(&mut tx, &scope, &self.context, clock, &user, &hash).await?;
        tx.commit().await?;
        Ok(Once::Now(user))
    }

    /// Makes one unless there is a user with this address; several nodes may seed at once.
    pub async fn seed(&self, new: NewUser) -> Result<Seeded, UserError> {
        let email = new.email.clone();
        if let Some(user) = self.find_by_email(&email).await? {
            return Ok(Seeded::Found(user));
        }
        match self.create(new, None).await {
            Err(UserError::EmailTaken(_)) => {
                let user = self.find_by_email(&email).await?;
                user.map(Seeded::Found).ok_or(UserError::NotFound)
            }
            made => made.map(|once| Seeded::Made(once.into_inner())),
        }
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, UserError> {
        let scope = authorize::<UsersRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(repository::find_by_email(&mut db, &scope, email).await?)
    }
}

/// Adds a new tenant's first admin, in the transaction that makes the tenant. `db` is scoped to the new tenant, `context` tells who
/// makes it; the scope is the proof that they may.
pub async fn add_first_admin(
    db: &mut Scoped,
    scope: &Scope<TenantsCreate>,
    context: &Context,
    clock: &Clock,
    admin: FirstAdmin,
) -> Result<User, UserError> {
    let mut user = made_now(clock, admin.email, admin.name, Role::Admin.into());
    user.email_verified = admin.email_verified;
    add(db, scope, context, clock, &user, &admin.password_hash).await?;
    Ok(user)
}

/// The user to be, with an address that somebody vouches for.
pub(in crate::domains) fn made_now(
    clock: &Clock,
    email: Email,
    name: String,
    role: RoleName,
) -> User {
    let now = clock.now();
    User {
        id: new_id(),
        email,
        email_verified: true,
        name,
        role,
        external_subject: None,
        created_at: now,
        updated_at: now,
    }
}

/// Adds the user to the tenant that `db` is scoped to, and writes it down: the last statements of the transaction.
pub(in crate::domains) async fn add<A: MakesUsers>(
    db: &mut Scoped,
    scope: &Scope<A>,
    context: &Context,
    clock: &Clock,
    user: &User,
    hash: &PasswordHash,
) -> Result<(), UserError> {
    repository::insert(db, scope, user, hash).await?;
    Ok(audit::record(db, context, clock, created(user)).await?)
}
