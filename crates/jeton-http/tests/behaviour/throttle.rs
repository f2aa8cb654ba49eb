//! Guessing passwords: whoever fails often waits, whoever signed in on a device before is never locked out there, and nobody learns from any of
//! it who is known here.

use std::future::ready;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use jeton_core::id::PersonId;
use jeton_service::passwords::{Compared, Hashing, PasswordHashing};
use jeton_testkit::World;
use jeton_testkit::world::browser::{Browser, Page};
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use jeton_token::Secret;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const QUARTER_HOUR: i64 = 900;

/// Somebody at the page where people sign in.
struct Visitor<'w> {
    browser: Browser<'w>,
    page: Page,
}

impl<'w> Visitor<'w> {
    async fn at(world: &'w World, address: &str) -> Visitor<'w> {
        let mut browser = world.browser();
        browser.address = Some(address.parse().unwrap());
        Visitor::with(browser).await
    }

    /// The same browser, once its session is over.
    async fn again(mut self) -> Visitor<'w> {
        let page = self.browser.open("/account").await.page();
        if page.heading() == "Your account" {
            self.browser.submit(&page, "/signout", None, &[]).await.page();
        }
        Visitor::with(self.browser).await
    }

    async fn with(mut browser: Browser<'w>) -> Visitor<'w> {
        let page = browser.open("/signin").await.page();
        assert_eq!(page.heading(), "Sign in");
        Visitor { browser, page }
    }

    async fn tries(&mut self, username: &str, password: &str) -> Page {
        self.browser.submit(&self.page, "/signin", None, &[("username", username), ("password", password)]).await.page()
    }

    /// How it went: signed in, refused, or how long to wait.
    async fn went(&mut self, username: &str, password: &str) -> Went {
        let page = self.tries(username, password).await;
        match (page.answer.status, page.heading().as_str()) {
            (200, "Your account") => Went::In,
            (200, "Sign in") => Went::Refused,
            (429, "Sign in") => Went::Waits(page.answer.header("retry-after").parse().unwrap()),
            _ => panic!("{}", page.answer.shown()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Went {
    In,
    Refused,
    Waits(i64),
}
use Went::{In, Refused, Waits};

#[tokio::test]
async fn who_fails_ten_thousand_times_locks_the_owner_out_nowhere_for_long() {
    let world = World::new().await;
    world.person("ada").await;
    world.advance(1);
    let mut laptop = Visitor::at(&world, "192.0.2.1").await;
    assert_eq!(laptop.went("ada", PASSWORD).await, In);
    let mut laptop = laptop.again().await;

    // From everywhere.
    let mut attacker = Visitor::at(&world, "198.51.100.1").await;
    let mut looked_at = 0;
    for number in 0..10_000_u32 {
        attacker.browser.address = Some(IpAddr::from([203, 0, u8::try_from(number % 200).unwrap(), 7]));
        looked_at += u32::from(attacker.went("ada", "guessed").await == Refused);
    }
    assert_eq!(looked_at, 50, "of so many tries in a quarter of an hour");
    assert_eq!(laptop.went("ada", "mistyped").await, Refused);
    assert_eq!(laptop.went("ada", PASSWORD).await, In, "where she signed in before she is never locked out");

    // Elsewhere she waits for as long as she is told, and no longer than a quarter of an hour.
    let mut elsewhere = Visitor::at(&world, "192.0.2.130").await;
    let Waits(seconds) = elsewhere.went("ada", PASSWORD).await else { panic!("the attacker is not told from her") };
    assert!((1..=QUARTER_HOUR).contains(&seconds), "{seconds}");
    world.advance(seconds - 1);
    assert_eq!(elsewhere.went("ada", PASSWORD).await, Waits(1), "to wait does not begin anew");
    world.advance(1);
    assert_eq!(elsewhere.went("ada", PASSWORD).await, In);
}

#[tokio::test]
async fn who_fails_in_one_network_locks_nobody_out_in_another() {
    let world = World::new().await;
    world.person("ada").await;
    world.person("bob").await;
    let mut attacker = Visitor::at(&world, "198.51.100.1").await;
    for number in 0..10_u8 {
        attacker.browser.address = Some(IpAddr::from([198, 51, 100, number]));
        assert_eq!(attacker.went("ada", "guessed").await, Refused);
    }
    attacker.browser.address = Some(IpAddr::from([198, 51, 100, 99]));
    assert_eq!(attacker.went(" ADA ", "guessed").await, Waits(QUARTER_HOUR), "a name has one number of tries, however it is written");
    for _ in 0..1_000 {
        assert_eq!(attacker.went("ada", PASSWORD).await, Waits(QUARTER_HOUR), "nothing is looked at");
    }
    assert_eq!(Visitor::at(&world, "198.51.101.1").await.went("ada", PASSWORD).await, In);
    // For others, too, some fifty tries are left there.
    let names: Vec<String> = (0..40).map(|number| format!("name{number}")).collect();
    for name in &names {
        assert_eq!(attacker.went(name, "guessed").await, Refused, "{name}");
    }
    assert_eq!(attacker.went("bob", PASSWORD).await, Waits(QUARTER_HOUR));
    // What succeeds is no failure: many may come from one network.
    let mut office = Visitor::at(&world, "2001:db8:1::1").await;
    for _ in 0..60 {
        assert_eq!(office.went("bob", PASSWORD).await, In);
        office.browser.forget();
        office = Visitor::with(office.browser).await;
    }
    // Of IPv6 a network is what one subscriber gets.
    for number in 0..10_u16 {
        office.browser.address = Some(IpAddr::from([0x2001, 0xdb8, 1, number, 0, 0, 0, 1]));
        assert_eq!(office.went("ada", "guessed").await, Refused);
    }
    assert_eq!(office.went("ada", PASSWORD).await, Waits(QUARTER_HOUR));
    assert_eq!(office.went("bob", PASSWORD).await, In);
}

/// Hashes that take as long as a test wants, and refuse everybody; or there is no place for one more.
struct Slow {
    compared: AtomicUsize,
    gate: Semaphore,
    is_busy: AtomicBool,
}

impl PasswordHashing for Hashes {
    fn make(&self, _: Secret, _: [u8; 16]) -> Hashing<String> {
        Box::pin(ready(None))
    }

    fn check(&self, _: Secret, _: Option<Zeroizing<String>>, _: [u8; 16]) -> Hashing<Compared> {
        let slow = self.0.clone();
        Box::pin(async move {
            if slow.is_busy.load(Ordering::Relaxed) {
                return None;
            }
            slow.compared.fetch_add(1, Ordering::Relaxed);
            slow.gate.acquire().await.ok()?.forget();
            Some(Compared::default())
        })
    }

    fn is_known(&self, _: &str) -> std::io::Result<bool> {
        Ok(false)
    }
}

struct Hashes(Arc<Slow>);

#[tokio::test]
async fn of_many_at_once_none_passes_uncounted_and_what_was_not_made_does_not_count() {
    let world = World::new().await;
    world.person("ada").await;
    let slow = Arc::new(Slow { compared: AtomicUsize::new(0), gate: Semaphore::new(0), is_busy: AtomicBool::new(true) });
    world.hash_passwords_by(Arc::new(Hashes(slow.clone())));
    let mut visitors = Vec::new();
    for _ in 0..64 {
        visitors.push(Visitor::at(&world, "192.0.2.1").await);
    }
    for visitor in &mut visitors {
        let page = visitor.tries("ada", "guessed").await;
        assert_eq!((page.answer.status, page.answer.header("retry-after")), (503, "1"), "{}", page.answer.shown());
    }
    slow.is_busy.store(false, Ordering::Relaxed);
    let opened = async {
        while slow.compared.load(Ordering::Relaxed) < 10 {
            tokio::task::yield_now().await;
        }
        slow.gate.add_permits(64);
    };
    let (went, ()) = tokio::join!(join_all(visitors.iter_mut().map(|visitor| visitor.went("ada", "guessed"))), opened);
    let count = |expected: Went| went.iter().filter(|went| **went == expected).count();
    assert_eq!((count(Refused), count(Waits(QUARTER_HOUR)), slow.compared.load(Ordering::Relaxed)), (10, 54, 10));
    assert!(world.metrics().await.contains("jeton_sign_ins_total{outcome=\"busy\"} 64\n"));
}

#[tokio::test]
async fn names_that_nobody_has_are_throttled_as_those_that_somebody_has() {
    let world = World::new().await;
    world.person("ada").await;
    world.person("off").await;
    world.service().disable_user("off", &administrator(), &world.moment()).await.unwrap();
    let mut seen = Vec::new();
    for (network, name) in [("192.0.2.1", "ada"), ("198.51.100.1", "nobody"), ("203.0.113.1", "off"), ("203.0.114.1", "<b>\u{202e}")] {
        let mut visitor = Visitor::at(&world, network).await;
        let mut answers = Vec::new();
        for _ in 0..12 {
            let page = visitor.tries(name, "guessed").await;
            let text = page.answer.text();
            assert!(!text.contains("<b>") && !text.contains('\u{202e}'), "{text}");
            let problem = text.split("role=\"alert\">").nth(1).and_then(|rest| rest.split("</p>").next()).unwrap().to_owned();
            let headers: Vec<_> = page.answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            answers.push((
                page.answer.status,
                problem,
                headers.iter().filter(|line| !line.starts_with("content-length")).cloned().collect(),
            ));
        }
        seen.push(answers as Vec<(u16, String, Vec<String>)>);
    }
    let (first, others) = seen.split_first().unwrap();
    assert_eq!((first[9].0, first[9].1.as_str()), (200, "The user name or the password is not right."));
    assert_eq!((first[10].0, first[10].1.as_str()), (429, "Too many tries did not succeed. Try again in 15 minutes."));
    for other in others {
        assert_eq!(other, first);
    }
}

#[tokio::test]
async fn a_device_is_trusted_by_whom_it_knows_until_their_password_is_another() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    world.person("bob").await;
    world.advance(1);
    let mut device = Visitor::at(&world, "192.0.2.1").await;
    assert_eq!(device.went("ada", PASSWORD).await, In);
    // A thief with the device itself: after some tries, one each five seconds.
    let mut device = device.again().await;
    for _ in 0..10 {
        assert_eq!(device.went("ada", "guessed").await, Refused);
    }
    assert_eq!(device.went("ada", PASSWORD).await, Waits(5));
    let page = device.tries("ada", PASSWORD).await;
    assert!(page.answer.text().contains("Try again in a few seconds."), "{}", page.answer.text());
    world.advance(5);
    assert_eq!(device.went("ada", "guessed").await, Refused);
    world.advance(5);
    assert_eq!(device.went("ada", PASSWORD).await, In);
    let mut device = device.again().await;
    assert_eq!(device.went("ada", "guessed").await, Refused, "whoever is known begins anew");

    // It is trusted by nobody else, and whoever copies a cookie of somebody else gains nothing.
    fill(&world, &ada).await;
    let stolen = device.browser.cookie("device").unwrap().to_owned();
    let mut bobs = Visitor::at(&world, "192.0.2.2").await;
    assert_eq!(bobs.went("bob", PASSWORD).await, In);
    let mut bobs = bobs.again().await;
    assert!(matches!(bobs.went("ada", PASSWORD).await, Waits(_)));
    for other in ["", "AAAA", &stolen[1..], &format!("{stolen}A")] {
        bobs.browser.put_cookie("__Host-jeton_device", other);
        assert!(matches!(bobs.went("ada", PASSWORD).await, Waits(_)), "{other}");
    }
    // Another password ends it, and so does the end of everything of hers.
    assert_eq!(device.went("ada", PASSWORD).await, In);
    let mut device = device.again().await;
    world.service().set_password("ada", &Secret::from(PASSWORD), &administrator(), &world.moment()).await.unwrap();
    assert!(matches!(device.went("ada", PASSWORD).await, Waits(_)), "trusted before the password was set");
    world.advance(QUARTER_HOUR);
    assert_eq!(device.went("ada", PASSWORD).await, In);
    let mut device = device.again().await;
    world.advance(2);
    world.service().disable_user("ada", &administrator(), &world.moment()).await.unwrap();
    world.advance(2);
    world.service().enable_user("ada", &administrator(), &world.moment()).await.unwrap();
    fill(&world, &ada).await;
    assert!(matches!(device.went("ada", PASSWORD).await, Waits(_)));
    // And half a year.
    world.advance(QUARTER_HOUR);
    assert_eq!(device.went("ada", PASSWORD).await, In);
    let cookie = device.browser.cookie("device").unwrap().to_owned();
    for (days, expected) in [(179, true), (1, false)] {
        world.advance(days * 86_400);
        fill(&world, &ada).await;
        let mut browser = world.browser();
        browser.put_cookie("__Host-jeton_device", &cookie);
        let mut visitor = Visitor::with(browser).await;
        assert_eq!(visitor.went("ada", PASSWORD).await == In, expected, "{days}");
    }
}

#[tokio::test]
async fn who_may_lets_somebody_try_again_at_once() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    world.person("bob").await;
    fill(&world, &ada).await;
    let mut elsewhere = Visitor::at(&world, "192.0.2.1").await;
    assert!(matches!(elsewhere.went("ada", PASSWORD).await, Waits(_)));
    world.service().unlock_user("bob", &administrator(), &world.moment()).await.unwrap();
    assert!(matches!(elsewhere.went("ada", PASSWORD).await, Waits(_)), "somebody else was unlocked");
    assert!(world.service().unlock_user("nobody", &administrator(), &world.moment()).await.is_err());
    let size = world.ledger_size();
    world.service().unlock_user("ada", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(world.ledger_size(), size + 1);
    assert_eq!(elsewhere.went("ada", PASSWORD).await, In);
}

#[tokio::test]
async fn what_is_throttled_is_counted_and_seen() {
    let world = World::new().await;
    world.person("ada").await;
    let mut visitor = Visitor::at(&world, "192.0.2.1").await;
    for _ in 0..13 {
        visitor.tries("ada", "guessed").await;
    }
    world.advance(QUARTER_HOUR);
    assert_eq!(visitor.went("ada", PASSWORD).await, In);
    let metrics = world.metrics().await;
    for line in [
        r#"jeton_sign_ins_total{outcome="signed_in"} 1"#,
        r#"jeton_sign_ins_total{outcome="refused"} 10"#,
        r#"jeton_sign_ins_total{outcome="throttled"} 3"#,
        r#"jeton_sign_ins_total{outcome="busy"} 0"#,
        r#"jeton_throttled_total{by="name_in_network"} 3"#,
        r#"jeton_throttled_total{by="network"} 0"#,
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("\"ada\"") && !metrics.contains("192.0.2"), "{metrics}");
    let log = world.access_log();
    let of = |outcome: &str| log.lines().filter(|line| line.contains(&format!("\"outcome\":\"{outcome}\""))).count();
    assert_eq!((of("refused"), of("throttled"), of("signed_in")), (10, 3, 1), "{log}");
}

/// Fails for somebody until nobody is let through who is not on a trusted device.
async fn fill(world: &World, person: &PersonId) {
    let username = world.service().find_user(person.as_str()).unwrap().record.username.to_string();
    let mut attacker = Visitor::at(world, "198.51.100.1").await;
    for network in 0..6 {
        attacker.browser.address = Some(IpAddr::from([198, 18, network, 1]));
        for _ in 0..10 {
            attacker.went(&username, "guessed").await;
        }
    }
    assert!(matches!(attacker.went(&username, "guessed").await, Waits(_)));
}
