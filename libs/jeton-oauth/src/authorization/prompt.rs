//! `prompt`: what a person must or must not be asked (OpenID Connect Core 1.0 section 3.1.2.1).

use crate::error::ErrorResponse;

/// What a person must or must not be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Prompt {
    /// `none`: no page may be shown; what would need one is an error. It stands alone.
    pub nothing: bool,
    /// `login`, or `select_account`: the person signs in, also where somebody is signed in.
    pub login: bool,
    /// `consent`: the person is asked, also for what was allowed before.
    pub consent: bool,
}

impl Prompt {
    /// Reads the values, separated by spaces; the empty text asks for nothing.
    ///
    /// # Errors
    /// `invalid_request`: a value that is not known, or `none` beside another.
    pub fn parse(text: &str) -> Result<Self, ErrorResponse> {
        let mut prompt = Self::default();
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.nothing = true,
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => return Err(ErrorResponse::invalid_request("the values of prompt are none, login, consent and select_account")),
            }
        }
        if prompt.nothing && (prompt.login || prompt.consent) {
            return Err(ErrorResponse::invalid_request("prompt=none stands alone"));
        }
        Ok(prompt)
    }
}
