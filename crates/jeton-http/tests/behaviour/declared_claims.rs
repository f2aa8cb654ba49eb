//! What tokens and userinfo tell by the rules that an API or a client declares.

use http::Method;
use jeton_testkit::World;
use jeton_testkit::world::manage::claims_of;
use jeton_testkit::world::people::asking;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

async fn world() -> World {
    let world = World::new().await;
    let orders = world.api("orders").await;
    world.person("ada").await;
    world.allow("ada", &orders, "orders:read").await;
    world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
    world.done(Method::PUT, "/groups/billing/members/ada", Some(json!({}))).await;
    world
}

async fn declare(world: &World, path: &str, claims: Value) -> Value {
    world.done(Method::PATCH, path, Some(json!({ "claims": claims }))).await["claims"].clone()
}

#[tokio::test]
async fn each_tells_what_it_declares_and_no_more_than_was_allowed() {
    let world = world().await;
    let orders = world.service().find_api(ORDERS).unwrap().record.clone();
    let shop = world.application("shop", &[&orders]).await;
    let declared = json!({"groups": "groups", "roles": "roles", "region": "text:eu"});
    assert_eq!(declare(&world, &format!("/apis/{}", orders.id), declared.clone()).await, declared);
    declare(&world, "/clients/shop", json!({"teams": "groups", "login": "username", "mail": "email", "stage": "text:live"})).await;
    for (scope, told) in [
        ("openid profile email orders:read", json!({"teams": ["billing"], "login": "ada", "mail": "ada@example.com", "stage": "live"})),
        ("openid orders:read", json!({"stage": "live"})),
    ] {
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", scope), ("resource", ORDERS)])).await;
        let answer = world.exchange(&shop, &code).await.json();
        let access = claims_of(answer["access_token"].as_str().unwrap());
        assert_eq!((&access["groups"], &access["roles"], &access["region"]), (&json!(["billing"]), &json!(["role-of-ada"]), &json!("eu")));
        assert!(!access.to_string().contains("example.com") && access.get("login").is_none(), "{access}");
        let (id_token, userinfo) =
            (claims_of(answer["id_token"].as_str().unwrap()), world.userinfo(answer["access_token"].as_str().unwrap()).await.json());
        for claims in [&id_token, &userinfo] {
            for name in ["teams", "login", "mail", "stage"] {
                assert_eq!(claims.get(name), told.get(name), "{name} of {scope}: {claims}");
            }
            assert!(claims.get("region").is_none(), "{claims}");
        }
    }
}

#[tokio::test]
async fn a_client_s_own_token_tells_what_is_of_nobody_and_an_opaque_one_tells_it_when_asked() {
    let world = world().await;
    let stock = world.opaque_api("stock").await;
    let worker = world.client("worker", &[&stock]).await;
    declare(&world, &format!("/apis/{}", stock.id), json!({"region": "text:eu", "groups": "groups"})).await;
    let token = world.token(&worker).await;
    let told = world.introspect(&worker, &token).await.json();
    assert_eq!((&told["active"], &told["region"], told.get("groups")), (&json!(true), &json!("eu"), None), "{told}");
}

#[tokio::test]
async fn what_says_something_else_is_not_declared() {
    let world = world().await;
    let orders = world.service().find_api(ORDERS).unwrap().record.id.clone();
    world.application("shop", &[]).await;
    for claims in
        [json!({"sub": "text:x"}), json!({"scope": "roles"}), json!({"mail": "email"}), json!({"x": "password"}), json!({"": "groups"})]
    {
        let answer = world.administer(Method::PATCH, &format!("/apis/{orders}"), Some(json!({ "claims": claims }))).await;
        assert_eq!(answer.status, 400, "{claims}: {}", answer.shown());
    }
    for claims in [json!({"email_verified": "text:true"}), json!({"nonce": "text:x"}), json!({"r": "roles"})] {
        let answer = world.administer(Method::PATCH, "/clients/shop", Some(json!({ "claims": claims }))).await;
        assert_eq!(answer.status, 400, "{claims}: {}", answer.shown());
    }
}

