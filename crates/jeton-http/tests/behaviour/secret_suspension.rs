//! Client secrets that somebody refuses for now, and accepts again.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const DAY: i64 = 86_400;
const SECRETS: &str = "/clients/shop/secrets";

async fn listed(world: &World) -> Value {
    world.done(Method::GET, SECRETS, None).await["items"][0].clone()
}

#[tokio::test]
async fn by_its_id() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let token = world.token(&shop).await;
    let path = format!("{SECRETS}/{}", listed(&world).await["id"].as_str().unwrap());
    let post = async |verb: &str, body: Option<Value>| world.administer(Method::POST, &format!("{path}/{verb}"), body).await.status;
    assert_eq!(post("suspend", Some(json!({"why": "leaked"}))).await, 204);
    let refused = world.ask(&shop, &[]).await;
    assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_client"));
    let secret = listed(&world).await;
    assert_eq!((&secret["state"], &secret["why"], &secret["ended_by"]), (&json!("suspended"), &json!("leaked"), &json!("unix:1000")));
    assert!(secret["ended_at"].is_string() && secret["is_live"] == false);
    // What it was issued before stands: a token is a credential of its own.
    let state = world.done(Method::POST, "/tokens/introspect", Some(json!({"token": token}))).await;
    assert_eq!(state["active"], true);
    assert_eq!(post("suspend", None).await, 204);
    assert_eq!(listed(&world).await["why"], "leaked", "the first who said it");
    assert_eq!(post("resume", None).await, 204);
    world.token(&shop).await;
    assert_eq!(world.administer(Method::DELETE, &path, Some(json!({"why": "superseded"}))).await.status, 204);
    assert_eq!(listed(&world).await["why"], "superseded");
    for verb in ["suspend", "resume"] {
        assert_eq!(post(verb, None).await, 409, "{verb}: it is over");
    }
    assert_eq!(world.administer(Method::POST, &format!("{SECRETS}/secret_x/suspend"), None).await.status, 404);
}

#[tokio::test]
async fn by_its_text() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let change = async |path: &str, dry_run: bool| {
        let noun = if path == "/suspensions" { "suspended" } else { "resumed" };
        let body = json!({"token": shop.secret, "dry_run": dry_run});
        world.done(Method::POST, path, Some(body)).await[noun]["client_secrets"].clone()
    };
    assert_eq!((change("/resumptions", false).await, change("/suspensions", true).await), (json!(0), json!(1)));
    assert_eq!(listed(&world).await["state"], "live", "it was only looked at");
    assert_eq!((change("/suspensions", false).await, change("/suspensions", false).await), (json!(1), json!(0)));
    assert_eq!(world.ask(&shop, &[]).await.status, 401);
    assert_eq!((change("/resumptions", true).await, change("/resumptions", false).await), (json!(1), json!(1)));
    world.token(&shop).await;
}

/// A job has not written down yet that it is over: suspended and resumed by hand it would be accepted again.
#[tokio::test]
async fn what_nobody_used_for_too_long_stays_over() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let key = world.make_key("client:shop", "https://orders.example", json!({"expires_in_seconds": 200 * DAY})).await;
    world.service().flush_usage().await.unwrap();
    let secret = format!("{SECRETS}/{}", listed(&world).await["id"].as_str().unwrap());
    let key = format!("/keys/{}", key["id"].as_str().unwrap());
    world.advance(60 * DAY);
    for path in [&secret, &key] {
        let suspended = world.administer(Method::POST, &format!("{path}/suspend"), None).await;
        assert_eq!(suspended.status, 409, "{path}: {}", suspended.shown());
    }
    assert_eq!(world.ask(&shop, &[]).await.status, 401);
}

#[tokio::test]
async fn the_dry_run_of_an_idle_time_counts_them() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let (used, _) = (world.client("used", &[&orders]).await, world.client("shop", &[&orders]).await);
    world.client("suspended", &[&orders]).await;
    world.service().flush_usage().await.unwrap();
    let suspended = world.done(Method::GET, "/clients/suspended/secrets", None).await["items"][0]["id"].clone();
    let path = format!("/clients/suspended/secrets/{}/suspend", suspended.as_str().unwrap());
    assert_eq!(world.administer(Method::POST, &path, None).await.status, 204);
    world.advance(12 * DAY);
    world.token(&used).await;
    world.service().flush_usage().await.unwrap();
    world.advance(3 * DAY);
    let would = async |idle_days: i64| {
        let body = json!({"idle_seconds": idle_days * DAY, "dry_run": true});
        world.done(Method::PUT, "/policies/client_secret", Some(body)).await["consequence"]["would_be_idle"].clone()
    };
    // Of three, one was used three days ago and one is suspended already.
    assert_eq!((would(10).await, would(2).await), (json!(1), json!(2)));
    assert_eq!((would(15).await, would(16).await, would(40).await), (json!(1), json!(0), json!(0)));
}
