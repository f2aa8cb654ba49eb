//! Letters: written about links that are kept, carried beside the requests, sent again by the next process, and given up in the end. Who asks for
//! one learns nothing about who is here.

use std::collections::VecDeque;
use std::sync::Mutex;

use http::Method;
use jeton_core::link::Purpose;
use jeton_core::person::create::CreatePerson;
use jeton_http::letters::write;
use jeton_oauth::Issuer;
use jeton_service::letters::{Carrier, Follows, Handing, Letter, NotTaken, Round};
use jeton_testkit::World;
use jeton_testkit::world::browser::{Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use serde_json::json;

const NEW: &str = "another battery staple";

/// A mailbox for everybody; its server says these things first.
#[derive(Default)]
struct Mailbox {
    letters: Mutex<Vec<(String, String, String)>>,
    answers: Mutex<VecDeque<NotTaken>>,
}

impl Mailbox {
    fn saying(answer: &NotTaken, times: usize) -> Mailbox {
        Mailbox { answers: Mutex::new(vec![answer.clone(); times].into()), ..Mailbox::default() }
    }

    /// Address, subject, and the link in it, of each letter since the last look.
    fn look(&self) -> Vec<(String, String, String)> {
        std::mem::take(&mut self.letters.lock().unwrap())
    }
}

impl Carrier for Mailbox {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Handing<'a> {
        let answer = self.answers.lock().unwrap().pop_front();
        if answer.is_none() {
            let written = write(letter, &Issuer::parse("https://tokens.example").unwrap());
            let link = written.text.expose().lines().find(|line| line.contains("/link/")).unwrap_or_default().to_owned();
            self.letters.lock().unwrap().push((letter.address.to_string(), written.subject, link));
        }
        Box::pin(std::future::ready(answer.map_or(Ok(()), Err)))
    }
}

/// A server with a mail server.
async fn begin(world: &World) -> Round {
    let round = world.service().begin_letters(Follows::Links).await.unwrap();
    world.service().send_links();
    round
}

/// What the schedules of a process do each second.
async fn tick(world: &World, round: &mut Round, mailbox: &Mailbox) -> u64 {
    world.service().work_off_forgotten_passwords().await.unwrap();
    world.service().carry_letters(round, mailbox).await.unwrap()
}

/// How many were sent, put off and given up, and how many wait.
fn went(world: &World) -> String {
    let (went, waiting) = world.service().letters_carried();
    let counts: Vec<String> = went.map(|(_, count)| count).chain([waiting]).map(|count| count.to_string()).collect();
    counts.join(" ")
}

async fn ask(browser: &mut Browser<'_>, username: &str) -> Page {
    let page = browser.open("/forgot").await.page();
    browser.submit(&page, "/forgot", None, &[("username", username)]).await.page()
}

/// What a page says, without what is of one browser alone.
fn words(page: &Page) -> String {
    page.answer.text().split("flow=").map(|part| part.get(8..).unwrap_or(part)).collect()
}

async fn signs_in(world: &World, username: &str, password: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", username), ("password", password)]).await.page();
    browser.cookie("session").is_some()
}

#[tokio::test]
async fn who_forgot_their_password_gets_a_letter_and_nobody_learns_who_is_here() {
    let world = World::new().await;
    for username in ["ada", "bea"] {
        world.person(username).await;
    }
    let without = CreatePerson { username: "cy".to_owned(), ..CreatePerson::default() };
    world.service().create_user(&without, &administrator(), &world.moment()).await.unwrap();
    world.done(Method::POST, "/users/bea/disable", Some(json!({}))).await;
    let (mut round, mailbox) = (begin(&world).await, Mailbox::default());
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let text = page.answer.text();
    let forgot = text.split("href=\"").find(|rest| rest.starts_with("/forgot?flow=")).unwrap().split('"').next().unwrap();
    assert_eq!(browser.open(forgot).await.page().heading(), "Another password");

    let (size, reads) = (world.ledger_size(), world.reads());
    let mut said = Vec::new();
    for username in [" ADA ", "bea", "cy", "nobody", "", "a@b.example\r\nBcc: eve@example.org", &"x".repeat(9_000)] {
        said.push(words(&ask(&mut world.browser(), username).await));
    }
    assert_eq!((world.ledger_size(), world.reads()), (size, reads), "nothing is looked up while somebody waits");
    assert!(said[0].contains("a letter is on its way") && said.iter().all(|other| *other == said[0]), "{said:#?}");

    assert_eq!(tick(&world, &mut round, &mailbox).await, 1);
    let letters = mailbox.look();
    assert_eq!((letters[0].0.as_str(), letters[0].1.as_str()), ("ada@example.com", "Another password at tokens.example"));
    let mut browser = world.browser();
    let page = browser.open(&letters[0].2).await.page();
    browser.submit(&page, "/link", None, &[("password", NEW)]).await.page();
    assert_eq!((signs_in(&world, "ada", PASSWORD).await, signs_in(&world, "ada", NEW).await), (false, true));
    let text = letters[0].2.rsplit('/').next().unwrap();
    assert!(!world.access_log().contains(text));
    assert_eq!(went(&world), "1 0 0 0");
}

