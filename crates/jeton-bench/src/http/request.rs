//! Requests as bytes, rendered once where they can be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A POST of a form whose length may change from one request to the next.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    head: Vec<u8>,
}

impl Template {
    /// A POST to `path` with `headers`, each `Name: value`.
    pub(crate) fn post(path: &str, content_type: &str, headers: &[String]) -> Self {
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("Content-Length: ");
        Self { head: head.into_bytes() }
    }

    /// A POST of a form, as OAuth endpoints take it.
    pub(crate) fn form(path: &str, headers: &[String]) -> Self {
        Self::post(path, "application/x-www-form-urlencoded", headers)
    }

    /// Appends the request whose body is `parts` in a row.
    pub(crate) fn append(&self, parts: &[&[u8]], into: &mut Vec<u8>) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        into.extend_from_slice(&self.head);
        into.extend_from_slice(length.to_string().as_bytes());
        into.extend_from_slice(b"\r\n\r\n");
        for part in parts {
            into.extend_from_slice(part);
        }
    }

    /// The request with `body`.
    pub(crate) fn with(&self, body: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.append(&[body.as_bytes()], &mut bytes);
        bytes
    }
}

/// A GET of `path`.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// The header of `client_secret_basic` (RFC 6749 §2.3.1) for an id and a secret that need no form encoding.
pub(crate) fn basic_authorization(client: &str, secret: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{client}:{secret}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_rendered_with_its_length() {
        let template = Template::form("/oauth/revoke", &[basic_authorization("a", "b")]);
        let expected = "POST /oauth/revoke HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                        Authorization: Basic YTpi\r\nContent-Length: 9\r\n\r\ntoken=abc";
        let mut bytes = Vec::new();
        template.append(&[b"token=", b"abc"], &mut bytes);
        assert_eq!(String::from_utf8(bytes).expect("ASCII"), expected);
    }
}
