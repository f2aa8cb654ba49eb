//! `POST /api/v1/usage/reports`: what verifiers decide by themselves is counted, once, whatever is lost on the way and whoever lies.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use jeton_core::id::ApiKeyId;
use jeton_testkit::world::registered::Registered;
use jeton_testkit::{Answer, World};
use jeton_verify::clock::Reading;
use jeton_verify::verifier::FeedStatus;
use jeton_verify::{Alert, Verifier};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/usage/reports";
const ORDERS: &str = "https://orders.example";
const ONE: &str = "0192f3a4b5c6d7e8f90a1b2c3d4e5f60";
const OTHER: &str = "0192f3a4b5c6d7e8f90a1b2c3d4e5f61";

/// A report of these items, each `(subject, outcome, count)`, in the minute that is.
fn report(world: &World, verifier: &str, batch: u64, items: &[(&str, &str, u64)]) -> Value {
    let minute = world.now() / 60 * 60;
    let item =
        |(subject, outcome, count): &(&str, &str, u64)| json!({"minute": minute, "subject": subject, "outcome": outcome, "count": count});
    json!({"verifier": verifier, "batch": batch, "audience": ORDERS, "dropped": 0, "items": items.iter().map(item).collect::<Vec<_>>()})
}

async fn send(world: &World, client: &Registered, report: &Value) -> Answer {
    world.post_json(PATH, Some(&client.basic()), report).await
}

/// What is answered: whether it was counted now, and how many batches are lost.
async fn taken(world: &World, client: &Registered, report: &Value) -> (bool, u64) {
    let answer = send(world, client, report).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    (answer.json()["counted"].as_bool().unwrap(), answer.json()["lost"].as_u64().unwrap())
}

async fn usage(world: &World, subject: &str) -> Value {
    world.done(Method::GET, &format!("/usage?resolution=day&subject={}", subject.replace(':', "%3A")), None).await
}

/// `outcome count` of a subject.
async fn counted(world: &World, subject: &str) -> Vec<String> {
    let told = |item: &Value| format!("{} {}", item["outcome"].as_str().unwrap(), item["count"]);
    let mut told: Vec<String> = usage(world, subject).await["items"].as_array().unwrap().iter().map(told).collect();
    told.sort();
    told.retain(|told| told.starts_with("offline"));
    told
}

async fn flush(world: &World) {
    world.service().flush_usage().await.unwrap();
}

/// An API, a client that uses it, and one that checks its tokens.
async fn world() -> (World, Registered, Registered) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (worker, gate) = (world.client("worker", &[&orders]).await, world.client("gate", &[&orders]).await);
    (world, worker, gate)
}

#[tokio::test]
async fn checks_made_elsewhere_are_counted_like_those_made_here() {
    let (world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    let items = [(subject.as_str(), "accepted", 5), (&subject, "revoked", 1), ("unknown", "invalid", 2), ("other", "accepted", 3)];
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 1, &items)).await, (true, 0));
    flush(&world).await;
    for later in [0, 60] {
        world.advance(later);
        flush(&world).await;
        assert_eq!(counted(&world, &subject).await, ["offline_accepted 5", "offline_revoked 1"]);
        assert_eq!(counted(&world, "unknown").await, ["offline_invalid 2"]);
        assert_eq!(counted(&world, "other").await, ["offline_accepted 3"]);
        for sum in ["all", "api:https://orders.example"] {
            assert_eq!(counted(&world, sum).await, ["offline_accepted 8", "offline_invalid 2", "offline_revoked 1"]);
        }
    }
    let told = usage(&world, &subject).await;
    assert!(told["last_used_at"].is_string(), "{told}");
    assert_eq!(told["reports"], json!({"verifiers": 1, "batches_lost": 0, "checks_dropped": 0}));
}

