//! API keys from their making to their end: over the management API, felt at once by those who check them, and after a restart.

use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_testkit::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

struct Keys {
    world: World,
    shop: Registered,
    owner: String,
}

async fn keys() -> Keys {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client_with("shop", &[&orders], |request| request.scopes = Some("orders:read orders:write".into())).await;
    let owner = format!("client:{}", shop.id);
    Keys { world, shop, owner }
}

fn text(made: &Value) -> String {
    made["key"].as_str().expect("the text of a key").to_owned()
}

fn path(made: &Value) -> String {
    format!("/keys/{}", made["id"].as_str().expect("the id of a key"))
}

#[tokio::test]
async fn a_key_from_beginning_to_end() {
    let Keys { world, shop, owner } = keys().await;
    let more = json!({"scope": "orders:read", "note": "for the till", "metadata": {"shop": "7"}, "expires_in_seconds": 86_400});
    let made = world.make_key(&owner, ORDERS, more).await;
    let (text, path) = (text(&made), path(&made));
    assert!(text.starts_with("jtn_key_"), "{made}");
    for (member, expected) in [
        ("state", json!("active")),
        ("kind", json!("key")),
        ("environment", json!("live")),
        ("owner", json!(owner)),
        ("audience", json!(ORDERS)),
        ("scope", json!("orders:read")),
        ("metadata", json!({"shop": "7"})),
        ("created_by", json!("unix:1000")),
        ("generation", json!(0)),
        ("expires_at", json!("2027-01-16T08:00:00Z")),
    ] {
        assert_eq!(made[member], expected, "{member}");
    }
    let shown = world.done(Method::GET, &path, None).await;
    assert_eq!(shown["key"], Value::Null, "its text is shown once");
    assert_eq!(shown["name"], "a key");
    assert_eq!(world.key_code(&shop, &text).await, "valid");

    let mut world = world;
    for (method, step, code) in [
        (Method::POST, "/suspend", "suspended"),
        (Method::POST, "/suspend", "suspended"),
        (Method::POST, "/resume", "valid"),
        (Method::POST, "/suspend", "suspended"),
        (Method::DELETE, "", "revoked"),
        (Method::DELETE, "", "revoked"),
    ] {
        let body = (step != "/resume").then(|| json!({"why": "leaked"}));
        let shown = world.done(method, &format!("{path}{step}"), body).await;
        assert_eq!(shown["state"], if code == "valid" { "active" } else { code });
        assert_eq!(shown["why"], if code == "valid" { Value::Null } else { json!("leaked") });
        assert_eq!(shown["ended_by"], if code == "valid" { Value::Null } else { json!("unix:1000") });
        assert_eq!(world.key_code(&shop, &text).await, code, "{step}");
        world = world.reopen().await;
        assert_eq!(world.key_code(&shop, &text).await, code, "{step} after a restart");
    }
    for step in ["/resume", "/suspend"] {
        let refused = world.administer(Method::POST, &format!("{path}{step}"), None).await;
        assert_eq!((refused.status, refused.member("code")), (409, json!("conflict")), "{step}");
    }
}

