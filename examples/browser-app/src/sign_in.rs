//! Somebody is sent to Jeton, and comes back (OpenID Connect Core 1.0 section 3.1).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jeton_oauth::Form;
use jeton_token::Secret;

use crate::app::App;
use crate::cookies::Kind;
use crate::pages::{problem, see_other, with_cookie};
use crate::provider::{Proof, Refused, TRIP_SECONDS, Trip};
use crate::sessions::{IDLE_SECONDS, Tokens};

/// Sends a browser away.
pub(crate) async fn begin(State(app): State<Arc<App>>) -> Response {
    send_away(&app, &Proof::default())
}

/// Sends a browser away, to prove as much as is asked. What only this browser can bring back goes along in a sealed cookie.
pub(crate) fn send_away(app: &App, proof: &Proof) -> Response {
    let trip = Trip::begin();
    match (app.provider.authorization_address(&trip, proof), app.cookies.seal(&trip.to_text())) {
        (Some(to), Some(sealed)) => with_cookie(see_other(&to), &app.cookies.set(Kind::Trip, &sealed, TRIP_SECONDS)),
        _ => problem(StatusCode::INTERNAL_SERVER_ERROR, "Nobody can sign in at the moment."),
    }
}

/// A browser comes back. Its answer counts where this browser was sent away, with that `state`, to that issuer (RFC 9207); and once.
pub(crate) async fn come_back(State(app): State<Arc<App>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let answer = match finish(&app, &headers, &query.unwrap_or_default()).await {
        Ok(cookie) => with_cookie(see_other("/"), &app.cookies.set(Kind::Session, cookie.expose(), IDLE_SECONDS)),
        Err((status, sentence)) => problem(status, &sentence),
    };
    with_cookie(answer, &app.cookies.set(Kind::Trip, "", 0))
}

async fn finish(app: &App, headers: &HeaderMap, query: &str) -> Result<Secret, (StatusCode, String)> {
    let again = || (StatusCode::BAD_REQUEST, "That was not begun here, or too long ago. Sign in once more.".to_owned());
    let trip = app.cookies.get(headers, Kind::Trip).and_then(|sealed| Trip::from_text(&app.cookies.open(sealed)?)).ok_or_else(again)?;
    let answer = Form::parse(query.as_bytes()).map_err(|_| again())?;
    let is_ours = answer.get("state").map(Secret::from).is_some_and(|state| state == trip.state);
    if !is_ours || answer.get("iss") != Some(app.provider.issuer.as_str()) {
        return Err(again());
    }
    match answer.get("error") {
        None => {}
        Some("unmet_authentication_requirements") => {
            let place = app.provider.issuer.endpoint("/account/second-factor");
            return Err((StatusCode::FORBIDDEN, format!("That needs a second factor. Set one at {place}, then try again.")));
        }
        Some(_) => return Err((StatusCode::FORBIDDEN, "You were not signed in.".to_owned())),
    }
    let code = answer.get("code").ok_or_else(again)?;
    let failed = |refused| match refused {
        Refused::Ended => again(),
        Refused::Problem(sentence) => (StatusCode::BAD_GATEWAY, sentence),
    };
    let given = app.provider.exchange(code, &trip).await.map_err(failed)?;
    let name = app.provider.name(&given, &trip).await.map_err(failed)?;
    // Another cookie for who is signed in now: whoever knew the one before knows nothing of this one.
    if let Some(before) = app.cookies.get(headers, Kind::Session).and_then(|cookie| app.sessions.end(cookie)) {
        let tokens = before.tokens.lock().await;
        let _ = app.provider.revoke(tokens.refresh.as_ref().unwrap_or(&tokens.access)).await;
    }
    Ok(app.sessions.begin(name, Tokens::of(given)))
}
