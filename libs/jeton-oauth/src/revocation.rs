//! Revocation requests (RFC 7009). A success has no body, so there is no response here.

use std::fmt;

use crate::error::ErrorResponse;
use crate::form::Form;
use crate::token_type_hint::{TokenTypeHint, token_and_hint};

/// A request to revoke a token (RFC 7009 section 2.1).
#[derive(Clone, Copy)]
pub struct RevocationRequest<'f> {
    /// The token, or what is taken for one.
    pub token: &'f str,
    /// What the client believes it to be.
    pub hint: Option<TokenTypeHint>,
}

impl<'f> RevocationRequest<'f> {
    /// Reads the request's own parameters.
    ///
    /// # Errors
    /// `invalid_request`: `token` is missing.
    pub fn parse(form: &'f Form<'_>) -> Result<Self, ErrorResponse> {
        let (token, hint) = token_and_hint(form)?;
        Ok(Self { token, hint })
    }
}

impl fmt::Debug for RevocationRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationRequest").field("hint", &self.hint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(body: &str, expected: Option<(&str, Option<TokenTypeHint>)>) {
            let form = Form::parse(body.as_bytes()).unwrap();
            let request = RevocationRequest::parse(&form);
            assert_eq!(request.map(|request| (request.token, request.hint)).ok(), expected, "{body}");
        }
        check("token=abc", Some(("abc", None)));
        check("token=abc&token_type_hint=access_token", Some(("abc", Some(TokenTypeHint::AccessToken))));
        check("token=abc&token_type_hint=refresh_token", Some(("abc", Some(TokenTypeHint::RefreshToken))));
        check("token=abc&token_type_hint=something_new", Some(("abc", None)));
        check("token=abc&token_type_hint=&extra=1", Some(("abc", None)));
        check("token=", None);
        check("token_type_hint=access_token", None);
    }

    #[test]
    fn debug_shows_no_token() {
        let form = Form::parse(b"token=hunter2").unwrap();
        assert!(!format!("{:?}", RevocationRequest::parse(&form).unwrap()).contains("hunter2"));
    }
}
