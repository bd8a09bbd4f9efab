//! The name by which an outside issuer knows a user.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest subject that `OpenID` Connect allows.
pub const MAX_BYTES: usize = 255;

/// `sub` of the outside issuer's tokens. It is compared as it is: upper and lower case differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(String);

/// A text that no issuer may use as a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the subject of an outside issuer's tokens: 1 to {MAX_BYTES} visible ASCII characters"
)]
pub struct SubjectError;

impl Subject {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let sane = text.bytes().all(|byte| byte.is_ascii_graphic());
        if sane && (1..=MAX_BYTES).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SubjectError)
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
