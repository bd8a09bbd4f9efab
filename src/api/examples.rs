//! An example of every type in the document, made of its fields: ids and times by their format, texts by the field's name.
//!
//! Every example fits its own schema. A field whose text needs a form of its own gets a line in [`known`].

use std::collections::BTreeMap;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use serde_json::{Map, Value, json};

const ID: &str = "01980a3c-7b52-7c3e-9f41-2d6b8e5f1a07";
const TIME: &str = "2026-03-14T09:26:53.589793+00:00";
const LATER: &str = "2126-03-14T09:26:53.589793+00:00";
/// Of every token, which are all random.
const TOKEN: &str = "q1Jw7vZ0Xb3kT9sLhYdN5rGfPa8MuCe2";

/// Gives every object of `registry` its example.
pub(super) fn give(registry: &mut Registry) {
    let made: Vec<_> = registry
        .schemas
        .iter()
        .filter(|(_, schema)| schema.ty == "object" && schema.example.is_none())
        .map(|(name, schema)| (name.clone(), object(&registry.schemas, name, schema)))
        .collect();
    for (name, example) in made {
        if let Some(schema) = registry.schemas.get_mut(&name) {
            schema.example = Some(example);
        }
    }
}

type Schemas = BTreeMap<String, MetaSchema>;

fn object(all: &Schemas, name: &str, schema: &MetaSchema) -> Value {
    if let Some(Some(form)) = schema
        .one_of
        .first()
        .map(|form| value(all, (name, ""), form))
    {
        return form;
    }
    let fields = schema.properties.iter().filter_map(|(field, form)| {
        let value = value(all, (name, field), form)?;
        Some(((*field).to_owned(), value))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// Of one field; nothing for a field that is better left out.
fn value(all: &Schemas, place: (&str, &str), form: &MetaSchemaRef) -> Option<Value> {
    let schema = match form {
        MetaSchemaRef::Inline(schema) => schema,
        MetaSchemaRef::Reference(name) => return named(all, name),
    };
    if schema.ty == "array" {
        let item = value(all, place, schema.items.as_deref()?)?;
        return Some(json!([item]));
    }
    if let Some(known) = known(place) {
        return Some(known).filter(|value| !value.is_null() || schema.nullable);
    }
    if let Some(first) = schema.enum_items.first() {
        return Some(first.clone());
    }
    if let Some(part) = schema.all_of.iter().chain(&schema.one_of).next() {
        return value(all, place, part);
    }
    Some(match (schema.ty, schema.format) {
        ("string", Some("uuid")) => json!(ID),
        ("string", Some("date-time")) => json!(TIME),
        ("string", _) => json!(place.1),
        ("boolean", _) => json!(true),
        ("integer" | "number", _) => json!(1),
        ("object", _) => json!({}),
        _ => Value::Null,
    })
}

fn named(all: &Schemas, name: &str) -> Option<Value> {
    let schema = all.get(name)?;
    match schema.enum_items.first() {
        Some(first) => Some(first.clone()),
        None => Some(object(all, name, schema)),
    }
}

/// What stands in this field; `null` where it is left out, or null.
fn known((owner, field): (&str, &str)) -> Option<Value> {
    Some(match (owner, field) {
        ("Problem", "type") => json!("about:blank"),
        ("Problem", "title") => json!("Unprocessable Entity"),
        ("Problem", "status") => json!(422),
        ("Problem", "code") => json!("validation_failed"),
        ("Problem", "detail") => {
            json!("the request has values that are not acceptable; see `errors`")
        }
        ("Problem", "instance") => json!("/api/v1/projects"),
        ("ProblemField", "pointer") => json!("/name"),
        ("ProblemField", "code") => json!("too_short"),
        ("ProblemField", "detail") => json!("expected at least 1 characters, came 0"),
        ("FeatureCondition", "attribute") => json!("plan"),
        ("FeatureCondition", "value") => json!("pro"),
        (owner, "key" | "keys") if owner.starts_with("Feature") => json!("new-checkout"),
        (owner, "name") if owner.starts_with("Tenant") => json!("Globex"),
        (owner, "name") if owner.starts_with("Project") => json!("Moon landing"),
        (owner, "name") if owner.starts_with("Role") => json!("auditor"),
        (owner, "name") if owner.starts_with("ApiKey") => json!("nightly export"),
        (_, "name") => json!("Ada Lovelace"),
        (_, "email") => json!("ada@example.com"),
        (_, "password" | "new_password" | "current_password") => json!("seven purple lighthouses"),
        (_, "slug") => json!("globex"),
        (_, "role") => json!("member"),
        (_, "plan") => json!("standard"),
        (_, "rank") => json!(15),
        (_, "description") => json!("What it is for."),
        (_, "permission" | "scopes") => json!("projects:read"),
        (_, "resource") => json!("project"),
        (_, "action") => json!("project.create"),
        (_, "address") => json!("203.0.113.7"),
        (_, "user_agent") => json!("curl/8.5.0"),
        (_, "request_id") => json!(ID),
        (_, "access_token" | "refresh_token" | "mfa_token" | "token" | "hash" | "last_hash") => {
            json!(TOKEN)
        }
        (_, "token_type") => json!("Bearer"),
        (_, "expires_in") => json!(900),
        (_, "expires_at") => json!(LATER),
        (_, "code") => json!("492039"),
        (_, "rollout") => json!(12.5),
        (_, "enabled_value" | "value") => json!(true),
        // One of two ways, never both; a page that is the last; and what nobody has who has a password here.
        (
            _,
            "recovery_code" | "next_cursor" | "external_subject" | "impersonator_id" | "last_error"
            | "before",
        ) => Value::Null,
        (_, "default_value" | "has_more" | "mfa_required" | "failed") => json!(false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::components;
    use super::super::schema::Schema;
    use super::super::{Described, Endpoints};
    use super::*;
    use poem_openapi::OpenApi;

    #[test]
    fn every_example_fits_its_own_schema() {
        let mut registry = Registry::new();
        Described::<Endpoints>::register(&mut registry);
        components::complete(&mut registry, &Described::<Endpoints>::meta());
        give(&mut registry);
        let mut wrong = Vec::new();
        for (name, schema) in &registry.schemas {
            let root = MetaSchemaRef::Reference(name.clone());
            let check = Schema::new(root, registry.schemas.clone());
            let example = schema.example.clone();
            assert_eq!(example.is_some(), schema.ty == "object", "{name}");
            // What is one of several forms is checked with each of them.
            if let Some(example) = example.filter(|_| schema.one_of.is_empty()) {
                wrong.extend(check.check(&example).into_iter().map(|e| (name, e)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
