//! From an access token to the context of a request. Runs on every request, without a query.

use super::error::AuthError;
use super::revocations::RevocationState;
use super::service::Auth;
use super::tokens::Verified;
use crate::domains::access::{Context, Origin};
use crate::tenancy::TenantRef;

impl Auth {
    /// The bearer of `token`, if it holds and its session was not ended.
    pub fn authenticate(&self, token: &str) -> Result<Verified, AuthError> {
        let verified = self.tokens.verify(token)?;
        match self.revocations.state(verified.session_id) {
            RevocationState::Live => Ok(verified),
            RevocationState::Revoked => Err(AuthError::SessionEnded),
            RevocationState::Unknown => Err(AuthError::Unsure),
        }
    }

    /// The same for [`Auth::logout`] alone, where a session that has ended is no failure: signing out can be repeated.
    pub fn authenticate_ended(&self, token: &str) -> Result<Verified, AuthError> {
        Ok(self.tokens.verify(token)?)
    }

    /// Whether tokens are accepted here at all, for readiness. Not so while this node cannot tell which sessions are revoked.
    pub fn is_ready(&self) -> bool {
        self.revocations.is_current()
    }
}

impl Verified {
    /// The context of a request for `tenant`; the token must be for the same.
    pub fn into_context(self, tenant: TenantRef, origin: Origin) -> Result<Context, AuthError> {
        if self.tenant_id != tenant.id {
            return Err(AuthError::TenantMismatch);
        }
        Ok(Context::for_user(
            tenant,
            self.user_id,
            self.role,
            self.session_id,
            origin,
        ))
    }
}
