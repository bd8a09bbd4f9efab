//! `/auth/register`: signing up with a tenant of one's own.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::document::PREFIX;
use super::operations::OperationOut;
use super::state::State;
use super::tenant_bodies::{TenantIn, TenantOut, parse_registration};
use super::tenant_context::{ForPlatform, From as CameFrom};
use super::{ApiError, Body, CONFLICT, FORBIDDEN, Tag, UNAVAILABLE};
use crate::domains::access::Context;
use crate::domains::tenants::Registrations;

/// What came of signing up.
#[derive(Object)]
#[oai(rename = "Registration")]
struct RegistrationOut {
    /// The new tenant.
    tenant: TenantOut,
    /// What was done, and what was not yet.
    operation: OperationOut,
}

/// 202 for a sign-up that may carry an `Idempotency-Key`.
#[derive(ApiResponse)]
enum SignedUp {
    /// Taken on, or taken on before by the same request.
    #[oai(status = 202)]
    Accepted(
        Json<RegistrationOut>,
        /// Path of the operation, for the admin once they have signed in.
        #[oai(header = "Location")]
        String,
        /// `true` where this is the answer to an earlier request with the same key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// The endpoint.
pub struct RegistrationApi;

#[OpenApi(tag = "Tag::Auth")]
impl RegistrationApi {
    /// Sign up: make a tenant of one's own, and be its first admin. The admin signs in once their address is confirmed by the mail that they
    /// get. 403 `sign_up_off` where the deployment does not let anybody (`SIGN_UP`).
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        state: Data<&Arc<State>>,
        platform: ForPlatform,
        origin: CameFrom,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<TenantIn>,
    ) -> Result<SignedUp, ApiError<{ FORBIDDEN | CONFLICT | UNAVAILABLE }>> {
        // Who signs up is nobody yet, so all of them share their keys; the password is part of what must be the same.
        let key = body.key_of(key.0, Uuid::nil());
        let context = Context::for_system(platform.0, "a sign-up", origin.0);
        let registrations =
            Registrations::new(&state.deps, &state.migrator, context, state.sign_up)?;
        let new = parse_registration(body.0)?;
        let done = registrations.register(new, key.as_ref()).await?;
        let (registered, before) = done.into_parts();
        let location = format!("{PREFIX}/operations/{}", registered.operation.id);
        let out = RegistrationOut {
            tenant: registered.tenant.into(),
            operation: registered.operation.into(),
        };
        Ok(SignedUp::Accepted(
            Json(out),
            location,
            before.then_some(true),
        ))
    }
}
