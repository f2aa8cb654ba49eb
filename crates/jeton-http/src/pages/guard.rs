//! The one door for every form that a page posts: it comes from a page of this server, of the same flow or session, and not from long ago.
//! Whoever handles such a form gets it here or not at all.

use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, StatusCode};
use jeton_oauth::Form;
use jeton_service::Service;

use super::problem::Problem;
use crate::extract::{BodyError, ContentType, content_type, read_body};

/// The most bytes of a form of a page.
const FORM_BYTES: u64 = 16 * 1024;
/// A form is good for the hour in which its page was made, and the next.
const HOUR_SECONDS: i64 = 3_600;

/// Where a form is sent: part of what its page is bound to, so that the form of one place opens no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    SignIn,
    Consent,
    Device,
    SignOut,
    /// Where somebody signs out of an application.
    Logout,
    /// The second page of signing in.
    SecondStep,
    /// Where somebody sets or removes their second factor.
    SecondFactor,
    Sessions,
    Applications,
    Tokens,
    Link,
    /// Where somebody asks for another password.
    Forgot,
    /// Where somebody asks for a letter, to confirm their address.
    Address,
    /// Where somebody disconnects a provider.
    Providers,
    /// Where somebody chooses another password.
    Password,
    /// Where somebody shows a passkey.
    Passkey,
    /// Where somebody adds or removes one.
    Passkeys,
}

impl Door {
    const fn name(self) -> &'static [u8] {
        match self {
            Door::SignIn => b"sign_in",
            Door::Consent => b"consent",
            Door::Device => b"device",
            Door::SignOut => b"sign_out",
            Door::Logout => b"logout",
            Door::SecondStep => b"second_step",
            Door::SecondFactor => b"second_factor",
            Door::Sessions => b"sessions",
            Door::Applications => b"applications",
            Door::Tokens => b"tokens",
            Door::Link => b"link",
            Door::Forgot => b"forgot",
            Door::Address => b"address",
            Door::Providers => b"providers",
            Door::Password => b"password",
            Door::Passkey => b"passkey",
            Door::Passkeys => b"passkeys",
        }
    }
}

/// What a page writes into its form: that it was made here, for whom this is, and when.
pub(super) fn token(service: &Service, door: Door, whose: &[u8], now: i64) -> String {
    URL_SAFE_NO_PAD.encode(service.page_tag(&parts(door, whose, &hour(now).to_be_bytes())))
}

/// A form on its way in: read, and from nowhere else, but not yet from the page that it should be from.
pub(super) struct Posted {
    body: Bytes,
}

impl Posted {
    /// Reads a form that a browser sends.
    ///
    /// # Errors
    /// It comes from another site, is no form, or does not arrive.
    pub(super) async fn read(service: &Service, request: Request) -> Result<Posted, Problem> {
        let (parts, body) = request.into_parts();
        if !comes_from_here(&parts.headers, service.issuer().origin()) || content_type(&parts.headers) != ContentType::Form {
            return Err(Problem::Form);
        }
        let body = read_body(body, FORM_BYTES).await.map_err(|error| match error {
            BodyError::TooLarge => Problem::TooLong(StatusCode::PAYLOAD_TOO_LARGE),
            BodyError::TooSlow | BodyError::Broken => Problem::Form,
        })?;
        Ok(Posted { body })
    }

    /// The form, if its page was made here, for this door and for whom it is sent.
    ///
    /// # Errors
    /// It was not, or too long ago.
    pub(super) fn open(&self, service: &Service, door: Door, whose: &[u8], now: i64) -> Result<Form<'_>, Problem> {
        let form = Form::parse(&self.body).map_err(|_| Problem::Form)?;
        let given = form.get("form").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).and_then(|tag| tag.try_into().ok());
        let tag: [u8; 16] = given.ok_or(Problem::Form)?;
        let is_of = |hour: i64| service.is_page_tag(&parts(door, whose, &hour.to_be_bytes()), &tag);
        if is_of(hour(now)) || is_of(hour(now) - 1) { Ok(form) } else { Err(Problem::Form) }
    }
}

fn hour(now: i64) -> i64 {
    now.div_euclid(HOUR_SECONDS)
}

fn parts<'p>(door: Door, whose: &'p [u8], hour: &'p [u8; 8]) -> [&'p [u8]; 4] {
    [b"form", door.name(), whose, hour]
}

/// Whether a browser says that the form was sent by a page of this server. One that says nothing of it is not refused for that: the form's own
/// token holds.
fn comes_from_here(headers: &HeaderMap, origin: &str) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let from_here = origins.all(|given| given.as_bytes() == origin.as_bytes());
    let sites = headers.get_all(HeaderName::from_static("sec-fetch-site")).iter();
    from_here && sites.into_iter().all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_known() {
        fn check(given: &[(&'static str, &'static str)], expected: bool) {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(comes_from_here(&headers, "https://id.example"), expected, "{given:?}");
        }
        check(&[], true);
        check(&[("origin", "https://id.example")], true);
        check(&[("origin", "https://id.example"), ("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("origin", "null")], false);
        check(&[("origin", "http://id.example")], false);
        check(&[("origin", "https://id.example:8443")], false);
        check(&[("origin", "https://id.example.evil.example")], false);
        check(&[("origin", "https://ID.example")], false);
        check(&[("origin", "https://id.example"), ("origin", "https://evil.example")], false);
        check(&[("origin", "https://id.example"), ("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("origin", "")], false);
    }
}
