//! The use cases of impersonation: authorize, then do it, then write it down in both logs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::error::ImpersonationError;
use super::model::{Impersonation, NewImpersonation, Started};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Context, ImpersonationsManage, Role, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::auth::Auth;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::users;
use crate::ids::new_id;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::{ControlTransaction, Tenant, TenantKey};
use crate::vault::Vault;

/// Impersonations, for one operator.
pub struct Impersonations<'d> {
    deps: &'d Deps,
    auth: &'d Auth,
    context: Context,
}

impl<'d> Impersonations<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, auth: &'d Auth, context: Context) -> Self {
        Self {
            deps,
            auth,
            context,
        }
    }

    /// Begins to act as a user, after a sign-in of the last minutes. With a key, the same request again gives the same token.
    ///
    /// # Errors
    /// [`ImpersonationError::UserNotFound`], [`ImpersonationError::NeverAnOperator`], a tenant that is not served, the key's own, or the caller
    /// may not.
    pub async fn start(
        &self,
        new: NewImpersonation,
        again: Option<&IdempotencyKey>,
    ) -> Result<Once<Started>, ImpersonationError> {
        let scope = authorize::<ImpersonationsManage>(&self.context)?;
        self.context.in_person()?;
        self.context.freshly(&self.deps.clock)?;
        let (clock, vault) = (&self.deps.clock, &self.deps.vault);
        let tenant = self.deps.tenancy.serve(&new.tenant).await?;
        let home = self.context.tenant();
        let mut tx = self.deps.tenancy.control("act as a user").await?;
        let own = tx.tenant(home).await?;
        if let Some(kept) = idempotency::replayed::<Kept>(own, clock, again).await? {
            return Ok(Once::Before(kept.open(vault)?));
        }
        // Both people are held until the commit: whatever ends their sessions then sees this one.
        let (operator_id, operator_session) = self.auth.hold_operator(own, &self.context).await?;
        let role = users::hold_role(tx.tenant(&tenant).await?, new.user_id).await?;
        let role = role.ok_or(ImpersonationError::UserNotFound)?;
        if role.built_in() == Some(Role::SuperAdmin) {
            return Err(ImpersonationError::NeverAnOperator);
        }
        let user = (new.user_id, role);
        let session = self
            .auth
            .open_acting(&mut tx, &self.context, operator_id, &tenant, user)
            .await?;
        let impersonation = Impersonation {
            id: new_id(),
            operator_id,
            tenant_id: tenant.id,
            user_id: new.user_id,
            session_id: session.id,
            reason: new.reason,
            created_at: session.created_at,
            expires_at: session.ends_at,
            ended_at: None,
        };
        let db = tx.public().await?;
        repository::insert(db, &scope, &impersonation, operator_session).await?;
        let started = Started {
            impersonation,
            access_token: session.access_token,
        };
        let kept = Kept::seal(vault, &started)?;
        idempotency::keep(tx.tenant(home).await?, clock, again, &kept).await?;
        let it = &started.impersonation;
        self.note(&mut tx, &tenant, "impersonation.started", it)
            .await?;
        tx.commit().await?;
        Ok(Once::Now(started))
    }

    /// A page of all that there are and were, newest first.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn list(
        &self,
        request: PageRequest,
    ) -> Result<Page<Impersonation>, ImpersonationError> {
        let scope = authorize::<ImpersonationsManage>(&self.context)?;
        let mut db = self.deps.tenancy.public().await?;
        let rows = repository::page(&mut db, &scope, &request).await?;
        Ok(Page::cut(rows, &request, |impersonation| impersonation.id))
    }

    /// Ends one, whoever began it; its token is dead on every node at once. One that is over stays so.
    ///
    /// # Errors
    /// [`ImpersonationError::NotFound`], or the caller may not.
    pub async fn end(&self, id: Uuid) -> Result<(), ImpersonationError> {
        let scope = authorize::<ImpersonationsManage>(&self.context)?;
        let mut tx = self.deps.tenancy.control("an impersonation ends").await?;
        let found = repository::find(tx.public().await?, &scope, id).await?;
        let it = found.ok_or(ImpersonationError::NotFound)?;
        if !it.is_running(self.deps.clock.now()) {
            return Ok(());
        }
        // In whatever state it is: what goes on in a suspended tenant can be ended too.
        let tenant = self.deps.tenancy.find(&TenantKey::Id(it.tenant_id)).await?;
        let tenant = tenant.ok_or(ImpersonationError::NotFound)?;
        let (ended, went_on) = self
            .auth
            .end_acting(&mut tx, &tenant, it.user_id, it.session_id)
            .await?;
        if went_on {
            self.note(&mut tx, &tenant, "impersonation.ended", &it)
                .await?;
        }
        tx.commit().await?;
        ended.announce();
        Ok(())
    }

    /// Into the platform's log first, then into the tenant's.
    async fn note(
        &self,
        tx: &mut ControlTransaction,
        tenant: &Tenant,
        action: &'static str,
        it: &Impersonation,
    ) -> Result<(), ImpersonationError> {
        let what = Some(json!(it));
        let (before, after) = match action {
            "impersonation.started" => (None, what),
            _ => (what, None),
        };
        let act = Act {
            action,
            resource: "impersonation",
            resource_id: Some(it.id),
            before,
            after,
        };
        audit::record_in_both(tx, &self.context, &self.deps.clock, tenant, act).await?;
        Ok(())
    }
}

/// An answer as it is kept for a replay: the token only sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    impersonation: Impersonation,
    /// Base64.
    sealed: String,
}

impl Kept {
    /// What the seal is for.
    const PURPOSE: &str = "replayed impersonations";

    fn seal(vault: &Vault, started: &Started) -> Result<Self, ImpersonationError> {
        let sealed = vault.seal(Self::PURPOSE, started.access_token.as_bytes())?;
        Ok(Self {
            impersonation: started.impersonation.clone(),
            sealed: STANDARD.encode(sealed),
        })
    }

    fn open(self, vault: &Vault) -> Result<Started, ImpersonationError> {
        let sealed = STANDARD.decode(&self.sealed);
        let sealed = sealed.map_err(|_| ImpersonationError::KeptAnswer)?;
        let text = vault.open(Self::PURPOSE, &sealed)?;
        Ok(Started {
            impersonation: self.impersonation,
            access_token: String::from_utf8(text).map_err(|_| ImpersonationError::KeptAnswer)?,
        })
    }
}
