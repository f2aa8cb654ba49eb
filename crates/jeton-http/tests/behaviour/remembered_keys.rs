//! What verifiers remember of keys: whatever changes, one that is caught up accepts nothing that the server refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::Method;
use jeton_http::api::Place;
use jeton_http::edge::{Draining, Limits, listen_tcp, serve};
use jeton_http::router;
use jeton_oauth::feed::{Change, FeedEvent, Subject};
use jeton_testkit::World;
use jeton_verify::Verifier;
use jeton_verify::clock::Reading;
use jeton_verify::verifier::FeedStatus;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::feed::snapshot;

const ORDERS: &str = "https://orders.example";

/// A verifier of one API that follows a world over a socket, by the world's clock.
struct Caught {
    verifier: Verifier,
    now: Arc<AtomicI64>,
}

impl Caught {
    async fn start(world: &World, client: &jeton_testkit::world::registered::Registered) -> Caught {
        let listener = listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let draining = Draining::new();
        let router = router::public(world.management(), Place::Public, draining.clone());
        tokio::spawn(serve(listener, router, Limits::default(), draining));
        world.service().sign_checkpoint(&world.moment()).await.unwrap();
        let now = Arc::new(AtomicI64::new(world.now()));
        let clock = now.clone();
        let began = world.now();
        let reading = move || {
            let now = clock.load(Ordering::SeqCst);
            let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
            Reading { since_1970: seconds(now), uptime: seconds(now - began + 1) }
        };
        let verifier = Verifier::builder(world.issuer(), ORDERS).server(format!("http://{address}"));
        let verifier = verifier.client(client.id.as_str(), client.secret.as_str()).clock(reading).feed_silence(Duration::from_secs(600));
        Caught { verifier: verifier.start().await.unwrap(), now }
    }

    /// Waits until it has heard all that the ledger holds.
    async fn up(&self, world: &World) {
        self.now.store(world.now(), Ordering::SeqCst);
        world.service().sign_checkpoint(&world.moment()).await.unwrap();
        let last = world.ledger_size() - 1;
        let is_up = |cursor: u64, feed: FeedStatus| cursor >= last && feed == FeedStatus::Live;
        self.verifier.wait_for(|status| status.cursor.as_ref().is_some_and(|cursor| is_up(cursor.sequence, status.feed))).await;
    }
}

/// One change of many kinds; that some are refused is as it should be.
async fn change(world: &World, keys: &mut Vec<(String, String)>, dice: &mut ChaCha8Rng) -> String {
    let mut below = |limit: u32| dice.next_u32() % limit;
    let (id, _) = keys[below(u32::try_from(keys.len()).unwrap()) as usize].clone();
    let key = format!("/keys/{id}");
    let all = [json!({"client": "other"}), json!({"user": "ada"}), json!({"group": "billing"}), json!({"api": ORDERS})];
    let (method, path, body) = match below(24) {
        0 => (Method::POST, format!("{key}/suspend"), Value::Null),
        1 | 2 => (Method::POST, format!("{key}/resume"), Value::Null),
        3 | 4 => (Method::POST, format!("{key}/rotate"), json!({"overlap_seconds": 3_600})),
        5 => (Method::DELETE, format!("{key}/secrets/previous"), Value::Null),
        6 => (Method::PATCH, key, json!({"scope": "orders:read"})),
        7 => (Method::PATCH, key, json!({"scope": "orders:read orders:write"})),
        8 => (Method::PATCH, key, json!({"expires_in_seconds": i64::from(below(60))})),
        9 => (Method::DELETE, "/roles/clerk/assignments/user:ada".to_owned(), Value::Null),
        10 => (Method::PUT, "/roles/clerk/assignments/user:ada".to_owned(), Value::Null),
        11 => (Method::POST, "/users/ada/disable".to_owned(), Value::Null),
        12 => (Method::POST, "/users/ada/enable".to_owned(), Value::Null),
        13 => (Method::DELETE, "/groups/billing/members/ada".to_owned(), Value::Null),
        14 => (Method::PUT, "/groups/billing/members/ada".to_owned(), Value::Null),
        15 => (Method::PATCH, "/clients/shop".to_owned(), json!({"scope": "orders:read"})),
        16 => (Method::PATCH, "/clients/shop".to_owned(), json!({"scope": "orders:read orders:write"})),
        17 => (Method::DELETE, key, Value::Null),
        18 => (Method::PUT, "/policies/api_key".to_owned(), json!({"max_seconds": 3_600 + i64::from(below(86_400))})),
        19 => (Method::POST, "/revocations".to_owned(), all[below(3) as usize].clone()),
        20 | 21 => (Method::POST, "/suspensions".to_owned(), all[below(4) as usize].clone()),
        _ => (Method::POST, "/resumptions".to_owned(), all[below(4) as usize].clone()),
    };
    let answer = world.administer(method.clone(), &path, Some(body.clone()).filter(|body| !body.is_null())).await;
    if let Some(text) = Some(&answer).filter(|answer| answer.status == 200 && path.ends_with("/rotate")).map(|answer| answer.json()) {
        keys.push((id, text["key"].as_str().unwrap().to_owned()));
    }
    format!("{method} {path} {body}: {}", answer.status)
}

