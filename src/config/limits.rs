//! How often clients may ask, and where nodes count together.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::env::{Reader, Reported};
use super::parse::{self, switch};
use super::variable::{Fallback, Group, Variable};

const RATE_LIMIT: Variable = Variable {
    name: "RATE_LIMIT",
    default: Fallback::Value("on"),
    shape: parse::SWITCH,
    doc: "Whether sign-ins and other requests are limited in number.",
    secret: false,
};
const REDIS_URL: Variable = Variable {
    name: "REDIS_URL",
    default: Fallback::Nothing,
    shape: "`redis://user:password@host:6379/0`, or `rediss://…` for TLS",
    doc: "Redis in which all nodes count together; unset, each counts for itself.",
    secret: true,
};

pub(super) const GROUP: Group = Group {
    title: "Limits",
    variables: &[RATE_LIMIT, REDIS_URL],
};

/// Who waited longer for a count would be better served without it.
const REDIS_PATIENCE: Duration = Duration::from_millis(100);

/// How often clients may ask, and where nodes count together.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Whether anything is limited.
    pub enabled: bool,
    /// Where all nodes count; `None`: each for itself.
    pub redis_url: Option<SecretString>,
    /// How long a request waits for Redis: 100 ms, and longer only in tests that count on a busy machine.
    pub redis_patience: Duration,
}

impl LimitsConfig {
    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader) -> Result<Self, Reported> {
        let enabled = reader.value(&RATE_LIMIT, switch);
        let redis_url = reader.optional(&REDIS_URL, redis_url);
        Ok(Self {
            enabled: enabled?,
            redis_url: redis_url?,
            redis_patience: REDIS_PATIENCE,
        })
    }
}

fn redis_url(text: &str) -> Result<SecretString, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match (url.scheme(), url.host()) {
        ("redis" | "rediss", Some(_)) => Ok(text.into()),
        ("redis" | "rediss", None) => Err("it has no host".to_owned()),
        (other, _) => Err(format!("its scheme is `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_url_has_its_scheme_and_a_host() {
        for good in [
            "redis://127.0.0.1",
            "rediss://user:pass@redis.example:6380/2",
        ] {
            assert!(redis_url(good).is_ok(), "{good}");
        }
        for bad in [
            "127.0.0.1:6379",
            "http://redis.example",
            "redis://",
            "redis:///1",
        ] {
            assert!(redis_url(bad).is_err(), "{bad} was taken");
        }
    }
}
