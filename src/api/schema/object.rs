//! Objects and arrays. A field that the schema does not name is refused, so that nothing can be smuggled in.

use poem_openapi::registry::MetaSchema;
use serde_json::{Map, Value};

use super::Check;

impl<'a> Check<'a> {
    pub(super) fn object(&mut self, schema: &'a MetaSchema, fields: &Map<String, Value>) {
        for name in &schema.required {
            if !fields.contains_key(*name) {
                self.below(name, |check| {
                    check.mistake("missing_field", "expected this field, came nothing");
                });
            }
        }
        for (name, value) in fields {
            self.below(name, |check| check.field(schema, name, value));
        }
        let count = fields.len();
        if schema.min_properties.is_some_and(|min| count < min) {
            self.mistake("too_few_fields", format!("came {count} fields"));
        }
        if schema.max_properties.is_some_and(|max| count > max) {
            self.mistake("too_many_fields", format!("came {count} fields"));
        }
    }

    fn field(&mut self, schema: &'a MetaSchema, name: &str, value: &Value) {
        let property = schema.properties.iter().find(|(known, _)| *known == name);
        match (property, &schema.additional_properties) {
            // For an optional field `null` says the same as leaving it out.
            (Some(_), _) if value.is_null() && !schema.required.contains(&name) => {}
            (Some((_, property)), _) => self.value(property, value),
            (None, Some(additional)) => {
                self.text(name);
                self.value(additional, value);
            }
            (None, None) => {
                self.mistake("unknown_field", "expected only the fields in the schema");
            }
        }
    }

    pub(super) fn array(&mut self, schema: &'a MetaSchema, items: &[Value]) {
        let count = items.len();
        if let Some(min) = schema.min_items.filter(|min| count < *min) {
            let detail = format!("expected at least {min} items, came {count}");
            self.mistake("too_few_items", detail);
        }
        if let Some(max) = schema.max_items.filter(|max| count > *max) {
            let detail = format!("expected at most {max} items, came {count}");
            return self.mistake("too_many_items", detail);
        }
        let unique = schema.unique_items == Some(true);
        for (index, item) in items.iter().enumerate() {
            self.below(&index.to_string(), |check| {
                match &schema.items {
                    Some(form) => check.value(form, item),
                    None => check.no_nul(item),
                }
                if unique && items[..index].contains(item) {
                    check.mistake("not_unique", "expected each item once");
                }
            });
        }
    }
}
