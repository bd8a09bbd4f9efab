//! A schema in words: its objects, each with its definition, in one order.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest;
use serde::Serialize;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

    /// Nothing is there, not even a schema.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
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
        if self.is_empty() && !reference.is_empty() {
            differences.push(Difference {
                object: "schema".to_owned(),
                found: None,
                expected: Some(String::new()),
            });
            return differences;
        }
        for (name, object) in &self.objects {
            let expected = reference.objects.get(name);
            let same = expected.is_some_and(|e| e.definition == object.definition);
            if !same && !reference.lacks_owner_of(name, object) {
                differences.push(Difference {
                    object: shown(name),
                    found: Some(shown(&object.definition)),
                    expected: expected.map(|e| shown(&e.definition)),
                });
            }
        }
        for (name, object) in &reference.objects {
            if !self.objects.contains_key(name) && !self.lacks_owner_of(name, object) {
                differences.push(Difference {
                    object: shown(name),
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

/// `acme: index projects_owner: is missing (…)`. Of definitions of several lines, those that only one side has: `-` the reference, `+` the
/// schema.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.object)?;
        match (&self.found, &self.expected) {
            (Some(found), Some(expected)) if found.contains('\n') || expected.contains('\n') => {
                f.write_str("is another than in the reference")?;
                lines_without(f, '-', expected, found)?;
                lines_without(f, '+', found, expected)
            }
            (Some(found), Some(expected)) => {
                let (found, expected) = (or_plain(found), or_plain(expected));
                write!(f, "is `{found}`, in the reference it is `{expected}`")
            }
            (Some(found), None) => write!(f, "is not in the reference{}", in_brackets(found)),
            (None, Some(expected)) => write!(f, "is missing{}", in_brackets(expected)),
            (None, None) => f.write_str("is in neither"),
        }
    }
}

/// A table about which there is nothing to say but its columns.
fn or_plain(definition: &str) -> &str {
    match definition {
        "" => "plain",
        definition => definition,
    }
}

/// The definition if it is short enough to stand in a line.
fn in_brackets(definition: &str) -> String {
    match definition {
        "" => String::new(),
        long if long.contains('\n') => String::new(),
        short => format!(" ({short})"),
    }
}

fn lines_without(f: &mut fmt::Formatter<'_>, mark: char, of: &str, other: &str) -> fmt::Result {
    for line in of.lines().filter(|line| !other.lines().any(|o| o == *line)) {
        write!(f, "\n{mark} {}", line.trim_end())?;
    }
    Ok(())
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
        let other = described(&[("table b", None, "")]);
        assert_eq!(
            words(&other, &whole),
            ["table a: is missing", "table b: is not in the reference"]
        );
        let nothing = Description::default();
        assert_eq!(words(&nothing, &whole), ["schema: is missing"]);
    }
}
