//! Everything of a subject that was issued before a time, dead in one row.

use jeton_core::event::CutOffSubject;
use jeton_core::moment::Time;
use jeton_core::refusal::Reason;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::registered::Registered;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::errors::check_error;

#[tokio::test]
async fn it_reaches_its_subject_and_nobody_else() {
    let mut world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let (first, second) = (world.client("first", &[&orders, &stock]).await, world.client("second", &[&orders, &stock]).await);
    let resources = ["https://orders.example", "https://stock.example"];
    // What is left alive of: first's orders, first's stock, second's orders, second's stock.
    for (subject, name, alive) in [
        (CutOffSubject::Client, first.id.as_str(), [false, false, true, true]),
        (CutOffSubject::Client, "second", [true, true, false, false]),
        (CutOffSubject::Api, resources[0], [false, true, false, true]),
        (CutOffSubject::Api, stock.id.as_str(), [true, false, true, false]),
        (CutOffSubject::Everything, "", [false; 4]),
    ] {
        let mut tokens = Vec::new();
        for client in [&first, &second] {
            for resource in resources {
                tokens.push(world.token_with(client, &[("resource", resource)]).await);
            }
        }
        let from = world.cut_off(subject, name).await;
        assert_eq!(from, world.now() + 1, "the next whole second");
        for restarted in [false, true] {
            for (number, token) in tokens.iter().enumerate() {
                assert_eq!(world.is_active(&first, token).await, alive[number], "{subject:?} {name}: {number}, restarted: {restarted}");
            }
            world = world.reopen().await;
        }
        world.advance(2);
    }
}

#[tokio::test]
async fn what_is_issued_after_it_lives_at_once() {
    for format in ["jwt", "opaque"] {
        for (subject, name) in
            [(CutOffSubject::Client, "worker"), (CutOffSubject::Api, "https://orders.example"), (CutOffSubject::Everything, "")]
        {
            let world = World::new().await;
            let api = world.api_with("orders", |request| request.token_format = Some(format.to_owned())).await;
            let worker = world.client("worker", &[&api]).await;
            let dead = world.token(&worker).await;
            let from = world.cut_off(subject, name).await;
            let alive = world.token(&worker).await;
            let answer = world.introspect(&worker, &alive).await;
            assert_eq!((answer.member("active"), answer.member("iat")), (true.into(), from.into()), "{format} {subject:?}");
            if format == "jwt" {
                assert_eq!(claims_of(&alive)["exp"], from + 3_600);
            }
            assert!(!world.is_active(&worker, &dead).await);
            let world = world.reopen().await;
            assert!(world.is_active(&worker, &alive).await && !world.is_active(&worker, &dead).await);
            let beside = world.token(&worker).await;
            assert_eq!(world.introspect(&worker, &beside).await.member("iat"), from, "a restart remembers");
        }
    }
}

#[tokio::test]
async fn before_a_time_of_the_past() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let early = world.token(&worker).await;
    let start = world.now();
    world.advance(10);
    let late = world.token(&worker).await;
    // Before a second that nothing was issued in; then before one with a fraction, in which `late` was issued.
    for (before, expected) in [(Time::from_seconds(start), [true, true]), (Time::from_seconds(start + 10), [false, true])] {
        world.cut_off_before(CutOffSubject::Client, "worker", Some(before)).await.unwrap();
        assert_eq!([world.is_active(&worker, &early).await, world.is_active(&worker, &late).await], expected, "{before:?}");
    }
    // An earlier cut-off after a later one takes nothing back.
    world.cut_off_before(CutOffSubject::Client, "worker", Some(Time::from_seconds(start))).await.unwrap();
    assert!(!world.is_active(&worker, &early).await);
    let from = world.cut_off_before(CutOffSubject::Client, "worker", Some(Time::from_micros((start + 10) * 1_000_000 + 1))).await.unwrap();
    assert_eq!(from, start + 11, "a token of the same second may be older than the fraction");
    assert!(!world.is_active(&worker, &late).await);
}

