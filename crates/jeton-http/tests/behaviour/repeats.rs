//! Requests that are sent again under one `Idempotency-Key`: one thing is made, and each is told the same, with the same secret.

use futures_util::future::join_all;
use http::Method;
use jeton_http::api::{ROUTES, Repeats, Verb};
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use serde_json::{Value, json};

use crate::at_rest::{holds, stored};

const API: &str = "https://a.example";
const OPAQUE: &str = "https://opaque.example";

/// A world with what the requests below stand on; the id of `seven`'s key, and of the client's secret.
async fn furnished() -> (World, String, String) {
    let world = World::new().await;
    let make = async |path: &str, body: Value| world.done(Method::POST, path, Some(body)).await;
    make("/apis", json!({"audience": API, "scopes": {"read": ""}})).await;
    make("/apis", json!({"audience": OPAQUE, "scopes": {"read": ""}, "token_format": "opaque"})).await;
    let client = make("/clients", json!({"name": "shop", "audiences": [API, OPAQUE]})).await;
    let key = make("/keys", json!({"owner": "external:seven", "audience": API, "name": "k"})).await;
    (world, text(&key, "id"), text(&client, "client_secret_id"))
}

fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member}: {answer}")).to_owned()
}

/// Every request that makes something, and the members that hold a secret.
fn requests(key: &str, secret: &str) -> Vec<(String, Value, &'static str)> {
    let path = |path: &str| path.to_owned();
    vec![
        (path("/apis"), json!({"audience": "https://new.example", "signing_alg": "EdDSA"}), ""),
        (path("/clients"), json!({"name": "new", "audiences": [API]}), "client_secret"),
        (path("/clients"), json!({"name": "a second one", "token_endpoint_auth_method": "client_secret_post"}), "client_secret"),
        (path("/clients/shop/secrets"), json!({"overlap_seconds": 86_400}), "client_secret"),
        (path("/users"), json!({"username": "ada"}), ""),
        (path("/groups"), json!({"name": "billing"}), ""),
        (path("/roles"), json!({"name": "clerk", "audience": API, "scope": "read"}), ""),
        (path("/keys"), json!({"owner": "client:shop", "audience": API, "name": "new"}), "key"),
        (format!("/keys/{key}/rotate"), json!({"overlap_seconds": 3_600}), "key"),
        (
            path("/keys/import"),
            json!({"audience": API, "keys": [
                {"sha256": "00".repeat(32), "owner": "external:eight", "name": "old"},
                {"sha256": "00".repeat(32), "owner": "external:eight", "name": "the same"},
                {"sha256": "x", "owner": "external:eight", "name": "wrong"},
            ]}),
            "",
        ),
        (path("/imports/users"), json!({"users": [{"username": "grace"}, {"username": "Grace"}, {"username": "a b"}]}), ""),
        (path("/administrators"), json!({"username": "eve", "role": "auditor"}), "key"),
        (path("/signing-keys/rotate"), json!({"alg": "ES256", "force": true}), ""),
        (path("/tokens"), json!({"client": "shop", "resource": OPAQUE}), "access_token"),
        (path("/tokens"), json!({"client": "shop", "resource": API}), ""),
        (
            path("/policies/exceptions"),
            json!({"client": "shop", "secret": secret, "owner": "ops", "reason": "a fixture", "ends_at": "2028-02-01T00:00:00Z"}),
            "",
        ),
    ]
}

/// What is compared: all of an answer but what a JWT that is signed anew, and a token that has grown older, say.
fn comparable(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    if body["access_token"].as_str().is_some_and(|token| token.starts_with("eyJ")) {
        body["access_token"] = json!("a JWT");
    }
    if body.get("expires_in").is_some() {
        body["expires_in"] = json!("less and less");
    }
    (answer.status, body)
}

async fn send(world: &World, key: &str, path: &str, body: &Value) -> Answer {
    world.administer_once(key, Method::POST, path, Some(body.clone())).await
}

#[tokio::test]
async fn the_repeat_is_told_the_same_also_after_a_restart() {
    let (mut world, key, secret) = furnished().await;
    for (number, (path, body, member)) in requests(&key, &secret).into_iter().enumerate() {
        let name = format!("request-{number}");
        let first = send(&world, &name, &path, &body).await;
        assert!((200..300).contains(&first.status), "{path}: {}", first.shown());
        let size = world.ledger_size();
        world.advance(60);
        assert_eq!(comparable(&send(&world, &name, &path, &body).await), comparable(&first), "{path} {body}");
        world = world.reopen().await;
        let again = send(&world, &name, &path, &body).await;
        assert_eq!(comparable(&again), comparable(&first), "{path} {body} after a restart");
        assert_eq!(world.ledger_size(), size, "{path} {body}: the repeat wrote something");
        if !member.is_empty() {
            assert!(first.member(member).as_str().is_some_and(|text| text.starts_with("jtn_")), "{}", first.shown());
        }
    }
}

