//! `private_key_jwt` (RFC 7523 and its successor's rule on `aud`).

use std::sync::Arc;

use futures_util::future::join_all;
use jeton_core::client::update::UpdateClient;
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_oauth::form::encode;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::manage::{administrator, jwks_of};
use jeton_testkit::{Answer, Registered, World};
use serde_json::json;

use crate::errors::check_error;

async fn present(world: &World, assertion: &Assertion, more: &[(&str, &str)]) -> Answer {
    let parameters = assertion.parameters();
    let parameters = parameters.iter().map(|(name, value)| (*name, value.as_str()));
    let body = encode([("grant_type", "client_credentials")].into_iter().chain(parameters).chain(more.iter().copied()));
    world.post("/oauth/token", None, body).await
}

fn assertion(world: &World, client: &Registered, jti: &str) -> Assertion {
    Assertion::of(&client.id, client.key.as_ref().unwrap(), world.issuer(), world.now(), jti)
}

#[tokio::test]
async fn every_algorithm_proves_a_client() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps512] {
        let client = world.signing_client(algorithm.name(), &[&orders], algorithm).await;
        let answer = present(&world, &assertion(&world, &client, "1"), &[]).await;
        assert_eq!(answer.status, 200, "{algorithm}: {}", answer.shown());
        let answer = present(&world, &assertion(&world, &client, "2"), &[("client_id", &client.id)]).await;
        assert_eq!(answer.status, 200, "{algorithm}: {}", answer.shown());
    }
}

#[tokio::test]
async fn what_is_accepted_and_what_is_not() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::Es256).await;
    let other = world.signing_client("other", &[&orders], Algorithm::Es256).await;
    let (now, issuer) = (world.now(), world.issuer());
    let good = |jti: &str| assertion(&world, &worker, jti);
    let stranger = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
    for (name, assertion, accepted) in [
        ("as it should be", good("1"), true),
        ("aud in a list of one", good("2").with("aud", json!([issuer])), true),
        ("typ of its own", good("3").typed("client-authentication+jwt"), true),
        ("without iat", good("4").without("iat"), true),
        ("a clock ten seconds ahead", good("5").with("iat", now + 10).with("nbf", now + 10), true),
        ("expired within the leeway", good("6").with("exp", now - 9), true),
        ("an hour", good("7").with("exp", now + 3_600), true),
        ("an unknown claim", good("8").with("x", json!({"a": [1]})), true),
        ("aud is the token endpoint", good("a").with("aud", format!("{issuer}/oauth/token")), false),
        ("aud in a list of two", good("b").with("aud", json!([issuer, "https://other.example"])), false),
        ("aud twice the same", good("c").with("aud", json!([issuer, issuer])), false),
        ("aud an empty list", good("d").with("aud", json!([])), false),
        ("aud another", good("e").with("aud", "https://other.example"), false),
        ("aud with a slash", good("f").with("aud", format!("{issuer}/")), false),
        ("without aud", good("g").without("aud"), false),
        ("without jti", good("h").without("jti"), false),
        ("jti is a number", good("i").with("jti", 7), false),
        ("jti is empty", good("j").with("jti", ""), false),
        ("without exp", good("k").without("exp"), false),
        ("exp is text", good("l").with("exp", (now + 60).to_string()), false),
        ("expired", good("m").with("exp", now - 10), false),
        ("exp too far", good("n").with("exp", now + 3_600 + 11), false),
        ("exp in milliseconds", good("o").with("exp", (now + 60) * 1_000), false),
        ("iat a minute ahead", good("p").with("iat", now + 61), false),
        ("nbf a minute ahead", good("q").with("nbf", now + 61), false),
        ("without iss", good("r").without("iss"), false),
        ("iss another", good("s").with("iss", other.id.as_str()), false),
        ("without sub", good("t").without("sub"), false),
        ("sub another, signed by us", good("u").with("sub", other.id.as_str()).with("iss", other.id.as_str()), false),
        ("sub unknown", good("v").with("sub", "client_nobody").with("iss", "client_nobody"), false),
        ("another client's key", good("w").signed_by(other.key.as_ref().unwrap()), false),
        ("a stranger's key", good("x").signed_by(&stranger), false),
        ("an access token's typ", good("y").typed("at+jwt"), false),
    ] {
        let answer = present(&world, &assertion, &[]).await;
        if accepted {
            assert_eq!(answer.status, 200, "{name}: {}", answer.shown());
        } else {
            println!("{name}: {}", answer.text());
            check_error(&answer, 401, "invalid_client");
        }
    }
    check_error(&present(&world, &good("z"), &[("client_id", &other.id)]).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_key_has_one_algorithm() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::Rs256).await;
    let private = worker.key.as_ref().unwrap().to_private_bytes().unwrap();
    let otherwise = Arc::new(SigningKey::from_private_bytes(Algorithm::Ps256, &private).unwrap());
    check_error(&present(&world, &assertion(&world, &worker, "1").signed_by(&otherwise), &[]).await, 401, "invalid_client");
    let public = worker.key.as_ref().unwrap().to_jwk().unwrap();
    let secret = serde_json::to_vec(&public).unwrap();
    let symmetric = Arc::new(SigningKey::hmac(Algorithm::Hs256, secret.into(), Some(public.key_id().unwrap().to_owned())).unwrap());
    check_error(&present(&world, &assertion(&world, &worker, "2").signed_by(&symmetric), &[]).await, 401, "invalid_client");
    assert_eq!(present(&world, &assertion(&world, &worker, "3"), &[]).await.status, 200);
}

