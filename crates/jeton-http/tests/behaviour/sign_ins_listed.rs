//! Who is signed in and what they let applications do, as administrators see it; one ended, and everything of somebody at once.

use http::Method;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser};
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::errors::check_error;

const IN_SESSION: &str = "openid orders:read";
const OFFLINE: &str = "openid offline_access orders:read";

/// A world with an API, two people who may read there, and an application.
async fn world() -> (World, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    for name in ["ada", "bob"] {
        world.person(name).await;
        world.allow(name, &orders, "orders:read").await;
    }
    let shop = world.application("shop", &[&orders]).await;
    (world, shop)
}

/// Somebody who signs in with a browser that is at this address.
async fn signed_in<'w>(world: &'w World, name: &str, address: &str) -> Browser<'w> {
    let mut browser = world.browser();
    browser.address = Some(address.parse().unwrap());
    let page = browser.open("/signin").await.page();
    let page = browser.submit(&page, "/signin", None, &[("username", name), ("password", PASSWORD)]).await.page();
    assert_eq!(page.address, "/account");
    browser
}

/// The refresh token that an application gets from somebody who is signed in there.
async fn grant(world: &World, browser: &mut Browser<'_>, shop: &Registered, scope: &str) -> String {
    let code = match browser.open(&asking(shop, "shop", &[("scope", scope)])).await {
        Arrived::Page(consent) => browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await,
        away @ Arrived::Away(_) => away,
    };
    world.exchange(shop, &code.parameter("code")).await.member("refresh_token").as_str().expect("a refresh token").to_owned()
}

async fn list(world: &World, path: &str) -> Vec<Value> {
    world.done(Method::GET, path, None).await["items"].as_array().unwrap().clone()
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.open("/account").await.page().address == "/account"
}

fn told(world: &World, kind: &str) -> Vec<Value> {
    let entries = world.service().store().tail(0, 10_000).unwrap().into_iter().filter(|entry| entry.kind == kind);
    entries.map(|entry| serde_json::from_slice(&entry.content.unwrap().payload).unwrap()).collect()
}

#[tokio::test]
async fn sessions_are_listed_and_one_of_them_is_ended() {
    let (world, shop) = world().await;
    let mut laptop = signed_in(&world, "ada", "192.0.2.7").await;
    let began = world.now();
    let in_session = grant(&world, &mut laptop, &shop, IN_SESSION).await;
    let offline = grant(&world, &mut laptop, &shop, OFFLINE).await;
    world.advance(60);
    let mut phone = signed_in(&world, "ada", "198.51.100.9").await;
    signed_in(&world, "bob", "203.0.113.5").await;
    assert_eq!(list(&world, "/sessions").await.len(), 3);
    let of_ada = list(&world, "/sessions?user=ada").await;
    let networks: Vec<&Value> = of_ada.iter().map(|session| &session["network"]).collect();
    assert_eq!(networks, ["198.51.100.0/24", "192.0.2.0/24"], "the newest first");
    world.advance(600);
    assert!(is_signed_in(&mut laptop).await);
    let seen = list(&world, "/sessions?user=ada").await[1].clone();
    let time = |seconds: i64| json!(jeton_http::api::rfc3339::format(seconds));
    let person = world.service().find_user("ada").unwrap().record.id.to_string();
    for (name, expected) in [
        ("user_id", json!(person)),
        ("username", json!("ada")),
        ("state", json!("active")),
        ("created_at", time(began)),
        ("authenticated_at", time(began)),
        ("acr", json!("urn:jeton:1fa")),
        ("last_seen_at", time(world.now())),
        ("agent", json!("Firefox/140")),
    ] {
        assert_eq!(seen[name], expected, "{name}: {seen}");
    }
    let id = seen["id"].as_str().unwrap();
    let ended = world.done(Method::DELETE, &format!("/sessions/{id}"), Some(json!({"why": "a laptop lost"}))).await;
    assert_eq!(ended, json!({"id": id, "grants": 1}));
    assert!(!is_signed_in(&mut laptop).await && is_signed_in(&mut phone).await);
    check_error(&world.refresh(&shop, &in_session).await, 400, "invalid_grant");
    assert_eq!(world.refresh(&shop, &offline).await.status, 200, "it outlives the session");
    assert_eq!(list(&world, "/sessions?user=ada").await.len(), 1);
    let ends = told(&world, "session.ended");
    assert_eq!((ends.len(), &ends[0]["actor"], &ends[0]["session"]), (1, &json!("unix:1000"), &json!(id)));
    assert!(told(&world, "tokens.cut_off").iter().any(|cut_off| cut_off["name"] == id && cut_off["why"] == "a laptop lost"));
    for id in [id, "no-session", &"0".repeat(32)] {
        let answer = world.administer(Method::DELETE, &format!("/sessions/{id}"), None).await;
        assert_eq!((answer.status, answer.member("code")), (404, json!("not_found")), "{}", answer.shown());
    }
    let nobody = world.administer(Method::GET, "/sessions?user=nobody", None).await;
    assert_eq!(nobody.status, 404, "{}", nobody.shown());
}

#[tokio::test]
async fn sessions_that_are_over_are_not_listed() {
    let (world, _) = world().await;
    signed_in(&world, "ada", "192.0.2.7").await;
    let states = async || list(&world, "/sessions").await.iter().map(|session| session["state"].clone()).collect::<Vec<_>>();
    world.done(Method::POST, "/suspensions", Some(json!({"user": "ada"}))).await;
    assert_eq!(states().await, [json!("suspended")]);
    world.done(Method::POST, "/resumptions", Some(json!({"user": "ada"}))).await;
    world.advance(29 * 86_400);
    assert_eq!(states().await, [json!("active")], "nobody knows whether its browser was here before the server began");
    world.advance(86_400);
    assert!(states().await.is_empty());
}

