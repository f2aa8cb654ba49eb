//! Who is not let in, and requests that are not as they should be.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use jeton_http::edge::Peer;
use serde_json::{Value, json};

use crate::ORDERS;
use crate::asking::Api;

#[tokio::test]
async fn only_the_owner_is_let_in() {
    let api = Api::new().await;
    let tcp = Peer::Tcp(([127, 0, 0, 1], 9).into());
    for (peer, status) in [
        (Some(Peer::Unix { uid: 1000, pid: None }), 200),
        (Some(Peer::Unix { uid: 0, pid: None }), 200),
        (Some(Peer::Unix { uid: 1001, pid: None }), 403),
        (Some(tcp), 401),
        (None, 401),
    ] {
        for path in ["/api/v1/apis", "/api/v1/nothing", "/nothing"] {
            let mut request = Request::get(path);
            if let Some(peer) = peer {
                request = request.extension(peer);
            }
            let (answered, text) = api.send(request.body(Body::empty()).unwrap()).await;
            let expected = if path.ends_with("nothing") { 404 } else { status };
            assert_eq!(answered.as_u16(), expected, "{peer:?} {path} {text}");
            assert!(expected != 403 || text.contains("\"forbidden\""), "{text}");
            assert!(expected != 401 || text.contains("\"unauthenticated\""), "{text}");
            assert!(expected != 404 || text.contains(&format!("\"the management API has no path {path}\"")), "{text}");
        }
    }
}

#[tokio::test]
async fn bad_requests_get_a_sentence_that_helps() {
    let api = Api::with_worker().await;
    let post = |path: &'static str, body: Value, status, code: &'static str| api.refused(Method::POST, path, body, status, code);
    for (path, body, needle) in [
        ("/apis", json!({}), "the member `audience` is missing"),
        ("/apis", json!({"audience": "no uri"}), "audience"),
        ("/apis", json!({"audience": "https://a.example", "scope": {}}), "there is no member `scope`"),
        ("/apis", json!({"audience": "https://a.example", "scopes": {"a b": ""}}), "scope"),
        (
            "/apis",
            json!({"audience": "https://a.example", "access_token_lifetime_seconds": -1}),
            "between 1 second and 1 day here, not -1 seconds",
        ),
        ("/apis", json!({"audience": "https://a.example", "access_token_lifetime_seconds": 1e3}), "expected a whole number"),
        ("/apis", json!({"audience": "https://a.example", "token_format": "saml"}), "`jwt` or `opaque`"),
        ("/apis", json!({"audience": "https://a.example", "signing_alg": "HS256"}), "signing algorithm"),
        ("/clients", json!({"name": ""}), "1 to 100"),
        ("/clients", json!({"name": "x", "grant_types": ["password"]}), "client_credentials"),
        ("/clients", json!({"name": "x", "jwks": {"keys": []}}), "no JWK Set"),
        ("/clients", json!({"name": "x", "token_endpoint_auth_method": "private_key_jwt"}), "public keys"),
        ("/clients", json!({"name": "x", "audiences": [ORDERS], "scope": "admin"}), "`admin` is no scope"),
        ("/clients/worker/secrets", json!({"expires_in_seconds": 0}), "between 1 second"),
        ("/clients/worker/secrets", json!({"overlap_seconds": 99_999_999_999_i64}), "overlap"),
        ("/revocations", json!({}), "names nothing"),
        ("/revocations", json!({"everything": true, "client": "worker"}), "more than one"),
        ("/tokens/x/suspend", json!({}), "hexadecimal"),
        ("/signing-keys/rotate", json!({"force": "yes"}), "expected true or false"),
    ] {
        let problem = post(path, body, 400, "invalid_request").await;
        assert!(problem["detail"].as_str().unwrap().contains(needle), "{path}: {problem}");
    }
    post("/tokens", json!({"client": "worker", "scope": "admin"}), 400, "invalid_scope").await;
    post("/tokens", json!({"client": "worker", "scope": "a\"b"}), 400, "invalid_scope").await;
    post("/tokens", json!({"client": "worker", "resource": "https://other.example"}), 400, "invalid_target").await;
    post("/tokens", json!({"client": "nobody"}), 404, "not_found").await;
    let taken = post("/clients", json!({"name": "worker"}), 409, "conflict").await;
    assert!(taken["hint"].as_str().unwrap().contains("choose another name"), "{taken}");
    api.post("/clients", json!({"name": "other"})).await;
    let renamed = api.refused(Method::PATCH, "/clients/other", json!({"name": "worker"}), 409, "conflict").await;
    assert!(renamed["hint"].as_str().unwrap().contains("choose another name"), "{renamed}");
    let taken = post("/apis", json!({"audience": ORDERS}), 409, "conflict").await;
    assert!(taken["hint"].as_str().unwrap().contains("jeton api update"), "{taken}");
    post("/clients", json!({"name": "x", "audiences": ["https://none.example"]}), 404, "not_found").await;
    api.refused(Method::GET, "/tokens/00000000000000000000000000000000", json!({}), 404, "not_found").await;
    api.refused(Method::GET, "/apis/%ff", json!({}), 404, "not_found").await;
    api.refused(Method::GET, "/nothing", json!({}), 404, "no_such_path").await;
    api.refused(Method::PUT, "/apis", json!({}), 405, "no_such_method").await;
    assert_eq!(api.get("/apis").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.get("/clients").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn bodies_are_strict_and_bounded() {
    let api = Api::new().await;
    let long = format!("{{\"audience\":\"{}\"}}", "a".repeat(70_000));
    let deep = format!("{{\"audience\":{}{}}}", "[".repeat(50), "]".repeat(50));
    for (content_type, body, status, code) in [
        (Some("application/json"), r#"{"audience":"a:b","audience":"a:c"}"#, 400, "invalid_request"),
        (Some("application/json"), "{", 400, "invalid_request"),
        (Some("application/json"), "[]", 400, "invalid_request"),
        (Some("application/json"), &deep, 400, "invalid_request"),
        (Some("application/json"), &long, 413, "too_large"),
        (Some("text/plain"), "{}", 415, "wrong_content_type"),
        (None, "{}", 415, "wrong_content_type"),
    ] {
        let mut request = Request::post("/api/v1/apis").extension(Peer::Unix { uid: 0, pid: None });
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let (answered, text) = api.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(answered.as_u16(), status, "{text}");
        assert!(text.contains(&format!("\"code\":\"{code}\"")), "{text}");
    }
}
