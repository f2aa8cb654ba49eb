//! Authorization requests and their answers (RFC 6749 section 4.1, OpenID Connect Core 1.0 section 3.1.2, RFC 9207).
//!
//! A request is read in two steps, because an error must know where it belongs. [`AuthorizationForm`] has what says who asks and
//! where the answer goes: what is wrong with that goes to a page, never to an address that nobody registered.
//! [`AuthorizationForm::request`] reads the rest: what is wrong there goes back to the application.

mod answer;
mod prompt;

pub use answer::{AuthorizationAnswer, ResponseMode};
pub use prompt::Prompt;

use std::fmt;

use crate::error::{ErrorCode, ErrorResponse};
use crate::form::{self, Form, FormError};
use crate::pkce::{self, Challenge};
use crate::resource::Resource;
use crate::scope::ScopeSet;
use crate::token;

/// What stands before the secret part of a `request_uri` that this server gave out (RFC 9126 section 2.2).
pub const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The longest request, in bytes.
pub const MAX_REQUEST_LEN: usize = 8 * 1024;
/// The longest `state` and the longest `nonce`, in bytes.
pub const MAX_STATE_LEN: usize = 512;
/// The longest `login_hint`, in bytes.
pub const MAX_HINT_LEN: usize = 256;
/// The most values of `acr_values`, and of `ui_locales`.
pub const MAX_VALUES: usize = 8;

/// The parameters that mean something here; others are passed over (RFC 6749 section 3.1).
const KNOWN: [&str; 18] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "acr_values",
    "login_hint",
    "ui_locales",
    "resource",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
];

/// The parameters of an authorization request, read as far as is needed to know whose it is.
pub struct AuthorizationForm<'b> {
    form: Form<'b>,
}

impl<'b> AuthorizationForm<'b> {
    /// Reads the query of a GET or the body of a POST.
    ///
    /// # Errors
    /// What belongs on a page: the text cannot be read, or does not say whose it is and where the answer shall go.
    pub fn parse(text: &'b [u8]) -> Result<Self, PageError> {
        if text.len() > MAX_REQUEST_LEN {
            return Err(PageError::TooLong);
        }
        let form = Form::parse_with_repeats(text).map_err(|error| match error {
            FormError::TooLong | FormError::TooMany => PageError::TooLong,
            FormError::Repeated { .. } | FormError::BadPercent | FormError::NotUtf8 => PageError::Malformed,
        })?;
        for name in ["client_id", "redirect_uri", "request_uri"] {
            if form.names().filter(|given| *given == name).count() > 1 {
                return Err(PageError::Repeated(name));
            }
        }
        if form.get("client_id").is_none() {
            return Err(PageError::NoClient);
        }
        Ok(Self { form })
    }

    /// The client that asks, as it names itself.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.form.get("client_id").unwrap_or_default()
    }

    /// Whether a parameter of this name means something here.
    #[must_use]
    pub fn knows(name: &str) -> bool {
        KNOWN.contains(&name)
    }

    /// What stands for a request that was handed in before (RFC 9126 section 4).
    #[must_use]
    pub fn pushed(&self) -> Option<&str> {
        self.form.get("request_uri").filter(|uri| uri.starts_with(REQUEST_URI_PREFIX))
    }

    /// Where the answer shall go, if the request says so.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&str> {
        self.form.get("redirect_uri")
    }

    /// What every answer gives back byte for byte; none if it was sent twice.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        let once = self.form.names().filter(|name| *name == "state").count() == 1;
        self.form.get("state").filter(|_| once)
    }

    /// How the answer travels: by query where the request asks for something that is not offered.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.form.get("response_mode").and_then(ResponseMode::parse).unwrap_or_default()
    }

    /// The request again, with what means something here and nothing else. It reads as this one.
    #[must_use]
    pub fn to_text(&self) -> String {
        form::encode(self.form.iter().filter(|(name, _)| KNOWN.contains(name)))
    }

    /// Reads the rest.
    ///
    /// # Errors
    /// What goes back to the application.
    pub fn request(&self) -> Result<AuthorizationRequest<'_>, ErrorResponse> {
        let form = &self.form;
        self.refuse_repeats()?;
        refuse_what_is_not_offered(form)?;
        match form.get("response_type") {
            Some("code") => {}
            None => return Err(ErrorResponse::invalid_request("the parameter response_type is missing: send response_type=code")),
            Some(_) => return Err(ErrorResponse::new(ErrorCode::UnsupportedResponseType, "the only response_type offered is code")),
        }
        if form.get("response_mode").is_some_and(|mode| ResponseMode::parse(mode).is_none()) {
            return Err(ErrorResponse::invalid_request("response_mode must be query or form_post"));
        }
        Ok(AuthorizationRequest {
            client_id: self.client_id(),
            redirect_uri: self.redirect_uri(),
            response_mode: self.response_mode(),
            scope: token::scope(form)?,
            state: bounded(form, "state", MAX_STATE_LEN)?,
            nonce: bounded(form, "nonce", MAX_STATE_LEN)?,
            prompt: Prompt::parse(form.get("prompt").unwrap_or_default())?,
            max_age_seconds: max_age(form)?,
            acr_values: values(form, "acr_values")?,
            login_hint: bounded(form, "login_hint", MAX_HINT_LEN)?,
            ui_locales: values(form, "ui_locales")?,
            resources: token::resources(form)?,
            challenge: challenge(form)?,
        })
    }

    /// Nothing but `resource` may be said twice (RFC 6749 section 3.1, RFC 8707 section 2).
    fn refuse_repeats(&self) -> Result<(), ErrorResponse> {
        let mut earlier: Vec<&str> = Vec::new();
        for name in self.form.names().filter(|name| *name != "resource") {
            if earlier.contains(&name) {
                return Err(FormError::Repeated { name: name.to_owned() }.into());
            }
            earlier.push(name);
        }
        Ok(())
    }
}

