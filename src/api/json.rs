//! Reads JSON strictly: a name that comes twice in one object is a mistake, not a race for the last word.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, ErrorKind, FieldError};

/// More mistakes than anybody reads; a body of rubbish must not cost an answer, or memory, of many times its size.
pub(super) const MOST: usize = 100;
/// Where a pointer ends, in bytes: names can be as long as a body, and each mistake below one tells it again.
const LONGEST: usize = 1_000;

/// A parsed body, and the names that came twice.
pub(super) struct Parsed {
    pub(super) value: Value,
    /// At most [`MOST`].
    pub(super) repeated: Vec<FieldError>,
}

/// Parses `bytes` as one JSON value, nested at most 128 deep.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    let mut repeated = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let node = Node {
        pointer: &mut String::new(),
        repeated: &mut repeated,
    };
    let value = node.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(value)
    });
    match value {
        Ok(value) => Ok(Parsed { value, repeated }),
        Err(error) => Err(Error::new(
            ErrorKind::Malformed,
            "malformed_json",
            format!("expected a JSON body: {error}"),
        )),
    }
}

/// Adds a step to a JSON pointer (RFC 6901), as far as the pointer goes.
pub(super) fn step(pointer: &mut String, name: &str) {
    pointer.push('/');
    for letter in name.chars() {
        if pointer.len() >= LONGEST {
            return;
        }
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// One value of the document, and where it is.
struct Node<'a> {
    pointer: &'a mut String,
    repeated: &'a mut Vec<FieldError>,
}

impl Node<'_> {
    /// The value below this one that `name` leads to.
    fn below<T>(&mut self, name: &str, read: impl FnOnce(Node<'_>) -> T) -> T {
        let length = self.pointer.len();
        step(self.pointer, name);
        let result = read(Node {
            pointer: self.pointer,
            repeated: self.repeated,
        });
        self.pointer.truncate(length);
        result
    }

    fn note_repeated(&mut self, name: &str) {
        if self.repeated.len() >= MOST {
            return;
        }
        let mut pointer = self.pointer.clone();
        step(&mut pointer, name);
        let detail = "expected each name once in an object";
        self.repeated
            .push(FieldError::new(pointer, "duplicate_field", detail));
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let index = items.len().to_string();
            match self.below(&index, |node| seq.next_element_seed(node))? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = self.below(&name, |node| map.next_value_seed(node))?;
            if fields.contains_key(&name) {
                self.note_repeated(&name);
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_twice_is_found_wherever_it_is() {
        let parsed = parse(br#"{"a":[{"x/y":1,"x/y":2}],"b":1}"#).unwrap();
        let pointers: Vec<&str> = parsed.repeated.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(pointers, ["/a/0/x~1y"]);
    }

    #[test]
    fn names_that_come_again_and_again_below_a_long_one_take_no_memory() {
        let repeated = vec![r#""a":1"#; 10_000].join(",");
        let text = format!(r#"{{"{}":{{{repeated}}}}}"#, "ü".repeat(50_000));
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.repeated.len(), MOST);
        let longest = parsed.repeated.iter().map(|f| f.pointer.len()).max();
        assert!(longest.unwrap() < LONGEST + 10, "{longest:?}");
    }

    #[test]
    fn values_come_through_as_they_are() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,1.5,"ü"],"b":{}}"#;
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.value, serde_json::from_str::<Value>(text).unwrap());
        assert!(parsed.repeated.is_empty());
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(500);
        for text in [
            "",
            "{",
            "{} {}",
            "\u{feff}{}",
            "1e999",
            r#""\ud800""#,
            &deep,
        ] {
            let error = parse(text.as_bytes()).err().unwrap();
            assert_eq!(error.code(), "malformed_json", "{text}");
        }
    }
}
