//! Cookies of the pages: their names, how they are set, and what a browser sends.

use http::HeaderMap;
use http::header::COOKIE;
use jeton_oauth::Issuer;

/// The name of a cookie. Over https it begins with `__Host-`: no neighbour below the same domain can set it (RFC 6265bis section 4.1.3.2).
/// Plain http is for loopback, where a browser keeps no such cookie.
pub(crate) fn name(issuer: &Issuer, what: &str) -> String {
    format!("{}jeton_{what}", if issuer.is_https() { "__Host-" } else { "" })
}

/// The value of a cookie; `None` also where it is sent twice: one of them was put there by somebody else.
pub(crate) fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = all(headers).filter(|(given, _)| *given == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Every cookie that the browser sends, in its order; what is none is passed over.
pub(crate) fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The line that sets a cookie for so many seconds. Script cannot read it, and a page from elsewhere that posts here does not bring it.
pub(crate) fn set(issuer: &Issuer, name: &str, value: &str, max_age_seconds: i64) -> String {
    let secure = if issuer.is_https() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}")
}

/// The line that takes a cookie away.
pub(crate) fn remove(issuer: &Issuer, name: &str) -> String {
    set(issuer, name, "", 0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn cookies_are_found_once() {
        fn check(lines: &[&str], expected: Option<&str>) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            assert_eq!(find(&headers, "a"), expected, "{lines:?}");
        }
        check(&["a=1"], Some("1"));
        check(&["b=2; a=1; c"], Some("1"));
        check(&["b=2", "a=1=1"], Some("1=1"));
        check(&["a="], Some(""));
        check(&[], None);
        check(&["b=1"], None);
        check(&["A=1"], None);
        check(&["a"], None);
        check(&["a=1; a=2"], None);
        check(&["a=1", "a=1"], None);
        check(&["ab=1;a = 2"], None);
        check(&["a=\u{e9}"], None);
    }

    #[test]
    fn a_cookie_stays_with_its_host() {
        let (https, http) = (Issuer::parse("https://id.example/x").unwrap(), Issuer::parse("http://127.0.0.1:8420").unwrap());
        assert_eq!(name(&https, "session"), "__Host-jeton_session");
        assert_eq!(set(&https, "n", "v", 60), "n=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert_eq!(name(&http, "session"), "jeton_session");
        assert_eq!(remove(&http, "n"), "n=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
