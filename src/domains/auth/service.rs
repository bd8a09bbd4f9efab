//! The use cases of sign-ins: in, on, and out.

use std::sync::Arc;

use secrecy::SecretString;
use uuid::Uuid;

use super::error::AuthError;
use super::model::{RefreshToken, Session, SessionRules, SignIn, TokenPair};
use super::outside::{NO_SESSION, Outside};
use super::repository;
use super::revocations::Following;
use super::rotation::{Found, Worth};
use super::tokens::{Grant, Tokens};
use crate::config::AuthConfig;
use crate::domains::Deps;
use crate::domains::access::{Actor, Context, Origin, RoleName, SignedIn};
use crate::domains::audit::{self, Act};
use crate::domains::mfa;
use crate::domains::passwords::PasswordHash;
use crate::domains::users::{self, Email};
use crate::ids::new_id;
use crate::signing::{PublicKey, SigningKey};
use crate::tenancy::{Scoped, TenantRef, Transaction};

/// Sign-ins. Cheap to clone; one for a process, which follows what other nodes revoke until the last clone is gone.
#[derive(Clone)]
pub struct Auth {
    pub(super) deps: Deps,
    pub(super) tokens: Tokens,
    pub(super) outside: Option<Arc<Outside>>,
    rules: SessionRules,
    _following: Arc<Following>,
}

impl Auth {
    /// Reads the keys and which sessions are revoked. The shared tables must be migrated: a node that cannot read them must not serve.
    pub async fn start(
        deps: Deps,
        config: &AuthConfig,
        key: SigningKey,
    ) -> Result<Self, AuthError> {
        let outside = config.oidc.as_ref();
        let outside = outside.map(|config| Outside::new(config, deps.clock.clone()));
        let (tenancy, clock) = (deps.tenancy.clone(), deps.clock.clone());
        let following = deps.revocations.follow(tenancy, clock).await?;
        Ok(Self {
            outside: outside.transpose()?.map(Arc::new),
            tokens: Tokens::new(config, key, deps.clock.clone()),
            _following: Arc::new(following),
            rules: SessionRules::new(config),
            deps,
        })
    }

