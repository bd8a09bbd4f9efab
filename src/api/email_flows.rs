//! `/auth/…` and `/users/{id}/email`: what is done by mail. Verify an address, set a new password, take a new address.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answers::{Accepted, NoContent};
use super::html::{Notice, OnlyLooks, WantsPage};
use super::security::Caller;
use super::state::State;
use super::tenant_context::{ForTenant, From};
use super::{ApiError, Body, CONFLICT, MALFORMED, Tag, UNAVAILABLE};
use crate::domains::access::Context;
use crate::domains::email_flows::{EmailFlowError, EmailFlows};
use crate::domains::passwords::NewPassword;
use crate::domains::users::Email;
use crate::error::{Error, ErrorKind, FieldError};

/// Whom to write to.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Address {
    /// E-mail of an account in the request's tenant. The answer is the same where there is none.
    #[oai(validator(max_length = 254))]
    email: String,
}

/// The proof that a mail was read.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct MailToken {
    /// What the mail told. It works once, within an hour.
    #[oai(validator(max_length = 128, pattern = "^[A-Za-z0-9_-]+$"))]
    token: String,
}

/// The proof that a mail was read, and what to sign in with from now on.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct NewPasswordIn {
    /// What the mail told. It works once, within an hour.
    #[oai(validator(max_length = 128, pattern = "^[A-Za-z0-9_-]+$"))]
    token: String,
    /// 12 to 128 characters; common passwords are refused.
    #[oai(validator(min_length = 12, max_length = 128))]
    password: String,
}

/// Another address.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct NewAddress {
    /// What the user signs in with once it has confirmed; unique in the tenant.
    #[oai(validator(max_length = 254))]
    email: String,
}

/// What was proved.
#[derive(Object)]
struct Confirmed {
    /// The address that has confirmed.
    email: String,
}

/// The endpoints.
pub struct EmailFlowsApi;

