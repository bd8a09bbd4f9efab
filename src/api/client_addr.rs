//! Who asks: the peer, or what a trusted proxy says of it.
//!
//! `X-Forwarded-For` is read from the right, as far as the hops are trusted; what an untrusted hop wrote is never believed.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::Request;

/// The client's address; `None` where the connection has none (a Unix socket).
pub(super) fn client_addr(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.remote_addr().as_socket_addr()?.ip().to_canonical();
    if !is_trusted(peer, trusted) {
        return Some(peer);
    }
    let forwarded = request.headers().get_all("x-forwarded-for");
    let lines: Vec<&str> = forwarded.iter().filter_map(|v| v.to_str().ok()).collect();
    Some(nearest_untrusted(peer, &lines, trusted))
}

/// Whether the peer itself, whatever it forwards, is a proxy that is believed.
pub(super) fn is_trusted_peer(request: &Request, trusted: &[IpNet]) -> bool {
    let peer = request.remote_addr().as_socket_addr();
    peer.is_some_and(|peer| is_trusted(peer.ip().to_canonical(), trusted))
}

fn nearest_untrusted(peer: IpAddr, lines: &[&str], trusted: &[IpNet]) -> IpAddr {
    let mut client = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(addr) = parse(hop.trim()) else { break };
        client = addr;
        if !is_trusted(addr, trusted) {
            break;
        }
    }
    client
}

/// An address with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let addr: Result<IpAddr, _> = hop.parse();
    addr.or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()))
        .ok()
        .map(|addr| addr.to_canonical())
}

fn is_trusted(addr: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&addr))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(lines: &[&str]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        nearest_untrusted("10.0.0.1".parse().unwrap(), lines, &trusted).to_string()
    }

    #[test]
    fn the_nearest_untrusted_hop_is_the_client() {
        assert_eq!(client(&["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client(&["203.0.113.9:4711, 10.0.0.7"]), "203.0.113.9");
        assert_eq!(client(&["1.1.1.1", "[2001:db8::1]:80"]), "2001:db8::1");
    }

    #[test]
    fn what_a_client_wrote_before_its_own_address_is_not_believed() {
        assert_eq!(client(&["127.0.0.1, 203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn rubbish_ends_the_search_at_the_last_good_hop() {
        assert_eq!(client(&["unknown, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(client(&[]), "10.0.0.1");
    }
}
