//! Who administers from elsewhere: by a key or a token for the management API, as far as it and its owner's roles allow.

use axum::body::Body;
use http::{Method, Request};
use jeton_http::api::{self, Place};
use jeton_testkit::World;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const AUDIENCE: &str = "https://tokens.example/api/v1";

fn bearer(text: &str) -> String {
    format!("Bearer {text}")
}

async fn status(world: &World, text: &str, method: Method, path: &str) -> u16 {
    world.manage(Some(&bearer(text)), method, path, Some(&json!({}))).await.status
}

#[tokio::test]
async fn what_is_presented_decides() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.administrator_of("ada", "developer").await;
    let other = world.make_key(&format!("client:{}", worker.id), "https://orders.example", Value::Null).await;
    let other = bearer(other["key"].as_str().unwrap());
    let access_token = bearer(&world.token(&worker).await);
    let basic = worker.basic();
    let (good, lower) = (bearer(&token), format!("bearer {token}"));
    let cut = good[..good.len() - 1].to_owned();
    for (authorization, status, code) in [
        (None, 401, "unauthenticated"),
        (Some("Bearer nothing"), 401, "invalid_token"),
        (Some("Bearer"), 401, "invalid_token"),
        (Some(basic.as_str()), 401, "invalid_token"),
        (Some(other.as_str()), 401, "invalid_token"),
        (Some(access_token.as_str()), 401, "invalid_token"),
        (Some(cut.as_str()), 401, "invalid_token"),
        (Some(good.as_str()), 200, ""),
        (Some(lower.as_str()), 200, ""),
    ] {
        let answer = world.manage(authorization, Method::GET, "/keys", None).await;
        assert_eq!((answer.status, answer.member("code").as_str().unwrap_or_default()), (status, code), "{authorization:?}");
        let expected = match code {
            "" => "",
            "unauthenticated" => "Bearer",
            _ => "Bearer error=\"invalid_token\"",
        };
        assert_eq!(answer.header("www-authenticate"), expected);
        assert!(!answer.text().contains(&token));
    }
    let answer = world.manage(Some(&good), Method::GET, "/audit/entries", None).await;
    assert_eq!((answer.status, answer.member("detail")), (403, json!("the permission `jeton:audit:read` lacks")));
    let itself = world.manage(Some(&good), Method::GET, "/administrators/self", None).await.json();
    assert!(itself["actor"].as_str().unwrap().starts_with("key:"));
    assert_eq!(itself["permissions"].as_array().unwrap().len(), 17);
    // Whoever acts is named by the ledger.
    let made = world.manage(Some(&good), Method::POST, "/apis", Some(&json!({"audience": "urn:made"}))).await;
    assert_eq!(made.status, 201, "{}", made.shown());
    let last = world.done(Method::GET, "/audit/entries", None).await;
    assert!(last["items"].to_string().contains(itself["actor"].as_str().unwrap()), "{last}");
    // The page of metrics is nowhere on this listener, for nobody.
    assert_eq!(world.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn a_token_allows_what_its_owner_may_now() {
    let world = World::new().await;
    let token = world.administrator_of("ada", "operator").await;
    assert_eq!(status(&world, &token, Method::GET, "/audit/checkpoint").await, 404);
    let revoke = json!({"everything": true, "dry_run": true});
    let answer = world.manage(Some(&bearer(&token)), Method::POST, "/revocations", Some(&revoke)).await;
    assert_eq!(answer.status, 200);
    world.done(Method::DELETE, "/roles/role_operator/assignments/user:ada", None).await;
    assert_eq!(status(&world, &token, Method::GET, "/keys").await, 403);
    // Another role, and the token allows what both allow.
    world.done(Method::PUT, "/roles/role_developer/assignments/user:ada", None).await;
    assert_eq!(status(&world, &token, Method::GET, "/keys").await, 200);
    assert_eq!(status(&world, &token, Method::GET, "/audit/entries").await, 403);
    let answer = world.manage(Some(&bearer(&token)), Method::POST, "/revocations", Some(&revoke)).await;
    assert_eq!((answer.status, answer.member("detail")), (403, json!("the permission `jeton:revocations:write` lacks")));
    let one = json!({"id": "00000000000000000000000000000000", "dry_run": true});
    assert_eq!(world.manage(Some(&bearer(&token)), Method::POST, "/revocations", Some(&one)).await.status, 404);
    world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await;
    assert_eq!(status(&world, &token, Method::GET, "/keys").await, 401);
}

#[tokio::test]
async fn administrators_are_made_listed_and_removed() {
    let world = World::new().await;
    let (boss, token) = (world.administrator_of("boss", "owner").await, world.administrator_of("ada", "auditor").await);
    let listed = world.manage(Some(&bearer(&token)), Method::GET, "/administrators", None).await.json();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|each| (&each["username"], &each["roles"][0]["name"])).collect();
    assert_eq!(names, [(&json!("ada"), &json!("auditor")), (&json!("boss"), &json!("owner"))]);
    for (body, status, code) in [
        (json!({"username": "eve", "role": "king"}), 400, "invalid_request"),
        (json!({"username": "e v e", "role": "owner"}), 400, "invalid_request"),
        (json!({"username": "eve\u{202e}", "role": "owner"}), 400, "invalid_request"),
        (json!({"username": "eve", "role": "owner", "sudo": true}), 400, "invalid_request"),
        (json!({"username": "eve"}), 400, "invalid_request"),
        (json!({"username": 7, "role": "owner"}), 400, "invalid_request"),
        (json!({"username": "eve", "role": "owner", "allow_ip": ["nowhere"]}), 400, "invalid_request"),
    ] {
        let answer = world.manage(Some(&bearer(&boss)), Method::POST, "/administrators", Some(&body)).await;
        assert_eq!((answer.status, answer.member("code")), (status, json!(code)), "{body}");
        assert_eq!(world.manage(Some(&bearer(&token)), Method::POST, "/administrators", Some(&body)).await.status, 403);
    }
    assert_eq!(status(&world, &boss, Method::DELETE, "/administrators/nobody").await, 404);
    assert_eq!(status(&world, &boss, Method::DELETE, "/administrators/ada").await, 204);
    assert_eq!(status(&world, &token, Method::GET, "/administrators").await, 401);
    // The role alone does not bring the token back.
    world.done(Method::PUT, "/roles/role_auditor/assignments/user:ada", None).await;
    assert_eq!(status(&world, &token, Method::GET, "/administrators").await, 401);
    // What a group gives is taken by the group.
    world.done(Method::POST, "/groups", Some(json!({"name": "watch"}))).await;
    world.done(Method::PUT, "/roles/role_auditor/assignments/group:watch", None).await;
    world.done(Method::PUT, "/groups/watch/members/ada", None).await;
    let size = world.ledger_size();
    let refused = world.manage(Some(&bearer(&boss)), Method::DELETE, "/administrators/ada", None).await;
    assert_eq!((refused.status, refused.member("code")), (409, json!("conflict")));
    assert!(refused.text().contains("`watch`"), "{}", refused.shown());
    assert_eq!(world.ledger_size(), size, "what is refused changes nothing");
    world.done(Method::DELETE, "/groups/watch/members/ada", None).await;
    assert_eq!(status(&world, &boss, Method::DELETE, "/administrators/ada").await, 204);
    // The word for whoever asks names nobody.
    let body = json!({"username": "Self", "role": "auditor"});
    let answer = world.manage(Some(&bearer(&boss)), Method::POST, "/administrators", Some(&body)).await;
    assert_eq!((answer.status, answer.member("code")), (400, json!("invalid_request")));
}

