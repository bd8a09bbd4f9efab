//! What goes into a statement and what comes out: typed parameters and rows.
//!
//! Each parameter names its PostgreSQL type, so that a statement can be sent in one round trip without asking the server first.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use tokio_postgres::types::{FromSqlOwned, ToSql, Type};
use uuid::Uuid;

use super::error::DbError;
use super::name::TenantId;

/// A value that can be a statement's parameter.
pub trait Param: Sync + Send {
    /// Its PostgreSQL type.
    fn pg_type(&self) -> Type;
    /// Itself, as the driver wants it.
    fn as_sql(&self) -> &(dyn ToSql + Sync);
}

/// The parameters of one statement: `&[&id, &name]`.
pub type Params<'a> = &'a [&'a dyn Param];

/// A type whose values are parameters, and so are `Option`s of it.
trait PgTyped {
    const TYPE: Type;
}

macro_rules! params {
    ($($rust:ty => $pg:ident),* $(,)?) => {$(
        impl PgTyped for $rust { const TYPE: Type = Type::$pg; }
        impl Param for $rust {
            fn pg_type(&self) -> Type { Type::$pg }
            fn as_sql(&self) -> &(dyn ToSql + Sync) { self }
        }
    )*};
}

params! {
    bool => BOOL,
    i16 => INT2,
    i32 => INT4,
    i64 => INT8,
    f64 => FLOAT8,
    String => TEXT,
    &str => TEXT,
    Uuid => UUID,
    DateTime<Utc> => TIMESTAMPTZ,
    serde_json::Value => JSONB,
    Vec<u8> => BYTEA,
    &[u8] => BYTEA,
    Vec<Uuid> => UUID_ARRAY,
    &[Uuid] => UUID_ARRAY,
    Vec<String> => TEXT_ARRAY,
    Vec<i32> => INT4_ARRAY,
}

impl Param for TenantId {
    fn pg_type(&self) -> Type {
        Type::UUID
    }
    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        &self.0
    }
}

impl<T: PgTyped + ToSql + Sync + Send> Param for Option<T> {
    fn pg_type(&self) -> Type {
        T::TYPE
    }
    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        self
    }
}

/// One row of an answer that came as text, as it does where statements are sent without parameters.
#[derive(Debug)]
pub struct TextRow(pub(super) tokio_postgres::SimpleQueryRow);

impl TextRow {
    /// The value of the column with this name.
    ///
    /// # Errors
    /// When there is no such column, it is null, or it cannot be read as a `T`.
    pub fn get<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, DbError> {
        let inconsistent = |reason: String| DbError::Inconsistent { column, reason };
        let text = match self.0.try_get(column) {
            Ok(Some(text)) => text,
            Ok(None) => return Err(inconsistent("it is null".to_owned())),
            Err(source) => return Err(DbError::Decode { source }),
        };
        text.parse()
            .map_err(|e: T::Err| inconsistent(e.to_string()))
    }
}

/// One row of an answer.
#[derive(Debug)]
pub struct Row(pub(super) tokio_postgres::Row);

impl Row {
    /// The value of the column with this name.
    ///
    /// # Errors
    /// When there is no such column, or its type is another: a mistake in the repository.
    pub fn get<T: FromSqlOwned>(&self, column: &str) -> Result<T, DbError> {
        self.0
            .try_get(column)
            .map_err(|source| DbError::Decode { source })
    }
}
