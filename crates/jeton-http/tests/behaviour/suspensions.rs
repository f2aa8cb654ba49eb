//! What is suspended now, as one list: by whom, since when, and why; until it is resumed, or gone.

use http::Method;
use jeton_http::api::rfc3339;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

async fn furnished() -> World {
    let world = World::new().await;
    let orders = world.api("orders").await;
    for name in ["shop", "till"] {
        world.client(name, &[&orders]).await;
    }
    world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    world
}

async fn suspend(world: &World, body: Value) {
    world.advance(60);
    world.done(Method::POST, "/suspensions", Some(body)).await;
}

async fn listed(world: &World) -> Vec<Value> {
    world.done(Method::GET, "/suspensions", None).await["items"].as_array().unwrap().clone()
}

/// What and why, in the order of the list.
fn told(items: &[Value]) -> Vec<String> {
    items.iter().map(|one| [&one["kind"], &one["name"], &one["why"]].map(|text| text.as_str().unwrap()).join(" ")).collect()
}

#[tokio::test]
async fn all_that_are_suspended_are_listed_until_they_are_resumed() {
    let world = furnished().await;
    assert_eq!(listed(&world).await, [] as [Value; 0]);
    // Nothing of them is out: suspended they are all the same.
    suspend(&world, json!({"user": "ada", "why": "on leave until May"})).await;
    suspend(&world, json!({"group": "billing", "why": "leaked"})).await;
    suspend(&world, json!({"api": ORDERS})).await;
    suspend(&world, json!({"client": "shop", "why": "odd traffic"})).await;
    let expected =
        ["client shop odd traffic", "api https://orders.example unspecified", "group billing leaked", "user ada on leave until May"];
    let items = listed(&world).await;
    assert_eq!(told(&items), expected, "the last one first");
    assert_eq!((&items[0]["suspended_at"], &items[0]["suspended_by"]), (&json!(rfc3339::format(world.now())), &json!("unix:1000")));
    for (one, path) in items.iter().zip(["/clients/shop", "/apis/https%3A%2F%2Forders.example", "/groups/billing", "/users/ada"]) {
        let shown = world.done(Method::GET, path, None).await;
        let id = shown.get("id").unwrap_or(&shown["client_id"]);
        let told = [id, &shown["suspended_at"], &shown["suspended_by"], &shown["why"]];
        assert_eq!([&one["id"], &one["suspended_at"], &one["suspended_by"], &one["why"]], told, "{path}");
    }
    let world = world.reopen().await;
    assert_eq!(listed(&world).await, items, "after another start, too");

    world.done(Method::POST, "/users/ada/disable", None).await;
    assert_eq!(told(&listed(&world).await), expected, "to be disabled is another thing");
    world.done(Method::POST, "/resumptions", Some(json!({"group": "billing"}))).await;
    world.done(Method::DELETE, "/clients/shop", None).await;
    assert_eq!(told(&listed(&world).await), [expected[1], expected[3]], "what is resumed, or gone, is not suspended");
}

