//! Signing in by a plain page, saying yes or no, and signing out, as a browser without script does it.

use axum::body::Body;
use http::Request;
use jeton_testkit::World;
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::{PASSWORD, asking};

const ADA: [(&str, &str); 2] = [("username", "ada"), ("password", PASSWORD)];

#[tokio::test]
async fn somebody_signs_in_and_allows_and_is_not_asked_again() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    let address = asking(&shop, "shop", &[("scope", "openid email offline_access orders:read")]);

    let mut browser = world.browser();
    let page = browser.open(&address).await.page();
    assert_eq!((page.heading().as_str(), page.address.starts_with("/signin?flow=")), ("Sign in", true), "{page:?}");
    assert!(page.answer.text().contains("to go on to shop"));
    let consent = browser.submit(&page, "/signin", None, &ADA).await.page();
    assert_eq!(consent.heading(), "Allow shop?");
    let text = consent.answer.text();
    for expected in
        ["know who you are here", "see your e-mail address", "read orders", "at https://orders.example", "<dd>shop.example</dd>"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("see your name"), "{text}");
    let away = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.away();
    assert!(away.starts_with("https://shop.example/callback?code=jtn_ac_"), "{away}");
    assert!(away.ends_with("&state=a+state&iss=https%3A%2F%2Ftokens.example"), "{away}");
    assert_eq!(browser.cookie_names(), ["__Host-jeton_device", "__Host-jeton_session"], "the flow is over");

    // Signed in, and asked before: nothing is shown.
    let again = browser.open(&address).await.away();
    assert!(again.starts_with("https://shop.example/callback?code="), "{again}");
    // Of more, only what is new.
    let more = browser.open(&asking(&shop, "shop", &[("scope", "openid profile")])).await.page();
    let text = more.answer.text();
    assert!(text.contains("see your name") && text.contains("You allowed this before"), "{text}");
    let (new, before) = text.split_once("<details>").unwrap();
    assert!(!new.contains("know who you are") && before.contains("know who you are"), "{text}");
}

#[tokio::test]
async fn who_says_no_sends_nothing_but_that() {
    let world = World::new().await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    let page = browser.open(&asking(&shop, "shop", &[])).await.page();
    let consent = browser.submit(&page, "/signin", None, &ADA).await.page();
    let (size, away) = (world.ledger_size(), browser.submit(&consent, "/oauth/authorize", Some("deny"), &[]).await.away());
    assert!(away.starts_with("https://shop.example/callback?error=access_denied&"), "{away}");
    assert!(away.ends_with("&state=a+state&iss=https%3A%2F%2Ftokens.example") && !away.contains("code"), "{away}");
    assert_eq!(world.ledger_size(), size, "nothing was written");
}

