//! The cookie of a session: its secret, and when the browser was last seen, so that a session that is not used ends without a write for each page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jeton_service::Service;
use jeton_token::Secret;

use super::cookies;

/// After how long the time in it is written anew, in seconds.
const FRESH_SECONDS: i64 = 600;

/// What a browser says of its session. Whether there is such a session is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionCookie {
    /// The text of the session.
    pub(super) text: Secret,
    /// When the browser was last seen, in seconds; written here.
    pub(super) seen_at: i64,
}

impl SessionCookie {
    /// That of a request; `None`: there is none, there are two, or the time in it was not written here.
    pub(super) fn read(service: &Service, headers: &HeaderMap) -> Option<SessionCookie> {
        let (text, stamp, tag) = split(cookies::find(headers, &cookies::name(service.issuer(), "session"))?)?;
        let written = service.is_page_tag(&parts(text, &stamp.to_be_bytes()), &tag);
        written.then(|| SessionCookie { text: text.into(), seen_at: stamp })
    }

    /// Whether the time in it is to be written anew.
    pub(super) fn is_stale(&self, now: i64) -> bool {
        now.saturating_sub(self.seen_at) >= FRESH_SECONDS
    }
}

/// The line that gives a session to a browser that is here now, and which it keeps no longer than until it ends.
pub(super) fn set(service: &Service, text: &Secret, now: i64, expires_at: i64) -> String {
    let tag = URL_SAFE_NO_PAD.encode(service.page_tag(&parts(text.expose(), &now.to_be_bytes())));
    let value = format!("{}.{now}.{tag}", text.expose());
    cookies::set(service.issuer(), &cookies::name(service.issuer(), "session"), &value, expires_at.saturating_sub(now).max(0))
}

/// The line that takes it away.
pub(super) fn remove(service: &Service) -> String {
    cookies::remove(service.issuer(), &cookies::name(service.issuer(), "session"))
}

fn parts<'p>(text: &'p str, stamp: &'p [u8; 8]) -> [&'p [u8]; 3] {
    [b"session", text.as_bytes(), stamp]
}

/// Text, time and tag of a value.
pub(super) fn split(value: &str) -> Option<(&str, i64, [u8; 16])> {
    let (rest, tag) = value.rsplit_once('.')?;
    let (text, stamp) = rest.rsplit_once('.')?;
    let digits = !stamp.is_empty() && stamp.len() <= 15 && stamp.bytes().all(|byte| byte.is_ascii_digit());
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?.try_into().ok()?;
    Some((text, stamp.parse().ok().filter(|_| digits)?, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_apart() {
        fn check(value: &str, expected: Option<(&str, i64)>) {
            assert_eq!(split(value).map(|(text, stamp, _)| (text, stamp)), expected, "{value:?}");
        }
        let tag = "AAAAAAAAAAAAAAAAAAAAAA";
        check(&format!("jtn_ses_x.1800000000.{tag}"), Some(("jtn_ses_x", 1_800_000_000)));
        check(&format!("a.b.0.{tag}"), Some(("a.b", 0)));
        check(&format!("x.-1.{tag}"), None);
        check(&format!("x.+1.{tag}"), None);
        check(&format!("x..{tag}"), None);
        check(&format!("x.9999999999999999.{tag}"), None);
        check(&format!("x.1.{tag}A"), None);
        check("x.1.", None);
        check("x.1", None);
        check("", None);
    }
}
