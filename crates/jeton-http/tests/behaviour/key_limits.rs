//! The limits of keys: how often, how many times, and from where.

use std::sync::Arc;

use http::Method;
use jeton_testkit::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

async fn world_with(limits: Value) -> (World, Registered, String, String) {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:a", ORDERS, limits).await;
    let member = |name: &str| made[name].as_str().unwrap().to_owned();
    let (text, path) = (member("key"), format!("/keys/{}", member("id")));
    (world, shop, text, path)
}

#[tokio::test]
async fn a_rate_lets_through_as_many_at_once_and_then_one_by_one() {
    let (world, shop, key, _) = world_with(json!({"rate_limit": {"count": 3, "period_seconds": 60}})).await;
    let check = async |code: &str, rate: Value| {
        let answer = world.check_key(&shop, &key, Value::Null).await;
        assert_eq!((&answer["code"], &answer["rate"], &answer["cache_seconds"]), (&json!(code), &rate, &json!(0)));
    };
    check("valid", json!({"limit": 3, "remaining": 2, "reset_seconds": 20})).await;
    check("valid", json!({"limit": 3, "remaining": 1, "reset_seconds": 40})).await;
    let unwanted = world.check_key(&shop, &key, json!({"scope": "orders:delete"})).await;
    assert_eq!((&unwanted["code"], &unwanted["rate"]), (&json!("insufficient_scope"), &Value::Null), "it spends nothing");
    check("valid", json!({"limit": 3, "remaining": 0, "reset_seconds": 60})).await;
    check("rate_limited", json!({"limit": 3, "remaining": 0, "reset_seconds": 60, "retry_seconds": 20})).await;
    world.advance(20);
    check("valid", json!({"limit": 3, "remaining": 0, "reset_seconds": 60})).await;
    check("rate_limited", json!({"limit": 3, "remaining": 0, "reset_seconds": 60, "retry_seconds": 20})).await;
    world.advance(-10);
    check("rate_limited", json!({"limit": 3, "remaining": 0, "reset_seconds": 60, "retry_seconds": 20})).await;
}

/// Many at once, on many threads: exactly as many pass as may.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_at_once_ten_uses_let_ten_pass() {
    let (world, shop, key, _) = world_with(json!({"max_uses": 10})).await;
    let world = Arc::new(world);
    let mut asking = vec![];
    for _ in 0..64 {
        let (world, shop, key) = (world.clone(), shop.clone(), key.clone());
        asking.push(tokio::spawn(async move { world.key_code(&shop, &key).await }));
    }
    let mut codes = vec![];
    for task in asking {
        codes.push(task.await.unwrap());
    }
    let count = |code: &str| codes.iter().filter(|other| *other == code).count();
    assert_eq!((count("valid"), count("usage_exceeded")), (10, 54));
    let size = world.ledger_size();
    let answer = world.check_key(&shop, &key, Value::Null).await;
    assert_eq!(answer["uses"], json!({"limit": 10, "remaining": 0}));
    assert_eq!(world.ledger_size(), size, "what is used up writes nothing");
}

#[tokio::test]
async fn uses_are_handed_out_in_blocks_and_a_restart_adds_none() {
    let (mut world, shop, key, _) = world_with(json!({"max_uses": 100})).await;
    let before = world.commits();
    for used in 1..=20 {
        let answer = world.check_key(&shop, &key, Value::Null).await;
        assert_eq!(answer["uses"], json!({"limit": 100, "remaining": 100 - used}));
    }
    assert!(world.commits() - before <= 4, "a commit is good for several uses");
    let mut passed = 20;
    loop {
        world = world.reopen().await;
        if world.key_code(&shop, &key).await != "valid" {
            break;
        }
        passed += 1;
    }
    assert!((21..100).contains(&passed), "a restart loses what was handed out: {passed}");
    assert_eq!(world.key_code(&shop, &key).await, "usage_exceeded");
}

#[tokio::test]
async fn a_key_is_accepted_from_its_networks_alone() {
    let (world, shop, key, path) = world_with(json!({"allow_ip": ["192.0.2.0/24", "2001:db8::/32"]})).await;
    let check = async |more: Value, code: &str| {
        let answer = world.check_key(&shop, &key, more.clone()).await;
        assert_eq!((&answer["code"], &answer["cache_seconds"]), (&json!(code), &json!(0)), "{more}");
    };
    check(json!({"client_ip": "192.0.2.7"}), "valid").await;
    check(json!({"client_ip": "::ffff:192.0.2.7"}), "valid").await;
    check(json!({"client_ip": "2001:db8::1"}), "valid").await;
    check(json!({"client_ip": "198.51.100.1"}), "ip_denied").await;
    check(json!({}), "ip_denied").await;
    check(json!({"client_ip": "198.51.100.1", "scope": "orders:delete"}), "ip_denied").await;
    world.done(Method::DELETE, &path, None).await;
    check(json!({"client_ip": "198.51.100.1"}), "revoked").await;
}