#[tokio::test]
async fn what_is_no_assertion_is_refused() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::EdDsa).await;
    let secretive = world.client("secretive", &[&orders]).await;
    let jwt_bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let long = format!("{}.{}.x", "e".repeat(4_000), "e".repeat(8_000));
    let signed = assertion(&world, &worker, "1").sign();
    let (start, _) = signed.rsplit_once('.').unwrap();
    for text in [
        "x",
        "a.b.c",
        "..",
        "a..c",
        "eyJhbGciOiJub25lIn0.e30.",
        &long,
        start,
        &format!("{start}."),
        &format!("{signed}="),
        &format!(" {signed}"),
    ] {
        let body = encode([("grant_type", "client_credentials"), ("client_assertion_type", jwt_bearer), ("client_assertion", text)]);
        check_error(&world.post("/oauth/token", None, body).await, 401, "invalid_client");
    }
    for (kind, status, code) in
        [("", 400, "invalid_request"), ("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", 401, "invalid_client")]
    {
        let body = encode([("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", &signed)]);
        check_error(&world.post("/oauth/token", None, body).await, status, code);
    }
    // A client with a secret does not sign, and one that signs has no secret.
    let forged = Assertion::of(&secretive.id, worker.key.as_ref().unwrap(), world.issuer(), world.now(), "2");
    check_error(&present(&world, &forged, &[]).await, 401, "invalid_client");
    check_error(&world.ask(&worker.with_secret("x"), &[]).await, 401, "invalid_client");
    assert_eq!(present(&world, &assertion(&world, &worker, "3"), &[]).await.status, 200);
}