#[tokio::test]
async fn the_secret_that_is_told_again_is_the_one_that_is_accepted() {
    let (world, key, _) = furnished().await;
    let verified = async |text: &Value| world.done(Method::POST, "/keys/verify", Some(json!({"key": text}))).await["code"].clone();
    for (path, body) in [
        ("/keys".to_owned(), json!({"owner": "external:x", "audience": API, "name": "k"})),
        (format!("/keys/{key}/rotate"), json!({"overlap_seconds": 0})),
    ] {
        let first = send(&world, "a", &path, &body).await;
        let again = send(&world, "a", &path, &body).await;
        assert_eq!((verified(&again.member("key")).await, again.member("key")), (json!("valid"), first.member("key")), "{path}");
        let other = send(&world, "b", "/keys", &json!({"owner": "external:x", "audience": API, "name": "k"})).await;
        assert_ne!(other.member("key"), first.member("key"));
    }
    let opaque = json!({"client": "shop", "resource": OPAQUE});
    send(&world, "a", "/tokens", &opaque).await;
    let token = send(&world, "a", "/tokens", &opaque).await.member("access_token");
    assert_eq!(world.done(Method::POST, "/tokens/introspect", Some(json!({"token": token}))).await["active"], true);
    let client = json!({"name": "worker", "audiences": [API], "token_endpoint_auth_method": "client_secret_post"});
    send(&world, "a", "/clients", &client).await;
    let told = send(&world, "a", "/clients", &client).await.json();
    let form =
        format!("grant_type=client_credentials&client_id={}&client_secret={}", text(&told, "client_id"), text(&told, "client_secret"));
    let issued = world.post("/oauth/token", None, form).await;
    assert_eq!(issued.status, 200, "{}", issued.shown());
}

#[tokio::test]
async fn of_thirty_two_at_once_one_makes_it() {
    let (world, key, secret) = furnished().await;
    for (number, (path, body, _)) in requests(&key, &secret).into_iter().enumerate() {
        let name = format!("request-{number}");
        let answers = join_all((0..32).map(|_| send(&world, &name, &path, &body))).await;
        let first = comparable(&answers[0]);
        assert!((200..300).contains(&first.0), "{path}: {}", answers[0].shown());
        for answer in &answers {
            assert_eq!(comparable(answer), first, "{path} {body}");
        }
    }
    let count = async |path: &str| world.done(Method::GET, path, None).await["items"].as_array().unwrap().len();
    assert_eq!((count("/apis").await, count("/clients").await, count("/users").await, count("/groups").await), (3, 3, 3, 1));
    assert_eq!((count("/keys").await, count("/clients/shop/secrets").await, count("/policies/exceptions").await), (4, 2, 1));
    assert_eq!(world.tokens_issued(), 2);
}

#[tokio::test]
async fn another_body_another_actor_another_route() {
    let (world, ..) = furnished().await;
    let (body, other) = (json!({"name": "one"}), json!({"name": "two"}));
    let first = send(&world, "k", "/groups", &body).await;
    let mismatch = send(&world, "k", "/groups", &other).await;
    assert_eq!((mismatch.status, mismatch.member("code")), (422, json!("idempotency_mismatch")), "{}", mismatch.shown());
    assert!(mismatch.member("hint").as_str().unwrap().contains("of its own"));
    assert_eq!(mismatch.header("content-type"), "application/problem+json");
    // Root is another actor: the name is taken, and nothing of what somebody else made is told.
    let root = world.administer_as(0, &[("idempotency-key", "k")], Method::POST, "/groups", Some(body.clone())).await;
    assert_eq!((root.status, root.member("code")), (409, json!("conflict")), "{}", root.shown());
    let root = world.administer_as(0, &[("idempotency-key", "k")], Method::POST, "/groups", Some(other)).await;
    assert_eq!(root.status, 201, "{}", root.shown());
    let user = send(&world, "k", "/users", &json!({"username": "one"})).await;
    assert_eq!(user.status, 201, "{}", user.shown());
    assert_eq!(comparable(&send(&world, "k", "/groups", &body).await), comparable(&first));
}

#[tokio::test]
async fn a_day_later_it_is_another_request() {
    let (world, ..) = furnished().await;
    let body = json!({"owner": "external:x", "audience": API, "name": "k"});
    let first = send(&world, "k", "/keys", &body).await;
    world.advance(86_399);
    assert_eq!(send(&world, "k", "/keys", &body).await.member("key"), first.member("key"));
    world.advance(1);
    let next = send(&world, "k", "/keys", &body).await;
    assert_eq!(next.status, 201);
    assert_ne!((next.member("id"), next.member("key")), (first.member("id"), first.member("key")));
    assert_eq!(send(&world, "k", "/keys", &body).await.member("key"), next.member("key"));
    // Also where the rows of before have left.
    world.advance(3 * 86_400);
    let later = send(&world, "k", "/keys", &body).await;
    assert_ne!(later.member("id"), next.member("id"));
    let answers = join_all((0..8).map(|_| send(&world, "k", "/keys", &body))).await;
    assert!(answers.iter().all(|answer| answer.member("id") == later.member("id")));
}

