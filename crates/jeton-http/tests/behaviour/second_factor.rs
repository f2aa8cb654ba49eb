//! Second factors, as a browser without script and a telephone have them: set, asked for beside the password, used once, removed, and reset by
//! an administrator.

use http::Method;
use jeton_core::id::Actor;
use jeton_core::record::Value;
use jeton_core::second_factor;
use jeton_core::throttle::Kind;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Browser, Page};
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_testkit::world::telephone::Telephone;
use jeton_token::Secret;
use serde_json::json;

const ADA: [(&str, &str); 2] = [("username", "ada"), ("password", PASSWORD)];
const ASKS: &str = "Show that it is you";
const WRONG: &str = "This code is not right";

/// Ada's telephone and recovery codes: she signed in and set them some minutes ago.
async fn with_factor(world: &World) -> (Telephone, Vec<String>) {
    world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    assert_eq!(browser.submit(&page, "/signin", None, &ADA).await.page().heading(), "Your account");
    let set = browser.set_second_factor(world).await;
    world.advance(300);
    set
}

/// The page behind the right password, in a browser.
async fn asked(browser: &mut Browser<'_>) -> Page {
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &ADA).await.page()
}

/// Whether a code signs in whoever knows the password, in a browser that was never here.
async fn signs_in(world: &World, code: &str) -> bool {
    let mut browser = world.browser();
    let page = asked(&mut browser).await;
    assert_eq!(page.heading(), ASKS);
    let page = browser.show_code(&page, code).await.page();
    assert_eq!(page.heading() == "Your account", browser.cookie("session").is_some());
    assert!(page.heading() == "Your account" || page.answer.text().contains(WRONG), "{}", page.answer.text());
    page.heading() == "Your account"
}

/// What the ledger tells of this kind.
fn told(world: &World, kind: &str) -> Vec<serde_json::Value> {
    let entries = world.service().store().tail(0, 10_000).unwrap();
    let of_kind = entries.into_iter().filter(|entry| &*entry.kind == kind);
    of_kind.map(|entry| serde_json::from_slice(&entry.content.unwrap().payload).unwrap()).collect()
}

#[tokio::test]
async fn a_password_alone_signs_nobody_in_who_has_a_second_factor() {
    let world = World::new().await;
    let (telephone, codes) = with_factor(&world).await;
    assert_eq!(codes.len(), 10, "{codes:?}");
    let mut browser = world.browser();
    let page = asked(&mut browser).await;
    assert_eq!(page.heading(), ASKS);
    assert!(page.answer.text().contains("autocomplete=\"one-time-code\""), "{}", page.answer.text());
    // Neither signed in nor known as a device.
    let names = browser.cookie_names();
    assert!(names.iter().all(|name| name.contains("_flow_")), "{names:?}");
    let refused = browser.show_code(&page, "000000").await.page();
    assert!(refused.heading() == ASKS && refused.answer.text().contains(WRONG), "{}", refused.answer.text());
    assert_eq!(browser.show_code(&refused, &telephone.code(&world, 0)).await.page().heading(), "Your account");
    assert_eq!(browser.cookie_names(), ["__Host-jeton_device", "__Host-jeton_session"], "the flow is over");
}

#[tokio::test]
async fn an_application_hears_that_two_were_proved() {
    let world = World::new().await;
    let (telephone, _) = with_factor(&world).await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    let page = browser.open(&asking(&shop, "shop", &[])).await.page();
    let began = world.moment().now.seconds();
    let page = browser.submit(&page, "/signin", None, &ADA).await.page();
    assert!(page.heading() == ASKS && page.answer.text().contains("to go on to shop"), "{}", page.answer.text());
    world.advance(20);
    let consent = browser.show_code(&page, &telephone.code(&world, 0)).await.page();
    let code = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.parameter("code");
    let answer = world.exchange(&shop, &code).await;
    let claims = claims_of(answer.member("id_token").as_str().unwrap());
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:jeton:2fa"), &json!(["pwd", "otp"])), "{claims}");
    assert_eq!(claims["auth_time"], began, "as old as the password");
    // A later visit in the same session asks for nothing.
    let again = browser.open(&asking(&shop, "shop", &[])).await;
    assert!(again.away().contains("code="));
}