#[tokio::test]
async fn a_confirmed_address_is_as_good_as_a_name() {
    let world = World::new().await;
    for username in ["ada", "bea", "cy", "dan"] {
        world.person(username).await;
    }
    for (username, email, is_confirmed) in [
        ("ada", "Ada@Example.com", true),
        ("bea", "ada@example.com", true),
        ("cy", "ada@example.com", false),
        ("dan", "dan@example.com", true),
    ] {
        world.done(Method::PATCH, &format!("/users/{username}"), Some(json!({"email": email, "email_verified": is_confirmed}))).await;
    }
    let (mut round, mailbox) = (begin(&world).await, Mailbox::default());
    let (size, reads) = (world.ledger_size(), world.reads());
    let mut said = Vec::new();
    for address in
        [" ADA@example.com", "dan@example.com.", "@example.com", "an@example.com", "ada@example.com@example.com", "nobody@example.com"]
    {
        said.push(words(&ask(&mut world.browser(), address).await));
    }
    assert_eq!((world.ledger_size(), world.reads()), (size, reads), "nothing is looked up while somebody waits");
    assert!(said[0].contains("a letter is on its way") && said.iter().all(|other| *other == said[0]), "{said:#?}");
    assert_eq!(tick(&world, &mut round, &mailbox).await, 2);
    let mut to: Vec<_> = mailbox.look().into_iter().map(|(address, ..)| address).collect();
    to.sort();
    assert_eq!(to, ["Ada@Example.com", "ada@example.com"], "each as it is kept, and whoever confirmed none gets none");

    // An address that was given up, or whose bearer went, leads to nobody; after a start it is known as before.
    world.done(Method::PATCH, "/users/bea", Some(json!({"email": "bea@example.com"}))).await;
    world.done(Method::DELETE, "/users/dan", None).await;
    let world = world.reopen().await;
    let mut round = begin(&world).await;
    for address in ["ada@example.com", "bea@example.com", "dan@example.com"] {
        let _ = ask(&mut world.browser(), address).await;
    }
    assert_eq!(tick(&world, &mut round, &mailbox).await, 1);
    assert_eq!(mailbox.look()[0].0, "Ada@Example.com");
}

#[tokio::test]
async fn letters_are_asked_for_as_rarely_by_names_that_nobody_has() {
    let world = World::new().await;
    world.person("ada").await;
    begin(&world).await;
    for username in ["ada", "nobody"] {
        for _ in 0..5 {
            assert_eq!(ask(&mut world.browser(), username).await.answer.status, 200);
        }
        let page = ask(&mut world.browser(), username).await;
        assert_eq!((page.answer.status, page.answer.header("retry-after")), (429, "3600"), "{username}");
    }
    let mut browser = world.browser();
    browser.address = Some("192.0.2.1".parse().unwrap());
    let mut statuses = Vec::new();
    for number in 0..21 {
        statuses.push(ask(&mut browser, &format!("name-{number}")).await.answer.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20, "one network");
    assert_eq!(statuses.last(), Some(&429));
    world.advance(3_600);
    assert_eq!(ask(&mut world.browser(), "ada").await.answer.status, 200);
}

#[tokio::test]
async fn where_nobody_sends_letters_none_is_offered() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    assert!(!page.answer.text().contains("/forgot"), "{}", page.answer.shown());
    assert_eq!(browser.open("/forgot").await.page().answer.status, 404);
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    assert!(!browser.open("/account").await.page().answer.text().contains("/account/address"));
    let page = browser.open("/account/address").await.page();
    assert!(!page.answer.text().contains("<form"), "{}", page.answer.shown());
}

#[tokio::test]
async fn an_invitation_is_sent_by_the_next_process_where_this_one_could_not() {
    let world = World::new().await;
    let mut round = begin(&world).await;
    let invited = world.done(Method::POST, "/users/ada/invitation", Some(json!({"email": "ada@example.com"}))).await;
    assert_eq!((invited["is_sent"].as_bool(), invited["link"].as_str()), (Some(true), None), "{invited}");
    let away = Mailbox::saying(&NotTaken::ForNow("away".to_owned()), 1);
    assert_eq!(tick(&world, &mut round, &away).await, 0);
    assert_eq!(went(&world), "0 1 0 1");

    let world = world.reopen().await;
    let (mut round, mailbox) = (begin(&world).await, Mailbox::default());
    assert_eq!(tick(&world, &mut round, &mailbox).await, 1);
    let letters = mailbox.look();
    assert_eq!((letters[0].0.as_str(), letters[0].1.as_str()), ("ada@example.com", "Your account at tokens.example"));
    let mut browser = world.browser();
    let page = browser.open(&letters[0].2).await.page();
    browser.submit(&page, "/link", None, &[("password", NEW)]).await.page();
    assert!(world.service().find_user("ada").unwrap().record.email_verified_at.is_some(), "a letter reached them");

    let world = world.reopen().await;
    let mut round = begin(&world).await;
    assert_eq!((tick(&world, &mut round, &mailbox).await, mailbox.look().len()), (0, 0), "what was sent is not sent again");
}

