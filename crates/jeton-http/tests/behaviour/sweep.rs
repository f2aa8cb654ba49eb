//! The pass over credentials: what fails for one of them holds up nothing else.

use http::Method;
use jeton_core::api_key;
use jeton_core::doctor::Surroundings;
use jeton_core::id::ApiKeyId;
use jeton_core::notice;
use jeton_core::record::Value as Column;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use serde_json::{Value, json};

const DAY: i64 = 86_400;

/// Of entries of a kind, a member.
async fn told(world: &World, kind: &str, member: &str) -> Vec<String> {
    let entries = world.done(Method::GET, "/audit/entries?limit=1000", None).await;
    let of_kind = entries["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind);
    let mut told: Vec<String> = of_kind.map(|entry| entry["data"][member].as_str().unwrap().to_owned()).collect();
    told.sort();
    told
}

async fn make_key(world: &World) -> (String, Value) {
    let made = world.make_key("client:shop", "https://orders.example", json!({"expires_in_seconds": 60 * DAY})).await;
    (made["id"].as_str().unwrap().to_owned(), made)
}

#[tokio::test]
async fn a_damaged_row_and_a_key_that_fails_for_ever_hold_up_nothing_else() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.done(Method::PUT, "/policies/client_secret", Some(json!({"idle_seconds": 0, "max_seconds": 366 * DAY}))).await;
    world.service().flush_usage().await.unwrap();
    world.client("old", &[&orders]).await;
    let secret = world.done(Method::GET, "/clients/old/secrets", None).await["items"][0]["id"].clone();
    let exception =
        json!({"client": "old", "secret": secret, "owner": "Ada", "reason": "replaced in May", "ends_at": world.now() + 390 * DAY});
    world.done(Method::POST, "/policies/exceptions", Some(exception)).await;
    world.advance(211 * DAY);
    let shop = world.client("shop", &[&orders]).await;
    world.advance(120 * DAY);
    let (idle, _) = make_key(&world).await;
    let (damaged, _) = make_key(&world).await;
    let (failing, made) = make_key(&world).await;
    world.advance(29 * DAY);
    assert_eq!(world.key_code(&shop, made["key"].as_str().unwrap()).await, "valid");
    world.service().flush_usage().await.unwrap();

    let key = world.done(Method::GET, &format!("/keys/{damaged}"), None).await;
    assert_eq!(key["state"], "active");
    let row_key = vec![Column::Id(ApiKeyId::parse(&damaged).unwrap().0)];
    let mut row = world.row(&api_key::TABLE, &row_key).unwrap();
    row[1] = Column::text("nonsense");
    world.damage(&api_key::TABLE, &row);
    world.damage(&notice::TABLE, &vec![Column::text("api_key"), Column::text(&failing), Column::Int(0), Column::Null]);

    world.advance(DAY + DAY / 2);
    for _ in 0..2 {
        let unfinished = world.service().sweep(&world.moment()).await.unwrap_err();
        assert!(matches!(&unfinished.first, Failure::Fault(_)) && unfinished.failed == 2, "{unfinished:?}");
    }
    assert_eq!(told(&world, "api_key.suspended", "key").await, [idle], "the key behind both");
    assert_eq!(told(&world, "credential.expiring", "kind").await, ["client_secret", "client_secret", "policy_exception"]);
    assert!(world.service().observe(Surroundings::default()).met.is_some(), "the doctor knows what was met");
}
