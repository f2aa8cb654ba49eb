//! What an application sends somebody with who signs out (OpenID Connect RP-Initiated Logout 1.0 section 2).

use std::fmt;

use crate::authorization::{MAX_REQUEST_LEN, MAX_STATE_LEN, PageError};
use crate::form::{Form, FormError};

/// The parameters that mean something here; `logout_hint` and `ui_locales` are passed over, as all others are.
const KNOWN: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// The parameters of a logout request; each may be left out.
pub struct LogoutForm<'b> {
    form: Form<'b>,
}

impl<'b> LogoutForm<'b> {
    /// Reads the query of a GET or the body of a POST.
    ///
    /// # Errors
    /// What belongs on a page: the text cannot be read, is longer than [`MAX_REQUEST_LEN`], has a `state` longer than [`MAX_STATE_LEN`], or
    /// repeats a parameter that means something here.
    pub fn parse(text: &'b [u8]) -> Result<Self, PageError> {
        if text.len() > MAX_REQUEST_LEN {
            return Err(PageError::TooLong);
        }
        let form = Form::parse_with_repeats(text).map_err(|error| match error {
            FormError::TooLong | FormError::TooMany => PageError::TooLong,
            FormError::Repeated { .. } | FormError::BadPercent | FormError::NotUtf8 => PageError::Malformed,
        })?;
        if let Some(name) = KNOWN.into_iter().find(|name| form.names().filter(|given| given == name).count() > 1) {
            return Err(PageError::Repeated(name));
        }
        if form.get("state").is_some_and(|state| state.len() > MAX_STATE_LEN) {
            return Err(PageError::TooLong);
        }
        Ok(Self { form })
    }

    /// An ID token that the application got when somebody signed in; it may have expired.
    #[must_use]
    pub fn id_token_hint(&self) -> Option<&str> {
        self.form.get("id_token_hint")
    }

    /// The application, as it names itself.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.form.get("client_id")
    }

    /// Where somebody goes afterwards.
    #[must_use]
    pub fn post_logout_redirect_uri(&self) -> Option<&str> {
        self.form.get("post_logout_redirect_uri")
    }

    /// What is given back there byte for byte.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.form.get("state")
    }
}

impl fmt::Debug for LogoutForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.form.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_there_once() {
        fn check(text: &str, expected: Result<[Option<&str>; 4], PageError>) {
            let parsed = LogoutForm::parse(text.as_bytes());
            let said = parsed.as_ref().map(|form| [form.id_token_hint(), form.client_id(), form.post_logout_redirect_uri(), form.state()]);
            assert_eq!(said.map_err(|error| *error), expected, "{text}");
        }
        check("", Ok([None; 4]));
        check("state=", Ok([None; 4]));
        check("ui_locales=de&logout_hint=ada&ui_locales=en", Ok([None; 4]));
        check(
            "id_token_hint=a.b.c&client_id=c1&post_logout_redirect_uri=https%3A%2F%2Fa%2F&state=x+y",
            Ok([Some("a.b.c"), Some("c1"), Some("https://a/"), Some("x y")]),
        );
        check("state=a&state=a", Err(PageError::Repeated("state")));
        check("id_token_hint=a&id_token_hint=", Err(PageError::Repeated("id_token_hint")));
        check("client_id=a&client%5Fid=b", Err(PageError::Repeated("client_id")));
        check("state=%zz", Err(PageError::Malformed));
        check(&format!("state={}", "a".repeat(MAX_STATE_LEN)), Ok([None, None, None, Some(&"a".repeat(MAX_STATE_LEN))]));
        check(&format!("state={}", "a".repeat(MAX_STATE_LEN + 1)), Err(PageError::TooLong));
        check(&format!("x={}", "a".repeat(MAX_REQUEST_LEN)), Err(PageError::TooLong));
    }
}
