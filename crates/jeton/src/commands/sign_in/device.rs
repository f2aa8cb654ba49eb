//! Signing in by a browser elsewhere (RFC 8628): a code is shown here, and somebody types it there.

use std::thread;
use std::time::Duration;

use jeton_oauth::token::{GrantType, ReceivedToken};
use jeton_oauth::{ErrorCode, Issuer};
use jeton_token::Secret;
use serde::Deserialize;

use super::Asked;
use super::discovery::Endpoints;
use crate::clock::Clock;
use crate::commands::aside::aside;
use crate::commands::connection::Connection;
use crate::commands::failure::Failure;
use crate::commands::token_endpoint::{self, Refused};
use crate::render::text::shown;

/// How long it is waited between two questions where the server does not say, and how much longer where it says so, in seconds (section 3.5).
const INTERVAL_SECONDS: u64 = 5;

/// The longest time between two questions, in seconds.
const INTERVAL_SECONDS_MAX: u64 = 60;

#[derive(Deserialize)]
struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: i64,
    interval: Option<u64>,
}

/// Lets somebody sign in, and comes back with their tokens.
///
/// # Errors
/// When they do not, or say no.
pub(crate) fn sign_in(server: &Issuer, endpoints: &Endpoints, connection: &Connection, asked: &Asked) -> Result<ReceivedToken, Failure> {
    let none = || Failure::could_not(format!("{server} lets no device sign in"), "leave --device out, where there is a browser");
    let path = endpoints.device_authorization.as_deref().ok_or_else(none)?;
    let reply = token_endpoint::post(connection, path, &asked.parameters())?;
    let begun: Begun = serde_json::from_slice(&reply.body).map_err(|_| none())?;
    aside(&format!(
        "Open {} in any browser, sign in, and type this code:\n\n    {}\n",
        shown(&begun.verification_uri),
        shown(&begun.user_code)
    ));
    if let Some(complete) = &begun.verification_uri_complete {
        aside(&format!("With the code in it: {}", shown(complete)));
    }
    let code = Secret::new(begun.device_code);
    let clock = Clock::start();
    let until = clock.now().seconds().saturating_add(begun.expires_in);
    let mut interval = begun.interval.unwrap_or(INTERVAL_SECONDS).clamp(1, INTERVAL_SECONDS_MAX);
    let grant = [("grant_type", GrantType::DeviceCode.as_str()), ("device_code", code.expose())];
    loop {
        thread::park_timeout(Duration::from_secs(interval));
        match token_endpoint::ask(connection, &endpoints.token, &asked.at_token_endpoint(&grant)) {
            Ok(token) => return Ok(token),
            Err(Refused::Told(error)) if error.code == ErrorCode::AuthorizationPending => {}
            Err(Refused::Told(error)) if error.code == ErrorCode::SlowDown => interval += INTERVAL_SECONDS,
            Err(Refused::Told(error)) if error.code == ErrorCode::ExpiredToken => return Err(nobody()),
            // It may be back before the code ends.
            Err(Refused::Unasked(_)) if clock.now().seconds() < until => interval = (interval * 2).min(INTERVAL_SECONDS_MAX),
            Err(refused) => return Err(refused.into()),
        }
        if clock.now().seconds() > until {
            return Err(nobody());
        }
    }
}

fn nobody() -> Failure {
    Failure::sign_in("nobody signed in while the code was good", "try again")
}
