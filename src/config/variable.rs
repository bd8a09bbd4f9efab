//! What is said about an environment variable, once.
//!
//! `--help`, `.env.example` and every error message are made from these declarations.

/// One environment variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// What holds while it is unset.
    pub default: Fallback,
    /// What a value must look like; completes "expected …".
    pub shape: &'static str,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// A secret is never shown, and can also be read from the file that `NAME_FILE` names.
    pub secret: bool,
}

impl Variable {
    /// The variable that names a file with this secret's value.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}_FILE", self.name)
    }
}

/// What holds while a variable is unset.
#[derive(Debug, Clone, Copy)]
pub enum Fallback {
    /// This text, read as if it had been given.
    Value(&'static str),
    /// Something found out at start; the text says what.
    Computed(&'static str),
    /// Nothing: the variable stays unset.
    Nothing,
}

/// The variables of one section, under the title that readers see.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Title in `--help` and `.env.example`.
    pub title: &'static str,
    /// In the order in which readers see them.
    pub variables: &'static [Variable],
}