#[OpenApi]
impl EmailFlowsApi {
    /// Confirm one's e-mail address by the link of the mail; a browser gets a page for failures too.
    #[oai(
        path = "/auth/verify-email",
        method = "get",
        operation_id = "verifyEmailByLink",
        tag = "Tag::Auth"
    )]
    async fn verify_by_link(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        looks: OnlyLooks,
        page: WantsPage,
        /// What the mail told. It works once, within an hour.
        #[oai(validator(max_length = 128, pattern = "^[A-Za-z0-9_-]+$"))]
        token: Query<String>,
    ) -> Result<Notice, ApiError<MALFORMED>> {
        if looks.0 {
            return Ok(Notice::good("Follow the link", "Nothing was done so far."));
        }
        let flows = EmailFlows::new(&state.deps, by_mail(tenant, origin));
        let done = flows.verify(&token.0.into()).await;
        notice(&page, done, "Your e-mail address is confirmed")
    }

    /// Confirm one's e-mail address.
    #[oai(
        path = "/auth/verify-email",
        method = "post",
        operation_id = "verifyEmail",
        tag = "Tag::Auth"
    )]
    async fn verify(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<MailToken>,
    ) -> Result<Json<Confirmed>, ApiError<MALFORMED>> {
        let flows = EmailFlows::new(&state.deps, by_mail(tenant, origin));
        let email = flows.verify(&body.0.token.into()).await?;
        Ok(confirmed(&email))
    }

    /// Ask for another mail to confirm one's address. The answer is the same whether there is such an account or not.
    #[oai(
        path = "/auth/resend-verification",
        method = "post",
        operation_id = "resendVerification",
        tag = "Tag::Auth"
    )]
    #[expect(
        clippy::unused_async,
        reason = "an endpoint is async; this one answers before the work"
    )]
    async fn resend(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<Address>,
    ) -> Result<Accepted, ApiError> {
        let (deps, context) = (state.deps.clone(), by_mail(tenant, origin));
        state.deps.later.spawn(async move {
            let flows = EmailFlows::new(&deps, context);
            report(flows.resend_verification(&body.0.email).await);
        });
        Ok(Accepted::Later)
    }

    /// Ask for a mail to set a new password. The answer is the same whether there is such an account or not.
    #[oai(
        path = "/auth/forgot-password",
        method = "post",
        operation_id = "forgotPassword",
        tag = "Tag::Auth"
    )]
    #[expect(
        clippy::unused_async,
        reason = "an endpoint is async; this one answers before the work"
    )]
    async fn forgot(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<Address>,
    ) -> Result<Accepted, ApiError> {
        let (deps, context) = (state.deps.clone(), by_mail(tenant, origin));
        state.deps.later.spawn(async move {
            let flows = EmailFlows::new(&deps, context);
            report(flows.forgot_password(&body.0.email).await);
        });
        Ok(Accepted::Later)
    }

    /// Set a new password with the token of the mail. All sessions of the user end, on every node.
    #[oai(
        path = "/auth/reset-password",
        method = "post",
        operation_id = "resetPassword",
        tag = "Tag::Auth"
    )]
    async fn reset(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<NewPasswordIn>,
    ) -> Result<NoContent, ApiError<{ MALFORMED | UNAVAILABLE }>> {
        let password = NewPassword::parse(body.0.password.into());
        let password =
            password.map_err(|e| mistake(FieldError::new("/password", e.code(), e.to_string())))?;
        let flows = EmailFlows::new(&state.deps, by_mail(tenant, origin));
        let token = body.0.token.into();
        flows.reset_password(&token, &password).await?;
        Ok(NoContent::Done)
    }

    /// Ask for another e-mail address: one's own, or as an admin that of somebody below. It takes effect once the new address confirms.
    #[oai(
        path = "/users/:id/email",
        method = "patch",
        operation_id = "changeEmail",
        tag = "Tag::Users"
    )]
    async fn change(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        body: Body<NewAddress>,
    ) -> Result<Accepted, ApiError<CONFLICT>> {
        let email = body.0.email.parse::<Email>();
        let email =
            email.map_err(|e| mistake(FieldError::new("/email", "format", e.to_string())))?;
        let flows = EmailFlows::new(&state.deps, caller.0);
        flows.ask_change(id.0, &email).await?;
        Ok(Accepted::Later)
    }

    /// Take the new e-mail address by the link of the mail; a browser gets a page for failures too.
    #[oai(
        path = "/auth/confirm-email-update",
        method = "get",
        operation_id = "confirmEmailUpdateByLink",
        tag = "Tag::Auth"
    )]
    async fn confirm_by_link(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        looks: OnlyLooks,
        page: WantsPage,
        /// What the mail told. It works once, within an hour.
        #[oai(validator(max_length = 128, pattern = "^[A-Za-z0-9_-]+$"))]
        token: Query<String>,
    ) -> Result<Notice, ApiError<{ MALFORMED | CONFLICT }>> {
        if looks.0 {
            return Ok(Notice::good("Follow the link", "Nothing was done so far."));
        }
        let flows = EmailFlows::new(&state.deps, by_mail(tenant, origin));
        let done = flows.confirm_change(&token.0.into()).await;
        notice(&page, done, "Your e-mail address is changed")
    }

    /// Take the new e-mail address.
    #[oai(
        path = "/auth/confirm-email-update",
        method = "post",
        operation_id = "confirmEmailUpdate",
        tag = "Tag::Auth"
    )]
    async fn confirm(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<MailToken>,
    ) -> Result<Json<Confirmed>, ApiError<{ MALFORMED | CONFLICT }>> {
        let flows = EmailFlows::new(&state.deps, by_mail(tenant, origin));
        let email = flows.confirm_change(&body.0.token.into()).await?;
        Ok(confirmed(&email))
    }
}

/// Whoever comes without a credential: the system acts, for what the mail proves.
fn by_mail(tenant: ForTenant, origin: From) -> Context {
    Context::for_system(tenant.0, "an e-mail flow", origin.0)
}

fn confirmed(email: &Email) -> Json<Confirmed> {
    let email = email.to_string();
    Json(Confirmed { email })
}

/// A page for a browser; for everybody else failures are problems, as everywhere.
fn notice<const OWN: u16>(
    page: &WantsPage,
    done: Result<Email, EmailFlowError>,
    title: &'static str,
) -> Result<Notice, ApiError<OWN>> {
    match done.map_err(Error::from) {
        Ok(email) => Ok(Notice::good(
            title,
            format!("Sign in as {email} from now on."),
        )),
        Err(error)
            if page.0 && matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Conflict) =>
        {
            Ok(Notice::bad(&error))
        }
        Err(error) => Err(error.into()),
    }
}

fn mistake(field: FieldError) -> Error {
    Error::validation(vec![field])
}

/// The answer was given long ago, so a failure is for the log.
fn report(done: Result<(), EmailFlowError>) {
    if let Err(error) = done {
        let error = Error::from(error);
        tracing::error!(
            error = error.chain(),
            "a mail that was asked for was not queued"
        );
    }
}
