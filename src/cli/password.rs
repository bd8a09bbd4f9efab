//! Where a command gets a new user's password: from standard input, or made and printed once. Never from the command line, which
//! everybody on the machine can read.

use std::io;

use super::failure::Failure;
use crate::config::SecretString;
use crate::domains::passwords::NewPassword;
use crate::ids::random_token;

#[derive(clap::Args)]
pub(super) struct PasswordArgs {
    /// Read the password from the first line of standard input, instead of making one up and printing it
    #[arg(long)]
    password_stdin: bool,
}

/// A password, and its text where the user has to be told.
pub(super) struct Chosen {
    pub(super) password: NewPassword,
    pub(super) to_tell: Option<String>,
}

impl PasswordArgs {
    pub(super) fn choose(&self) -> Result<Chosen, Failure> {
        if !self.password_stdin {
            return made_up();
        }
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        let text = line.trim_end_matches(['\r', '\n']);
        if text.contains('\0') {
            let wrong = "expected a line of text as the password, got one with a NUL character";
            return Err(Failure::Failed(wrong.to_owned()));
        }
        Ok(Chosen {
            password: parse(text.into())?,
            to_tell: None,
        })
    }
}

/// A random one.
pub(super) fn made_up() -> Result<Chosen, Failure> {
    let text = random_token().map_err(Failure::other)?;
    let text = text[..24].to_owned();
    Ok(Chosen {
        password: parse(text.as_str().into())?,
        to_tell: Some(text),
    })
}

/// One that somebody chose.
pub(super) fn parse(text: SecretString) -> Result<NewPassword, Failure> {
    NewPassword::parse(text).map_err(Failure::other)
}
