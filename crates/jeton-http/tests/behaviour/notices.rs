//! Notices that credentials end: 30 days, 7 days and a day ahead, each once.

use http::Method;
use jeton_testkit::World;
use serde_json::json;

const DAY: i64 = 86_400;

async fn told(world: &World) -> u64 {
    world.service().sweep(&world.moment()).await.unwrap().unwrap().told
}

#[tokio::test]
async fn each_once_also_after_a_restart_and_a_missed_day() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.client("shop", &[&orders]).await;
    let made = world.make_key("client:shop", "https://orders.example", json!({})).await;
    let path = format!("/keys/{}", made["id"].as_str().unwrap());
    world.advance(60 * DAY - 1);
    assert_eq!(told(&world).await, 0);
    world.advance(1);
    assert_eq!((told(&world).await, told(&world).await), (1, 0));
    world.advance(23 * DAY);
    assert_eq!((told(&world).await, told(&world).await), (1, 0));
    // For the next one nobody looked in time.
    world.advance(6 * DAY + DAY / 2);
    assert_eq!((told(&world).await, told(&world).await), (1, 0));
    let entries = world.done(Method::GET, "/audit/entries?limit=1000", None).await;
    let notices: Vec<_> = entries["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "credential.expiring").collect();
    let days: Vec<_> = notices.iter().map(|entry| entry["data"]["days"].as_i64().unwrap()).collect();
    assert_eq!(days, [30, 7, 1]);
    assert_eq!((&notices[0]["data"]["credential"], &notices[0]["data"]["kind"]), (&made["id"], &json!("api_key")));
    assert!(notices[0]["data"]["owner"].as_str().unwrap().starts_with("client:client_"));
    let counted: Vec<u64> =
        world.service().notices_told().filter(|(ending, ..)| ending.name() == "api_key").map(|(_, _, count)| count).collect();
    assert_eq!(counted, [1, 1, 1]);
    // Rotated, it has another end.
    world.done(Method::POST, &format!("{path}/rotate"), Some(json!({"overlap_seconds": 0}))).await;
    assert_eq!(told(&world).await, 0);
    world.advance(60 * DAY);
    assert_eq!(told(&world).await, 1);
    let world = world.reopen().await;
    world.service().posture().accept();
    assert_eq!(told(&world).await, 0, "a restart remembers");
}

#[tokio::test]
async fn of_more_keys_than_a_pass_reads_at_once_each_is_told_once() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.client("shop", &[&orders]).await;
    for _ in 0..300 {
        world.make_key("client:shop", "https://orders.example", json!({"expires_in_seconds": 60 * DAY})).await;
    }
    world.advance(31 * DAY);
    assert_eq!((told(&world).await, told(&world).await), (300, 0));
    let entries = world.done(Method::GET, "/audit/entries?limit=1000", None).await;
    let told = entries["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "credential.expiring");
    let mut credentials: Vec<_> = told.map(|entry| entry["data"]["credential"].as_str().unwrap().to_owned()).collect();
    credentials.sort_unstable();
    credentials.dedup();
    assert_eq!(credentials.len(), 300);
}

#[tokio::test]
async fn of_secrets_and_exceptions_and_not_of_what_was_replaced() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.client("shop", &[&orders]).await;
    world.advance(150 * DAY);
    assert_eq!(told(&world).await, 1);
    let secret = world.done(Method::GET, "/clients/shop/secrets", None).await["items"][0]["id"].clone();
    let ends_at = world.now() + 240 * DAY;
    let body = json!({"client": "shop", "secret": secret, "owner": "Ada", "reason": "replaced in May", "ends_at": ends_at});
    world.done(Method::POST, "/policies/exceptions", Some(body)).await;
    assert_eq!(told(&world).await, 0, "it ends later now");
    world.done(Method::POST, "/clients/shop/secrets", Some(json!({}))).await;
    world.advance(235 * DAY);
    // Of the exception, and of the secret that ends with it: the younger one ended before.
    assert_eq!(told(&world).await, 2);
    world.done(Method::POST, "/clients/shop/secrets", Some(json!({"overlap_seconds": 2 * DAY}))).await;
    assert_eq!(told(&world).await, 0, "whoever made a younger one knows");
}
