//! Which key a text is; another key like one that is there; and whose keys stand in the way.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

fn member<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a text")
}

#[tokio::test]
async fn a_text_tells_which_key_it_is_and_is_not_used_by_it() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:a", ORDERS, json!({"max_uses": 1})).await;
    let path = format!("/keys/{}", member(&made, "id"));
    let look_up = async |text: &str| world.administer(Method::POST, "/keys/lookup", Some(json!({"key": text}))).await;
    let check = async |text: &str, secret: &str, state: &str| {
        let answer = look_up(text).await.json();
        assert_eq!((&answer["id"], &answer["secret"], &answer["state"]), (&made["id"], &json!(secret), &json!(state)), "{answer}");
        assert!(!answer.to_string().contains(text), "{answer}");
    };
    let first = member(&made, "key");
    check(first, "current", "active").await;
    assert_eq!(world.key_code(&shop, first).await, "valid", "looking it up was no use");
    let rotate = async || world.done(Method::POST, &format!("{path}/rotate"), Some(json!({"overlap_seconds": 0}))).await;
    let second = rotate().await;
    check(first, "previous", "active").await;
    check(member(&second, "key"), "current", "active").await;
    world.advance(1);
    rotate().await;
    check(first, "replaced", "active").await;
    world.done(Method::DELETE, &path, None).await;
    check(first, "replaced", "revoked").await;
    let last = first.chars().last().unwrap();
    let mangled = format!("{}{}", &first[..first.len() - 1], if last == 'a' { 'b' } else { 'a' });
    for wrong in [mangled.as_str(), "", "x", "\u{1b}[2J\u{202e}", member(&made, "id"), &"x".repeat(60_000)] {
        let answer = look_up(wrong).await;
        assert_eq!((answer.status, answer.member("code")), (404, json!("not_found")), "{}", answer.shown());
    }
    for body in [json!({}), json!({"key": 1}), json!({"key": first, "more": 1}), json!({"key": "x".repeat(1 << 20)})] {
        let answer = world.administer(Method::POST, "/keys/lookup", Some(body)).await;
        assert!(matches!(answer.status, 400 | 413), "{}", answer.shown());
    }
}

#[tokio::test]
async fn another_key_like_one_that_is_there() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.client("shop", &[&orders]).await;
    let more = json!({
        "name": "acme", "note": "for acme", "metadata": {"plan": "gold"}, "scope": "orders:read", "allow_ip": ["192.0.2.0/24"],
        "rate_limit": {"count": 5, "period_seconds": 60}, "max_uses": 9, "environment": "test", "expires_in_seconds": 1_000, "client": "shop",
    });
    let first = world.make_key("external:acme", ORDERS, more).await;
    let like = async |more: Value| {
        let mut body = more;
        body["like"] = first["id"].clone();
        world.administer(Method::POST, "/keys", Some(body)).await
    };
    world.advance(10);
    let same = like(json!({})).await.json();
    for member in ["owner", "audience", "name", "note", "metadata", "scope", "allow_ip", "rate_limit", "max_uses", "environment", "client"]
    {
        assert_eq!(same[member], first[member], "{member}: {same}");
    }
    assert!(same["id"] != first["id"] && same["key"] != first["key"]);
    assert_eq!(same["expires_at"], jeton_http::api::rfc3339::format(world.now() + 1_000));
    let other = like(json!({"owner": "client:shop", "name": "b", "scope": "orders:write", "expires_in_seconds": 60})).await.json();
    assert_eq!(
        (&other["name"], &other["scope"], &other["client"], &other["note"]),
        (&json!("b"), &json!("orders:write"), &Value::Null, &first["note"])
    );
    world.done(Method::PUT, "/policies/api_key", Some(json!({"default_seconds": 60, "max_seconds": 500}))).await;
    assert_eq!(
        like(json!({})).await.json()["expires_at"],
        jeton_http::api::rfc3339::format(world.now() + 500),
        "as long as is allowed now"
    );
    for (body, words) in [
        (json!({"like": "x"}), "32 lowercase hexadecimal digits"),
        (json!({"name": "a", "audience": ORDERS}), "`owner` is missing"),
        (json!({"owner": "external:a", "audience": ORDERS}), "`name` is missing"),
        (json!({"owner": "external:a", "name": "a"}), "`audience` is missing"),
    ] {
        let refused = world.administer(Method::POST, "/keys", Some(body)).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains(words), "{words}: {}", refused.shown());
    }
    let nobody = world.administer(Method::POST, "/keys", Some(json!({"like": "0".repeat(32)}))).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_group_does_not_go_while_it_has_keys() {
    let world = World::new().await;
    world.api("orders").await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    world.done(Method::POST, "/roles", Some(json!({"audience": ORDERS, "name": "reader", "scope": "orders:read"}))).await;
    let mut paths = vec![];
    world.done(Method::PUT, "/roles/reader/assignments/group:billing", None).await;
    for _ in 0..2 {
        let made = world.make_key("group:billing", ORDERS, json!({})).await;
        paths.push(format!("/keys/{}", member(&made, "id")));
    }
    let delete = async || world.administer(Method::DELETE, "/groups/billing", None).await;
    let check = async |words: &str| {
        let refused = delete().await;
        assert_eq!((refused.status, refused.member("code")), (409, json!("conflict")), "{}", refused.shown());
        assert!(refused.text().contains(words) && refused.text().contains("jeton key transfer"), "{}", refused.shown());
    };
    check("has 2 keys").await;
    world.done(Method::POST, &format!("{}/transfer", paths[0]), Some(json!({"owner": "external:a"}))).await;
    check("has 1 key:").await;
    world.done(Method::DELETE, &paths[1], None).await;
    let gone = delete().await;
    assert_eq!(gone.status, 204, "what is revoked holds nothing up: {}", gone.shown());
    let shown = world.done(Method::GET, &paths[1], None).await;
    assert_eq!((member(&shown, "state"), member(&shown, "why")), ("revoked", "unspecified"), "and stays listed");
}
