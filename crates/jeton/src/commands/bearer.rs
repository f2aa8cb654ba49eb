use http::header::HeaderValue;
use zeroize::Zeroizing;

/// A token or a key as it is sent (RFC 6750 section 2.1); `None`: what cannot be in a header line is neither.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let is_word = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let line = Zeroizing::new(format!("Bearer {token}"));
    let mut value = HeaderValue::from_str(&line).ok().filter(|_| is_word)?;
    value.set_sensitive(true);
    Some(value)
}
