//! Usage: each issue and each introspection is counted once, whatever happens to the process, and nobody waits for it.

use std::net::SocketAddr;

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jeton_core::id::ApiKeyId;
use jeton_core::usage::bucket::Resolution;
use jeton_http::api::rfc3339;
use jeton_http::edge::Peer;
use jeton_jose::Algorithm;
use jeton_oauth::form;
use jeton_testkit::World;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// What the management API tells of a subject: `outcome count` by time, of the last day, or of days the last forty.
async fn counted(world: &World, subject: &str, resolution: Resolution) -> Vec<String> {
    let from = world.now() - if resolution == Resolution::Minute { DAY } else { 40 * DAY };
    let path = format!("/usage?subject={}&resolution={}&from={from}", subject.replace(':', "%3A"), resolution.name());
    let usage = world.done(Method::GET, &path, None).await;
    let told = |item: &Value| format!("{} {}", item["outcome"].as_str().unwrap(), item["count"]);
    usage["items"].as_array().unwrap().iter().map(told).collect()
}

/// Seconds and uses that are not counted, as the statistics tell.
async fn lost(world: &World) -> (Value, Value) {
    let statistics = world.done(Method::GET, "/statistics", None).await;
    (statistics["usage_seconds_lost"].clone(), statistics["usage_uses_dropped"].clone())
}

fn of(client: &Registered) -> String {
    format!("client:{}", client.id)
}

async fn flush(world: &World) {
    world.service().flush_usage().await.unwrap();
}

#[tokio::test]
async fn issues_and_introspections_are_counted_by_client_api_and_outcome() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let gate = world.client("gate", &[&orders]).await;
    let token = world.token_with(&worker, &[("resource", "https://orders.example")]).await;
    world.token_with(&worker, &[("resource", "https://stock.example")]).await;
    assert_eq!(world.ask(&worker, &[("resource", "https://unknown.example")]).await.status, 400);
    assert!(world.is_active(&gate, &token).await);
    world.revoke(&worker, &token).await;
    assert!(!world.is_active(&gate, &token).await);
    assert!(!world.is_active(&gate, "no token of ours").await);
    assert!(counted(&world, "all", Resolution::Minute).await.is_empty(), "within a second");
    flush(&world).await;
    let all = ["issued 2", "issue_refused 1", "active 1", "inactive 1", "introspected 3", "not_found 1"];
    let of_orders = ["issued 1", "active 1", "inactive 1", "introspected 2"];
    for minutes in [0, 1, 1] {
        world.advance(60 * minutes);
        flush(&world).await;
        for resolution in Resolution::ALL {
            assert_eq!(counted(&world, "all", resolution).await, all, "{resolution:?}");
            assert_eq!(counted(&world, &format!("api:{}", orders.id), resolution).await, of_orders);
            assert_eq!(counted(&world, &of(&gate), resolution).await, ["introspected 1", "introspected 2"], "one of them at no API");
            assert_eq!(counted(&world, "unknown", resolution).await, ["not_found 1"]);
            let mut worker = counted(&world, &of(&worker), resolution).await;
            worker.sort();
            assert_eq!(worker, ["active 1", "inactive 1", "issue_refused 1", "issued 1", "issued 1"]);
        }
    }
}

