//! Where an authorization answer may go (RFC 6749 section 3.1.2, RFC 8252, RFC 9700 section 2.1).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{form, uri};

/// An address that an application registers for the answers to its authorization requests. Compared byte by byte.
///
/// `https`; `http` for `127.0.0.1`, `[::1]` and `localhost` alone; or a scheme of the application's own that has a dot in it
/// (RFC 8252 section 7.1). No fragment, no user, no character that would have to be encoded.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RedirectUri {
    text: Arc<str>,
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Scheme {
    Https,
    /// `http` to this computer.
    Loopback,
    /// Of an application on a telephone or a desk.
    Private,
}

impl RedirectUri {
    /// The longest address, in bytes.
    pub const MAX_LEN: usize = 512;

    /// Reads an address.
    ///
    /// # Errors
    /// Why it cannot be registered.
    pub fn parse(text: &str) -> Result<Self, NotARedirectUri> {
        if text.len() > Self::MAX_LEN || !uri::is_well_formed(text) {
            return Err(NotARedirectUri::Malformed);
        }
        let (name, rest) = text.split_once(':').ok_or(NotARedirectUri::Malformed)?;
        let scheme = match name {
            "https" | "http" => {
                let authority = authority_of(rest.strip_prefix("//").ok_or(NotARedirectUri::Malformed)?);
                let host = check_authority(authority)?;
                match (name, is_loopback(host)) {
                    ("https", _) => Scheme::Https,
                    (_, true) => Scheme::Loopback,
                    (_, false) => return Err(NotARedirectUri::NotHttps),
                }
            }
            private if is_private_scheme(private) && !rest.is_empty() => Scheme::Private,
            _ => return Err(NotARedirectUri::Scheme),
        };
        Ok(Self { text: text.into(), scheme })
    }

    /// The address as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a request asked for this address: the same bytes; where the port of a loopback address is free, any port
    /// (RFC 8252 section 7.3).
    #[must_use]
    pub fn allows(&self, asked: &str, loopback_port_is_free: bool) -> bool {
        if *self.text == *asked {
            return true;
        }
        if !loopback_port_is_free || self.scheme != Scheme::Loopback {
            return false;
        }
        let Ok(asked) = Self::parse(asked) else { return false };
        // A name can be pointed elsewhere; the addresses cannot (RFC 8252 section 8.3).
        let (host, rest) = self.without_port();
        asked.scheme == Scheme::Loopback && host != "localhost" && asked.without_port() == (host, rest)
    }

    /// Whether it leads to a server on the person's own computer.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.scheme == Scheme::Loopback
    }

    /// What a person is told of where the answer goes: the host, or the scheme of an application's own.
    #[must_use]
    pub fn host(&self) -> &str {
        match self.scheme {
            Scheme::Private => self.text.split_once(':').map_or("", |(scheme, _)| scheme),
            Scheme::Https | Scheme::Loopback => self.without_port().0,
        }
    }

    /// What a page's policy must allow as the aim of a form that ends there: scheme, host and port, or `scheme:`.
    #[must_use]
    pub fn origin(&self) -> &str {
        let end = match self.scheme {
            Scheme::Private => self.text.find(':').map_or(0, |colon| colon + 1),
            Scheme::Https | Scheme::Loopback => self.authority_start() + self.authority().len(),
        };
        self.text.get(..end).unwrap_or_default()
    }

    /// The address with these parameters after those that it has.
    #[must_use]
    pub fn with_parameters<'p>(&self, parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
        let separator = if !self.text.contains('?') {
            "?"
        } else if self.text.ends_with(['?', '&']) {
            ""
        } else {
            "&"
        };
        format!("{}{separator}{}", self.text, form::encode(parameters))
    }

    fn authority_start(&self) -> usize {
        self.text.find("//").map_or(0, |start| start + 2)
    }

    fn authority(&self) -> &str {
        authority_of(self.text.get(self.authority_start()..).unwrap_or_default())
    }

    /// The host, and what stands behind host and port.
    fn without_port(&self) -> (&str, &str) {
        let authority = self.authority();
        let rest = self.text.get(self.authority_start() + authority.len()..).unwrap_or_default();
        (split_port(authority).0, rest)
    }
}

/// What stands before the path, the query or the end.
fn authority_of(rest: &str) -> &str {
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Host and port of `host[:port]`.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => (authority.get(..colon).unwrap_or_default(), authority.get(colon + 1..)),
        _ => (authority, None),
    }
}

