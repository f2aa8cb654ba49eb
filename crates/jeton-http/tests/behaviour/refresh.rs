//! Refreshing as applications do it: many at once, with replies that get lost, in two tabs, on a laptop that sleeps; and as thieves do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use futures_util::future::join_all;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{Method, Request};
use jeton_core::api::TokenFormat;
use jeton_http::edge::Peer;
use jeton_oauth::form;
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::asking;
use jeton_testkit::world::registered::Registered;
use serde_json::Value;

use crate::errors::check_error;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// From where, and with what program.
type Device = (&'static str, &'static str);

const LAPTOP: Device = ("192.0.2.10", "ShopApp/3.1 (Linux)");
/// The same application, after an update, with another address of the same network.
const LAPTOP_LATER: Device = ("192.0.2.77", "ShopApp/3.2 (Linux)");
const THIEF: Device = ("203.0.113.66", "curl/8.14");

/// A world, an application with a person's tokens, and who may ask about them.
struct Signed {
    world: Arc<World>,
    shop: Arc<Registered>,
    gateway: Registered,
}

/// An access token and a refresh token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    access: String,
    refresh: String,
}

impl Signed {
    async fn new(format: TokenFormat) -> Signed {
        let world = World::new().await;
        let orders = match format {
            TokenFormat::Opaque => world.opaque_api("orders").await,
            TokenFormat::Jwt => world.api("orders").await,
        };
        world.person("ada").await;
        world.allow("ada", &orders, "orders:read").await;
        let (shop, gateway) = (world.application("shop", &[&orders]).await, world.client("gateway", &[&orders]).await);
        Signed { world: Arc::new(world), shop: Arc::new(shop), gateway }
    }

    async fn code(&self) -> String {
        let address = asking(&self.shop, "shop", &[("scope", "openid offline_access orders:read")]);
        self.world.code_for("ada", &address).await
    }

    async fn sign_in(&self) -> Pair {
        let code = self.code().await;
        pair(&self.world.exchange(&self.shop, &code).await)
    }

    async fn from(&self, device: Device, refresh: &str) -> Answer {
        refresh_from(&self.world, &self.shop, device, refresh, None).await
    }

    /// What a refresh from there gives.
    async fn next(&self, device: Device, refresh: &str) -> Pair {
        pair(&self.from(device, refresh).await)
    }

    /// That a token is of no use, and that nothing of this sign-in is left.
    async fn is_over(&self, device: Device, refresh: &str, all: &[&Pair]) {
        check_error(&self.from(device, refresh).await, 400, "invalid_grant");
        for pair in all {
            check_error(&self.from(LAPTOP, &pair.refresh).await, 400, "invalid_grant");
            assert!(!self.world.is_active(&self.gateway, &pair.access).await, "an access token outlived its family");
        }
    }

    /// The last entries of this kind.
    async fn told(&self, kind: &str) -> Vec<Value> {
        let page = self.world.done(Method::GET, &format!("/audit/entries?last=9&kind={kind}"), None).await;
        page["items"].as_array().unwrap().iter().map(|item| item["data"].clone()).collect()
    }
}

async fn refresh_from(world: &World, client: &Registered, device: Device, refresh: &str, scope: Option<&str>) -> Answer {
    let known = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let body = form::encode(known.into_iter().chain(scope.map(|scope| ("scope", scope))));
    let (address, agent) = device;
    let mut request = Request::post("/oauth/token")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(AUTHORIZATION, client.basic())
        .body(Body::from(body))
        .unwrap();
    if !agent.is_empty() {
        request.headers_mut().insert(USER_AGENT, agent.parse().unwrap());
    }
    request.extensions_mut().insert(Peer::Tcp(SocketAddr::new(address.parse().unwrap(), 50_000)));
    world.send(request).await
}

fn pair(answer: &Answer) -> Pair {
    let text = |name| answer.member(name).as_str().unwrap_or_else(|| panic!("no {name}: {}", answer.shown())).to_owned();
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}

/// What tells access tokens apart: a JWT is signed anew, and is the same by its `jti`.
fn identity(access: &str) -> String {
    if access.starts_with("eyJ") { claims_of(access)["jti"].to_string() } else { access.to_owned() }
}

