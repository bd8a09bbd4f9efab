//! `/users/me/mfa/totp`: the caller's own second factor. All of it asks for a sign-in within the last ten minutes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::answers::NoContent;
use super::document::PREFIX;
use super::security::Caller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Tag};
use crate::domains::mfa::{Mfa, MfaState, Setup};

/// The state of the caller's second factor.
#[derive(Object)]
#[oai(rename = "Totp")]
struct TotpOut {
    /// Whether sign-ins ask for it.
    enabled: bool,
    /// Since when; `null` while they do not.
    #[oai(nullable)]
    confirmed_at: Option<DateTime<Utc>>,
    /// Recovery codes that still work.
    recovery_codes_left: i64,
}

impl From<MfaState> for TotpOut {
    fn from(state: MfaState) -> Self {
        Self {
            enabled: state.confirmed_at.is_some(),
            confirmed_at: state.confirmed_at,
            recovery_codes_left: state.recovery_codes_left,
        }
    }
}

/// For an authenticator app. It is shown this once.
#[derive(Object)]
#[oai(rename = "TotpSetup")]
struct SetupOut {
    /// The secret in base32, to be typed.
    secret: String,
    /// The same as `otpauth://…`, to be shown as a QR code.
    otpauth_url: String,
}

impl From<Setup> for SetupOut {
    fn from(setup: Setup) -> Self {
        Self {
            secret: setup.secret,
            otpauth_url: setup.otpauth_url,
        }
    }
}

/// The first code of the app.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TotpVerify")]
struct CodeIn {
    /// Six digits.
    #[oai(validator(pattern = "^[0-9]{6}$"))]
    code: String,
}

/// Codes for who loses the app; each signs in once.
#[derive(Object)]
#[oai(rename = "RecoveryCodes")]
struct CodesOut {
    /// They are shown this once.
    recovery_codes: Vec<String>,
}

/// A new secret, which nobody on the way may keep.
#[derive(ApiResponse)]
enum SetUp {
    /// Made; it is in force once a code confirms it.
    #[oai(status = 201)]
    Now(
        Json<SetupOut>,
        /// Path of the second factor.
        #[oai(header = "Location")]
        String,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// New codes, which nobody on the way may keep.
#[derive(ApiResponse)]
enum Codes {
    /// These work from now on, and no others.
    #[oai(status = 200)]
    Now(
        Json<CodesOut>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

impl Codes {
    fn of(recovery_codes: Vec<String>) -> Self {
        Self::Now(Json(CodesOut { recovery_codes }), no_store())
    }
}

/// The endpoints.
pub struct MfaApi;

#[OpenApi(tag = "Tag::Mfa")]
impl MfaApi {
    /// Whether the caller's sign-ins ask for a second factor.
    #[oai(path = "/users/me/mfa/totp", method = "get", operation_id = "getTotp")]
    async fn state(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Json<TotpOut>, ApiError> {
        let totp = Mfa::new(&state.deps, caller.0).state().await?;
        Ok(Json(totp.into()))
    }

    /// Begin to set up a second factor, in the place of one that was never confirmed. There is no `Idempotency-Key`: a repeated request makes
    /// another secret and the first is nothing, and a kept answer would tell the secret of a factor that is in force.
    #[oai(
        path = "/users/me/mfa/totp",
        method = "post",
        operation_id = "setUpTotp"
    )]
    async fn set_up(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<SetUp, ApiError<CONFLICT>> {
        let setup = Mfa::new(&state.deps, caller.0).set_up().await?;
        let location = format!("{PREFIX}/users/me/mfa/totp");
        Ok(SetUp::Now(Json(setup.into()), location, no_store()))
    }

    /// Confirm the second factor by a first code; sign-ins ask for it from then on. The answer holds the recovery codes.
    #[oai(
        path = "/users/me/mfa/totp/verify",
        method = "post",
        operation_id = "confirmTotp"
    )]
    async fn confirm(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        body: Body<CodeIn>,
    ) -> Result<Codes, ApiError<CONFLICT>> {
        let mfa = Mfa::new(&state.deps, caller.0);
        Ok(Codes::of(mfa.confirm(&body.0.code).await?))
    }

    /// Turn the second factor off, with its recovery codes.
    #[oai(
        path = "/users/me/mfa/totp",
        method = "delete",
        operation_id = "turnOffTotp"
    )]
    async fn turn_off(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<NoContent, ApiError<CONFLICT>> {
        Mfa::new(&state.deps, caller.0).turn_off().await?;
        Ok(NoContent::Done)
    }

    /// Make new recovery codes; the old ones stop to work.
    #[oai(
        path = "/users/me/mfa/totp/recovery-codes",
        method = "post",
        operation_id = "renewRecoveryCodes"
    )]
    async fn renew_codes(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Codes, ApiError<CONFLICT>> {
        let mfa = Mfa::new(&state.deps, caller.0);
        Ok(Codes::of(mfa.renew_codes().await?))
    }
}

fn no_store() -> String {
    "no-store".to_owned()
}
