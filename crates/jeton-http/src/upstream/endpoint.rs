//! An address that a provider is asked at.

use http::Uri;
use jeton_core::outgoing::Reach;
use jeton_oauth::Issuer;

/// The longest address, in bytes.
const BYTES_MAX: usize = 2_048;

/// An address over https; over plain http where the issuer itself is on this machine, and at its own origin alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) uri: Uri,
    /// An administrator named the issuer's own origin; what a document names beside it leads to nothing within.
    pub(super) reach: Reach,
}

impl Endpoint {
    /// Reads an address that a document of this issuer names; `None`: it is none, or one that is not asked.
    pub(super) fn parse(text: &str, issuer: &Issuer) -> Option<Endpoint> {
        let is_plain = text.len() <= BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\'));
        let uri: Uri = text.parse().ok().filter(|_| is_plain)?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
        if authority.contains('@') {
            return None;
        }
        let reach = match format!("{scheme}://{authority}") == issuer.origin() {
            true => Reach::Within,
            false if scheme == "https" => Reach::Internet,
            false => return None,
        };
        Some(Endpoint { uri, reach })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_encrypted_or_the_issuer_s_own() {
        fn check(issuer: &str, text: &str, expected: Option<Reach>) {
            let parsed = Endpoint::parse(text, &Issuer::parse(issuer).unwrap());
            assert_eq!(parsed.map(|endpoint| endpoint.reach), expected, "{text}");
        }
        let (far, near) = ("https://id.example", "http://127.0.0.1:9000");
        check(far, "https://id.example/token?a=b", Some(Reach::Within));
        check(far, "https://keys.example/jwks", Some(Reach::Internet));
        check(far, "https://id.example:8443/token", Some(Reach::Internet));
        check(far, "http://id.example/token", None);
        check(near, "http://127.0.0.1:9000/token", Some(Reach::Within));
        check(near, "http://127.0.0.1:9001/token", None);
        check(near, "https://keys.example/jwks", Some(Reach::Internet));
        for wrong in
            ["", "/token", "https://", "ftp://id.example/", "https://a@id.example/", "https://id.example/#x", "https://id.example/a b"]
        {
            check(far, wrong, None);
        }
    }
}