#[tokio::test]
async fn where_checks_elsewhere_came_from_and_what_they_exercised_is_remembered() {
    let (world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    let mut told = report(&world, ONE, 1, &[(&subject, "accepted", 5), (&subject, "accepted", 1), (&subject, "revoked", 1)]);
    for (place, network, agent) in [(0, "192.0.2.0/24", "curl/8"), (1, "2001:db8::/48", "other"), (2, "198.51.100.0/24", "x/1")] {
        told["items"][place]["network"] = json!(network);
        told["items"][place]["agent"] = json!(agent);
        told["items"][place]["scope"] = json!("orders:read no:scope:of:ours");
    }
    assert_eq!(taken(&world, &gate, &told).await, (true, 0));
    flush(&world).await;
    let world = world.reopen().await;
    let shown = usage(&world, &subject).await;
    assert_eq!(shown["networks"], json!({"count": 2, "last": ["2001:db8::/48", "192.0.2.0/24"]}), "what is refused leaves nothing");
    assert_eq!(shown["agents"], json!({"count": 2, "last": ["other", "curl/8"]}));
    let scopes: Vec<&String> = shown["scopes_exercised"].as_object().unwrap().keys().collect();
    assert_eq!(scopes, ["orders:read"], "a scope that the API does not have is none");
}

/// Sixteen thousand networks, agents and scopes of one client.
#[tokio::test]
async fn what_verifiers_make_up_takes_no_memory_without_end() {
    let (world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    for batch in 1..=32 {
        let mut told = report(&world, ONE, batch, &[(subject.as_str(), "accepted", 1); 500]);
        for place in 0..500 {
            told["items"][place]["network"] = json!(format!("10.{batch}.{}.0/24", place % 256));
            told["items"][place]["agent"] = json!(format!("a{batch}-{place}/1"));
            told["items"][place]["scope"] = json!(format!("s:{batch}:{place}"));
        }
        assert_eq!(taken(&world, &gate, &told).await, (true, 0));
        flush(&world).await;
    }
    let shown = usage(&world, &subject).await;
    assert_eq!(shown["networks"]["last"].as_array().unwrap().len(), 4);
    assert_eq!(shown["agents"]["last"].as_array().unwrap().len(), 4);
    assert_eq!(shown["scopes_exercised"], Value::Null);
    assert!((400..=600).contains(&shown["agents"]["count"].as_u64().unwrap()), "sixteen in a second: {}", shown["agents"]["count"]);
}

/// Where there is no room in memory, everybody's idle times begin anew: that is not within the reach of one client.
#[tokio::test]
async fn what_one_client_makes_up_leaves_everybody_else_s_idle_times_alone() {
    let (world, worker, gate) = world().await;
    flush(&world).await;
    let since = world.service().usage_kept_since();
    world.advance(86_400);
    let subject = format!("client:{}", worker.id);
    let batch = |number: u64| {
        let mut batch = report(&world, ONE, number, &[(subject.as_str(), "accepted", 1); 500]);
        for (place, item) in batch["items"].as_array_mut().unwrap().iter_mut().enumerate() {
            let cell = i64::try_from(number).unwrap() * 500 + i64::try_from(place).unwrap();
            item["minute"] = json!(world.now() / 60 * 60 - cell % 1_400 * 60);
        }
        batch
    };
    for number in 1..=16 {
        assert_eq!(taken(&world, &gate, &batch(number)).await, (true, 0));
    }
    let refused = send(&world, &gate, &batch(17)).await;
    assert_eq!((refused.status, refused.member("code"), refused.header("retry-after")), (503, json!("busy"), "1"));
    // Those of others are counted, and nothing of it is lost.
    assert_eq!(taken(&world, &worker, &report(&world, OTHER, 1, &[("other", "accepted", 1)])).await, (true, 0));
    flush(&world).await;
    assert_eq!(taken(&world, &gate, &batch(17)).await, (true, 0));
    flush(&world).await;
    assert_eq!(world.service().usage_kept_since(), since);
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_is_counted_once() {
    let (mut world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    let first = report(&world, ONE, 1, &[(&subject, "accepted", 5)]);
    assert_eq!(taken(&world, &gate, &first).await, (true, 0));
    assert_eq!(taken(&world, &gate, &first).await, (false, 0));
    flush(&world).await;
    // Neither a restart nor an hour makes it new; another verifier's first batch is another.
    for seconds in [0, 3_600, 7_200] {
        world = world.reopen().await;
        world.advance(seconds);
        assert_eq!(taken(&world, &gate, &first).await, (false, 0), "{seconds}");
        flush(&world).await;
        assert_eq!(counted(&world, &subject).await, ["offline_accepted 5"]);
    }
    assert_eq!(taken(&world, &gate, &report(&world, OTHER, 1, &[(&subject, "accepted", 1)])).await, (true, 0));
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 2, &[(&subject, "accepted", 1)])).await, (true, 0));
    flush(&world).await;
    assert_eq!(counted(&world, &subject).await, ["offline_accepted 7"]);
    // A client's verifiers are its own: another client under the same name disturbs nobody.
    let orders = world.service().find_api(ORDERS).unwrap().record.clone();
    let second = world.client("second gate", &[&orders]).await;
    assert_eq!(taken(&world, &second, &report(&world, ONE, 9, &[])).await, (true, 8));
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 3, &[])).await, (true, 0));
}

