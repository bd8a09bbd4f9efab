//! Which mail server takes our mails, as `SMTP_URL` names it.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

/// How the way to the relay is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayTls {
    /// From the first byte (`smtps://`).
    Immediate,
    /// By STARTTLS, without which nothing is sent (`smtp://`).
    StartTls,
    /// Not at all: the relay is on this machine, or `?tls=off` says so.
    Off,
}

/// A mail server that takes our mails.
#[derive(Debug, Clone)]
pub struct SmtpRelay {
    /// Its name; its certificate must be for it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted.
    pub tls: RelayTls,
    /// Login and password, where it asks for them.
    pub login: Option<(String, SecretString)>,
}

impl SmtpRelay {
    /// SendGrid's, which is entered with an API key.
    pub(super) fn sendgrid(key: SecretString) -> Self {
        Self {
            host: "smtp.sendgrid.net".to_owned(),
            port: 465,
            tls: RelayTls::Immediate,
            login: Some(("apikey".to_owned(), key)),
        }
    }

    /// Reads `smtp://login:password@host:587` or `smtps://…`. The reasons tell nothing of the text, which holds a password.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is no URL")?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or("it names no host")?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("nothing but `?tls=off` may follow the host");
        }
        let (default_port, tls) = match (url.scheme(), url.query()) {
            ("smtps", None) => (465, RelayTls::Immediate),
            ("smtp", Some("tls=off")) => (587, RelayTls::Off),
            ("smtp", None) if is_this_machine(host) => (587, RelayTls::Off),
            ("smtp", None) => (587, RelayTls::StartTls),
            ("smtp" | "smtps", Some(_)) => {
                return Err("nothing but `?tls=off` may follow the host, after smtp:// only");
            }
            _ => return Err("its scheme is neither smtp nor smtps"),
        };
        let login = match (decoded(url.username())?, url.password()) {
            (login, Some(password)) if !login.is_empty() => {
                Some((login, decoded(password)?.into()))
            }
            (login, None) if login.is_empty() => None,
            _ => return Err("login and password come together or not at all"),
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            tls,
            login,
        })
    }
}

/// Between two programs of one machine nobody listens, and no certificate is for `localhost`.
fn is_this_machine(host: &str) -> bool {
    let address = match Host::parse(host) {
        Ok(Host::Ipv4(address)) => IpAddr::from(address),
        Ok(Host::Ipv6(address)) => IpAddr::from(address),
        // A scheme that browsers do not know leaves an IPv4 address a name.
        _ => match host.parse() {
            Ok(address) => address,
            Err(_) => return host.eq_ignore_ascii_case("localhost"),
        },
    };
    address.is_loopback()
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(String::from)
        .map_err(|_| "login and password are not in UTF-8")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_relay_is_read_with_its_port_its_encryption_and_its_login() {
        for (text, host, port, tls) in [
            (
                "smtp://mx.example.com",
                "mx.example.com",
                587,
                RelayTls::StartTls,
            ),
            (
                "smtp://mx.example.com:25",
                "mx.example.com",
                25,
                RelayTls::StartTls,
            ),
            (
                "smtps://mx.example.com",
                "mx.example.com",
                465,
                RelayTls::Immediate,
            ),
            (
                "smtp://mailpit:1025?tls=off",
                "mailpit",
                1025,
                RelayTls::Off,
            ),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, RelayTls::Off),
            ("smtp://[::1]:1025", "::1", 1025, RelayTls::Off),
            ("smtp://localhost", "localhost", 587, RelayTls::Off),
            ("smtp://192.0.2.1", "192.0.2.1", 587, RelayTls::StartTls),
        ] {
            let relay = SmtpRelay::parse(text).unwrap();
            assert_eq!(
                (relay.host.as_str(), relay.port, relay.tls),
                (host, port, tls),
                "{text}"
            );
            assert!(relay.login.is_none());
        }
        let relay = SmtpRelay::parse("smtps://ada%40example.com:p%3Ass@mx.example.com").unwrap();
        let (login, password) = relay.login.unwrap();
        assert_eq!(
            (login.as_str(), password.expose_secret()),
            ("ada@example.com", "p:ss")
        );
    }

    #[test]
    fn what_is_no_relay_is_refused() {
        for bad in [
            "mx.example.com",
            "http://mx.example.com",
            "smtp://",
            "smtp://ada@mx.example.com",
            "smtp://mx.example.com/path",
            "smtp://mx.example.com?tls=maybe",
            "smtps://mx.example.com?tls=off",
        ] {
            assert!(SmtpRelay::parse(bad).is_err(), "{bad} was taken");
        }
    }
}
