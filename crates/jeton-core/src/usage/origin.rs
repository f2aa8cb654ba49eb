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

/// How browsers name themselves behind the `Mozilla/5.0` that each begins with, and what they are called. Those that name others too come first.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("EdgA", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung-Internet"),
    ("CriOS", "Chrome"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
];

/// The first product of a User-Agent (RFC 9110 section 10.1.5) and its major version, such as `curl/8`, and of a browser its own name, such as
/// `Firefox/140`; `other` where there is none that can be named. A token in that place is too long to be one.
#[must_use]
pub fn agent_class(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let (product, version) = match first.split_once('/') {
        Some(("Mozilla", version)) => browser(text).unwrap_or(("Mozilla", version)),
        Some(named) => named,
        None => (first, ""),
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if product.is_empty() || product.len() > PRODUCT_LETTERS || !product.bytes().all(is_letter) {
        return "other".to_owned();
    }
    let major: String = version.chars().take_while(char::is_ascii_digit).take(4).collect();
    if major.is_empty() { product.to_owned() } else { format!("{product}/{major}") }
}

/// What a browser is called, and its version.
fn browser(text: &str) -> Option<(&'static str, &str)> {
    BROWSERS.iter().find_map(|(word, name)| {
        let version = text.split(' ').find_map(|product| product.strip_prefix(word)?.strip_prefix('/'))?;
        Some((*name, version))
    })
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
            ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0", "Firefox/130"),
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome/140"),
            ("Mozilla/5.0 (Windows NT 10.0) (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.1.2", "Edge/140"),
            ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari/18"),
            ("Mozilla/5.0 (compatible; crawler)", "Mozilla/5"),
            ("Mozilla/5.0 Chrome/jtn_at_0123456789", "Chrome"),
            ("Mozilla", "Mozilla"),
            ("curl/8 Firefox/130.0", "curl/8"),
            ("orders-worker", "orders-worker"),
            ("", "other"),
            ("\u{202e}evil/1", "other"),
            ("curl/123456789012345678901234567890", "curl/1234"),
        ] {
            assert_eq!(agent_class(text), class, "{text}");
        }
    }
}
