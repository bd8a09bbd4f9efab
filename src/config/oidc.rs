//! An outside issuer whose tokens are accepted beside our own: Clerk, or any `OpenID` Connect provider.

use std::net::IpAddr;

use url::{Host, Url};

use super::env::{Reader, Reported};
use super::variable::{Fallback, Group, Variable};

const OIDC_ISSUER: Variable = Variable {
    name: "OIDC_ISSUER",
    default: Fallback::Nothing,
    shape: "an https URL without a query, exactly as in the tokens' `iss`",
    doc: "Outside issuer whose access tokens are accepted; its keys are found by `OpenID` Connect discovery.",
    secret: false,
};
const OIDC_AUDIENCE: Variable = Variable {
    name: "OIDC_AUDIENCE",
    default: Fallback::Nothing,
    shape: "any text",
    doc: "Audience (`aud`, or `azp` where there is none) that the outside issuer's tokens must carry; needed with OIDC_ISSUER.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Outside issuer",
    variables: &[OIDC_ISSUER, OIDC_AUDIENCE],
};

/// The outside issuer.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// `iss`, compared letter by letter.
    pub issuer: String,
    /// Where its discovery document is.
    pub discovery: Url,
    /// `aud`, or `azp`.
    pub audience: String,
}

impl OidcConfig {
    /// Reads the section; `own` is the issuer of our own tokens.
    pub(super) fn from_env(
        reader: &mut Reader,
        own: Option<&str>,
    ) -> Result<Option<Self>, Reported> {
        let issuer = reader.optional(&OIDC_ISSUER, |text| issuer(text, own));
        let audience = reader.needed_if(
            matches!(issuer, Ok(Some(_))),
            "a token for somebody else must not open anything here",
            &OIDC_AUDIENCE,
            str::parse,
        );
        let (issuer, audience) = (issuer?, audience?);
        Ok(issuer
            .zip(audience)
            .map(|((issuer, discovery), audience)| Self {
                issuer,
                discovery,
                audience,
            }))
    }
}

/// Whether what comes from there can be trusted to come from there: encrypted, or from this machine.
pub fn is_safe_transport(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => loopback,
        _ => false,
    }
}

fn issuer(text: &str, own: Option<&str>) -> Result<(String, Url), String> {
    if own == Some(text) {
        return Err("it is our own, JWT_ISSUER".to_owned());
    }
    let url: Url = text.parse().map_err(|e: url::ParseError| e.to_string())?;
    if !is_safe_transport(&url) {
        return Err("neither https, nor http to this machine itself".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment".to_owned());
    }
    let discovery = format!(
        "{}/.well-known/openid-configuration",
        text.trim_end_matches('/')
    );
    let discovery = discovery
        .parse()
        .map_err(|e: url::ParseError| e.to_string());
    Ok((text.to_owned(), discovery?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_encrypted_or_this_machine_and_never_ourselves() {
        for good in [
            "https://clerk.example.com",
            "https://example.eu.auth0.com/",
            "https://login.example.com/realms/main",
            "http://localhost:9000",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
        ] {
            let (kept, discovery) = issuer(good, Some("tenantry")).unwrap();
            assert_eq!(kept, good, "compared with `iss` letter by letter");
            let path = "/.well-known/openid-configuration";
            assert!(discovery.path().ends_with(path) && !discovery.path().contains("//"));
        }
        for bad in [
            "",
            "clerk.example.com",
            "http://clerk.example.com",
            "http://127.0.0.1.example.com",
            "ftp://clerk.example.com",
            "https://clerk.example.com?x=1",
            "https://own.example.com",
        ] {
            assert!(
                issuer(bad, Some("https://own.example.com")).is_err(),
                "{bad}"
            );
        }
    }
}
