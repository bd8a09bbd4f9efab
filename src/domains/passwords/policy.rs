//! What a new password must be (OWASP ASVS 5): long enough and not one that everybody tries. No rules of composition.

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::{Score, zxcvbn};

/// Fewest characters.
pub const MIN_CHARS: usize = 12;
/// Most characters.
pub const MAX_CHARS: usize = 128;

/// How much of it is judged: a common password is short, and the work grows with the square of the length.
const JUDGED_CHARS: usize = 40;

/// A password that may be set: of the right length and not a common one.
#[derive(Debug, Clone)]
pub struct NewPassword(SecretString);

/// Why a text may not become a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too few characters; how many there are.
    #[error("a password has at least {MIN_CHARS} characters, this one has {0}")]
    TooShort(usize),
    /// Too many characters; how many there are.
    #[error("a password has at most {MAX_CHARS} characters, this one has {0}")]
    TooLong(usize),
    /// Among the first that an attacker tries.
    #[error("this password is among the first that an attacker tries; use several unrelated words")]
    Common,
}

impl PasswordError {
    /// Stable, for the error of a field.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort(_) => "too_short",
            Self::TooLong(_) => "too_long",
            Self::Common => "too_common",
        }
    }
}

impl NewPassword {
    /// Checks what somebody wants to have as their password.
    pub fn parse(password: SecretString) -> Result<Self, PasswordError> {
        let text = password.expose_secret();
        match text.chars().count() {
            chars if chars < MIN_CHARS => return Err(PasswordError::TooShort(chars)),
            chars if chars > MAX_CHARS => return Err(PasswordError::TooLong(chars)),
            _ => {}
        }
        // Lists of leaked passwords, and what people make of them: repeated, reversed, with digits for letters. Two is "more than a
        // million guesses": far more than the login lets anybody try, and few honest passwords of this length are below it.
        let judged: String = text.chars().take(JUDGED_CHARS).collect();
        if zxcvbn(&judged, &[]).score() < Score::Two {
            return Err(PasswordError::Common);
        }
        Ok(Self(password))
    }

    /// The password itself, for hashing.
    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NewPassword, PasswordError> {
        NewPassword::parse(text.into())
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(
            parse("äöüßéèêñçøå").unwrap_err(),
            PasswordError::TooShort(11)
        );
        assert!(parse("äöüßéèêñçøåæ").is_ok());
        let long = |chars| {
            "zebra Quito 9 "
                .chars()
                .cycle()
                .take(chars)
                .collect::<String>()
        };
        assert!(parse(&long(128)).is_ok());
        assert_eq!(parse(&long(129)).unwrap_err(), PasswordError::TooLong(129));
    }

    #[test]
    fn common_passwords_are_refused_whatever_their_characters() {
        for common in [
            "password1234",
            "passwordpassword",
            "P@ssw0rd1234",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "abcabcabcabcabc",
            "iloveyou1234",
        ] {
            assert_eq!(
                parse(common).unwrap_err(),
                PasswordError::Common,
                "{common}"
            );
        }
    }

    #[test]
    fn words_in_a_row_need_no_digits_or_signs() {
        for good in [
            "correct horse battery",
            "member-password",
            "tulips under rain",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let shown = format!("{:?}", parse("correct horse battery").unwrap());
        assert!(!shown.contains("horse"), "{shown}");
    }
}