#[tokio::test]
async fn the_list_goes_on_by_a_cursor() {
    let world = furnished().await;
    for body in [json!({"client": "shop"}), json!({"client": "till"}), json!({"user": "ada"})] {
        suspend(&world, body).await;
    }
    let whole = listed(&world).await;
    let (mut items, mut path) = (vec![], "/suspensions?limit=1".to_owned());
    loop {
        let page = world.done(Method::GET, &path, None).await;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
        items.push(page["items"][0].clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/suspensions?limit=1&cursor={next}");
        // Those that come meanwhile come before it.
        suspend(&world, json!({"group": "billing"})).await;
    }
    assert_eq!(items, whole);
}

/// Each sees what they may see the rest of.
#[tokio::test]
async fn who_may_read_one_kind_sees_that_kind() {
    let world = furnished().await;
    world.make_key("external:acme", ORDERS, Value::Null).await;
    suspend(&world, json!({"owner": "external:acme"})).await;
    suspend(&world, json!({"client": "shop"})).await;
    suspend(&world, json!({"api": ORDERS})).await;
    suspend(&world, json!({"user": "ada"})).await;
    suspend(&world, json!({"group": "billing"})).await;
    let management = format!("{}/api/v1", world.issuer());
    for (scope, expected) in [
        ("jeton:clients:read", Ok(vec!["client"])),
        ("jeton:apis:read", Ok(vec!["api"])),
        ("jeton:people:read", Ok(vec!["group", "user"])),
        ("jeton:clients:read jeton:people:read", Ok(vec!["group", "user", "client"])),
        ("jeton:keys:read", Ok(vec!["owner"])),
        ("jeton:revocations:write", Err(403)),
    ] {
        let name = scope.replace([':', ' '], "-");
        world.done(Method::POST, "/clients", Some(json!({"name": name, "audiences": [management], "scope": scope}))).await;
        let token = world.done(Method::POST, "/tokens", Some(json!({"client": name}))).await["access_token"].clone();
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let answer = world.manage(Some(&bearer), Method::GET, "/suspensions", None).await;
        let seen =
            answer.json()["items"].as_array().map(|items| items.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect());
        match expected {
            Ok(kinds) => assert_eq!(seen, Some(kinds.into_iter().map(str::to_owned).collect::<Vec<_>>()), "{scope}: {}", answer.shown()),
            Err(status) => assert_eq!(answer.status, status, "{scope}: {}", answer.shown()),
        }
    }
}

/// Somebody outside is known by their keys alone: as many of them as are suspended are told of.
#[tokio::test]
async fn owners_outside_are_listed_by_their_keys() {
    let world = furnished().await;
    let make = async |owner: &str| world.make_key(owner, ORDERS, Value::Null).await["id"].as_str().unwrap().to_owned();
    let (one, _, _) = (make("external:acme").await, make("external:acme").await, make("external:other").await);
    suspend(&world, json!({"key": one, "why": "odd traffic"})).await;
    suspend(&world, json!({"client": "shop"})).await;
    suspend(&world, json!({"owner": "external:acme", "why": "unpaid"})).await;
    let items = listed(&world).await;
    assert_eq!(told(&items), ["owner external:acme unpaid", "client shop unspecified"], "as the last key was");
    let when = json!(rfc3339::format(world.now()));
    assert_eq!((&items[0]["keys"], &items[0]["suspended_at"], &items[0]["suspended_by"]), (&json!(2), &when, &json!("unix:1000")));
    assert_eq!(items[1].get("keys"), None);
    // Nobody holds up a new key.
    make("external:acme").await;
    assert_eq!(listed(&world).await, items);
    world.done(Method::DELETE, &format!("/keys/{one}"), None).await;
    assert_eq!(listed(&world).await[0]["keys"], 1, "what is over is not suspended");
    world.done(Method::POST, "/resumptions", Some(json!({"owner": "external:acme"}))).await;
    assert_eq!(told(&listed(&world).await), ["client shop unspecified"]);
}

#[tokio::test]
async fn what_is_left_as_it_was_is_told_how_it_stands() {
    let world = furnished().await;
    let key = world.make_key("external:acme", ORDERS, Value::Null).await["id"].as_str().unwrap().to_owned();
    for named in
        [json!({"user": "ada"}), json!({"client": "shop"}), json!({"group": "billing"}), json!({"api": ORDERS}), json!({"key": key})]
    {
        let ask = async |path: &str, why: Option<&str>, dry_run: bool| {
            let mut body = named.clone();
            body["dry_run"] = json!(dry_run);
            if let Some(why) = why {
                body["why"] = json!(why);
            }
            world.done(Method::POST, path, Some(body)).await
        };
        let resumed = ask("/resumptions", None, false).await;
        assert_eq!((&resumed["changed"], &resumed["stands"]), (&json!(false), &json!({"state": "active"})), "{named}: {resumed}");
        let first = ask("/suspensions", Some("on leave"), false).await;
        assert_eq!((&first["changed"], first.get("stands")), (&json!(true), None), "{named}: {first}");
        let at = rfc3339::format(world.now());
        world.advance(60);
        for dry_run in [true, false] {
            let again = ask("/suspensions", Some("again"), dry_run).await;
            let stands = json!({"state": "suspended", "suspended_at": at, "suspended_by": "unix:1000", "why": "on leave"});
            assert_eq!((&again["changed"], &again["stands"]), (&json!(false), &stands), "{named}: {again}");
        }
        ask("/resumptions", None, false).await;
    }
    world.done(Method::DELETE, &format!("/keys/{key}"), None).await;
    let over = world.done(Method::POST, "/resumptions", Some(json!({"key": key, "dry_run": true}))).await;
    assert_eq!(over["stands"], json!({"state": "revoked"}), "{over}");
}
