//! What people do with their own account, in a browser without script: sessions, applications, tokens, and what happened. Nobody sees or ends what
//! is another's.

use http::Method;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::errors::check_error;

const ORDERS: &str = "https://orders.example";
/// What would be markup, an entity or the end of an attribute.
const HOSTILE: &str = "<b>\"'&</b>";
const PAGES: [&str; 4] = ["/account/sessions", "/account/applications", "/account/tokens", "/account/activity"];

/// A world with an API, two people who may do things there, and an application with a name that is markup.
async fn world() -> (World, Registered, String) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    for name in ["ada", "bob"] {
        world.person(name).await;
        world.allow(name, &orders, "orders:read orders:write").await;
    }
    let shop = world.application_with("shop", &[&orders], |request| request.contact = Some(HOSTILE.to_owned())).await;
    world.done(Method::PATCH, "/clients/shop", Some(json!({"name": HOSTILE}))).await;
    (world, shop, orders.id.to_string())
}

async fn signed_in<'w>(world: &'w World, name: &str, address: &str) -> Browser<'w> {
    let mut browser = world.browser();
    browser.address = Some(address.parse().unwrap());
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", name), ("password", PASSWORD)]).await.page();
    browser
}

async fn grant(world: &World, browser: &mut Browser<'_>, shop: &Registered) -> (String, String) {
    let address = asking(shop, "shop", &[("scope", "openid offline_access orders:read")]);
    let code = match browser.open(&address).await {
        Arrived::Page(consent) => browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await,
        away @ Arrived::Away(_) => away,
    };
    let answer = world.exchange(shop, &code.parameter("code")).await;
    let text = |member: &str| answer.member(member).as_str().expect("a token").to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn shown(browser: &mut Browser<'_>, path: &str) -> Page {
    let page = browser.open(path).await.page();
    assert_eq!((page.address.as_str(), page.answer.status), (path, 200), "{}", page.answer.shown());
    page
}

/// What stands in the buttons of a page's form.
fn buttons(page: &Page, path: &str, name: &str) -> Vec<String> {
    page.form(path).buttons.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
}

async fn accepts(world: &World, key: &str) -> bool {
    world.done(Method::POST, "/keys/verify", Some(json!({"key": key}))).await["valid"] == true
}

/// The text of a token that somebody makes by the page for an API.
async fn make(browser: &mut Browser<'_>, api: &str, name: &str, days: &str) -> Page {
    let page = browser.open(&format!("/account/tokens/new?api={api}")).await.page();
    assert_eq!(page.heading(), "Make a personal access token");
    let fields = page.form("/account/tokens/new").fields;
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).expect("a field").1.clone();
    let (form, once) = (field("form"), field("once"));
    let body = jeton_oauth::form::encode([
        ("form", form.as_str()),
        ("once", once.as_str()),
        ("name", name),
        ("days", days),
        ("scope:orders:read", "on"),
    ]);
    browser.post(&format!("/account/tokens/new?api={api}"), &body).await.page()
}

