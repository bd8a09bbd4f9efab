//! `/invites`: who is asked to join, and joining.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use secrecy::SecretString;
use uuid::Uuid;

use super::answers::{CreatedOnce, NoContent};
use super::security::Caller;
use super::state::State;
use super::tenant_context::{ForTenant, From as CameFrom};
use super::users::UserOut;
use super::{
    ApiError, Body, CONFLICT, Cursor, GONE, Limit, MALFORMED, Page, Tag, UNAVAILABLE, page_request,
};
use crate::domains::access::{Context, RoleName};
use crate::domains::invites::{Acceptance, Acceptances, Invite, Invites, NewInvite, bearer_id};
use crate::domains::passwords::NewPassword;
use crate::domains::users::Email;
use crate::error::{Error, FieldError};

/// An invitation that was neither accepted nor withdrawn.
#[derive(Object)]
#[oai(rename = "Invite")]
struct InviteOut {
    /// Its id.
    id: Uuid,
    /// Who is asked, in lower case.
    email: String,
    /// The role that they get.
    role: String,
    /// Id of the user who asks; `null` once they are deleted.
    #[oai(nullable)]
    invited_by: Option<Uuid>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When its token stops working; a new mail gives it another week.
    expires_at: DateTime<Utc>,
}

impl From<Invite> for InviteOut {
    fn from(invite: Invite) -> Self {
        Self {
            id: invite.id,
            email: invite.email.to_string(),
            role: invite.role.to_string(),
            invited_by: invite.invited_by,
            created_at: invite.created_at,
            expires_at: invite.expires_at,
        }
    }
}

/// What invites somebody.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "InviteNew")]
struct InviteIn {
    /// Whom; neither a user of the tenant nor invited already.
    #[oai(validator(max_length = 254))]
    email: String,
    /// The role that they get: strictly below the caller's own, with nothing granted that the caller does not have.
    #[oai(validator(max_length = 63, pattern = "^[a-z][a-z0-9_]{0,62}$"))]
    role: String,
}

/// The proof that the mail was read, and who joins. Address and role are the invitation's.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "InviteAcceptance")]
struct AcceptanceIn {
    /// What the mail told. It works once, within a week.
    #[oai(validator(max_length = 128, pattern = "^[A-Za-z0-9_-]+$"))]
    token: String,
    /// The name of who joins; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// What they will sign in with, 12 to 128 characters; common passwords are refused.
    #[oai(validator(min_length = 12, max_length = 128))]
    password: String,
}

/// 202 for a mail that is on its way.
#[derive(ApiResponse)]
enum Resent {
    /// The mail is queued.
    #[oai(status = 202)]
    Queued(Json<InviteOut>),
}

/// The endpoints.
pub struct InvitesApi;

#[OpenApi(tag = "Tag::Invites")]
impl InvitesApi {
    /// The tenant's open invitations, oldest first, those that are too old as well.
    #[oai(path = "/invites", method = "get", operation_id = "listInvites")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<InviteOut>>, ApiError> {
        let invites = Invites::new(&state.deps, caller.0);
        let page = invites.list(page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(InviteOut::from).into()))
    }

    /// Invite somebody by mail, to a role below the caller's. It holds for a week, also if the caller is demoted or deleted meanwhile.
    #[oai(path = "/invites", method = "post", operation_id = "createInvite")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<InviteIn>,
    ) -> Result<CreatedOnce<InviteOut>, ApiError<CONFLICT>> {
        let key = body.key(key.0, &caller.0);
        let new = body.0.parse()?;
        let invites = Invites::new(&state.deps, caller.0);
        let made = invites.create(new, key.as_ref()).await?;
        Ok(CreatedOnce::at("/invites", made, |invite| invite.id))
    }

    /// Withdraw an invitation; its token works no longer. For whoever could make it.
    #[oai(
        path = "/invites/:id",
        method = "delete",
        operation_id = "withdrawInvite"
    )]
    async fn withdraw(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The invitation's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        Invites::new(&state.deps, caller.0).withdraw(id.0).await?;
        Ok(NoContent::Done)
    }

    /// Send an invitation again, with another token and for another week; the last token works no longer. For whoever could make it.
    #[oai(
        path = "/invites/:id/resend",
        method = "post",
        operation_id = "resendInvite"
    )]
    async fn resend(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The invitation's id.
        id: Path<Uuid>,
    ) -> Result<Resent, ApiError> {
        let invites = Invites::new(&state.deps, caller.0);
        Ok(Resent::Queued(Json(invites.resend(id.0).await?.into())))
    }

    /// Accept an invitation: become a user, with the address that got the mail and the role that it names.
    #[oai(
        path = "/invites/accept",
        method = "post",
        operation_id = "acceptInvite"
    )]
    async fn accept(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: CameFrom,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<AcceptanceIn>,
    ) -> Result<CreatedOnce<UserOut>, ApiError<{ MALFORMED | CONFLICT | GONE | UNAVAILABLE }>> {
        let token = SecretString::from(body.0.token.as_str());
        let key = body.key_of(key.0, bearer_id(&token));
        let password = NewPassword::parse(body.0.password.into());
        let password = password.map_err(|e| {
            Error::validation(vec![FieldError::new("/password", e.code(), e.to_string())])
        })?;
        let acceptance = Acceptance {
            token,
            name: body.0.name,
            password,
        };
        let context = Context::for_system(tenant.0, "an invitation's token", origin.0);
        let acceptances = Acceptances::new(&state.deps, context);
        let made = acceptances.accept(acceptance, key.as_ref()).await?;
        Ok(CreatedOnce::at("/users", made, |user| user.id))
    }
}

impl InviteIn {
    fn parse(self) -> Result<NewInvite, Error> {
        let mut mistakes = Vec::new();
        let email = self.email.parse::<Email>();
        let email =
            email.map_err(|e| mistakes.push(FieldError::new("/email", "format", e.to_string())));
        let role = self.role.parse::<RoleName>();
        let role =
            role.map_err(|e| mistakes.push(FieldError::new("/role", "format", e.to_string())));
        match (email, role) {
            (Ok(email), Ok(role)) => Ok(NewInvite { email, role }),
            _ => Err(Error::validation(mistakes)),
        }
    }
}
