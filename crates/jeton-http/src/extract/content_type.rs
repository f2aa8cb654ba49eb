use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What a request's body claims to be (RFC 9110, section 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/x-www-form-urlencoded`, which OAuth's endpoints take.
    Form,
    /// `application/json`.
    Json,
    /// Another, several, or none that can be read.
    Other,
    /// None given.
    Missing,
}

/// The content type of a request: case counts for nothing, and parameters (`charset`) neither.
#[must_use]
pub fn content_type(headers: &HeaderMap) -> ContentType {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (line, second) = (lines.next(), lines.next());
    let Some(line) = line else { return ContentType::Missing };
    if second.is_some() {
        return ContentType::Other;
    }
    let media_type = line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if media_type.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        ContentType::Form
    } else if media_type.eq_ignore_ascii_case(b"application/json") {
        ContentType::Json
    } else {
        ContentType::Other
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(lines: &[&[u8]], expected: ContentType) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_TYPE, HeaderValue::from_bytes(line).unwrap());
        }
        assert_eq!(content_type(&headers), expected, "{lines:?}");
    }

    #[test]
    fn content_types() {
        check(&[], ContentType::Missing);
        check(&[b"application/x-www-form-urlencoded"], ContentType::Form);
        check(&[b"Application/X-WWW-Form-Urlencoded; charset=UTF-8"], ContentType::Form);
        check(&[b"application/json"], ContentType::Json);
        check(&[b"APPLICATION/JSON ;charset=\"utf-8\""], ContentType::Json);
        check(&[b""], ContentType::Other);
        check(&[b";"], ContentType::Other);
        check(&[b"application/jsonp"], ContentType::Other);
        check(&[b"application/jwt"], ContentType::Other);
        check(&[b"text/plain, application/json"], ContentType::Other);
        check(&[b"application/json", b"application/json"], ContentType::Other);
        check(&[b"application/json\xff"], ContentType::Other);
    }
}
