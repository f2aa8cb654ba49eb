//! What a request told beside its token, cut down so that it names nobody.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of an address: /24 of IPv4, /48 of IPv6. Nobody is told from their neighbours by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

/// What sends requests: a product and its major version, such as `curl/8`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentClass(Box<str>);

/// The most letters of a product: shorter than any token.
const PRODUCT_LETTERS: usize = 24;
/// The most digits of a major version.
const MAJOR_DIGITS: usize = 4;

impl Network {
    /// The network of an address. One of IPv4 that is written as IPv6 is of IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 80)).into(),
        })
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, _) = text.split_once('/')?;
        let network = Self::of(address.parse().ok()?);
        (network.to_string() == text).then_some(network)
    }

    /// Its first address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 48 })
    }
}

impl AgentClass {
    /// The product and the major version that a User-Agent begins with (RFC 9110 section 10.1.5): slices of it. `other` where there is none
    /// that can be named.
    #[must_use]
    pub fn parts(user_agent: &str) -> (&str, &str) {
        let first = user_agent.split(' ').next().unwrap_or_default();
        let (product, version) = first.split_once('/').unwrap_or((first, ""));
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if product.is_empty() || product.len() > PRODUCT_LETTERS || !product.bytes().all(is_letter) {
            return ("other", "");
        }
        let digits = version.bytes().take(MAJOR_DIGITS).take_while(u8::is_ascii_digit).count();
        (product, version.get(..digits).unwrap_or_default())
    }

    /// The class of these parts.
    #[must_use]
    pub fn of((product, major): (&str, &str)) -> Self {
        Self(if major.is_empty() { product.into() } else { format!("{product}/{major}").into() })
    }

    /// Whether it is the class of these parts.
    #[must_use]
    pub fn is(&self, (product, major): (&str, &str)) -> bool {
        match self.0.split_once('/') {
            Some(own) => own == (product, major),
            None => &*self.0 == product && major.is_empty(),
        }
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let class = Self::of(Self::parts(text));
        (&*class.0 == text).then_some(class)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            let of = Network::of(address.parse().unwrap());
            assert_eq!((of.to_string(), Network::parse(network)), (network.to_owned(), Some(of)), "{address}");
        }
        for text in ["192.0.2.77", "192.0.2.77/24", "192.0.2.0/8", "192.0.2.0/024", "::ffff:192.0.2.0/24", "2001:db8::/24", "", "/24"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn agents() {
        for (user_agent, class) in [
            ("curl/8.5.0", "curl/8"),
            ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0", "Mozilla/5"),
            ("orders-worker", "orders-worker"),
            ("go-http-client/x", "go-http-client"),
            ("", "other"),
            ("/8", "other"),
            ("a(b)/1", "other"),
            ("\u{202e}/1", "other"),
            ("jtn_cs_0123456789012345678901234567890123456789", "other"),
            ("curl/123456789012345678901234567890", "curl/1234"),
        ] {
            let of = AgentClass::of(AgentClass::parts(user_agent));
            assert_eq!((of.as_str(), of.is(AgentClass::parts(user_agent))), (class, true), "{user_agent}");
            assert_eq!(AgentClass::parse(class), Some(of));
        }
        for text in ["curl/8.5", "curl/", "curl/x", "curl 8", "a/b/1", "curl/12345", ""] {
            assert_eq!(AgentClass::parse(text), None, "{text}");
        }
    }
}
