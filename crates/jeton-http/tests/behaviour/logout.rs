//! An application signs somebody out (OpenID Connect RP-Initiated Logout 1.0): their session ends, and they go where it is registered or stay here.

use axum::body::Body;
use http::header::{CONTENT_TYPE, LOCATION, ORIGIN};
use http::{Method, Request};
use jeton_core::moment::{Moment, Time};
use jeton_jose::Algorithm;
use jeton_oauth::form;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::errors::check_error;

const SCOPE: &str = "openid orders:read";
const BYE: &str = "https://shop.example/bye";

/// A world with an API, somebody who may read there, and an application with an address for who signed out.
async fn world() -> (World, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "post_logout_redirect_uris": [BYE] }))).await;
    (world, shop)
}

/// Signs somebody in to an application, and gives what it got.
async fn signs_in(world: &World, browser: &mut Browser<'_>, application: &Registered, name: &str) -> Value {
    let address = asking(application, name, &[("scope", SCOPE)]);
    let mut arrived = browser.open(&address).await;
    if matches!(&arrived, Arrived::Page(page) if page.heading() == "Sign in") {
        let page = arrived.page();
        arrived = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await;
    }
    if matches!(arrived, Arrived::Page(_)) {
        arrived = browser.submit(&arrived.page(), "/oauth/authorize", Some("allow"), &[]).await;
    }
    let answer = world.exchange(application, &arrived.parameter("code")).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    answer.json()
}

fn text(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name}: {tokens}")).to_owned()
}

fn leaving(parameters: &[(&str, &str)]) -> String {
    format!("/oauth/logout?{}", form::encode(parameters.iter().copied()))
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.open("/account").await.page().heading() == "Your account"
}

fn refused(page: &Page, words: &str) {
    assert_eq!(page.answer.status, 400, "{}", page.answer.shown());
    assert!(page.answer.text().contains(words), "{words}: {}", page.answer.text());
}

#[tokio::test]
async fn an_id_token_of_a_key_that_is_gone_says_nothing_and_people_are_asked() {
    let (world, shop) = world().await;
    let mut browser = world.browser();
    let hint = text(&signs_in(&world, &mut browser, &shop, "shop").await, "id_token");
    world.service().rotate_signing_key(Algorithm::Rs256, true, &administrator(), &world.moment()).await.unwrap();
    // Its key has left by then, and the session is there.
    for _ in 0..3 {
        world.advance(20 * 3_600);
        assert!(is_signed_in(&mut browser).await);
        world.service().tend_signing_keys(&world.moment()).await.unwrap();
    }
    let address = leaving(&[("id_token_hint", &hint), ("client_id", shop.id.as_str()), ("post_logout_redirect_uri", BYE)]);
    let page = browser.open(&address).await.page();
    assert!(is_signed_in(&mut browser).await, "nobody has said yes");
    assert_eq!(page.answer.status, 200, "{}", page.answer.shown());
    assert_eq!(browser.submit(&page, "/oauth/logout", Some("allow"), &[]).await.away(), BYE);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn who_has_an_id_token_of_the_session_ends_it_and_what_hangs_at_it() {
    let (world, shop) = world().await;
    let mut browser = world.browser();
    let tokens = signs_in(&world, &mut browser, &shop, "shop").await;
    // It expired long ago.
    world.advance(3_000);
    let hint = text(&tokens, "id_token");
    let more = [("logout_hint", "ada"), ("ui_locales", "de en"), ("state", "a state&x=1")];
    let parameters: Vec<_> = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)].into_iter().chain(more).collect();
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(browser.open(&leaving(&parameters)).await.away(), format!("{BYE}?state=a+state%26x%3D1"));
    assert!(!is_signed_in(&mut browser).await);
    check_error(&world.refresh(&shop, &text(&tokens, "refresh_token")).await, 400, "invalid_grant");
    assert_eq!(world.userinfo(&text(&tokens, "access_token")).await.status, 401);
    // Once more: nobody is there, which is what was asked for. Without an address they read that they are signed out.
    assert_eq!(browser.open(&leaving(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])).await.away(), BYE);
    assert_eq!(browser.open(&leaving(&[("id_token_hint", &hint)])).await.page().heading(), "Signed out");
    let access_log = world.access_log();
    assert!(access_log.contains("\"signed_out\"") && !access_log.contains(&hint), "{access_log}");
}