#[tokio::test]
async fn a_gap_is_counted_as_lost() {
    let (world, _, gate) = world().await;
    for (batch, expected) in [(1, (true, 0)), (4, (true, 2)), (3, (false, 2)), (5, (true, 2)), (7, (true, 3))] {
        assert_eq!(taken(&world, &gate, &report(&world, ONE, batch, &[("unknown", "invalid", 1)])).await, expected, "{batch}");
    }
    let mut last = report(&world, ONE, 8, &[]);
    last["dropped"] = json!(40);
    assert_eq!(taken(&world, &gate, &last).await, (true, 3));
    flush(&world).await;
    let world = world.reopen().await;
    assert_eq!(usage(&world, "all").await["reports"], json!({"verifiers": 1, "batches_lost": 3, "checks_dropped": 40}));
}

/// What was told in the last second is gone with the process, both the counts and the number: sent again, it is counted.
#[tokio::test]
async fn a_crash_loses_a_batch_whole_or_not_at_all() {
    let (world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    let first = report(&world, ONE, 1, &[(&subject, "accepted", 5)]);
    taken(&world, &gate, &first).await;
    let world = world.reopen().await;
    assert_eq!(taken(&world, &gate, &first).await, (true, 0), "its answer was lost");
    flush(&world).await;
    assert_eq!(counted(&world, &subject).await, ["offline_accepted 5"]);
    taken(&world, &gate, &report(&world, ONE, 2, &[(&subject, "accepted", 1)])).await;
    let world = world.reopen().await;
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 3, &[(&subject, "accepted", 1)])).await, (true, 1), "its answer was heard");
    // A note that is refused is tried again with the next.
    world.refuse_notes(true);
    assert!(world.service().flush_usage().await.is_err());
    world.refuse_notes(false);
    flush(&world).await;
    let world = world.reopen().await;
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 3, &[])).await, (false, 1));
}

/// A process may end after any row of what is written each second, also where a minute ends with it: what a batch counts is there with its
/// number, or it is counted when it comes again.
#[tokio::test]
async fn a_crash_within_a_note_divides_no_batch() {
    for seconds in [0, 60] {
        let mut rows = 0;
        while !ends_after(rows, seconds).await {
            rows += 1;
        }
        assert!(rows > 3, "each row was the last one once: {rows}");
    }
}

