//! The server's own identifier, and the URLs built from it (RFC 8414 sections 2 and 3).

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An issuer: an `https` URL without query and fragment; `http` only for a loopback host. Compared byte by byte.
///
/// The host is in lower case, there is no user, no empty, `.` or `..` segment in the path, and nothing percent-encoded, so that
/// nothing could be written in two ways. A single `/` may end it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Issuer {
    text: Arc<str>,
    /// Where the path starts.
    path_start: usize,
}

impl Issuer {
    /// The longest issuer, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Reads an issuer.
    ///
    /// # Errors
    /// The text is another kind of URL, or none.
    pub fn parse(text: &str) -> Result<Self, NotAnIssuer> {
        if text.len() > Self::MAX_LEN {
            return Err(NotAnIssuer::Malformed);
        }
        let (scheme, rest) = text.split_once("://").ok_or(NotAnIssuer::Malformed)?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |start| rest.split_at(start));
        let host = check_authority(authority)?;
        check_path(path)?;
        match scheme {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err(NotAnIssuer::NotHttps),
            _ => return Err(NotAnIssuer::Malformed),
        }
        Ok(Self { text: text.into(), path_start: text.len() - path.len() })
    }

    /// The issuer, as it stands in `iss`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.text.get(..self.path_start).unwrap_or_default()
    }

    /// The path, without the `/` that may end it; empty for most.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.get(self.path_start..).unwrap_or_default().trim_end_matches('/')
    }

    /// The host, without its port; an address of IPv6 in its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.origin().split_once("://").map_or("", |(_, authority)| authority);
        let end = if host.starts_with('[') { host.find(']').map(|end| end + 1) } else { host.find(':') };
        host.get(..end.unwrap_or(host.len())).unwrap_or_default()
    }

    /// Whether it leads to whoever asks: to nobody but this computer itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// The URL of an endpoint, such as `/oauth/token`, below the issuer.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin(), self.path())
    }

    /// The path of a well-known document, its name inserted before the issuer's path (RFC 8414 section 3.1).
    #[must_use]
    pub fn well_known_inserted(&self, name: &str) -> String {
        format!("/.well-known/{name}{}", self.path())
    }

    /// The path of a well-known document, its name after the issuer's path (OpenID Connect Discovery 1.0 section 4).
    #[must_use]
    pub fn well_known_appended(&self, name: &str) -> String {
        format!("{}/.well-known/{name}", self.path())
    }
}

/// Checks `host[:port]` and gives the host.
fn check_authority(authority: &str) -> Result<&str, NotAnIssuer> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(NotAnIssuer::Malformed)?;
            let address: Ipv6Addr = address.parse().map_err(|_| NotAnIssuer::Malformed)?;
            let host = authority.get(..authority.len() - port.len()).ok_or(NotAnIssuer::Malformed)?;
            if host != format!("[{address}]") {
                return Err(NotAnIssuer::Malformed);
            }
            (host, port)
        }
        None => {
            let (host, port) = authority.find(':').map_or((authority, ""), |start| authority.split_at(start));
            let label_ok = |label: &str| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            };
            if !host.split('.').all(label_ok) {
                return Err(NotAnIssuer::Malformed);
            }
            (host, port)
        }
    };
    let port_ok = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        });
    if port_ok { Ok(host) } else { Err(NotAnIssuer::Malformed) }
}

fn check_path(path: &str) -> Result<(), NotAnIssuer> {
    if path.contains(['?', '#']) {
        return Err(NotAnIssuer::QueryOrFragment);
    }
    let Some(segments) = path.strip_prefix('/') else { return Ok(()) };
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let segment_ok = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(may_stand);
    if path == "/" || segments.split('/').all(segment_ok) { Ok(()) } else { Err(NotAnIssuer::Malformed) }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.text)
    }
}

impl FromStr for Issuer {
    type Err = NotAnIssuer;

