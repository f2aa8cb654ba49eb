//! What strangers make up, over HTTP: however much of it comes, what is kept of it has an end. Looked at in the resident memory of the whole
//! process, so that nothing is forgotten; this is the only test of its program, since others would be seen too.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by it, and says what it saw")]

use std::net::Ipv4Addr;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use jeton_http::edge::Peer;
use jeton_testkit::World;
use serde_json::json;

/// How many are made up of each: `JETON_LABELS` says otherwise.
const LABELS: u32 = 60_000;
/// After so many of ten parts all that is bounded has reached its bound.
const WARM: u32 = 4;
/// What the allocator and the pages of this process may wander by.
const WANDERS_KIB: u64 = 4 * 1024;

#[tokio::test]
async fn what_strangers_make_up_takes_no_memory_without_end() {
    let labels = std::env::var_os("JETON_LABELS").map_or(LABELS, |labels| labels.to_str().unwrap().parse().unwrap());
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let basic = worker.basic();
    grows_not(&world, "tokens that are introspected", labels, async |number| introspect(&world, &basic, number).await).await;
    // A thousand texts a call, each call from another network.
    grows_not(&world, "credentials that are handed in", labels / 1_000, async |call| hand_in(&world, call).await).await;
    grows_not(&world, "networks that hand something in", labels, async |number| call_from(&world, number).await).await;
}

/// Does it so many times, and fails where memory goes on growing.
async fn grows_not(world: &World, what: &str, times: u32, each: impl AsyncFn(u32)) {
    let mut warm = 0;
    for number in 0..times {
        if number == times / 10 * WARM {
            world.forget_access_log();
            warm = resident_kib();
        }
        each(number).await;
        if number.is_multiple_of(1_000) {
            world.forget_access_log();
        }
    }
    world.forget_access_log();
    let grown = resident_kib().saturating_sub(warm);
    println!("{what}: {times}, {warm} KiB, and {grown} KiB more in the end");
    assert!(grown <= WANDERS_KIB, "{what}: {grown} KiB more after {times}");
}

/// A token, a client, a network and an agent of which none has been here before, in turn.
async fn introspect(world: &World, basic: &str, number: u32) {
    let unknown = format!("Basic {}", STANDARD.encode(format!("client_{number}:secret")));
    let authorization = if number.is_multiple_of(4) { &unknown } else { basic };
    let token = match number % 3 {
        0 => format!("made-up-{number}"),
        1 => signed(number),
        _ => format!("jtn_at_{number:060}"),
    };
    let request = Request::post("/oauth/introspect")
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, format!("agent{number}/{number}"))
        .extension(Peer::Tcp((Ipv4Addr::from_bits(number << 8), 4711).into()));
    let answer = world.send(request.body(Body::from(format!("token={token}"))).unwrap()).await;
    assert!(if number.is_multiple_of(4) { answer.status == 401 } else { answer.text() == r#"{"active":false}"# }, "{}", answer.shown());
}

/// Looks like a JWT, of a key that nobody knows.
fn signed(number: u32) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({"alg": "ES256", "typ": "at+jwt", "kid": format!("key-{number}")}));
    format!("{header}.{}.{}", part(json!({"jti": format!("{number}"), "iss": format!("https://{number}.example")})), "A".repeat(86))
}

async fn hand_in(world: &World, call: u32) {
    let texts: Vec<String> = (0..1_000).map(|number| signed(call * 1_000 + number)).collect();
    let answer = report(world, call, json!({"credentials": texts}).to_string()).await;
    assert!(matches!(answer, 202 | 429), "{answer}");
    if call % 40 == 39 {
        assert_eq!(world.service().work_off_reports().await, Ok(0));
    }
}

async fn call_from(world: &World, number: u32) {
    // Beyond 131,072 networks in a minute the next one has to wait, rather than pass uncounted.
    assert!(matches!(report(world, number, r#"{"credentials":[]}"#.to_owned()).await, 202 | 429));
}

async fn report(world: &World, network: u32, body: String) -> u16 {
    let request = Request::post("/credentials/revoke").header(CONTENT_TYPE, "application/json");
    let request = request.extension(Peer::Tcp((Ipv4Addr::from_bits(0x0100_0000 + (network << 8)), 4711).into()));
    world.send(request.body(Body::from(body)).unwrap()).await.status
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
