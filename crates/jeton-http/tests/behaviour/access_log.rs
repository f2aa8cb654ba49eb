//! The access log: what it says of a request, and what it never says.

use axum::body::Body;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{Method, Request};
use jeton_http::api::{Management, Place};
use jeton_http::edge::{Draining, Peer};
use jeton_http::extract::TrustedProxies;
use jeton_http::observe::{Addresses, Observer};
use jeton_http::router;
use jeton_testkit::World;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::seen_lines::SeenLines;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::ServiceExt as _;

fn lines(world: &World) -> Vec<Value> {
    world.access_log().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_line_tells_who_did_what_and_how_it_went() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    assert!(world.is_active(&worker, &token).await);
    world.ask(&worker, &[("scope", "nothing")]).await;
    world.revoke(&worker, &token).await;
    assert!(!world.is_active(&worker, &token).await);
    world.post("/oauth/token", Some("Basic eDp5"), "grant_type=client_credentials").await;
    world.get("/nowhere?token=1").await;
    world.get("/livez").await;
    let told: Vec<String> = lines(&world)
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or("-").replace(&worker.id, "worker");
            format!("{} {} {} {} {}", text("method"), text("route"), line["status"], text("client"), text("outcome"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "POST /oauth/token 200 worker issued",
            "POST /oauth/introspect 200 worker active",
            "POST /oauth/token 400 worker invalid_scope",
            "POST /oauth/revoke 200 worker revoked",
            "POST /oauth/introspect 200 worker inactive",
            "POST /oauth/token 401 - invalid_client",
            "GET none 404 - invalid_request",
            "GET /livez 200 - -",
        ]
    );
    let first = &lines(&world)[0];
    assert_eq!(first["time"], "2027-01-15T08:00:00.250000Z");
    assert_eq!((first["network"].as_str(), first["agent"].as_str()), (Some("unknown"), Some("none")));
    assert!(first["bytes"].as_u64().unwrap() > 100 && first["duration_us"] == 0, "{first}");
}

/// What a stranger writes there may be a secret.
#[tokio::test]
async fn a_path_that_leads_nowhere_is_not_repeated() {
    for (issuer, below) in [("https://tokens.example", ""), ("https://tokens.example/teams/a", "/teams/a")] {
        let world = World::of(issuer).await;
        for (method, path, route, status) in [
            (Method::GET, "/api/v1/nowhere", "none".to_owned(), 404),
            (Method::GET, "/api/v1/keys/verify/more", "none".to_owned(), 404),
            (Method::GET, "/api/v1/openapi.json", format!("{below}/api/v1/openapi.json"), 200),
            (Method::GET, "/api/v1/keys/zz", format!("{below}/api/v1/keys/{{key}}"), 401),
            (Method::PUT, "/api/v1/keys", format!("{below}/api/v1/keys"), 405),
        ] {
            let path = format!("{below}{path}");
            world.send(Request::builder().method(method).uri(&path).body(Body::empty()).unwrap()).await;
            let line = lines(&world).pop().unwrap();
            assert_eq!((line["route"].as_str(), line["status"].as_u64()), (Some(&*route), Some(status)), "{path}");
        }
    }
}

/// Also where it is refused: whoever tries what they may not is named.
#[tokio::test]
async fn a_line_names_who_administers() {
    let world = World::new().await;
    let auditor = world.administrator_of("ada", "auditor").await;
    let itself = world.manage(Some(&format!("Bearer {auditor}")), Method::GET, "/administrators/self", None).await.json();
    let bearer = format!("Bearer {auditor}");
    let one = json!({"id": "00000000000000000000000000000000"});
    for (method, path, body, expected) in [
        (Method::GET, "/keys", None, "GET /api/v1/keys 200 ada -"),
        (Method::POST, "/apis", Some(json!({"audience": "urn:x"})), "POST /api/v1/apis 403 ada forbidden"),
        (Method::GET, "/audit/entries?zz=1", None, "GET /api/v1/audit/entries 400 ada invalid_request"),
        (Method::DELETE, "/keys/zz", Some(json!({"zz": 1})), "DELETE /api/v1/keys/{key} 403 ada forbidden"),
        (Method::POST, "/keys/verify", Some(json!({"key": "x"})), "POST /api/v1/keys/verify 403 ada forbidden"),
        (Method::POST, "/revocations", Some(one), "POST /api/v1/revocations 403 ada forbidden"),
    ] {
        world.manage(Some(&bearer), method, path, body.as_ref()).await;
        let line = lines(&world).pop().unwrap();
        let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        let actor = if line["actor"] == itself["actor"] { "ada".to_owned() } else { text("actor") };
        assert_eq!(format!("{} {} {} {actor} {}", text("method"), text("route"), line["status"], text("outcome")), expected);
    }
    world.manage(Some("Bearer nothing"), Method::GET, "/keys", None).await;
    assert_eq!(lines(&world).pop().unwrap()["actor"], Value::Null, "nobody knows who");
    assert!(!world.access_log().contains(&auditor));
}

