//! Client credentials (RFC 6749 section 4.4) for one resource (RFC 8707).

use std::collections::BTreeSet;

use insta::assert_snapshot;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_jose::jwt::Validation;
use jeton_testkit::World;
use jeton_testkit::world::manage::{administrator, claims_of};
use serde_json::json;

use crate::errors::check_error;

#[tokio::test]
async fn an_answer_says_what_was_granted() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    assert_snapshot!(world.ask(&worker, &[]).await.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"access_token":"[jwt]","token_type":"Bearer","expires_in":3600,"scope":"orders:read"}
    "#);
    let stock = world.opaque_api("stock").await;
    let picker = world.client("picker", &[&stock]).await;
    assert_snapshot!(world.ask(&picker, &[("scope", "stock:write")]).await.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"access_token":"[opaque]","token_type":"Bearer","expires_in":3600,"scope":"stock:write"}
    "#);
}

#[tokio::test]
async fn a_jwt_says_what_rfc_9068_asks_for() {
    let world = World::new().await;
    let orders = world.api_with("orders", |request| request.access_token_lifetime_seconds = Some(600)).await;
    let worker = world.client("worker", &[&orders]).await;
    let claims = claims_of(&world.token(&worker).await);
    let jti = claims["jti"].as_str().unwrap();
    assert!(jti.len() == 32 && jti.bytes().all(|byte| byte.is_ascii_hexdigit()), "{jti}");
    assert_eq!(
        claims,
        json!({
            "iss": world.issuer(), "sub": worker.id, "client_id": worker.id, "aud": "https://orders.example", "scope": "orders:read",
            "iat": world.now(), "exp": world.now() + 600, "jti": jti, "ver": 1,
        })
    );
}

#[tokio::test]
async fn ids_and_secrets_differ_from_token_to_token() {
    let world = World::new().await;
    let stock = world.opaque_api("stock").await;
    let picker = world.client("picker", &[&stock]).await;
    let mut tokens = BTreeSet::new();
    for _ in 0..50 {
        tokens.insert(world.token(&picker).await);
    }
    assert_eq!(tokens.len(), 50);
    assert!(tokens.iter().all(|token| token.len() <= 128), "{tokens:?}");
}

#[tokio::test]
async fn scopes() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let reader = world.client_with("reader", &[&orders], |request| request.scopes = Some("orders:read".to_owned())).await;
    let many = (0..65).map(|number| format!("s{number}")).collect::<Vec<_>>().join(" ");
    let long = "s".repeat(129);
    for (client, scope, expected) in [
        (&worker, "", Some("orders:read")),
        (&worker, "orders:write", Some("orders:write")),
        (&worker, "orders:write orders:read", Some("orders:read orders:write")),
        (&worker, "orders:read orders:read", Some("orders:read")),
        (&reader, "", Some("orders:read")),
        (&reader, "orders:read", Some("orders:read")),
        (&reader, "orders:write", None),
        (&reader, "orders:read orders:write", None),
        (&worker, "orders:rea", None),
        (&worker, "ORDERS:READ", None),
        (&worker, "openid", None),
        (&worker, "*", None),
        (&worker, " orders:read", None),
        (&worker, "orders:read ", None),
        (&worker, "orders:read  orders:write", None),
        (&worker, "orders:read\torders:write", None),
        (&worker, "orders:read\n", None),
        (&worker, "\"orders:read\"", None),
        (&worker, "orders\\read", None),
        (&worker, "größe", None),
        (&worker, "<script>alert(1)</script>", None),
        (&worker, &many, None),
        (&worker, &long, None),
    ] {
        let answer = world.ask(client, &[("scope", scope)]).await;
        match expected {
            Some(expected) => assert_eq!(answer.member("scope"), expected, "{scope:?}: {}", answer.shown()),
            None => check_error(&answer, 400, "invalid_scope"),
        }
    }
}

#[tokio::test]
async fn without_a_default_scope_all_that_the_client_may_have_is_granted() {
    let world = World::new().await;
    let orders = world.api_with("orders", |request| request.default_scope = None).await;
    let worker = world.client("worker", &[&orders]).await;
    let writer = world.client_with("writer", &[&orders], |request| request.scopes = Some("orders:write".to_owned())).await;
    for (client, expected) in [(&worker, "orders:read orders:write"), (&writer, "orders:write")] {
        assert_eq!(world.ask(client, &[]).await.member("scope"), expected);
    }
}

/// RFC 6749 section 3.3: a default or `invalid_scope`, never a token that allows nothing.
#[tokio::test]
async fn a_default_that_the_client_may_not_have_is_refused() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let writer = world.client_with("writer", &[&orders], |request| request.scopes = Some("orders:write".to_owned())).await;
    check_error(&world.ask(&writer, &[]).await, 400, "invalid_scope");
    assert_eq!(world.ask(&writer, &[("scope", "orders:write")]).await.status, 200);
}

#[tokio::test]
async fn an_api_without_scopes_has_tokens_without_scope() {
    let world = World::new().await;
    let plain = world
        .api_with("plain", |request| {
            request.scopes.clear();
            request.default_scope = None;
        })
        .await;
    let worker = world.client("worker", &[&plain]).await;
    let answer = world.ask(&worker, &[]).await;
    assert_eq!((answer.status, answer.json().get("scope")), (200, None), "{}", answer.shown());
    let token = answer.member("access_token").as_str().unwrap().to_owned();
    assert_eq!(claims_of(&token).get("scope"), None);
    let introspected = world.introspect(&worker, &token).await;
    assert_eq!((introspected.member("active"), introspected.json().get("scope")), (json!(true), None));
}