/// What is refused for want of a permission says which, as programs read it.
#[tokio::test]
async fn a_challenge_names_the_permission_that_lacks() {
    let world = World::new().await;
    world.administrator_of("boss", "owner").await;
    let operator = world.administrator_of("ada", "operator").await;
    let strong = json!({"owner": "user:boss", "audience": AUDIENCE, "name": "x", "scope": "jeton:roles:write"});
    for (method, path, body, expected) in [
        (Method::POST, "/root-key/rotate", json!({}), "Bearer error=\"insufficient_scope\", scope=\"jeton:root_key:write\""),
        (Method::POST, "/revocations", json!({"everything": true, "dry_run": true}), ""),
        (Method::POST, "/keys", strong, "Bearer error=\"insufficient_scope\""),
    ] {
        let answer = world.manage(Some(&bearer(&operator)), method, path, Some(&body)).await;
        assert_eq!(
            (answer.status == 403, answer.header("www-authenticate")),
            (!expected.is_empty(), expected),
            "{path}: {}",
            answer.shown()
        );
    }
}

/// One commit makes somebody an administrator: there is no half of it that could be left behind.
#[tokio::test]
async fn an_administrator_is_made_at_once_or_not_at_all() {
    let world = World::new().await;
    world.administrator_of("boss", "owner").await;
    let commits = world.commits();
    world.done(Method::POST, "/administrators", Some(json!({"username": "ada", "role": "auditor"}))).await;
    assert_eq!(world.commits(), commits + 1, "a person, a role and a token");
    let more = world.done(Method::POST, "/administrators", Some(json!({"username": "Ada", "role": "operator"}))).await;
    assert_eq!((world.commits(), more["username"].as_str()), (commits + 2, Some("ada")));
    let again = world.done(Method::POST, "/administrators", Some(json!({"username": "ada", "role": "operator"}))).await;
    assert_eq!((world.commits(), again["roles"].as_array().unwrap().len()), (commits + 3, 2), "another token");
    // What cannot be is refused before anything is written: nobody is taken in for nothing.
    for (body, status) in [
        (json!({"username": "eve", "role": "owner", "expires_in_seconds": 0}), 400),
        (json!({"username": "eve", "role": "owner", "expires_in_seconds": 400 * 86_400}), 400),
        (json!({"username": "eve", "role": "owner", "allow_ip": ["nowhere"]}), 400),
    ] {
        let answer = world.administer(Method::POST, "/administrators", Some(body.clone())).await;
        assert_eq!((answer.status, world.commits()), (status, commits + 3), "{body}");
        assert_eq!(world.administer(Method::GET, "/users/eve", None).await.status, 404, "{body}");
    }
    world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await;
    let disabled = world.administer(Method::POST, "/administrators", Some(json!({"username": "ada", "role": "owner"}))).await;
    assert_eq!((disabled.status, disabled.member("code")), (409, json!("conflict")));
    assert_eq!(world.done(Method::GET, "/administrators", None).await["items"][0]["roles"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_client_administers_as_far_as_it_is_registered() {
    let world = World::new().await;
    let body = json!({"name": "robot", "audiences": [AUDIENCE], "scope": "jeton:keys:read jeton:apis:read"});
    let made = world.done(Method::POST, "/clients", Some(body)).await;
    let robot = jeton_testkit::world::registered::Registered {
        id: made["client_id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().unwrap().to_owned(),
        key: None,
    };
    let token = world.token(&robot).await;
    assert!(!token.contains('.'), "looked up at each use");
    assert_eq!(status(&world, &token, Method::GET, "/keys").await, 200);
    assert_eq!(status(&world, &token, Method::GET, "/clients").await, 403);
    let itself = world.manage(Some(&bearer(&token)), Method::GET, "/administrators/self", None).await.json();
    assert_eq!(itself, json!({"actor": format!("client:{}", robot.id), "permissions": ["jeton:apis:read", "jeton:keys:read"]}));
    world.done(Method::PATCH, "/clients/robot", Some(json!({"scope": "jeton:apis:read"}))).await;
    assert_eq!(status(&world, &token, Method::GET, "/keys").await, 403);
    world.revoke(&robot, &token).await;
    assert_eq!(status(&world, &token, Method::GET, "/apis").await, 401);
}

#[tokio::test]
async fn a_network_and_a_rate_hold_for_administrators_too() {
    let world = World::new().await;
    let body = json!({"username": "ada", "role": "auditor", "allow_ip": ["192.0.2.0/24"]});
    let bound = world.done(Method::POST, "/administrators", Some(body)).await;
    assert_eq!(status(&world, bound["key"].as_str().unwrap(), Method::GET, "/keys").await, 401);
    let limited =
        world.make_key("user:ada", AUDIENCE, json!({"scope": "jeton:keys:read", "rate_limit": {"count": 1, "period_seconds": 60}})).await;
    let text = limited["key"].as_str().unwrap();
    assert_eq!(status(&world, text, Method::GET, "/keys").await, 200);
    let answer = world.manage(Some(&bearer(text)), Method::GET, "/keys", None).await;
    assert_eq!((answer.status, answer.member("code"), answer.header("retry-after")), (429, json!("rate_limited"), "60"));
}

#[tokio::test]
async fn the_management_api_and_its_roles_stay() {
    let world = World::new().await;
    let api = format!("/apis/{}", AUDIENCE.replace(':', "%3A").replace('/', "%2F"));
    assert_eq!(world.done(Method::GET, &api, None).await["token_format"], "opaque");
    assert_eq!(world.done(Method::GET, "/apis", None).await["items"], json!([]));
    for (method, path, body) in [
        (Method::DELETE, api.as_str(), json!({})),
        (Method::PATCH, &api, json!({"name": "mine"})),
        (Method::PATCH, &api, json!({"scopes": {}})),
        (Method::DELETE, "/roles/role_owner", json!({})),
        (Method::PATCH, "/roles/role_auditor", json!({"scope": "jeton:roles:write"})),
        (Method::POST, "/apis", json!({"audience": AUDIENCE})),
    ] {
        let answer = world.administer(method, path, Some(body)).await;
        assert_eq!(answer.status, 409, "{path}: {}", answer.shown());
    }
    let sha256 = "ab".repeat(32);
    let imported = json!({"audience": AUDIENCE, "keys": [{"sha256": sha256, "owner": "external:x", "name": "x"}]});
    let answer = world.administer(Method::POST, "/keys/import", Some(imported)).await;
    assert!(answer.status == 400 || answer.member("imported") == json!(0), "{}", answer.shown());
    let outside = json!({"owner": "external:x", "audience": AUDIENCE, "name": "x", "scope": "jeton:keys:read"});
    assert_eq!(world.administer(Method::POST, "/keys", Some(outside)).await.status, 400);
    // Another start finds all of it and writes nothing.
    let size = world.ledger_size();
    assert_eq!(world.reopen().await.ledger_size(), size);
}

#[tokio::test]
async fn nobody_gives_what_they_have_not() {
    let world = World::new().await;
    world.administrator_of("boss", "owner").await;
    let operator = world.administrator_of("ada", "operator").await;
    world.done(Method::POST, "/groups", Some(json!({"name": "owners"}))).await;
    world.done(Method::PUT, "/roles/role_owner/assignments/group:owners", None).await;
    let strong = world.make_key("user:boss", AUDIENCE, json!({"scope": "jeton:roles:write"})).await;
    let strong = strong["key_id"].as_str().or(strong["id"].as_str()).unwrap().to_owned();
    let client = json!({"name": "robot", "audiences": [AUDIENCE], "scope": "jeton:root_key:write"});
    world.done(Method::POST, "/clients", Some(client)).await;
    for (method, path, body) in [
        (Method::PUT, "/groups/owners/members/ada".to_owned(), json!({})),
        (Method::POST, "/keys".to_owned(), json!({"owner": "user:boss", "audience": AUDIENCE, "name": "x", "scope": "jeton:roles:write"})),
        (Method::POST, "/keys".to_owned(), json!({"owner": "user:boss", "audience": AUDIENCE, "name": "x"})),
        (Method::POST, format!("/keys/{strong}/rotate"), json!({})),
        (Method::PATCH, format!("/keys/{strong}"), json!({"allow_ip": []})),
        (Method::POST, format!("/keys/{strong}/resume"), json!({})),
        (Method::POST, "/clients".to_owned(), json!({"name": "x", "audiences": [AUDIENCE], "scope": "jeton:roles:write"})),
        (Method::POST, "/clients".to_owned(), json!({"name": "x", "audiences": [AUDIENCE]})),
        (Method::PATCH, "/clients/robot".to_owned(), json!({"scope": "jeton:keys:read", "audiences": [AUDIENCE]})),
        (Method::POST, "/clients/robot/secrets".to_owned(), json!({})),
        (Method::POST, "/tokens".to_owned(), json!({"client": "robot"})),
        // Whoever reads their letters could choose their password.
        (Method::PATCH, "/users/boss".to_owned(), json!({"email": "ada@example.org"})),
        (Method::POST, "/users/boss/invitation".to_owned(), json!({"email": "ada@example.org"})),
    ] {
        let answer = world.manage(Some(&bearer(&operator)), method, &path, Some(&body)).await;
        assert_eq!((answer.status, answer.member("code")), (403, json!("forbidden")), "{path} {body}: {}", answer.shown());
    }
    assert!(world.done(Method::GET, "/users/boss", None).await.get("email").is_none());
    for (who, change) in [("boss", json!({"name": "The boss"})), ("ada", json!({"email": "ada@example.org"}))] {
        let answer = world.manage(Some(&bearer(&operator)), Method::PATCH, &format!("/users/{who}"), Some(&change)).await;
        assert_eq!(answer.status, 200, "{change}: {}", answer.shown());
    }
    // Taking away is free.
    for (method, path) in [(Method::POST, format!("/keys/{strong}/suspend")), (Method::DELETE, "/clients/robot".to_owned())] {
        let answer = world.manage(Some(&bearer(&operator)), method, &path, Some(&json!({}))).await;
        assert!((200..300).contains(&answer.status), "{}", answer.shown());
    }
}

/// What a developer may not ask for by itself, they may not ask for beside a key.
#[tokio::test]
async fn an_exception_needs_its_permission_beside_a_key_too() {
    let world = World::new().await;
    world.api("orders").await;
    let (developer, operator) = (world.administrator_of("dev", "developer").await, world.administrator_of("ada", "operator").await);
    let exception = json!({"owner": "x", "reason": "x", "ends_at": "2028-02-01T00:00:00Z"});
    let mut body = json!({"owner": "external:a", "audience": "https://orders.example", "name": "x", "exception": exception});
    let size = world.ledger_size();
    let refused = world.manage(Some(&bearer(&developer)), Method::POST, "/keys", Some(&body)).await;
    assert_eq!((refused.status, refused.member("detail")), (403, json!("the permission `jeton:policies:write` lacks")));
    assert_eq!(world.ledger_size(), size);
    let made = world.manage(Some(&bearer(&operator)), Method::POST, "/keys", Some(&body)).await;
    assert_eq!((made.status, made.member("expires_at")), (201, json!("2028-02-01T00:00:00Z")), "{}", made.shown());
    body.as_object_mut().unwrap().remove("exception");
    assert_eq!(world.manage(Some(&bearer(&developer)), Method::POST, "/keys", Some(&body)).await.status, 201);
}

/// On a listener for administrators the public one is left with what clients and keys use.
#[tokio::test]
async fn each_place_serves_its_own() {
    let world = World::new().await;
    let token = world.administrator_of("ada", "auditor").await;
    for (place, path, authorization, expected) in [
        (Place::Admin, "/metrics", Some(&token), 200),
        (Place::Admin, "/metrics", None, 401),
        (Place::Admin, "/api/v1/keys", Some(&token), 200),
        (Place::Admin, "/api/v1/keys/self", Some(&token), 200),
        (Place::Public, "/api/v1/keys", Some(&token), 404),
        (Place::Public, "/api/v1/keys/self", Some(&token), 200),
        (Place::Public, "/metrics", Some(&token), 404),
        (Place::Shared, "/metrics", Some(&token), 404),
        (Place::Shared, "/api/v1/keys", Some(&token), 200),
    ] {
        let router = match place.is_public() {
            true => jeton_http::router::public(world.management(), place, jeton_http::edge::Draining::new()),
            false => api::routes(world.management(), place),
        };
        let mut request = Request::get(path);
        if let Some(token) = authorization {
            request = request.header("authorization", bearer(token));
        }
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{place:?} {path}");
    }
}
