//! The class of what sends requests: its product and major version, and no more of what it says.

use http::HeaderValue;
use jeton_core::usage::origin::agent_class;

/// The class of a User-Agent; `none` where there is none.
pub(super) fn class(header: Option<&HeaderValue>) -> String {
    header.map_or_else(|| "none".to_owned(), |header| agent_class(header.to_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_and_major_version() {
        for (header, expected) in [
            ("curl/8.5.0", "curl/8"),
            ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0", "Firefox/130"),
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
