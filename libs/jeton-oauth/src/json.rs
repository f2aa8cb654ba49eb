//! JSON written straight into a buffer, for the few documents that are printed at every request.

/// Appends a string with its quotes.
pub(crate) fn push_string(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing to memory does not fail; half a string must not stay if it ever does.
        out.truncate(start);
        out.extend_from_slice(b"\"\"");
    }
}

/// Appends a whole number.
pub(crate) fn push_number(number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, &number).is_err() {
        out.truncate(start);
        out.push(b'0');
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_as_serde_json_does() {
        for text in ["", "plain", "é", "\"", "\\", "a\nb", "\u{0}\u{1f}", "\u{7f}", "\u{2028}", "😀"] {
            let mut out = Vec::new();
            super::push_string(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(text).unwrap());
        }
    }
}