#[tokio::test]
async fn nobody_learns_who_is_known_here() {
    let world = World::new().await;
    world.person("ada").await;
    world.person("off").await;
    world.service().disable_user("off", &administrator(), &world.moment()).await.unwrap();
    let shop = world.application("shop", &[]).await;
    let mut answers = Vec::new();
    for (username, password) in
        [("ada", "wrong"), ("nobody", "wrong"), ("off", PASSWORD), ("", ""), ("ada", ""), ("a\u{202e}da\0", "x"), ("<b>", "x")]
    {
        let mut browser = world.browser();
        let page = browser.open(&asking(&shop, "shop", &[])).await.page();
        let refused = browser.submit(&page, "/signin", None, &[("username", username), ("password", password)]).await.page();
        assert_eq!(refused.answer.status, 200, "{username}");
        let text = refused.answer.text();
        assert!(
            text.contains("The user name or the password is not right.") && !text.contains("<b>") && !text.contains('\u{202e}'),
            "{text}"
        );
        assert!(!text.contains(PASSWORD), "a password does not stand there again");
        answers.push(masked(&refused, username));
        assert!(browser.cookie("session").is_none());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

/// A page without what differs from one asking to the next.
fn masked(page: &Page, username: &str) -> String {
    let form = page.form("/signin");
    let (flow, token) = (form.action.as_str(), form.fields[0].1.as_str());
    let mut text = page.answer.text().replace(flow, "ACTION").replace(token, "TOKEN");
    // What is asked of an authenticator is drawn for each page.
    let passkey = page.form("/signin/passkey");
    let challenge = text.split("data-challenge=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    for differs in [&passkey.action, &passkey.fields[0].1, &passkey.fields[1].1, &challenge] {
        text = text.replace(differs.as_str(), "PASSKEY");
    }
    let (before, after) = text.split_once("id=\"username\"").unwrap();
    let (_, after) = after.split_once("autocomplete=\"username webauthn\"").unwrap();
    let focus = |text: &str| text.replace(" autofocus", "");
    assert!(!username.contains("TOKEN"));
    format!("{before}{}", focus(after))
}

#[tokio::test]
async fn a_session_ends_with_its_person_its_time_and_its_end() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let mut browser = signed_in(&world, "ada").await;
    let page = browser.open("/account").await.page();
    assert!(page.answer.text().contains("You are signed in as ada."), "{}", page.answer.text());
    // Seen again each day, it goes on; nobody there for a day, it is over.
    for _ in 0..3 {
        world.advance(23 * 3_600);
        assert_eq!(browser.open("/account").await.page().heading(), "Your account");
    }
    world.advance(24 * 3_600);
    assert_eq!(browser.open("/account").await.page().heading(), "Sign in");

    let mut browser = signed_in(&world, "ada").await;
    let stolen = browser.cookie("session").unwrap().to_owned();
    let page = browser.open("/account").await.page();
    assert_eq!(browser.submit(&page, "/signout", None, &[]).await.page().heading(), "Signed out");
    assert!(browser.cookie("session").is_none());
    browser.put_cookie("__Host-jeton_session", &stolen);
    assert_eq!(browser.open("/account").await.page().heading(), "Sign in", "what ended stays ended");

    let mut browser = signed_in(&world, "ada").await;
    world.service().disable_user(ada.as_str(), &administrator(), &world.moment()).await.unwrap();
    assert_eq!(browser.open("/account").await.page().heading(), "Sign in");
    world.service().enable_user("ada", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(browser.open("/account").await.page().heading(), "Sign in", "enabling brings none back");
}

#[tokio::test]
async fn cookies_that_were_put_there_or_changed_are_none() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = signed_in(&world, "ada").await;
    let value = browser.cookie("session").unwrap().to_owned();
    let (rest, tag) = value.rsplit_once('.').unwrap();
    let (text, stamp) = rest.rsplit_once('.').unwrap();
    let later = format!("{text}.{}.{tag}", stamp.parse::<i64>().unwrap() + 1);
    for other in [later.as_str(), text, rest, &value[1..], "", "x", &format!("{value}A")] {
        browser.put_cookie("__Host-jeton_session", other);
        assert_eq!(browser.open("/account").await.page().heading(), "Sign in", "{other:?}");
    }
    // Two of one name: one of them is somebody else's.
    let request = Request::get("/account").header("cookie", format!("__Host-jeton_session={value}; __Host-jeton_session={value}"));
    assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.status, 303);
    let request = Request::get("/account").header("cookie", format!("__Host-jeton_session={value}"));
    assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.status, 200, "it is good");
}

#[tokio::test]
async fn signing_in_again_gives_another_secret_and_the_same_session() {
    let world = World::new().await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = signed_in(&world, "ada").await;
    let first = browser.cookie("session").unwrap().to_owned();
    world.advance(5);
    let page = browser.open(&asking(&shop, "shop", &[("prompt", "login")])).await.page();
    assert!(page.answer.text().contains("Sign in once more"), "{}", page.answer.text());
    let consent = browser.submit(&page, "/signin", None, &ADA).await.page();
    assert_eq!(consent.heading(), "Allow shop?");
    assert_ne!(browser.cookie("session"), Some(first.as_str()));
    let mut other = world.browser();
    other.put_cookie("__Host-jeton_session", &first);
    assert_eq!(other.open("/account").await.page().heading(), "Sign in", "the secret from before is good for nothing");
}

