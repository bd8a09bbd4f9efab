//! The use cases of who cannot sign in, or has not proved their address yet.

use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::error::EmailFlowError;
use super::letters;
use super::model::{Kind, OneTimeToken, Person, Proof};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::Context;
use crate::domains::audit::{self, Act};
use crate::domains::auth::{Which, end_sessions};
use crate::domains::mails::{self, Letter};
use crate::domains::passwords::NewPassword;
use crate::domains::users::Email;
use crate::tenancy::{ControlTransaction, Scoped};

/// The flows, for one caller: a signed-in user, or the system for somebody who holds a token or names an address.
pub struct EmailFlows<'d> {
    pub(super) deps: &'d Deps,
    pub(super) context: Context,
}

impl<'d> EmailFlows<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// Sends a new link to an address that has not been confirmed. Nobody must be told whether there was anything to send.
    pub async fn resend_verification(&self, email: &str) -> Result<(), EmailFlowError> {
        let wanted = |person: &Person| !person.email_verified;
        self.send(email, Kind::VerifyEmail, "verification.asked", wanted)
            .await
    }

    /// Sends a token for a new password. Nobody must be told whether there is such a user.
    pub async fn forgot_password(&self, email: &str) -> Result<(), EmailFlowError> {
        self.send(email, Kind::ResetPassword, "password_reset.asked", |_| true)
            .await
    }

    /// Confirms the address that the token was sent to, and tells it.
    pub async fn verify(&self, token: &SecretString) -> Result<Email, EmailFlowError> {
        let now = self.deps.clock.now();
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("email_flows.verify");
        let proof = self.take(&mut tx, token, Kind::VerifyEmail).await?;
        if let Some(proof) = proof
            && repository::verify(&mut tx, &proof, now).await?
        {
            repository::drop_tokens(&mut tx, proof.user_id, Some(Kind::VerifyEmail)).await?;
            self.note(
                &mut tx,
                "email.verified",
                Some(proof.user_id),
                Act::default(),
            )
            .await?;
            tx.commit().await?;
            return Ok(proof.email);
        }
        drop(tx);
        self.refuse(Kind::VerifyEmail).await
    }

    /// Sets a new password, and ends every session of the user on every node. Reading the mail has proved the address as well.
    pub async fn reset_password(
        &self,
        token: &SecretString,
        password: &NewPassword,
    ) -> Result<(), EmailFlowError> {
        let now = self.deps.clock.now();
        // Hashing is dear: not for tokens that are none, and with no connection held.
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let token_hash = hash_of(token);
        let holds = repository::holds(&mut db, &token_hash, Kind::ResetPassword, now).await?;
        drop(db);
        if !holds {
            return self.refuse(Kind::ResetPassword).await;
        }
        let hash = self.deps.hasher.hash(password).await?;

        let mut tx = self.deps.tenancy.control("a password is reset").await?;
        let db = tx.tenant(self.context.tenant()).await?;
        let proof = self.take(db, token, Kind::ResetPassword).await?;
        let Some(proof) = proof else {
            drop(tx);
            return self.refuse(Kind::ResetPassword).await;
        };
        if !repository::set_password(db, &proof, &hash, now).await? {
            drop(tx);
            return self.refuse(Kind::ResetPassword).await;
        }
        repository::drop_tokens(db, proof.user_id, None).await?;
        let (context, user) = (&self.context, proof.user_id);
        let why = "a new password by mail";
        let ended = end_sessions(&mut tx, self.deps, context, user, Which::All).await?;
        ended.record(&mut tx, self.deps, context, user, why).await?;
        let db = tx.tenant(context.tenant()).await?;
        self.note(db, "password.reset", Some(user), Act::default())
            .await?;
        tx.commit().await?;
        ended.announce();
        Ok(())
    }

    /// Makes a token for whoever has this address, if they are `wanted`, and mails it to them. It is written down that somebody asked, for
    /// strangers too.
    async fn send(
        &self,
        email: &str,
        kind: Kind,
        action: &'static str,
        wanted: impl Fn(&Person) -> bool,
    ) -> Result<(), EmailFlowError> {
        let mut tx = self.deps.tenancy.control("a mail is asked for").await?;
        let db = tx.tenant(self.context.tenant()).await?;
        let person = match email.parse::<Email>() {
            Ok(email) => repository::by_email(db, &email).await?.filter(wanted),
            Err(_) => None,
        };
        if let Some(person) = &person {
            let to = &person.email;
            let token = self.put(db, kind, person, to).await?;
            let tenant = self.context.tenant();
            let letter = match kind {
                Kind::VerifyEmail => letters::verify(
                    &self.deps.links,
                    &tenant.slug,
                    &tenant.name,
                    &person.name,
                    token.reveal(),
                ),
                _ => letters::reset(tenant, person, token.reveal()),
            };
            self.mail(&mut tx, letter, to).await?;
        }
        let db = tx.tenant(self.context.tenant()).await?;
        let user = person.map(|person| person.id);
        self.note(db, action, user, Act::default()).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn put(
        &self,
        db: &mut Scoped,
        kind: Kind,
        person: &Person,
        to: &Email,
    ) -> Result<OneTimeToken, EmailFlowError> {
        let token = OneTimeToken::new()?;
        let now = self.deps.clock.now();
        repository::put(db, &token, kind, person.id, to, now).await?;
        Ok(token)
    }

    pub(super) async fn mail(
        &self,
        tx: &mut ControlTransaction,
        letter: Letter,
        to: &Email,
    ) -> Result<(), EmailFlowError> {
        let mail = letter.to(to.clone())?;
        let tenant = self.context.tenant().id;
        mails::enqueue(tx.public().await?, &self.deps.clock, tenant, &mail).await?;
        Ok(())
    }

    pub(super) async fn take(
        &self,
        db: &mut Scoped,
        token: &SecretString,
        kind: Kind,
    ) -> Result<Option<Proof>, EmailFlowError> {
        let now = self.deps.clock.now();
        Ok(repository::take(db, &hash_of(token), kind, now).await?)
    }

    /// Writes down that a token did not hold.
    pub(super) async fn refuse<T>(&self, kind: Kind) -> Result<T, EmailFlowError> {
        let act = Act {
            after: Some(json!({ "kind": kind.as_str() })),
            ..Act::default()
        };
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        self.note(&mut db, "email_token.refused", None, act).await?;
        Err(EmailFlowError::TokenInvalid)
    }

    pub(super) async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        user: Option<Uuid>,
        what: Act,
    ) -> Result<(), EmailFlowError> {
        let act = Act {
            action,
            resource: "user",
            resource_id: user,
            ..what
        };
        Ok(audit::record(db, &self.context, &self.deps.clock, act).await?)
    }
}

fn hash_of(token: &SecretString) -> Vec<u8> {
    use secrecy::ExposeSecret;
    OneTimeToken::hash_of(token.expose_secret())
}
