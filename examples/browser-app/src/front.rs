//! The page, its script, and what both ask this server.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use crate::app::App;
use crate::calls::{Called, call};
use crate::cookies::Kind;
use crate::pages::{not_ours, problem, signed_in, signed_out, with_cookie};
use crate::sign_in::send_away;

/// The page.
pub(crate) async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    app.session(&headers).map_or_else(signed_out, |session| signed_in(&session, None))
}

/// The only script there is.
pub(crate) async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript")], include_str!("page.js")).into_response()
}

/// The orders, for the script. It names what it wants; what is asked of the API, and with what, is this server's affair.
pub(crate) async fn orders(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(session) = app.session(&headers) else { return StatusCode::UNAUTHORIZED.into_response() };
    match call(&app, &session, Method::GET, "/orders").await {
        Called::Answered(answer) if answer.status().is_success() => {
            ([(CONTENT_TYPE, "application/json")], Body::from(answer.into_body())).into_response()
        }
        Called::Answered(answer) => answer.status().into_response(),
        Called::Over => over(&app, &headers, StatusCode::UNAUTHORIZED.into_response()),
        Called::Unproved(_) => StatusCode::FORBIDDEN.into_response(),
        Called::Failed(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Pays out. Where the API wants to be surer who it is, they are sent to prove that, and press the button again: nothing is done behind a back.
pub(crate) async fn pay_out(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(session) = app.posted(&headers, &body) else { return not_ours() };
    match call(&app, &session, Method::POST, "/payouts").await {
        Called::Answered(answer) if answer.status().is_success() => signed_in(&session, Some("Paid out.")),
        Called::Answered(_) => problem(StatusCode::FORBIDDEN, "You may not pay out."),
        Called::Unproved(proof) => send_away(&app, &proof),
        Called::Over => over(&app, &headers, problem(StatusCode::UNAUTHORIZED, "Your sign-in has ended.")),
        Called::Failed(sentence) => problem(StatusCode::BAD_GATEWAY, &sentence),
    }
}

/// What ended at Jeton has ended here.
fn over(app: &App, headers: &HeaderMap, answer: Response) -> Response {
    if let Some(cookie) = app.cookies.get(headers, Kind::Session) {
        app.sessions.end(cookie);
    }
    with_cookie(answer, &app.cookies.set(Kind::Session, "", 0))
}
