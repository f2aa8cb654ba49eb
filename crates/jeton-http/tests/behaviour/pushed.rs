//! Requests that are handed in first (RFC 9126): what stands for one is its client's, good once and for a while, and nothing beside it counts.

use axum::body::Body;
use http::Request;
use jeton_oauth::form::{self, Form};
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::people::{CHALLENGE, PASSWORD, asking};
use jeton_testkit::world::registered::Registered;

use crate::errors::check_error;

const CALLBACK: &str = "https://shop.example/callback";

/// What an application asks for, with more parameters, or others: an empty one is left out.
fn asked<'a>(uri: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut parameters = vec![
        ("response_type", "code"),
        ("redirect_uri", uri),
        ("scope", "openid"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    parameters.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    parameters
}

async fn push(world: &World, client: &Registered, more: &[(&str, &str)]) -> Answer {
    world.post_as(client, "/oauth/par", &asked(CALLBACK, more)).await
}

/// The address that people are sent to with it.
fn address(client: &Registered, answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.shown());
    let request_uri = answer.member("request_uri");
    format!("/oauth/authorize?{}", form::encode([("client_id", client.id.as_str()), ("request_uri", request_uri.as_str().unwrap())]))
}

fn parameter(location: &str, name: &str) -> Option<String> {
    Form::parse(location.split_once('?')?.1.as_bytes()).ok()?.get(name).map(str::to_owned)
}

#[track_caller]
fn is_page(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.shown());
    assert!(answer.headers.get("location").is_none(), "{}", answer.shown());
    assert!(answer.text().contains("<h1>This link was used already</h1>"), "{}", answer.text());
}

#[tokio::test]
async fn somebody_is_sent_with_what_stands_for_it() {
    let world = World::new().await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let answer = push(&world, &shop, &[]).await;
    assert_eq!((answer.status, answer.member("expires_in").as_i64()), (201, Some(90)), "{}", answer.shown());
    assert_eq!(answer.header("cache-control"), "no-store");
    let request_uri = answer.member("request_uri").as_str().unwrap().to_owned();
    assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:") && request_uri.len() == 34 + 43, "{request_uri}");
    // What stands beside it is not looked at.
    let beside = "&redirect_uri=https%3A%2F%2Fevil.example%2F&scope=openid+email&state=other&response_type=token&prompt=none";
    let mut browser = world.browser();
    let page = browser.open(&format!("{}{beside}", address(&shop, &answer))).await.page();
    let consent = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    let location = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.away();
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state"));
    let tokens = world.exchange(&shop, &parameter(&location, "code").unwrap()).await;
    assert_eq!((tokens.status, tokens.member("scope").as_str()), (200, Some("openid")), "{}", tokens.shown());
}

#[tokio::test]
async fn it_is_good_once_for_its_client_and_for_a_while() {
    let world = World::new().await;
    let shop = world.application("shop", &[]).await;
    let other = world.application("other", &[]).await;
    let begun = push(&world, &shop, &[]).await;
    // Another client's try burns nothing.
    is_page(&world.get(&address(&shop, &begun).replace(shop.id.as_str(), other.id.as_str())).await);
    let first = world.get(&address(&shop, &begun)).await;
    assert_eq!(first.status, 303, "{}", first.shown());
    assert!(first.header("location").contains("/oauth/authorize?flow="), "{}", first.shown());
    is_page(&world.get(&address(&shop, &begun)).await);
    // Two at once begin one.
    let raced = address(&shop, &push(&world, &shop, &[]).await);
    let (one, two) = tokio::join!(world.get(&raced), world.get(&raced));
    let mut both = [one.status, two.status];
    both.sort_unstable();
    assert_eq!(both, [303, 400]);
    for (seconds, is_good) in [(89, true), (90, false)] {
        let begun = push(&world, &shop, &[]).await;
        world.advance(seconds);
        assert_eq!(world.get(&address(&shop, &begun)).await.status == 303, is_good, "{seconds}");
    }
    for made_up in ["", "x", &"x".repeat(43), &"\u{202e}".repeat(43)] {
        let uri = format!("urn:ietf:params:oauth:request_uri:{made_up}");
        is_page(&world.get(&format!("/oauth/authorize?{}", form::encode([("client_id", shop.id.as_str()), ("request_uri", &uri)]))).await);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_to_the_client_at_once() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.application("shop", &[&orders]).await;
    let worker = world.client("worker", &[&orders]).await;
    let long = "s".repeat(2_600);
    for (more, status, expected) in [
        (&[("redirect_uri", "https://evil.example/callback")][..], 400, "invalid_request"),
        (&[("response_type", "")], 400, "invalid_request"),
        (&[("response_type", "token")], 400, "unsupported_response_type"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], 400, "invalid_request"),
        (&[("code_challenge_method", "plain")], 400, "invalid_request"),
        (&[("scope", "openid unknown")], 400, "invalid_scope"),
        (&[("resource", "https://nowhere.example")], 400, "invalid_target"),
        (&[("request", "a.b.c")], 400, "request_not_supported"),
        (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], 400, "invalid_request"),
        (&[("nonce", &long)], 413, "invalid_request"),
    ] {
        let answer = push(&world, &shop, more).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, expected), "{more:?}: {}", answer.shown());
    }
    assert!(push(&world, &shop, &[("client_id", worker.id.as_str())]).await.status >= 400);
    check_error(&push(&world, &worker, &[]).await, 400, "unauthorized_client");
    let body = form::encode(asked(CALLBACK, &[("client_id", shop.id.as_str())]));
    check_error(&world.post("/oauth/par", None, body).await, 401, "invalid_client");
    let twice = format!("{}&scope=openid", form::encode(asked(CALLBACK, &[])));
    check_error(&world.post("/oauth/par", Some(&shop.basic()), twice).await, 400, "invalid_request");
    for method in ["GET", "PUT", "DELETE"] {
        let request = Request::builder().method(method).uri("/oauth/par").body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn a_client_that_has_to_hand_in_is_sent_back_without() {
    let world = World::new().await;
    let shop = world.application_with("shop", &[], |request| request.needs_pushed_requests = true).await;
    let answer = world.get(&asking(&shop, "shop", &[])).await;
    let location = answer.header("location").to_owned();
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(
        (parameter(&location, "error").as_deref(), parameter(&location, "state").as_deref()),
        (Some("invalid_request"), Some("a state"))
    );
    let begun = push(&world, &shop, &[]).await;
    assert_eq!(world.get(&address(&shop, &begun)).await.status, 303);
}

#[tokio::test]
async fn who_cannot_prove_who_it_is_hands_in_too_and_not_without_end() {
    let world = World::new().await;
    let shop = world.application_with("shop", &[], |request| request.authentication = Some("none".to_owned())).await;
    let body = || form::encode(asked(CALLBACK, &[("client_id", shop.id.as_str())]));
    for _ in 0..30 {
        let answer = world.post("/oauth/par", None, body()).await;
        assert_eq!(answer.status, 201, "{}", answer.shown());
    }
    let answer = world.post("/oauth/par", None, body()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "60"), "{}", answer.shown());
    // Whoever proves who it is goes on.
    let other = world.application("other", &[]).await;
    assert_eq!(world.post_as(&other, "/oauth/par", &asked("https://other.example/callback", &[])).await.status, 201);
    world.advance(61);
    assert_eq!(world.post("/oauth/par", None, body()).await.status, 201);
}
