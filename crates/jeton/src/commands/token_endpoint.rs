//! The token endpoint (RFC 6749 section 3.2): a form goes there, and a token or a refusal comes back.

use jeton_oauth::form;
use jeton_oauth::token::ReceivedToken;
use jeton_oauth::{ErrorCode, ErrorResponse};

use super::connection::{Connection, Reply};
use super::failure::Failure;
use crate::render::text::shown;

/// Where it lies, below the issuer.
pub(super) const PATH: &str = "/oauth/token";

/// Why there is no token.
pub(super) enum Refused {
    /// The endpoint says so.
    Told(ErrorResponse),
    /// It could not be asked, or answered something else.
    Unasked(Failure),
}

/// Asks at a path.
///
/// # Errors
/// What the endpoint says, or why it could not be asked.
pub(super) fn ask(connection: &Connection, path: &str, parameters: &[(&str, &str)]) -> Result<ReceivedToken, Refused> {
    let reply = post(connection, path, parameters)?;
    ReceivedToken::parse(&reply.body).ok_or_else(|| Refused::Unasked(no_answer()))
}

/// The same at another endpoint that answers errors in this way.
///
/// # Errors
/// As of [`ask`].
pub(super) fn post(connection: &Connection, path: &str, parameters: &[(&str, &str)]) -> Result<Reply, Refused> {
    let reply = connection.ask_form(path, form::encode(parameters.iter().copied())).map_err(Refused::Unasked)?;
    if reply.status.is_success() {
        return Ok(reply);
    }
    Err(ErrorResponse::parse(&reply.body).map_or_else(|| Refused::Unasked(no_answer()), Refused::Told))
}

fn no_answer() -> Failure {
    Failure::could_not("this is no answer of a server that issues tokens", "look at --server, and at what stands before it")
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Failure {
        let error = match refused {
            Refused::Told(error) => error,
            Refused::Unasked(failure) => return failure,
        };
        let sentence = match &error.description {
            Some(description) => format!("{}: {}", error.code, shown(description.as_str())),
            None => error.code.to_string(),
        };
        match error.code {
            ErrorCode::InvalidClient => {
                Failure::sign_in(sentence, "look at the id of the client and at its secret: `jeton client secret list`")
            }
            ErrorCode::InvalidGrant => Failure::sign_in(sentence, "begin again: what was allowed has ended"),
            ErrorCode::TemporarilyUnavailable | ErrorCode::ServerError => {
                Failure::could_not(sentence, "try again; the log of the server says more")
            }
            ErrorCode::AccessDenied | ErrorCode::UnauthorizedClient => {
                Failure::no(sentence, "`jeton client show` says what a client may ask for")
            }
            _ => Failure::usage(sentence, "`jeton client show` says what a client may ask for"),
        }
    }
}
