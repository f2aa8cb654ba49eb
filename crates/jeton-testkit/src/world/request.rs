//! Requests to a world's router.

use axum::body::Body;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use jeton_http::metrics;
use jeton_oauth::form;
use tower::ServiceExt as _;

use super::World;
use super::answer::Answer;
use super::registered::Registered;

/// The OAuth endpoints, whose answers are as the document says.
const OAUTH: [&str; 5] = ["/oauth/token", "/oauth/par", "/oauth/device_authorization", "/oauth/introspect", "/oauth/revoke"];

impl World {
    /// Sends a request; the body is read to its end.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body comes whole").to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The page of metrics.
    pub async fn metrics(&self) -> String {
        let router = metrics::routes(self.service.clone(), self.observer.clone());
        let request = Request::get("/metrics").body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        assert_eq!(kind, Some("text/plain; version=0.0.4; charset=utf-8"));
        let body = response.into_body().collect().await.expect("the body comes whole").to_bytes();
        String::from_utf8(body.to_vec()).expect("text")
    }

    /// Sends a request whose answer may be a stream: a success is answered without its body.
    pub async fn send_for_head(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = if parts.status.is_success() { Bytes::new() } else { body.collect().await.expect("the body comes whole").to_bytes() };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        let answer = self.send(Request::get(path).body(Body::empty()).expect("a request")).await;
        if path.starts_with("/.well-known/") && answer.status == 200 {
            answer.conforms(&Method::GET, of_root_issuer(path), None);
        }
        answer
    }

    /// Posts a form, with an Authorization header where one is given.
    pub async fn post(&self, path: &str, authorization: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let answer = self.send(request.body(body.into()).expect("a request")).await;
        if OAUTH.contains(&path) {
            answer.conforms(&Method::POST, path, None);
        }
        answer
    }

    /// Posts parameters as a client that authenticates with Basic.
    pub async fn post_as(&self, client: &Registered, path: &str, parameters: &[(&str, &str)]) -> Answer {
        self.post(path, Some(&client.basic()), form::encode(parameters.iter().copied())).await
    }

    /// Asks for a token: client credentials, and more parameters.
    pub async fn ask(&self, client: &Registered, more: &[(&str, &str)]) -> Answer {
        let parameters: Vec<_> = [("grant_type", "client_credentials")].into_iter().chain(more.iter().copied()).collect();
        self.post_as(client, "/oauth/token", &parameters).await
    }

    /// A token for the client's only API.
    pub async fn token(&self, client: &Registered) -> String {
        self.token_with(client, &[]).await
    }

    /// A token, asked for with more parameters.
    pub async fn token_with(&self, client: &Registered, more: &[(&str, &str)]) -> String {
        let answer = self.ask(client, more).await;
        answer.member("access_token").as_str().unwrap_or_else(|| panic!("no token: {}", answer.shown())).to_owned()
    }

    /// Introspects a token.
    pub async fn introspect(&self, caller: &Registered, token: &str) -> Answer {
        self.post_as(caller, "/oauth/introspect", &[("token", token)]).await
    }

    /// Whether a token is active. One that is not is answered with `{"active":false}` and nothing else (RFC 7662 section 2.2).
    pub async fn is_active(&self, caller: &Registered, token: &str) -> bool {
        let answer = self.introspect(caller, token).await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        let is_active = answer.member("active") == true;
        assert!(is_active || answer.text() == r#"{"active":false}"#, "{}", answer.shown());
        is_active
    }

    /// Revokes a token as its client.
    pub async fn revoke(&self, client: &Registered, token: &str) -> Answer {
        self.post_as(client, "/oauth/revoke", &[("token", token)]).await
    }
}

/// The path of metadata without that of an issuer, which may follow it (RFC 8414 section 3.1).
fn of_root_issuer(path: &str) -> &str {
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(place, _)| place);
    path.get(..end).unwrap_or(path)
}
