//! The formats that types in use have. A format that is not known here is left to the type itself.

use chrono::{DateTime, NaiveDate};
use serde_json::Number;
use uuid::Uuid;

/// Whether `text` is of the format.
pub(super) fn text(format: &str, text: &str) -> bool {
    match format {
        "uuid" => Uuid::try_parse(text).is_ok(),
        "date-time" => DateTime::parse_from_rfc3339(text).is_ok(),
        "date" => text.parse::<NaiveDate>().is_ok(),
        _ => true,
    }
}

/// Whether `number` is within the bounds of the format.
pub(super) fn number(format: &str, number: &Number) -> bool {
    fn fits<T: TryFrom<i128>>(number: &Number) -> bool {
        number.as_i128().is_some_and(|n| T::try_from(n).is_ok())
    }
    match format {
        "int8" => fits::<i8>(number),
        "int16" => fits::<i16>(number),
        "int32" => fits::<i32>(number),
        "int64" => fits::<i64>(number),
        "uint8" => fits::<u8>(number),
        "uint16" => fits::<u16>(number),
        "uint32" => fits::<u32>(number),
        "uint64" => fits::<u64>(number),
        _ => true,
    }
}
