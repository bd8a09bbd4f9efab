//! What the document's types cannot say for themselves: which objects are closed, where `null` is as good as nothing, and what an e-mail address is.
//!
//! `body` and `schema` hold every request to just these rules.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use poem_openapi::registry::{MetaApi, MetaSchema, MetaSchemaRef, Registry};
use regex::Regex;

/// The type of what no object has. The registry has no `additionalProperties: false`, so [`say_closed`] writes it.
const NOTHING: &str = "nothing";

/// Completes every type of `registry`; `apis` tell which are asked for in requests.
pub(super) fn complete(registry: &mut Registry, apis: &[MetaApi]) {
    let asked = asked(registry, apis);
    for (name, schema) in &mut registry.schemas {
        for (property, form) in &mut schema.properties {
            if let MetaSchemaRef::Inline(form) = form
                && form.ty == "string"
                && *property == "email"
            {
                form.format = Some("email");
            }
        }
        if asked.contains(name) {
            open_to_null(schema);
            close(schema);
        }
    }
}

/// The text of a document with `additionalProperties: false` where [`complete`] meant it, as JSON or as YAML.
pub(super) fn say_closed(document: &str) -> String {
    static JSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(&format!(
            r#"("additionalProperties":\s*)\{{\s*"type":\s*"{NOTHING}"\s*\}}"#
        ))
        .ok()
    });
    static YAML: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(&format!(
            r"(?m)^(\s*additionalProperties:)\n\s*type: {NOTHING}$"
        ))
        .ok()
    });
    let mut text = document.to_owned();
    for (regex, closed) in [(&*JSON, "${1}false"), (&*YAML, "$1 false")] {
        if let Some(regex) = regex {
            text = regex.replace_all(&text, closed).into_owned();
        }
    }
    text
}

/// The names of all types that a request's body is made of.
fn asked(registry: &Registry, apis: &[MetaApi]) -> BTreeSet<String> {
    let operations = apis
        .iter()
        .flat_map(|api| &api.paths)
        .flat_map(|path| &path.operations);
    let bodies = operations.filter_map(|operation| operation.request.as_ref());
    let mut open: Vec<&MetaSchemaRef> = bodies
        .flat_map(|body| &body.content)
        .map(|content| &content.schema)
        .collect();
    let mut asked = BTreeSet::new();
    while let Some(form) = open.pop() {
        let schema = match form {
            MetaSchemaRef::Inline(schema) => schema,
            MetaSchemaRef::Reference(name) => match registry.schemas.get(name) {
                Some(schema) if asked.insert(name.clone()) => schema,
                _ => continue,
            },
        };
        open.extend(schema.properties.iter().map(|(_, form)| form));
        open.extend(schema.items.as_deref());
        open.extend(schema.additional_properties.as_deref());
        open.extend(
            schema
                .all_of
                .iter()
                .chain(&schema.one_of)
                .chain(&schema.any_of),
        );
    }
    asked
}

/// For a field that may be left out, `null` says the same as leaving it out.
fn open_to_null(schema: &mut MetaSchema) {
    for (property, form) in &mut schema.properties {
        if schema.required.contains(property) {
            continue;
        }
        match form {
            MetaSchemaRef::Inline(form) => form.nullable = true,
            MetaSchemaRef::Reference(_) => {
                *form = MetaSchemaRef::Inline(Box::new(MetaSchema {
                    all_of: vec![form.clone()],
                    nullable: true,
                    ..MetaSchema::ANY
                }));
            }
        }
    }
}

/// A field that is not in the schema is refused.
fn close(schema: &mut MetaSchema) {
    if schema.ty == "object" && schema.additional_properties.is_none() {
        let nothing = MetaSchemaRef::Inline(Box::new(MetaSchema::new(NOTHING)));
        schema.additional_properties = Some(Box::new(nothing));
    }
}
