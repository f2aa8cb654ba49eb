//! Devices without a browser (RFC 8628): they ask, somebody says yes or no in a browser elsewhere, and they come for the answer.

use std::net::IpAddr;

use http::Method;
use jeton_core::api::Api;
use jeton_oauth::form;
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use jeton_testkit::world::registered::Registered;
use serde_json::json;

use crate::errors::check_error;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A television: a public client that asks for devices alone.
async fn television(world: &World, apis: &[&Api]) -> Registered {
    world
        .application_with("television", apis, |request| {
            request.grant_types = [GRANT, "refresh_token"].map(str::to_owned).to_vec();
            request.redirect_uris = vec![];
            request.authentication = Some("none".to_owned());
        })
        .await
}

/// What a device begins with.
async fn begin(world: &World, client: &Registered, more: &[(&str, &str)]) -> Answer {
    let parameters = [("client_id", client.id.as_str())].into_iter().chain(more.iter().copied());
    world.post("/oauth/device_authorization", None, form::encode(parameters)).await
}

async fn poll(world: &World, client: &Registered, begun: &Answer) -> Answer {
    let code = begun.member("device_code");
    let parameters = [("client_id", client.id.as_str()), ("grant_type", GRANT), ("device_code", code.as_str().unwrap())];
    world.post("/oauth/token", None, form::encode(parameters)).await
}

fn user_code(begun: &Answer) -> String {
    assert_eq!(begun.status, 200, "{}", begun.shown());
    begun.member("user_code").as_str().unwrap().to_owned()
}

/// Somebody types a code; they sign in where they have to.
async fn typed(browser: &mut Browser<'_>, code: &str) -> Page {
    let page = browser.open("/device").await.page();
    let page = browser.submit(&page, "/device", None, &[("user_code", code)]).await.page();
    if page.address.starts_with("/signin") {
        return browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    }
    page
}

async fn say(browser: &mut Browser<'_>, page: &Page, decision: &str) -> Page {
    browser.submit(page, "/device", Some(decision), &[]).await.page()
}

/// A device that somebody said yes to.
async fn allowed(world: &World, client: &Registered, more: &[(&str, &str)]) -> Answer {
    let begun = begin(world, client, more).await;
    let mut browser = world.browser();
    let page = typed(&mut browser, &user_code(&begun)).await;
    assert_eq!(say(&mut browser, &page, "allow").await.heading(), "The device is connected");
    begun
}

#[tokio::test]
async fn a_device_asks_somebody_says_yes_and_it_has_tokens() {
    let world = World::new().await;
    let api = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &api, "orders:read").await;
    let television = television(&world, &[&api]).await;
    let size = world.ledger_size();
    let begun = begin(&world, &television, &[("scope", "openid offline_access orders:read"), ("resource", &api.audience)]).await;
    let code = user_code(&begun);
    assert!(
        code.len() == 9 && code.bytes().enumerate().all(|(at, letter)| if at == 4 { letter == b'-' } else { letter.is_ascii_uppercase() })
    );
    assert_eq!(begun.member("verification_uri"), "https://tokens.example/device");
    assert_eq!(begun.member("verification_uri_complete"), format!("https://tokens.example/device?user_code={code}"));
    assert_eq!((begun.member("expires_in").as_i64(), begun.member("interval").as_i64()), (Some(600), Some(5)));
    assert_eq!(begun.header("cache-control"), "no-store");
    assert!(begun.member("device_code").as_str().unwrap().starts_with("jtn_dc_"));
    check_error(&poll(&world, &television, &begun).await, 400, "authorization_pending");
    assert_eq!(world.ledger_size(), size, "strangers do not write the ledger");

    let mut browser = world.browser();
    let page = typed(&mut browser, &code.to_lowercase().replace('-', "")).await;
    assert_eq!(page.heading(), "Did you start this?");
    let text = page.answer.text();
    for part in ["television", &code, "an unknown address", "know who you are here", "go on while you are not there"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    world.advance(5);
    check_error(&poll(&world, &television, &begun).await, 400, "authorization_pending");
    assert_eq!(say(&mut browser, &page, "allow").await.heading(), "The device is connected");
    let tokens = poll(&world, &television, &begun).await;
    assert_eq!(tokens.status, 200, "{}", tokens.shown());
    assert_eq!(tokens.member("scope"), "offline_access openid orders:read");
    let (refresh, id_token) = (tokens.member("refresh_token"), tokens.member("id_token"));
    assert!(refresh.as_str().is_some_and(|text| text.starts_with("jtn_rt_")) && id_token.is_string(), "{}", tokens.shown());
    let spent = [("client_id", television.id.as_str()), ("grant_type", "refresh_token"), ("refresh_token", refresh.as_str().unwrap())];
    let next = world.post("/oauth/token", None, form::encode(spent)).await;
    assert_eq!(next.status, 200, "{}", next.shown());

    // The code was used: it ends what it gave.
    check_error(&poll(&world, &television, &begun).await, 400, "invalid_grant");
    let refresh = next.member("refresh_token");
    let spent = [("client_id", television.id.as_str()), ("grant_type", "refresh_token"), ("refresh_token", refresh.as_str().unwrap())];
    check_error(&world.post("/oauth/token", None, form::encode(spent)).await, 400, "invalid_grant");
    // And nobody says yes to it again.
    let page = typed(&mut browser, &code).await;
    assert!(page.answer.text().contains("No device shows this code now"), "{}", page.answer.text());
}