/// Checks `host[:port]` and gives the host: in lower case, so that nothing could be written in two ways, and no user.
fn check_authority(authority: &str) -> Result<&str, NotARedirectUri> {
    let (host, port) = split_port(authority);
    let label_ok = |label: &str| {
        let edge_ok = !label.starts_with('-') && !label.ends_with('-');
        edge_ok && !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let host_ok = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address),
        None => host.split('.').all(label_ok),
    };
    let port_ok =
        |digits: &str| !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    if host_ok && port.is_none_or(port_ok) { Ok(host) } else { Err(NotARedirectUri::Malformed) }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// A reversed domain name of the application's owner, as RFC 8252 section 7.1 asks for: it has a dot, and so is none that a
/// browser would run or open itself.
fn is_private_scheme(scheme: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(may_stand)
        && scheme.contains('.')
        && !scheme.ends_with('.')
        && !scheme.contains("..")
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedirectUri({})", self.text)
    }
}

impl FromStr for RedirectUri {
    type Err = NotARedirectUri;

    fn from_str(text: &str) -> Result<Self, NotARedirectUri> {
        Self::parse(text)
    }
}

impl Serialize for RedirectUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RedirectUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Why an address cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotARedirectUri {
    /// No absolute URI, too long, or with a part that may not stand: a fragment, a user, a capital letter in the host.
    Malformed,
    /// `http` to another computer.
    NotHttps,
    /// A scheme that is neither `https` nor an application's own.
    Scheme,
}

impl fmt::Display for NotARedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => write!(
                f,
                "a redirect URI is absolute, has no fragment, no user and no capital letter in its host, and at most {} bytes",
                RedirectUri::MAX_LEN
            ),
            Self::NotHttps => f.write_str("a redirect URI is https; http is for 127.0.0.1, [::1] and localhost alone"),
            Self::Scheme => {
                f.write_str("the scheme of a redirect URI is https, or an application's own with a dot in it, such as com.example.app")
            }
        }
    }
}

