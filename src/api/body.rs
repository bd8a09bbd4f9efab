//! A JSON request body, checked against the very schema that the document shows; all its mistakes are told at once.
//!
//! What reaches an endpoint has no unknown field, no repeated name and no NUL character (PostgreSQL has none in text).

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use bytes::Bytes;
use poem::error::ReadBodyError;
use poem::http::header;
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::error::ContentTypeError;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::ParseFromJSON;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use serde_json::Value;
use uuid::Uuid;

use super::json;
use super::schema::Schema;
use super::tenant_context::state;
use crate::domains::access::Context;
use crate::domains::idempotency::IdempotencyKey;
use crate::error::{Error, FieldError};

/// The header that makes a creation safe to repeat.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The largest body of an ordinary endpoint, in bytes.
const LIMIT: usize = 1024 * 1024;

/// A body of type `T`, of at most 1 MiB.
#[derive(Debug)]
pub struct Body<T>(pub T, Option<Fingerprint>);

/// What stands in for [`Body`] where there is none, for the sake of an `Idempotency-Key`.
pub(super) struct NoBody(Option<Fingerprint>);

impl NoBody {
    /// As [`Body::key`].
    pub(super) fn key(self, header: Option<String>, caller: &Context) -> Option<IdempotencyKey> {
        Some(IdempotencyKey {
            actor: caller.credential_id()?,
            key: header?,
            fingerprint: self.0?,
        })
    }
}

impl<'a> FromRequest<'a> for NoBody {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self(fingerprint(request, &Value::Null)?))
    }
}

/// What tells one request from another; only where it carries an `Idempotency-Key`.
type Fingerprint = Vec<u8>;

impl<T> Body<T> {
    /// What makes this request one that may come again: its `Idempotency-Key`, if it has one, for this caller.
    pub(super) fn key(&self, header: Option<String>, caller: &Context) -> Option<IdempotencyKey> {
        self.key_of(header, caller.credential_id()?)
    }

    /// The same for a request without a credential, by what stands in for one.
    pub(super) fn key_of(&self, header: Option<String>, actor: Uuid) -> Option<IdempotencyKey> {
        Some(IdempotencyKey {
            actor,
            key: header?,
            fingerprint: self.1.clone()?,
        })
    }
}

impl<'a, T: ParseFromJSON + 'static> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: T::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        match request.content_type() {
            Some(given) if Json::<T>::check_content_type(given) => {}
            Some(given) => {
                let content_type = format!("{given}; expected application/json");
                return Err(ContentTypeError::NotSupported { content_type }.into());
            }
            None => return Err(ContentTypeError::ExpectContentType.into()),
        }
        let bytes = read_limited(request, body, LIMIT).await?;
        let value = checked::<T>(&bytes)?;
        let fingerprint = fingerprint(request, &value)?;
        Ok(Self(typed(value)?, fingerprint))
    }
}

/// Reads a body of at most `limit` bytes, whatever `Content-Length` says.
///
/// # Errors
/// 413 if it is larger; 400 if the connection gives it only in part.
pub async fn read_limited(
    request: &Request,
    body: &mut RequestBody,
    limit: usize,
) -> Result<Bytes> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ReadBodyError::PayloadTooLarge.into());
    }
    Ok(body.take()?.into_bytes_limit(limit).await?)
}

/// Of method, path and body. Keyed, so that a password in the body cannot be guessed from what is kept.
fn fingerprint(request: &Request, body: &Value) -> Result<Option<Fingerprint>, Error> {
    if !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let told = format!(
        "{} {}\n{body}",
        request.method(),
        request.original_uri().path()
    );
    let vault = &state(request)?.deps.vault;
    let fingerprint = vault.hmac("idempotency", told.as_bytes());
    fingerprint.map(Some).map_err(Error::internal)
}

fn checked<T: ParseFromJSON + 'static>(bytes: &[u8]) -> Result<Value, Error> {
    let json::Parsed { value, repeated } = json::parse(bytes)?;
    let mut mistakes = schema_of::<T>().check(&value);
    mistakes.extend(repeated);
    mistakes.truncate(json::MOST);
    if mistakes.is_empty() {
        Ok(value)
    } else {
        Err(Error::validation(mistakes))
    }
}

/// The type has the last word: a rule of its own that the schema cannot tell.
fn typed<T: ParseFromJSON>(value: Value) -> Result<T, Error> {
    T::parse_from_json(Some(value)).map_err(|error| {
        Error::validation(vec![FieldError::new("", "invalid", error.into_message())])
    })
}

/// The schema of `T`, made on first use.
fn schema_of<T: ParseFromJSON + 'static>() -> Arc<Schema> {
    static SCHEMAS: LazyLock<RwLock<HashMap<TypeId, Arc<Schema>>>> = LazyLock::new(RwLock::default);
    let id = TypeId::of::<T>();
    let known = SCHEMAS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(schema) = known.get(&id) {
        return Arc::clone(schema);
    }
    drop(known);
    let schema = Arc::new(Schema::of::<T>());
    let mut known = SCHEMAS.write().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(id).or_insert(schema))
}
