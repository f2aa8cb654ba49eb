//! A text that its key had before a rotation, handed in to be changed once it is dead: nothing is changed, since the key has another text.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

fn text(made: &Value) -> String {
    made["key"].as_str().unwrap().to_owned()
}

async fn rotated(world: &World, id: &str, overlap_seconds: i64) -> String {
    text(&world.done(Method::POST, &format!("/keys/{id}/rotate"), Some(json!({"overlap_seconds": overlap_seconds}))).await)
}

#[tokio::test]
async fn a_dead_text_leaves_its_key_as_it_is() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:acme", ORDERS, json!({"name": "nightly"})).await;
    let (first, id) = (text(&made), made["id"].as_str().unwrap());
    let second = rotated(&world, id, 0).await;
    let third = rotated(&world, id, 0).await;
    let dead = json!({"key": id, "name": "nightly", "state": "active"});
    let size = world.ledger_size();
    // The text before the present one, and one that nothing is kept of any more, also where it was pasted with something.
    for old in [&second, &first, &format!("Authorization: Bearer {second}")] {
        for (path, counted) in [("/revocations", "fell"), ("/suspensions", "suspended"), ("/resumptions", "resumed")] {
            for dry_run in [true, false] {
                let answer = world.done(Method::POST, path, Some(json!({"token": old, "dry_run": dry_run}))).await;
                assert_eq!((&answer["dead_text"], &answer[counted]["keys"]), (&dead, &json!(0)), "{path}: {answer}");
            }
        }
    }
    assert_eq!((world.ledger_size(), world.key_code(&shop, &third).await), (size, "valid".into()));
    // Its present text, or its id, is the key.
    let answer = world.done(Method::POST, "/revocations", Some(json!({"token": third, "dry_run": true}))).await;
    assert_eq!((&answer["fell"]["keys"], answer.get("dead_text")), (&json!(1), None), "{answer}");
    world.done(Method::POST, "/suspensions", Some(json!({"key": id}))).await;
    let answer = world.done(Method::POST, "/resumptions", Some(json!({"token": second}))).await;
    assert_eq!((&answer["dead_text"]["state"], &answer["changed"]), (&json!("suspended"), &json!(false)), "{answer}");
    let answer = world.done(Method::POST, "/revocations", Some(json!({"id": id}))).await;
    assert_eq!((&answer["fell"]["keys"], answer.get("dead_text")), (&json!(1), None), "{answer}");
    let answer = world.done(Method::POST, "/revocations", Some(json!({"token": first}))).await;
    assert_eq!(answer["dead_text"]["state"], "revoked", "{answer}");
}

/// While it lives it speaks for the key, and while it may be told the new text it is worth as much.
#[tokio::test]
async fn a_text_in_its_overlap_is_its_key() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:acme", ORDERS, Value::Null).await;
    let old = text(&made);
    let new = rotated(&world, made["id"].as_str().unwrap(), 3600).await;
    let answer = world.done(Method::POST, "/revocations", Some(json!({"token": old}))).await;
    assert_eq!((&answer["fell"]["keys"], answer.get("dead_text")), (&json!(1), None), "{answer}");
    assert_eq!(world.key_code(&shop, &new).await, "revoked");
}

#[tokio::test]
async fn who_may_not_end_keys_is_told_of_none() {
    let world = World::new().await;
    world.api("orders").await;
    let made = world.make_key("external:acme", ORDERS, Value::Null).await;
    rotated(&world, made["id"].as_str().unwrap(), 0).await;
    let management = format!("{}/api/v1", world.issuer());
    world.done(Method::POST, "/clients", Some(json!({"name": "other", "audiences": [management], "scope": "jeton:tokens:revoke"}))).await;
    let token = world.done(Method::POST, "/tokens", Some(json!({"client": "other"}))).await["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let answer = world.manage(Some(&bearer), Method::POST, "/revocations", Some(&json!({"token": text(&made)}))).await;
    assert_eq!((answer.status, answer.text().contains(made["id"].as_str().unwrap())), (403, false), "{}", answer.shown());
}