/// Whether all was written although the process was to end after so many rows, so long after the report.
async fn ends_after(rows: usize, seconds: i64) -> bool {
    let (world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    world.token(&worker).await;
    flush(&world).await;
    let first = report(&world, ONE, 1, &[(&subject, "accepted", 5), ("unknown", "invalid", 2)]);
    assert_eq!(taken(&world, &gate, &first).await, (true, 0));
    world.token(&worker).await;
    world.advance(seconds);
    world.end_in_note(rows);
    let is_whole = world.service().flush_usage().await.is_ok();
    let world = world.reopen().await;
    let found = counted(&world, &subject).await;
    let is_new = taken(&world, &gate, &first).await.0;
    assert_eq!(found, if is_new { vec![] } else { vec!["offline_accepted 5"] }, "after {rows} rows, {seconds} s later");
    assert!(!(is_whole && is_new), "it was written");
    flush(&world).await;
    let world = world.reopen().await;
    world.advance(60);
    flush(&world).await;
    for (subject, expected) in [(subject.as_str(), "offline_accepted 5"), ("unknown", "offline_invalid 2")] {
        assert_eq!(counted(&world, subject).await, [expected], "after {rows} rows, {seconds} s later");
    }
    is_whole
}

/// On a full disk what was told waits, bounded, and is counted once there is room: in the minute that is open then.
#[tokio::test]
async fn what_was_told_waits_for_room() {
    let (world, worker, gate) = world().await;
    let subject = format!("client:{}", worker.id);
    world.refuse_notes(true);
    for (batch, seconds) in [(1, 0), (2, 60), (3, 0)] {
        world.advance(seconds);
        assert_eq!(taken(&world, &gate, &report(&world, ONE, batch, &[(&subject, "accepted", 5)])).await, (true, 0));
        assert!(world.service().flush_usage().await.is_err());
    }
    assert!(counted(&world, &subject).await.is_empty(), "what is not written is not counted");
    world.refuse_notes(false);
    for _ in 0..2 {
        flush(&world).await;
        assert_eq!(counted(&world, &subject).await, ["offline_accepted 15"]);
        world.advance(60);
    }
    let world = world.reopen().await;
    assert_eq!(counted(&world, &subject).await, ["offline_accepted 15"]);
}

#[tokio::test]
async fn lies_are_refused_or_name_nobody() {
    let (world, worker, gate) = world().await;
    let stock = world.api("stock").await;
    let silent = world.client_with("silent", &[&stock], |request| request.may_introspect = false).await;
    let keeper = world.client("keeper", &[&stock]).await;
    let good = report(&world, ONE, 1, &[("unknown", "invalid", 1)]);
    for (client, status, code) in [(&silent, 403, "unauthorized_client"), (&keeper, 400, "invalid_target")] {
        let answer = send(&world, client, &good).await;
        assert_eq!((answer.status, answer.json()["code"].as_str().unwrap()), (status, code), "{}", answer.shown());
    }
    let minute = world.now() / 60 * 60;
    for (name, value) in [
        ("minute", json!(minute + 3_600)),
        ("minute", json!(minute + 120)),
        ("minute", json!(minute - 2 * 86_400)),
        ("minute", json!(minute + 1)),
        ("count", json!(1_000_000_000)),
        ("count", json!(0)),
        ("count", json!(-1)),
        ("outcome", json!("issued")),
        ("subject", json!("all")),
        ("subject", json!("client:\u{202e}")),
        ("subject", json!("client:\u{1b}[2J")),
        ("agent", json!("\u{1b}[2J")),
        ("network", json!("192.0.2.7")),
        ("token", json!("secret")),
    ] {
        let mut lie = good.clone();
        lie["items"][0][name] = value.clone();
        let answer = send(&world, &gate, &lie).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str().unwrap()),
            (400, "invalid_request"),
            "{name} {value}: {}",
            answer.shown()
        );
        assert!(!answer.shown().contains(['\u{1b}', '\u{202e}']) && !answer.shown().contains("secret"));
    }
    let key = format!("key:{OTHER}");
    let strangers = [("client:nobody", "accepted", 1), (key.as_str(), "accepted", 1), ("client:silent", "accepted", 100_000_000)];
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 1, &strangers)).await, (true, 0));
    flush(&world).await;
    assert_eq!(counted(&world, "unknown").await, ["offline_accepted 100000002"], "who is not registered is nobody");
    assert!(counted(&world, &key).await.is_empty() && counted(&world, "api:https://stock.example").await.is_empty());
    // Of a key that is one of this API's, and of one that is another's.
    let own = world.make_key("external:customer 7", ORDERS, Value::Null).await["id"].as_str().unwrap().to_owned();
    let foreign = world.make_key("external:customer 7", "https://stock.example", Value::Null).await["id"].as_str().unwrap().to_owned();
    let keys = [own, foreign].map(|id| format!("key:{id}"));
    let told: Vec<_> = keys.iter().map(|key| (key.as_str(), "accepted", 1)).collect();
    taken(&world, &gate, &report(&world, ONE, 2, &told)).await;
    flush(&world).await;
    assert_eq!(counted(&world, &keys[0]).await, ["offline_accepted 1"]);
    assert!(counted(&world, &keys[1]).await.is_empty());
    assert!(counted(&world, &format!("client:{}", worker.id)).await.is_empty());
}

