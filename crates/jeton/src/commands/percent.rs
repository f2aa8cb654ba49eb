/// A name as one segment of a path (RFC 3986 section 3.3): what is not unreserved is percent-encoded, a slash too.
pub(crate) fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && name.bytes().any(|other| other != b'.')) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments() {
        for (name, expected) in [
            ("worker", "worker"),
            ("https://orders.example/v1?x", "https%3A%2F%2Forders.example%2Fv1%3Fx"),
            ("Büro 7", "B%C3%BCro%207"),
            ("..", "%2E%2E"),
            ("a.b", "a.b"),
            ("%2F", "%252F"),
        ] {
            assert_eq!(segment(name), expected);
        }
    }
}