#[tokio::test]
async fn minutes_add_up_to_hours_and_days_and_leave_in_their_time() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    // From 08:00 to 10:30 of one day, and once on the next.
    for _ in 0..5 {
        world.token(&worker).await;
        world.token(&worker).await;
        flush(&world).await;
        world.advance(1_800);
    }
    assert_eq!(counted(&world, &of(&worker), Resolution::Minute).await, ["issued 2"; 5]);
    flush(&world).await;
    assert_eq!(counted(&world, &of(&worker), Resolution::Minute).await, ["issued 2"; 5]);
    assert_eq!(counted(&world, &of(&worker), Resolution::Hour).await, ["issued 4", "issued 4", "issued 2"]);
    assert_eq!(counted(&world, "all", Resolution::Day).await, ["issued 10"]);
    world.advance(DAY);
    world.token(&worker).await;
    flush(&world).await;
    assert_eq!(counted(&world, "all", Resolution::Day).await, ["issued 10", "issued 1"]);
    // The posture lets nothing leave on the word of a clock that nobody believes; here it is believed.
    world.advance(2 * 3_600);
    world.token(&worker).await;
    flush(&world).await;
    world.service().drop_expired().unwrap();
    let from = world.now() - DAY - 5 * 3_600;
    let minutes = world.done(Method::GET, &format!("/usage?resolution=minute&from={from}&until={}", from + DAY), None).await;
    assert_eq!(minutes["items"], json!([]), "those of the day before are gone");
    assert_eq!(counted(&world, "all", Resolution::Day).await, ["issued 10", "issued 2"]);
}

