//! `/metrics`: what it counts, how it is written, and what it never says.

use std::collections::BTreeMap;

use jeton_testkit::World;
use serde_json::{Value, json};

/// The samples of a page, by name and labels. What a page must keep to, whatever it says, is held here.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut family, mut kind) = (BTreeMap::new(), String::new(), String::new());
    let mut lines = page.lines();
    assert!(page.ends_with('\n'), "the last line ends too");
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, sentence) = help.split_once(' ').unwrap();
            assert!(sentence.ends_with('.') && name.starts_with("jeton_"), "{line}");
            let next = lines.next().unwrap();
            kind = next.strip_prefix(&format!("# TYPE {name} ")).unwrap_or_else(|| panic!("no type: {next}")).to_owned();
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            family = name.to_owned();
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        let ending = bare.strip_prefix(&family).unwrap_or_else(|| panic!("{line} is not of {family}"));
        let fits = if kind == "histogram" { ["_bucket", "_sum", "_count"].contains(&ending) } else { ending.is_empty() };
        assert!(fits, "{line}");
        assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{line} is there twice");
    }
    samples
}

/// The samples that are not what they were, each as `NAME +DIFFERENCE`.
fn changed(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> Vec<String> {
    let is_told = |name: &&String| !name.contains("_bucket") && !name.starts_with("jeton_store_") && !name.starts_with("jeton_ledger_");
    let differences = after.keys().filter(is_told).map(|name| (name, after[name] - before[name]));
    differences.filter(|(_, difference)| *difference != 0.0).map(|(name, difference)| format!("{name} {difference:+}")).collect()
}

#[tokio::test]
async fn requests_are_counted_by_where_they_led_and_how_they_went() {
    let world = World::new().await;
    let orders = world.opaque_api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let before = samples(&world.metrics().await);
    let token = world.token(&worker).await;
    world.token(&worker).await;
    assert!(world.is_active(&worker, &token).await);
    assert!(world.is_active(&worker, &token).await);
    world.ask(&worker, &[("scope", "nothing")]).await;
    world.revoke(&worker, &token).await;
    assert!(!world.is_active(&worker, &token).await);
    world.post("/oauth/token", Some("Basic eDp5"), "grant_type=client_credentials").await;
    world.get("/.well-known/jwks.json").await;
    world.get("/nowhere").await;
    world.get("/oauth/token").await;
    world.get("/readyz").await;
    assert_eq!(
        changed(&before, &samples(&world.metrics().await)),
        [
            "jeton_credential_cache_entries +1",
            "jeton_credential_cache_hits_total +3",
            "jeton_credential_cache_misses_total +1",
            "jeton_http_requests_total{endpoint=\"health\",status=\"2xx\"} +1",
            "jeton_http_requests_total{endpoint=\"introspect\",status=\"2xx\"} +3",
            "jeton_http_requests_total{endpoint=\"jwks\",status=\"2xx\"} +1",
            "jeton_http_requests_total{endpoint=\"metrics\",status=\"2xx\"} +1",
            "jeton_http_requests_total{endpoint=\"none\",status=\"4xx\"} +2",
            "jeton_http_requests_total{endpoint=\"revoke\",status=\"2xx\"} +1",
            "jeton_http_requests_total{endpoint=\"token\",status=\"2xx\"} +2",
            "jeton_http_requests_total{endpoint=\"token\",status=\"4xx\"} +2",
            "jeton_introspections_total{outcome=\"active\"} +2",
            "jeton_introspections_total{outcome=\"inactive\"} +1",
            "jeton_negatives{kind=\"token\"} +1",
            "jeton_revocations_total{outcome=\"revoked\"} +1",
            "jeton_token_requests_total{outcome=\"invalid_client\"} +1",
            "jeton_token_requests_total{outcome=\"invalid_scope\"} +1",
            "jeton_token_requests_total{outcome=\"issued\"} +2",
        ]
    );
}

#[tokio::test]
async fn checks_of_keys_are_counted_by_their_code() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let shop = world.client("shop", &[&orders]).await;
    let made = world.make_key("external:acme", "https://orders.example", json!({"rate_limit": {"count": 1, "period_seconds": 60}})).await;
    let key = made["key"].as_str().unwrap();
    let before = samples(&world.metrics().await);
    for (key, more) in [(key, Value::Null), (key, Value::Null), (key, json!({"scope": "orders:delete"})), ("no key", Value::Null)] {
        world.check_key(&shop, key, more).await;
    }
    let refused = json!({"key": key, "client_id": shop.id, "client_secret": "wrong"});
    assert_eq!(world.post_json("/api/v1/keys/verify", None, &refused).await.status, 401);
    let told = changed(&before, &samples(&world.metrics().await));
    assert_eq!(
        told.iter().filter(|line| line.contains("key_check")).collect::<Vec<_>>(),
        [
            "jeton_http_requests_total{endpoint=\"key_check\",status=\"2xx\"} +4",
            "jeton_http_requests_total{endpoint=\"key_check\",status=\"4xx\"} +1",
            "jeton_key_checks_total{outcome=\"insufficient_scope\"} +1",
            "jeton_key_checks_total{outcome=\"invalid_client\"} +1",
            "jeton_key_checks_total{outcome=\"not_found\"} +1",
            "jeton_key_checks_total{outcome=\"rate_limited\"} +1",
            "jeton_key_checks_total{outcome=\"valid\"} +1",
        ]
    );
}

