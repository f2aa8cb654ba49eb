//! What a browser is told of every answer, whoever made it: an answer that somebody opens as a page, or puts into one, does nothing there.

use http::header::{CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};

/// Of what is no page of ours: it loads nothing, and stands in no frame.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// A year, in seconds, for this host alone: what lies below it may be somebody else's.
const YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds what an answer does not say by itself. HSTS (RFC 6797 section 7.2) is for connections that speak TLS here; where it ends before this server,
/// pages alone have it, by their issuer.
pub(super) fn tell(headers: &mut HeaderMap, is_encrypted: bool) {
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    if is_encrypted {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(YEAR);
    }
}
