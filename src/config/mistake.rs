//! What is wrong with the configuration: all of it, at once. No secret's value is ever part of a message.

use std::fmt;

/// One mistake in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The variable (or file) to look at.
    pub name: String,
    /// What was expected, what came, and what to do.
    pub message: String,
}

/// Every mistake that was found while the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// In the order in which they were found.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mistakes.len() {
            1 => write!(f, "the configuration has one mistake:")?,
            count => write!(f, "the configuration has {count} mistakes:")?,
        }
        for Mistake { name, message } in &self.mistakes {
            write!(f, "\n  {name}: {message}")?;
        }
        Ok(())
    }
}
