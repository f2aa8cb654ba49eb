//! Somebody signs out, here and at Jeton (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;

use crate::app::App;
use crate::cookies::Kind;
use crate::pages::{not_ours, see_other, with_cookie};

/// Forgets who was signed in, ends what this application was given, and sends the browser where their session at Jeton ends.
pub(crate) async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(session) = app.posted(&headers, &body) else { return not_ours() };
    if let Some(cookie) = app.cookies.get(&headers, Kind::Session) {
        app.sessions.end(cookie);
    }
    let tokens = session.tokens.lock().await;
    // Where Jeton does not answer now, it ends what was given in a session together with that.
    let _ = app.provider.revoke(tokens.refresh.as_ref().unwrap_or(&tokens.access)).await;
    let to = app.provider.end_session_address(&app.home.endpoint("/"));
    with_cookie(see_other(&to), &app.cookies.set(Kind::Session, "", 0))
}
