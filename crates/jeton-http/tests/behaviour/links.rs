//! Links that people get: opened as often as one likes, used once, and by nobody whose link is over.

use http::Method;
use jeton_core::id::Actor;
use jeton_core::link::make::Made;
use jeton_core::link::{self, Link, Purpose};
use jeton_core::password::{self, Password};
use jeton_core::person::create::CreatePerson;
use jeton_core::record::Value as Column;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use jeton_token::Secret;
use serde_json::json;

const NEW: &str = "another battery staple";
const OVER: &str = "This link is not good any more";

/// Somebody without a password.
async fn take_in(world: &World, username: &str) {
    let email = Some(format!("{username}@example.com"));
    let request = CreatePerson { username: username.to_owned(), email, ..CreatePerson::default() };
    world.service().create_user(&request, &administrator(), &world.moment()).await.unwrap();
}

async fn make(world: &World, username: &str, purpose: Purpose) -> Made {
    world.service().make_link(username, purpose, &administrator(), &world.moment()).await.unwrap()
}

fn address(world: &World, made: &Made) -> String {
    world.service().link_address(&made.text).expose().to_owned()
}

/// Opens a link and fills in what it asks for.
async fn choose(browser: &mut Browser<'_>, address: &str, password: &str) -> Page {
    let page = browser.open(address).await.page();
    assert_eq!(page.address, "/link", "no text in the address");
    browser.submit(&page, "/link", None, &[("password", password)]).await.page()
}

async fn signs_in(world: &World, username: &str, password: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", username), ("password", password)]).await.page();
    browser.cookie("session").is_some()
}

async fn is_over(world: &World, address: &str) -> bool {
    let page = world.browser().open(address).await.page();
    page.answer.status == 400 && page.heading() == OVER
}

fn verified_at(world: &World, username: &str) -> Option<i64> {
    world.service().find_user(username).unwrap().record.email_verified_at
}

