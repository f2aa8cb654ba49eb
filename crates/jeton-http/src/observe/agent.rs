//! The class of what sends requests: its product and major version, and no more of what it says.

use http::HeaderValue;

/// The most letters of a product: shorter than any token.
const PRODUCT_LETTERS: usize = 24;

/// The first product of a User-Agent (RFC 9110 section 10.1.5) and its major version, such as `curl/8`; `none` or `other` where there is none
/// that can be named. A token in that place is too long to be one.
pub(super) fn class(header: Option<&HeaderValue>) -> String {
    let Some(header) = header else { return "none".to_owned() };
    let text = header.to_str().unwrap_or_default();
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
    fn product_and_major_version() {
        for (header, expected) in [
            ("curl/8.5.0", "curl/8"),
            ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0", "Mozilla/5"),
            ("orders-worker", "orders-worker"),
            ("go-http-client/x", "go-http-client"),
            ("", "other"),
            ("/8", "other"),
            ("a(b)/1", "other"),
            ("jtn_cs_0123456789012345678901234567890123456789", "other"),
            ("curl/123456789012345678901234567890", "curl/1234"),
        ] {
            assert_eq!(class(Some(&HeaderValue::from_str(header).unwrap())), expected, "{header}");
        }
        assert_eq!((class(None), class(Some(&HeaderValue::from_bytes(b"\xff\xfe").unwrap()))), ("none".into(), "other".into()));
    }
}