    fn from_str(text: &str) -> Result<Self, NotAnIssuer> {
        Self::parse(text)
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Why text is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnIssuer {
    /// No URL, or one that could be written in another way.
    Malformed,
    /// `http` to a host that is not this machine.
    NotHttps,
    /// A `?` or a `#`.
    QueryOrFragment,
}

impl fmt::Display for NotAnIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "an issuer is a URL such as https://id.example.com, the host in lower case",
            Self::NotHttps => "an issuer is https; http is for localhost, 127.0.0.1 and [::1] only",
            Self::QueryOrFragment => "an issuer has no query and no fragment",
        })
    }
}

impl std::error::Error for NotAnIssuer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(text: &str, origin: &str, path: &str) {
            let issuer = Issuer::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((issuer.as_str(), issuer.origin(), issuer.path()), (text, origin, path));
        }
        check("https://id.example.com", "https://id.example.com", "");
        check("https://id.example.com/", "https://id.example.com", "");
        check("https://id.example.com:8443/a/b", "https://id.example.com:8443", "/a/b");
        check("https://id.example.com/a/", "https://id.example.com", "/a");
        check("https://10.0.0.1", "https://10.0.0.1", "");
        check("https://[2001:db8::1]:1", "https://[2001:db8::1]:1", "");
        check("http://localhost:8420", "http://localhost:8420", "");
        check("http://127.0.0.1:8420", "http://127.0.0.1:8420", "");
        check("http://[::1]/x", "http://[::1]", "/x");
    }

    #[test]
    fn hosts() {
        fn check(text: &str, expected: &str) {
            assert_eq!(Issuer::parse(text).unwrap().host(), expected);
        }
        check("https://id.example.com", "id.example.com");
        check("https://id.example.com:8443/a", "id.example.com");
        check("https://[2001:db8::1]:1", "[2001:db8::1]");
        check("http://localhost:8420/x", "localhost");
        check("http://127.0.0.1:8420", "127.0.0.1");
    }

    #[test]
    fn refuses() {
        fn check(text: &str, expected: NotAnIssuer) {
            assert_eq!(Issuer::parse(text), Err(expected), "{text:?}");
        }
        use NotAnIssuer::{Malformed, NotHttps, QueryOrFragment};
        check("http://id.example.com", NotHttps);
        check("http://localhost.example.com", NotHttps);
        check("http://128.0.0.1", NotHttps);
        check("http://0.0.0.0", NotHttps);
        check("https://a/?x", QueryOrFragment);
        check("https://a/b#", QueryOrFragment);
        for text in [
            "",
            "https",
            "https:/a",
            "https://",
            "https:///a",
            "ftp://a",
            "HTTPS://a",
            "https://A",
            "https://a?x",
            "https://a#x",
            "https://user@a",
            "https://a:",
            "https://a:0",
            "https://a:080",
            "https://a:+80",
            "https://a:65536",
            "https://a:b",
            "https://a..b",
            "https://-a",
            "https://a.",
            "https://a//b",
            "https://a/b//",
            "https://a//",
            "https://a/../b",
            "https://a/./b",
            "https://a/%41",
            "https://a/b c",
            "https://é",
            "https://a\\b",
            "https://[::1",
            "https://[::1]x",
            "https://[0:0::1]",
            "https://[::A]",
            " https://a",
            "https://a\n",
        ] {
            check(text, Malformed);
        }
        check(&format!("https://a/{}", "b".repeat(250)), Malformed);
    }

    #[test]
    fn urls() {
        fn check(issuer: &str, endpoint: &str, inserted: &str, appended: &str) {
            let issuer = Issuer::parse(issuer).unwrap();
            assert_eq!(issuer.endpoint("/oauth/token"), endpoint);
            assert_eq!(issuer.well_known_inserted("oauth-authorization-server"), inserted);
            assert_eq!(issuer.well_known_appended("openid-configuration"), appended);
        }
        check("https://a", "https://a/oauth/token", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration");
        check("https://a/", "https://a/oauth/token", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration");
        check("https://a/t", "https://a/t/oauth/token", "/.well-known/oauth-authorization-server/t", "/t/.well-known/openid-configuration");
    }

    #[test]
    fn json_is_checked() {
        assert!(serde_json::from_str::<Issuer>(r#""https://a""#).is_ok());
        assert!(serde_json::from_str::<Issuer>(r#""http://a""#).is_err());
    }
}
