//! Requests to the management API, as the owner of the process sends them over the Unix socket.

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use jeton_http::api::{self, Management, Place};
use jeton_http::edge::Peer;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::World;
use super::answer::Answer;
use super::no_folder;
use super::registered::Registered;

impl World {
    /// What the management API works on.
    #[must_use]
    pub fn management(&self) -> Management {
        no_folder::management(self.service.clone(), self.observer().clone())
    }

    /// Sends a request of the administrator; `path` goes on after `/api/v1`.
    pub async fn administer(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.administer_as(1000, &[], method, path, body).await
    }

    /// Sends a request that may be sent again, recognised by `key`.
    pub async fn administer_once(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.administer_as(1000, &[("idempotency-key", key)], method, path, body).await
    }

    /// Sends a request of this user with these headers.
    pub async fn administer_as(&self, uid: u32, headers: &[(&str, &str)], method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(format!("/api/v1{path}"));
        request = request.extension(Peer::Unix { uid, pid: None });
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let sent = body.clone();
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = api::routes(self.management(), Place::Socket)
            .oneshot(request.body(body).expect("a request"))
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body comes whole").to_bytes();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        answer.conforms(&method, path, sent.as_ref());
        answer
    }

    /// Makes an administrator of a role that is built in: the text of their personal access token.
    pub async fn administrator_of(&self, username: &str, role: &str) -> String {
        let made = self.done(Method::POST, "/administrators", Some(json!({"username": username, "role": role}))).await;
        made["key"].as_str().expect("a token").to_owned()
    }

    /// Sends a request to the public router with this Authorization header; `path` goes on after `/api/v1`.
    pub async fn manage(&self, authorization: Option<&str>, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(format!("/api/v1{path}"));
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.send(request.body(bytes).expect("a request")).await;
        answer.conforms(&method, path, body);
        answer
    }

    /// The same where it must go well: what is answered.
    pub async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.administer(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.shown());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Makes a key: what is answered, its text in the member `key`.
    pub async fn make_key(&self, owner: &str, audience: &str, more: Value) -> Value {
        let mut body = json!({"owner": owner, "audience": audience, "name": "a key"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.done(Method::POST, "/keys", Some(body)).await
    }

    /// Posts JSON to the public router, with an Authorization header where one is given.
    pub async fn post_json(&self, path: &str, authorization: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let answer = self.send(request.body(Body::from(body.to_string())).expect("a request")).await;
        if let Some(path) = path.strip_prefix("/api/v1").filter(|path| *path != "/revocations/feed") {
            answer.conforms(&Method::POST, path, Some(body));
        }
        answer
    }

    /// Checks a key as a client that authenticates with Basic: what is answered, always with 200.
    pub async fn check_key(&self, caller: &Registered, key: &str, more: Value) -> Value {
        let mut body = json!({"key": key});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let answer = self.post_json("/api/v1/keys/verify", Some(&caller.basic()), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        answer.json()
    }

    /// The code of that answer.
    pub async fn key_code(&self, caller: &Registered, key: &str) -> String {
        let answer = self.check_key(caller, key, Value::Null).await;
        let code = answer["code"].as_str().expect("a code").to_owned();
        assert_eq!(answer["valid"], code == "valid");
        code
    }
}