#[tokio::test]
async fn an_application_posts_it_from_its_own_site() {
    let (world, shop) = world().await;
    let mut browser = world.browser();
    let tokens = signs_in(&world, &mut browser, &shop, "shop").await;
    let body = form::encode([("id_token_hint", text(&tokens, "id_token").as_str()), ("post_logout_redirect_uri", BYE)]);
    let posted = Request::post("/oauth/logout").header(ORIGIN, "https://shop.example").header("sec-fetch-site", "cross-site");
    let posted = posted.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(body)).unwrap();
    // A browser brings no cookie with it, and takes those of the answer.
    let answer = world.send(posted).await;
    assert_eq!(answer.status, 303, "{}", answer.shown());
    let cookie = answer.header("set-cookie").to_owned();
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    browser.put_cookie(name, value);
    let to = answer.headers.get(LOCATION).unwrap().to_str().unwrap().to_owned();
    assert!(!to.contains("id_token"), "{to}");
    assert_eq!(browser.open(&to).await.away(), BYE);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn everybody_else_asks() {
    let (world, shop) = world().await;
    let (mut browser, mut another) = (world.browser(), world.browser());
    let elsewhere = text(&signs_in(&world, &mut another, &shop, "shop").await, "id_token");
    signs_in(&world, &mut browser, &shop, "shop").await;
    for parameters in [
        vec![],
        vec![("client_id", shop.id.as_str())],
        vec![("client_id", shop.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")],
        vec![("id_token_hint", elsewhere.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")],
    ] {
        let page = browser.open(&leaving(&parameters)).await.page();
        assert_eq!(page.heading(), "Sign out?", "{parameters:?}");
        assert!(page.answer.text().contains("signed in as ada"), "{}", page.answer.text());
        assert_eq!(page.answer.text().contains("shop asks"), !parameters.is_empty(), "{parameters:?}");
        let stays = browser.submit(&page, "/oauth/logout", Some("deny"), &[]).await.page();
        assert_eq!(stays.heading(), "Your account", "{parameters:?}");
        let page = browser.open(&leaving(&parameters)).await.page();
        let arrived = browser.submit(&page, "/oauth/logout", Some("allow"), &[]).await;
        if parameters.contains(&("post_logout_redirect_uri", BYE)) {
            assert_eq!(arrived.away(), format!("{BYE}?state=s"));
        } else {
            assert_eq!(arrived.page().heading(), "Signed out");
        }
        assert!(!is_signed_in(&mut browser).await, "{parameters:?}");
        assert!(is_signed_in(&mut another).await, "the session that the hint named is another's to end: {parameters:?}");
        signs_in(&world, &mut browser, &shop, "shop").await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_here_and_ends_nothing() {
    let (world, shop) = world().await;
    let orders = world.service().find_api("https://orders.example").unwrap();
    let other = world.application("other", &[&orders.record]).await;
    let mut browser = world.browser();
    let tokens = signs_in(&world, &mut browser, &shop, "shop").await;
    let (hint, access) = (text(&tokens, "id_token"), text(&tokens, "access_token"));
    let elsewhere = World::of("https://elsewhere.example").await;
    elsewhere.person("ada").await;
    let theirs = elsewhere.application("shop", &[]).await;
    let address = asking(&theirs, "shop", &[]);
    let foreign = text(&elsewhere.exchange(&theirs, &elsewhere.code_for("ada", &address).await).await.json(), "id_token");
    let (head, rest) = hint.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let (_, rest_of_foreign) = foreign.split_once('.').unwrap();
    let forged = format!("{head}.{}.{signature}", rest_of_foreign.split('.').next().unwrap());
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", rest.split('.').next().unwrap());
    // Of a key that nobody here knows, any more or ever: it says nothing.
    let page = browser.open(&leaving(&[("id_token_hint", &foreign)])).await.page();
    assert_eq!(page.answer.status, 200, "{}", page.answer.shown());
    assert!(is_signed_in(&mut browser).await);
    for wrong in ["x", &forged, &unsigned, &access, &hint[..hint.len() - 8]] {
        let page = browser.open(&leaving(&[("id_token_hint", wrong), ("post_logout_redirect_uri", BYE)])).await.page();
        refused(&page, "an ID token that is not of this server");
    }
    for (parameters, words) in [
        (vec![("id_token_hint", hint.as_str()), ("client_id", other.id.as_str())], "another application"),
        (vec![("client_id", "client_nobody")], "No application of this name"),
        (vec![("post_logout_redirect_uri", BYE)], "the parameter client_id is missing"),
        (vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://evil.example/")], "not registered"),
        (vec![("client_id", other.id.as_str()), ("post_logout_redirect_uri", BYE)], "not registered"),
        (vec![("client_id", shop.id.as_str()), ("post_logout_redirect_uri", "https://shop.example/callback")], "not registered"),
        (vec![("state", "a"), ("state", "b")], "state is repeated"),
    ] {
        refused(&browser.open(&leaving(&parameters)).await.page(), words);
    }
    let long = "a".repeat(600);
    refused(&browser.open(&leaving(&[("state", &long)])).await.page(), "more than fits");
    // What was registered when they were asked, and is not any more when they answer.
    let page = browser.open(&leaving(&[("client_id", &shop.id), ("post_logout_redirect_uri", BYE)])).await.page();
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "post_logout_redirect_uris": [] }))).await;
    refused(&browser.submit(&page, "/oauth/logout", Some("allow"), &[]).await.page(), "not registered");
    assert!(is_signed_in(&mut browser).await);
}

/// What an attacker makes of an address that is registered.
fn bent(dice: &mut Moment, address: &str) -> String {
    let [way, place] = dice.draw::<2>();
    let place = usize::from(place) % (address.len() + 1);
    let pieces = ["/", "?", "#", "@evil.example", "%2e", "\\", ".evil.example", ":8443", "&state=x", " ", "\t", "//evil.example/", "A"];
    let piece = pieces[usize::from(way) % pieces.len()];
    match way % 5 {
        0 => address.to_owned(),
        1 => format!("{}{piece}{}", &address[..place], &address[place..]),
        2 => address[..place].to_owned(),
        3 => address.to_uppercase(),
        _ => format!("{piece}{address}"),
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let (world, shop) = world().await;
    let registered = [BYE, "https://shop.example/bye?from=id", "http://127.0.0.1/bye", "com.example.shop:/bye"];
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "post_logout_redirect_uris": registered }))).await;
    let mut sent = 0;
    for seed in 0..=255_u8 {
        let mut dice = Moment::new(Time::from_seconds(1_700_000_000), [seed; 32]);
        for address in registered {
            let asked = bent(&mut dice, address);
            let arrived = world.browser().open(&leaving(&[("client_id", &shop.id), ("post_logout_redirect_uri", &asked)])).await;
            match arrived {
                Arrived::Away(to) => {
                    assert!(to == asked && registered.contains(&to.as_str()), "seed {seed}: {asked:?} led to {to:?}");
                    sent += 1;
                }
                Arrived::Page(page) if asked.is_empty() => assert_eq!(page.heading(), "Signed out", "seed {seed}"),
                Arrived::Page(page) => {
                    assert!(!registered.contains(&asked.as_str()), "seed {seed}: {asked:?} is registered: {}", page.answer.shown());
                    refused(&page, "not registered");
                }
            }
        }
    }
    assert!((100..900).contains(&sent), "both are tried: {sent}");
}