async fn make(world: &World, owner: &str, keys: &mut Vec<(String, String)>) {
    let body = json!({"owner": owner, "audience": ORDERS, "name": "a key", "scope": "orders:read"});
    let answer = world.administer(Method::POST, "/keys", Some(body)).await;
    if answer.status == 201 {
        let made = answer.json();
        keys.push((made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test]
async fn whatever_changes_a_verifier_that_is_caught_up_accepts_nothing_that_the_server_refuses() {
    for seed in 0..2 {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let (own, _) = (world.client("own", &[&orders]).await, world.client("shop", &[&orders]).await);
        world.client("other", &[&orders]).await;
        world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
        world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
        for (role, scopes, holder) in [("clerk", "orders:read", "user:ada"), ("payer", "orders:read orders:write", "group:billing")] {
            world.done(Method::POST, "/roles", Some(json!({"audience": ORDERS, "name": role, "scope": scopes}))).await;
            world.done(Method::PUT, &format!("/roles/{role}/assignments/{holder}"), None).await;
        }
        let owners = ["client:shop", "client:other", "user:ada", "group:billing", "external:a"];
        let mut keys = vec![];
        for owner in owners {
            make(&world, owner, &mut keys).await;
        }
        let caught = Caught::start(&world, &own).await;
        let (mut dice, mut checks, mut accepted) = (ChaCha8Rng::seed_from_u64(seed), 0, 0);
        for round in 0..60 {
            let changed = change(&world, &mut keys, &mut dice).await;
            if round % 4 == 0 {
                world.advance(i64::from(dice.next_u32() % 4));
                make(&world, owners[dice.next_u32() as usize % owners.len()], &mut keys).await;
            }
            caught.up(&world).await;
            for (id, text) in keys.iter().rev().take(12) {
                checks += 1;
                let Ok(token) = caught.verifier.check(text).await else { continue };
                accepted += 1;
                let answer = world.introspect(&own, text).await.json();
                assert_eq!(answer["active"], json!(true), "seed {seed}, round {round}, {changed}: key {id} passes");
                let scopes = answer["scope"].as_str().unwrap_or_default().to_owned();
                let is_more = token.scopes().iter().any(|name| !scopes.split(' ').any(|known| known == name));
                assert!(!is_more, "seed {seed}, round {round}, {changed}: key {id} allows {} and not {scopes}", token.scopes());
            }
        }
        let asked = caught.verifier.status().counters.asked;
        assert!(accepted > 100 && asked < checks, "{seed}: {accepted} of {checks} accepted, {asked} asked");
    }
}

/// Whoever follows another API learns nothing of a key, neither by an event nor by a snapshot.
#[tokio::test]
async fn changes_of_a_key_are_told_to_the_followers_of_its_api_alone() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let (own, other) = (world.client("own", &[&orders]).await, world.client("other", &[&stock]).await);
    let made = world.make_key("client:own", ORDERS, Value::Null).await;
    let key = made["id"].as_str().unwrap();
    let (mut to_own, mut to_other) = (world.follow(&own, "", None).await.ok().unwrap(), world.follow(&other, "", None).await.ok().unwrap());
    for following in [&mut to_own, &mut to_other] {
        assert!(snapshot(&world, following).await.changes.iter().all(|change| matches!(change, Change::SigningKeysChanged)));
    }
    for what in ["suspend", "resume", "rotate"] {
        world.done(Method::POST, &format!("/keys/{key}/{what}"), None).await;
    }
    world.done(Method::DELETE, &format!("/keys/{key}/secrets/previous"), None).await;
    world.done(Method::DELETE, &format!("/keys/{key}"), None).await;
    let is_of_key = |change: &Change| matches!(change, Change::Cutoff { subject: Subject::Key(id), .. } if id.as_str() == key);
    for what in ["suspended", "rotated", "the secret before ended", "revoked"] {
        let Some(FeedEvent::Narrowing { narrowing, .. }) = to_own.next().await else { panic!("{what}") };
        assert!(is_of_key(&narrowing.change), "{what}: {:?}", narrowing.change);
    }
    world.done(Method::PATCH, "/clients/own", Some(json!({"scope": "orders:read"}))).await;
    for following in [&mut to_own, &mut to_other] {
        let Some(FeedEvent::Narrowing { narrowing, .. }) = following.next().await else { panic!("the client") };
        assert_eq!(narrowing.change, Change::KeysChanged, "and nothing of the key before it");
    }
    // A fresh snapshot holds it for the one, and not for the other.
    drop((to_own, to_other));
    let world = world.reopen().await;
    for (client, count) in [(&own, 4), (&other, 0)] {
        let mut following = world.follow(client, "", None).await.ok().unwrap();
        let part = snapshot(&world, &mut following).await;
        assert_eq!(part.changes.iter().filter(|change| is_of_key(change)).count(), count);
    }
}