#[tokio::test]
async fn a_code_counts_once_and_a_step_around_now() {
    let world = World::new().await;
    let (telephone, codes) = with_factor(&world).await;
    assert!(!signs_in(&world, &telephone.code(&world, -60)).await);
    assert!(!signs_in(&world, &telephone.code(&world, 60)).await);
    let code = telephone.code(&world, 0);
    assert!(signs_in(&world, &code).await);
    assert!(!signs_in(&world, &code).await, "it was used");
    assert!(!signs_in(&world, &telephone.code(&world, -30)).await, "and so is the one before");
    world.advance(900);
    let (one, two) = (codes[3].replace('-', ""), codes[7].to_uppercase());
    assert!(signs_in(&world, &one).await);
    assert!(!signs_in(&world, &codes[3]).await, "it was used");
    assert!(signs_in(&world, &two).await);
    let used = told(&world, "user.recovery_code_used");
    assert_eq!(used.iter().map(|entry| entry["left"].as_u64().unwrap()).collect::<Vec<_>>(), [9, 8]);
}

#[tokio::test]
async fn of_two_who_show_the_same_code_at_once_one_is_signed_in() {
    let world = World::new().await;
    let (telephone, _) = with_factor(&world).await;
    let (mut one, mut other) = (world.browser(), world.browser());
    let (first, second) = (asked(&mut one).await, asked(&mut other).await);
    let code = telephone.code(&world, 0);
    let (one, other) = tokio::join!(one.show_code(&first, &code), other.show_code(&second, &code));
    let mut headings = [one.page().heading(), other.page().heading()];
    headings.sort();
    assert_eq!(headings, [ASKS, "Your account"]);
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_a_device_that_is_known_is_not_locked_out() {
    let world = World::new().await;
    let (telephone, _) = with_factor(&world).await;
    let mut known = world.browser();
    let page = asked(&mut known).await;
    assert_eq!(known.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Your account");
    world.advance(60);
    let mut thief = world.browser();
    let mut page = asked(&mut thief).await;
    for _ in 0..5 {
        page = thief.show_code(&page, "111111").await.page();
        assert_eq!(page.answer.status, 200);
    }
    let waits = thief.show_code(&page, &telephone.code(&world, 0)).await.page();
    assert_eq!((waits.answer.status, waits.answer.header("retry-after")), (429, "900"), "{}", waits.answer.text());
    assert_eq!(world.service().throttled().find(|(kind, _)| *kind == Kind::SecondFactor).unwrap().1, 1);
    // Where she signed in before she signs in still.
    let page = known.open("/account").await.page();
    let _ = known.submit(&page, "/signout", None, &[]).await;
    let page = asked(&mut known).await;
    assert_eq!(known.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Your account");
    // Whoever unlocks her lets her try elsewhere, too.
    world.service().unlock_user("ada", &administrator(), &world.moment()).await.unwrap();
    world.advance(60);
    assert!(signs_in(&world, &telephone.code(&world, 0)).await);
}

#[tokio::test]
async fn a_password_that_was_right_is_forgotten_with_time_and_with_another_one() {
    let world = World::new().await;
    let (telephone, _) = with_factor(&world).await;
    let mut browser = world.browser();
    let page = asked(&mut browser).await;
    world.advance(600);
    assert_eq!(browser.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Sign in");
    let page = asked(&mut browser).await;
    world.advance(1);
    let set = world.service().set_password("ada", &Secret::from("another horse battery"), &administrator(), &world.moment()).await;
    set.unwrap();
    assert_eq!(browser.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Sign in");
    // Nor where everything of hers was ended.
    let page = browser.open("/signin").await.page();
    let typed = [("username", "ada"), ("password", "another horse battery")];
    let page = browser.submit(&page, "/signin", None, &typed).await.page();
    assert_eq!(page.heading(), ASKS);
    world.service().disable_user("ada", &administrator(), &world.moment()).await.unwrap();
    world.service().enable_user("ada", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(browser.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Sign in");
    assert!(browser.cookie("session").is_none());
}

#[tokio::test]
async fn a_second_factor_is_removed_by_who_proves_it_and_only_then() {
    let world = World::new().await;
    let (telephone, codes) = with_factor(&world).await;
    let mut browser = world.browser();
    let page = asked(&mut browser).await;
    let _ = browser.show_code(&page, &telephone.code(&world, 0)).await;
    let page = browser.open("/account/second-factor").await.page();
    assert!(page.answer.text().contains("Recovery codes that are left: 10"), "{}", page.answer.text());
    let refused = browser.submit(&page, "/account/second-factor", Some("remove"), &[("code", "000000")]).await.page();
    assert!(refused.answer.text().contains(WRONG), "{}", refused.answer.text());
    // Another sheet: those of the one before are worth nothing.
    let renewed = browser.submit(&page, "/account/second-factor", Some("renew"), &[("code", &codes[0])]).await.page();
    assert_eq!(renewed.heading(), "Your recovery codes");
    assert!(!codes.iter().any(|code| renewed.answer.text().contains(code)), "{}", renewed.answer.text());
    let refused = browser.submit(&page, "/account/second-factor", Some("remove"), &[("code", &codes[1])]).await.page();
    assert!(refused.answer.text().contains(WRONG), "{}", refused.answer.text());
    world.advance(60);
    let code = telephone.code(&world, 0);
    let removed = browser.submit(&page, "/account/second-factor", Some("remove"), &[("code", &code)]).await.page();
    assert_eq!(removed.heading(), "The second factor is removed");
    assert_eq!(asked(&mut world.browser()).await.heading(), "Your account");
    assert_eq!(told(&world, "user.second_factor_removed")[0]["by_themselves"], 1);
}

#[tokio::test]
async fn who_finds_a_browser_open_sets_no_second_factor() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let _ = browser.submit(&page, "/signin", None, &ADA).await;
    let page = browser.open("/account/second-factor").await.page();
    let (first, telephone) = (browser.cookie("session").unwrap().to_owned(), Telephone::of(&page));
    let refused = browser.submit(&page, "/account/second-factor", None, &[("code", "000000")]).await.page();
    assert!(refused.answer.text().contains(WRONG), "{}", refused.answer.text());
    let code = telephone.code(&world, 0);
    assert_eq!(browser.submit(&refused, "/account/second-factor", None, &[("code", &code)]).await.page().heading(), "Your recovery codes");
    assert_ne!(browser.cookie("session").unwrap(), first, "another secret for what was proved");
    world.service().reset_second_factor("ada", &administrator(), &world.moment()).await.unwrap();
    world.advance(601);
    assert_eq!(browser.open("/account/second-factor").await.page().heading(), "Sign in");
    assert!(browser.open("/account").await.page().answer.text().contains("You are signed in as ada."));
}

#[tokio::test]
async fn an_administrator_resets_what_was_lost() {
    let world = World::new().await;
    let (telephone, _) = with_factor(&world).await;
    let reset = world.administer(Method::POST, "/users/ada/reset-mfa", Some(json!({}))).await;
    assert_eq!(reset.status, 200, "{}", reset.shown());
    assert_eq!(asked(&mut world.browser()).await.heading(), "Your account", "the password is all");
    let removed = told(&world, "user.second_factor_removed");
    assert_eq!((removed.len(), &removed[0]["by_themselves"]), (1, &json!(0)));
    // Once more changes nothing, and tells nothing.
    let reset = world.administer(Method::POST, "/users/ada/reset-mfa", Some(json!({}))).await;
    assert_eq!((reset.status, told(&world, "user.second_factor_removed").len()), (200, 1));
    let mut browser = world.browser();
    let page = asked(&mut browser).await;
    assert_eq!(page.heading(), "Your account");
    let (another, _) = browser.set_second_factor(&world).await;
    world.advance(60);
    assert!(!signs_in(&world, &telephone.code(&world, 0)).await, "the one before is worth nothing");
    assert!(signs_in(&world, &another.code(&world, 0)).await);
}

#[tokio::test]
async fn what_may_have_been_used_before_a_restore_is_not_used_after_it() {
    let world = World::new().await;
    let (telephone, codes) = with_factor(&world).await;
    let code = telephone.code(&world, 0);
    world.service().go_on_put_back(&Actor::system(), &world.moment()).await.unwrap();
    assert!(world.service().accept_gap(&Actor::system(), &world.moment()).await.unwrap());
    world.advance(1);
    assert!(!signs_in(&world, &code).await, "somebody may have used it in what is missing");
    assert!(!signs_in(&world, &codes[0]).await, "and that, too");
    world.advance(30);
    let mut browser = world.browser();
    let page = asked(&mut browser).await;
    assert_eq!(browser.show_code(&page, &telephone.code(&world, 0)).await.page().heading(), "Your account");
    // Another sheet counts from here on.
    world.advance(30);
    let page = browser.open("/account/second-factor").await.page();
    let filled = [("code", telephone.code(&world, 0))];
    let filled = filled.each_ref().map(|(name, value)| (*name, value.as_str()));
    let sheet = browser.submit(&page, "/account/second-factor", Some("renew"), &filled).await.page();
    let text = sheet.answer.text();
    let another = text.split("<li><code>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    assert!(signs_in(&world, another).await);
    assert!(!signs_in(&world, &codes[1]).await);
}

#[tokio::test]
async fn it_goes_with_its_person() {
    for (method, path) in [(Method::DELETE, "/users/ada"), (Method::POST, "/users/ada/erase")] {
        let world = World::new().await;
        let _ = with_factor(&world).await;
        let key = vec![Value::Text(world.service().find_user("ada").unwrap().record.id.0.clone())];
        assert!(world.row(&second_factor::TABLE, &key).is_some());
        world.done(method, path, Some(json!({}))).await;
        assert!(world.row(&second_factor::TABLE, &key).is_none(), "{path}");
    }
}
