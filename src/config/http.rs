//! How the server listens, and whom it trusts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::{AddrParseError, IpNet};
use url::{Host, Url};

use super::env::{Reader, Reported};
use super::environment::Environment;
use super::parse::{self, count, list, seconds};
use super::variable::{Fallback, Group, Variable};

const BIND_ADDR: Variable = Variable {
    name: "BIND_ADDR",
    default: Fallback::Value("127.0.0.1:8080"),
    shape: "an IP address and a port",
    doc: "Address that the HTTP server listens on.",
    secret: false,
};
const BASE_DOMAIN: Variable = Variable {
    name: "BASE_DOMAIN",
    default: Fallback::Computed("`localhost` outside production, none in production"),
    shape: "a host name without scheme or port, such as `example.com`",
    doc: "Domain whose subdomains are tenants: `acme.example.com` is the tenant `acme`.",
    secret: false,
};
const TRUSTED_PROXIES: Variable = Variable {
    name: "TRUSTED_PROXIES",
    default: Fallback::Nothing,
    shape: "IP addresses or networks, separated by commas, such as `10.0.0.0/8,192.0.2.7`",
    doc: "Proxies whose X-Forwarded headers are believed.",
    secret: false,
};
const ALLOWED_ORIGINS: Variable = Variable {
    name: "ALLOWED_ORIGINS",
    default: Fallback::Nothing,
    shape: "exact origins, separated by commas, such as `https://app.example.com`; never `*`",
    doc: "Web origins that may call the API from a browser.",
    secret: false,
};
const HTTP_HEADER_TIMEOUT: Variable = Variable {
    name: "HTTP_HEADER_TIMEOUT",
    default: Fallback::Value("10"),
    shape: parse::SECONDS,
    doc: "Seconds that a client gets for the first lines of a request.",
    secret: false,
};
const HTTP_BODY_TIMEOUT: Variable = Variable {
    name: "HTTP_BODY_TIMEOUT",
    default: Fallback::Value("30"),
    shape: parse::SECONDS,
    doc: "Seconds that a client gets for a request's body, and one more for each 64 KiB of it; also how long it may take nothing of an answer.",
    secret: false,
};
const HTTP_IDLE_TIMEOUT: Variable = Variable {
    name: "HTTP_IDLE_TIMEOUT",
    default: Fallback::Value("75"),
    shape: parse::SECONDS,
    doc: "Seconds after which a connection without a request is closed; longer than a proxy in front keeps it.",
    secret: false,
};
const HTTP_MAX_CONNECTIONS: Variable = Variable {
    name: "HTTP_MAX_CONNECTIONS",
    default: Fallback::Value("10000"),
    shape: parse::COUNT,
    doc: "Connections at once; others wait. Each needs a file descriptor (`ulimit -n`).",
    secret: false,
};
const DRAIN_NOTICE_SECONDS: Variable = Variable {
    name: "DRAIN_NOTICE_SECONDS",
    default: Fallback::Computed("`5` in production, else `0`"),
    shape: "a whole number of seconds",
    doc: "How long a stopping server goes on taking connections, so that load balancers see that it is not ready.",
    secret: false,
};
const DRAIN_TIMEOUT_SECONDS: Variable = Variable {
    name: "DRAIN_TIMEOUT_SECONDS",
    default: Fallback::Value("30"),
    shape: parse::SECONDS,
    doc: "How long a stopping server waits for open requests.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "HTTP",
    variables: &[
        BIND_ADDR,
        BASE_DOMAIN,
        TRUSTED_PROXIES,
        ALLOWED_ORIGINS,
        HTTP_HEADER_TIMEOUT,
        HTTP_BODY_TIMEOUT,
        HTTP_IDLE_TIMEOUT,
        HTTP_MAX_CONNECTIONS,
        DRAIN_NOTICE_SECONDS,
        DRAIN_TIMEOUT_SECONDS,
    ],
};