#[tokio::test]
async fn the_engine_tells_of_its_groups_and_the_ledger_of_its_end() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    world.token(&worker).await;
    let told = samples(&world.metrics().await);
    let groups = told["jeton_store_group_commits_count"];
    assert!(groups > 3.0 && told["jeton_store_group_commits_bucket{le=\"1\"}"] <= groups);
    assert_eq!(told["jeton_store_group_commits_bucket{le=\"+Inf\"}"], groups);
    assert_eq!(told["jeton_store_commits_total"], told["jeton_store_group_commits_sum"]);
    assert_eq!(told["jeton_ledger_entries"], world.ledger_size() as f64);
    assert_eq!((told["jeton_store_queue_commits"], told["jeton_store_disk_full"]), (0.0, 0.0));
    assert_eq!((told["jeton_registered{kind=\"api\"}"], told["jeton_registered{kind=\"client\"}"]), (1.0, 1.0));
}

#[tokio::test]
async fn how_far_the_clock_is_believed_is_told() {
    let world = World::new().await;
    let doubted = |page: &str| samples(page)["jeton_clock_doubted"];
    assert_eq!(doubted(&world.metrics().await), 0.0);
    world.advance(40 * 86_400);
    let world = world.reopen().await;
    assert_eq!(doubted(&world.metrics().await), 1.0);
}

#[tokio::test]
async fn followers_and_how_late_they_hear_are_told() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let tokens = [world.token(&worker).await, world.token(&worker).await];
    let mut following = world.follow(&worker, "", None).await.ok().unwrap();
    following.next().await.unwrap();
    // What happened before it waits for the first time is the lag of whoever was away.
    world.revoke(&worker, &tokens[0]).await;
    following.next().await.unwrap();
    let before = samples(&world.metrics().await);
    assert_eq!((before["jeton_feed_followers"], before["jeton_feed_lag_seconds_count"]), (1.0, 0.0));
    let heard = async { following.next().await.unwrap() };
    let late = async {
        world.revoke(&worker, &tokens[1]).await;
        world.advance(3);
    };
    tokio::join!(heard, late);
    let told = samples(&world.metrics().await);
    assert_eq!(told["jeton_feed_lag_seconds_count"], 1.0);
    assert!((0.0..=3.0).contains(&told["jeton_feed_lag_seconds_sum"]));
    drop(following);
    assert_eq!(samples(&world.metrics().await)["jeton_feed_followers"], 0.0);
}

#[tokio::test]
async fn nothing_public_leads_to_it_and_it_names_nobody() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    world.get(&format!("/{token}")).await;
    world.post_as(&worker, "/oauth/introspect", &[("token", &token), ("token_type_hint", "made-up")]).await;
    assert_eq!(world.get("/metrics").await.status, 404);
    let page = world.metrics().await;
    for name in [worker.id.as_str(), "worker", "orders", "made-up", &token[..16], world.issuer()] {
        assert!(!page.contains(name), "{name}");
    }
    assert!(page.contains("jeton_build_info{version=\""), "the search finds what is there");
}
