//! `/metrics`: what it counts, how it is written, and what it never says.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use jeton_http::edge::{Certificate, Tls};
use jeton_http::metrics;
use jeton_http::observe::{BackupFigures, Observer, ProcessFigures, SnapshotFigures, WrittenFigures};
use jeton_testkit::World;
use jeton_testkit::world::seen_lines::SeenLines;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The samples of a page, by name and labels. What a page must keep to, whatever it says, is held here.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut family, mut kind) = (BTreeMap::new(), String::new(), String::new());
    let mut lines = page.lines();
    assert!(page.ends_with('\n'), "the last line ends too");
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, sentence) = help.split_once(' ').unwrap();
            assert!(sentence.ends_with('.') && (name.starts_with("jeton_") || name.starts_with("process_")), "{line}");
            // A point in time is told from a length of it by its name, and both are of seconds.
            assert_eq!(
                sentence.contains("since 1970"),
                name.ends_with("_timestamp_seconds") || name == "process_start_time_seconds",
                "{line}"
            );
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
            "jeton_http_request_duration_seconds_count{endpoint=\"health\"} +1",
            "jeton_http_request_duration_seconds_count{endpoint=\"introspect\"} +3",
            "jeton_http_request_duration_seconds_count{endpoint=\"jwks\"} +1",
            "jeton_http_request_duration_seconds_count{endpoint=\"metrics\"} +1",
            "jeton_http_request_duration_seconds_count{endpoint=\"none\"} +2",
            "jeton_http_request_duration_seconds_count{endpoint=\"revoke\"} +1",
            "jeton_http_request_duration_seconds_count{endpoint=\"token\"} +4",
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
    let auditor = world.administrator_of("ada", "auditor").await;
    let asked = json!({"key": key});
    world.administer(Method::POST, "/keys/verify", Some(asked.clone())).await;
    for (bearer, status) in [(format!("Bearer {auditor}"), 403), ("Bearer nothing".to_owned(), 401)] {
        assert_eq!(world.manage(Some(&bearer), Method::POST, "/keys/verify", Some(&asked)).await.status, status);
    }
    let told = changed(&before, &samples(&world.metrics().await));
    assert_eq!(
        told.iter().filter(|line| line.contains("key_check")).collect::<Vec<_>>(),
        [
            "jeton_http_request_duration_seconds_count{endpoint=\"key_check\"} +5",
            "jeton_http_requests_total{endpoint=\"key_check\",status=\"2xx\"} +4",
            "jeton_http_requests_total{endpoint=\"key_check\",status=\"4xx\"} +1",
            "jeton_key_checks_total{asked_by=\"administrator\",outcome=\"forbidden\"} +1",
            "jeton_key_checks_total{asked_by=\"administrator\",outcome=\"invalid_token\"} +1",
            "jeton_key_checks_total{asked_by=\"administrator\",outcome=\"rate_limited\"} +1",
            "jeton_key_checks_total{asked_by=\"client\",outcome=\"insufficient_scope\"} +1",
            "jeton_key_checks_total{asked_by=\"client\",outcome=\"invalid_client\"} +1",
            "jeton_key_checks_total{asked_by=\"client\",outcome=\"not_found\"} +1",
            "jeton_key_checks_total{asked_by=\"client\",outcome=\"rate_limited\"} +1",
            "jeton_key_checks_total{asked_by=\"client\",outcome=\"valid\"} +1",
        ]
    );
}

/// A body that comes late takes its time; the world's clock is moved while it is waited for.
#[tokio::test]
async fn how_long_a_request_took_is_told_by_where_it_led() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let before = samples(&world.metrics().await);
    for micros in [100, 50_000] {
        let hands = world.hands();
        let late = futures_util::stream::once(async move {
            hands.advance_micros(micros);
            Ok::<_, Infallible>("grant_type=client_credentials")
        });
        let request = Request::post("/oauth/token")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, worker.basic())
            .body(Body::from_stream(late))
            .unwrap();
        assert_eq!(world.send(request).await.status, 200);
    }
    let after = samples(&world.metrics().await);
    let more = |ending: &str| {
        let name = format!("jeton_http_request_duration_seconds_{ending}");
        after[&name] - before[&name]
    };
    assert!((more("sum{endpoint=\"token\"}") - 0.0501).abs() < 1e-9);
    for (bound, count) in [("0.000064", 0.0), ("0.000128", 1.0), ("0.032768", 1.0), ("0.065536", 2.0), ("+Inf", 2.0)] {
        assert_eq!(more(&format!("bucket{{endpoint=\"token\",le=\"{bound}\"}}")), count, "{bound}");
    }
    assert_eq!(more("count{endpoint=\"management\"}"), 0.0);
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