#[tokio::test]
async fn grants_are_listed_by_person_and_client_and_one_of_them_is_ended() {
    let (world, shop) = world().await;
    let orders = world.service().find_api("https://orders.example").unwrap();
    let other = world.application("other", &[&orders.record]).await;
    let mut laptop = signed_in(&world, "ada", "192.0.2.7").await;
    let began = world.now();
    let refresh = grant(&world, &mut laptop, &shop, OFFLINE).await;
    let code = laptop.open(&asking(&other, "other", &[("scope", IN_SESSION)])).await.page();
    let code = laptop.submit(&code, "/oauth/authorize", Some("allow"), &[]).await.parameter("code");
    assert_eq!(world.exchange(&other, &code).await.status, 200);
    grant(&world, &mut signed_in(&world, "bob", "203.0.113.5").await, &shop, IN_SESSION).await;
    world.advance(100);
    let refreshed = world.refresh(&shop, &refresh).await;
    let (access, refresh) = (refreshed.member("access_token"), refreshed.member("refresh_token"));
    let named = async |path: &str| {
        let found = list(&world, path).await;
        let mut pairs: Vec<String> =
            found.iter().map(|grant| format!("{} {}", grant["username"], grant["client_name"]).replace('"', "")).collect();
        pairs.sort();
        pairs
    };
    assert_eq!(named("/grants").await, ["ada other", "ada shop", "bob shop"]);
    assert_eq!(named("/grants?user=ada").await, ["ada other", "ada shop"]);
    assert_eq!(named("/grants?client=shop").await, ["ada shop", "bob shop"]);
    assert_eq!(named("/grants?client=other&user=bob").await, Vec::<String>::new());
    let shown = list(&world, "/grants?user=ada&client=shop").await[0].clone();
    let time = |seconds: i64| json!(jeton_http::api::rfc3339::format(seconds));
    for (name, expected) in [
        ("client_id", json!(shop.id)),
        ("state", json!("active")),
        ("identity", json!("openid offline_access")),
        ("access", json!([{"audience": "https://orders.example", "scope": "orders:read"}])),
        ("session", Value::Null),
        ("created_at", time(began)),
        ("refreshes", json!(1)),
        ("last_refreshed_at", time(world.now())),
        ("expires_at", time(world.now() + 30 * 86_400)),
    ] {
        assert_eq!(shown[name], expected, "{name}: {shown}");
    }
    assert!(list(&world, "/grants?client=other").await[0]["session"].is_string(), "it ends with the session");
    let path = format!("/grants/{}", shown["id"].as_str().unwrap());
    let ended = world.done(Method::DELETE, &path, Some(json!({"why": "leaked"}))).await;
    assert_eq!(ended, json!({"id": shown["id"], "ended": true}));
    assert_eq!(world.done(Method::DELETE, &path, None).await["ended"], false, "it had ended");
    check_error(&world.refresh(&shop, refresh.as_str().unwrap()).await, 400, "invalid_grant");
    assert_eq!(world.userinfo(access.as_str().unwrap()).await.status, 401);
    assert_eq!(named("/grants?user=ada").await, ["ada other"]);
    let ends = told(&world, "grant.ended");
    assert_eq!((ends.len(), &ends[0]["actor"], &ends[0]["why"]), (1, &json!("unix:1000"), &json!("leaked")));
    for id in ["no-grant", &"0".repeat(32)] {
        assert_eq!(world.administer(Method::DELETE, &format!("/grants/{id}"), None).await.status, 404);
    }
}

#[tokio::test]
async fn everything_of_somebody_ends_at_once() {
    let (world, shop) = world().await;
    let (mut laptop, mut phone) = (signed_in(&world, "ada", "192.0.2.7").await, signed_in(&world, "ada", "198.51.100.9").await);
    let mut bobs = signed_in(&world, "bob", "203.0.113.5").await;
    let (of_laptop, of_phone) = (grant(&world, &mut laptop, &shop, IN_SESSION).await, grant(&world, &mut phone, &shop, OFFLINE).await);
    let of_bob = grant(&world, &mut bobs, &shop, OFFLINE).await;
    let key = world.make_key("user:ada", "https://orders.example", json!({"scope": "orders:read"})).await;
    world.done(Method::POST, "/revocations", Some(json!({"user": "ada"}))).await;
    assert!(!is_signed_in(&mut laptop).await && !is_signed_in(&mut phone).await && is_signed_in(&mut bobs).await);
    for refresh in [&of_laptop, &of_phone] {
        check_error(&world.refresh(&shop, refresh).await, 400, "invalid_grant");
    }
    assert_eq!(world.refresh(&shop, &of_bob).await.status, 200);
    assert_eq!(world.done(Method::POST, "/keys/verify", Some(json!({"key": key["key"]}))).await["valid"], false);
    assert!(list(&world, "/sessions?user=ada").await.is_empty() && list(&world, "/grants?user=ada").await.is_empty());
    // Who proves anew who they are is signed in.
    world.advance(2);
    let mut again = signed_in(&world, "ada", "192.0.2.7").await;
    grant(&world, &mut again, &shop, OFFLINE).await;
    assert_eq!((list(&world, "/sessions?user=ada").await.len(), list(&world, "/grants?user=ada").await.len()), (1, 1));
}
