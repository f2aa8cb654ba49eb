//! Whoever asks, over the socket of a world.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jeton_core::doctor::Surroundings;
use jeton_core::root_key::RootKeys;
use jeton_http::api::{self, CheckReport, Finding, Integrity, LedgerReport, Management, Place, RootFile};
use jeton_http::edge::Peer;
use jeton_testkit::World;
use jeton_testkit::conformance::{self, Exchange};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use crate::ORDERS;

struct Sound;

impl Integrity for Sound {
    fn verify_ledger(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<LedgerReport, String> {
        progress(1, 2);
        Ok(LedgerReport { entries: 2, root: "ab".into(), checkpoint_size: Some(1), findings: vec![] })
    }

    fn check(&self, full: bool, _: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, String> {
        let finding = Finding { place: "page 7".into(), detail: "wrong".into(), hint: "restore".into() };
        if full { Ok(CheckReport { full, findings: vec![finding], ..CheckReport::default() }) } else { Err("no file".into()) }
    }
}

pub(crate) struct Api {
    pub(crate) world: World,
    router: Router,
}

impl Api {
    pub(crate) async fn new() -> Api {
        let world = World::new().await;
        let management = Management {
            service: world.service().clone(),
            owner_uid: 1000,
            root_file: Arc::new(RootFile::new("root.key", |_| {
                RootKeys::new([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]).map_err(|error| error.to_string())
            })),
            integrity: Arc::new(Sound),
            surroundings: Arc::new(|| Surroundings { has_access_log: Some(false), ..Surroundings::default() }),
            backups: None,
            observer: world.observer().clone(),
        };
        Api { world, router: api::routes(management, Place::Socket) }
    }

    pub(crate) async fn with_worker() -> Api {
        let api = Api::new().await;
        api.post("/apis", json!({"audience": ORDERS, "scopes": {"read": "Read", "write": ""}, "default_scope": "read"})).await;
        api.post("/clients", json!({"name": "worker", "audiences": [ORDERS]})).await;
        api
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let no_store = response.headers().get("cache-control").is_some_and(|value| value == "no-store");
        assert!(no_store || status == StatusCode::METHOD_NOT_ALLOWED, "{status}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.ask_with(&[], method, path, body).await
    }

    pub(crate) async fn ask_with(&self, headers: &[(&str, &str)], method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(&method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request = request.extension(Peer::Unix { uid: 1000, pid: None });
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let (status, text) = self.send(request.body(bytes).unwrap()).await;
        let exchange = Exchange { method: method.as_str(), path, sent: body.as_ref(), status: status.as_u16(), body: text.as_bytes() };
        assert_eq!(conformance::check(api::document(), &exchange), Ok(()), "{method} {path}");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    #[track_caller]
    pub(crate) fn expect(answer: (StatusCode, Value), status: u16) -> Value {
        assert_eq!(answer.0.as_u16(), status, "{}", answer.1);
        answer.1
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        Api::expect(self.ask(Method::GET, path, None).await, 200)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {value}");
        value
    }

    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value, status: u16, code: &str) -> Value {
        let problem = Api::expect(self.ask(method, path, Some(body)).await, status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail", "hint"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        problem
    }
}

pub(crate) fn without(mut value: Value, members: &[&str]) -> Value {
    if let Some(object) = value.as_object_mut() {
        members.iter().for_each(|member| {
            object.remove(*member);
        });
    }
    value
}
