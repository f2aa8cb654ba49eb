//! How a client proves itself at the token, introspection and revocation endpoints (RFC 6749 section 2.3, RFC 7523).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_token::Secret;
use zeroize::Zeroizing;

use crate::error::{Description, ErrorResponse};
use crate::form::{self, Form};

/// The only `client_assertion_type` there is (RFC 7523 section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest `client_id`, in characters.
pub const MAX_CLIENT_ID_LEN: usize = 256;

const MAX_HEADER_LEN: usize = 8 * 1024;

/// What a client presented; whether it is right is another question.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: name and secret in the `Authorization` header.
    Basic {
        /// Who it says it is.
        client_id: String,
        /// What it proves it with.
        client_secret: Secret,
    },
    /// `client_secret_post`: name and secret in the body.
    Post {
        /// Who it says it is.
        client_id: String,
        /// What it proves it with.
        client_secret: Secret,
    },
    /// `private_key_jwt`: a JWT signed by the client.
    PrivateKeyJwt {
        /// Who it says it is, if the body says so; the assertion's `sub` must be the same.
        client_id: Option<String>,
        /// The JWT in compact form.
        assertion: Secret,
    },
    /// `none`: a public client says its name.
    None {
        /// Who it says it is.
        client_id: String,
    },
}

impl ClientAuthentication {
    /// Reads the values of all `Authorization` headers and the body.
    ///
    /// # Errors
    /// `invalid_request`: more than one method, or a malformed one. `invalid_client`: none at all, or one that is not offered.
    pub fn parse<'h>(authorization: impl IntoIterator<Item = &'h [u8]>, form: &Form<'_>) -> Result<Self, AuthenticationError> {
        let mut headers = authorization.into_iter();
        match (headers.next(), headers.next()) {
            (None, _) => from_body(form).map_err(|response| AuthenticationError { response, basic: false }),
            (Some(header), None) => from_header(header, form).map_err(|response| AuthenticationError { response, basic: true }),
            (Some(_), Some(_)) => Err(AuthenticationError { response: two_methods(), basic: true }),
        }
    }

    /// Who the client says it is.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Basic { client_id, .. } | Self::Post { client_id, .. } | Self::None { client_id } => Some(client_id),
            Self::PrivateKeyJwt { client_id, .. } => client_id.as_deref(),
        }
    }

    /// The method's name, as in `token_endpoint_auth_methods_supported`.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "client_secret_basic",
            Self::Post { .. } => "client_secret_post",
            Self::PrivateKeyJwt { .. } => "private_key_jwt",
            Self::None { .. } => "none",
        }
    }
}

/// The value of `Authorization` for a client's name and secret (RFC 6749 section 2.3.1).
#[must_use]
pub fn basic_authorization(client_id: &str, client_secret: &Secret) -> Secret {
    let secret = Zeroizing::new(form::encode_value(client_secret.expose()));
    let pair = Zeroizing::new(format!("{}:{}", form::encode_value(client_id), *secret));
    Secret::new(format!("Basic {}", *Zeroizing::new(STANDARD.encode(pair.as_bytes()))))
}

/// The value of `WWW-Authenticate` that goes with `invalid_client` when the client used the header (RFC 6749 section 5.2).
#[must_use]
pub fn basic_challenge(realm: &Description) -> String {
    format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")
}

fn from_header(header: &[u8], form: &Form<'_>) -> Result<ClientAuthentication, ErrorResponse> {
    if header.len() > MAX_HEADER_LEN {
        return Err(malformed());
    }
    let (scheme, credentials) = header.iter().position(|byte| *byte == b' ').map_or((header, &[][..]), |end| header.split_at(end));
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(ErrorResponse::invalid_client("of the schemes of the Authorization header only Basic is offered here"));
    }
    if ["client_secret", "client_assertion", "client_assertion_type"].iter().any(|name| form.get(name).is_some()) {
        return Err(two_methods());
    }
    let pair = Zeroizing::new(STANDARD.decode(credentials.trim_ascii()).map_err(|_| malformed())?);
    let (name, secret) = std::str::from_utf8(&pair).ok().and_then(|pair| pair.split_once(':')).ok_or_else(malformed)?;
    let client_id = checked_id(&form::decode(name).map_err(|_| malformed())?)?;
    let client_secret = Secret::from(form::decode(secret).map_err(|_| malformed())?.into_owned());
    if form.get("client_id").is_some_and(|in_body| in_body != client_id) {
        return Err(ErrorResponse::invalid_request("the client_id in the body is not the one in the Authorization header"));
    }
    Ok(ClientAuthentication::Basic { client_id, client_secret })
}