/// Of a token that is presented many times at once, all get the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_at_once_all_go_on_with_the_same() {
    for format in [TokenFormat::Jwt, TokenFormat::Opaque] {
        let signed = Signed::new(format).await;
        let mut refresh = signed.sign_in().await.refresh;
        let begun = signed.world.tokens_issued();
        for round in 1..=8 {
            signed.world.advance(10 * MINUTE);
            let asking = (0..64).map(|_| {
                let (world, shop, refresh) = (signed.world.clone(), signed.shop.clone(), refresh.clone());
                tokio::spawn(async move { pair(&refresh_from(&world, &shop, LAPTOP, &refresh, None).await) })
            });
            let given: Vec<Pair> = join_all(asking).await.into_iter().map(Result::unwrap).collect();
            let told: BTreeSet<(String, &str)> = given.iter().map(|pair| (identity(&pair.access), pair.refresh.as_str())).collect();
            assert_eq!(told.len(), 1, "round {round}");
            assert_eq!(signed.world.tokens_issued() - begun, round);
            assert!(signed.world.is_active(&signed.gateway, &given[0].access).await);
            assert_ne!(given[0].refresh, refresh);
            refresh.clone_from(&given[0].refresh);
        }
        assert_eq!(signed.told("grant").await.len(), 1, "one family, and nothing ended it");
    }
}

/// Those who want something else get their own access token, and the same refresh token.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_want_different_things_stay_one_family() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    let refresh = signed.sign_in().await.refresh;
    signed.world.advance(10 * MINUTE);
    let asking = (0..64).map(|number| {
        let (world, shop, refresh) = (signed.world.clone(), signed.shop.clone(), refresh.clone());
        let scope = if number % 2 == 0 { None } else { Some("orders:read") };
        tokio::spawn(async move { refresh_from(&world, &shop, LAPTOP, &refresh, scope).await })
    });
    let answers: Vec<Answer> = join_all(asking).await.into_iter().map(Result::unwrap).collect();
    let refreshed: BTreeSet<String> = answers.iter().map(|answer| pair(answer).refresh).collect();
    assert_eq!(refreshed.len(), 1);
    for (number, answer) in answers.iter().enumerate() {
        let expected = if number % 2 == 0 { "offline_access openid orders:read" } else { "orders:read" };
        assert_eq!(answer.member("scope"), expected);
        assert!(signed.world.is_active(&signed.gateway, &pair(answer).access).await);
    }
    signed.world.advance(HOUR);
    signed.next(LAPTOP, refreshed.first().unwrap()).await;
}

#[tokio::test]
async fn a_reply_that_was_lost_is_told_again() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    let first = signed.sign_in().await;
    signed.world.advance(HOUR);
    let lost = signed.next(LAPTOP, &first.refresh).await;
    // At once, from anywhere: a telephone that changed its network meanwhile, and a program that was updated.
    for (seconds, device) in [(1, LAPTOP), (13, ("198.51.100.4", LAPTOP.1)), (15, ("2001:db8::7", "ShopApp/4.0"))] {
        signed.world.advance(seconds);
        let again = signed.next(device, &first.refresh).await;
        assert_eq!((identity(&again.access), again.refresh), (identity(&lost.access), lost.refresh.clone()), "{device:?}");
    }
    // Long after: once a day, to the network and the program that asked before.
    for day in 1..=3 {
        signed.world.advance(DAY);
        let recovered = signed.next(LAPTOP_LATER, &first.refresh).await;
        assert_eq!(recovered.refresh, lost.refresh, "day {day}");
        assert!(signed.world.is_active(&signed.gateway, &recovered.access).await);
        assert_eq!(signed.told("grant.recovered").await.len(), day);
    }
    // And it goes on from there.
    let next = signed.next(LAPTOP, &lost.refresh).await;
    assert_ne!(next.refresh, lost.refresh);
}

/// After the window a token that was spent is told again once a day, to who spent it, and as long as nobody used what came of it.
#[tokio::test]
async fn what_is_no_lost_reply_ends_the_family() {
    let others: [(&str, Device); 4] = [
        ("another network", ("192.0.3.10", LAPTOP.1)),
        ("another program", ("192.0.2.10", "curl/8.14")),
        ("another major version", ("192.0.2.10", "ShopApp/4.0")),
        ("a program that has no name", ("192.0.2.10", "")),
    ];
    for (what, device) in others {
        let signed = Signed::new(TokenFormat::Jwt).await;
        let first = signed.sign_in().await;
        let second = signed.next(LAPTOP, &first.refresh).await;
        signed.world.advance(30);
        signed.is_over(device, &first.refresh, &[&first, &second]).await;
        assert_eq!(signed.told("grant.reused").await.len(), 1, "{what}");
    }
    let signed = Signed::new(TokenFormat::Jwt).await;
    let first = signed.sign_in().await;
    let second = signed.next(LAPTOP, &first.refresh).await;
    signed.world.advance(HOUR);
    let recovered = signed.next(LAPTOP, &first.refresh).await;
    signed.world.advance(HOUR);
    signed.is_over(LAPTOP, &first.refresh, &[&first, &second, &recovered]).await;
    // The successor was used: it did arrive.
    let first = signed.sign_in().await;
    let second = signed.next(LAPTOP, &first.refresh).await;
    signed.world.advance(HOUR);
    let third = signed.next(LAPTOP, &second.refresh).await;
    signed.is_over(LAPTOP, &first.refresh, &[&first, &second, &third]).await;
}