/// A JWT beyond 8 KiB would be refused wherever it is shown: better to say so when it is asked for.
#[tokio::test]
async fn scopes_that_would_not_fit_a_token_are_refused() {
    let world = World::new().await;
    let long: Vec<String> = (0..64).map(|number| format!("{number:0>120}")).collect();
    let wide = world
        .api_with("wide", |request| {
            request.scopes = long.iter().map(|name| (name.clone(), String::new())).collect();
            request.default_scope = None;
        })
        .await;
    let worker = world.client("worker", &[&wide]).await;
    check_error(&world.ask(&worker, &[]).await, 400, "invalid_scope");
    check_error(&world.ask(&worker, &[("scope", &long.join(" "))]).await, 400, "invalid_scope");
    let token = world.token_with(&worker, &[("scope", &long[..30].join(" "))]).await;
    assert!(world.is_active(&worker, &token).await);
}

#[tokio::test]
async fn resources() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    world.api("foreign").await;
    let both = world.client("both", &[&orders, &stock]).await;
    let one = world.client("one", &[&orders]).await;
    let none = world.client("none", &[]).await;
    let (first, second) = ("https://orders.example", "https://stock.example");
    let long = format!("https://orders.example/{}", "a".repeat(500));
    let cases: &[(_, &[&str], _)] = &[
        (&one, &[], Some(first)),
        (&one, &[""], Some(first)),
        (&one, &[first], Some(first)),
        (&both, &[first], Some(first)),
        (&both, &[second], Some(second)),
        (&both, &[second, second], Some(second)),
        (&both, &["", second], Some(second)),
        (&both, &[], None),
        (&both, &[first, second], None),
        (&none, &[], None),
        (&none, &[first], None),
        (&one, &[second], None),
        (&one, &["https://foreign.example"], None),
        (&one, &["https://unknown.example"], None),
        (&one, &["https://orders.example/"], None),
        (&one, &["HTTPS://orders.example"], None),
        (&one, &["orders"], None),
        (&one, &["/orders"], None),
        (&one, &["//orders.example"], None),
        (&one, &["https://orders.example#x"], None),
        (&one, &["https://orders.example<script>"], None),
        (&one, &[" https://orders.example"], None),
        (&one, &[&long], None),
        (&one, &[&orders.id.to_string()], None),
    ];
    for (client, resources, expected) in cases {
        let parameters: Vec<_> = resources.iter().map(|resource| ("resource", *resource)).collect();
        let answer = world.ask(client, &parameters).await;
        match expected {
            Some(expected) => {
                assert_eq!(answer.status, 200, "{resources:?}: {}", answer.shown());
                assert_eq!(claims_of(answer.member("access_token").as_str().unwrap())["aud"], *expected);
            }
            None => check_error(&answer, 400, "invalid_target"),
        }
    }
    // That an API exists is no business of those who may not ask for it.
    let [foreign, unknown] = ["https://foreign.example", "https://unknown.example"].map(|resource| [("resource", resource)]);
    assert_eq!(world.ask(&one, &foreign).await.text(), world.ask(&one, &unknown).await.text());
}

#[tokio::test]
async fn an_api_that_is_gone_is_no_choice() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    world.service().delete_api("https://stock.example", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(claims_of(&world.token(&worker).await)["aud"], "https://orders.example");
    check_error(&world.ask(&worker, &[("resource", "https://stock.example")]).await, 400, "invalid_target");
    world.service().delete_api("https://orders.example", &administrator(), &world.moment()).await.unwrap();
    check_error(&world.ask(&worker, &[]).await, 400, "invalid_target");
}

#[tokio::test]
async fn grant_types() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    for (parameters, code) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "")], "invalid_request"),
        (vec![("grant_type", "password"), ("username", "u"), ("password", "p")], "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code"), ("code", "x")], "unauthorized_client"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "x")], "unauthorized_client"),
        (vec![("grant_type", "implicit")], "unsupported_grant_type"),
        (vec![("grant_type", "Client_Credentials")], "unsupported_grant_type"),
        (vec![("grant_type", "client_credentials ")], "unsupported_grant_type"),
        (vec![("grant_type", "<b>")], "unsupported_grant_type"),
    ] {
        check_error(&world.post_as(&worker, "/oauth/token", &parameters).await, 400, code);
    }
}

#[tokio::test]
async fn every_algorithm_signs_what_the_published_keys_verify() {
    let world = World::new().await;
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256] {
        let name = algorithm.name().to_ascii_lowercase();
        let api = world.api_with(&name, |request| request.signing_algorithm = Some(algorithm.name().to_owned())).await;
        let client = world.client(&name, &[&api]).await;
        let token = world.token(&client).await;
        let set = JwkSet::parse(&world.get("/.well-known/jwks.json").await.body).unwrap();
        let (keys, ignored) = VerifyingKeys::from_jwk_set(&set, None).unwrap();
        assert!(ignored.is_empty(), "{ignored:?}");
        let claims = Validation::access_token(world.issuer(), &*api.audience).check_access_token(&token, &keys, world.now()).unwrap();
        assert_eq!(claims.client_id, client.id);
        assert!(world.is_active(&client, &token).await, "{algorithm}");
    }
}