fn from_body(form: &Form<'_>) -> Result<ClientAuthentication, ErrorResponse> {
    let client_id = form.get("client_id").map(checked_id).transpose()?;
    match (form.get("client_secret"), form.get("client_assertion"), form.get("client_assertion_type")) {
        (None, None, None) => client_id.map(|client_id| ClientAuthentication::None { client_id }).ok_or_else(|| {
            ErrorResponse::invalid_client(
                "the client did not authenticate: send its id and secret as Basic or as client_id and client_secret, or a client_assertion",
            )
        }),
        (Some(secret), None, None) => {
            let client_id = client_id.ok_or_else(|| ErrorResponse::invalid_request("client_secret was sent without client_id"))?;
            Ok(ClientAuthentication::Post { client_id, client_secret: secret.into() })
        }
        (None, Some(assertion), Some(JWT_BEARER)) => Ok(ClientAuthentication::PrivateKeyJwt { client_id, assertion: assertion.into() }),
        (None, Some(_), Some(_)) => Err(ErrorResponse::invalid_client("the only client_assertion_type offered is jwt-bearer (RFC 7523)")),
        (None, None, Some(_)) => Err(ErrorResponse::invalid_request("the parameter client_assertion is missing")),
        (None, Some(_), None) => Err(ErrorResponse::invalid_request("the parameter client_assertion_type is missing")),
        (Some(_), ..) => Err(two_methods()),
    }
}

/// A name of printable ASCII (RFC 6749 appendix A.1); no client has another.
fn checked_id(text: &str) -> Result<String, ErrorResponse> {
    let fine = !text.is_empty() && text.len() <= MAX_CLIENT_ID_LEN && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    if fine { Ok(text.to_owned()) } else { Err(ErrorResponse::invalid_client("no client has this client_id")) }
}

fn malformed() -> ErrorResponse {
    ErrorResponse::invalid_request("the Authorization header is not Basic with base64 of form-encoded client_id:client_secret")
}

fn two_methods() -> ErrorResponse {
    ErrorResponse::invalid_request("the client authenticated in more than one way: use exactly one")
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAuthentication").field("method", &self.method()).field("client_id", &self.client_id()).finish_non_exhaustive()
    }
}

/// Why a client's authentication could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationError {
    /// What to answer.
    pub response: ErrorResponse,
    /// The client used the `Authorization` header: `invalid_client` then comes with [`basic_challenge`].
    pub basic: bool,
}

impl fmt::Display for AuthenticationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.response.fmt(f)
    }
}

