//! Reads variables and collects every mistake instead of stopping at the first.
//!
//! A section that could not be read is `Err(Reported)`, and only a recorded mistake makes a `Reported`.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;

use super::mistake::{ConfigError, Mistake};
use super::variable::{Fallback, Variable};

/// Proof that the mistake is on the reader's list.
#[derive(Debug)]
pub struct Reported(());

/// Reads the environment through a lookup function, so that tests need not touch the process.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
    mistakes: Vec<Mistake>,
}

/// A value and the variable that gave it (`NAME` or `NAME_FILE`).
struct Given {
    name: String,
    text: String,
}

impl<'a> Reader<'a> {
    /// A reader that finds variables through `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self {
            lookup,
            mistakes: Vec::new(),
        }
    }

    /// The value, or the default; it is a mistake to have neither.
    pub fn value<T, E: Display>(
        &mut self,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Reported> {
        match self.optional(variable, parse)? {
            Some(value) => Ok(value),
            None => Err(self.missing(variable, "it is always needed")),
        }
    }

    /// The value, or the default, or nothing.
    pub fn optional<T, E: Display>(
        &mut self,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Reported> {
        let given = match (self.given(variable)?, variable.default) {
            (Some(given), _) => given,
            (None, Fallback::Value(default)) => Given {
                name: variable.name.to_owned(),
                text: default.to_owned(),
            },
            (None, Fallback::Computed(_) | Fallback::Nothing) => return Ok(None),
        };
        match parse(&given.text) {
            Ok(value) => Ok(Some(value)),
            Err(reason) => Err(self.wrong(variable, &given, &reason)),
        }
    }

    /// Like [`Self::optional`], but when `needed` holds, having no value is a mistake; `why` explains it.
    pub fn needed_if<T, E: Display>(
        &mut self,
        needed: bool,
        why: &str,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Reported> {
        match self.optional(variable, parse)? {
            None if needed => Err(self.missing(variable, why)),
            value => Ok(value),
        }
    }

    /// Whether the variable (or its `NAME_FILE`) has a value, right or wrong.
    #[must_use]
    pub fn is_set(&self, variable: &Variable) -> bool {
        self.foreign(variable.name).is_some()
            || (variable.secret && self.foreign(&variable.file_name()).is_some())
    }

    /// A variable that belongs to the system, such as `HOME`. Empty counts as unset.
    #[must_use]
    pub fn foreign(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Puts a mistake on the list.
    pub fn report(&mut self, name: impl Into<String>, message: impl Into<String>) -> Reported {
        self.mistakes.push(Mistake {
            name: name.into(),
            message: message.into(),
        });
        Reported(())
    }

    /// Hands the result out only if nothing at all was wrong.
    pub fn finish<T>(self, result: Result<T, Reported>) -> Result<T, ConfigError> {
        match result {
            Ok(value) if self.mistakes.is_empty() => Ok(value),
            _ => Err(ConfigError {
                mistakes: self.mistakes,
            }),
        }
    }

    fn given(&mut self, variable: &Variable) -> Result<Option<Given>, Reported> {
        let direct = self.text(variable.name)?;
        if !variable.secret {
            return Ok(direct);
        }
        match (direct, self.text(&variable.file_name())?) {
            (Some(direct), Some(file)) => Err(self.report(
                direct.name,
                format!(
                    "expected one source; {} is set as well; unset one of them",
                    file.name
                ),
            )),
            (None, Some(file)) => self.contents(file).map(Some),
            (direct, None) => Ok(direct),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<Given>, Reported> {
        match self.foreign(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(Given {
                name: name.to_owned(),
                text,
            })),
            Some(Err(_)) => {
                Err(self.report(name, "expected text in UTF-8; got other bytes; correct it"))
            }
        }
    }

    fn contents(&mut self, file: Given) -> Result<Given, Reported> {
        match fs::read_to_string(&file.text) {
            // Editors and `echo` end a file with a line break that is no part of the secret.
            Ok(text) => Ok(Given {
                name: file.name,
                text: text.trim_end_matches(['\r', '\n']).to_owned(),
            }),
            Err(error) => Err(self.report(
                file.name,
                format!(
                    "expected the path of a readable text file; got {:?} ({error}); correct the path or the file's permissions",
                    file.text
                ),
            )),
        }
    }

    fn wrong(&mut self, variable: &Variable, given: &Given, reason: &dyn Display) -> Reported {
        // The reason may quote the value, so a secret is described by its length alone.
        let came = if variable.secret {
            format!("a secret of {} bytes, not shown here", given.text.len())
        } else {
            format!("{:?} ({reason})", given.text)
        };
        let remedy = match variable.default {
            Fallback::Value(default) => {
                format!("correct it, or unset it for the default `{default}`")
            }
            Fallback::Computed(default) => {
                format!("correct it, or unset it for the default: {default}")
            }
            Fallback::Nothing => "correct it".to_owned(),
        };
        let shape = variable.shape;
        self.report(
            &given.name,
            format!("expected {shape}; got {came}; {remedy}"),
        )
    }

    fn missing(&mut self, variable: &Variable, why: &str) -> Reported {
        let shape = variable.shape;
        let remedy = if variable.secret {
            format!(
                "set it, or set {} to the path of a file that holds it",
                variable.file_name()
            )
        } else {
            "set it".to_owned()
        };
        self.report(
            variable.name,
            format!("expected {shape}; it is not set, and {why}; {remedy}"),
        )
    }
}