/// The page of a process that has all that it can tell of.
async fn whole_page(world: &World) -> String {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = Certificate::parse(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes()).unwrap();
    let written = |objects, bytes| WrittenFigures { objects, bytes };
    let backups = BackupFigures {
        newest: Some(SnapshotFigures { ended_at_seconds: 1_800_000_000, took_seconds: 7, bytes: 4_096 }),
        every_seconds: 86_400,
        is_reachable: Some(false),
        behind_seconds: 12,
        segments: Some(640),
        others: 2,
        tail: written(3, 300),
        snapshots: written(2, 8_192),
        tail_failures: 5,
        snapshot_failures: 1,
    };
    let process = ProcessFigures {
        started_at_seconds: Some(1_800_000_000),
        cpu_micros: Some(1_500_000),
        resident_bytes: Some(50_000_000),
        open_files: Some(40),
        open_files_max: Some(1_024),
    };
    let observer = Observer {
        access_log: Some(Arc::new(SeenLines::default())),
        tls: Some(Tls::new(certificate).unwrap()),
        process: Some(Arc::new(move || process)),
        backups: Some(Arc::new(move || backups.clone())),
        ..Observer::default()
    };
    let router = metrics::routes(world.service().clone(), Arc::new(observer));
    let response = router.oneshot(Request::get("/metrics").body(Body::empty()).unwrap()).await.unwrap();
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn how_backups_stand_and_what_the_process_takes_is_told() {
    let told = samples(&whole_page(&World::new().await).await);
    for (name, value) in [
        ("jeton_backup_last_success_timestamp_seconds", 1_800_000_000.0),
        ("jeton_backup_snapshot_duration_seconds", 7.0),
        ("jeton_backup_snapshot_size_bytes", 4_096.0),
        ("jeton_backup_interval_seconds", 86_400.0),
        ("jeton_backup_target_reachable", 0.0),
        ("jeton_backup_tail_behind_seconds", 12.0),
        ("jeton_backup_tail_segments", 640.0),
        ("jeton_backup_others", 2.0),
        ("jeton_backup_objects_total{kind=\"tail\"}", 3.0),
        ("jeton_backup_bytes_total{kind=\"snapshot\"}", 8_192.0),
        ("jeton_backup_failures_total{kind=\"tail\"}", 5.0),
        ("jeton_backup_failures_total{kind=\"snapshot\"}", 1.0),
        ("jeton_restore_gap", 0.0),
        ("jeton_access_log_dropped_total{why=\"failed\"}", 0.0),
        ("process_start_time_seconds", 1_800_000_000.0),
        ("process_cpu_seconds_total", 1.5),
        ("process_resident_memory_bytes", 50_000_000.0),
        ("process_open_fds", 40.0),
        ("process_max_fds", 1_024.0),
    ] {
        assert_eq!(told.get(name), Some(&value), "{name}");
    }
    let page = World::new().await.metrics().await;
    assert!(!page.contains("jeton_backup_") && !page.contains("process_"), "what nobody tells is left out");
}

/// The page of the reference, its rules for alerts among it, speaks of what is served, and of all of it.
#[tokio::test]
async fn the_reference_names_what_is_served_and_nothing_else() {
    let told = samples(&whole_page(&World::new().await).await);
    let served: BTreeSet<&str> = told.keys().map(|name| name.split('{').next().unwrap()).collect();
    let reference = include_str!("../../../../docs/reference/metrics.md");
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: BTreeSet<&str> = reference.split(|letter| !is_name(letter)).collect();
    let family = |name: &str| ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending).map(str::to_owned));
    for name in &served {
        assert!(words.contains(name) || family(name).is_some_and(|family| words.contains(&*family)), "{name} is not on the page");
    }
    let families: BTreeSet<String> = served.iter().filter_map(|name| family(name)).collect();
    for word in words.iter().filter(|word| word.starts_with("jeton_") || word.starts_with("process_")) {
        assert!(served.contains(word) || families.contains(*word), "{word} is on the page and not served");
    }
    // Each selector of a rule finds something: its labels and their values are those of a sample.
    let rules = reference.split("```yaml\n").find(|block| block.starts_with("groups:")).unwrap().split("```").next().unwrap();
    let selectors: Vec<&str> =
        rules.split(|letter: char| letter.is_whitespace() || letter == '(').filter(|text| text.contains("{")).collect();
    let mut found = 0;
    for selector in selectors.iter().filter(|text| text.starts_with("jeton_")) {
        let (name, labels) = selector.split_once('{').unwrap();
        let labels = labels.split_once('}').unwrap().0.split(',').map(|label| label.trim().to_owned());
        let labels: Vec<String> = labels.collect();
        let fits =
            |sample: &&String| sample.starts_with(&format!("{name}{{")) && labels.iter().all(|label| sample.contains(label.as_str()));
        assert!(told.keys().any(|sample| fits(&sample)), "{selector} finds nothing");
        found += 1;
    }
    assert!(found >= 4 && rules.matches("- alert: ").count() >= 10, "{found} selectors: {rules}");
}
