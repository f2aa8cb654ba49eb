//! The traffics that are measured: one request again and again, or one per token.

use std::ops::Range;

use crate::failure::Failure;
use crate::http::Template;
use crate::load::Traffic;
use crate::tokens::Tokens;

/// The same request again and again.
pub(crate) struct Same<'a> {
    request: Vec<u8>,
    left: Option<usize>,
    kept: Option<&'a mut Tokens>,
}

impl<'a> Same<'a> {
    pub(crate) fn new(request: Vec<u8>) -> Self {
        Self { request, left: None, kept: None }
    }

    /// Sends `count` requests at most, and keeps the access token of each answer.
    pub(crate) fn keeping(request: Vec<u8>, count: usize, kept: &'a mut Tokens) -> Self {
        Self { request, left: Some(count), kept: Some(kept) }
    }
}

impl Traffic for Same<'_> {
    fn request(&mut self, into: &mut Vec<u8>) -> bool {
        if let Some(left) = &mut self.left {
            let Some(less) = left.checked_sub(1) else { return false };
            *left = less;
        }
        into.extend_from_slice(&self.request);
        true
    }

    fn answer(&mut self, status: u16, body: &[u8]) -> Result<(), Failure> {
        if status != 200 {
            return Err(unexpected(status, body));
        }
        let kept = self.kept.as_mut().is_none_or(|kept| kept.push_from(body));
        if kept { Ok(()) } else { Err(unexpected(status, body)) }
    }
}

/// A request per token: `token=…` to introspection or revocation.
pub(crate) struct PerToken<'a> {
    template: &'a Template,
    tokens: &'a Tokens,
    range: Range<usize>,
    next: usize,
    again: bool,
    /// What stands before the token in the body, and behind it.
    around: [&'static [u8]; 2],
    /// What each answer must contain; empty for nothing.
    expected: &'static [u8],
}

impl<'a> PerToken<'a> {
    /// Each token of `range` once.
    pub(crate) fn once(template: &'a Template, tokens: &'a Tokens, range: Range<usize>, expected: &'static [u8]) -> Self {
        Self { template, tokens, next: range.start, range, again: false, around: [b"token=", b""], expected }
    }

    /// The tokens of `range` again and again.
    pub(crate) fn again(template: &'a Template, tokens: &'a Tokens, range: Range<usize>, expected: &'static [u8]) -> Self {
        Self { again: true, ..Self::once(template, tokens, range, expected) }
    }

    /// With the tokens between these.
    pub(crate) fn within(mut self, before: &'static [u8], behind: &'static [u8]) -> Self {
        self.around = [before, behind];
        self
    }

    /// The first token that was not sent.
    pub(crate) fn next(&self) -> usize {
        self.next
    }
}

impl Traffic for PerToken<'_> {
    fn request(&mut self, into: &mut Vec<u8>) -> bool {
        if self.next >= self.range.end && self.again {
            self.next = self.range.start;
        }
        let Some(token) = self.tokens.get(self.next).filter(|_| self.next < self.range.end) else { return false };
        self.next += 1;
        let [before, behind] = self.around;
        self.template.append(&[before, token, behind], into);
        true
    }

    fn answer(&mut self, status: u16, body: &[u8]) -> Result<(), Failure> {
        let found = self.expected.is_empty() || body.windows(self.expected.len()).any(|window| window == self.expected);
        if status == 200 && found { Ok(()) } else { Err(unexpected(status, body)) }
    }
}

fn unexpected(status: u16, body: &[u8]) -> Failure {
    let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
    Failure::new(format!("unexpected answer {status}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(traffic: &mut dyn Traffic, at_most: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut bytes = Vec::new();
        while all.len() < at_most && traffic.request(&mut bytes) {
            all.push(String::from_utf8(std::mem::take(&mut bytes)).expect("ASCII").rsplit('\n').next().expect("a line").to_owned());
        }
        all
    }

    #[test]
    fn a_token_each() {
        let template = Template::form("/oauth/revoke", &[]);
        let mut tokens = Tokens::default();
        for token in ["a", "b", "c", "d"] {
            tokens.push(token.as_bytes());
        }
        assert_eq!(requests(&mut PerToken::once(&template, &tokens, 1..3, b""), 9), ["token=b", "token=c"]);
        assert_eq!(
            requests(&mut PerToken::again(&template, &tokens, 1..3, b""), 5),
            ["token=b", "token=c", "token=b", "token=c", "token=b"]
        );
        assert_eq!(requests(&mut PerToken::once(&template, &tokens, 3..9, b""), 9), ["token=d"]);
        let mut active = PerToken::once(&template, &tokens, 0..1, br#""active":true"#);
        assert!(active.answer(200, br#"{"active":true}"#).is_ok());
        assert!(active.answer(200, br#"{"active":false}"#).is_err());
        assert!(active.answer(503, br#"{"active":true}"#).is_err());
    }

    #[test]
    fn the_same_until_enough() {
        let mut kept = Tokens::default();
        let mut traffic = Same::keeping(b"x".to_vec(), 2, &mut kept);
        assert_eq!(requests(&mut traffic, 9), ["x", "x"]);
        assert!(traffic.answer(200, br#"{"access_token":"t"}"#).is_ok());
        assert!(traffic.answer(200, b"{}").is_err());
        assert!(traffic.answer(401, b"{}").is_err());
        assert_eq!(kept.len(), 1);
        assert_eq!(requests(&mut Same::new(b"y".to_vec()), 3), ["y", "y", "y"]);
    }
}
