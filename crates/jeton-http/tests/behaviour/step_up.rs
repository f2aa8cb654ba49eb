//! Step-up (RFC 9470): an application asks for two factors, and whoever is signed in by one shows the other, and not their password again.

use jeton_testkit::World;
use jeton_testkit::world::browser::Browser;
use jeton_testkit::world::manage::claims_of;
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::registered::Registered;
use jeton_testkit::world::telephone::Telephone;
use serde_json::{Value, json};

const ADA: [(&str, &str); 2] = [("username", "ada"), ("password", PASSWORD)];
const SCOPE: (&str, &str) = ("scope", "openid orders:read");
const TWO: (&str, &str) = ("acr_values", "urn:jeton:2fa");

/// Ada at a browser, signed in by her password alone, who set her second factor in another one since.
async fn ada(world: &World) -> (Browser<'_>, Telephone) {
    world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    assert_eq!(browser.submit(&page, "/signin", None, &ADA).await.page().heading(), "Your account");
    let mut other = world.browser();
    let page = other.open("/signin").await.page();
    let _ = other.submit(&page, "/signin", None, &ADA).await;
    let (telephone, _) = other.set_second_factor(world).await;
    world.advance(120);
    (browser, telephone)
}

/// An application that reads her orders.
async fn shop(world: &World) -> Registered {
    let orders = world.api("orders").await;
    world.allow("ada", &orders, "orders:read").await;
    world.application("shop", &[&orders]).await
}

async fn tokens(world: &World, shop: &Registered, code: &str) -> (Value, Value) {
    let answer = world.exchange(shop, code).await;
    let claims = |name: &str| claims_of(answer.member(name).as_str().unwrap_or_else(|| panic!("{}", answer.shown())));
    (claims("access_token"), claims("id_token"))
}

#[tokio::test]
async fn somebody_shows_the_other_factor_and_not_their_password_again() {
    let world = World::new().await;
    let (mut browser, telephone) = ada(&world).await;
    let signed_in_at = world.now() - 120;
    let shop = shop(&world).await;
    let consent = browser.open(&asking(&shop, "shop", &[SCOPE])).await.page();
    let code = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.parameter("code");
    let (access, id) = tokens(&world, &shop, &code).await;
    for claims in [&access, &id] {
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:jeton:1fa"), &json!(["pwd"])), "{claims}");
        assert_eq!(claims["auth_time"], signed_in_at);
    }
    let page = browser.open(&asking(&shop, "shop", &[SCOPE, TWO])).await.page();
    assert_eq!(page.heading(), "Show that it is you");
    let code = browser.show_code(&page, &telephone.code(&world, 0)).await.parameter("code");
    let (access, id) = tokens(&world, &shop, &code).await;
    for claims in [&access, &id] {
        assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:jeton:2fa"), &json!(["pwd", "otp"])), "{claims}");
        // Nobody typed a password since.
        assert_eq!(claims["auth_time"], signed_in_at);
    }
    // From then on nothing is asked, also without a page.
    let quiet = browser.open(&asking(&shop, "shop", &[SCOPE, TWO, ("prompt", "none")])).await;
    assert!(!quiet.parameter("code").is_empty());
}

#[tokio::test]
async fn a_password_that_is_too_old_is_asked_for_first() {
    let world = World::new().await;
    let (mut browser, telephone) = ada(&world).await;
    let shop = shop(&world).await;
    let page = browser.open(&asking(&shop, "shop", &[SCOPE, TWO, ("max_age", "60")])).await.page();
    assert_eq!(page.heading(), "Sign in");
    let page = browser.submit(&page, "/signin", None, &ADA).await.page();
    assert_eq!(page.heading(), "Show that it is you");
    let consent = browser.show_code(&page, &telephone.code(&world, 0)).await.page();
    let code = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.parameter("code");
    let (_, id) = tokens(&world, &shop, &code).await;
    assert_eq!((&id["acr"], &id["auth_time"]), (&json!("urn:jeton:2fa"), &json!(world.now())), "{id}");
}

#[tokio::test]
async fn who_cannot_prove_as_much_is_sent_back_with_that() {
    let world = World::new().await;
    world.person("grace").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    // What nobody reaches is refused before anybody signs in for it.
    for nothing in ["phr", "urn:mace:incommon:iap:silver"] {
        let away = browser.open(&asking(&shop, "shop", &[("acr_values", nothing)])).await.parameter("error");
        assert_eq!(away, "unmet_authentication_requirements", "{nothing}");
    }
    let page = browser.open(&asking(&shop, "shop", &[TWO])).await.page();
    let arrived = browser.submit(&page, "/signin", None, &[("username", "grace"), ("password", PASSWORD)]).await;
    assert_eq!(arrived.parameter("error"), "unmet_authentication_requirements");
    assert!(browser.cookie("session").is_some(), "she is signed in, by as much as she has");
    let quiet = browser.open(&asking(&shop, "shop", &[TWO, ("prompt", "none")])).await;
    assert_eq!(quiet.parameter("error"), "unmet_authentication_requirements");
    let less = browser.open(&asking(&shop, "shop", &[("acr_values", "urn:jeton:2fa urn:jeton:1fa")])).await.page();
    assert_eq!(less.heading(), "Allow shop?", "the weakest is enough");
}

#[tokio::test]
async fn without_a_page_it_is_said_that_one_is_needed() {
    let world = World::new().await;
    let (mut browser, _) = ada(&world).await;
    let shop = world.application("shop", &[]).await;
    let quiet = browser.open(&asking(&shop, "shop", &[TWO, ("prompt", "none")])).await;
    assert_eq!(quiet.parameter("error"), "login_required");
}

#[tokio::test]
async fn what_is_handed_in_first_asks_for_it_too() {
    let world = World::new().await;
    let (mut browser, _) = ada(&world).await;
    let shop = world.application("shop", &[]).await;
    let address = asking(&shop, "shop", &[TWO]);
    let query = address.split_once('?').unwrap().1.to_owned();
    let parsed = jeton_oauth::Form::parse(query.as_bytes()).unwrap();
    let parameters: Vec<(&str, &str)> = parsed.iter().filter(|(name, _)| *name != "client_id").collect();
    let pushed = world.post_as(&shop, "/oauth/par", &parameters).await;
    let request_uri = pushed.member("request_uri").as_str().unwrap().to_owned();
    let given = [("client_id", shop.id.as_str()), ("request_uri", request_uri.as_str())];
    let page = browser.open(&format!("/oauth/authorize?{}", jeton_oauth::form::encode(given))).await.page();
    assert_eq!(page.heading(), "Show that it is you");
}
