//! However a session ends, each application that got tokens in it is to be told (OpenID Connect Back-Channel Logout 1.0): whom, and by what.

use std::time::Duration;

use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_core::person::alone::Dependents;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_jose::jws;
use jeton_service::logouts_waiting::Logout;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser};
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};
use tokio::time::timeout;

const HEARS: &str = "https://shop.example/signed-out";
const SCOPE: &str = "openid orders:read";

/// A world with somebody, an application that hears of sign-outs, and one that does not; sessions that end are looked for.
async fn world() -> (World, Registered, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    let deaf = world.application("deaf", &[&orders]).await;
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "backchannel_logout_uri": HEARS }))).await;
    world.service().follow_logouts(world.ledger_size());
    (world, shop, deaf)
}

/// Signs somebody in to an application; its ID token.
async fn signs_in(world: &World, browser: &mut Browser<'_>, application: &Registered, name: &str, scope: &str) -> Value {
    let mut arrived = browser.open(&asking(application, name, &[("scope", scope)])).await;
    if matches!(&arrived, Arrived::Page(page) if page.heading() == "Sign in") {
        let page = arrived.page();
        arrived = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await;
    }
    if matches!(arrived, Arrived::Page(_)) {
        arrived = browser.submit(&arrived.page(), "/oauth/authorize", Some("allow"), &[]).await;
    }
    let answer = world.exchange(application, &arrived.parameter("code")).await;
    claims_of(answer.member("id_token").as_str().unwrap())
}

/// Who is to be told next.
async fn to_tell(world: &World) -> Vec<Logout> {
    let found = timeout(Duration::from_secs(30), world.service().next_logouts(1_000)).await;
    found.expect("nobody is to be told").unwrap()
}

/// One way in which sessions end.
async fn end(world: &World, browser: &mut Browser<'_>, way: &str, sid: &str) {
    let (service, moment) = (world.service(), world.moment());
    match way {
        "signed out" => {
            let page = browser.open("/account").await.page();
            let _: Arrived = browser.submit(&page, "/signout", None, &[]).await;
        }
        "by an administrator" => {
            let body = Some(json!({}));
            let answer = world.administer(Method::DELETE, &format!("/sessions/{sid}"), body).await;
            assert!(answer.status < 300, "{}", answer.shown());
        }
        "cut off" => drop(world.cut_off(CutOffSubject::Session, sid).await),
        "the person cut off" => drop(world.cut_off(CutOffSubject::User, "ada").await),
        "everything cut off" => drop(world.cut_off(CutOffSubject::Everything, "").await),
        "disabled" => drop(world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await),
        "another password" => {
            let set = service.set_password("ada", &jeton_token::Secret::from("another horse battery"), &administrator(), &moment).await;
            set.unwrap();
        }
        "deleted" => drop(service.delete_user("ada", &Dependents::Refuse, &administrator(), &moment).await.unwrap()),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn however_a_session_ends_who_got_tokens_in_it_is_told() {
    for way in [
        "signed out",
        "by an administrator",
        "cut off",
        "the person cut off",
        "everything cut off",
        "disabled",
        "another password",
        "deleted",
    ] {
        let (world, shop, deaf) = world().await;
        let mut browser = world.browser();
        let id_token = signs_in(&world, &mut browser, &shop, "shop", SCOPE).await;
        // Twice in one session is told once; and to one that wants to hear nothing, nothing.
        signs_in(&world, &mut browser, &shop, "shop", "openid offline_access orders:read").await;
        signs_in(&world, &mut browser, &deaf, "deaf", SCOPE).await;
        world.advance(2);
        let sid = id_token["sid"].as_str().unwrap();
        end(&world, &mut browser, way, sid).await;
        let found = to_tell(&world).await;
        let [logout] = found.as_slice() else { panic!("{way}: {found:?}") };
        assert_eq!((logout.client.as_str(), logout.session.to_string().as_str()), (shop.id.as_str(), sid), "{way}");
        assert_eq!(logout.person.as_str(), id_token["sub"], "{way}");
        assert_eq!(world.service().logouts_done(), world.ledger_size(), "{way}: nothing else waits");
    }
}

#[tokio::test]
async fn a_logout_token_says_who_signed_out_where_and_is_nothing_else() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let (world, shop, _) = world().await;
        world.done(Method::PATCH, "/clients/shop", Some(json!({ "id_token_signed_response_alg": algorithm }))).await;
        let mut browser = world.browser();
        let id_token = signs_in(&world, &mut browser, &shop, "shop", SCOPE).await;
        end(&world, &mut browser, "signed out", "").await;
        let found = to_tell(&world).await;
        let signed = |logout| world.service().logout_token(logout, &mut world.moment()).unwrap();
        let (uri, token) = signed(&found[0]).unwrap();
        assert_eq!(&*uri, HEARS);
        let unverified = jws::Unverified::parse(token.expose(), jws::MAX_TOKEN_BYTES).unwrap();
        assert_eq!((unverified.header().token_type.as_deref(), unverified.header().algorithm.name()), (Some("logout+jwt"), algorithm));
        let set = JwkSet::parse(&world.get("/.well-known/jwks.json").await.body).unwrap();
        let (keys, _) = VerifyingKeys::from_jwk_set(&set, None).unwrap();
        assert!(jws::verify(token.expose(), &keys, jws::MAX_TOKEN_BYTES).is_ok(), "{algorithm}: its key is published");
        let mut claims = claims_of(token.expose());
        let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(
            claims,
            json!({
                "iss": world.issuer(), "sub": id_token["sub"], "aud": shop.id, "iat": world.now(), "exp": world.now() + 120,
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} }, "sid": id_token["sid"],
            })
        );
        assert_ne!(claims_of(signed(&found[0]).unwrap().1.expose())["jti"], id, "each has an id of its own");
        // Nothing takes it for anything else.
        assert_eq!(world.userinfo(token.expose()).await.status, 401);
        let page = browser.open(&format!("/oauth/logout?id_token_hint={}", token.expose())).await.page();
        assert_eq!(page.answer.status, 400, "{}", page.answer.shown());
        // Whoever does not want to hear any more is told nothing.
        world.done(Method::PATCH, "/clients/shop", Some(json!({ "backchannel_logout_uri": "" }))).await;
        assert!(signed(&found[0]).is_none());
    }
}

#[tokio::test]
async fn an_address_that_hears_is_of_https_or_of_this_machine() {
    let (world, ..) = world().await;
    let shown = async || world.done(Method::GET, "/clients/shop", None).await["backchannel_logout_uri"].clone();
    assert_eq!(shown().await, HEARS);
    for uri in ["http://shop.example/out", "com.example.shop:/out", "https://shop.example/out#x", "x", "ftp://shop.example"] {
        let answer = world.administer(Method::PATCH, "/clients/shop", Some(json!({ "backchannel_logout_uri": uri }))).await;
        assert_eq!(answer.status, 400, "{uri}: {}", answer.shown());
        assert!(answer.text().contains("back-channel logout address"), "{uri}: {}", answer.text());
    }
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "backchannel_logout_uri": "http://127.0.0.1:3000/out" }))).await;
    assert_eq!(shown().await, "http://127.0.0.1:3000/out");
    world.done(Method::PATCH, "/clients/shop", Some(json!({ "backchannel_logout_uri": "" }))).await;
    assert_eq!(shown().await, Value::Null);
}
