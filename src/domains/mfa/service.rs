//! The use cases of a person's own second factor: authorize, then do it, then write it down.

use uuid::Uuid;

use super::error::MfaError;
use super::model::{MfaState, Setup};
use super::totp::Secret;
use super::{recovery, repository};
use crate::domains::Deps;
use crate::domains::access::{Context, Denied, MfaManage, Scope, authorize};
use crate::domains::audit::{self, Act};
use crate::tenancy::{Scoped, Transaction};

/// The second factor of one caller.
pub struct Mfa<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> Mfa<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// Whether there is one, since when, and how many recovery codes are left.
    pub async fn state(&self) -> Result<MfaState, MfaError> {
        let (scope, user) = self.person()?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(repository::state(&mut db, &scope, user).await?)
    }

    /// Makes a secret, in the place of one that was never confirmed. It is in force after [`Mfa::confirm`].
    pub async fn set_up(&self) -> Result<Setup, MfaError> {
        let (scope, user) = self.person()?;
        let secret = Secret::new()?;
        let sealed = secret.seal(&self.deps.vault)?;
        let mut tx = self.begin("mfa.set_up").await?;
        let email = repository::email(&mut tx, &scope, user).await?;
        let email = email.ok_or(MfaError::NotSetUp)?;
        let setup = secret.setup(self.context.tenant().slug.as_str(), &email)?;
        let now = self.deps.clock.now();
        if !repository::set_up(&mut tx, &scope, user, &sealed, now).await? {
            return Err(MfaError::Enabled);
        }
        self.finish(tx, "mfa.set_up", user).await?;
        Ok(setup)
    }

    /// Puts it in force by a first code; answers with the recovery codes, which are told this once.
    pub async fn confirm(&self, code: &str) -> Result<Vec<String>, MfaError> {
        let (scope, user) = self.person()?;
        let mut tx = self.begin("mfa.confirm").await?;
        let factor = repository::factor(&mut tx, user).await?;
        let factor = factor.ok_or(MfaError::NotSetUp)?;
        if factor.confirmed_at.is_some() {
            return Err(MfaError::Enabled);
        }
        let now = self.deps.clock.now();
        let secret = Secret::open(&self.deps.vault, &factor.secret)?;
        let step = secret.step(code, now)?.ok_or(MfaError::InvalidCode)?;
        if !repository::confirm(&mut tx, &scope, user, step, now).await? {
            return Err(MfaError::Enabled);
        }
        let codes = self.replace_codes(&mut tx, &scope, user).await?;
        self.finish(tx, "mfa.enabled", user).await?;
        Ok(codes)
    }

    /// Turns it off; sign-ins ask for the password alone.
    pub async fn turn_off(&self) -> Result<(), MfaError> {
        let (scope, user) = self.person()?;
        let mut tx = self.begin("mfa.turn_off").await?;
        if !repository::turn_off(&mut tx, &scope, user).await? {
            return Err(MfaError::NotSetUp);
        }
        self.finish(tx, "mfa.disabled", user).await
    }

    /// New recovery codes, told this once; the old ones are dead.
    pub async fn renew_codes(&self) -> Result<Vec<String>, MfaError> {
        let (scope, user) = self.person()?;
        let mut tx = self.begin("mfa.renew_codes").await?;
        let factor = repository::factor(&mut tx, user).await?;
        if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
            return Err(MfaError::NotSetUp);
        }
        let codes = self.replace_codes(&mut tx, &scope, user).await?;
        self.finish(tx, "mfa.recovery_codes_renewed", user).await?;
        Ok(codes)
    }

    /// The caller, if they are the person themselves and signed in just now.
    fn person(&self) -> Result<(Scope<MfaManage>, Uuid), MfaError> {
        let scope = authorize::<MfaManage>(&self.context)?;
        self.context.in_person()?;
        self.context.freshly(&self.deps.clock)?;
        let user = self.context.user_id().ok_or(Denied::Stale)?;
        Ok((scope, user))
    }

    async fn begin(&self, name: &'static str) -> Result<Transaction, MfaError> {
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(session.begin(name))
    }

    async fn replace_codes(
        &self,
        db: &mut Scoped,
        scope: &Scope<MfaManage>,
        user: Uuid,
    ) -> Result<Vec<String>, MfaError> {
        let codes = recovery::codes()?;
        let hash = |code: &String| recovery::hash(&self.deps.vault, user, code);
        let hashes: Vec<_> = codes.iter().map(hash).collect::<Result<_, _>>()?;
        repository::replace_codes(db, scope, user, &hashes).await?;
        Ok(codes)
    }

    /// Writes it down and ends the transaction.
    async fn finish(
        &self,
        mut tx: Transaction,
        action: &'static str,
        user: Uuid,
    ) -> Result<(), MfaError> {
        let act = Act {
            action,
            resource: "user",
            resource_id: Some(user),
            ..Act::default()
        };
        audit::record(&mut tx, &self.context, &self.deps.clock, act).await?;
        Ok(tx.commit().await?)
    }
}
