//! `/account/password`: who is signed in chooses another password. Whoever only found their browser open does not.

use std::sync::Mutex;

use jeton_core::id::PersonId;
use jeton_http::letters::write;
use jeton_oauth::Issuer;
use jeton_service::letters::{Carrier, Follows, Handing, Letter};
use jeton_testkit::World;
use jeton_testkit::world::browser::{Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::{PASSWORD, asking};
use jeton_token::Secret;

const NEW: &str = "another battery staple";
const PATH: &str = "/account/password";

async fn signed_in<'w>(world: &'w World, password: &str) -> Browser<'w> {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", password)]).await.page();
    browser
}

async fn change(browser: &mut Browser<'_>, filled: &[(&str, &str)]) -> Page {
    let page = browser.open(PATH).await.page();
    browser.submit(&page, PATH, None, filled).await.page()
}

async fn is_here(browser: &mut Browser<'_>) -> bool {
    browser.open("/account").await.page().heading() == "Your account"
}

async fn counts(world: &World, password: &str) -> bool {
    signed_in(world, password).await.cookie("session").is_some()
}

/// The subjects of the letters that it gets.
#[derive(Default)]
struct Subjects(Mutex<Vec<String>>);

impl Carrier for Subjects {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Handing<'a> {
        self.0.lock().unwrap().push(write(letter, &Issuer::parse("https://tokens.example").unwrap()).subject);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn another_password_ends_what_was_begun_with_the_one_before_but_for_where_it_was_chosen() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let ada: PersonId = world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    let shop = world.application("shop", &[&orders]).await;
    world.advance(5);
    let token = async |scope: &str| {
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", scope)])).await;
        world.exchange(&shop, &code).await.member("access_token").as_str().unwrap().to_owned()
    };
    let (bound, offline) = (token("openid").await, token("openid offline_access").await);
    let (mut here, mut elsewhere) = (signed_in(&world, PASSWORD).await, signed_in(&world, PASSWORD).await);
    let mut round = world.service().begin_letters(Follows::News).await.unwrap();
    let before = here.cookie("session").unwrap().to_owned();
    world.advance(5);

    let page = change(&mut here, &[("password", PASSWORD), ("new_password", NEW)]).await;
    assert!(page.answer.text().contains("Your password is changed"), "{}", page.answer.shown());
    assert!(!page.answer.text().contains(NEW));
    assert_ne!(here.cookie("session").unwrap(), before, "with another secret");
    assert_eq!((is_here(&mut here).await, is_here(&mut elsewhere).await), (true, false));
    assert_eq!((counts(&world, PASSWORD).await, counts(&world, NEW).await), (false, true));
    assert_eq!((world.userinfo(&bound).await.status, world.userinfo(&offline).await.status), (401, 200));
    let mut thief = world.browser();
    let name = here.cookie_names().into_iter().find(|name| name.ends_with("session")).unwrap().to_owned();
    thief.put_cookie(&name, &before);
    assert!(!is_here(&mut thief).await, "the secret before is worth nothing");

    let subjects = Subjects::default();
    world.service().carry_letters(&mut round, &subjects).await.unwrap();
    assert_eq!(*subjects.0.lock().unwrap(), ["Your password at tokens.example was changed"]);
    let activity = here.open("/account/activity").await.page();
    assert!(activity.answer.text().contains("The password was changed"), "{}", activity.answer.shown());
    assert!(world.access_log().contains("password_changed") && !world.access_log().contains(ada.as_str()));
}