#[tokio::test]
async fn what_cannot_be_cut_off() {
    let world = World::new().await;
    let size = world.ledger_size();
    let now = world.moment().now;
    for (subject, name, before, reason) in [
        (CutOffSubject::Client, "nobody", None, Reason::NotFound),
        (CutOffSubject::Api, "https://nowhere.example", None, Reason::NotFound),
        (CutOffSubject::Everything, "", Some(now.plus_seconds(2)), Reason::InvalidRequest),
        (CutOffSubject::Everything, "", Some(Time::from_seconds(i64::MAX)), Reason::InvalidRequest),
    ] {
        match world.cut_off_before(subject, name, before).await {
            Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, reason, "{subject:?} {before:?}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.ledger_size(), size);
    world.cut_off_before(CutOffSubject::Everything, "", Some(Time::from_micros(i64::MIN))).await.unwrap();
}

/// By a clock that was ahead and that an operator took back: nothing could be issued that anybody accepts, and the answer says why.
#[tokio::test]
async fn under_one_that_lies_far_ahead_nothing_is_issued() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (worker, other) = (world.client("worker", &[&orders]).await, world.client("other", &[&orders]).await);
    world.advance(100);
    world.cut_off(CutOffSubject::Client, "worker").await;
    world.advance(-100);
    let world = world.reopen().await;
    world.service().accept_clock(&administrator(), &world.moment()).await.unwrap();
    let answer = world.ask(&worker, &[]).await;
    check_error(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "100");
    assert!(answer.text().contains("were cut off up to a time that lies ahead: the next one can be issued in 100 s"), "{}", answer.text());
    assert_eq!(world.ask(&other, &[]).await.status, 200, "nobody else is meant");
    world.advance(99);
    assert_eq!(world.ask(&worker, &[]).await.status, 200, "a moment is waited for");
}

/// What a minute of cut-offs and issues is made of.
struct Minute {
    world: World,
    clients: Vec<Registered>,
    dice: ChaCha12Rng,
    /// The client, the resource, the text, and whether a cut-off came after it.
    tokens: Vec<(usize, &'static str, String, bool)>,
}

const RESOURCES: [&str; 2] = ["https://orders.example", "https://stock.example"];

impl Minute {
    async fn begin(seed: u64) -> Minute {
        let world = World::new().await;
        let apis = [&world.api("orders").await, &world.opaque_api("stock").await];
        let clients = vec![world.client("first", &apis).await, world.client("second", &apis).await];
        Minute { world, clients, dice: ChaCha12Rng::seed_from_u64(seed), tokens: Vec::new() }
    }

    fn draw(&mut self, below: u32) -> usize {
        (self.dice.next_u32() % below) as usize
    }

    async fn issue(&mut self) {
        let (client, resource) = (self.draw(2), RESOURCES[self.draw(2)]);
        let before = self.world.moment().now;
        let answer = self.world.ask(&self.clients[client], &[("resource", resource)]).await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        let waited = self.world.moment().now.micros() - before.micros();
        assert!(waited <= 1_000_000, "an issue waited {waited} µs");
        let token = answer.member("access_token").as_str().unwrap().to_owned();
        let dated = self.world.introspect(&self.clients[client], &token).await.member("iat").as_i64().unwrap();
        assert!(dated <= self.world.now() + 1, "dated {} s ahead", dated - self.world.now());
        self.tokens.push((client, resource, token, false));
    }

    async fn cut_off(&mut self) {
        let (client, resource) = (self.draw(2), RESOURCES[self.draw(2)]);
        let (subject, name) = match self.draw(3) {
            0 => (CutOffSubject::Client, self.clients[client].id.clone()),
            1 => (CutOffSubject::Api, resource.to_owned()),
            _ => (CutOffSubject::Everything, String::new()),
        };
        self.world.cut_off(subject, &name).await;
        for (of, for_resource, _, is_dead) in &mut self.tokens {
            *is_dead |= match subject {
                CutOffSubject::Client => *of == client,
                CutOffSubject::Api => *for_resource == resource,
                _ => true,
            };
        }
    }

    async fn check(&mut self) {
        for (client, _, token, is_dead) in &self.tokens {
            assert_eq!(self.world.is_active(&self.clients[*client], token).await, !is_dead);
        }
        // The dead of before are not looked at again and again.
        self.tokens.retain(|(.., is_dead)| !is_dead);
    }
}

/// Five cut-offs a second for a minute, issues between them: none is refused, what was issued before one is dead, what comes after lives.
#[tokio::test]
async fn a_minute_of_cut_offs_refuses_nobody() {
    for seed in 0..4 {
        println!("seed {seed}");
        let mut minute = Minute::begin(seed).await;
        for _ in 0..300 {
            for _ in 0..minute.draw(4) {
                minute.issue().await;
            }
            minute.cut_off().await;
            minute.check().await;
            let micros = minute.draw(400_000);
            minute.world.advance_micros(micros as i64);
        }
    }
}

/// Each followed by an issue under it, all within one second: nobody's time moves but theirs, and only by a second.
#[tokio::test]
async fn cut_offs_of_one_client_move_nobody_elses_time() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (cut, other) = (world.client("cut", &[&orders]).await, world.client("other", &[&orders]).await);
    world.cut_off(CutOffSubject::Client, "cut").await;
    world.token(&cut).await;
    let token = world.token(&other).await;
    assert_eq!(claims_of(&token)["iat"], world.now());
    assert_eq!(world.service().store().head().time, world.moment().now);
}