#[tokio::test]
async fn what_was_refused_is_decided_again() {
    let (world, ..) = furnished().await;
    let body = json!({"owner": "client:later", "audience": API, "name": "k"});
    assert_eq!(send(&world, "k", "/keys", &body).await.status, 404);
    world.done(Method::POST, "/clients", Some(json!({"name": "later", "audiences": [API]}))).await;
    assert_eq!(send(&world, "k", "/keys", &body).await.status, 201);
}

#[tokio::test]
async fn what_is_gone_or_replaced_is_not_told_again() {
    let (world, key, _) = furnished().await;
    let gone = async |name: &str, path: &str, body: &Value| {
        let answer = send(&world, name, path, body).await;
        assert_eq!((answer.status, answer.member("code")), (409, json!("conflict")), "{path}: {}", answer.shown());
        assert!(answer.text().contains("another `Idempotency-Key`"), "{}", answer.shown());
    };
    let group = json!({"name": "one"});
    send(&world, "k", "/groups", &group).await;
    world.done(Method::DELETE, "/groups/one", None).await;
    gone("k", "/groups", &group).await;
    let rotate = format!("/keys/{key}/rotate");
    let rotation = json!({"overlap_seconds": 0});
    let first = send(&world, "k", &rotate, &rotation).await;
    world.advance(1);
    send(&world, "l", &rotate, &rotation).await;
    assert_eq!(send(&world, "k", &rotate, &rotation).await.member("key"), first.member("key"), "the secret before is known still");
    world.advance(1);
    send(&world, "m", &rotate, &rotation).await;
    gone("k", &rotate, &rotation).await;
    for resource in [API, OPAQUE] {
        let body = json!({"client": "shop", "resource": resource});
        let token = send(&world, resource, "/tokens", &body).await;
        world.done(Method::POST, "/revocations", Some(json!({"id": token.member("id")}))).await;
        gone(resource, "/tokens", &body).await;
    }
}

#[tokio::test]
async fn names_of_requests() {
    let (world, ..) = furnished().await;
    let longest = "x".repeat(128);
    for (number, name) in ["a", "~", "018f-6b", &longest].into_iter().enumerate() {
        let answer = send(&world, name, "/groups", &json!({"name": format!("g{number}")})).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.shown());
    }
    let too_long = "x".repeat(129);
    for name in ["", "a b", "\u{e9}", "\u{202e}a", &too_long, &"x".repeat(20_000)] {
        let answer = send(&world, name, "/groups", &json!({"name": "never"})).await;
        assert_eq!((answer.status, answer.member("code")), (400, json!("invalid_request")), "{name}: {}", answer.shown());
        assert!(answer.text().contains("1 to 128 visible ASCII"), "{}", answer.shown());
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let answer = world.administer_as(1000, &twice, Method::POST, "/groups", Some(json!({"name": "never"}))).await;
    assert_eq!(answer.status, 400, "{}", answer.shown());
    // What only reads, or is the same however often it is done, does not ask for it.
    let answer = world.administer_once("a b", Method::GET, "/groups", None).await;
    assert_eq!((answer.status, answer.json()["items"].as_array().unwrap().len()), (200, 4), "{}", answer.shown());
}

/// Whoever reads the store finds nothing that a caller was told in secret.
#[tokio::test]
async fn nothing_clear_is_kept() {
    let (world, key, secret) = furnished().await;
    let mut told = vec![];
    for (number, (path, body, member)) in requests(&key, &secret).into_iter().enumerate() {
        let answer = send(&world, &format!("request-{number}"), &path, &body).await;
        if !member.is_empty() {
            told.push(answer.member(member).as_str().unwrap().to_owned());
        }
    }
    assert_eq!(told.len(), 7);
    let values = stored(&world);
    for secret in told {
        assert!(!holds(&values, secret.rsplit('_').next().unwrap().as_bytes()), "{secret}");
    }
}

/// The table says which requests take it, and these do.
#[tokio::test]
async fn each_row_takes_it_where_the_table_says_so() {
    let (world, ..) = furnished().await;
    let mut taken = 0;
    for row in ROUTES.iter().copied().flatten().filter(|row| row.method == Verb::Post) {
        let path: String = row.path.split('/').map(|part| if part.starts_with('{') { "none" } else { part }).collect::<Vec<_>>().join("/");
        let answer = world.administer_once("a b", Method::POST, &path, row.about.takes.map(|_| json!({"none": 1}))).await;
        let is_taken = answer.text().contains("1 to 128 visible ASCII");
        assert_eq!(is_taken, row.repeats == Repeats::Remembered, "{path}: {}", answer.shown());
        taken += usize::from(is_taken);
    }
    assert_eq!(taken, 16);
}
