//! A person who is disabled: the answer says by kind what fell, and from it on nothing of theirs is accepted, also once they are enabled again.

use http::Method;
use jeton_testkit::World;
use jeton_testkit::world::browser::Browser;
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::errors::check_error;

const ORDERS: &str = "https://orders.example";

/// Ada, who is signed in in a browser and in two that got codes, of which one was exchanged; with a personal access token. Bob has as much.
struct Signed<'w> {
    browser: Browser<'w>,
    code: String,
    access: String,
    refresh: String,
    key: Value,
}

async fn world() -> (World, Registered, Registered) {
    let world = World::new().await;
    let orders = world.opaque_api("orders").await;
    for name in ["ada", "bob"] {
        world.person(name).await;
        world.allow(name, &orders, "orders:read").await;
    }
    let (shop, gateway) = (world.application("shop", &[&orders]).await, world.client("gateway", &[&orders]).await);
    (world, shop, gateway)
}

async fn signed<'w>(world: &'w World, shop: &Registered, name: &str) -> Signed<'w> {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", name), ("password", PASSWORD)]).await.page();
    let address = asking(shop, "shop", &[("scope", "openid offline_access orders:read")]);
    let answer = world.exchange(shop, &world.code_for(name, &address).await).await;
    let text = |member: &str| answer.member(member).as_str().expect("a token").to_owned();
    let code = world.code_for(name, &address).await;
    let key = world.make_key(&format!("user:{name}"), ORDERS, json!({"scope": "orders:read"})).await["key"].clone();
    Signed { browser, code, access: text("access_token"), refresh: text("refresh_token"), key }
}

/// How many of these are accepted: browser, access token, personal access token. The code and the refresh token are tried by whoever asks.
async fn accepted(world: &World, gateway: &Registered, signed: &mut Signed<'_>) -> [bool; 4] {
    [
        signed.browser.open("/account").await.page().address == "/account",
        world.is_active(gateway, &signed.access).await,
        world.userinfo(&signed.access).await.status == 200,
        world.done(Method::POST, "/keys/verify", Some(json!({"key": signed.key}))).await["valid"] == true,
    ]
}

async fn disable(world: &World, body: Value) -> Value {
    world.done(Method::POST, "/users/ada/disable", Some(body)).await
}

fn everything(answer: &Value) -> bool {
    let fell = json!({
        "sessions": 3, "authorization_codes": 1, "refresh_tokens": 1, "access_tokens": 1, "personal_access_tokens": 1, "keys": 0,
        "client_secrets": 0,
    });
    answer["fell"] == fell
}

#[tokio::test]
async fn disabling_counts_what_falls_and_nothing_of_it_comes_back() {
    let (world, shop, gateway) = world().await;
    let (mut ada, mut bob) = (signed(&world, &shop, "ada").await, signed(&world, &shop, "bob").await);
    let would = disable(&world, json!({"dry_run": true})).await;
    assert!(everything(&would) && would["dry_run"] == true && would["state"] == "active", "{would}");
    assert_eq!(accepted(&world, &gateway, &mut ada).await, [true; 4], "it only looked");
    let done = disable(&world, json!({"why": "owner_left"})).await;
    assert!(everything(&done) && done["dry_run"] == false && done["state"] == "disabled", "{done}");
    for step in ["disabled", "enabled", "enabled, and later"] {
        assert_eq!(accepted(&world, &gateway, &mut ada).await, [false; 4], "{step}");
        check_error(&world.exchange(&shop, &ada.code).await, 400, "invalid_grant");
        check_error(&world.refresh(&shop, &ada.refresh).await, 400, "invalid_grant");
        match step {
            "disabled" => drop(world.done(Method::POST, "/users/ada/enable", Some(json!({}))).await),
            _ => world.advance(2),
        }
    }
    assert_eq!(accepted(&world, &gateway, &mut bob).await, [true; 4], "bob has nothing to do with it");
    assert_eq!(world.exchange(&shop, &bob.code).await.status, 200);
    assert_eq!(world.refresh(&shop, &bob.refresh).await.status, 200);
    // She begins anew.
    let mut again = signed(&world, &shop, "ada").await;
    assert_eq!(accepted(&world, &gateway, &mut again).await, [true; 4]);
}

#[tokio::test]
async fn of_somebody_who_is_disabled_already_nothing_falls() {
    let (world, shop, _) = world().await;
    signed(&world, &shop, "ada").await;
    assert!(everything(&disable(&world, json!({})).await));
    for body in [json!({}), json!({"dry_run": true})] {
        let answer = disable(&world, body).await;
        let counts: Vec<&Value> = answer["fell"].as_object().unwrap().values().collect();
        assert_eq!(counts, [0; 7], "{answer}");
    }
    let answer = world.administer(Method::POST, "/users/nobody/disable", Some(json!({}))).await;
    assert_eq!(answer.status, 404, "{}", answer.shown());
}

#[tokio::test]
async fn a_revocation_of_a_person_counts_the_same() {
    let (world, shop, _) = world().await;
    signed(&world, &shop, "ada").await;
    signed(&world, &shop, "bob").await;
    let revoke = async |body: Value| world.done(Method::POST, "/revocations", Some(body)).await;
    assert!(everything(&revoke(json!({"user": "ada", "dry_run": true})).await));
    let suspended = world.done(Method::POST, "/suspensions", Some(json!({"user": "ada"}))).await;
    assert!(everything(&json!({"fell": suspended["suspended"]})), "{suspended}");
    world.done(Method::POST, "/resumptions", Some(json!({"user": "ada"}))).await;
    assert!(everything(&revoke(json!({"user": "ada"})).await));
    let left = revoke(json!({"client": "shop", "dry_run": true})).await;
    assert_eq!((&left["fell"]["refresh_tokens"], &left["fell"]["authorization_codes"]), (&json!(1), &json!(1)), "bob's: {left}");
}

#[tokio::test]
async fn a_session_and_a_grant_are_revoked_by_their_ids() {
    let (world, shop, gateway) = world().await;
    let mut ada = signed(&world, &shop, "ada").await;
    let first = async |path: &str| world.done(Method::GET, path, None).await["items"][0]["id"].clone();
    let (grant, session) =
        (first("/grants?user=ada").await, world.done(Method::GET, "/sessions?user=ada", None).await["items"][2]["id"].clone());
    let revoke = async |body: Value| world.done(Method::POST, "/revocations", Some(body)).await["fell"].clone();
    let suspended = world.done(Method::POST, "/suspensions", Some(json!({"session": session}))).await;
    assert_eq!(suspended["suspended"]["sessions"], 1, "{suspended}");
    assert!(!accepted(&world, &gateway, &mut ada).await[0], "the first one");
    world.done(Method::POST, "/resumptions", Some(json!({"session": session}))).await;
    assert!(accepted(&world, &gateway, &mut ada).await[0]);
    let fell = revoke(json!({"session": session})).await;
    assert_eq!((&fell["sessions"], &fell["refresh_tokens"]), (&json!(1), &json!(0)), "{fell}");
    let fell = revoke(json!({"family": grant})).await;
    assert_eq!((&fell["refresh_tokens"], &fell["access_tokens"], &fell["sessions"]), (&json!(1), &json!(1), &json!(0)), "{fell}");
    assert_eq!(accepted(&world, &gateway, &mut ada).await, [false, false, false, true]);
    check_error(&world.refresh(&shop, &ada.refresh).await, 400, "invalid_grant");
}
