//! What tokens are signed with.

use super::Finding;
use crate::config::{Config, ExposeSecret};

const SUBJECT: &str = "signing secret";

pub(super) fn jwt(config: &Config) -> Finding {
    if let Some(key) = &config.auth.jwt_private_key {
        let algorithm = key.checking().algorithm().as_str();
        let previous = config.auth.jwt_previous_keys.len();
        let told = format!("JWT_PRIVATE_KEY ({algorithm}), and {previous} more keys are accepted");
        return Finding::good(SUBJECT, told);
    }
    let Some(secret) = &config.auth.jwt_secret else {
        return Finding::bad(
            SUBJECT,
            "neither JWT_SECRET nor JWT_PRIVATE_KEY is set, so `serve` will not start",
            "set JWT_SECRET to the output of `openssl rand -base64 48`, the same on every node",
        );
    };
    let secret = secret.expose_secret();
    let distinct = secret.bytes().collect::<std::collections::BTreeSet<_>>();
    if distinct.len() < 10 {
        return Finding::warning(
            SUBJECT,
            format!("{} bytes of only {} kinds", secret.len(), distinct.len()),
            "set JWT_SECRET to the output of `openssl rand -base64 48`",
        );
    }
    Finding::good(SUBJECT, format!("{} bytes", secret.len()))
}