#[tokio::test]
async fn somebody_else_signs_in_instead() {
    let world = World::new().await;
    world.person("ada").await;
    world.person("bob").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = signed_in(&world, "ada").await;
    let consent = browser.open(&asking(&shop, "shop", &[])).await.page();
    assert!(consent.answer.text().contains("your account ada"), "{}", consent.answer.text());
    let page = browser.submit(&consent, "/signout", None, &[]).await.page();
    assert_eq!(page.heading(), "Sign in");
    let consent = browser.submit(&page, "/signin", None, &[("username", "bob"), ("password", PASSWORD)]).await.page();
    assert!(consent.answer.text().contains("your account bob"), "{}", consent.answer.text());
}

#[tokio::test]
async fn a_flow_is_of_one_browser_and_one_hour() {
    let world = World::new().await;
    world.person("ada").await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    let page = browser.open(&asking(&shop, "shop", &[])).await.page();
    let mut other = world.browser();
    let refused = other.open(&page.address).await.page();
    assert_eq!((refused.answer.status, refused.heading().as_str()), (400, "This took too long"));
    world.advance(3_599);
    assert_eq!(browser.open(&page.address).await.page().heading(), "Sign in");
    world.advance(1);
    assert_eq!(browser.open(&page.address).await.page().heading(), "This took too long");
    // Many that nobody ends: the oldest make room, and no request is too large.
    for _ in 0..40 {
        world.advance(1);
        browser.open(&asking(&shop, "shop", &[("state", &"s".repeat(500))])).await.page();
        let bytes: usize = browser.cookie_names().iter().map(|name| name.len() + browser.cookie(name).unwrap().len()).sum();
        assert!(bytes <= 7 * 1024 + 64, "{bytes}");
    }
    let last = browser.open(&asking(&shop, "shop", &[])).await.page();
    assert!(matches!(browser.submit(&last, "/signin", None, &ADA).await, Arrived::Page(_)));
}

#[tokio::test]
async fn what_waits_for_nobody_is_nowhere() {
    let world = World::new().await;
    let shop = world.application("shop", &[]).await;
    let (size, commits) = (world.ledger_size(), world.commits());
    for _ in 0..100 {
        world.browser().open(&asking(&shop, "shop", &[])).await.page();
    }
    assert_eq!((world.ledger_size(), world.commits()), (size, commits), "a flow is in its browser alone");
}

async fn signed_in<'w>(world: &'w World, username: &str) -> jeton_testkit::world::browser::Browser<'w> {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let account = browser.submit(&page, "/signin", None, &[("username", username), ("password", PASSWORD)]).await.page();
    assert_eq!(account.heading(), "Your account", "{}", account.answer.text());
    browser
}

/// A page that was left open is answered after somebody else signed in: what the one read, the other did not say.
#[tokio::test]
async fn what_one_person_read_is_not_said_by_another() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    for name in ["ada", "bob"] {
        world.person(name).await;
        world.allow(name, &orders, "orders:read").await;
    }
    let shop = world.application("shop", &[&orders]).await;
    let mut browser = world.browser();
    let signed_in = async |browser: &mut Browser<'_>, page: &Page, name: &str| {
        browser.submit(page, "/signin", None, &[("username", name), ("password", PASSWORD)]).await.page()
    };
    let page = browser.open(&asking(&shop, "shop", &[("scope", "orders:read")])).await.page();
    let left_open = signed_in(&mut browser, &page, "ada").await;
    assert!(left_open.answer.text().contains("ada"), "{}", left_open.answer.text());
    let account = browser.open("/account").await.page();
    let _: Arrived = browser.submit(&account, "/signout", None, &[]).await;
    let page = browser.open("/account").await.page();
    let _: Page = signed_in(&mut browser, &page, "bob").await;
    let again = browser.submit(&left_open, "/oauth/authorize", Some("allow"), &[]).await.page();
    let text = again.answer.text();
    assert!(text.contains("has changed") && text.contains("bob") && !text.contains("ada"), "{text}");
}