/// A key that verifiers check from memory is used like any other: whoever judges whether it is idle knows.
#[tokio::test]
async fn what_is_reported_of_a_key_is_its_last_use() {
    let (world, _, gate) = world().await;
    let made = world.make_key("external:customer 7", ORDERS, Value::Null).await;
    let id = made["id"].as_str().unwrap();
    let last = async |world: &World| {
        let entry = world.service().find_key(ApiKeyId::parse(id).unwrap()).await.unwrap();
        world.service().key_last_used(&entry).await.unwrap()
    };
    assert_eq!(last(&world).await, None);
    let subject = format!("key:{id}");
    let minute = world.now() / 60 * 60;
    taken(&world, &gate, &report(&world, ONE, 1, &[(&subject, "insufficient_scope", 1)])).await;
    assert_eq!(last(&world).await, None, "a refusal is no use");
    taken(&world, &gate, &report(&world, ONE, 2, &[(&subject, "accepted", 1)])).await;
    assert_eq!(last(&world).await, Some(minute));
    flush(&world).await;
    let world = world.reopen().await;
    assert_eq!(last(&world).await, Some(minute));
}

#[tokio::test]
async fn what_is_no_report() {
    let (world, worker, gate) = world().await;
    let good = report(&world, ONE, 1, &[("unknown", "invalid", 1)]);
    let post = async |content_type: &str, authorization: &str, body: Vec<u8>| {
        let request = Request::post(PATH).header("content-type", content_type).header("authorization", authorization);
        world.send(request.body(Body::from(body)).unwrap()).await
    };
    let deep = "[".repeat(100_000).into_bytes();
    for (content_type, body, status) in [
        ("application/json", Vec::new(), 400),
        ("application/json", b"{}".to_vec(), 400),
        ("application/json", deep, 400),
        ("application/json", b"\xff\xfe".to_vec(), 400),
        ("application/json", vec![b' '; 1 << 20], 413),
        ("application/x-www-form-urlencoded", good.to_string().into_bytes(), 415),
    ] {
        let answer = post(content_type, &gate.basic(), body).await;
        assert_eq!(answer.status, status, "{}", answer.shown());
        assert!(answer.json()["hint"].is_string(), "{}", answer.shown());
    }
    for authorization in ["", "Bearer x", "Basic !", &worker.with_secret("wrong").basic()] {
        assert_eq!(post("application/json", authorization, good.to_string().into_bytes()).await.status, 401, "{authorization}");
    }
    assert_eq!(world.get(PATH).await.status, 405);
    // In the body, like a form's members.
    let mut inside = good.clone();
    inside["client_id"] = json!(gate.id);
    assert_eq!(world.post_json(PATH, None, &inside).await.status, 401);
    assert_eq!(taken(&world, &gate, &good).await, (true, 0), "nothing of it was counted");
}

