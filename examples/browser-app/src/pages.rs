//! What a browser is shown, and the headers of all of it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, StatusCode};

use crate::app::App;
use crate::sessions::Session;

/// The page of somebody who is signed in.
pub(crate) fn signed_in(session: &Session, news: Option<&str>) -> Response {
    let (name, form, news) = (escaped(&session.name), session.form.expose(), escaped(news.unwrap_or_default()));
    let button = |action: &str, text: &str| {
        format!(r#"<form method="post" action="{action}"><input type="hidden" name="form" value="{form}"><button>{text}</button></form>"#)
    };
    let (pay_out, sign_out) = (button("/payouts", "Pay out"), button("/sign-out", "Sign out"));
    let body = format!(
        "<h1>Orders</h1>\n<p>Signed in as {name}.</p>\n<p role=\"status\">{news}</p>\n<ul id=\"orders\"></ul>\n{pay_out}\n{sign_out}\n\
         <script type=\"module\" src=\"/page.js\"></script>"
    );
    html(StatusCode::OK, &body)
}

/// The page of somebody who is not.
pub(crate) fn signed_out() -> Response {
    html(StatusCode::OK, "<h1>Orders</h1>\n<p><a href=\"/sign-in\">Sign in</a></p>")
}

/// What went wrong, and the way on.
pub(crate) fn problem(status: StatusCode, sentence: &str) -> Response {
    let sentence = escaped(sentence);
    html(status, &format!("<h1>Orders</h1>\n<p role=\"alert\">{sentence}</p>\n<p><a href=\"/\">Go on</a></p>"))
}

/// A form came that no page of ours sent, or one of somebody who is not signed in any more.
pub(crate) fn not_ours() -> Response {
    problem(StatusCode::FORBIDDEN, "That form is not of a page of ours that is still good.")
}

/// Elsewhere, by GET whatever the request was.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

pub(crate) fn with_cookie(mut response: Response, line: &str) -> Response {
    if let Ok(line) = HeaderValue::from_str(line) {
        response.headers_mut().append(SET_COOKIE, line);
    }
    response
}

/// The headers of every answer: only scripts of ours run, they ask this server alone, and nobody frames, caches or sniffs any of it. Forms lead
/// here and, by a redirect, to Jeton.
pub(crate) async fn guarded(State(app): State<Arc<App>>, mut response: Response) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        app.provider.issuer.origin()
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    let fixed: [(HeaderName, &str); 4] =
        [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (X_FRAME_OPTIONS, "DENY"), (REFERRER_POLICY, "same-origin")];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn html(status: StatusCode, body: &str) -> Response {
    let page =
        format!("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Orders</title>\n<main>\n{body}\n</main>\n</html>\n");
    (status, Html(page)).into_response()
}

fn escaped(text: &str) -> String {
    let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    pairs.iter().fold(text.to_owned(), |text, (letter, entity)| text.replace(letter, entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_text() {
        assert_eq!(escaped("<b>\"Ada\" & 'co'</b>"), "&lt;b&gt;&quot;Ada&quot; &amp; &#39;co&#39;&lt;/b&gt;");
    }
}