impl std::error::Error for AuthenticationError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    const ASSERTION: &str = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";

    fn parse(headers: &[&str], body: &str) -> Result<ClientAuthentication, AuthenticationError> {
        ClientAuthentication::parse(headers.iter().map(|header| header.as_bytes()), &Form::parse(body.as_bytes()).unwrap())
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn header() {
        fn check(header: &str, body: &str, id: &str, secret: &str) {
            let expected = ClientAuthentication::Basic { client_id: id.into(), client_secret: secret.into() };
            assert_eq!(parse(&[header], body), Ok(expected), "{header} {body}");
        }
        check(&basic("c:s"), "", "c", "s");
        check(&basic("c:s").replace("Basic", "bAsIc"), "", "c", "s");
        check(&basic("c:s").replace("Basic ", "Basic   "), "", "c", "s");
        check(&basic("c:s"), "client_id=c", "c", "s");
        check(&basic("c:s:t"), "", "c", "s:t");
        check(&basic("c%3A1:p%20q+r%C3%A9"), "", "c:1", "p q ré");
        check(&basic("c:"), "", "c", "");
        check(basic_authorization("c:1", &"ü %+:".into()).expose(), "", "c:1", "ü %+:");
    }

    #[test]
    fn body() {
        assert_eq!(
            parse(&[], "client_id=c&client_secret=s%20t"),
            Ok(ClientAuthentication::Post { client_id: "c".into(), client_secret: "s t".into() })
        );
        assert_eq!(parse(&[], "client_id=c"), Ok(ClientAuthentication::None { client_id: "c".into() }));
        assert_eq!(parse(&[], "client_id=c&client_secret="), Ok(ClientAuthentication::None { client_id: "c".into() }));
        assert_eq!(parse(&[], ASSERTION), Ok(ClientAuthentication::PrivateKeyJwt { client_id: None, assertion: "a.b.c".into() }));
        let named = parse(&[], &format!("{ASSERTION}&client_id=c")).unwrap();
        assert_eq!((named.client_id(), named.method()), (Some("c"), "private_key_jwt"));
    }

    #[test]
    fn refusals() {
        fn check(headers: &[&str], body: &str, code: ErrorCode, basic: bool) {
            let error = parse(headers, body).unwrap_err();
            assert_eq!((error.response.code, error.basic), (code, basic), "{headers:?} {body}: {error}");
        }
        use ErrorCode::{InvalidClient, InvalidRequest};
        let good = basic("c:s");
        check(&[], "", InvalidClient, false);
        check(&[], "client_id=", InvalidClient, false);
        check(&[], "client_id=a%00b", InvalidClient, false);
        check(&[], "client_id=%C3%A9", InvalidClient, false);
        check(&[], &format!("client_id={}", "c".repeat(257)), InvalidClient, false);
        check(&[], "client_secret=s", InvalidRequest, false);
        check(&[], "client_assertion=a.b.c", InvalidRequest, false);
        check(&[], "client_id=c&client_assertion_type=x", InvalidRequest, false);
        check(&[], "client_assertion=a&client_assertion_type=x", InvalidClient, false);
        check(&[], &format!("{ASSERTION}&client_id=c&client_secret=s"), InvalidRequest, false);
        check(&[], "client_id=c&client_secret=s&client_assertion=a", InvalidRequest, false);
        check(&[&good, &good], "", InvalidRequest, true);
        check(&[&good], "client_secret=s", InvalidRequest, true);
        check(&[&good], "client_id=c&client_secret=s", InvalidRequest, true);
        check(&[&good], ASSERTION, InvalidRequest, true);
        check(&[&good], "client_id=other", InvalidRequest, true);
        check(&["Bearer abc"], "", InvalidClient, true);
        check(&[""], "", InvalidClient, true);
        check(&["Basic"], "", InvalidRequest, true);
        check(&["Basic "], "", InvalidRequest, true);
        check(&["Basic ???"], "", InvalidRequest, true);
        check(&["Basic Yzpz="], "", InvalidRequest, true);
        check(&["Basic YzpzZA"], "", InvalidRequest, true);
        check(&[&basic("no colon")], "", InvalidRequest, true);
        check(&[&basic("c:%")], "", InvalidRequest, true);
        check(&[&basic("%ff:s")], "", InvalidRequest, true);
        check(&[&format!("Basic {}", STANDARD.encode(b"c:\xff"))], "", InvalidRequest, true);
        check(&[&basic(":s")], "", InvalidClient, true);
        check(&[&basic("c%0a:s")], "", InvalidClient, true);
        check(&[&basic(&format!("c:{}", "s".repeat(9_000)))], "", InvalidRequest, true);
    }

    #[test]
    fn debug_shows_no_secret() {
        for authentication in [
            parse(&[&basic("c:hunter2")], ""),
            parse(&[], "client_id=c&client_secret=hunter2"),
            parse(&[], &ASSERTION.replace("a.b.c", "hunter2")),
        ] {
            assert!(!format!("{:?}", authentication.unwrap()).contains("hunter2"));
        }
        assert_eq!(basic_challenge(&Description::new("a \"b\"")), "Basic realm=\"a 'b'\", charset=\"UTF-8\"");
    }
}