/// How the server listens, and whom it trusts.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where to listen.
    pub bind_addr: SocketAddr,
    /// Domain whose subdomains are tenants, in lowercase.
    pub base_domain: Option<String>,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that browsers may call from, as browsers write them.
    pub allowed_origins: Vec<String>,
    /// How long the head of a request may take.
    pub header_timeout: Duration,
    /// How long its body may take, beside one second for each 64 KiB.
    pub body_timeout: Duration,
    /// How long a connection is kept without a request.
    pub idle_timeout: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// How long connections are still taken once the server is stopping.
    pub drain_notice: Duration,
    /// How long open requests may take once the server is stopping.
    pub drain_timeout: Duration,
}

impl HttpConfig {
    /// Reads the section.
    pub(super) fn from_env(
        reader: &mut Reader,
        environment: Environment,
    ) -> Result<Self, Reported> {
        let bind_addr = reader.value(&BIND_ADDR, str::parse);
        let base_domain = reader.optional(&BASE_DOMAIN, host_name);
        let trusted_proxies = reader.optional(&TRUSTED_PROXIES, list(network));
        let allowed_origins = reader.optional(&ALLOWED_ORIGINS, list(origin));
        let header_timeout = reader.value(&HTTP_HEADER_TIMEOUT, seconds);
        let body_timeout = reader.value(&HTTP_BODY_TIMEOUT, seconds);
        let idle_timeout = reader.value(&HTTP_IDLE_TIMEOUT, seconds);
        let max_connections = reader.value(&HTTP_MAX_CONNECTIONS, count);
        let drain_notice = reader.optional(&DRAIN_NOTICE_SECONDS, str::parse::<u16>);
        let drain_timeout = reader.value(&DRAIN_TIMEOUT_SECONDS, seconds);
        // Browsers resolve every name below `localhost` to this machine.
        let local = (!environment.is_production()).then(|| "localhost".to_owned());
        let notice = if environment.is_production() { 5 } else { 0 };
        Ok(Self {
            bind_addr: bind_addr?,
            base_domain: base_domain?.or(local),
            trusted_proxies: trusted_proxies?.unwrap_or_default(),
            allowed_origins: allowed_origins?.unwrap_or_default(),
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            idle_timeout: idle_timeout?,
            max_connections: max_connections?,
            drain_notice: Duration::from_secs(drain_notice?.unwrap_or(notice).into()),
            drain_timeout: drain_timeout?,
        })
    }
}

fn host_name(text: &str) -> Result<String, String> {
    match Host::parse(text) {
        Ok(Host::Domain(name)) if name.split('.').all(is_label) => Ok(name),
        Ok(Host::Domain(_)) => {
            Err("not letters, digits and hyphens between single dots".to_owned())
        }
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => Err("an IP address has no subdomains".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// URLs allow more in a host than DNS does in a name, and `Host` follows URLs.
fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn network(text: &str) -> Result<IpNet, AddrParseError> {
    text.parse::<IpAddr>()
        .map(IpNet::from)
        .or_else(|_| text.parse())
}

fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Err("any site could act with a visitor's credentials".to_owned());
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let origin = url.origin();
    if !origin.is_tuple() {
        return Err("it has no origin".to_owned());
    }
    // A browser sends this spelling and no other, so a near miss would never match.
    let exact = origin.ascii_serialization();
    if exact == text {
        Ok(exact)
    } else {
        Err(format!("write it as `{exact}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_only_as_a_browser_sends_it() {
        for good in ["https://app.example.com", "http://localhost:3000"] {
            assert_eq!(origin(good), Ok(good.to_owned()));
        }
        for bad in [
            "*",
            "null",
            "app.example.com",
            "https://app.example.com/",
            "https://App.example.com",
            "file:///tmp",
        ] {
            assert!(origin(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_base_domain_is_a_bare_host_name() {
        assert_eq!(host_name("Example.com"), Ok("example.com".to_owned()));
        for bad in [
            "https://example.com",
            "example.com:80",
            "example.com.",
            ".example.com",
            "127.0.0.1",
            "a b",
            "a_b.example",
            "-a.example",
            "=!",
        ] {
            assert!(host_name(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        let proxies = list(network)("10.0.0.0/8, ::1").unwrap();
        assert!(proxies[0].contains(&IpAddr::from([10, 1, 2, 3])));
        assert_eq!(proxies[1].prefix_len(), 128);
        assert!(list(network)("10.0.0.0/33").is_err());
    }
}