#[tokio::test]
async fn after_a_crash_the_journal_is_folded_again_and_nothing_twice() {
    let mut world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut issued = 0;
    let mut crashes = 0;
    // Each process ends without a last word: within a minute, behind it, an hour and a day later; with what came after the last flush lost.
    for seconds in [0, 1, 30, 60, 61, 3_600, 20, DAY, 0] {
        world.token(&worker).await;
        flush(&world).await;
        world.token(&worker).await;
        flush(&world).await;
        issued += 2;
        world.token(&worker).await;
        world = world.reopen().await;
        crashes += 1;
        world.advance(seconds);
        flush(&world).await;
        assert_eq!(lost(&world).await.0, crashes);
        for resolution in [Resolution::Hour, Resolution::Day] {
            let told = counted(&world, &of(&worker), resolution).await;
            let sum = told.iter().map(|told| told.trim_start_matches("issued ").parse::<u64>().unwrap()).sum::<u64>();
            assert_eq!(sum, issued, "{resolution:?} after {crashes} crashes: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_process_that_ends_in_order_loses_nothing() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    flush(&world).await;
    world.token(&worker).await;
    let world = world.end_and_reopen().await;
    flush(&world).await;
    assert_eq!(counted(&world, &of(&worker), Resolution::Minute).await, ["issued 1"]);
    assert_eq!(lost(&world).await.0, 0);
}

#[tokio::test]
async fn on_a_full_disk_usage_is_dropped_and_counted_and_nobody_waits() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.refuse_notes(true);
    for _ in 0..3 {
        world.token(&worker).await;
    }
    assert!(world.service().flush_usage().await.is_err());
    assert_eq!(counted(&world, &of(&worker), Resolution::Minute).await, ["issued 3"], "seen while its minute is open");
    assert_eq!(lost(&world).await.1, 0, "nor lost until then");
    world.advance(60);
    assert!(world.service().flush_usage().await.is_err());
    assert_eq!(lost(&world).await.1, 3);
    world.refuse_notes(false);
    world.token(&worker).await;
    flush(&world).await;
    let world = world.reopen().await;
    flush(&world).await;
    assert_eq!(lost(&world).await.1, 3, "a restart remembers");
    assert_eq!(counted(&world, &of(&worker), Resolution::Minute).await, ["issued 1"]);
}

#[tokio::test]
async fn usage_is_not_on_the_ledger() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let (size, commits) = (world.ledger_size(), world.commits());
    for _ in 0..3 {
        assert!(world.is_active(&worker, &token).await);
        flush(&world).await;
        world.advance(60);
    }
    assert_eq!((world.ledger_size(), world.commits()), (size, commits));
}

/// When something was used and last refused, as the management API tells beside what it is: minutes since the world began.
async fn used(world: &World, path: &str, begun: i64) -> [Value; 4] {
    let shown = world.done(Method::GET, path, None).await;
    let shown = shown.get("items").map_or(&shown, |items| &items[0]);
    let minutes = |name: &str| match shown[name].as_str() {
        Some(at) => json!((rfc3339::parse(at).unwrap() - begun) / 60),
        None => Value::Null,
    };
    [minutes("first_used_at"), minutes("last_used_at"), minutes("last_refused_at"), shown["last_refusal"].clone()]
}

#[tokio::test]
async fn first_and_last_use_and_the_last_refusal_are_known_to_the_minute_and_survive_a_crash() {
    let world = World::new().await;
    let begun = world.now() / 60 * 60;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let made = world.make_key("external:customer 7", "https://orders.example", Value::Null).await;
    let key = made["key"].as_str().unwrap();
    let paths =
        [format!("/clients/{}", worker.id), format!("/clients/{}/secrets", worker.id), format!("/keys/{}", made["id"].as_str().unwrap())];
    let all = async |world: &World| {
        [used(world, &paths[0], begun).await, used(world, &paths[1], begun).await, used(world, &paths[2], begun).await]
    };
    assert_eq!(all(&world).await, [const { [const { Value::Null }; 4] }; 3]);
    for minutes in [1, 2] {
        world.advance(60 * minutes);
        world.token(&worker).await;
        world.check_key(&worker, key, Value::Null).await;
        flush(&world).await;
    }
    world.advance(60);
    assert_eq!(world.ask(&worker, &[("scope", "unknown")]).await.status, 400);
    world.check_key(&worker, key, json!({"scope": "orders:delete"})).await;
    flush(&world).await;
    world.token(&worker).await;
    // What came after the last flush is lost; the rest is not.
    let world = world.reopen().await;
    let expected = [
        [json!(1), json!(4), json!(4), json!("invalid_scope")],
        [json!(1), json!(4), Value::Null, Value::Null],
        [json!(1), json!(3), json!(4), json!("insufficient_scope")],
    ];
    assert_eq!(all(&world).await, expected);
    assert_eq!(used(&world, "/keys", begun).await, expected[2], "in the list too");
    flush(&world).await;
    world.advance(600);
    world.check_key(&worker, key, Value::Null).await;
    flush(&world).await;
    assert_eq!(used(&world, &paths[2], begun).await, [json!(1), json!(14), json!(4), json!("insufficient_scope")]);
}

#[tokio::test]
async fn a_secret_that_ended_and_is_used_still_is_seen() {
    let world = World::new().await;
    let begun = world.now() / 60 * 60;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.token(&worker).await;
    let path = format!("/clients/{}/secrets", worker.id);
    let secret = world.done(Method::GET, &path, None).await["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.administer(Method::DELETE, &format!("{path}/{secret}"), None).await.status, 204);
    world.advance(60);
    assert_eq!(world.ask(&worker, &[]).await.status, 401);
    flush(&world).await;
    assert_eq!(used(&world, &path, begun).await, [json!(0), json!(0), json!(1), json!("secret_ended")]);
    // Any other wrong secret is nobody's.
    world.advance(60);
    assert_eq!(world.ask(&worker.with_secret("wrong"), &[]).await.status, 401);
    flush(&world).await;
    assert_eq!(used(&world, &path, begun).await[2], json!(1));
}

#[tokio::test]
async fn when_a_key_was_last_used_is_known_to_whoever_judges_it() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:customer 7", "https://orders.example", Value::Null).await;
    let (id, key) = (ApiKeyId::parse(made["id"].as_str().unwrap()).unwrap(), made["key"].as_str().unwrap());
    let minute = world.now() / 60 * 60;
    let last = async |world: &World| {
        let entry = world.service().find_key(id).await.unwrap();
        world.service().key_last_used(&entry).await.unwrap()
    };
    assert_eq!(world.service().usage_kept_since(), None, "nobody has looked");
    flush(&world).await;
    let since = world.service().usage_kept_since();
    assert_eq!(since, Some(world.now()));
    assert_eq!(last(&world).await, None);
    world.check_key(&shop, key, Value::Null).await;
    assert_eq!(last(&world).await, Some(minute), "at once, where the key is in memory");
    flush(&world).await;
    world.advance(120);
    world.check_key(&shop, key, json!({"scope": "orders:delete"})).await;
    flush(&world).await;
    assert_eq!(last(&world).await, Some(minute), "a refusal is no use");
    world.done(Method::PATCH, &format!("/keys/{id}"), Some(json!({"name": "other"}))).await;
    assert_eq!(last(&world).await, Some(minute), "nor does a change forget it");
    let world = world.end_and_reopen().await;
    assert_eq!(last(&world).await, Some(minute));
    world.advance(600);
    flush(&world).await;
    assert_eq!(world.service().usage_kept_since(), since, "an end in order is no gap");
}

#[tokio::test]
async fn checks_of_keys_are_counted_by_key_and_by_who_asked() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:customer 7", "https://orders.example", Value::Null).await;
    let key = made["key"].as_str().unwrap();
    for (key, more) in [(key, Value::Null), (key, json!({"scope": "orders:delete"})), ("no key of ours", Value::Null)] {
        world.check_key(&shop, key, more).await;
    }
    flush(&world).await;
    let subject = format!("key:{}", made["id"].as_str().unwrap());
    assert_eq!(counted(&world, &subject, Resolution::Hour).await, ["valid 1", "insufficient_scope 1"]);
    assert_eq!(counted(&world, "unknown", Resolution::Hour).await, ["not_found 1"]);
    assert_eq!(counted(&world, &of(&shop), Resolution::Hour).await, ["introspected 1", "introspected 2"]);
    world.advance(60);
    flush(&world).await;
    assert_eq!(counted(&world, &subject, Resolution::Minute).await, ["valid 1", "insufficient_scope 1"]);
}

