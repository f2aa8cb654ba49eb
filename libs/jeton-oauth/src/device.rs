//! Device authorization (RFC 8628): a device without a browser asks, and somebody says yes on another one.

use std::fmt;

use jeton_token::Secret;
use serde::Serialize;

use crate::error::ErrorResponse;
use crate::form::Form;
use crate::resource::Resource;
use crate::scope::ScopeSet;
use crate::token::{resources, scope};

/// What a device asks for (section 3.1), without the client's authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAuthorizationRequest {
    /// What it asks for; `None` leaves it to the server.
    pub scope: Option<ScopeSet>,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
}

impl DeviceAuthorizationRequest {
    /// Reads the request's own parameters.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_target`.
    pub fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        Ok(Self { scope: scope(form)?, resources: resources(form)? })
    }
}

/// What somebody types who reads it off a device (section 6.1): eight letters without vowels, so that they are no word, in any case, with or
/// without what stands between them.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode([u8; UserCode::LETTERS]);

impl UserCode {
    /// How many letters it has.
    pub const LETTERS: usize = 8;
    /// Of which letters it is made.
    pub const ALPHABET: &'static [u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

    /// The code of these letters, each by its place in the alphabet; `None`: one lies outside.
    #[must_use]
    pub fn of_places(places: [usize; Self::LETTERS]) -> Option<Self> {
        let mut letters = [0; Self::LETTERS];
        for (letter, place) in letters.iter_mut().zip(places) {
            *letter = *Self::ALPHABET.get(place)?;
        }
        Some(Self(letters))
    }

    /// What somebody typed; `None`: it can be no code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = [0; Self::LETTERS];
        let mut typed = text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')).map(|byte| byte.to_ascii_uppercase());
        for letter in &mut letters {
            *letter = typed.next().filter(|byte| Self::ALPHABET.contains(byte))?;
        }
        typed.next().is_none().then_some(Self(letters))
    }

    /// The code as it is shown and kept: `XXXX-XXXX`.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let (first, last) = self.0.split_at(Self::LETTERS / 2);
        let letters = |half: &[u8]| half.iter().map(|letter| char::from(*letter)).collect::<String>();
        Secret::from(format!("{}-{}", letters(first), letters(last)))
    }
}

/// Whoever reads it could say yes in its place.
impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

/// What a device is answered (section 3.2), to be printed.
#[derive(Clone, Copy, Serialize)]
pub struct DeviceAuthorizationResponse<'d> {
    /// What the device asks with.
    pub device_code: &'d str,
    /// What somebody types.
    pub user_code: &'d str,
    /// Where.
    pub verification_uri: &'d str,
    /// The same with the code in it.
    pub verification_uri_complete: &'d str,
    /// For how long both codes are good, in seconds.
    #[serde(rename = "expires_in")]
    pub expires_in_seconds: u64,
    /// How long the device waits between two questions, in seconds.
    #[serde(rename = "interval")]
    pub interval_seconds: u64,
}

impl DeviceAuthorizationResponse<'_> {
    /// The response's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and numbers always print.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_typed_in_many_ways() {
        #[track_caller]
        fn check(typed: &str, expected: Option<&str>) {
            assert_eq!(UserCode::parse(typed).as_ref().map(|code| code.to_text().expose().to_owned()).as_deref(), expected, "{typed}");
        }
        for typed in ["WDJB-MJHT", "wdjb-mjht", "WDJBMJHT", "wdjbmjht", " WDJB MJHT ", "Wd-Jb-Mj-Ht"] {
            check(typed, Some("WDJB-MJHT"));
        }
        for typed in ["", "-", "WDJB-MJH", "WDJB-MJHTT", "WDJA-MJHT", "WDJB_MJHT", "WDJ1-MJHT", "ＷDJB-MJHT", "WDJB-MJHT\n"] {
            check(typed, None);
        }
    }

    #[test]
    fn a_code_has_letters_of_the_alphabet_and_is_not_printed_by_chance() {
        let code = UserCode::of_places([0, 1, 2, 3, 16, 17, 18, 19]).unwrap();
        assert_eq!(code.to_text().expose(), "BCDF-VWXZ");
        assert_eq!(format!("{code:?}"), "UserCode(…)");
        assert_eq!(UserCode::of_places([0, 1, 2, 3, 4, 5, 6, 20]), None);
    }

    #[test]
    fn a_request_names_scopes_and_resources() {
        let form = Form::parse_allowing(b"client_id=tv&scope=b+a&resource=urn:x&resource=urn:x", crate::token::REPEATABLE).unwrap();
        let request = DeviceAuthorizationRequest::parse(&form).unwrap();
        assert_eq!(request.scope.as_ref().map(ScopeSet::as_str), Some("a b"));
        assert_eq!(request.resources.len(), 1);
    }

    #[test]
    fn a_device_is_answered() {
        let response = DeviceAuthorizationResponse {
            device_code: "d",
            user_code: "BCDF-VWXZ",
            verification_uri: "https://a/device",
            verification_uri_complete: "https://a/device?user_code=BCDF-VWXZ",
            expires_in_seconds: 600,
            interval_seconds: 5,
        };
        let expected = r#"{"device_code":"d","user_code":"BCDF-VWXZ","verification_uri":"https://a/device","verification_uri_complete":"https://a/device?user_code=BCDF-VWXZ","expires_in":600,"interval":5}"#;
        assert_eq!(String::from_utf8(response.to_json()).unwrap(), expected);
    }
}