#[tokio::test]
async fn an_address_after_signing_out_is_one_as_any() {
    let (world, _) = world().await;
    let shown = world.done(Method::GET, "/clients/shop", None).await;
    assert_eq!(shown["post_logout_redirect_uris"], json!([BYE]));
    let many: Vec<String> = (0..33).map(|n| format!("https://a.example/{n}")).collect();
    for (uris, words) in [
        (json!(["http://shop.example/bye"]), "a redirect address after signing out"),
        (json!(["https://shop.example/bye#x"]), "a redirect address after signing out"),
        (json!(["javascript:alert(1)"]), "a redirect address after signing out"),
        (json!(many), "at most 32"),
    ] {
        let answer = world.administer(Method::PATCH, "/clients/shop", Some(json!({ "post_logout_redirect_uris": uris }))).await;
        assert_eq!(answer.status, 400, "{}", answer.shown());
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let told = |kind: &str| {
        let entries = world.service().store().tail(0, 10_000).unwrap();
        let of_kind = entries.into_iter().filter(|entry| entry.kind == kind).filter_map(|entry| entry.content);
        of_kind.filter(|content| String::from_utf8_lossy(&content.payload).contains("post_logout_redirect_uris")).count()
    };
    assert_eq!((told("client.widened"), told("client.narrowed")), (1, 0));
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "post_logout_redirect_uris": [] }))).await;
    assert_eq!((told("client.widened"), told("client.narrowed")), (1, 1));
}
