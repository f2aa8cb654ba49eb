//! Keys at the OAuth endpoints: introspected (RFC 7662) and revoked (RFC 7009) as tokens are.

use http::Method;
use insta::assert_snapshot;
use jeton_testkit::World;
use serde_json::{Value, json};

use crate::errors::check_error;

const ORDERS: &str = "https://orders.example";

fn text(made: &Value) -> String {
    made["key"].as_str().expect("the text of a key").to_owned()
}

#[tokio::test]
async fn a_key_is_introspected_as_a_token_is() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("client:shop", ORDERS, Value::Null).await;
    let key = text(&made);
    assert_snapshot!(world.introspect(&shop, &key).await.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"active":true,"scope":"orders:read","client_id":"[client]","token_type":"Bearer","exp":1807776000,"iat":1800000000,"sub":"[client]","aud":"https://orders.example","iss":"https://tokens.example","jti":"[id]","ver":1,"cache_seconds":60,"credential":"api_key"}
    "#);
    assert_eq!(world.introspect(&shop, &key).await.member("jti"), made["id"]);
    let outside = text(&world.make_key("external:a", ORDERS, Value::Null).await);
    let answer = world.introspect(&shop, &outside).await;
    assert_eq!((answer.member("sub"), answer.member("client_id")), (json!("external:a"), answer.member("jti")));
    let other = world.client("other", &[&stock]).await;
    let blind = world.client_with("blind", &[&orders], |request| request.may_introspect = false).await;
    assert!(!world.is_active(&other, &key).await && !world.is_active(&blind, &key).await);
    let path = format!("/keys/{}", made["id"].as_str().unwrap());
    world.advance(10);
    world.done(Method::POST, &format!("{path}/suspend"), None).await;
    assert!(!world.is_active(&shop, &key).await);
    world.done(Method::POST, &format!("{path}/resume"), None).await;
    let iat = world.introspect(&shop, &key).await.member("iat").as_i64().unwrap();
    assert!(iat > world.now(), "answers since the change are of a later second than those before it");
    let once = text(&world.make_key("external:a", ORDERS, json!({"max_uses": 2})).await);
    let often = text(&world.make_key("external:a", ORDERS, json!({"rate_limit": {"count": 5, "period_seconds": 60}})).await);
    for counted in [&once, &often] {
        assert_eq!(world.introspect(&shop, counted).await.member("cache_seconds"), json!(0), "each use counts");
    }
    assert!(world.is_active(&shop, &once).await && !world.is_active(&shop, &once).await);
    let near = text(&world.make_key("external:a", ORDERS, json!({"allow_ip": ["192.0.2.1"]})).await);
    assert!(!world.is_active(&shop, &near).await, "nobody says where it is used from");
}

#[tokio::test]
async fn a_client_revokes_its_own_keys_by_their_text() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (shop, thief) = (world.client("shop", &[&orders]).await, world.client("thief", &[&orders]).await);
    let own = text(&world.make_key("client:shop", ORDERS, Value::Null).await);
    let handed_out = text(&world.make_key("external:a", ORDERS, json!({"client": "shop"})).await);
    let outside = text(&world.make_key("external:a", ORDERS, Value::Null).await);
    let size = world.ledger_size();
    check_error(&world.revoke(&thief, &own).await, 400, "unauthorized_client");
    check_error(&world.revoke(&shop, &outside).await, 400, "unauthorized_client");
    assert_eq!((world.ledger_size(), world.key_code(&shop, &own).await), (size, "valid".into()));
    for key in [&own, &handed_out] {
        assert_eq!(world.revoke(&shop, key).await.status, 200);
        let size = world.ledger_size();
        assert_eq!((world.key_code(&shop, key).await, world.revoke(&shop, key).await.status), ("revoked".into(), 200));
        assert_eq!(world.ledger_size(), size, "a repetition writes nothing");
    }
    let shown = world.done(Method::GET, "/keys?state=revoked", None).await;
    assert_eq!(shown["items"][0]["ended_by"], format!("client:{}", shop.id));
}