#[tokio::test]
async fn usage_that_is_off_is_not_counted_and_nobody_is_idle_for_that_time() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    flush(&world).await;
    let begun = world.service().usage_kept_since();
    assert_eq!(begun, Some(world.now()));
    let world = world.reopen().await;
    world.service().count_no_usage();
    flush(&world).await;
    world.advance(3_600);
    world.token(&worker).await;
    flush(&world).await;
    assert_eq!(counted(&world, &of(&worker), Resolution::Day).await, Vec::<String>::new());
    assert_eq!(world.service().usage_kept_since(), None);
    let world = world.reopen().await;
    world.advance(3_600);
    world.token(&worker).await;
    flush(&world).await;
    assert_eq!(counted(&world, &of(&worker), Resolution::Day).await, ["issued 1"]);
    assert_eq!(world.service().usage_kept_since(), Some(world.now()), "counted again, from now on");
}

#[tokio::test]
async fn where_a_key_is_used_from_and_what_it_exercises_is_remembered() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:customer 7", "https://orders.example", Value::Null).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    for (address, agent) in [("192.0.2.7", "curl/8.1"), ("192.0.2.9", "curl/8.2"), ("2001:db8::1", "\u{202e}\u{1b}[31m")] {
        let more = json!({"client_ip": address, "user_agent": agent, "scope": "orders:read"});
        assert_eq!(world.check_key(&shop, key, more).await["code"], "valid");
    }
    // What is refused leaves nothing.
    world.check_key(&shop, key, json!({"client_ip": "198.51.100.1", "user_agent": "x/1", "scope": "orders:delete"})).await;
    let day = rfc3339::format(world.now() / DAY * DAY);
    for crash in [false, true] {
        flush(&world).await;
        let shown = world.done(Method::GET, &format!("/keys/{id}"), None).await;
        assert_eq!(shown["networks"], json!({"count": 2, "last": ["2001:db8::/48", "192.0.2.0/24"]}), "{crash}");
        assert_eq!(shown["agents"], json!({"count": 2, "last": ["other", "curl/8"]}));
        assert_eq!(shown["scopes_exercised"], json!({"orders:read": day}));
    }
    let world = world.reopen().await;
    assert_eq!(world.done(Method::GET, &format!("/keys/{id}"), None).await["agents"]["count"], 2);
}

