//! Requests that a client hands in before it sends anybody (RFC 9126).

use serde::Serialize;

use crate::authorization::AuthorizationForm;
pub use crate::authorization::REQUEST_URI_PREFIX;
use crate::error::ErrorResponse;
use crate::form::{self, Form};

/// The authorization request that a client handed in, as a form that names the client and says nothing of how it proved who it is.
///
/// # Errors
/// `invalid_request`: there is a `request_uri` in it (section 2.1), or it names another client.
pub fn request_of(client_id: &str, form: &Form<'_>) -> Result<String, ErrorResponse> {
    if form.get("request_uri").is_some() {
        return Err(ErrorResponse::invalid_request("a request that is handed in has no request_uri: send the parameters themselves"));
    }
    if form.get("client_id").is_some_and(|named| named != client_id) {
        return Err(ErrorResponse::invalid_request("client_id names another client than the one that proved itself"));
    }
    let parameters = form.iter().filter(|(name, _)| *name != "client_id" && AuthorizationForm::knows(name));
    Ok(form::encode([("client_id", client_id)].into_iter().chain(parameters)))
}

/// What a client is answered (section 2.2).
#[derive(Clone, Copy, Serialize)]
pub struct PushedResponse<'p> {
    /// What it sends people with.
    pub request_uri: &'p str,
    /// For how long that is good, in seconds.
    #[serde(rename = "expires_in")]
    pub expires_in_seconds: u64,
}

impl PushedResponse<'_> {
    /// The response's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // A text and a number always print.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        let form = Form::parse_allowing(body.as_bytes(), &["resource"]).unwrap();
        assert_eq!(request_of("c", &form).ok().as_deref(), expected, "{body}");
    }

    #[test]
    fn what_is_handed_in_names_its_client_and_no_proof() {
        check("scope=a&state=b", Some("client_id=c&scope=a&state=b"));
        check("state=b&client_id=c&client_secret=x&client_assertion=y&other=z", Some("client_id=c&state=b"));
        check("resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb", Some("client_id=c&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb"));
        check("client_id=d&scope=a", None);
        check("scope=a&request_uri=urn%3Ax", None);
        check("scope=a&request_uri=", Some("client_id=c&scope=a"));
    }
}