#[tokio::test]
async fn an_invitation_is_used_once_and_opened_as_often_as_one_likes() {
    let world = World::new().await;
    take_in(&world, "ada").await;
    let made = make(&world, "ada", Purpose::Invitation).await;
    let link = address(&world, &made);
    let size = world.ledger_size();
    for _ in 0..3 {
        let page = world.browser().open(&link).await.page();
        assert_eq!((page.heading().as_str(), page.answer.status), ("Welcome", 200));
        assert!(!page.answer.text().contains(made.text.expose()), "a page does not repeat the text");
    }
    assert_eq!(world.ledger_size(), size, "opening writes nothing");

    let mut browser = world.browser();
    for weak in ["short", ""] {
        let page = choose(&mut browser, &link, weak).await;
        assert!(page.answer.text().contains("role=\"alert\""), "{weak}: {}", page.answer.text());
    }
    let page = choose(&mut browser, &link, NEW).await;
    assert_eq!((page.address.split('?').next(), page.heading().as_str()), (Some("/signin"), "Sign in"), "nobody is signed in by it");
    assert!(browser.cookie("session").is_none());
    assert!(signs_in(&world, "ada", NEW).await);
    assert!(is_over(&world, &link).await);
    assert_eq!(verified_at(&world, "ada"), None, "it was told to whoever asked for it: no letter reached anybody");

    let log = world.access_log();
    assert!(log.contains(r#""route":"/link/{text}""#) && !log.contains(made.text.expose()), "{log}");
    let kept = Link::from_row(&made.link.row()).unwrap();
    assert_eq!(kept, made.link, "a row is read as it was written");
    let again = link::text::again(&kept, jeton_token::Prefix::default(), &world.service().registry().root_keys()).unwrap();
    assert_eq!(again.expose(), made.text.expose(), "whoever sends it makes the text again");
    assert!(world.row(&link::TABLE, &vec![Column::Id(kept.id.0)]).is_none(), "the row is gone");
    for kind in ["link.made", "link.used"] {
        let told = world.done(Method::GET, &format!("/audit/entries?kind={kind}"), None).await;
        assert_eq!(told["items"].as_array().map(Vec::len), Some(1), "{kind}: {told}");
    }
}

#[tokio::test]
async fn of_two_who_use_it_at_once_one_does() {
    let world = World::new().await;
    take_in(&world, "ada").await;
    let made = make(&world, "ada", Purpose::Invitation).await;
    let use_it = async || {
        let (moment, password) = (world.moment(), Secret::from(NEW));
        world.service().use_link(made.text.expose(), Some(&password), &moment).await.is_ok()
    };
    let (first, second) = tokio::join!(use_it(), use_it());
    assert!(first ^ second, "{first} {second}");
}

#[tokio::test]
async fn another_password_ends_sessions_and_a_sent_link_shows_that_letters_arrive() {
    let world = World::new().await;
    world.person("ada").await;
    world.service().send_links();
    world.advance(5);
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    assert_eq!(browser.open("/account").await.page().heading(), "Your account");
    let link = address(&world, &make(&world, "ada", Purpose::PasswordReset).await);
    choose(&mut world.browser(), &link, NEW).await;
    assert_eq!(browser.open("/account").await.page().heading(), "Sign in", "the session is over");
    assert_eq!((signs_in(&world, "ada", PASSWORD).await, signs_in(&world, "ada", NEW).await), (false, true));
    assert_eq!(verified_at(&world, "ada"), Some(world.now()));

    let link = address(&world, &make(&world, "ada", Purpose::EmailVerification).await);
    let mut browser = world.browser();
    let page = browser.open(&link).await.page();
    assert_eq!(page.heading(), "Confirm your address");
    assert!(!is_over(&world, &link).await);
    browser.submit(&page, "/link", None, &[]).await.page();
    assert!(is_over(&world, &link).await);
}

/// A link is good until this ends it.
async fn check_end(what: &str, purpose: Purpose, end: impl AsyncFnOnce(&World)) {
    let world = World::new().await;
    match purpose {
        Purpose::Invitation => take_in(&world, "ada").await,
        _ => drop(world.person("ada").await),
    }
    world.advance(2);
    let link = address(&world, &make(&world, "ada", purpose).await);
    assert!(!is_over(&world, &link).await, "{what}: it is good before");
    end(&world).await;
    assert!(is_over(&world, &link).await, "{what}");
}

#[tokio::test]
async fn whatever_ends_a_link_is_answered_alike() {
    check_end("time", Purpose::Invitation, async |world: &World| world.advance(7 * 86_400)).await;
    check_end("time", Purpose::PasswordReset, async |world: &World| world.advance(3_600)).await;
    check_end("time", Purpose::EmailVerification, async |world: &World| world.advance(86_400)).await;
    check_end("another one", Purpose::Invitation, async |world: &World| drop(make(world, "ada", Purpose::Invitation).await)).await;
    check_end("disabled and enabled", Purpose::Invitation, async |world: &World| {
        world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await;
        world.advance(5);
        world.done(Method::POST, "/users/ada/enable", Some(json!({}))).await;
    })
    .await;
    for (what, method, path, body) in [
        ("suspended", Method::POST, "/suspensions", json!({"user": "ada"})),
        ("erased", Method::POST, "/users/ada/erase", json!({})),
        ("deleted", Method::DELETE, "/users/ada", json!({})),
    ] {
        check_end(what, Purpose::Invitation, async |world: &World| drop(world.done(method, path, Some(body)).await)).await;
    }
    check_end("another address", Purpose::PasswordReset, async |world: &World| {
        world.done(Method::PATCH, "/users/ada", Some(json!({"email": "eve@example.org"}))).await;
    })
    .await;
    check_end("another password", Purpose::PasswordReset, async |world: &World| {
        world.advance(1);
        world.done(Method::PUT, "/users/ada/password", Some(json!({"password": NEW}))).await;
    })
    .await;
    check_end("a gap, also once it is accepted", Purpose::Invitation, async |world: &World| {
        world.service().go_on_put_back(&Actor::system(), &world.moment()).await.unwrap();
        world.advance(10);
        assert!(world.service().accept_gap(&Actor::system(), &world.moment()).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_is_no_link_is_answered_like_one_that_is_over() {
    let world = World::new().await;
    for text in ["x", "jtn_inv_x", "jtn_key_x", &"a".repeat(300), "%00", "..%2f"] {
        assert!(is_over(&world, &format!("/link/{text}")).await, "{text}");
    }
    let bare = world.browser().open("/link").await.page();
    assert_eq!((bare.heading().as_str(), bare.answer.status), (OVER, 400));
}

#[tokio::test]
async fn a_link_is_for_somebody_who_can_have_one() {
    let world = World::new().await;
    world.person("ada").await;
    let refused = async |name: &str, purpose: Purpose| {
        world.service().make_link(name, purpose, &administrator(), &world.moment()).await.unwrap_err().to_string()
    };
    assert!(refused("ada", Purpose::Invitation).await.contains("has a password already"));
    assert!(refused("nobody", Purpose::Invitation).await.contains("no user"));
    let request = CreatePerson { username: "bea".to_owned(), ..CreatePerson::default() };
    world.service().create_user(&request, &administrator(), &world.moment()).await.unwrap();
    assert!(refused("bea", Purpose::Invitation).await.contains("no address"));
}

/// A restore to an earlier time leaves nothing of a password that was set since: who had it is invited, and chooses another.
#[tokio::test]
async fn who_has_nothing_left_of_a_password_chooses_another() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let row = world.row(&password::TABLE, &vec![Column::Text(ada.0.clone())]).unwrap();
    world.damage(&password::TABLE, &Password::from_row(&row).unwrap().stopped().row());
    let link = address(&world, &make(&world, "ada", Purpose::Invitation).await);
    choose(&mut world.browser(), &link, NEW).await;
    assert!(signs_in(&world, "ada", NEW).await);
    assert!(is_over(&world, &link).await);
}
