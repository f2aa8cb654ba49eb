//! How clients prove themselves with a secret (RFC 6749 section 2.3.1), and how they do not.

use insta::assert_snapshot;
use jeton_core::client::secret::CreateSecret;
use jeton_core::why::Why;
use jeton_oauth::form::encode;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::{Registered, World};

use crate::errors::check_error;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn with_basic(world: &World, client: &Registered) -> u16 {
    let answer = world.ask(client, &[]).await;
    if answer.status != 200 {
        check_error(&answer, 401, "invalid_client");
    }
    answer.status
}

async fn in_body(world: &World, id: &str, secret: &str) -> u16 {
    let answer = world.post("/oauth/token", None, encode([GRANT, ("client_id", id), ("client_secret", secret)])).await;
    if answer.status != 200 {
        check_error(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "");
    }
    answer.status
}

#[tokio::test]
async fn each_client_has_one_method() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let basic = world.client("basic", &[&orders]).await;
    let post = world.client_with("post", &[&orders], |request| request.authentication = Some("client_secret_post".to_owned())).await;
    assert_eq!(with_basic(&world, &basic).await, 200);
    assert_eq!(in_body(&world, &post.id, &post.secret).await, 200);
    assert_eq!(with_basic(&world, &post).await, 401);
    assert_eq!(in_body(&world, &basic.id, &basic.secret).await, 401);
    assert_eq!(in_body(&world, &post.id, "").await, 401);
}

#[tokio::test]
async fn the_challenge_comes_only_where_the_header_was_used() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    assert_snapshot!(world.ask(&worker.with_secret("wrong"), &[]).await.shown(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    www-authenticate: Basic realm="jeton", charset="UTF-8"
    x-content-type-options: nosniff

    {"error":"invalid_client","error_description":"the client is unknown, or its secret is wrong or has ended"}
    "#);
    assert_snapshot!(world.post("/oauth/token", None, "grant_type=client_credentials").await.shown(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"error":"invalid_client","error_description":"the client did not authenticate: send its id and secret as Basic or as client_id and client_secret, or a client_assertion"}
    "#);
    for authorization in ["Bearer abc", "Digest x", "basic"] {
        let answer = world.post("/oauth/token", Some(authorization), "grant_type=client_credentials").await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.shown());
        assert_eq!(answer.header("www-authenticate").starts_with("Basic "), answer.status == 401, "{}", answer.shown());
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_answered_alike() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let other = world.client("other", &[&orders]).await;
    let stranger = Registered { id: "client_00000000000000000000".to_owned(), ..worker.clone() };
    let expected = world.ask(&stranger, &[]).await.shown();
    for secret in ["wrong", "", &other.secret, &worker.secret[1..], &format!("{} ", worker.secret), &worker.secret.to_uppercase()] {
        assert_eq!(world.ask(&worker.with_secret(secret), &[]).await.shown(), expected, "{secret}");
    }
}

#[tokio::test]
async fn two_methods_at_once_are_refused() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let (id, secret) = (("client_id", worker.id.as_str()), ("client_secret", worker.secret.as_str()));
    let assertion = [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", "a.b.c")];
    for more in [vec![secret], vec![id, secret], assertion.to_vec()] {
        check_error(&world.ask(&worker, &more).await, 400, "invalid_request");
    }
    let body = encode([GRANT, id, secret].into_iter().chain(assertion));
    check_error(&world.post("/oauth/token", None, body).await, 400, "invalid_request");
    let request = http::Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", worker.basic())
        .header("authorization", worker.basic())
        .body(encode([GRANT]).into());
    check_error(&world.send(request.unwrap()).await, 400, "invalid_request");
    // Naming itself once more is no second method, naming another is a contradiction.
    assert_eq!(world.ask(&worker, &[id]).await.status, 200);
    check_error(&world.ask(&worker, &[("client_id", "client_x")]).await, 400, "invalid_request");
}

#[tokio::test]
async fn credentials_in_the_query_are_not_read() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let post = world.client_with("post", &[&orders], |request| request.authentication = Some("client_secret_post".to_owned())).await;
    let query = encode([GRANT, ("client_id", &post.id), ("client_secret", &post.secret)]);
    check_error(&world.post(&format!("/oauth/token?{query}"), None, "grant_type=client_credentials").await, 401, "invalid_client");
}

#[tokio::test]
async fn a_secret_expires() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.advance(180 * 86_400 - 1);
    assert_eq!(with_basic(&world, &worker).await, 200);
    world.advance(1);
    assert_eq!(with_basic(&world, &worker).await, 401);
    let world = world.reopen().await;
    assert_eq!(with_basic(&world, &worker).await, 401);
}

#[tokio::test]
async fn a_secret_is_replaced_without_a_gap() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let request = CreateSecret { overlap_seconds: Some(3_600), ..CreateSecret::default() };
    let created = world.service().create_client_secret(&worker.id, request, &administrator(), &world.moment()).await.unwrap();
    let renewed = worker.with_secret(created.clear.0.expose());
    let world = world.reopen().await;
    for (after, old, new) in [(0, 200, 200), (3_599, 200, 200), (1, 401, 200)] {
        world.advance(after);
        assert_eq!((with_basic(&world, &worker).await, with_basic(&world, &renewed).await), (old, new), "{after}");
    }
    let id = created.secret.id.to_string();
    world.service().revoke_client_secret((&worker.id, &id), Why::Unspecified, &administrator(), &world.moment()).await.unwrap();
    assert_eq!(with_basic(&world, &renewed).await, 401);
    assert_eq!(with_basic(&world.reopen().await, &renewed).await, 401);
}

#[tokio::test]
async fn there_are_two_live_secrets_at_most_also_in_a_race() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let moments: Vec<_> = (0..5).map(|_| world.moment()).collect();
    let actor = administrator();
    let tries = moments.iter().map(|moment| world.service().create_client_secret(&worker.id, CreateSecret::default(), &actor, moment));
    let made = futures_util::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(made, 1);
}
