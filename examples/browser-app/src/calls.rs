//! Calls to the API for somebody who is signed in.

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{Method, Response, StatusCode};
use jeton_token::Secret;

use crate::app::App;
use crate::edge::now_seconds;
use crate::outgoing::NoAnswer;
use crate::provider::{Proof, Refused};
use crate::sessions::{Session, Tokens};

/// What came of a call.
pub(crate) enum Called {
    /// The API did or refused what was asked.
    Answered(Response<Bytes>),
    /// It asks that they prove once more, or more strongly, who they are (RFC 9470).
    Unproved(Proof),
    /// What they allowed has ended.
    Over,
    /// Somebody does not answer; in words for the page.
    Failed(String),
}

/// Calls the API. A token that is over is refreshed before, and one that is refused once more after: it may have been revoked meanwhile, by itself
/// or with the sign-in that it came of.
pub(crate) async fn call(app: &App, session: &Session, method: Method, path: &str) -> Called {
    match attempt(app, session, method, path).await {
        Ok(called) => called,
        Err(Refused::Ended) => Called::Over,
        Err(Refused::Problem(sentence)) => Called::Failed(sentence),
    }
}

async fn attempt(app: &App, session: &Session, method: Method, path: &str) -> Result<Called, Refused> {
    let token = access_token(app, session, None).await?;
    let answer = send(app, &method, path, &token).await?;
    if answer.status() != StatusCode::UNAUTHORIZED {
        return Ok(Called::Answered(answer));
    }
    if let Some(proof) = asked_proof(&answer) {
        return Ok(Called::Unproved(proof));
    }
    let token = access_token(app, session, Some(&token)).await?;
    let answer = send(app, &method, path, &token).await?;
    Ok(if answer.status() == StatusCode::UNAUTHORIZED { Called::Over } else { Called::Answered(answer) })
}

async fn send(app: &App, method: &Method, path: &str, token: &Secret) -> Result<Response<Bytes>, NoAnswer> {
    app.outgoing.with_token(method.clone(), &app.api.endpoint(path), token).await
}

/// A token to call with: another one where it is over, or is the one that was refused.
async fn access_token(app: &App, session: &Session, refused: Option<&Secret>) -> Result<Secret, Refused> {
    let mut tokens = session.tokens.lock().await;
    if now_seconds() >= tokens.until || refused == Some(&tokens.access) {
        let refresh = tokens.refresh.clone().ok_or(Refused::Ended)?;
        let next = Tokens::of(app.provider.refresh(&refresh).await?);
        // Where no other refresh token comes, the one before goes on.
        *tokens = Tokens { refresh: next.refresh.or(Some(refresh)), ..next };
    }
    Ok(tokens.access.clone())
}

fn asked_proof(answer: &Response<Bytes>) -> Option<Proof> {
    let challenge = answer.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let is_asked = parameter(challenge, "error").as_deref() == Some("insufficient_user_authentication");
    is_asked.then(|| Proof { acr_values: parameter(challenge, "acr_values"), max_age: parameter(challenge, "max_age") })
}

/// A parameter of a challenge. No quoted text of ours has a quote in it.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let (_, members) = challenge.split_once(' ')?;
    let value = members.split(", ").find_map(|member| member.strip_prefix(name)?.strip_prefix("=\""))?;
    value.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_an_api() {
        fn check(challenge: &str, expected: Option<(Option<&str>, Option<&str>)>) {
            let answer = Response::builder().header(WWW_AUTHENTICATE, challenge).body(Bytes::new()).unwrap();
            let expected = expected
                .map(|(acr_values, max_age)| Proof { acr_values: acr_values.map(str::to_owned), max_age: max_age.map(str::to_owned) });
            assert_eq!(asked_proof(&answer), expected, "{challenge}");
        }
        let asks = "Bearer error=\"insufficient_user_authentication\", error_description=\"prove it, once more\"";
        check(asks, Some((None, None)));
        check(&format!("{asks}, acr_values=\"urn:jeton:2fa phr\", max_age=\"300\""), Some((Some("urn:jeton:2fa phr"), Some("300"))));
        check(&format!("{asks}, max_age=\"0\""), Some((None, Some("0"))));
        check("Bearer error=\"invalid_token\", acr_values=\"a\"", None);
        check("Bearer", None);
    }
}