/// A request of a client, from an address and by an agent.
async fn ask_from(world: &World, authorization: Option<&str>, form: &[(&str, &str)], (address, agent): (&str, &str)) -> u16 {
    let mut request = Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("user-agent", HeaderValue::from_bytes(agent.as_bytes()).unwrap());
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let mut request = request.body(Body::from(form::encode(form.iter().copied()))).unwrap();
    request.extensions_mut().insert(Peer::Tcp(SocketAddr::new(address.parse().unwrap(), 4_711)));
    world.send(request).await.status
}

#[tokio::test]
async fn where_clients_and_their_secrets_are_used_from_is_remembered_and_which_scopes_they_ask_for() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let form = [("grant_type", "client_credentials"), ("scope", "orders:read")];
    for from in [("192.0.2.7", "curl/8.1"), ("192.0.2.9", "curl/8.2"), ("2001:db8::1", "\u{202e}evil/1")] {
        assert_eq!(ask_from(&world, Some(&worker.basic()), &form, from).await, 200);
    }
    // A stranger leaves nothing, and a request that is refused after the proof says no scope.
    let stranger = worker.with_secret("wrong").basic();
    assert_eq!(ask_from(&world, Some(&stranger), &form, ("198.51.100.1", "x/1")).await, 401);
    let beyond = [("grant_type", "client_credentials"), ("scope", "orders:delete")];
    assert_eq!(ask_from(&world, Some(&worker.basic()), &beyond, ("192.0.2.8", "curl/8.3")).await, 400);
    // What is not named is not exercised, though the token allows it.
    world.token(&worker).await;
    flush(&world).await;
    let day = rfc3339::format(world.now() / DAY * DAY);
    let check = async |world: &World| {
        let shown = world.done(Method::GET, &format!("/clients/{}", worker.id), None).await;
        let secrets = world.done(Method::GET, &format!("/clients/{}/secrets", worker.id), None).await;
        for told in [&shown, &secrets["items"][0]] {
            assert_eq!(told["networks"], json!({"count": 2, "last": ["2001:db8::/48", "192.0.2.0/24"]}), "{told}");
            assert_eq!(told["agents"], json!({"count": 2, "last": ["other", "curl/8"]}));
        }
        assert_eq!(shown["scopes_exercised"], json!({"orders:read": day}));
        assert_eq!(secrets["items"][0]["scopes_exercised"], Value::Null, "a secret has no scopes");
    };
    check(&world).await;
    let world = world.reopen().await;
    check(&world).await;
}

#[tokio::test]
async fn where_a_client_that_signs_is_used_from_is_remembered() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let signer = world.signing_client("signer", &[&orders], Algorithm::Es256).await;
    let assertion = Assertion::of(&signer.id, signer.key.as_ref().unwrap(), world.issuer(), world.now(), "1").sign();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(ask_from(&world, None, &form, ("192.0.2.7", "curl/8.1")).await, 200);
    flush(&world).await;
    let shown = world.done(Method::GET, &format!("/clients/{}", signer.id), None).await;
    assert_eq!((&shown["networks"]["last"], &shown["agents"]["last"]), (&json!(["192.0.2.0/24"]), &json!(["curl/8"])));
}