/// Rights change while tokens live: the next ones say so, and of a group that is suspended nothing is told.
#[tokio::test]
async fn the_next_token_tells_what_is_true_then() {
    let world = world().await;
    let orders = world.service().find_api(ORDERS).unwrap().record.clone();
    world.person("grace").await;
    let shop = world.application("shop", &[&orders]).await;
    declare(&world, &format!("/apis/{}", orders.id), json!({"groups": "groups", "roles": "roles"})).await;
    world.done(Method::PUT, "/roles/role-of-ada/assignments/group:billing", Some(json!({}))).await;
    world.done(Method::PUT, "/groups/billing/members/grace", Some(json!({}))).await;
    let asked = asking(&shop, "shop", &[("scope", "openid offline_access orders:read"), ("resource", ORDERS)]);
    let mut answer = world.exchange(&shop, &world.code_for("grace", &asked).await).await.json();
    let told = |answer: &Value| {
        let claims = claims_of(answer["access_token"].as_str().unwrap());
        (claims["groups"].clone(), claims["roles"].clone())
    };
    assert_eq!(told(&answer), (json!(["billing"]), json!(["role-of-ada"])));
    for (path, expected) in [("/suspensions", json!([])), ("/resumptions", json!(["billing"]))] {
        world.done(Method::POST, path, Some(json!({"group": "billing"}))).await;
        answer = world.refresh(&shop, answer["refresh_token"].as_str().unwrap()).await.json();
        assert_eq!(told(&answer).0, expected, "{path}");
    }
    world.done(Method::DELETE, "/groups/billing/members/grace", None).await;
    world.allow("grace", &orders, "orders:read").await;
    answer = world.refresh(&shop, answer["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(told(&answer), (json!([]), json!(["role-of-grace"])));
}

/// A token travels in headers, and each of its readers has a limit: what is declared leaves room for it.
#[tokio::test]
async fn tokens_stay_so_short_that_they_are_read() {
    let world = world().await;
    let orders = world.service().find_api(ORDERS).unwrap().record.clone();
    let shop = world.application("shop", &[&orders]).await;
    for number in 0..80 {
        let name = format!("group-{number:060}");
        world.done(Method::POST, "/groups", Some(json!({ "name": name }))).await;
        world.done(Method::PUT, &format!("/groups/{name}/members/ada"), Some(json!({}))).await;
    }
    declare(&world, &format!("/apis/{}", orders.id), json!({"groups": "groups", "region": "text:eu"})).await;
    declare(&world, "/clients/shop", json!({"teams": "groups", "stage": "text:live"})).await;
    let asked = asking(&shop, "shop", &[("scope", "openid profile orders:read"), ("resource", ORDERS)]);
    let answer = world.exchange(&shop, &world.code_for("ada", &asked).await).await.json();
    for (token, left_out, stays) in [("access_token", "groups", "region"), ("id_token", "teams", "stage")] {
        let claims = claims_of(answer[token].as_str().unwrap());
        assert!(claims.get(left_out).is_none() && claims.get(stays).is_some(), "{claims}");
    }
}

#[tokio::test]
async fn an_attribute_is_told_to_whom_it_is_declared_and_goes_with_the_person() {
    let world = world().await;
    let orders = world.service().find_api(ORDERS).unwrap().record.clone();
    let shop = world.application("shop", &[&orders]).await;
    declare(&world, &format!("/apis/{}", orders.id), json!({"department": "attribute:department"})).await;
    declare(&world, "/clients/shop", json!({"room": "attribute:room"})).await;
    let know = async |attributes: Value| world.administer(Method::PATCH, "/users/ada", Some(json!({ "attributes": attributes }))).await;
    let set = know(json!({"department": "research", "room": "7", "secret": "of the organisation"})).await.json();
    assert_eq!(set["attributes"]["department"], "research", "{set}");
    let told = async |scope: &str| {
        let code = world.code_for("ada", &asking(&shop, "shop", &[("scope", scope), ("resource", ORDERS)])).await;
        let answer = world.exchange(&shop, &code).await.json();
        let (access, id) = (answer["access_token"].as_str().unwrap(), claims_of(answer["id_token"].as_str().unwrap()));
        let (userinfo, access) = (world.userinfo(access).await.json(), claims_of(access));
        for claims in [&access, &id, &userinfo] {
            assert!(!claims.to_string().contains("of the organisation"), "{claims}");
        }
        assert_eq!((access.get("room"), id.get("department"), userinfo.get("department")), (None, None, None));
        assert_eq!(id.get("room"), userinfo.get("room"));
        (access["department"].clone(), id["room"].clone())
    };
    assert_eq!(told("openid profile orders:read").await, (json!("research"), json!("7")));
    assert_eq!(told("openid orders:read").await, (json!("research"), Value::Null));
    // What is not named stays, and an empty text takes away.
    know(json!({"room": "8", "department": ""})).await;
    assert_eq!(told("openid profile orders:read").await, (Value::Null, json!("8")));
    let size = world.ledger_size();
    know(json!({"room": "8"})).await;
    assert_eq!(world.ledger_size(), size, "nothing changes");
    for wrong in [json!({"a b": "x"}), json!({"a": "x\u{202e}"}), json!({"a": "x".repeat(501)}), json!({"a": 7})] {
        assert_eq!(know(wrong.clone()).await.status, 400, "{wrong}");
    }
    let ledger = world.done(Method::GET, "/audit/entries?last=50", None).await.to_string();
    assert!(ledger.contains("attributes") && !ledger.contains("research"), "the ledger says that they changed, and not to what");

    let world = world.reopen().await;
    assert_eq!(world.done(Method::GET, "/users/ada", None).await["attributes"], json!({"room": "8", "secret": "of the organisation"}));
    world.done(Method::POST, "/users/ada/erase", Some(json!({"dry_run": false}))).await;
    assert_eq!(world.administer(Method::GET, "/users/ada", None).await.status, 404);
}
