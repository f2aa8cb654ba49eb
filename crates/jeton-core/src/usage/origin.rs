//! Where something is used from, as coarse as it is remembered: a network, and the class of a program.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: /24 of IPv4, /48 of IPv6. A person is not told from its neighbours by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginNetwork(IpAddr);

impl From<IpAddr> for OriginNetwork {
    fn from(address: IpAddr) -> OriginNetwork {
        OriginNetwork(match address.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 80)).into(),
        })
    }
}

impl fmt::Display for OriginNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 48 })
    }
}

/// The most letters of a product: shorter than any token.
const PRODUCT_LETTERS: usize = 24;

/// The first product of a User-Agent (RFC 9110 section 10.1.5) and its major version, such as `curl/8`; `other` where there is none that can
/// be named. A token in that place is too long to be one.
#[must_use]
pub fn agent_class(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let (product, version) = first.split_once('/').unwrap_or((first, ""));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if product.is_empty() || product.len() > PRODUCT_LETTERS || !product.bytes().all(is_letter) {
        return "other".to_owned();
    }
    let major: String = version.chars().take_while(char::is_ascii_digit).take(4).collect();
    if major.is_empty() { product.to_owned() } else { format!("{product}/{major}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_coarse() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(OriginNetwork::from(address.parse::<IpAddr>().unwrap()).to_string(), network);
        }
    }

    #[test]
    fn agents_are_product_and_major_version() {
        for (text, class) in [
            ("curl/8.5.0", "curl/8"),
            ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0", "Mozilla/5"),
            ("orders-worker", "orders-worker"),
            ("", "other"),
            ("\u{202e}evil/1", "other"),
            ("curl/123456789012345678901234567890", "curl/1234"),
        ] {
            assert_eq!(agent_class(text), class, "{text}");
        }
    }
}
