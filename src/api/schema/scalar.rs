//! Texts and numbers.

use poem_openapi::registry::MetaSchema;
use serde_json::Number;

use super::{Check, format};

impl Check<'_> {
    pub(super) fn string(&mut self, schema: &MetaSchema, text: &str) {
        self.text(text);
        let length = text.chars().count();
        if let Some(min) = schema.min_length.filter(|min| length < *min) {
            let detail = format!("expected at least {min} characters, came {length}");
            self.mistake("too_short", detail);
        }
        if let Some(max) = schema.max_length.filter(|max| length > *max) {
            let detail = format!("expected at most {max} characters, came {length}");
            self.mistake("too_long", detail);
        }
        if let Some(pattern) = &schema.pattern
            && let Some(regex) = self.schema.patterns.get(pattern)
            && !regex.is_match(text)
        {
            self.mistake("pattern", format!("expected a match of {pattern}"));
        }
        if let Some(name) = schema.format
            && !format::text(name, text)
        {
            self.mistake("format", format!("expected the format {name}"));
        }
    }

    pub(super) fn number(&mut self, schema: &MetaSchema, number: &Number) {
        let Some(value) = number.as_f64() else { return };
        let below = schema.minimum.is_some_and(|min| {
            value < min || (schema.exclusive_minimum == Some(true) && value <= min)
        });
        let above = schema.maximum.is_some_and(|max| {
            value > max || (schema.exclusive_maximum == Some(true) && value >= max)
        });
        if below {
            let bound = schema.minimum.unwrap_or_default();
            self.mistake(
                "too_small",
                format!("expected {bound} or more, came {number}"),
            );
        } else if above {
            let bound = schema.maximum.unwrap_or_default();
            self.mistake(
                "too_large",
                format!("expected {bound} or less, came {number}"),
            );
        } else if let Some(name) = schema.format
            && !format::number(name, number)
        {
            let detail = format!("expected a number of format {name}, came {number}");
            self.mistake("out_of_range", detail);
        }
        if let Some(step) = schema.multiple_of
            && value % step != 0.0
        {
            self.mistake("not_multiple", format!("expected a multiple of {step}"));
        }
    }
}