#[tokio::test]
async fn a_key_ends_with_its_time_its_owner_its_api_and_its_cut_offs() {
    let Keys { world, shop, owner } = keys().await;
    let stock = world.api("stock").await;
    let watcher = world.client("watcher", &[&stock]).await;
    let watched = |world: World, by: Registered, text: String, code: &'static str| async move {
        assert_eq!(world.key_code(&by, &text).await, code);
        let world = world.reopen().await;
        assert_eq!(world.key_code(&by, &text).await, code, "after a restart");
        world
    };
    let short = text(&world.make_key(&owner, ORDERS, json!({"expires_in_seconds": 60})).await);
    world.advance(59);
    assert_eq!(world.key_code(&shop, &short).await, "valid");
    world.advance(1);
    let world = watched(world, shop.clone(), short, "expired").await;

    let before = text(&world.make_key(&owner, ORDERS, Value::Null).await);
    world.cut_off(CutOffSubject::Client, &shop.id).await;
    let after = text(&world.make_key(&owner, ORDERS, Value::Null).await);
    assert_eq!(world.key_code(&shop, &after).await, "valid", "what is made under a cut-off lies beyond it");
    let world = watched(world, shop.clone(), before, "revoked").await;
    let shown = world.done(Method::GET, "/keys?state=revoked", None).await;
    assert_eq!((shown["items"].as_array().map(Vec::len), &shown["items"][0]["why"]), (Some(2), &json!("cut_off")));

    let outside = text(&world.make_key("external:customer 7", "https://stock.example", Value::Null).await);
    assert_eq!(world.key_code(&watcher, &outside).await, "valid");
    world.cut_off(CutOffSubject::Api, "https://stock.example").await;
    assert_eq!(world.key_code(&watcher, &outside).await, "revoked");
    let handed_out = text(&world.make_key("external:customer 7", ORDERS, json!({"client": "shop"})).await);
    let other = world.client("other", &[&world.service().find_api(ORDERS).unwrap().record]).await;
    assert_eq!(world.key_code(&other, &handed_out).await, "valid");
    world.done(Method::DELETE, &format!("/clients/{}", shop.id), None).await;
    for key in [&after, &handed_out] {
        assert_eq!(world.key_code(&other, key).await, "revoked", "with its client");
    }
}

/// What an owner loses, its keys lose at once; what it gets back, they get back.
#[tokio::test]
async fn a_key_never_allows_more_than_its_owner_may_now() {
    let Keys { world, shop, owner } = keys().await;
    let made = world.make_key(&owner, ORDERS, json!({"scope": "orders:read orders:write"})).await;
    let (text, path) = (text(&made), path(&made));
    let writes = json!({"scope": "orders:write"});
    for (scope, code, effective) in [
        ("orders:read orders:write", "valid", "orders:read orders:write"),
        ("orders:read", "insufficient_scope", "orders:read"),
        ("orders:write", "valid", "orders:write"),
    ] {
        world.done(Method::PATCH, &format!("/clients/{}", shop.id), Some(json!({"scope": scope}))).await;
        let answer = world.check_key(&shop, &text, writes.clone()).await;
        assert_eq!((&answer["code"], &answer["scope"]), (&json!(code), &json!(effective)), "{answer}");
        let shown = world.done(Method::GET, &path, None).await;
        assert_eq!((&shown["scope"], &shown["effective_scope"]), (&json!("orders:read orders:write"), &json!(effective)));
    }
}

#[tokio::test]
async fn what_cannot_be_made_says_why() {
    let Keys { world, owner, .. } = keys().await;
    let check = async |body: Value, status: u16, code: &str, words: &str| {
        let size = world.ledger_size();
        let answer = world.administer(Method::POST, "/keys", Some(body.clone())).await;
        assert_eq!((answer.status, answer.member("code")), (status, json!(code)), "{body}: {}", answer.shown());
        assert!(answer.text().contains(words), "{}", answer.shown());
        assert_eq!(world.ledger_size(), size);
    };
    let of = |more: Value| {
        let mut body = json!({"owner": owner, "audience": ORDERS, "name": "a key"});
        more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        body
    };
    check(of(json!({"owner": "user:nobody"})), 404, "not_found", "no user").await;
    check(of(json!({"owner": "group:nobody"})), 404, "not_found", "no group").await;
    check(of(json!({"owner": "client:nobody"})), 404, "not_found", "no client").await;
    check(of(json!({"owner": "shop"})), 400, "invalid_request", "an owner is").await;
    check(of(json!({"audience": "https://nowhere.example"})), 404, "not_found", "no API").await;
    check(of(json!({"scope": "stock:read"})), 400, "invalid_scope", "stock:read").await;
    check(of(json!({"expires_in_seconds": 367 * 86_400})), 400, "invalid_request", "366 days").await;
    check(of(json!({"client": "shop"})), 400, "invalid_request", "external owners alone").await;
    check(of(json!({"allow_ip": ["10.0.0.0/33"]})), 400, "invalid_request", "10.0.0.0/33").await;
    check(of(json!({"rate_limit": {"count": 0, "period_seconds": 1}})), 400, "invalid_request", "rate limit").await;
    check(of(json!({"max_uses": 0})), 400, "invalid_request", "at least once").await;
    check(of(json!({"environment": "live_"})), 400, "invalid_request", "wrong value").await;
}