#[tokio::test]
async fn verifiers_without_end_take_no_memory_without_end() {
    let (world, _, gate) = world().await;
    for number in 0..4_096_u32 {
        assert_eq!(taken(&world, &gate, &report(&world, &format!("{number:032x}"), 1, &[])).await, (true, 0));
    }
    let one_more = send(&world, &gate, &report(&world, ONE, 1, &[])).await;
    assert_eq!((one_more.status, one_more.json()["code"].as_str().unwrap()), (409, "conflict"));
    assert_eq!(taken(&world, &gate, &report(&world, &format!("{:032x}", 7), 2, &[])).await, (true, 0), "who is known goes on");
    let second = world.client("second gate", &[&world.service().find_api(ORDERS).unwrap().record.clone()]).await;
    let busy = send(&world, &second, &report(&world, ONE, 1, &[])).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, "1"), "so many wait to be written: {}", busy.shown());
    flush(&world).await;
    assert_eq!(taken(&world, &second, &report(&world, ONE, 1, &[])).await, (true, 0));
    let verifiers = async |world: &World| world.done(Method::GET, "/usage", None).await["reports"]["verifiers"].clone();
    assert_eq!(verifiers(&world).await, 4_097);
    world.advance(2 * 86_400 + 1);
    assert_eq!(verifiers(&world).await, 0, "those of before are gone");
    assert_eq!(taken(&world, &gate, &report(&world, ONE, 1, &[])).await, (true, 0));
    assert_eq!(verifiers(&world).await, 1);
}

/// The whole circle: a verifier over a connection, its tokens checked without asking, its report lost once.
#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_follows_is_seen_in_the_usage() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let world = World::of(&url).await;
    let orders = world.api("orders").await;
    let (worker, gate) = (world.client("worker", &[&orders]).await, world.client("gate", &[&orders]).await);
    let serving = tokio::spawn(axum::serve(listener, world.router()).into_future());
    let hands = world.service().clone();
    let clock = move || {
        let micros = hands.moments().time().micros();
        let since_1970 = Duration::from_micros(micros.unsigned_abs());
        Reading { since_1970, uptime: since_1970 }
    };
    // The schedule of a server that runs: a checkpoint now and then.
    let signing = async {
        loop {
            world.advance_micros(1_000);
            world.service().sign_checkpoint(&world.moment()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let starting = Verifier::builder(&url, ORDERS).client(gate.id.clone(), gate.secret.clone()).clock(clock).start();
    let live = async {
        let verifier = starting.await.unwrap();
        verifier.wait_for(|status| status.feed == FeedStatus::Live).await;
        verifier
    };
    let verifier = tokio::select! {
        verifier = live => verifier,
        () = signing => panic!("it signs for ever"),
    };
    let token = world.token(&worker).await;
    for _ in 0..3 {
        assert!(verifier.check(&token).await.is_ok());
    }
    assert!(verifier.check("e30.e30.AA").await.is_err());
    assert!(verifier.report().await);
    flush(&world).await;
    let subject = format!("client:{}", worker.id);
    assert_eq!(counted(&world, &subject).await, ["offline_accepted 3"]);
    assert_eq!(counted(&world, "unknown").await, ["offline_invalid 1"]);
    assert_eq!(verifier.status().counters.asked, 0);
    // One whose clock runs an hour ahead is told so.
    let ahead = world.now() + 3_600;
    let clock = move || {
        let since_1970 = Duration::from_secs(ahead.unsigned_abs());
        Reading { since_1970, uptime: since_1970 }
    };
    let builder = Verifier::builder(&url, ORDERS).client(gate.id.clone(), gate.secret.clone()).clock(clock);
    let hasty = builder.first_heartbeat_within(Duration::ZERO).start().await.unwrap();
    assert!(hasty.check("e30.e30.AA").await.is_err());
    assert!(!hasty.report().await);
    assert!(hasty.status().alerts.contains(&Alert::ReportRefused));
    serving.abort();
}
