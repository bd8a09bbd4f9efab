//! A schema in words: its objects, each with its definition, in one order.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest;

/// One object's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    /// What it is part of: a column of its table. It is not named where that is missing as a whole.
    part_of: Option<String>,
    definition: String,
}

/// What is in a schema: tables, columns, constraints, indexes, sequences, views, functions, triggers, types, policies, rights.
///
/// Two that are equal stand for schemas in which every statement of ours does the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    objects: BTreeMap<String, Object>,
}

/// One object that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its kind and name: `column projects.by_hand`.
    pub object: String,
    /// Its definition in the schema; `None` where it is missing.
    pub found: Option<String>,
    /// Its definition in the reference; `None` where the reference has no such object.
    pub expected: Option<String>,
}

impl Description {
    pub(super) fn insert(&mut self, object: String, part_of: Option<String>, definition: String) {
        let described = Object {
            part_of,
            definition,
        };
        self.objects.insert(object, described);
    }

    /// SHA-256 over all of it, as 64 hexadecimal digits: equal for equal descriptions alone.
    pub fn hash(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        for (name, object) in &self.objects {
            // No text of PostgreSQL's holds a NUL.
            hash.update(format!("{name}\0{}\0", object.definition).as_bytes());
        }
        let hash = hash.finish();
        let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    }

    /// Where it differs from `reference`, by the objects' names. Of a table that only one of both has, the columns are not named.
    pub fn diff(&self, reference: &Self) -> Vec<Difference> {
        let mut differences: Vec<Difference> = Vec::new();
        for (name, object) in &self.objects {
            let expected = reference.objects.get(name);
            let same = expected.is_some_and(|e| e.definition == object.definition);
            if !same && !reference.lacks_owner_of(name, object) {
                differences.push(Difference {
                    object: name.clone(),
                    found: Some(shown(&object.definition)),
                    expected: expected.map(|e| shown(&e.definition)),
                });
            }
        }
        for (name, object) in &reference.objects {
            if !self.objects.contains_key(name) && !self.lacks_owner_of(name, object) {
                differences.push(Difference {
                    object: name.clone(),
                    found: None,
                    expected: Some(shown(&object.definition)),
                });
            }
        }
        differences.sort_by(|a, b| a.object.cmp(&b.object));
        differences
    }

    fn lacks_owner_of(&self, name: &str, object: &Object) -> bool {
        let owner = object.part_of.as_ref().filter(|owner| *owner != name);
        owner.is_some_and(|owner| !self.objects.contains_key(owner))
    }
}

/// For a person: names in the schema itself as its own statements would write them.
fn shown(definition: &str) -> String {
    definition.replace("<schema>.", "")
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            object,
            found,
            expected,
        } = self;
        let brackets = |text: &str| match text {
            "" => String::new(),
            text => format!(" ({text})"),
        };
        match (found, expected) {
            (Some(found), Some(expected)) => {
                write!(
                    f,
                    "{object}: is `{found}`, in the reference it is `{expected}`"
                )
            }
            (Some(found), None) => {
                write!(f, "{object}: is not in the reference{}", brackets(found))
            }
            (None, expected) => {
                let expected = expected.as_deref().unwrap_or_default();
                write!(f, "{object}: is missing{}", brackets(expected))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(objects: &[(&str, Option<&str>, &str)]) -> Description {
        let mut description = Description::default();
        for (name, part_of, definition) in objects {
            let part_of = part_of.map(str::to_owned);
            description.insert((*name).to_owned(), part_of, (*definition).to_owned());
        }
        description
    }

    fn words(description: &Description, reference: &Description) -> Vec<String> {
        let differences = description.diff(reference);
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn object_is_missing_extra_or_another() {
        let reference = described(&[
            ("table a", None, ""),
            ("column a.x", Some("table a"), "text"),
            ("index a_x", Some("table a"), "on <schema>.a (x)"),
        ]);
        let found = described(&[
            ("table a", None, ""),
            ("column a.x", Some("table a"), "integer"),
            ("column a.y", Some("table a"), "text"),
        ]);
        assert_eq!(
            words(&found, &reference),
            [
                "column a.x: is `integer`, in the reference it is `text`",
                "column a.y: is not in the reference (text)",
                "index a_x: is missing (on a (x))",
            ]
        );
        assert_ne!(found.hash(), reference.hash());
        assert!(found.diff(&found.clone()).is_empty());
    }

    #[test]
    fn of_a_table_that_is_missing_as_a_whole_the_columns_are_not_named() {
        let whole = described(&[
            ("table a", None, ""),
            ("column a.x", Some("table a"), "text"),
        ]);
        let empty = Description::default();
        assert_eq!(words(&empty, &whole), ["table a: is missing"]);
        assert_eq!(words(&whole, &empty), ["table a: is not in the reference"]);
    }
}