/// Its text is nowhere but in the answer that makes it.
#[tokio::test]
async fn the_text_of_a_key_is_shown_once() {
    let Keys { world, shop, owner } = keys().await;
    let made = world.make_key(&owner, ORDERS, Value::Null).await;
    let text = text(&made);
    world.key_code(&shop, &text).await;
    let shown = world.administer(Method::GET, &path(&made), None).await.text();
    let listed = world.administer(Method::GET, "/keys", None).await.text();
    let pasted = world.administer(Method::GET, &format!("/keys/{text}"), None).await;
    assert_eq!(pasted.status, 400);
    let wrong = world.administer(Method::POST, "/keys/verify", Some(json!({"key": [text]}))).await.text();
    for place in [shown, listed, pasted.text(), wrong, world.access_log()] {
        assert!(!place.contains(&text), "{place}");
    }
}

/// A change is felt by whoever asks after its answer, however many ask meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_is_felt_at_once_while_others_ask() {
    let Keys { world, shop, owner } = keys().await;
    let world = std::sync::Arc::new(world);
    let made = world.make_key(&owner, ORDERS, Value::Null).await;
    let (text, path) = (text(&made), path(&made));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut asking = vec![];
    for _ in 0..4 {
        let (world, shop, text, stop) = (world.clone(), shop.clone(), text.clone(), stop.clone());
        asking.push(tokio::spawn(async move {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let code = world.key_code(&shop, &text).await;
                assert!(["valid", "suspended"].contains(&code.as_str()), "{code}");
                tokio::task::yield_now().await;
            }
        }));
    }
    for round in 0..50 {
        for (step, code) in [("/suspend", "suspended"), ("/resume", "valid")] {
            world.done(Method::POST, &format!("{path}{step}"), None).await;
            assert_eq!(world.key_code(&shop, &text).await, code, "round {round}");
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for task in asking {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_lower_maximum_ends_keys_and_a_dry_run_counts_them() {
    let Keys { world, shop, owner } = keys().await;
    let made = world.make_key(&owner, ORDERS, Value::Null).await;
    world.make_key(&owner, ORDERS, json!({"expires_in_seconds": 60})).await;
    let gone = world.make_key(&owner, ORDERS, Value::Null).await;
    world.done(Method::DELETE, &path(&gone), None).await;
    world.advance(86_400);
    let set = async |max_days: i64, dry_run: bool| {
        let body = json!({"max_seconds": max_days * 86_400, "dry_run": dry_run});
        world.done(Method::PUT, "/policies/api_key", Some(body)).await["consequence"].clone()
    };
    assert_eq!(set(30, true).await, json!({"would_expire_now": 0, "would_expire_sooner": 1, "would_come_back": 0, "would_be_idle": 0}));
    assert_eq!(set(1, true).await, json!({"would_expire_now": 1, "would_expire_sooner": 0, "would_come_back": 0, "would_be_idle": 0}));
    assert_eq!(world.key_code(&shop, &text(&made)).await, "valid");
    set(1, false).await;
    assert_eq!(world.key_code(&shop, &text(&made)).await, "expired");
    assert_eq!(set(30, true).await, json!({"would_expire_now": 0, "would_expire_sooner": 0, "would_come_back": 1, "would_be_idle": 0}));
}

/// An owner who is known here is told by name, beside the id; of somebody outside their own users know the name.
#[tokio::test]
async fn owners_are_told_by_name() {
    let world = World::new().await;
    let stock = world.api("stock").await;
    let clerk = world.client("clerk", &[&stock]).await;
    let made = world.make_key(&format!("client:{}", clerk.id), "https://stock.example", json!({})).await;
    assert_eq!((&made["owner_name"], &made["owner"]), (&json!("clerk"), &json!(format!("client:{}", clerk.id))));
    let outside = world.make_key("external:acme", "https://stock.example", json!({})).await;
    assert!(outside.get("owner_name").is_none(), "{outside}");
    let listed = world.done(Method::GET, "/keys", None).await;
    assert!(listed["items"].as_array().unwrap().iter().any(|key| key["owner_name"] == "clerk"), "{listed}");
}