fn text_of(page: &Page) -> String {
    let text = page.answer.text();
    let (_, rest) = text.split_once("id=\"text\" type=\"text\" value=\"").unwrap_or_else(|| panic!("no token: {text}"));
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn who_is_not_signed_in_signs_in_first() {
    let (world, ..) = world().await;
    for path in PAGES.into_iter().chain(["/account", "/account/tokens/new"]) {
        assert_eq!(world.browser().open(path).await.page().heading(), "Sign in", "{path}");
    }
}

#[tokio::test]
async fn the_account_leads_to_each_of_its_pages() {
    let (world, ..) = world().await;
    let mut ada = signed_in(&world, "ada", "192.0.2.7").await;
    let text = shown(&mut ada, "/account").await.answer.text();
    for path in PAGES {
        assert!(text.contains(&format!("<a href=\"{path}\">")), "{path}: {text}");
        assert!(shown(&mut ada, path).await.answer.text().contains("<a href=\"/account\">"));
    }
}

#[tokio::test]
async fn somebody_ends_their_sessions_and_nobody_else_s() {
    let (world, shop, _) = world().await;
    let mut laptop = signed_in(&world, "ada", "192.0.2.7").await;
    world.advance(1);
    let mut phone = signed_in(&world, "ada", "198.51.100.9").await;
    world.advance(1);
    let mut tablet = signed_in(&world, "ada", "203.0.113.5").await;
    let mut bobs = signed_in(&world, "bob", "192.0.2.8").await;
    let of_bob = world.done(Method::GET, "/sessions?user=bob", None).await["items"][0]["id"].as_str().unwrap().to_owned();
    let page = shown(&mut laptop, "/account/sessions").await;
    let text = page.answer.text();
    for part in ["This browser", "Firefox 140 in the network 198.51.100.0/24", "203.0.113.0/24", "End all but this one"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let ids = buttons(&page, "/account/sessions", "session");
    assert_eq!(ids.len(), 2, "its own is ended by signing out: {text}");
    assert!(!text.contains(&of_bob), "{text}");
    let is_signed_in = async |browser: &mut Browser<'_>| browser.open("/account").await.page().address == "/account";
    // The newest first: the tablet's.
    laptop.submit(&page, "/account/sessions", Some(&ids[0]), &[]).await.page();
    assert!(!is_signed_in(&mut tablet).await && is_signed_in(&mut phone).await && is_signed_in(&mut laptop).await);
    // Another person's is as unknown, and so is none.
    let field = page.form("/account/sessions").fields.into_iter().find(|(name, _)| name == "form").unwrap().1;
    for id in [of_bob.as_str(), "none", &"0".repeat(32)] {
        let size = world.ledger_size();
        let body = jeton_oauth::form::encode([("form", field.as_str()), ("session", id)]);
        assert_eq!(laptop.post("/account/sessions", &body).await.page().address, "/account/sessions");
        assert_eq!(world.ledger_size(), size, "{id}");
    }
    assert!(is_signed_in(&mut bobs).await);
    let (_, refresh) = grant(&world, &mut phone, &shop).await;
    let page = shown(&mut laptop, "/account/sessions").await;
    let page = laptop.submit(&page, "/account/sessions", Some("all"), &[]).await.page();
    assert!(buttons(&page, "/account/sessions", "others").is_empty() && page.answer.text().contains("This browser"));
    assert!(!is_signed_in(&mut phone).await && is_signed_in(&mut laptop).await && is_signed_in(&mut bobs).await);
    assert_eq!(world.refresh(&shop, &refresh).await.status, 200, "what outlives a session stays");
}

#[tokio::test]
async fn somebody_takes_back_what_an_application_may() {
    let (world, shop, _) = world().await;
    let (mut ada, mut bob) = (signed_in(&world, "ada", "192.0.2.7").await, signed_in(&world, "bob", "192.0.2.8").await);
    let ((access, refresh), (_, of_bob)) = (grant(&world, &mut ada, &shop).await, grant(&world, &mut bob, &shop).await);
    // A code that was not exchanged yet.
    let address = asking(&shop, "shop", &[("scope", "openid offline_access orders:read")]);
    let code = ada.open(&address).await.parameter("code");
    let page = shown(&mut ada, "/account/applications").await;
    let text = page.answer.text();
    for part in ["read orders", "at https://orders.example", "know who you are here", "go on while you are not there", &shop.id] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<b>"), "{text}");
    assert_eq!(buttons(&page, "/account/applications", "client"), std::slice::from_ref(&shop.id), "once, however much it may");
    let page = ada.submit(&page, "/account/applications", Some(&shop.id), &[]).await.page();
    assert!(page.answer.text().contains("No application may use your account."), "{}", page.answer.shown());
    check_error(&world.refresh(&shop, &refresh).await, 400, "invalid_grant");
    check_error(&world.exchange(&shop, &code).await, 400, "invalid_grant");
    assert_eq!(world.userinfo(&access).await.status, 401);
    let consent = ada.open(&address).await.page();
    assert!(consent.heading().starts_with("Allow"), "she is asked again: {}", consent.heading());
    assert_eq!(world.refresh(&shop, &of_bob).await.status, 200, "bob took nothing back");
    assert_eq!(shown(&mut bob, "/account/applications").await.form("/account/applications").buttons.len(), 1);
}

#[tokio::test]
async fn somebody_makes_a_token_sees_it_once_and_revokes_it() {
    let (world, _, api) = world().await;
    let mut ada = signed_in(&world, "ada", "192.0.2.7").await;
    let page = shown(&mut ada, "/account/tokens").await;
    assert!(page.answer.text().contains(&format!("/account/tokens/new?api={api}")), "{}", page.answer.text());
    let made = make(&mut ada, &api, HOSTILE, "30").await;
    assert_eq!((made.heading().as_str(), made.answer.header("cache-control")), ("Your token", "no-store"));
    assert!(!made.answer.text().contains("<b>"), "{}", made.answer.text());
    let text = text_of(&made);
    assert!(accepts(&world, &text).await);
    let item = world.done(Method::GET, "/keys?kind=pat", None).await["items"][0].clone();
    let person = world.service().find_user("ada").unwrap().record.id.to_string();
    for (name, expected) in [
        ("owner", json!(format!("user:{person}"))),
        ("name", json!(HOSTILE)),
        ("scope", json!("orders:read")),
        ("created_by", json!(format!("user:{person}"))),
        ("expires_at", json!(jeton_http::api::rfc3339::format(world.now() + 30 * 86_400))),
    ] {
        assert_eq!(item[name], expected, "{name}: {item}");
    }
    let page = shown(&mut ada, "/account/tokens").await;
    let listed = page.answer.text();
    assert!(listed.contains("Allows orders:read") && !listed.contains(&text) && !listed.contains("<b>"), "{listed}");
    let page = ada.submit(&page, "/account/tokens", Some(item["id"].as_str().unwrap()), &[]).await.page();
    assert!(page.answer.text().contains("You have no personal access token."), "{}", page.answer.text());
    assert!(!accepts(&world, &text).await);
}

#[tokio::test]
async fn a_page_that_is_sent_again_makes_no_second_token() {
    let (world, _, api) = world().await;
    let mut ada = signed_in(&world, "ada", "192.0.2.7").await;
    let page = ada.open(&format!("/account/tokens/new?api={api}")).await.page();
    let fields = page.form("/account/tokens/new").fields;
    let hidden = fields.iter().filter(|(name, _)| matches!(name.as_str(), "form" | "once"));
    let all =
        hidden.map(|(name, value)| (name.as_str(), value.as_str())).chain([("name", "till"), ("days", "7"), ("scope:orders:read", "on")]);
    let body = jeton_oauth::form::encode(all.collect::<Vec<_>>());
    let path = format!("/account/tokens/new?api={api}");
    let (one, other) = (ada.post(&path, &body).await.page(), ada.post(&path, &body).await.page());
    assert_eq!(text_of(&one), text_of(&other));
    assert_eq!(world.done(Method::GET, "/keys?kind=pat", None).await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_of_another_is_neither_seen_nor_revoked() {
    let (world, _, api) = world().await;
    let (mut ada, mut bob) = (signed_in(&world, "ada", "192.0.2.7").await, signed_in(&world, "bob", "192.0.2.8").await);
    let text = text_of(&make(&mut bob, &api, "bob's own", "7").await);
    let group = world.make_key("external:acme", ORDERS, Value::Null).await;
    let ids: Vec<String> = world.done(Method::GET, "/keys", None).await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    make(&mut ada, &api, "hers", "7").await;
    let page = shown(&mut ada, "/account/tokens").await;
    let field = page.form("/account/tokens").fields.into_iter().find(|(name, _)| name == "form").unwrap().1;
    for id in ids.iter().map(String::as_str).chain(["none", "00000000000000000000000000000000"]) {
        assert!(!page.answer.text().contains(id), "{id}");
        let body = jeton_oauth::form::encode([("form", field.as_str()), ("token", id)]);
        let size = world.ledger_size();
        assert_eq!(ada.post("/account/tokens", &body).await.page().address, "/account/tokens");
        assert_eq!(world.ledger_size(), size, "{id}");
    }
    assert!(accepts(&world, &text).await && accepts(&world, group["key"].as_str().unwrap()).await);
}

#[tokio::test]
async fn a_token_is_made_by_who_has_just_proved_who_they_are_and_allows_no_more_than_they_may() {
    let (world, _, api) = world().await;
    world.done(Method::POST, "/users", Some(json!({"username": "eve"}))).await;
    world.done(Method::PUT, "/users/eve/password", Some(json!({"password": PASSWORD}))).await;
    let mut eve = signed_in(&world, "eve", "192.0.2.9").await;
    let page = eve.open(&format!("/account/tokens/new?api={api}")).await.page();
    assert_eq!(page.address, "/account/tokens", "there is nothing that she may do");
    assert!(page.answer.text().contains("There is no API where you may do anything."), "{}", page.answer.text());
    let mut ada = signed_in(&world, "ada", "192.0.2.7").await;
    let form = ada.open(&format!("/account/tokens/new?api={api}")).await.page();
    let body = |more: &[(&str, &str)]| {
        let fields = form.form("/account/tokens/new").fields;
        let hidden: Vec<_> = fields.into_iter().filter(|(name, _)| matches!(name.as_str(), "form" | "once")).collect();
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        jeton_oauth::form::encode(hidden.chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let path = format!("/account/tokens/new?api={api}");
    let size = world.ledger_size();
    let key = world.make_key("external:acme", ORDERS, Value::Null).await["key"].as_str().unwrap().to_owned();
    for more in [
        &[("name", key.as_str()), ("scope:orders:read", "on")][..],
        &[("name", "a"), ("scope:orders:delete", "on")],
        &[("name", "a"), ("scope:orders:read", "on"), ("days", "9999")],
    ] {
        let answer = ada.post(&path, &body(more)).await.page();
        let text = answer.answer.text();
        assert!(text.contains("role=\"alert\"") && !text.contains(&key), "{more:?}: {text}");
    }
    let pats = async || world.done(Method::GET, "/keys?kind=pat", None).await["items"].as_array().unwrap().len();
    assert_eq!((pats().await, world.ledger_size()), (0, size + 1), "nothing but the other key was made");
    // Once the proof is too old she signs in again, and comes back.
    world.done(Method::PATCH, "/policies/reauthentication", Some(json!({"default_seconds": 3_600}))).await;
    world.advance(3_601);
    let page = shown(&mut ada, "/account/tokens").await;
    assert_eq!(page.heading(), "Personal access tokens", "what only shows needs no proof");
    let page = ada.open(&path).await.page();
    assert!(page.answer.text().contains("Sign in once more"), "{}", page.answer.text());
    let page = ada.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    assert_eq!((page.heading().as_str(), page.address.as_str()), ("Make a personal access token", path.as_str()));
    let made = make(&mut ada, &api, "till", "7").await;
    assert!(accepts(&world, &text_of(&made)).await);
}

#[tokio::test]
async fn what_happened_is_told_to_whom_it_happened() {
    let (world, shop, api) = world().await;
    let mut ada = signed_in(&world, "ada", "192.0.2.7").await;
    grant(&world, &mut ada, &shop).await;
    make(&mut ada, &api, "till", "7").await;
    let key = world.done(Method::GET, "/keys?kind=pat", None).await["items"][0]["id"].as_str().unwrap().to_owned();
    world.done(Method::DELETE, &format!("/keys/{key}"), Some(json!({"why": "secret words of others"}))).await;
    world.done(Method::POST, "/users/bob/disable", Some(json!({}))).await;
    let page = shown(&mut ada, "/account/activity").await;
    let text = page.answer.text();
    for part in [
        "Signed in, from the network 192.0.2.0/24",
        "The password was changed",
        "began to use the account",
        "A personal access token was made",
        "A personal access token was revoked",
        "The account was made",
        "by you",
        "by an administrator",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["<b>", "secret words", "The account was disabled", "unix:"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    let last = text.find("The account was made").unwrap();
    assert!(text.find("A personal access token was revoked").unwrap() < last, "the newest first");
    for address in ["/account/activity?before=0", "/account/activity?before=x", "/account/activity?before=18446744073709551615"] {
        assert_eq!(shown(&mut ada, address).await.heading(), "What happened to your account");
    }
}