#[tokio::test]
async fn whoever_asks_too_early_is_slowed_down_and_stays_so() {
    let world = World::new().await;
    let television = television(&world, &[]).await;
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let commits = world.commits();
    for (after, expected) in
        [(0, "authorization_pending"), (1, "slow_down"), (9, "authorization_pending"), (5, "slow_down"), (15, "authorization_pending")]
    {
        world.advance(after);
        check_error(&poll(&world, &television, &begun).await, 400, expected);
    }
    assert_eq!(world.commits(), commits, "nothing is written by it");
    world.advance(600);
    check_error(&poll(&world, &television, &begun).await, 400, "expired_token");
}

#[tokio::test]
async fn somebody_says_no() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let (mut browser, code) = (world.browser(), user_code(&begun));
    let (page, other) = (typed(&mut browser, &code).await, typed(&mut browser, &code).await);
    assert_eq!(say(&mut browser, &page, "deny").await.heading(), "Nothing was allowed");
    check_error(&poll(&world, &television, &begun).await, 400, "access_denied");
    // What was said is said.
    let late = say(&mut browser, &other, "allow").await;
    assert!(late.answer.text().contains("No device shows this code now"), "{}", late.answer.text());
    check_error(&poll(&world, &television, &begun).await, 400, "access_denied");
}

#[tokio::test]
async fn what_is_said_to_one_page_is_no_answer_to_another() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let mut browser = world.browser();
    let page = typed(&mut browser, &user_code(&begun)).await;
    let form = page.form("/device");
    let own = &form.fields.iter().find(|(name, _)| name == "form").unwrap().1;
    for shown in ["", "AAAA"] {
        let body = form::encode([("form", own.as_str()), ("shown", shown), ("decision", "allow")]);
        let again = browser.post(&form.action, &body).await.page();
        assert_eq!(again.heading(), "Did you start this?");
        check_error(&poll(&world, &television, &begun).await, 400, if shown.is_empty() { "authorization_pending" } else { "slow_down" });
    }
}

#[tokio::test]
async fn somebody_is_asked_each_time() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    allowed(&world, &television, &[("scope", "openid")]).await;
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let page = typed(&mut world.browser(), &user_code(&begun)).await;
    assert_eq!(page.heading(), "Did you start this?", "they allowed the same before, and are asked");
}