#[tokio::test]
async fn the_address_is_the_one_that_trusted_proxies_vouch_for() {
    let world = World::new().await;
    for (trusted, addresses, peer, forwarded, expected) in [
        ("", Addresses::Network, "192.0.2.77", "203.0.113.9", "192.0.2.0/24"),
        ("192.0.2.0/24", Addresses::Network, "192.0.2.77", "203.0.113.9", "203.0.113.0/24"),
        ("192.0.2.0/24", Addresses::Full, "192.0.2.77", "203.0.113.9", "203.0.113.9"),
        ("192.0.2.0/24", Addresses::Full, "198.51.100.1", "203.0.113.9", "198.51.100.1"),
    ] {
        let log = Arc::new(SeenLines::default());
        let networks = trusted.split(' ').filter_map(|network| network.parse().ok()).collect();
        let proxies = TrustedProxies::new(networks, Default::default());
        let observer = Observer { access_log: Some(log.clone()), addresses, proxies, ..Observer::default() };
        let router = router::public(Management { observer: Arc::new(observer), ..world.management() }, Place::Shared, Draining::new());
        let peer = Peer::Tcp(format!("{peer}:1").parse().unwrap());
        let request = Request::get("/livez").header("x-forwarded-for", forwarded).extension(peer).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap();
        let line: Value = serde_json::from_str(&log.text()).unwrap();
        assert_eq!(line["network"], json!(expected));
    }
}

/// Whoever can write into a request tries each place of it.
#[tokio::test]
async fn no_secret_of_a_busy_run_is_in_it() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let signer = world.signing_client("signer", &[&orders], jeton_jose::Algorithm::Es256).await;
    let mut secrets = vec![worker.secret.clone(), worker.basic()];
    for resource in ["https://orders.example", "https://stock.example"] {
        let token = world.token_with(&worker, &[("resource", resource)]).await;
        world.introspect(&worker, &token).await;
        world.post_as(&worker, &format!("/oauth/introspect?token={token}"), &[("token", &token)]).await;
        world.get(&format!("/{token}/x?access_token={token}")).await;
        world.get(&format!("/api/v1/revocations/feed?audience={token}")).await;
        for (name, value) in [(AUTHORIZATION, format!("Bearer {token}")), (USER_AGENT, token.clone()), (USER_AGENT, format!("a/{token}"))] {
            world.send(Request::get("/livez").header(name, value).body(Body::empty()).unwrap()).await;
        }
        if let Ok(method) = http::Method::from_bytes(token.as_bytes()) {
            world.send(Request::builder().method(method).uri("/livez").body(Body::empty()).unwrap()).await;
        }
        world.post("/oauth/token", Some(&format!("Basic {token}")), format!("client_id={token}&client_secret={token}")).await;
        world.ask(&worker, &[("scope", &token), ("resource", &token)]).await;
        world.revoke(&worker, &token).await;
        secrets.push(token);
    }
    let assertion = Assertion::of(&signer.id, signer.key.as_ref().unwrap(), world.issuer(), world.now(), "j1");
    let [(kind, jwt_bearer), (name, signed)] = assertion.parameters();
    let form = [("grant_type", "client_credentials"), (kind, &jwt_bearer), (name, &signed)];
    assert_eq!(world.post("/oauth/token", None, jeton_oauth::form::encode(form)).await.status, 200);
    secrets.push(signed);
    let log = world.access_log();
    assert!(log.lines().count() > 20, "{log}");
    for secret in &secrets {
        // Whole, or any part of it that is long enough to help.
        for part in secret.as_bytes().chunks(16).filter(|part| part.len() == 16) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!log.contains(part), "{part} of {secret}");
        }
    }
    // The search finds what is there.
    assert!(log.contains(&worker.id[..16]));
}

/// The page of the reference has each member that a line may have, and no other.
#[tokio::test]
async fn the_reference_names_what_a_line_has() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.token(&worker).await;
    world.administer(Method::GET, "/clients", None).await;
    let had: BTreeSet<String> =
        lines(&world).iter().flat_map(|line| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>()).collect();
    let page = include_str!("../../../../docs/reference/access-log.md");
    let named: BTreeSet<String> = page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned())).collect();
    assert_eq!(had, named);
}
