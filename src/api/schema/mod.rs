//! Checks a JSON value against a type's schema as the document shows it, and finds all mistakes at once.
//!
//! Small and for poem-openapi's own schema form only (OpenAPI 3.0: `nullable`, boolean `exclusiveMinimum`), which JSON Schema validators do not read.

mod format;
mod object;
mod scalar;

use std::collections::{BTreeMap, HashMap};

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use regex::Regex;
use serde_json::Value;

use super::json::{MOST, step};
use crate::error::FieldError;

/// The schema of one type with all that it refers to.
#[derive(Debug)]
pub(super) struct Schema {
    root: MetaSchemaRef,
    named: BTreeMap<String, MetaSchema>,
    patterns: HashMap<String, Regex>,
}

impl Schema {
    pub(super) fn of<T: Type>() -> Self {
        let mut registry = Registry::new();
        T::register(&mut registry);
        Self::new(T::schema_ref(), registry.schemas)
    }

    /// The schema `root`, which may refer to `named`.
    pub(super) fn new(root: MetaSchemaRef, named: BTreeMap<String, MetaSchema>) -> Self {
        let mut schema = Self {
            root,
            named,
            patterns: HashMap::new(),
        };
        let mut patterns = Vec::new();
        collect_patterns(&schema.root, &mut patterns);
        for named in schema.named.values() {
            collect_inline_patterns(named, &mut patterns);
        }
        // A pattern that is no expression of ours stays with the type's own check.
        for pattern in patterns {
            if let Ok(regex) = Regex::new(&pattern) {
                schema.patterns.insert(pattern, regex);
            }
        }
        schema
    }

    /// Every mistake of `value`, at most [`MOST`].
    pub(super) fn check(&self, value: &Value) -> Vec<FieldError> {
        let mut check = Check {
            schema: self,
            pointer: String::new(),
            mistakes: Vec::new(),
        };
        check.value(&self.root, value);
        check.mistakes
    }
}

/// One walk over a value.
struct Check<'a> {
    schema: &'a Schema,
    pointer: String,
    mistakes: Vec<FieldError>,
}

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a MetaSchemaRef, value: &Value) {
        match self.resolve(schema) {
            Some(schema) => self.inline(schema, value),
            None => self.no_nul(value),
        }
    }

    fn resolve(&self, schema: &'a MetaSchemaRef) -> Option<&'a MetaSchema> {
        match schema {
            MetaSchemaRef::Inline(schema) => Some(schema),
            MetaSchemaRef::Reference(name) => self.schema.named.get(name),
        }
    }

    fn inline(&mut self, schema: &'a MetaSchema, value: &Value) {
        if value.is_null() && schema.nullable {
            return;
        }
        for part in &schema.all_of {
            self.value(part, value);
        }
        self.one_of(&schema.one_of, value);
        self.one_of(&schema.any_of, value);
        match (schema.ty, value) {
            ("object", Value::Object(fields)) => self.object(schema, fields),
            ("array", Value::Array(items)) => self.array(schema, items),
            ("string", Value::String(text)) => self.string(schema, text),
            ("integer", Value::Number(number)) if !number.is_f64() => self.number(schema, number),
            ("number", Value::Number(number)) => self.number(schema, number),
            ("boolean", Value::Bool(_)) => {}
            ("", _) => self.no_nul(value),
            (expected, other) => {
                let detail = format!("expected {expected}, came {}", kind(other));
                return self.mistake("wrong_type", detail);
            }
        }
        if !schema.enum_items.is_empty() && !schema.enum_items.contains(value) {
            let accepted: Vec<String> = schema.enum_items.iter().map(Value::to_string).collect();
            let detail = format!("expected one of {}", accepted.join(", "));
            self.mistake("not_in_enum", detail);
        }
    }

    /// A value of one of several forms: it must be right in one of them.
    fn one_of(&mut self, forms: &'a [MetaSchemaRef], value: &Value) {
        let before = self.mistakes.len();
        for form in forms {
            self.value(form, value);
            let right = self.mistakes.len() == before;
            self.mistakes.truncate(before);
            if right {
                return;
            }
        }
        if !forms.is_empty() {
            self.mistake("no_form_fits", "expected one of the forms in the schema");
        }
    }

    /// Free text anywhere in a value without a schema.
    fn no_nul(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), |check| check.no_nul(item));
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.below(name, |check| {
                        check.text(name);
                        check.no_nul(value);
                    });
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if text.contains('\0') {
            self.mistake("nul_character", "expected text without the NUL character");
        }
    }

    fn below(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        step(&mut self.pointer, name);
        check(self);
        self.pointer.truncate(length);
    }

    fn mistake(&mut self, code: &'static str, detail: impl Into<String>) {
        if self.mistakes.len() < MOST {
            let mistake = FieldError::new(self.pointer.clone(), code, detail);
            self.mistakes.push(mistake);
        }
    }
}

/// What came, in the schema's words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number with a fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn collect_patterns(schema: &MetaSchemaRef, found: &mut Vec<String>) {
    if let MetaSchemaRef::Inline(schema) = schema {
        collect_inline_patterns(schema, found);
    }
}

fn collect_inline_patterns(schema: &MetaSchema, found: &mut Vec<String>) {
    found.extend(schema.pattern.clone());
    let properties = schema.properties.iter().map(|(_, property)| property);
    let parts = [&schema.all_of, &schema.any_of, &schema.one_of];
    let single = [&schema.items, &schema.additional_properties];
    for below in properties
        .chain(parts.into_iter().flatten())
        .chain(single.into_iter().flatten().map(AsRef::as_ref))
    {
        collect_patterns(below, found);
    }
}