#[tokio::test]
async fn a_jti_is_good_for_one_use_at_every_endpoint() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::Es256).await;
    let other = world.signing_client("other", &[&orders], Algorithm::Es256).await;
    let token = present(&world, &assertion(&world, &worker, "issue"), &[]).await.member("access_token").as_str().unwrap().to_owned();
    for (number, (path, more)) in [
        ("/oauth/token", ("grant_type", "client_credentials")),
        ("/oauth/introspect", ("token", token.as_str())),
        ("/oauth/revoke", ("token", "unknown")),
        ("/oauth/revoke", ("token", token.as_str())),
    ]
    .into_iter()
    .enumerate()
    {
        let assertion = assertion(&world, &worker, &format!("once {number}"));
        let parameters = assertion.parameters();
        let body = encode(parameters.iter().map(|(name, value)| (*name, value.as_str())).chain([more]));
        assert_eq!(world.post(path, None, body.clone()).await.status, 200, "{path}");
        check_error(&world.post(path, None, body).await, 401, "invalid_client");
        check_error(&present(&world, &assertion, &[]).await, 401, "invalid_client");
    }
    let world = world.reopen().await;
    check_error(&present(&world, &assertion(&world, &worker, "issue"), &[]).await, 401, "invalid_client");
    // Each client counts its own.
    assert_eq!(present(&world, &assertion(&world, &other, "issue"), &[]).await.status, 200);
    // A clock that was set back brings no assertion back.
    world.advance(3_700);
    world.service().drop_expired().unwrap();
    world.advance(-3_700);
    check_error(&present(&world, &assertion(&world, &worker, "issue"), &[]).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_request_that_is_refused_spends_it_too() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::Es256).await;
    let television = world.signing_client("television", &[&orders], Algorithm::Es256).await;
    let device_code = "urn:ietf:params:oauth:grant-type:device_code";
    let request =
        UpdateClient { grant_types: Some([device_code, "client_credentials"].map(str::to_owned).to_vec()), ..UpdateClient::default() };
    world.service().update_client(&television.id, &request, None, &administrator(), &world.moment()).await.unwrap();
    let asked = [("response_type", "code"), ("scope", "openid")];
    for (client, path, asked, expected) in [
        (&worker, "/oauth/par", &asked[..], "unauthorized_client"),
        (&worker, "/oauth/device_authorization", &[], "unauthorized_client"),
        (&television, "/oauth/device_authorization", &[("scope", "unknown")], "invalid_scope"),
    ] {
        let assertion = assertion(&world, client, &format!("{path} {expected}"));
        let parameters = assertion.parameters();
        let body = encode(parameters.iter().map(|(name, value)| (*name, value.as_str())).chain(asked.iter().copied()));
        check_error(&world.post(path, None, body.clone()).await, 400, expected);
        check_error(&world.post(path, None, body).await, 401, "invalid_client");
        check_error(&present(&world, &assertion, &[]).await, 401, "invalid_client");
    }
}

/// F5: of twenty uses at once exactly one counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_uses_at_once_one_counts() {
    let world = Arc::new(World::new().await);
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::Es256).await;
    for round in 0..10 {
        let before = world.tokens_issued();
        let parameters = assertion(&world, &worker, &format!("round {round}")).parameters();
        let body = encode(
            [("grant_type", "client_credentials")].into_iter().chain(parameters.iter().map(|(name, value)| (*name, value.as_str()))),
        );
        let uses = (0..20).map(|_| {
            let (world, body) = (world.clone(), body.clone());
            tokio::spawn(async move { world.post("/oauth/token", None, body).await })
        });
        let answers: Vec<Answer> = join_all(uses).await.into_iter().map(Result::unwrap).collect();
        let (granted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(granted.len(), 1, "round {round}");
        refused.into_iter().for_each(|answer| check_error(answer, 401, "invalid_client"));
        assert_eq!(world.tokens_issued() - before, 1);
    }
}

#[tokio::test]
async fn keys_of_a_client_can_be_replaced() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.signing_client("worker", &[&orders], Algorithm::Es256).await;
    let key = Arc::new(SigningKey::generate(Algorithm::EdDsa).unwrap());
    let request = UpdateClient { jwks: Some(jwks_of([key.to_jwk().unwrap()])), ..UpdateClient::default() };
    world.service().update_client(&worker.id, &request, None, &administrator(), &world.moment()).await.unwrap();
    let world = world.reopen().await;
    check_error(&present(&world, &assertion(&world, &worker, "1"), &[]).await, 401, "invalid_client");
    assert_eq!(present(&world, &assertion(&world, &worker, "2").signed_by(&key), &[]).await.status, 200);
}