/// Two tabs that know nothing of each other, and began with the same token.
#[tokio::test]
async fn two_tabs_stay_signed_in() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    let begun = signed.sign_in().await.refresh;
    let mut tabs = [begun.clone(), begun];
    for round in 0..24 {
        signed.world.advance(55 * MINUTE);
        // Now this one is first, now that one, and the other comes a while later.
        for (place, later) in [(round % 2, 0), ((round + 1) % 2, 29)] {
            signed.world.advance(later);
            tabs[place] = signed.next(LAPTOP, &tabs[place]).await.refresh;
        }
        assert_eq!(tabs[0], tabs[1], "round {round}");
    }
    // One is ahead by several.
    for _ in 0..5 {
        signed.world.advance(5);
        tabs[0] = signed.next(LAPTOP, &tabs[0]).await.refresh;
    }
    tabs[1] = signed.next(LAPTOP, &tabs[1]).await.refresh;
    assert_eq!(tabs[0], tabs[1]);
    // However often one asks, nothing within the window is forgotten.
    let slow = tabs[1].clone();
    for _ in 0..20 {
        signed.world.advance(1);
        tabs[0] = signed.next(LAPTOP, &tabs[0]).await.refresh;
    }
    assert_eq!(signed.next(LAPTOP, &slow).await.refresh, tabs[0]);
    assert_eq!(signed.told("grant").await.len(), 1, "nothing ended it");
}

/// The lid was closed while a reply was on its way: both tabs wake up with a token that was spent hours ago.
#[tokio::test]
async fn a_laptop_that_slept_is_still_signed_in() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    let mut known = signed.sign_in().await.refresh;
    for night in 1..=3 {
        signed.world.advance(HOUR);
        signed.next(LAPTOP, &known).await;
        signed.world.advance(DAY);
        let woken = signed.next(LAPTOP_LATER, &known).await;
        signed.world.advance(20);
        let other_tab = signed.next(LAPTOP_LATER, &known).await;
        assert_eq!(woken.refresh, other_tab.refresh, "night {night}");
        assert!(signed.world.is_active(&signed.gateway, &other_tab.access).await);
        known = woken.refresh;
    }
    assert_eq!(signed.told("grant.recovered").await.len(), 3);
    assert_eq!(signed.told("grant.reused").await.len(), 0);
}

/// A thief who was first, and is found when the owner comes; and one who is late, and is found then.
#[tokio::test]
async fn a_thief_and_the_owner_both_lose_what_was_stolen() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    let stolen = signed.sign_in().await;
    signed.world.advance(HOUR);
    let thiefs = signed.next(THIEF, &stolen.refresh).await;
    let more = signed.next(THIEF, &thiefs.refresh).await;
    signed.world.advance(MINUTE);
    signed.is_over(LAPTOP, &stolen.refresh, &[&stolen, &thiefs, &more]).await;
    check_error(&signed.from(THIEF, &more.refresh).await, 400, "invalid_grant");
    let told = signed.told("grant.reused").await;
    assert_eq!((told.len(), &told[0]["generation"], &told[0]["current"]), (1, &1.into(), &3.into()), "{told:?}");

    let stolen = signed.sign_in().await;
    let owners = signed.next(LAPTOP, &stolen.refresh).await;
    signed.world.advance(MINUTE);
    signed.is_over(THIEF, &stolen.refresh, &[&stolen, &owners]).await;
    let told = signed.told("grant.reused").await;
    assert_eq!((told.len(), &told[1]["network"]), (2, &"203.0.113.0/24".into()), "{told:?}");
    // Whoever signs in anew is not touched by what comes of the old one.
    let fresh = signed.sign_in().await;
    check_error(&signed.from(THIEF, &stolen.refresh).await, 400, "invalid_grant");
    assert!(signed.world.is_active(&signed.gateway, &fresh.access).await);
    signed.next(LAPTOP, &fresh.refresh).await;
}