/// Tries until nothing waits, and says how many tries there were.
async fn until_over(world: &World, round: &mut Round, mailbox: &Mailbox) -> usize {
    let before = mailbox.answers.lock().unwrap().len();
    for _ in 0..6_000 {
        tick(world, round, mailbox).await;
        if went(world).ends_with(" 0") {
            break;
        }
        world.advance(10);
    }
    before - mailbox.answers.lock().unwrap().len()
}

#[tokio::test]
async fn a_letter_is_tried_again_for_hours_and_given_up_then() {
    for (purpose, answer, tries, counted) in [
        (Purpose::PasswordReset, NotTaken::ForGood("no such box".to_owned()), 1, "0 0 1 0"),
        // A link is good for an hour.
        (Purpose::PasswordReset, NotTaken::ForNow("away".to_owned()), 6, "0 6 1 0"),
        // Or for a day.
        (Purpose::EmailVerification, NotTaken::ForNow("away".to_owned()), 9, "0 8 1 0"),
    ] {
        let world = World::new().await;
        world.person("ada").await;
        world.advance(1);
        let mut round = begin(&world).await;
        let mailbox = Mailbox::saying(&answer, 100);
        world.service().make_link("ada", purpose, &administrator(), &world.moment()).await.unwrap();
        assert_eq!(until_over(&world, &mut round, &mailbox).await, tries, "{purpose:?} {answer:?}");
        assert_eq!(went(&world), counted, "{purpose:?} {answer:?}");
        assert!(mailbox.look().is_empty());
    }
}

#[tokio::test]
async fn one_letter_that_is_not_taken_holds_up_no_other() {
    let world = World::new().await;
    let (mut round, mailbox) = (begin(&world).await, Mailbox::saying(&NotTaken::ForNow("full".to_owned()), 1));
    for username in ["ada", "bea"] {
        world.person(username).await;
        world.service().make_link(username, Purpose::EmailVerification, &administrator(), &world.moment()).await.unwrap();
    }
    assert_eq!(tick(&world, &mut round, &mailbox).await, 1);
    assert_eq!(mailbox.look()[0].0, "bea@example.com");
    world.advance(10);
    assert_eq!(tick(&world, &mut round, &mailbox).await, 1);
    assert_eq!(mailbox.look()[0].0, "ada@example.com");
    // One that is of no use any more is not sent.
    world.service().make_link("ada", Purpose::EmailVerification, &administrator(), &world.moment()).await.unwrap();
    world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await;
    assert_eq!(tick(&world, &mut round, &mailbox).await, 0);
    assert_eq!(went(&world), "2 1 0 0");
}

#[tokio::test]
async fn whoever_is_signed_in_confirms_their_address_by_a_letter() {
    let world = World::new().await;
    world.person("ada").await;
    let (mut round, mailbox) = (begin(&world).await, Mailbox::default());
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let page = browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    assert!(page.answer.text().contains("/account/address"), "{}", page.answer.shown());
    let page = browser.open("/account/address").await.page();
    let page = browser.submit(&page, "/account/address", None, &[]).await.page();
    assert!(page.answer.text().contains("A letter is on its way"), "{}", page.answer.shown());
    assert_eq!(tick(&world, &mut round, &mailbox).await, 1);
    let letters = mailbox.look();
    assert_eq!((letters[0].0.as_str(), letters[0].1.as_str()), ("ada@example.com", "Confirm your address at tokens.example"));
    let link = browser.open(&letters[0].2).await.page();
    browser.submit(&link, "/link", None, &[]).await.page();
    let page = browser.open("/account/address").await.page();
    assert!(page.answer.text().contains("you confirmed it") && !page.answer.text().contains("<form"), "{}", page.answer.shown());
    assert!(!browser.open("/account").await.page().answer.text().contains("/account/address"));
}

/// Whom it is about, and about what, of each letter with news since the last look.
async fn news(world: &World, round: &mut Round, mailbox: &Mailbox) -> Vec<(String, String)> {
    world.service().carry_letters(round, mailbox).await.unwrap();
    let letters = mailbox.look().into_iter();
    let mut news: Vec<_> = letters.map(|(address, subject, _)| (address, subject.replace(" at tokens.example", ""))).collect();
    news.sort();
    news
}