impl fmt::Debug for AuthorizationForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.form.fmt(f)
    }
}

/// What an application asks for on behalf of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest<'f> {
    /// The client that asks.
    pub client_id: &'f str,
    /// Where the answer shall go, if the request says so.
    pub redirect_uri: Option<&'f str>,
    /// How the answer travels.
    pub response_mode: ResponseMode,
    /// What is asked for; `None` leaves it to the server.
    pub scope: Option<ScopeSet>,
    /// What every answer gives back byte for byte.
    pub state: Option<&'f str>,
    /// What the ID token gives back (OpenID Connect).
    pub nonce: Option<&'f str>,
    /// What a person must or must not be asked.
    pub prompt: Prompt,
    /// How long ago the person may have signed in at most.
    pub max_age_seconds: Option<u32>,
    /// How strongly the person should sign in, best first.
    pub acr_values: Vec<&'f str>,
    /// Who will probably sign in.
    pub login_hint: Option<&'f str>,
    /// The languages of pages, best first.
    pub ui_locales: Vec<&'f str>,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
    /// The hash of what only the application can tell afterwards.
    pub challenge: Option<Challenge>,
}

fn refuse_what_is_not_offered(form: &Form<'_>) -> Result<(), ErrorResponse> {
    let refused = [
        ("request", ErrorCode::RequestNotSupported, "request objects are not offered: send the parameters themselves"),
        (
            "request_uri",
            ErrorCode::RequestUriNotSupported,
            "only a request_uri that this server gave out is taken: send the parameters themselves, or hand them in first",
        ),
        ("registration", ErrorCode::RegistrationNotSupported, "registration is not offered: clients are registered beforehand"),
    ];
    match refused.into_iter().find(|(name, ..)| form.get(name).is_some()) {
        Some((_, code, why)) => Err(ErrorResponse::new(code, why)),
        None => Ok(()),
    }
}

fn bounded<'f>(form: &'f Form<'_>, name: &'static str, most: usize) -> Result<Option<&'f str>, ErrorResponse> {
    match form.get(name) {
        Some(value) if value.len() > most => Err(ErrorResponse::invalid_request(format!("{name} is longer than {most} bytes"))),
        value => Ok(value),
    }
}

/// Names separated by spaces.
fn values<'f>(form: &'f Form<'_>, name: &'static str) -> Result<Vec<&'f str>, ErrorResponse> {
    let text = bounded(form, name, MAX_STATE_LEN)?.unwrap_or_default();
    let values: Vec<&str> = text.split(' ').filter(|value| !value.is_empty()).collect();
    if values.len() > MAX_VALUES {
        return Err(ErrorResponse::invalid_request(format!("{name} has more than {MAX_VALUES} values")));
    }
    Ok(values)
}

fn max_age(form: &Form<'_>) -> Result<Option<u32>, ErrorResponse> {
    let refused = || ErrorResponse::invalid_request("max_age must be a whole number of seconds");
    let parse = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(refused)
    };
    form.get("max_age").map(parse).transpose()
}

/// The challenge and its method (RFC 7636 section 4.3). Without a method it would be `plain`, which is not offered.
fn challenge(form: &Form<'_>) -> Result<Option<Challenge>, ErrorResponse> {
    match (form.get("code_challenge"), form.get("code_challenge_method")) {
        (None, None) => Ok(None),
        (Some(text), Some(pkce::METHOD)) => {
            Challenge::parse(text).map(Some).map_err(|error| ErrorResponse::invalid_request(error.to_string()))
        }
        (None, Some(_)) => Err(ErrorResponse::invalid_request("code_challenge_method was sent without code_challenge")),
        (Some(_), _) => Err(ErrorResponse::invalid_request("code_challenge_method must be S256")),
    }
}

/// Why a request is answered by a page of this server: nobody knows yet whom the answer could be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// Over [`MAX_REQUEST_LEN`], or too many parameters.
    TooLong,
    /// Not UTF-8 in percent encoding.
    Malformed,
    /// This parameter, which says whom it is about, is there twice.
    Repeated(&'static str),
    /// No `client_id`.
    NoClient,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the request is longer than {MAX_REQUEST_LEN} bytes or has too many parameters"),
            Self::Malformed => f.write_str("the request is not UTF-8 in percent encoding"),
            Self::Repeated(name) => write!(f, "the parameter {name} is repeated"),
            Self::NoClient => f.write_str("the parameter client_id is missing"),
        }
    }
}

impl std::error::Error for PageError {}

#[cfg(test)]
mod tests;
