use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What a request's `Authorization` says, where a bearer token is wanted (RFC 6750 section 2.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bearer<'h> {
    /// There is no such header.
    Absent,
    /// It says something else, or there are several.
    Other,
    /// The text that is presented. Keys that were made elsewhere look as they like, so it is any visible ASCII, with spaces inside at most.
    Presented(&'h str),
}

impl<'h> Bearer<'h> {
    /// Reads the header; the scheme in any case (RFC 9110 section 11.1).
    #[must_use]
    pub fn of(headers: &'h HeaderMap) -> Bearer<'h> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let text = match (lines.next(), lines.next()) {
            (None, _) => return Bearer::Absent,
            (Some(line), None) => line.to_str().ok().and_then(|line| line.split_once(' ')),
            (Some(_), Some(_)) => None,
        };
        let presented = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, text)| text.trim());
        presented.filter(|text| !text.is_empty()).map_or(Bearer::Other, Bearer::Presented)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(lines: &[&[u8]], expected: &str) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
        }
        let said = match Bearer::of(&headers) {
            Bearer::Absent => "absent",
            Bearer::Other => "other",
            Bearer::Presented(text) => text,
        };
        assert_eq!(said, expected, "{lines:?}");
    }

    #[test]
    fn headers() {
        check(&[], "absent");
        check(&[b"Bearer abc"], "abc");
        check(&[b"bEaReR  abc "], "abc");
        check(&[b"Bearer a b"], "a b");
        for other in [&b""[..], b"Bearer", b"Bearer ", b"Bearer \t", b"Basic abc", b"Bearerabc", b"Bearer \xff", b"Bearer\tabc"] {
            check(&[other], "other");
        }
        check(&[b"Bearer abc", b"Bearer abc"], "other");
    }
}