impl std::error::Error for NotARedirectUri {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(text: &str, expected: Result<(), NotARedirectUri>) {
            assert_eq!(RedirectUri::parse(text).map(|uri| assert_eq!(uri.as_str(), text)), expected, "{text:?}");
        }
        check("https://shop.example/callback", Ok(()));
        check("https://shop.example", Ok(()));
        check("https://shop.example:8443/a/b?tenant=1", Ok(()));
        check("https://192.0.2.1/cb", Ok(()));
        check("https://[2001:db8::1]/cb", Ok(()));
        check("http://127.0.0.1/callback", Ok(()));
        check("http://127.0.0.1:3000/callback", Ok(()));
        check("http://[::1]:3000/callback", Ok(()));
        check("http://localhost:3000/callback", Ok(()));
        check("com.example.app:/callback", Ok(()));
        check("com.example.app://callback", Ok(()));
        check("http://shop.example/callback", Err(NotARedirectUri::NotHttps));
        check("http://127.0.0.1.evil.example/", Err(NotARedirectUri::NotHttps));
        check("http://127.0.0.2/", Err(NotARedirectUri::NotHttps));
        check("https://shop.example/callback#part", Err(NotARedirectUri::Malformed));
        check("https://shop.example/callback#", Err(NotARedirectUri::Malformed));
        check("https://user@shop.example/", Err(NotARedirectUri::Malformed));
        check("https://shop.example@evil.example/", Err(NotARedirectUri::Malformed));
        check("https://Shop.example/", Err(NotARedirectUri::Malformed));
        check("HTTPS://shop.example/", Err(NotARedirectUri::Scheme));
        check("https://shop.example:0443/", Err(NotARedirectUri::Malformed));
        check("https://shop.example:/", Err(NotARedirectUri::Malformed));
        check("https://shop.example:99999/", Err(NotARedirectUri::Malformed));
        check("https:///callback", Err(NotARedirectUri::Malformed));
        check("https:/callback", Err(NotARedirectUri::Malformed));
        check("https://a..b/", Err(NotARedirectUri::Malformed));
        check("https://shop.example/a b", Err(NotARedirectUri::Malformed));
        check("https://shop.example/\\evil", Err(NotARedirectUri::Malformed));
        check("https://shop.example/%2", Err(NotARedirectUri::Malformed));
        check("https://shop.example/é", Err(NotARedirectUri::Malformed));
        check("https://shop.example/*", Ok(()));
        check("https://*.example/", Err(NotARedirectUri::Malformed));
        check("javascript:alert(1)", Err(NotARedirectUri::Scheme));
        check("data:text/html,x", Err(NotARedirectUri::Scheme));
        check("app:/callback", Err(NotARedirectUri::Scheme));
        check("com.example.:/callback", Err(NotARedirectUri::Scheme));
        check("com..app:/callback", Err(NotARedirectUri::Scheme));
        check("com.example.app:", Err(NotARedirectUri::Scheme));
        check("urn:ietf:wg:oauth:2.0:oob", Err(NotARedirectUri::Scheme));
        check("/callback", Err(NotARedirectUri::Malformed));
        check("//shop.example/callback", Err(NotARedirectUri::Malformed));
        check("", Err(NotARedirectUri::Malformed));
        check(&format!("https://a/{}", "a".repeat(RedirectUri::MAX_LEN)), Err(NotARedirectUri::Malformed));
    }

    #[test]
    fn allows_what_was_registered() {
        fn check(registered: &str, asked: &str, port_is_free: bool, expected: bool) {
            assert_eq!(RedirectUri::parse(registered).unwrap().allows(asked, port_is_free), expected, "{registered} {asked}");
        }
        let https = "https://shop.example/callback";
        check(https, https, false, true);
        check(https, https, true, true);
        for near in [
            "https://shop.example/callback/",
            "https://shop.example/callback?",
            "https://shop.example/callback?x=1",
            "https://shop.example/callback#",
            "https://shop.example:443/callback",
            "https://shop.example:444/callback",
            "https://SHOP.example/callback",
            "https://shop.example/Callback",
            "https://shop.example/%63allback",
            "https://shop.example/a/../callback",
            "https://shop.example//callback",
            "https://shop.example.evil.example/callback",
            "https://evil.example/https://shop.example/callback",
            "http://shop.example/callback",
            " https://shop.example/callback",
            "",
        ] {
            check(https, near, true, false);
        }
        let loopback = "http://127.0.0.1/callback";
        check(loopback, "http://127.0.0.1:53123/callback", true, true);
        check("http://127.0.0.1:1/callback", "http://127.0.0.1/callback", true, true);
        check("http://[::1]:1/cb?a=1", "http://[::1]:2/cb?a=1", true, true);
        check(loopback, "http://127.0.0.1:53123/callback", false, false);
        check(loopback, "http://127.0.0.1:0/callback", true, false);
        check(loopback, "http://127.0.0.1:53123/other", true, false);
        check(loopback, "http://127.0.0.1:53123/callback?x=1", true, false);
        check(loopback, "http://[::1]:53123/callback", true, false);
        check(loopback, "http://127.0.0.1:53123@evil.example/callback", true, false);
        check(loopback, "https://127.0.0.1:53123/callback", true, false);
        check("http://localhost:1/callback", "http://localhost:2/callback", true, false);
        check("https://127.0.0.1:1/callback", "https://127.0.0.1:2/callback", true, false);
    }

    #[test]
    fn tells_where_it_leads() {
        fn check(text: &str, host: &str, origin: &str, with: &str) {
            let uri = RedirectUri::parse(text).unwrap();
            assert_eq!((uri.host(), uri.origin()), (host, origin), "{text}");
            assert_eq!(uri.with_parameters([("code", "a b"), ("iss", "https://id")]), with, "{text}");
        }
        let tail = "code=a+b&iss=https%3A%2F%2Fid";
        check("https://a.example/cb", "a.example", "https://a.example", &format!("https://a.example/cb?{tail}"));
        check("https://a.example:1", "a.example", "https://a.example:1", &format!("https://a.example:1?{tail}"));
        check("https://a.example?t=1", "a.example", "https://a.example", &format!("https://a.example?t=1&{tail}"));
        check("https://a.example/?", "a.example", "https://a.example", &format!("https://a.example/?{tail}"));
        check("http://[::1]:3/cb", "[::1]", "http://[::1]:3", &format!("http://[::1]:3/cb?{tail}"));
        check("com.example.app:/cb", "com.example.app", "com.example.app:", &format!("com.example.app:/cb?{tail}"));
    }
}
