//! The first operator of a new installation.

use secrecy::SecretString;

use super::env::{Reader, Reported};
use super::variable::{Fallback, Group, Variable};

const ADMIN_EMAIL: Variable = Variable {
    name: "ADMIN_EMAIL",
    default: Fallback::Nothing,
    shape: "an e-mail address",
    doc: "E-mail address of the first operator.",
    secret: false,
};
const ADMIN_PASSWORD: Variable = Variable {
    name: "ADMIN_PASSWORD",
    default: Fallback::Computed("a random one, printed once"),
    shape: "a password of 12 to 128 characters",
    doc: "Password of the first operator.",
    secret: true,
};

pub(super) const GROUP: Group = Group {
    title: "First operator",
    variables: &[ADMIN_EMAIL, ADMIN_PASSWORD],
};

/// The first operator of a new installation.
#[derive(Debug, Clone)]
pub struct SeedConfig {
    /// E-mail address, where one is given.
    pub admin_email: Option<String>,
    /// Password, where one is given.
    pub admin_password: Option<SecretString>,
}

impl SeedConfig {
    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader) -> Result<Self, Reported> {
        let admin_email = reader.optional(&ADMIN_EMAIL, email);
        let admin_password = reader.optional(&ADMIN_PASSWORD, password);
        Ok(Self {
            admin_email: admin_email?,
            admin_password: admin_password?,
        })
    }
}

/// Catches slips only; whether the address is good shows when it is stored and written to.
fn email(text: &str) -> Result<String, &'static str> {
    match text.split_once('@') {
        Some((name, host))
            if !name.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && !text.contains(char::is_whitespace) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("not of the form `name@host`"),
    }
}

fn password(text: &str) -> Result<SecretString, &'static str> {
    if (12..=128).contains(&text.chars().count()) {
        Ok(text.into())
    } else {
        Err("too short or too long")
    }
}
