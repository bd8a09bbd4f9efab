//! `/auth`: sign in, stay signed in, sign out.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi, Union};

use super::answers::NoContent;
use super::security::EndedCaller;
use super::state::State;
use super::tenant_context::{ForTenant, From};
use super::{ApiError, Body, FORBIDDEN, Tag, UNAUTHENTICATED, UNAVAILABLE};
use crate::domains::auth::{SignIn, TokenPair};
use crate::domains::mfa::{Challenge, Proof};
use crate::error::{Error, FieldError};

/// Who signs in.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Login {
    /// E-mail of the account, in the request's tenant.
    #[oai(validator(max_length = 254))]
    email: String,
    /// Its password.
    #[oai(validator(max_length = 1024))]
    password: String,
}

/// What continues a session.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Refresh {
    /// The refresh token of the last answer. It works once.
    #[oai(validator(max_length = 256))]
    refresh_token: String,
}

/// Tokens of a session.
#[derive(Object)]
#[oai(rename = "TokenPair")]
struct Tokens {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Life of the access token, in seconds.
    expires_in: u64,
    /// For `POST /auth/refresh`, once.
    refresh_token: String,
}

impl std::convert::From<TokenPair> for Tokens {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token,
            token_type: pair.token_type.to_owned(),
            expires_in: pair.expires_in,
            refresh_token: pair.refresh_token,
        }
    }
}

/// The password was right; the second factor is asked for.
#[derive(Object)]
#[oai(rename = "MfaRequired")]
struct Asked {
    /// Always `true`.
    mfa_required: bool,
    /// For `POST /auth/mfa/verify`.
    mfa_token: String,
    /// Life of `mfa_token`, in seconds.
    expires_in: u64,
}

impl std::convert::From<Challenge> for Asked {
    fn from(challenge: Challenge) -> Self {
        Self {
            mfa_required: true,
            mfa_token: challenge.mfa_token,
            expires_in: challenge.expires_in,
        }
    }
}

/// Tokens, or a question for the second factor.
#[derive(Union)]
#[oai(one_of)]
enum LoggedIn {
    Done(Tokens),
    Asked(Asked),
}

impl std::convert::From<SignIn> for LoggedIn {
    fn from(sign_in: SignIn) -> Self {
        match sign_in {
            SignIn::Done(pair) => Self::Done(pair.into()),
            SignIn::MfaRequired(challenge) => Self::Asked(challenge.into()),
        }
    }
}

/// What proves the second factor: one of `code` and `recovery_code`.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct MfaVerify {
    /// Of the answer to the login.
    #[oai(validator(max_length = 256))]
    mfa_token: String,
    /// Six digits, of the authenticator app.
    #[oai(validator(pattern = "^[0-9]{6}$"))]
    code: Option<String>,
    /// One of the recovery codes.
    #[oai(validator(max_length = 64))]
    recovery_code: Option<String>,
}

impl MfaVerify {
    fn proof(self) -> Result<(String, Proof), Error> {
        let proof = match (self.code, self.recovery_code) {
            (Some(code), None) => Proof::Code(code),
            (None, Some(code)) => Proof::RecoveryCode(code),
            _ => {
                let detail = "expected one of `code` and `recovery_code`";
                let mistake = FieldError::new("", "one_of", detail);
                return Err(Error::validation(vec![mistake]));
            }
        };
        Ok((self.mfa_token, proof))
    }
}

/// The answer to a right password, which nobody on the way may keep.
#[derive(ApiResponse)]
enum Entered {
    /// Signed in, or asked for the second factor.
    #[oai(status = 200)]
    Right(
        Json<LoggedIn>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// Tokens, which nobody on the way may keep.
#[derive(ApiResponse)]
enum Signed {
    /// Signed in.
    #[oai(status = 200)]
    In(
        Json<Tokens>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

impl Signed {
    fn in_with(pair: TokenPair) -> Self {
        Self::In(Json(pair.into()), "no-store".to_owned())
    }
}

/// The endpoints.
pub struct AuthApi;

#[OpenApi(tag = "Tag::Auth")]
impl AuthApi {
    /// Sign in with e-mail and password, in the tenant that host or `X-Tenant-ID` names. Who has a second factor gets an `mfa_token` for
    /// `POST /auth/mfa/verify` instead of tokens.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<Login>,
    ) -> Result<Entered, ApiError<{ UNAUTHENTICATED | FORBIDDEN | UNAVAILABLE }>> {
        let Login { email, password } = body.0;
        let auth = &state.auth;
        let entered = auth
            .login(&tenant.0, &email, &password.into(), origin.0)
            .await?;
        Ok(Entered::Right(Json(entered.into()), "no-store".to_owned()))
    }

    /// Prove the second factor, after the password. Each code works once; after five wrong ones none is accepted for five minutes.
    #[oai(path = "/auth/mfa/verify", method = "post", operation_id = "verifyMfa")]
    async fn verify_mfa(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<MfaVerify>,
    ) -> Result<Signed, ApiError<UNAUTHENTICATED>> {
        let (token, proof) = body.0.proof()?;
        let pair = state
            .auth
            .verify_mfa(&tenant.0, &token, &proof, origin.0)
            .await?;
        Ok(Signed::in_with(pair))
    }

    /// Trade a refresh token for a new pair. Using one a second time ends the session.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<Refresh>,
    ) -> Result<Signed, ApiError<UNAUTHENTICATED>> {
        let auth = &state.auth;
        let pair = auth
            .refresh(&tenant.0, &body.0.refresh_token, origin.0)
            .await?;
        Ok(Signed::in_with(pair))
    }

    /// End the session; its access tokens die at once, on every node. Can be repeated.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        state: Data<&Arc<State>>,
        caller: EndedCaller,
    ) -> Result<NoContent, ApiError> {
        state.auth.logout(&caller.0).await?;
        Ok(NoContent::Done)
    }
}
