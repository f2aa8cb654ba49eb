//! Signing in where a restore left a gap: a password from before it signs nobody in until somebody accepts the gap or sets another one.

use http::Method;
use jeton_core::id::Actor;
use jeton_testkit::World;
use jeton_testkit::world::browser::Page;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use jeton_token::Secret;
use serde_json::Value;

const WORDS: &str = "whether your password still holds is not known here yet. Ask an administrator for a new one, or try again later.";

/// What somebody sees who signs in, and whether they are signed in then.
async fn signs_in(world: &World, username: &str, password: &str) -> (Page, bool) {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let seen = browser.submit(&page, "/signin", None, &[("username", username), ("password", password)]).await.page();
    let is_in = browser.cookie("session").is_some();
    (seen, is_in)
}

#[tokio::test]
async fn a_password_from_before_a_gap_says_whom_to_ask_and_signs_nobody_in() {
    let world = World::new().await;
    for username in ["ada", "bea", "off"] {
        world.person(username).await;
    }
    world.done(Method::POST, "/users/off/disable", None::<Value>).await;
    world.service().go_on_put_back(&Actor::system(), &world.moment()).await.unwrap();
    world.advance(10);

    let check = async |username: &str, password: &str, status: u16, words: &str, is_in: bool| {
        let (page, found) = signs_in(&world, username, password).await;
        let text = page.answer.text();
        assert_eq!((page.answer.status, found), (status, is_in), "{username}: {text}");
        assert!(text.contains(words), "{username}: {text}");
        assert!(!text.contains(password), "a password does not stand there again");
    };
    let refused = "The user name or the password is not right.";
    check("ada", PASSWORD, 503, WORDS, false).await;
    check("bea", PASSWORD, 503, WORDS, false).await;
    // Whoever does not know it, or would not be signed in by it, hears what they hear at any time.
    check("ada", "a wrong one", 200, refused, false).await;
    check("nobody", PASSWORD, 200, refused, false).await;
    check("off", PASSWORD, 200, refused, false).await;

    let metrics = world.metrics().await;
    for line in [r#"jeton_sign_ins_total{outcome="fenced"} 2"#, r#"jeton_sign_ins_total{outcome="refused"} 3"#] {
        assert!(metrics.lines().any(|known| known == line), "{line}: {metrics}");
    }
    assert_eq!(world.access_log().lines().filter(|line| line.contains(r#""outcome":"fenced""#)).count(), 2);

    // What is set here counts, and once the gap is accepted what was before does.
    world.service().set_password("ada", &Secret::from("another battery staple"), &administrator(), &world.moment()).await.unwrap();
    check("ada", PASSWORD, 200, refused, false).await;
    check("ada", "another battery staple", 200, "Your account", true).await;
    assert!(world.service().accept_gap(&Actor::system(), &world.moment()).await.unwrap());
    check("bea", PASSWORD, 200, "Your account", true).await;
}
