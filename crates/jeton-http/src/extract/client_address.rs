use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};
use jeton_core::network::Network;

use crate::edge::Peer;

/// The address a request comes from, for limits, audit and anomaly rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// This machine, over the Unix socket.
    Local,
    /// An address; IPv4 written as IPv6 is IPv4 here.
    Network(IpAddr),
}

/// Which header line the trusted proxies write. Only this one is read: the other passes a proxy as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies whose word about a client's address counts. None by default: then every address is the peer's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: ForwardedHeader,
}

impl TrustedProxies {
    /// Trusts these networks to write `header`.
    #[must_use]
    pub fn new(networks: Vec<Network>, header: ForwardedHeader) -> Self {
        Self { networks, header }
    }

    /// The client's address: of the chain that ends with the peer, the last one that is no trusted proxy. What cannot be read ends the chain there,
    /// at the proxy that vouches for it, so an address is never made up.
    #[must_use]
    pub fn client_address(&self, peer: &Peer, headers: &HeaderMap) -> ClientAddress {
        let address = match peer {
            Peer::Unix { .. } => return ClientAddress::Local,
            Peer::Tcp(address) => address.ip().to_canonical(),
        };
        if !self.trusts(address) {
            return ClientAddress::Network(address);
        }
        let mut nearest = address;
        for hop in self.hops(headers) {
            let Some(hop) = hop else { break };
            nearest = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        ClientAddress::Network(nearest)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    /// The forwarded addresses, nearest first; `None` for one that cannot be read.
    fn hops<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + 'a {
        let name = match self.header {
            ForwardedHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardedHeader::Forwarded => FORWARDED,
        };
        let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
        lines.into_iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).map(|element| self.read(element))
    }

    fn read(&self, element: &[u8]) -> Option<IpAddr> {
        let element = std::str::from_utf8(element).ok()?.trim();
        match self.header {
            ForwardedHeader::XForwardedFor => read_node(element),
            ForwardedHeader::Forwarded => {
                let mut nodes = element.split(';').filter_map(|pair| {
                    let (name, value) = pair.split_once('=')?;
                    name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
                });
                match (nodes.next(), nodes.next()) {
                    (Some(node), None) => read_node(unquoted(node)),
                    _ => None,
                }
            }
        }
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// An address, with or without a port, IPv6 in brackets or bare.
fn read_node(node: &str) -> Option<IpAddr> {
    let bracketed = || node.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|address| address.ip());
    node.parse::<IpAddr>().ok().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: ForwardedHeader, peer: &str, lines: &[&str], expected: &str) {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "::1", "2001:db8::/32"].map(|network| network.parse().unwrap()).to_vec(), header);
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let peer = Peer::Tcp(peer.parse().unwrap());
        assert_eq!(proxies.client_address(&peer, &headers), ClientAddress::Network(expected.parse().unwrap()), "{peer:?} {lines:?}");
    }

    #[test]
    fn x_forwarded_for() {
        let check = |peer, lines: &[&str], expected| check(ForwardedHeader::XForwardedFor, peer, lines, expected);
        check("192.0.2.1:1", &["X-Forwarded-For: 198.51.100.1"], "192.0.2.1");
        check("10.1.1.1:1", &[], "10.1.1.1");
        check("10.1.1.1:1", &["X-Forwarded-For: 198.51.100.1"], "198.51.100.1");
        check("[::ffff:10.1.1.1]:1", &["X-Forwarded-For: 198.51.100.1"], "198.51.100.1");
        check("10.1.1.1:1", &["X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.2.2.2"], "198.51.100.1");
        check("10.1.1.1:1", &["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.1"], "198.51.100.1");
        check("10.1.1.1:1", &["X-Forwarded-For: 198.51.100.1:4711"], "198.51.100.1");
        check("10.1.1.1:1", &["X-Forwarded-For: [2001:db9::1]:4711"], "2001:db9::1");
        check("10.1.1.1:1", &["X-Forwarded-For: 2001:db9::1"], "2001:db9::1");
        check("[2001:db8::1]:1", &["X-Forwarded-For: [2001:db9::1]"], "2001:db9::1");
        check("10.1.1.1:1", &["X-Forwarded-For: 10.9.9.9, 10.2.2.2"], "10.9.9.9");
        check("10.1.1.1:1", &["X-Forwarded-For: 198.51.100.1, unknown"], "10.1.1.1");
        check("10.1.1.1:1", &["X-Forwarded-For: 198.51.100.1, junk, 10.2.2.2"], "10.2.2.2");
        check("10.1.1.1:1", &["X-Forwarded-For: "], "10.1.1.1");
        check("10.1.1.1:1", &["Forwarded: for=198.51.100.1"], "10.1.1.1");
    }

    #[test]
    fn forwarded() {
        let check = |peer, lines: &[&str], expected| check(ForwardedHeader::Forwarded, peer, lines, expected);
        check("10.1.1.1:1", &["Forwarded: for=198.51.100.1;proto=https"], "198.51.100.1");
        check("10.1.1.1:1", &["Forwarded: proto=https; For=\"[2001:db9::1]:4711\""], "2001:db9::1");
        check("10.1.1.1:1", &["Forwarded: for=203.0.113.9, for=198.51.100.1, for=10.2.2.2"], "198.51.100.1");
        check("10.1.1.1:1", &["Forwarded: for=203.0.113.9, for=_hidden"], "10.1.1.1");
        check("10.1.1.1:1", &["Forwarded: for=203.0.113.9;for=198.51.100.1"], "10.1.1.1");
        check("10.1.1.1:1", &["Forwarded: by=203.0.113.9"], "10.1.1.1");
        check("10.1.1.1:1", &["X-Forwarded-For: 198.51.100.1"], "10.1.1.1");
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("198.51.100.1"));
        let peer = Peer::Tcp("127.0.0.1:1".parse().unwrap());
        let loopback = ClientAddress::Network("127.0.0.1".parse().unwrap());
        assert_eq!(TrustedProxies::default().client_address(&peer, &headers), loopback);
        assert_eq!(TrustedProxies::default().client_address(&Peer::Unix { uid: 0, pid: None }, &headers), ClientAddress::Local);
    }
}
