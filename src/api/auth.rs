//! `/auth`: sign in, stay signed in, sign out.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::answers::NoContent;
use super::security::EndedCaller;
use super::state::State;
use super::tenant_context::{ForTenant, From};
use super::{ApiError, Body, FORBIDDEN, Tag, UNAUTHENTICATED, UNAVAILABLE};
use crate::domains::auth::TokenPair;

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
    /// Sign in with e-mail and password, in the tenant that host or `X-Tenant-ID` names.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        state: Data<&Arc<State>>,
        /// Slug or id of the tenant; needed unless the host names it.
        #[oai(name = "X-Tenant-ID")]
        tenant: ForTenant,
        origin: From,
        body: Body<Login>,
    ) -> Result<Signed, ApiError<{ UNAUTHENTICATED | FORBIDDEN | UNAVAILABLE }>> {
        let Login { email, password } = body.0;
        let auth = &state.auth;
        let pair = auth
            .login(&tenant.0, &email, &password.into(), origin.0)
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