#[tokio::test]
async fn who_does_not_know_the_password_changes_none_and_neither_does_who_wants_a_weak_one() {
    let world = World::new().await;
    world.person("ada").await;
    let (mut browser, mut other) = (signed_in(&world, PASSWORD).await, signed_in(&world, PASSWORD).await);
    let size = world.ledger_size();
    for (present, chosen, said) in [
        ("not my password", NEW, "The password that you have is another one."),
        ("", NEW, "The password that you have is another one."),
        (PASSWORD, "short", "8"),
        (PASSWORD, "", "8"),
        (PASSWORD, "password1", "a list of passwords that leaked"),
        (PASSWORD, PASSWORD, "this is the password that you have"),
    ] {
        let page = change(&mut browser, &[("password", present), ("new_password", chosen)]).await;
        assert_eq!((page.answer.status, page.heading().as_str()), (200, "Your password"), "{present} {chosen}");
        let text = page.answer.text();
        let problem = text.split("role=\"alert\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        assert!(problem.contains(said), "{present} {chosen}: {}", page.answer.shown());
    }
    assert_eq!(world.ledger_size(), size, "nothing was written");
    assert!(is_here(&mut other).await && counts(&world, PASSWORD).await);
    assert_eq!(world.browser().open(PATH).await.page().heading(), "Sign in");
}

#[tokio::test]
async fn who_has_a_second_factor_shows_it_too() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = signed_in(&world, PASSWORD).await;
    let (telephone, sheet) = browser.set_second_factor(&world).await;
    world.advance(60);
    let with = async |browser: &mut Browser<'_>, present: &str, chosen: &str, code: &str| {
        let page = change(browser, &[("password", present), ("new_password", chosen), ("code", code)]).await;
        page.answer.text().contains("Your password is changed")
    };
    for code in ["", "000000", "no such code"] {
        assert!(!with(&mut browser, PASSWORD, NEW, code).await, "{code}");
    }
    // A code that would count is not used up by a password that is not taken, nor by one that is wrong.
    let code = telephone.code(&world, 0);
    assert!(!with(&mut browser, PASSWORD, "short", &code).await);
    assert!(!with(&mut browser, "not my password", NEW, &code).await);
    assert!(with(&mut browser, PASSWORD, NEW, &code).await);
    assert!(!with(&mut browser, NEW, PASSWORD, &code).await, "once");
    assert!(with(&mut browser, NEW, PASSWORD, &sheet[0]).await, "or one of the sheet");
    assert!(is_here(&mut browser).await);
    world.service().reset_second_factor("ada", &administrator(), &world.moment()).await.unwrap();
    let page = change(&mut browser, &[("password", PASSWORD), ("new_password", NEW)]).await;
    assert!(page.answer.text().contains("Your password is changed"), "nobody is asked for what they have not");
}

#[tokio::test]
async fn it_is_guessed_no_more_often_than_where_people_sign_in() {
    let world = World::new().await;
    world.person("ada").await;
    world.advance(5);
    let mut browser = signed_in(&world, PASSWORD).await;
    // The session alone, as a thief has it: not the device.
    let name = browser.cookie_names().into_iter().find(|name| name.ends_with("session")).unwrap().to_owned();
    let mut thief = world.browser();
    thief.put_cookie(&name, browser.cookie("session").unwrap());
    for _ in 0..10 {
        assert_eq!(change(&mut thief, &[("password", "guessed"), ("new_password", NEW)]).await.answer.status, 200);
    }
    let page = change(&mut thief, &[("password", PASSWORD), ("new_password", NEW)]).await;
    assert_eq!(page.answer.status, 429, "{}", page.answer.shown());
    assert!(page.answer.header("retry-after").parse::<i64>().unwrap() > 0);
    // What is guessed here counts there.
    let mut stranger = world.browser();
    let page = stranger.open("/signin").await.page();
    let page = stranger.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    assert_eq!(page.answer.status, 429);
    // On the device of theirs it goes on.
    let page = change(&mut browser, &[("password", PASSWORD), ("new_password", NEW)]).await;
    assert!(page.answer.text().contains("Your password is changed"), "{}", page.answer.shown());
}

/// Wherever a process ends: what was begun with the password before is over as soon as the other one counts.
#[tokio::test]
async fn nothing_is_left_of_it_wherever_it_fails() {
    for commits in 0..3 {
        let world = World::new().await;
        world.person("ada").await;
        world.advance(5);
        let (mut browser, other) = (signed_in(&world, PASSWORD).await, signed_in(&world, PASSWORD).await);
        world.advance(5);
        let text = Secret::from(other.cookie("session").unwrap().split('.').next().unwrap());
        world.fail_after(commits);
        let page = browser.open(PATH).await.page();
        let _ = browser.submit(&page, PATH, None, &[("password", PASSWORD), ("new_password", NEW)]).await;
        drop((browser, other));
        let world = world.reopen().await;
        let is_live = world.service().session(text.expose(), world.now(), &world.moment()).await.unwrap().is_some();
        assert_eq!((counts(&world, NEW).await, is_live), (commits > 0, commits == 0), "after {commits}");
    }
}
