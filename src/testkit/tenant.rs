//! A tenant for one test, with its people.

use chrono::TimeDelta;
use uuid::Uuid;

use super::actor::Actor;
use super::server::TestServer;
use super::{OrFail, finish_on_kit, on_kit};
use crate::domains::access::{Context, Role};
use crate::domains::passwords::NewPassword;
use crate::domains::tenants::{TemporaryTenant, create_temporary, set_aside_temporary};
use crate::domains::users::{Email, NewUser, Users};

use crate::tenancy::{Slug, TenantId, TenantKey};

/// A killed run leaves its tenants for the reaper after this long.
const TTL: TimeDelta = TimeDelta::hours(1);

/// What every user of the kit signs in with.
pub(super) const PASSWORD: &str = "seven purple lighthouses";

/// A migrated, empty tenant. Dropping it ends it at once; its schema, its role and all that the test wrote are dropped in the background
/// by the shared server, or with the test's own database.
pub struct TestTenant {
    server: TestServer,
    made: TemporaryTenant,
}

impl TestTenant {
    /// What every user that the kit makes signs in with.
    pub const PASSWORD: &str = PASSWORD;

    /// One on the shared server.
    pub async fn new() -> Self {
        Self::on(&TestServer::shared().await).await
    }

    /// One on this server.
    pub async fn on(server: &TestServer) -> Self {
        let foundation = server.foundation().clone();
        let made =
            on_kit(
                async move { create_temporary(&foundation.migrator, &foundation.clock, TTL).await },
            )
            .await
            .or_fail("a tenant");
        Self {
            server: server.clone(),
            made,
        }
    }

    /// Its id.
    pub fn id(&self) -> TenantId {
        self.made.id
    }

    /// Its slug.
    pub fn slug(&self) -> &Slug {
        &self.made.slug
    }

    /// Its schema's name.
    pub fn schema(&self) -> &str {
        self.made.schema.as_str()
    }

    /// The server that serves it.
    pub fn server(&self) -> &TestServer {
        &self.server
    }

    /// Somebody without a credential.
    pub fn anonymous(&self) -> Actor {
        Actor::new(&self.server, Some(self.slug().to_string()), None)
    }

    /// A signed-in guest. Names make e-mails: `ada` is `ada@example.com`.
    pub async fn guest(&self, name: &str) -> Actor {
        self.user(name, Role::Guest).await
    }

    /// A signed-in member.
    pub async fn member(&self, name: &str) -> Actor {
        self.user(name, Role::Member).await
    }

    /// A signed-in admin.
    pub async fn admin(&self, name: &str) -> Actor {
        self.user(name, Role::Admin).await
    }

    /// A signed-in user of this role.
    pub async fn user(&self, name: &str, role: Role) -> Actor {
        let context = self.context().await;
        let email = format!("{name}@example.com");
        let user = add_user(&self.server, context, email, role).await;
        let token = self.server.bearer(self.id(), user, role);
        Actor::new(&self.server, Some(self.slug().to_string()), Some(token)).with_id(user)
    }

    /// The system in this tenant, for calling services directly.
    pub async fn context(&self) -> Context {
        self.server.system(&TenantKey::Id(self.id())).await
    }
}

impl Drop for TestTenant {
    fn drop(&mut self) {
        let migrator = self.server.foundation().migrator.clone();
        let id = self.made.id;
        finish_on_kit(async move {
            // A test about broken tenants may have left nothing to drop.
            let _ = set_aside_temporary(&migrator, id).await;
        });
    }
}

/// Adds a user by the service, as an admin's request would. The token that the kit gives them belongs to no stored session.
pub(super) async fn add_user(
    server: &TestServer,
    context: Context,
    email: String,
    role: Role,
) -> Uuid {
    let deps = server.deps().clone();
    let user = on_kit(async move {
        let new = NewUser {
            name: email.clone(),
            email: email.parse::<Email>().or_fail("an e-mail"),
            role: role.into(),
            external_subject: None,
            password: NewPassword::parse(PASSWORD.into()).or_fail("a password"),
        };
        Users::new(&deps, context).create(new, None).await
    });
    user.await.or_fail("a user").into_inner().id
}