#[tokio::test]
async fn owners_hear_what_happens_to_what_is_theirs() {
    let world = World::new().await;
    for username in ["ada", "bea", "cy"] {
        world.person(username).await;
    }
    world.done(Method::POST, "/users/cy/disable", Some(json!({}))).await;
    let orders = world.api("orders").await;
    world.done(Method::POST, "/groups", Some(json!({"name": "crew"}))).await;
    for username in ["ada", "bea"] {
        world.allow(username, &orders, "orders:read").await;
    }
    world.service().assign_role("role-of-ada", "group:crew", &administrator(), &world.moment()).await.unwrap();
    for username in ["bea", "cy"] {
        world.done(Method::PUT, &format!("/groups/crew/members/{username}"), None).await;
    }
    let key = async |owner: &str| {
        let asked = json!({"owner": owner, "audience": "https://orders.example", "name": "nightly", "scope": "orders:read"});
        let made = world.done(Method::POST, "/keys", Some(asked)).await;
        (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
    };
    let suspend = async |id: &str| drop(world.done(Method::POST, &format!("/keys/{id}/suspend"), Some(json!({}))).await);
    let (before, _) = key("user:ada").await;
    suspend(&before).await;
    let (mut round, mailbox) = (world.service().begin_letters(Follows::News).await.unwrap(), Mailbox::default());
    assert!(news(&world, &mut round, &mailbox).await.is_empty(), "nobody hears of the past");

    let told =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(who, what)| (format!("{who}@example.com"), (*what).to_owned())).collect::<Vec<_>>();
    let ((of_ada, text), (of_crew, _), (of_acme, _)) = (key("user:ada").await, key("group:crew").await, key("external:acme").await);
    for id in [&of_ada, &of_crew, &of_acme] {
        suspend(id).await;
    }
    let suspended = "Something of yours is suspended";
    assert_eq!(news(&world, &mut round, &mailbox).await, told(&[("ada", suspended), ("bea", suspended)]));
    assert!(news(&world, &mut round, &mailbox).await.is_empty(), "once");

    let reported = world.service().report(vec![jeton_token::Secret::from(text)]);
    assert_eq!(reported, jeton_service::reported::Reported::Taken);
    world.service().work_off_reports().await.unwrap();
    assert_eq!(news(&world, &mut round, &mailbox).await, told(&[("ada", "Something of yours had leaked")]));

    let _ = key("user:bea").await;
    world.advance(83 * 86_400);
    world.service().sweep(&world.moment()).await.unwrap();
    let ends = news(&world, &mut round, &mailbox).await;
    assert!(ends.contains(&("bea@example.com".to_owned(), "Something of yours ends soon".to_owned())), "{ends:?}");

    world.done(Method::POST, "/suspensions", Some(json!({"user": "ada"}))).await;
    assert_eq!(news(&world, &mut round, &mailbox).await, told(&[("ada", "Your account is suspended")]));
}

#[tokio::test]
async fn whose_second_factor_was_taken_away_hears_of_it() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    let _ = browser.set_second_factor(&world).await;
    let (mut round, mailbox) =
        (world.service().begin_letters(Follows::News).await.unwrap(), Mailbox::saying(&NotTaken::ForNow("away".to_owned()), 1));
    world.service().reset_second_factor("ada", &administrator(), &world.moment()).await.unwrap();
    assert!(news(&world, &mut round, &mailbox).await.is_empty());
    drop(browser);
    let world = world.reopen().await;
    let mut round = world.service().begin_letters(Follows::News).await.unwrap();
    let told = ("ada@example.com".to_owned(), "Your second factor was taken away".to_owned());
    assert_eq!(news(&world, &mut round, &mailbox).await, [told], "by the next process");
    // So does whose passkeys were, and who added one.
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await.page();
    let _ = browser.add_passkey("Telephone").await;
    world.service().reset_passkeys("ada", &administrator(), &world.moment()).await.unwrap();
    let told = [
        ("ada@example.com".to_owned(), "A passkey was added".to_owned()),
        ("ada@example.com".to_owned(), "Your passkeys were taken away".to_owned()),
    ];
    assert_eq!(news(&world, &mut round, &mailbox).await, told);
    drop(browser);
    // What is days old is no news.
    world.service().make_link("ada", Purpose::PasswordReset, &administrator(), &world.moment()).await.unwrap();
    world.done(Method::POST, "/suspensions", Some(json!({"user": "ada"}))).await;
    world.advance(3 * 86_400);
    assert!(news(&world, &mut round, &mailbox).await.is_empty());
}
