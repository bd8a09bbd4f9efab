//! The second step of a sign-in, for users who have set up a second factor.

use super::error::AuthError;
use super::model::TokenPair;
use super::service::Auth;
use crate::domains::access::{Context, Origin};
use crate::domains::mfa::{self, Answer, Proof};
use crate::tenancy::TenantRef;

impl Auth {
    /// Signs in who had the right password before and now proves the second factor. Each code works once.
    pub async fn verify_mfa(
        &self,
        tenant: &TenantRef,
        mfa_token: &str,
        proof: &Proof,
        origin: Origin,
    ) -> Result<TokenPair, AuthError> {
        let (vault, now) = (&self.deps.vault, self.deps.clock.now());
        let session = self.deps.tenancy.session(tenant).await?;
        let mut tx = session.begin("auth.verify_mfa");
        match mfa::answer(&mut tx, vault, mfa_token, proof, now).await? {
            Answer::Right {
                user,
                role,
                recovered,
            } => {
                let action = if recovered {
                    "session.started_by_recovery_code"
                } else {
                    "session.started"
                };
                self.open_session(tx, tenant, user, role, action, origin)
                    .await
            }
            Answer::Wrong { user } => {
                let why = "a second factor was refused";
                let context = Context::for_system(tenant.clone(), why, origin);
                self.note(&mut tx, &context, "login.mfa_refused", "user", user)
                    .await?;
                tx.commit().await?;
                Err(AuthError::InvalidMfa)
            }
        }
    }
}
