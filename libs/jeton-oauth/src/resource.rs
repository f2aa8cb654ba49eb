//! Where a token shall be used (RFC 8707).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::uri;

/// The identifier of an API, the `aud` of its tokens: an absolute URI without a fragment (RFC 8707 section 2), at most
/// 512 bytes. Compared byte by byte, never normalised.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource(Arc<str>);

impl Resource {
    /// The longest identifier, in bytes.
    pub const MAX_LEN: usize = 512;

    /// Reads an identifier.
    ///
    /// # Errors
    /// It is too long, relative, has a fragment or a character that no URI holds (RFC 3986).
    pub fn parse(text: &str) -> Result<Self, NotAResource> {
        let (scheme, rest) = text.split_once(':').ok_or(NotAResource)?;
        let scheme_ok = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        // After `//` a host must stand: `https://` names nothing.
        let rest_ok = rest.trim_start_matches('/').starts_with(|first: char| first != '?') && uri::is_well_formed(rest);
        if text.len() <= Self::MAX_LEN && scheme_ok && rest_ok { Ok(Self(text.into())) } else { Err(NotAResource) }
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({})", self.0)
    }
}

impl FromStr for Resource {
    type Err = NotAResource;

    fn from_str(text: &str) -> Result<Self, NotAResource> {
        Self::parse(text)
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The text names no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAResource;

impl fmt::Display for NotAResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a resource is an absolute URI without a fragment, of at most {} bytes", Resource::MAX_LEN)
    }
}

impl std::error::Error for NotAResource {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(text: &str, expected: bool) {
            assert_eq!(Resource::parse(text).map(|resource| resource.to_string()).ok(), expected.then(|| text.to_owned()), "{text:?}");
        }
        check("https://orders.example", true);
        check("https://orders.example/", true);
        check("https://orders.example:8443/v1?tenant=a%20b", true);
        check("http://[::1]:8420", true);
        check("urn:example:orders", true);
        check("orders:v1", true);
        check(&format!("urn:{}", "a".repeat(508)), true);
        check(&format!("urn:{}", "a".repeat(509)), false);
        check("", false);
        check("orders", false);
        check("/orders", false);
        check("//orders.example", false);
        check("https:", false);
        check("https://", false);
        check("https://?x", false);
        check(":a", false);
        check("1a:b", false);
        check("ht tp://a", false);
        check("https://a#", false);
        check("https://a#fragment", false);
        check("https://a b", false);
        check("https://a/%", false);
        check("https://a/%4", false);
        check("https://a/%zz", false);
        check("https://é", false);
        check("https://a\"", false);
        check("https://a\\b", false);
        check("https://a\n", false);
    }
}
