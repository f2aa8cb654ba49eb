//! Bad input at the OAuth endpoints: the standard's error and a sentence that helps, nothing half done, never a 5xx.

use axum::body::Body;
use http::Request;
use jeton_testkit::{Answer, Registered, World};

use crate::errors::{check_error, check_form};

const ENDPOINTS: [&str; 5] = ["/oauth/token", "/oauth/par", "/oauth/device_authorization", "/oauth/introspect", "/oauth/revoke"];

async fn post_bytes(world: &World, client: &Registered, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let mut request = Request::post(path).header("authorization", client.basic());
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    world.send(request.body(Body::from(body.into())).unwrap()).await
}

#[tokio::test]
async fn bodies_that_are_no_form() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let form = "application/x-www-form-urlencoded";
    let many: String = (0..65).map(|number| format!("p{number}=1&")).collect();
    let deep = "[".repeat(50_000);
    let bodies: Vec<(&str, Vec<u8>, u16)> = vec![
        ("application/json", br#"{"grant_type":"client_credentials"}"#.to_vec(), 400),
        ("application/json", deep.into(), 400),
        ("", b"grant_type=client_credentials&token=x".to_vec(), 400),
        ("text/plain", b"grant_type=client_credentials&token=x".to_vec(), 400),
        ("multipart/form-data; boundary=x", b"--x--".to_vec(), 400),
        ("application/x-www-form-urlencodedx", b"grant_type=client_credentials&token=x".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=\xff\xfe".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=%ff".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=%C3".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=%".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=%g0".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=a&token=b".to_vec(), 400),
        (form, b"grant_type=client_credentials&grant_type=client_credentials&token=a&token=a".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=&token=a&x=%00&x=".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=a&<script>=1&<script>=2".to_vec(), 400),
        (form, b"grant_type=client_credentials&token=a&%22%5C%0d%0a=1&%22%5C%0d%0a=2".to_vec(), 400),
        (form, many.into_bytes(), 400),
        (form, vec![b'&'; 65_537], 413),
        (form, vec![b'a'; 70_000], 413),
    ];
    for path in ENDPOINTS.into_iter().chain(["/api/v1/revocations/feed"]) {
        for (content_type, body, status) in &bodies {
            let answer = post_bytes(&world, &worker, path, content_type, body.clone()).await;
            check_error(&answer, *status, "invalid_request");
        }
    }
    // A resource may be repeated (RFC 8707), at the token endpoint only.
    let body = "grant_type=client_credentials&token=x&resource=https%3A%2F%2Forders.example&resource=https%3A%2F%2Forders.example";
    for (path, status) in ENDPOINTS.into_iter().zip([200, 400, 400, 400]) {
        assert_eq!(post_bytes(&world, &worker, path, form, body).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn what_is_odd_and_allowed() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for (content_type, body) in [
        ("application/x-www-form-urlencoded; charset=UTF-8", "grant_type=client_credentials"),
        ("APPLICATION/X-WWW-FORM-URLENCODED", "grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", "&&grant_type=client_credentials&"),
        ("application/x-www-form-urlencoded", "grant%5Ftype=client%5Fcredentials"),
        ("application/x-www-form-urlencoded", "grant_type=client_credentials&unknown=1&state=x&nonce=y&audience=z&GRANT_TYPE=x"),
        ("application/x-www-form-urlencoded", "grant_type=client_credentials&scope=&resource=&client_assertion=&client_secret="),
        ("application/x-www-form-urlencoded", "grant_type=client_credentials&x=%00%ef%bf%bf&%F0%9F%98%80=1"),
    ] {
        let answer = post_bytes(&world, &worker, "/oauth/token", content_type, body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.shown());
    }
    let padded = format!("grant_type=client_credentials&x={}", "a".repeat(60_000));
    assert_eq!(post_bytes(&world, &worker, "/oauth/token", "application/x-www-form-urlencoded", padded).await.status, 200);
}

#[tokio::test]
async fn other_methods_are_told_which_one_there_is() {
    let world = World::new().await;
    for path in ENDPOINTS {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let answer = world.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
            let allowed = if matches!(path, "/oauth/token" | "/oauth/revoke") { "POST,OPTIONS" } else { "POST" };
            assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{method} {path}: {}", answer.shown());
            if method != "HEAD" {
                check_error(&answer, 405, "invalid_request");
            }
        }
    }
    let answer = world.send(Request::put("/api/v1/revocations/feed").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD,POST"), "{}", answer.shown());
    for (path, allowed) in [("/api/v1/keys", "POST,GET,HEAD"), ("/api/v1/keys/verify", "POST"), ("/api/v1/openapi.json", "GET,HEAD")] {
        let answer = world.send(Request::put(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{path}: {}", answer.shown());
    }
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/livez", "/readyz"] {
        let answer = world.post(path, None, "token=x").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD"), "{path}: {}", answer.shown());
    }
}

#[tokio::test]
async fn what_is_refused_writes_nothing() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let before = (world.ledger_size(), world.commits());
    for parameters in
        [vec![("scope", "unknown")], vec![("resource", "https://unknown.example")], vec![("resource", "x")], vec![("client_id", "other")]]
    {
        assert_eq!(world.ask(&worker, &parameters).await.status, 400);
    }
    assert_eq!(world.ask(&worker.with_secret("x"), &[]).await.status, 401);
    world.introspect(&worker, &token).await;
    world.introspect(&worker, "x").await;
    world.revoke(&worker, "x").await;
    assert_eq!((world.ledger_size(), world.commits()), before, "strangers do not write the ledger");
}

#[tokio::test]
async fn tokens_of_every_length() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for length in [1, 127, 128, 129, 8_191, 8_192, 8_193, 60_000] {
        for letter in ["a", ".", "é", "%", "\0"] {
            let token = letter.repeat(length / letter.len().max(1) / 3 + 1);
            assert!(!world.is_active(&worker, &token).await);
            assert_eq!(world.revoke(&worker, &token).await.status, 200);
        }
    }
}

#[tokio::test]
async fn headers_that_are_no_credentials() {
    let world = World::new().await;
    for path in ENDPOINTS {
        for value in [
            &b"Basic"[..],
            b"Basic ",
            b"Basic \xff",
            b"Basic Og==",
            b"Basic Ojo=",
            b"Basic AAAA",
            b"\xff\xfe",
            b"Basic YTpi YTpi",
            b"Negotiate x",
            b"<b>",
        ] {
            let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded").header("authorization", value);
            let answer = world.send(request.body(Body::from("grant_type=client_credentials&token=x")).unwrap()).await;
            assert!(matches!(answer.status, 400 | 401), "{}", answer.shown());
            check_form(&answer);
        }
    }
}