    /// The keys by which others can check our access tokens, the signing key's first. None where a shared secret signs.
    pub fn public_keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.tokens.public_keys()
    }

    /// Makes tokens for users that tests need not sign in.
    #[cfg(feature = "testkit")]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Signs a user in. An unknown address, one that is none, and a wrong password get one answer, after the same work.
    pub async fn login(
        &self,
        tenant: &TenantRef,
        email: &str,
        password: &SecretString,
        origin: Origin,
    ) -> Result<SignIn, AuthError> {
        self.deps.hasher.has_room()?;
        let found = match email.parse::<Email>() {
            Ok(email) => {
                let mut db = self.deps.tenancy.session(tenant).await?;
                users::credentials(&mut db, &email).await?
            }
            Err(_) => None,
        };
        let verified = found.as_ref().is_some_and(|found| found.email_verified);
        let (user, hash) = match found {
            Some(found) => (Some(found.user_id), found.password_hash),
            None => (None, None),
        };
        // No connection is held while the password is compared.
        let fits = self.deps.hasher.verify(password, hash.as_ref()).await?;
        let (Some(user), Some(hash), true) = (user, hash, fits) else {
            self.refused(tenant, "login.refused", "user", user, origin)
                .await?;
            return Err(AuthError::InvalidCredentials);
        };
        if !verified {
            self.refused(tenant, "login.refused", "user", Some(user), origin)
                .await?;
            return Err(AuthError::EmailUnverified);
        }
        let signed_in = self.open(tenant, user, &hash, origin).await?;
        self.strengthen(tenant, user, password, &hash).await;
        Ok(signed_in)
    }

    /// Gives the next pair for a refresh token, which has then been used. Two who come with one token more than ten seconds apart end
    /// the session for both.
    pub async fn refresh(
        &self,
        tenant: &TenantRef,
        refresh_token: &str,
        origin: Origin,
    ) -> Result<TokenPair, AuthError> {
        let hash = RefreshToken::hash_of(refresh_token);
        let session = self.deps.tenancy.session(tenant).await?;
        let mut tx = session.begin("auth.refresh");
        let found = repository::find_token(&mut tx, &hash).await?;
        let now = self.deps.clock.now();
        let worth = found.as_ref().map_or(Worth::Nothing, |f| f.worth(now));
        match found {
            Some(Found { session, .. }) if worth == Worth::Pair => {
                repository::use_token(&mut tx, &hash, session.id, now).await?;
                self.finish(tx, tenant, &session, "session.refreshed", origin)
                    .await
            }
            found => {
                // Rolls back, and so unlocks the session.
                drop(tx);
                let session = found.map(|found| found.session);
                self.refuse_grant(tenant, session, worth, origin).await?;
                Err(AuthError::InvalidGrant)
            }
        }
    }

    /// Signs the caller out: their session's tokens are dead on every node. Can be repeated; see [`Auth::authenticate_ended`].
    pub async fn logout(&self, context: &Context) -> Result<(), AuthError> {
        match context.actor() {
            Actor::User(user) if user.session != NO_SESSION => {
                self.end_session(context, user.session, user.id, "session.ended")
                    .await
            }
            _ => Err(AuthError::NoSession),
        }
    }

    /// Opens the session of a user whose password was right, or asks for their second factor.
    async fn open(
        &self,
        tenant: &TenantRef,
        user_id: Uuid,
        hash: &PasswordHash,
        origin: Origin,
    ) -> Result<SignIn, AuthError> {
        let mut tx = self.deps.tenancy.session(tenant).await?.begin("auth.login");
        // Locked until the session is there: a change of the password sees it, and can end it.
        let role = users::confirm(&mut tx, user_id, hash).await?;
        let role = role.ok_or(AuthError::AccountChanged)?;
        let now = self.deps.clock.now();
        if let Some(challenge) = mfa::challenge(&mut tx, user_id, now).await? {
            let context =
                Context::for_system(tenant.clone(), "a second factor is asked for", origin);
            let action = "login.mfa_required";
            self.note(&mut tx, &context, action, "user", Some(user_id))
                .await?;
            tx.commit().await?;
            return Ok(SignIn::MfaRequired(challenge));
        }
        let pair = self.open_session(tx, tenant, user_id, role, "session.started", origin);
        Ok(SignIn::Done(pair.await?))
    }

    /// Opens the session of a user who has proved who they are, and ends the transaction in which they did.
    pub(super) async fn open_session(
        &self,
        mut tx: Transaction,
        tenant: &TenantRef,
        user_id: Uuid,
        role: RoleName,
        action: &'static str,
        origin: Origin,
    ) -> Result<TokenPair, AuthError> {
        let now = self.deps.clock.now();
        let session = Session {
            id: new_id(),
            user_id,
            role,
            created_at: now,
            ends_at: now + self.rules.max_age,
        };
        repository::insert_session(&mut tx, &session, &origin).await?;
        self.finish(tx, tenant, &session, action, origin).await
    }

    /// Makes the pair, writes it down, and ends the transaction.
    async fn finish(
        &self,
        mut tx: Transaction,
        tenant: &TenantRef,
        session: &Session,
        action: &'static str,
        origin: Origin,
    ) -> Result<TokenPair, AuthError> {
        let Session {
            id,
            user_id,
            ref role,
            ends_at,
            ..
        } = *session;
        let now = self.deps.clock.now();
        let refresh_token = RefreshToken::new()?;
        let expires = ends_at.min(now + self.rules.refresh_ttl);
        repository::insert_token(&mut tx, refresh_token.hash(), id, now, expires).await?;

        let user = SignedIn {
            id: user_id,
            authority: self
                .deps
                .roles
                .within(&mut tx)
                .authority(tenant, role)
                .await?,
            session: id,
            signed_in_at: session.created_at,
            impersonator: None,
        };
        let context = Context::for_user(tenant.clone(), user, origin);
        self.note(&mut tx, &context, action, "session", Some(id))
            .await?;
        let access_token = self.tokens.issue(&Grant {
            user_id,
            tenant_id: tenant.id,
            session_id: id,
            role: role.clone(),
            signed_in_at: session.created_at,
            impersonator: None,
        })?;
        tx.commit().await?;
        Ok(TokenPair {
            access_token,
            token_type: "Bearer",
            expires_in: self.tokens.ttl().as_secs(),
            refresh_token: refresh_token.reveal(),
        })
    }

    async fn refuse_grant(
        &self,
        tenant: &TenantRef,
        session: Option<Session>,
        worth: Worth,
        origin: Origin,
    ) -> Result<(), AuthError> {
        match session {
            Some(Session { id, user_id, .. }) if worth == Worth::Stolen => {
                let why = "a refresh token came again";
                let context = Context::for_system(tenant.clone(), why, origin);
                self.end_session(&context, id, user_id, "session.reuse_detected")
                    .await
            }
            session => {
                let id = session.map(|session| session.id);
                self.refused(tenant, "refresh.refused", "session", id, origin)
                    .await
            }
        }
    }

    /// Writes a refusal down. Nobody has signed in, so it is the system that refuses.
    async fn refused(
        &self,
        tenant: &TenantRef,
        action: &'static str,
        resource: &'static str,
        resource_id: Option<Uuid>,
        origin: Origin,
    ) -> Result<(), AuthError> {
        let context = Context::for_system(tenant.clone(), "a sign-in was refused", origin);
        let mut db = self.deps.tenancy.session(tenant).await?;
        self.note(&mut db, &context, action, resource, resource_id)
            .await
    }

    pub(super) async fn note(
        &self,
        db: &mut Scoped,
        context: &Context,
        action: &'static str,
        resource: &'static str,
        resource_id: Option<Uuid>,
    ) -> Result<(), AuthError> {
        let act = Act {
            action,
            resource,
            resource_id,
            ..Act::default()
        };
        Ok(audit::record(db, context, &self.deps.clock, act).await?)
    }

    /// Keeps the password in a stronger hash if its own is from weaker days. Where that fails, the next sign-in does it.
    async fn strengthen(
        &self,
        tenant: &TenantRef,
        user: Uuid,
        password: &SecretString,
        old: &PasswordHash,
    ) {
        let result: Result<(), AuthError> = async {
            if let Some(new) = self.deps.hasher.strengthen(password, old).await? {
                let mut db = self.deps.tenancy.session(tenant).await?;
                users::replace_hash(&mut db, user, old, &new).await?;
            }
            Ok(())
        }
        .await;
        if let Err(error) = result {
            tracing::warn!(error = %error, "a weak password hash was kept until the next sign-in");
        }
    }
}
