//! Everything of a subject that was issued before a time, dead in one row.

use jeton_core::event::CutOffSubject;
use jeton_core::moment::Time;
use jeton_core::refusal::Reason;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::manage::claims_of;

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
