//! The first mail to somebody for whose address nobody vouches.

use super::error::EmailFlowError;
use super::letters;
use super::model::{Kind, OneTimeToken};
use super::repository;
use crate::domains::Deps;
use crate::domains::mails::Mail;
use crate::domains::users::User;
use crate::tenancy::{Scoped, Slug};

/// Keeps a token for a user who is made in the same transaction; `db` is scoped to their tenant, `slug` and `tenant` are its two names.
/// Answers with the mail that carries the token, for the same transaction's queue.
pub(in crate::domains) async fn ask_to_verify(
    db: &mut Scoped,
    deps: &Deps,
    slug: &Slug,
    tenant: &str,
    user: &User,
) -> Result<Mail, EmailFlowError> {
    let token = OneTimeToken::new()?;
    let now = deps.clock.now();
    repository::put(db, &token, Kind::VerifyEmail, user.id, &user.email, now).await?;
    let letter = letters::verify(&deps.links, slug, tenant, &user.name, token.reveal());
    Ok(letter.to(user.email.clone())?)
}