/// Whatever comes first, once a revocation is answered nothing that a refresh gave is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_that_meets_refreshes_ends_what_they_give() {
    for format in [TokenFormat::Jwt, TokenFormat::Opaque] {
        let signed = Signed::new(format).await;
        for round in 0..12 {
            let first = signed.sign_in().await;
            signed.world.advance(HOUR);
            let asking = (0..12).map(|number| {
                let (world, shop, refresh) = (signed.world.clone(), signed.shop.clone(), first.refresh.clone());
                tokio::spawn(async move {
                    if number != round {
                        return Some(refresh_from(&world, &shop, LAPTOP, &refresh, None).await);
                    }
                    match round % 2 {
                        0 => assert_eq!(world.revoke(&shop, &refresh).await.status, 200),
                        _ => {
                            world.service().disable_user("ada", &administrator(), &world.moment()).await.unwrap();
                        }
                    }
                    None
                })
            });
            let answers: Vec<Answer> = join_all(asking).await.into_iter().filter_map(Result::unwrap).collect();
            let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
            refused.into_iter().for_each(|answer| check_error(answer, 400, "invalid_grant"));
            let given: Vec<Pair> = given.into_iter().map(pair).collect();
            signed.is_over(LAPTOP, &first.refresh, &given.iter().collect::<Vec<_>>()).await;
            if round % 2 == 1 {
                signed.world.service().enable_user("ada", &administrator(), &signed.world.moment()).await.unwrap();
                signed.world.advance(2);
                signed.is_over(LAPTOP, &first.refresh, &given.iter().collect::<Vec<_>>()).await;
            }
        }
    }
}

/// RFC 6749 section 4.1.2: of many exchanges of a code one gives tokens, and since the others show that somebody else has it, those end;
/// maybe before they are told to anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_exchanges_at_once_one_wins_and_keeps_nothing() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    for round in 1..=10 {
        let code = signed.code().await;
        let before = signed.world.tokens_issued();
        let asking = (0..20).map(|_| {
            let (world, shop, code) = (signed.world.clone(), signed.shop.clone(), code.clone());
            tokio::spawn(async move { world.exchange(&shop, &code).await })
        });
        let answers: Vec<Answer> = join_all(asking).await.into_iter().map(Result::unwrap).collect();
        let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(signed.world.tokens_issued() - before, 1, "round {round}");
        assert!(given.len() <= 1, "round {round}: {} got tokens", given.len());
        refused.into_iter().for_each(|answer| check_error(answer, 400, "invalid_grant"));
        for won in given.into_iter().map(pair) {
            signed.is_over(LAPTOP, &won.refresh, &[&won]).await;
        }
        assert_eq!(signed.told("code.replayed").await.len(), round.min(9), "once for each code");
        signed.world.advance(2);
    }
}

/// A program that signs in anew each time: the oldest of 200 makes room, and nobody else's.
#[tokio::test]
async fn of_two_hundred_and_one_families_the_oldest_goes() {
    let signed = Signed::new(TokenFormat::Jwt).await;
    let world = &signed.world;
    let orders = world.service().find_api("https://orders.example").unwrap();
    let other_shop = world.application("other", &[&orders.record]).await;
    let ask = [("scope", "openid offline_access orders:read")];
    let other = pair(&world.exchange(&other_shop, &world.code_for("ada", &asking(&other_shop, "other", &ask)).await).await);
    let mut families = vec![signed.sign_in().await];
    world.advance(1);
    let mut browser = world.browser();
    let page = browser.open(&asking(&signed.shop, "shop", &ask)).await.page();
    let filled = [("username", "ada"), ("password", jeton_testkit::world::people::PASSWORD)];
    families.push(pair(&world.exchange(&signed.shop, &browser.submit(&page, "/signin", None, &filled).await.parameter("code")).await));
    let mut next = async || {
        world.advance(1);
        let code = browser.open(&asking(&signed.shop, "shop", &ask)).await.parameter("code");
        pair(&world.exchange(&signed.shop, &code).await)
    };
    while families.len() < 200 {
        families.push(next().await);
    }
    assert_eq!(signed.told("grant.ended").await.len(), 0);
    // What was refreshed last is not what is kept: the oldest sign-in goes.
    families[0] = signed.next(LAPTOP, &families[0].refresh).await;
    for gone in 0..2 {
        families.push(next().await);
        assert_eq!(signed.told("grant.ended").await.len(), gone + 1);
        signed.is_over(LAPTOP, &families[gone].refresh, &[&families[gone]]).await;
    }
    for (place, family) in families.iter().enumerate().skip(2) {
        assert!(world.is_active(&signed.gateway, &family.access).await, "{place}");
        signed.next(LAPTOP, &family.refresh).await;
    }
    assert_eq!(world.refresh(&other_shop, &other.refresh).await.status, 200);
}