#[tokio::test]
async fn where_a_device_asked_from_is_shown() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let mut device = world.browser();
    device.address = Some(IpAddr::from([203, 0, 113, 9]));
    let body = form::encode([("client_id", television.id.as_str()), ("scope", "openid")]);
    let request = http::Request::post("/oauth/device_authorization").header("content-type", "application/x-www-form-urlencoded");
    let begun = device.send(request.body(axum::body::Body::from(body)).unwrap()).await;
    let page = typed(&mut world.browser(), &user_code(&begun)).await;
    assert!(page.answer.text().contains("203.0.113.0/24"), "{}", page.answer.text());
}

#[tokio::test]
async fn a_code_in_an_address_is_confirmed_first() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let complete = begun.member("verification_uri_complete");
    let mut browser = world.browser();
    let page = browser.open(complete.as_str().unwrap()).await.page();
    assert_eq!((page.heading().as_str(), &page.form("/device").fields[1].1), ("Connect a device", &user_code(&begun)));
    let page = browser.submit(&page, "/device", None, &[]).await.page();
    assert!(page.address.starts_with("/signin") && page.answer.text().contains("to connect a device"), "{}", page.answer.text());
    // What is no code is not shown again.
    let page = browser.open("/device?user_code=%3Cb%3E").await.page();
    assert_eq!(page.form("/device").fields[1].1, "");
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let mut browser = world.browser();
    for wrong in 0..10 {
        let page = typed(&mut browser, "BBBB-BBBB").await;
        assert_eq!(page.answer.status, 200, "{wrong}: {}", page.answer.shown());
        assert!(page.answer.text().contains("No device shows this code now"), "{}", page.answer.text());
    }
    let page = typed(&mut browser, &user_code(&begun)).await;
    assert_eq!(page.answer.status, 429, "{}", page.answer.shown());
    assert!(page.answer.text().contains("Too many codes were wrong") && page.answer.headers.contains_key("retry-after"));
    // What can be no code is none of them, and one that is right does not count.
    world.advance(3_600);
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    let entering = browser.open("/device").await.page();
    for _ in 0..12 {
        let page = browser.submit(&entering, "/device", None, &[("user_code", "AAAA-AAAA")]).await.page();
        assert!(page.answer.text().contains("This is no code"), "{}", page.answer.text());
        assert_eq!(typed(&mut browser, &user_code(&begun)).await.heading(), "Did you start this?");
    }
    // Who is not signed in learns nothing of a code, right or wrong.
    for code in ["BBBB-BBBB", &user_code(&begun)] {
        let mut stranger = world.browser();
        let page = stranger.open("/device").await.page();
        let page = stranger.submit(&page, "/device", None, &[("user_code", code)]).await.page();
        assert!(page.address.starts_with("/signin?"), "{}", page.address);
    }
}

#[tokio::test]
async fn a_code_is_its_clients_and_a_text_of_ours() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let other = world.application_with("radio", &[], |request| request.grant_types = vec![GRANT.to_owned()]).await;
    let begun = allowed(&world, &television, &[("scope", "openid")]).await;
    let code = begun.member("device_code").as_str().unwrap().to_owned();
    let as_other = world.post_as(&other, "/oauth/token", &[("grant_type", GRANT), ("device_code", &code)]).await;
    check_error(&as_other, 400, "invalid_grant");
    for (code, expected) in [("x", "invalid_grant"), ("", "invalid_request")] {
        let body = form::encode([("client_id", television.id.as_str()), ("grant_type", GRANT), ("device_code", code)]);
        check_error(&world.post("/oauth/token", None, body).await, 400, expected);
    }
    let tokens = poll(&world, &television, &begun).await;
    assert_eq!(tokens.status, 200, "nothing was burnt by it: {}", tokens.shown());
    // It is no authorization code.
    let body = form::encode([("client_id", television.id.as_str()), ("grant_type", "authorization_code"), ("code", &code)]);
    check_error(&world.post("/oauth/token", None, body).await, 400, "unauthorized_client");
}

