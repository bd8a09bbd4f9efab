//! The use cases of a new address: asked for by a signed-in user, in force once the new address has confirmed.

use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::error::EmailFlowError;
use super::letters;
use super::model::Kind;
use super::repository;
use super::service::EmailFlows;
use crate::domains::access::{EmailsChange, authorize};
use crate::domains::audit::Act;
use crate::domains::users::{Email, may_take_over};

impl EmailFlows<'_> {
    /// Asks the new address whether it is this user's, and tells the old one. Nobody changes the address of who stands beside or above
    /// them; their own, everybody may.
    pub async fn ask_change(&self, user: Uuid, new: &Email) -> Result<(), EmailFlowError> {
        let scope = authorize::<EmailsChange>(&self.context)?;
        self.context.in_person()?;
        if self.context.user_id() == Some(user) {
            // A new address opens the account: a stolen token must not be enough.
            self.context.freshly(&self.deps.clock)?;
        }
        let mut tx = self
            .deps
            .tenancy
            .control("a new address is asked for")
            .await?;
        let db = tx.tenant(self.context.tenant()).await?;
        let person = repository::by_id(db, &scope, user).await?;
        let person = person.ok_or(EmailFlowError::NotFound)?;
        let roles = self.deps.roles.within(db);
        may_take_over(&self.context, roles, person.id, &person.role).await??;
        if repository::is_taken(db, new, person.id).await? {
            return Err(EmailFlowError::EmailTaken(new.clone()));
        }
        let token = self.put(db, Kind::ChangeEmail, &person, new).await?;
        let tenant = self.context.tenant();
        let letter = letters::change(&self.deps.links, tenant, &person, token.reveal());
        self.mail(&mut tx, letter, new).await?;
        let letter = letters::change_asked(tenant, &person, new);
        self.mail(&mut tx, letter, &person.email).await?;
        let act = Act {
            before: Some(json!({ "email": person.email })),
            after: Some(json!({ "email": new })),
            ..Act::default()
        };
        let db = tx.tenant(tenant).await?;
        self.note(db, "email_change.asked", Some(person.id), act)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Gives the user the address that the token was sent to, and tells it. What was mailed to the old one holds no longer.
    pub async fn confirm_change(&self, token: &SecretString) -> Result<Email, EmailFlowError> {
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("email_flows.confirm_change");
        let proof = self.take(&mut tx, token, Kind::ChangeEmail).await?;
        let Some(proof) = proof else {
            drop(tx);
            return self.refuse(Kind::ChangeEmail).await;
        };
        let person = repository::by_proof(&mut tx, &proof).await?;
        let person = person.ok_or(EmailFlowError::TokenInvalid)?;
        repository::set_email(&mut tx, &proof, self.deps.clock.now()).await?;
        repository::drop_tokens(&mut tx, person.id, None).await?;
        let act = Act {
            before: Some(json!({ "email": person.email })),
            after: Some(json!({ "email": proof.email })),
            ..Act::default()
        };
        self.note(&mut tx, "email.changed", Some(person.id), act)
            .await?;
        tx.commit().await?;
        Ok(proof.email)
    }
}
