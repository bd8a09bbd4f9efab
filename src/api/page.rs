//! Lists over HTTP: `limit`, the opaque `cursor`, and the page that goes back.
//!
//! A cursor is the last id of the page before, in base64url; one that is not ours is a 422.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use serde_json::Value;
use uuid::Uuid;

use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, PageRequest};

/// One page of a list.
#[derive(Debug, Object)]
pub struct Page<T: Type + ParseFromJSON + ToJSON> {
    /// The entries.
    data: Vec<T>,
    /// Whether another page follows.
    has_more: bool,
    /// The `cursor` of the page that follows.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

impl<T: Type + ParseFromJSON + ToJSON> From<pagination::Page<T>> for Page<T> {
    fn from(page: pagination::Page<T>) -> Self {
        Self {
            has_more: page.next.is_some(),
            next_cursor: page.next.map(encode),
            data: page.items,
        }
    }
}

impl<T: Type + ParseFromJSON + ToJSON> Page<T> {
    /// A list that is never longer than a page.
    pub(super) fn whole(data: Vec<T>) -> Self {
        Self {
            data,
            has_more: false,
            next_cursor: None,
        }
    }
}

/// The page that `limit` and `cursor` ask for.
///
/// An endpoint takes them as `#[oai(default)] limit: Query<Limit>, cursor: Query<Option<Cursor>>`.
pub fn page_request(limit: Limit, cursor: Option<Cursor>) -> PageRequest {
    PageRequest {
        after: cursor.map(|cursor| cursor.0),
        limit: limit.0,
    }
}

/// Entries of a page: 1 to 100.
#[derive(Debug, Clone, Copy)]
pub struct Limit(u32);

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl ParseFromParameter for Limit {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        match value.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(Self(limit)),
            _ => Err(ParseError::custom(format!(
                "expected a number from 1 to {MAX_LIMIT}, came {value:?}"
            ))),
        }
    }
}

impl ToJSON for Limit {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.into())
    }
}

impl Type for Limit {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "page_limit".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(MAX_LIMIT)),
            ..MetaSchema::new("integer")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

/// Where the page before ended.
#[derive(Debug, Clone, Copy)]
pub struct Cursor(Uuid);

fn encode(id: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id)
}

impl ParseFromParameter for Cursor {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value).ok();
        let id = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
        id.map(Self)
            .ok_or_else(|| ParseError::custom("expected the `next_cursor` of another page"))
    }
}

impl Type for Cursor {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "page_cursor".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        // 16 bytes, whose last character has four bits that are nothing.
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            pattern: Some("^[A-Za-z0-9_-]{21}[AQgw]$".to_owned()),
            ..MetaSchema::new("string")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}