#[tokio::test]
async fn only_who_may_begins_and_asks_for_what_it_may() {
    let world = World::new().await;
    let api = world.api("orders").await;
    let (shop, television) = (world.application("shop", &[]).await, television(&world, &[&api]).await);
    check_error(&world.post_as(&shop, "/oauth/device_authorization", &[("scope", "openid")]).await, 400, "unauthorized_client");
    check_error(&world.post_as(&shop, "/oauth/token", &[("grant_type", GRANT), ("device_code", "x")]).await, 400, "unauthorized_client");
    check_error(&begin(&world, &television, &[("scope", "nonsense")]).await, 400, "invalid_scope");
    check_error(&begin(&world, &television, &[("resource", "https://nowhere.example")]).await, 400, "invalid_target");
    check_error(&world.post("/oauth/device_authorization", None, "client_id=nobody").await, 401, "invalid_client");
    // A client that has to prove itself does.
    check_error(&begin(&world, &shop, &[]).await, 401, "invalid_client");
    for number in 0..40 {
        let answer = begin(&world, &television, &[("scope", "openid")]).await;
        assert_eq!(answer.status, if number < 28 { 200 } else { 429 }, "{number}: {}", answer.shown());
    }
}

#[tokio::test]
async fn who_is_disabled_takes_their_device_codes_with_them() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let begun = allowed(&world, &television, &[("scope", "openid")]).await;
    world.service().disable_user("ada", &administrator(), &world.moment()).await.unwrap();
    check_error(&poll(&world, &television, &begun).await, 400, "invalid_grant");
    world.service().enable_user("ada", &administrator(), &world.moment()).await.unwrap();
    world.advance(2);
    check_error(&poll(&world, &television, &begun).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_somebody_takes_back_gives_a_device_nothing() {
    let world = World::new().await;
    world.person("ada").await;
    world.done(Method::PUT, "/policies/device_code", Some(json!({"default_seconds": 1_800}))).await;
    let television = television(&world, &[]).await;
    let withdrawn = async || {
        let taken = world.done(Method::DELETE, "/users/ada/consents/television", None).await;
        let told = world.done(Method::GET, "/audit/entries?kind=consent.withdrawn", None).await;
        (taken["consents"].as_u64(), told["items"].as_array().map(Vec::len))
    };
    // Who said no has nothing to take back.
    let refused = begin(&world, &television, &[("scope", "openid")]).await;
    let mut browser = world.browser();
    let page = typed(&mut browser, &user_code(&refused)).await;
    say(&mut browser, &page, "deny").await;
    assert_eq!(withdrawn().await, (Some(0), Some(0)));
    check_error(&poll(&world, &television, &refused).await, 400, "access_denied");
    // A device may wait for long.
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    world.advance(1_790);
    let page = typed(&mut browser, &user_code(&begun)).await;
    assert_eq!(say(&mut browser, &page, "allow").await.heading(), "The device is connected");
    assert_eq!(withdrawn().await, (Some(1), Some(1)));
    check_error(&poll(&world, &television, &begun).await, 400, "invalid_grant");
}

#[tokio::test]
async fn nobody_comes_for_it_in_time() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let begun = allowed(&world, &television, &[("scope", "openid")]).await;
    world.advance(600);
    check_error(&poll(&world, &television, &begun).await, 400, "expired_token");
    let begun = begin(&world, &television, &[("scope", "openid")]).await;
    world.advance(600);
    let page = typed(&mut world.browser(), &user_code(&begun)).await;
    assert!(page.answer.text().contains("No device shows this code now"), "{}", page.answer.text());
    assert!(matches!(world.browser().open("/device").await, Arrived::Page(_)));
}

#[tokio::test]
async fn whatever_was_asked_and_said_is_there_after_a_start() {
    let world = World::new().await;
    world.person("ada").await;
    let television = television(&world, &[]).await;
    let (waiting, said) =
        (begin(&world, &television, &[("scope", "openid")]).await, allowed(&world, &television, &[("scope", "openid")]).await);
    let world = world.reopen().await;
    check_error(&poll(&world, &television, &waiting).await, 400, "authorization_pending");
    assert_eq!(poll(&world, &television, &said).await.status, 200);
}
