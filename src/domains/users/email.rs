//! E-mail addresses, in the one form in which they are stored and compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest address (RFC 5321 with its erratum 1690).
pub const MAX_BYTES: usize = 254;
/// Longest part before the `@`.
const MAX_LOCAL: usize = 64;

/// An address in lower case, without spaces around it. ASCII: a host outside of it is written in Punycode.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// A text that is no e-mail address. Whether somebody reads what is sent there, only a mail can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an e-mail address looks like `name@example.com`, in ASCII, with at most {MAX_BYTES} characters"
)]
pub struct EmailError;

impl Email {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(EmailError)?;
        let local_is_sane = (1..=MAX_LOCAL).contains(&local.len())
            && local
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"@\"(),:;<>[\\]".contains(&b));
        if text.len() <= MAX_BYTES && local_is_sane && host.split('.').all(is_label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(EmailError)
        }
    }
}

/// One part of a host's name.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_form() {
        let email: Email = " Ada.Lovelace+Notes@Example.COM\n".parse().unwrap();
        assert_eq!(email.as_str(), "ada.lovelace+notes@example.com");
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let host = "a".repeat(60);
        let too_long = format!("ada@{host}.{host}.{host}.{host}.example.com");
        let local_too_long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example..com",
            "ada@-example.com",
            "a b@example.com",
            "ada@exa mple.com",
            "ada@b@example.com",
            "ada@example.com\r\nBcc: all@example.com",
            "Ada <ada@example.com>",
            "ädä@example.com",
            "ada\0@example.com",
            &too_long,
            &local_too_long,
        ] {
            assert_eq!(bad.parse::<Email>(), Err(EmailError), "{bad}");
        }
        for good in [
            "a@localhost",
            "o'hara@example.com",
            "x@xn--bcher-kva.example",
        ] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
    }
}
