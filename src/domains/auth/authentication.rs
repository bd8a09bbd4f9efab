//! From an access token to the context of a request. Runs on every request, without a query.

use std::sync::Arc;

use super::error::AuthError;
use super::revocations::RevocationState;
use super::service::Auth;
use super::tokens::Verified;
use crate::domains::access::{Authority, Context, Origin, SignedIn};
use crate::tenancy::TenantRef;

impl Auth {
    /// The bearer of `token`, if it holds and its session was not ended.
    pub fn authenticate(&self, token: &str) -> Result<Verified, AuthError> {
        let verified = self.tokens.verify(token)?;
        match self.deps.revocations.state(verified.session_id) {
            RevocationState::Live => Ok(verified),
            RevocationState::Revoked => Err(AuthError::SessionEnded),
            RevocationState::RevokedWithTenant => {
                Err(AuthError::EndedWithTenant(verified.tenant_id))
            }
            RevocationState::Unknown => Err(AuthError::Unsure),
        }
    }

    /// Waits while a notice has put this token's session in doubt, and the table is read for it.
    pub async fn until_sure(&self, token: &str) {
        if let Ok(verified) = self.tokens.verify(token) {
            let revocations = &self.deps.revocations;
            revocations.until_sure(verified.session_id).await;
        }
    }

    /// As [`Auth::authenticate`], for [`Auth::logout`] alone, where a session that has ended is no failure: signing out can be repeated.
    pub fn authenticate_ended(&self, token: &str) -> Result<Verified, AuthError> {
        Ok(self.tokens.verify(token)?)
    }

    /// Whether tokens are accepted here at all, for readiness. Not so while this node cannot tell which sessions are revoked.
    pub fn is_ready(&self) -> bool {
        self.deps.revocations.is_current()
    }
}

impl Verified {
    /// The context of a request for `tenant`, of somebody who may do what `authority` says; the token must be for that tenant.
    pub fn into_context(
        self,
        tenant: TenantRef,
        authority: Arc<Authority>,
        origin: Origin,
    ) -> Result<Context, AuthError> {
        if self.tenant_id != tenant.id {
            return Err(AuthError::TenantMismatch);
        }
        let user = SignedIn {
            id: self.user_id,
            authority,
            session: self.session_id,
            signed_in_at: self.signed_in_at,
            impersonator: self.impersonator,
        };
        Ok(Context::for_user(tenant, user, origin))
    }
}