#[tokio::test]
async fn what_is_granted_and_not_used_is_listed_once_uses_are_counted_for_long_enough() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (shop, idle) = (world.client("shop", &[&orders]).await, world.client("idle", &[&orders]).await);
    let [used, unused] = [
        world.make_key("external:a", "https://orders.example", json!({"scope": "orders:read orders:write"})).await,
        world.make_key("external:b", "https://orders.example", Value::Null).await,
    ];
    flush(&world).await;
    let listed = async |world: &World, days: u32| world.done(Method::GET, &format!("/usage/unused?days={days}"), None).await;
    assert_eq!(listed(&world, 1).await["is_known"], false);
    world.advance(2 * DAY);
    let young = world.make_key("external:c", "https://orders.example", Value::Null).await;
    world.check_key(&shop, used["key"].as_str().unwrap(), json!({"scope": "orders:read"})).await;
    world.token(&shop).await;
    flush(&world).await;
    let told = listed(&world, 1).await;
    assert_eq!(told["is_known"], true);
    let items: Vec<(String, Value)> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["subject"].as_str().unwrap().to_owned(), item["scope"].clone()))
        .collect();
    let subjects: Vec<&str> = items.iter().map(|(subject, _)| subject.as_str()).collect();
    let of_key = |made: &Value| format!("key:{}", made["id"].as_str().unwrap());
    assert!(subjects.contains(&of(&idle).as_str()) && !subjects.contains(&of(&shop).as_str()), "{subjects:?}");
    assert!(subjects.iter().filter(|subject| subject.starts_with("client_secret:")).count() == 1, "that of the idle one: {subjects:?}");
    assert!(items.contains(&(of_key(&unused), Value::Null)), "{items:?}");
    assert!(!subjects.contains(&of_key(&young).as_str()), "younger than a day");
    let scopes = items.iter().find(|(subject, _)| *subject == of_key(&used)).map(|(_, scope)| scope.clone());
    assert_eq!(scopes, Some(json!("orders:write")), "what no check named");
    assert_eq!(listed(&world, 3).await["is_known"], false, "uses are counted for two days");
    for query in ["days=0", "days=401", "days=x", "cursor=7", "for=3"] {
        assert_eq!(world.administer(Method::GET, &format!("/usage/unused?{query}"), None).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn apis_scopes_and_roles_that_were_granted_and_not_used_are_listed() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let (worker, shop) = (world.client("worker", &[&orders, &stock]).await, world.client("shop", &[&orders]).await);
    world.done(Method::POST, "/roles", Some(json!({"audience": "https://orders.example", "name": "clerk", "scope": "orders:read"}))).await;
    for name in ["ada", "bob"] {
        world.done(Method::POST, "/users", Some(json!({"username": name}))).await;
        world.done(Method::PUT, &format!("/roles/clerk/assignments/user:{name}"), None).await;
    }
    world.done(Method::POST, "/groups", Some(json!({"name": "desk"}))).await;
    world.done(Method::PUT, "/groups/desk/members/ada", None).await;
    world.done(Method::PUT, "/roles/clerk/assignments/group:desk", None).await;
    let (carol, _) = (world.administrator_of("carol", "developer").await, world.administrator_of("dave", "auditor").await);
    let ada = world.done(Method::GET, "/users/ada", None).await["id"].as_str().unwrap().to_owned();
    let key = world.make_key(&format!("user:{ada}"), "https://orders.example", json!({"scope": "orders:read"})).await;
    let ask = [("resource", "https://orders.example"), ("scope", "orders:read")];
    world.token_with(&worker, &ask).await;
    flush(&world).await;
    world.advance(2 * DAY);
    let listed = async |world: &World| {
        let told = world.done(Method::GET, "/usage/unused?days=1", None).await;
        assert_eq!(told["is_known"], true);
        let told = told["items"].as_array().unwrap().clone();
        let is_grant = |item: &&Value| ["audience", "role", "scope"].iter().any(|name| item.get(*name).is_some());
        let granted = told.iter().filter(|item| !item["subject"].as_str().unwrap().starts_with("key:")).filter(is_grant);
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or("-").to_owned();
        let mut lines: Vec<String> =
            granted.map(|item| ["name", "audience", "role", "scope"].map(|name| text(item, name)).join(" ")).collect();
        lines.sort();
        lines
    };
    let manage = format!("{}/api/v1", world.issuer());
    let roles = |names: &[(&str, &str)]| -> Vec<String> {
        let of = |role: &str| if role == "clerk" { "https://orders.example".to_owned() } else { manage.clone() };
        names.iter().map(|(name, role)| format!("{name} {} {role} -", of(role))).collect()
    };
    let all = [("ada", "clerk"), ("bob", "clerk"), ("carol", "developer"), ("dave", "auditor"), ("desk", "clerk")];
    assert_eq!(listed(&world).await, roles(&all), "the client is unused as a whole");
    world.token_with(&worker, &ask).await;
    world.token(&shop).await;
    assert_eq!(world.check_key(&shop, key["key"].as_str().unwrap(), json!({"scope": "orders:read"})).await["code"], "valid");
    let carol = format!("Bearer {carol}");
    assert_eq!(world.manage(Some(&carol), Method::GET, "/clients", None).await.status, 200);
    flush(&world).await;
    let world = world.end_and_reopen().await;
    flush(&world).await;
    let mut expected = roles(&[("bob", "clerk"), ("dave", "auditor")]);
    expected.push("worker - - orders:write stock:read stock:write".to_owned());
    expected.push("worker https://stock.example - -".to_owned());
    assert_eq!(listed(&world).await, expected, "a group exercises what its members do; who names no scope is not listed with any");
    assert_eq!(world.administer(Method::GET, "/usage?subject=grants", None).await.status, 400);
}

#[tokio::test]
async fn a_key_that_two_applications_use_is_seen() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:customer 7", "https://orders.example", json!({"expires_in_seconds": 30 * DAY})).await;
    let other = world.make_key("external:customer 8", "https://orders.example", json!({"expires_in_seconds": 30 * DAY})).await;
    let uses = async |world: &World, made: &Value, address: &str, agent: &str| {
        let more = json!({"client_ip": address, "user_agent": agent});
        assert_eq!(world.check_key(&shop, made["key"].as_str().unwrap(), more).await["code"], "valid");
        flush(world).await;
    };
    let shared = async |world: &World| world.done(Method::GET, "/usage/shared", None).await;
    world.advance(HOUR - world.now() % HOUR);
    for hour in 0..2 {
        assert_eq!(shared(&world).await["items"], json!([]), "one hour may be an application that gave way to its next version: {hour}");
        world.advance(HOUR);
        uses(&world, &made, "192.0.2.7", "curl/8.1").await;
        uses(&world, &made, "198.51.100.1", "\u{202e}\u{1b}[31m").await;
        // One program that moves about, and two at one place.
        uses(&world, &other, "192.0.2.7", "curl/8.1").await;
        uses(&world, &other, if hour == 0 { "198.51.100.1" } else { "192.0.2.9" }, if hour == 0 { "curl/8.2" } else { "x/1" }).await;
    }
    let last_hour = rfc3339::format(world.now());
    let expected = json!([{
        "id": made["id"], "name": "a key", "owner": "external:customer 7", "hours": 2, "last_hour": last_hour, "agents": ["curl/8", "other"],
        "networks": ["192.0.2.0/24", "198.51.100.0/24"],
    }]);
    assert_eq!(shared(&world).await["items"], expected);
    let world = world.reopen().await;
    assert_eq!(shared(&world).await["items"], expected, "known after a restart");
    world.advance(5 * DAY);
    assert_eq!(shared(&world).await["items"], expected);
    assert_eq!(world.administer(Method::GET, "/usage/shared?days=3", None).await.status, 400);
    world.advance(2 * DAY);
    assert_eq!(shared(&world).await["items"], json!([]), "a week later nobody did");
}

#[tokio::test]
async fn a_shared_key_that_is_revoked_is_done_with() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:customer 7", "https://orders.example", Value::Null).await;
    for _ in 0..2 {
        world.advance(HOUR);
        for (address, agent) in [("192.0.2.7", "curl/8.1"), ("2001:db8::1", "x/1")] {
            world.check_key(&shop, made["key"].as_str().unwrap(), json!({"client_ip": address, "user_agent": agent})).await;
        }
        flush(&world).await;
    }
    let shared = async || world.done(Method::GET, "/usage/shared", None).await["items"].as_array().unwrap().len();
    assert_eq!(shared().await, 1);
    world.done(Method::DELETE, &format!("/keys/{}", made["id"].as_str().unwrap()), None).await;
    assert_eq!(shared().await, 0);
}
