//! The management API on the real service: what it does, what it says, and what it refuses.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jeton_core::doctor::Surroundings;
use jeton_core::root_key::RootKeys;
use jeton_http::api::{self, CheckReport, Finding, Integrity, LedgerReport, Management, Place, ROUTES, RootFile, rfc3339};
use jeton_http::edge::Peer;
use jeton_testkit::World;
use jeton_testkit::conformance::{self, Exchange};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use zeroize::Zeroizing;

const ORDERS: &str = "https://orders.example";

struct Sound;

impl Integrity for Sound {
    fn verify_ledger(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<LedgerReport, String> {
        progress(1, 2);
        Ok(LedgerReport { entries: 2, root: "ab".into(), checkpoint_size: Some(1), findings: vec![] })
    }

    fn check(&self, full: bool, _: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, String> {
        let finding = Finding { place: "page 7".into(), detail: "wrong".into(), hint: "restore".into() };
        if full { Ok(CheckReport { full, findings: vec![finding], ..CheckReport::default() }) } else { Err("no file".into()) }
    }
}

struct Api {
    world: World,
    router: Router,
}

impl Api {
    async fn new() -> Api {
        let world = World::new().await;
        let management = Management {
            service: world.service().clone(),
            owner_uid: 1000,
            root_file: Arc::new(RootFile::new("root.key", |_| {
                RootKeys::new([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]).map_err(|error| error.to_string())
            })),
            integrity: Arc::new(Sound),
            surroundings: Arc::new(|| Surroundings { has_access_log: Some(false), ..Surroundings::default() }),
            backups: None,
            observer: world.observer().clone(),
        };
        Api { world, router: api::routes(management, Place::Socket) }
    }

    async fn with_worker() -> Api {
        let api = Api::new().await;
        api.post("/apis", json!({"audience": ORDERS, "scopes": {"read": "Read", "write": ""}, "default_scope": "read"})).await;
        api.post("/clients", json!({"name": "worker", "audiences": [ORDERS]})).await;
        api
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let no_store = response.headers().get("cache-control").is_some_and(|value| value == "no-store");
        assert!(no_store || status == StatusCode::METHOD_NOT_ALLOWED, "{status}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.ask_with(&[], method, path, body).await
    }

    async fn ask_with(&self, headers: &[(&str, &str)], method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(&method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request = request.extension(Peer::Unix { uid: 1000, pid: None });
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let (status, text) = self.send(request.body(bytes).unwrap()).await;
        let exchange = Exchange { method: method.as_str(), path, sent: body.as_ref(), status: status.as_u16(), body: text.as_bytes() };
        assert_eq!(conformance::check(api::document(), &exchange), Ok(()), "{method} {path}");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    #[track_caller]
    fn expect(answer: (StatusCode, Value), status: u16) -> Value {
        assert_eq!(answer.0.as_u16(), status, "{}", answer.1);
        answer.1
    }

    async fn get(&self, path: &str) -> Value {
        Api::expect(self.ask(Method::GET, path, None).await, 200)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {value}");
        value
    }

    async fn refused(&self, method: Method, path: &str, body: Value, status: u16, code: &str) -> Value {
        let problem = Api::expect(self.ask(method, path, Some(body)).await, status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail", "hint"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        problem
    }
}

fn without(mut value: Value, members: &[&str]) -> Value {
    if let Some(object) = value.as_object_mut() {
        members.iter().for_each(|member| {
            object.remove(*member);
        });
    }
    value
}

#[tokio::test]
async fn the_doctor_tells_grades_and_what_failed() {
    let api = Api::with_worker().await;
    let report = api.get("/doctor").await;
    assert_eq!(report["grade"], "D");
    let practice = |name: &str| report["practices"].as_array().unwrap().iter().find(|one| one["practice"] == name).unwrap();
    let monitoring = practice("monitoring");
    assert_eq!((&monitoring["priority"], &monitoring["grade"]), (&json!("next_weeks"), &json!("D")));
    assert_eq!(
        monitoring["checks"][0],
        json!({"id": "monitoring.access_log", "severity": "high", "verdict": "failed", "evidence": "no access log is written",
            "why": "After an accident nobody can say who asked for what, and from where.",
            "command": "access_log = \"access.log\" in jeton.toml"})
    );
    assert_eq!((&practice("storage")["grade"], &practice("client_side")["grade"]), (&Value::Null, &Value::Null));
    // Whoever takes a checkpoint away has it elsewhere.
    assert_eq!(monitoring["checks"][2]["verdict"], "not_known");
    api.world.service().sign_checkpoint(&api.world.moment()).await.unwrap();
    api.get("/audit/checkpoint").await;
    let report = api.get("/doctor").await;
    assert_eq!(report["practices"][4]["checks"][2]["verdict"], "passed");
}

#[tokio::test]
async fn metrics_are_for_administrators_alone_and_count_their_requests() {
    let api = Api::with_worker().await;
    let ask = async |peer: Peer| {
        let request = Request::get("/metrics").extension(peer).body(Body::empty()).unwrap();
        api.send(request).await
    };
    let (status, _) = ask(Peer::Unix { uid: 1001, pid: None }).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(ask(Peer::Tcp(([127, 0, 0, 1], 1).into())).await.0, StatusCode::UNAUTHORIZED);
    let (status, page) = ask(Peer::Unix { uid: 0, pid: None }).await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        "jeton_http_requests_total{endpoint=\"management\",status=\"2xx\"} 2\n",
        "jeton_http_requests_total{endpoint=\"management\",status=\"4xx\"} 2\n",
        "jeton_registered{kind=\"client\"} 1\n",
    ] {
        assert!(page.contains(line), "{page}");
    }
}

#[tokio::test]
async fn an_api_from_beginning_to_end() {
    let api = Api::new().await;
    let created = api.post("/apis", json!({"audience": ORDERS, "scopes": {"read": "Read orders"}})).await;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(
        without(created, &["id", "created_at", "updated_at"]),
        json!({"audience": ORDERS, "name": ORDERS, "scopes": {"read": "Read orders"}, "default_scope": "",
            "access_token_lifetime_seconds": 3600, "effective_lifetime_seconds": 3600, "token_format": "jwt", "signing_alg": "ES256"})
    );
    for name in [id.as_str(), "https%3A%2F%2Forders.example"] {
        assert_eq!(api.get(&format!("/apis/{name}")).await["id"], id.as_str());
    }
    let updated = Api::expect(api.ask(Method::PATCH, &format!("/apis/{id}"), Some(json!({"token_format": "opaque"}))).await, 200);
    assert_eq!(updated["token_format"], "opaque");
    assert_eq!(updated["scopes"], json!({"read": "Read orders"}));
    api.refused(Method::POST, "/apis", json!({"audience": ORDERS}), 409, "conflict").await;
    assert_eq!(api.get("/apis").await["items"].as_array().unwrap().len(), 1);
    Api::expect(api.ask(Method::DELETE, &format!("/apis/{id}"), None).await, 200);
    api.refused(Method::DELETE, &format!("/apis/{id}"), json!({}), 404, "not_found").await;
}

#[tokio::test]
async fn a_client_and_its_secrets() {
    let api = Api::with_worker().await;
    let created = api.post("/clients", json!({"name": "other", "audiences": [ORDERS], "scope": "read"})).await;
    assert!(created["client_secret"].as_str().unwrap().starts_with("jtn_cs_"));
    let shown = api.get("/clients/other").await;
    assert!(shown.get("client_secret").is_none());
    assert_eq!(shown["audiences"], json!([ORDERS]));
    assert_eq!(shown["token_endpoint_auth_method"], "client_secret_basic");
    let second = api.post("/clients/other/secrets", json!({"overlap_seconds": 3600})).await;
    api.refused(Method::POST, "/clients/other/secrets", json!({}), 409, "conflict").await;
    let secrets = api.get("/clients/other/secrets").await;
    let live: Vec<_> = secrets["items"].as_array().unwrap().iter().map(|secret| secret["is_live"].as_bool().unwrap()).collect();
    assert_eq!(live, [true, true]);
    let path = format!("/clients/other/secrets/{}", second["client_secret_id"].as_str().unwrap());
    Api::expect(api.ask(Method::DELETE, &path, None).await, 204);
    let updated = Api::expect(api.ask(Method::PATCH, "/clients/other", Some(json!({"name": "renamed", "scope": "read write"}))).await, 200);
    assert_eq!((updated["name"].as_str(), updated["scope"].as_str()), (Some("renamed"), Some("read write")));
    let names: Vec<_> = api.get("/clients").await["items"].as_array().unwrap().iter().map(|client| client["name"].clone()).collect();
    assert_eq!(names, ["renamed", "worker"]);
    let page = api.get("/clients?limit=1").await;
    let last = api.get(&format!("/clients?limit=1&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((&page["items"][0]["name"], &last["items"][0]["name"], last.get("next")), (&json!("renamed"), &json!("worker"), None));
    Api::expect(api.ask(Method::DELETE, "/clients/renamed", None).await, 204);
    api.refused(Method::PATCH, "/clients/renamed", json!({"name": "x"}), 404, "not_found").await;
}

#[tokio::test]
async fn a_token_from_beginning_to_end() {
    for format in ["jwt", "opaque"] {
        let api = Api::with_worker().await;
        Api::expect(api.ask(Method::PATCH, "/apis/https%3A%2F%2Forders.example", Some(json!({"token_format": format}))).await, 200);
        let issued = api.post("/tokens", json!({"client": "worker", "scope": "read write"})).await;
        let id = issued["id"].as_str().unwrap().to_owned();
        let text = issued["access_token"].clone();
        let entry = api.get("/audit/entries?last=2").await["items"][0].clone();
        let data = json!({"actor": "unix:1000", "api": audience_id(&api).await, "client": issued["client_id"], "token": id});
        assert_eq!((&entry["kind"], &entry["data"]), (&json!("token.issued"), &data), "who issued it is on the ledger");
        assert_eq!((issued["expires_in"].as_i64(), issued["token_type"].as_str()), (Some(3600), Some("Bearer")));
        let shown = api.get(&format!("/tokens/{id}")).await;
        assert_eq!(shown, without(issued, &["access_token", "token_type", "expires_in"]));
        assert_eq!(
            (shown["standing"].as_str(), shown["format"].as_str(), shown["scope"].as_str()),
            (Some("active"), Some(format), Some("read write"))
        );
        assert_eq!(shown["expires_at"], rfc3339::format(api.world.now() + 3600));
        let suspended = api.post(&format!("/tokens/{id}/suspend"), json!({})).await;
        assert_eq!((suspended["before"].as_str(), suspended["standing"].as_str()), (Some("active"), Some("suspended")));
        assert_eq!(api.post("/tokens/introspect", json!({"token": text})).await["active"], false);
        api.post(&format!("/tokens/{id}/resume"), json!({})).await;
        assert_eq!(api.post("/tokens/introspect", json!({"token": text})).await["active"], true);
        let dry = api.post("/revocations", json!({"token": text, "dry_run": true})).await;
        assert_eq!(
            (dry["fell"]["access_tokens"].as_u64(), api.get(&format!("/tokens/{id}")).await["standing"].as_str()),
            (Some(1), Some("active"))
        );
        let revoked = api.post("/revocations", json!({"token": text})).await;
        let fell = json!({"access_tokens": 1, "keys": 0, "personal_access_tokens": 0, "client_secrets": 0});
        assert_eq!(revoked, json!({"fell": fell, "dry_run": false}));
        assert_eq!(api.post("/revocations", json!({"id": id})).await["fell"]["access_tokens"], 0);
        assert_eq!(api.get(&format!("/tokens/{id}")).await["standing"], "revoked");
        api.refused(Method::POST, &format!("/tokens/{id}/resume"), json!({}), 409, "conflict").await;
        assert_eq!(api.post("/tokens/introspect", json!({"token": "junk"})).await, json!({"active": false}));
    }
}

async fn audience_id(api: &Api) -> Value {
    api.get("/apis/https%3A%2F%2Forders.example").await["id"].clone()
}

#[tokio::test]
async fn a_cut_off_counts_what_falls_and_only_that() {
    let api = Api::with_worker().await;
    api.post("/clients", json!({"name": "other", "audiences": [ORDERS]})).await;
    for client in ["worker", "worker", "worker", "other"] {
        api.post("/tokens", json!({"client": client})).await;
    }
    let gone = api.post("/tokens", json!({"client": "worker"})).await;
    api.post("/revocations", json!({"id": gone["id"]})).await;
    for (body, expected) in [
        (json!({"client": "worker", "dry_run": true}), 3),
        (json!({"client": "worker", "before": "2001-01-01T00:00:00Z"}), 0),
        (json!({"client": "worker", "before": "now"}), 3),
        (json!({"client": "worker"}), 0),
        (json!({"api": ORDERS, "dry_run": true}), 1),
        (json!({"everything": true}), 1),
        (json!({"everything": true}), 0),
    ] {
        let revoked = api.post("/revocations", body.clone()).await;
        assert_eq!(revoked["fell"]["access_tokens"], expected, "{body}");
        assert_eq!(rfc3339::parse(revoked["before"].as_str().unwrap()), revoked["before_seconds"].as_i64());
    }
    let later = api.post("/tokens", json!({"client": "worker"})).await;
    assert_eq!(later["standing"], "active");
    // Under a cut-off of the same second: a dry run names the time that the decision would.
    for (body, ahead) in [(json!({"client": "worker"}), 2), (json!({"client": "worker", "before": "2001-01-01T00:00:00Z"}), 0)] {
        let mut dry = body.clone();
        dry["dry_run"] = true.into();
        let (dry, done) = (api.post("/revocations", dry).await, api.post("/revocations", body.clone()).await);
        assert_eq!((&dry["before_seconds"], &dry["fell"]), (&done["before_seconds"], &done["fell"]), "{body}");
        assert!(ahead == 0 || done["before_seconds"] == api.world.now() + ahead, "{done}");
    }
    let size = api.world.ledger_size();
    for kind in ["user", "session", "family"] {
        let problem = api.refused(Method::POST, "/revocations", json!({kind: "mallory"}), 404, "not_found").await;
        assert!(problem["detail"].as_str().unwrap().contains("nobody of that name is known"), "{problem}");
    }
    for nobody in [json!({"group": "mallory"}), json!({"key": "mallory"}), json!({"key": "0".repeat(32)}), json!({"id": "0".repeat(32)})] {
        api.refused(Method::POST, "/revocations", nobody, 404, "not_found").await;
    }
    let ahead = json!({"client": "worker", "before": 99_999_999_999_i64, "dry_run": true});
    api.refused(Method::POST, "/revocations", ahead, 400, "invalid_request").await;
    assert_eq!(api.world.ledger_size(), size);
    api.refused(Method::POST, "/revocations", json!({"client": "worker", "before": 99_999_999_999_i64}), 400, "invalid_request").await;
    api.refused(Method::POST, "/revocations", json!({"client": "nobody"}), 404, "not_found").await;
    api.refused(Method::POST, "/revocations", json!({"token": "x", "before": "now"}), 400, "invalid_request").await;
}

#[tokio::test]
async fn policies_are_set_shown_and_explained() {
    let api = Api::with_worker().await;
    for _ in 0..2 {
        api.post("/tokens", json!({"client": "worker"})).await;
    }
    let put = async |kind: &str, body: Value| Api::expect(api.ask(Method::PUT, &format!("/policies/{kind}"), Some(body)).await, 200);
    let levels = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|item| format!("{} {}", item["kind"], item["level"]).replace('"', "")).collect()
    };
    let built_in = api.get("/policies").await;
    assert!(levels(&built_in).iter().all(|line| line.ends_with(" table")), "{built_in}");
    let size = api.world.ledger_size();
    api.world.advance(100);
    for (kind, body, now, sooner) in [
        ("access_token", json!({"max_seconds": 200, "dry_run": true}), 0, 2),
        ("access_token", json!({"max_seconds": 100, "dry_run": true}), 2, 0),
        ("access_token", json!({"api": ORDERS, "max_seconds": 200, "dry_run": true}), 0, 2),
        ("access_token", json!({"client": "worker", "max_seconds": 200, "dry_run": true}), 2, 0),
        ("access_token", json!({"default_seconds": 200, "dry_run": true}), 0, 0),
        ("client_secret", json!({"max_seconds": 100, "dry_run": true}), 1, 0),
        ("client_secret", json!({"max_seconds": 200, "client": "worker", "dry_run": true}), 0, 1),
        ("signing_key", json!({"max_seconds": 86_400, "dry_run": true}), 0, 1),
        ("client_assertion", json!({"max_seconds": 60, "dry_run": true}), 0, 0),
    ] {
        let planned = put(kind, body.clone()).await;
        let expected = json!({"would_expire_now": now, "would_expire_sooner": sooner, "would_come_back": 0, "would_be_idle": 0});
        assert_eq!(planned["consequence"], expected, "{kind} {body}");
    }
    assert_eq!(api.world.ledger_size(), size, "a dry run writes nothing");
    let set = put("access_token", json!({"api": ORDERS, "max_seconds": 900})).await;
    assert_eq!((&set["level"], &set["max_seconds"], &set["default_seconds"]), (&json!("api"), &json!(900), &json!(900)));
    let shown = api.get("/apis/https%3A%2F%2Forders.example").await;
    assert_eq!((&shown["access_token_lifetime_seconds"], &shown["effective_lifetime_seconds"]), (&json!(3600), &json!(900)));
    let list = api.get("/policies").await;
    assert_eq!(levels(&list)[..2], ["access_token table", "access_token api"]);
    assert_eq!((&list["items"][1]["subject"], &list["items"][1]["updated_by"]), (&json!(ORDERS), &json!("unix:1000")));
    let explained = api.get("/policies/access_token/explanation?api=https%3A%2F%2Forders.example&client=worker").await;
    assert_eq!((&explained["max_seconds"], &explained["max_from"]), (&json!(900), &json!("api")));
    assert_eq!(explained["said"].as_array().unwrap().len(), 2);
    put("access_token", json!({"api": ORDERS})).await;
    assert_eq!(api.get("/policies").await, built_in, "a level that says nothing is gone");
}

#[tokio::test]
async fn an_update_that_asks_for_nothing_changes_nothing() {
    let api = Api::with_worker().await;
    api.post("/apis", json!({"audience": "urn:stock", "scopes": {"stock": ""}})).await;
    api.post("/clients", json!({"name": "keeper", "audiences": [ORDERS, "urn:stock"]})).await;
    assert_eq!(api.get("/clients/keeper").await["scope"], "read stock write");
    Api::expect(api.ask(Method::DELETE, "/apis/urn:stock", None).await, 200);
    let before = api.get("/clients/keeper").await;
    assert_eq!((&before["audiences"], &before["scope"]), (&json!([ORDERS]), &json!("read write")), "what is gone is not shown");
    let size = api.world.ledger_size();
    for nothing in [json!({}), json!({"name": null}), json!({"scope": null, "audiences": null})] {
        assert_eq!(Api::expect(api.ask(Method::PATCH, "/clients/keeper", Some(nothing)).await, 200), before);
    }
    assert_eq!(api.world.ledger_size(), size);
}

#[tokio::test]
async fn what_a_wider_policy_brings_back_is_counted() {
    let api = Api::with_worker().await;
    let put = async |kind: &str, body: Value| Api::expect(api.ask(Method::PUT, &format!("/policies/{kind}"), Some(body)).await, 200);
    let token = api.post("/tokens", json!({"client": "worker"})).await;
    for kind in ["client_secret", "access_token"] {
        put(kind, json!({"max_seconds": 100})).await;
    }
    api.world.advance(100);
    for (kind, body, back) in [
        ("client_secret", json!({"max_seconds": 101, "dry_run": true}), 1),
        ("client_secret", json!({"max_seconds": 100, "dry_run": true}), 0),
        ("client_secret", json!({"client": "worker", "max_seconds": 50, "dry_run": true}), 0),
        // What a lowered maximum ended stays dead: verifiers were told.
        ("access_token", json!({}), 0),
        ("client_secret", json!({}), 1),
        ("client_secret", json!({}), 0),
    ] {
        assert_eq!(put(kind, body.clone()).await["consequence"]["would_come_back"], back, "{kind} {body}");
    }
    assert_eq!(api.get(&format!("/tokens/{}", token["id"].as_str().unwrap())).await["standing"], "expired");
}

#[tokio::test]
async fn an_exception_from_a_policy() {
    let api = Api::with_worker().await;
    let secret = api.get("/clients/worker/secrets").await["items"][0]["id"].clone();
    let ends_at = rfc3339::format(api.world.now() + 390 * 86_400);
    let asked = json!({"client": "worker", "secret": secret, "owner": "Ada Example", "reason": "replaced in May", "ends_at": ends_at});
    let size = api.world.ledger_size();
    for (member, value, needle) in [
        ("owner", json!(""), "the owner"),
        ("owner", json!("a\u{202e}b"), "the owner"),
        ("reason", json!("x".repeat(501)), "the reason"),
        ("reason", json!("a\u{1b}[31m"), "the reason"),
        ("reason", json!(7), "expected a string"),
        ("ends_at", json!("now"), "does not end now"),
        ("ends_at", json!("soon"), "expected"),
        ("ends_at", json!(1), "at most 400 days"),
        ("ends_at", json!(u64::MAX), "expected"),
        ("ends_at", json!(api.world.now() + 86_400), "no exception is needed"),
    ] {
        let mut body = asked.clone();
        body[member] = value;
        let problem = api.refused(Method::POST, "/policies/exceptions", body, 400, "invalid_request").await;
        assert!(problem["detail"].as_str().unwrap().contains(needle), "{member}: {problem}");
    }
    for member in ["client", "secret", "owner", "reason", "ends_at"] {
        api.refused(Method::POST, "/policies/exceptions", without(asked.clone(), &[member]), 400, "invalid_request").await;
    }
    for member in ["client", "secret"] {
        let mut body = asked.clone();
        body[member] = json!("nobody");
        api.refused(Method::POST, "/policies/exceptions", body, 404, "not_found").await;
    }
    assert_eq!(api.world.ledger_size(), size);
    let made = api.post("/policies/exceptions", asked.clone()).await;
    assert_eq!((&made["credential"], &made["ends_at"], &made["kind"]), (&secret, &json!(ends_at), &json!("client_secret")));
    assert_eq!(api.get("/clients/worker/secrets").await["items"][0]["expires_at"], json!(ends_at));
    api.refused(Method::POST, "/policies/exceptions", asked, 409, "conflict").await;
    assert_eq!(api.get("/policies/exceptions").await, json!({"items": [made]}));
    let path = format!("/policies/exceptions/{}", made["id"].as_str().unwrap());
    Api::expect(api.ask(Method::DELETE, &path, None).await, 204);
    api.refused(Method::DELETE, &path, json!({}), 404, "not_found").await;
}

#[tokio::test]
async fn policies_that_are_refused() {
    let api = Api::with_worker().await;
    let size = api.world.ledger_size();
    for (kind, body, status, needle) in [
        ("password", json!({"max_seconds": 1}), 404, "no such kind"),
        ("a%1b%E2%80%AE", json!({}), 404, "no such kind"),
        ("access_token", json!({"max_seconds": 86_401}), 400, "between 1s and 1d"),
        ("access_token", json!({"max_seconds": 0}), 400, "between 1s and"),
        ("access_token", json!({"max_seconds": i64::MIN}), 400, "between 1s and"),
        ("access_token", json!({"max_seconds": u64::MAX}), 400, "expected a whole number"),
        ("access_token", json!({"max_seconds": "1h"}), 400, "expected a whole number"),
        ("access_token", json!({"maximum": 5}), 400, "there is no member `maximum`"),
        ("access_token", json!({"api": ORDERS, "client": "worker", "max_seconds": 5}), 400, "not for both"),
        ("access_token", json!({"api": "https://none.example", "max_seconds": 5}), 404, "no API"),
        ("access_token", json!({"client": "\u{202e}", "max_seconds": 5}), 404, "no client"),
        ("client_secret", json!({"api": ORDERS, "max_seconds": 5}), 400, "set for: deployment, client"),
        ("client_secret", json!({"default_seconds": 9, "max_seconds": 5}), 400, "the default"),
        ("client_secret", json!({"dry_run": "yes"}), 400, "expected true or false"),
    ] {
        let (answered, problem) = api.ask(Method::PUT, &format!("/policies/{kind}"), Some(body.clone())).await;
        assert_eq!(answered.as_u16(), status, "{kind} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(needle), "{kind} {body}: {problem}");
    }
    for (query, status) in [("api=x", 404), ("client=x", 404), ("api=x&api=y", 400), ("level=api", 400), ("client=%ff", 400)] {
        let (answered, problem) = api.ask(Method::GET, &format!("/policies/access_token/explanation?{query}"), None).await;
        assert_eq!(answered.as_u16(), status, "{query}: {problem}");
    }
    api.refused(Method::GET, "/policies?after=x", json!({}), 400, "invalid_request").await;
    assert_eq!(api.world.ledger_size(), size);
}

#[tokio::test]
async fn keys_rotate_and_are_revoked() {
    let api = Api::new().await;
    let states = |keys: Value| -> Vec<String> {
        let items = keys["items"].as_array().unwrap().clone();
        items.iter().filter(|key| key["purpose"] == "token").map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(api.get("/signing-keys").await), ["next", "current"]);
    api.refused(Method::POST, "/signing-keys/rotate", json!({}), 409, "conflict").await;
    let rotated = api.post("/signing-keys/rotate", json!({"alg": "ES256", "force": true})).await;
    assert_eq!(states(api.get("/signing-keys").await), ["next", "current", "retired"]);
    let kid = rotated["current"].as_str().unwrap();
    Api::expect(api.ask(Method::DELETE, &format!("/signing-keys/{kid}"), None).await, 204);
    assert_eq!(states(api.get("/signing-keys").await), ["next", "current", "retired", "revoked"]);
    api.refused(Method::POST, "/signing-keys/rotate", json!({"alg": "none"}), 400, "invalid_request").await;
    api.refused(Method::DELETE, "/signing-keys/nobody", json!({}), 404, "not_found").await;
    assert!(!api.get("/signing-keys").await.to_string().contains("\"d\":"));
    assert_eq!(api.get("/root-key").await, json!({"current": 1, "epochs": [1], "root_file": "root.key"}));
    for _ in 0..3 {
        let (status, rotated) = api.ask_with(&[("idempotency-key", "k")], Method::POST, "/root-key/rotate", None).await;
        assert_eq!((status.as_u16(), rotated), (200, json!({"current": 2, "epochs": [1, 2], "root_file": "root.key"})));
    }
    api.refused(Method::POST, "/root-key/rotate", json!({"force": true}), 400, "invalid_request").await;
}

#[tokio::test]
async fn a_token_says_which_key_signed_it_and_dies_with_it() {
    // Right before a key's revocation, the next one may have signed; well before it, not.
    for (seconds_before, standing, says) in [(5, "active", "its text tells"), (6, "revoked", "was revoked")] {
        let api = Api::with_worker().await;
        let token = api.post("/tokens", json!({"client": "worker"})).await;
        let (path, kid) = (format!("/tokens/{}", token["id"].as_str().unwrap()), token["signing_key"].as_str().unwrap());
        assert_eq!((&token["remark"], &token["standing"]), (&Value::Null, &json!("active")));
        api.world.advance(seconds_before);
        Api::expect(api.ask(Method::DELETE, &format!("/signing-keys/{kid}"), None).await, 204);
        let shown = api.get(&path).await;
        let remark = shown["remark"].as_str().unwrap();
        assert_eq!(shown["standing"], standing, "{shown}");
        assert!(remark.contains(kid) && remark.contains(says), "{remark}");
        assert_eq!(shown["signing_key"].as_str().is_some(), standing == "revoked", "{shown}");
        let dry = api.post("/revocations", json!({"everything": true, "dry_run": true})).await;
        assert_eq!(dry["fell"]["access_tokens"], i32::from(standing == "active"));
    }
}

#[tokio::test]
async fn the_ledger_is_read_and_looked_over() {
    let api = Api::with_worker().await;
    let last = api.get("/audit/entries?last=1").await;
    let entry = &last["items"][0];
    assert_eq!((entry["kind"].as_str(), entry["data"]["actor"].as_str()), (Some("client_secret.created"), Some("unix:1000")));
    let size = last["size"].as_u64().unwrap();
    assert_eq!(last.get("next"), None);
    let first = api.get("/audit/entries?from=0&limit=2").await;
    assert_eq!(first["items"][0]["kind"].as_str(), Some("deployment.created"));
    let second = api.get(&format!("/audit/entries?from=0&limit=2&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((&second["items"][0]["sequence"], &second["items"][1]["sequence"]), (&json!(2), &json!(3)));
    let beyond = api.get(&format!("/audit/entries?from={size}")).await;
    assert_eq!((beyond["items"].as_array().unwrap().len(), beyond.get("next"), beyond["size"].as_u64()), (0, None, Some(size)));
    for query in ["from=x", "from=-1", "from=1&from=2", "last=1&from=2", "until=3"] {
        api.refused(Method::GET, &format!("/audit/entries?{query}"), json!({}), 400, "invalid_request").await;
    }
    api.refused(Method::GET, "/audit/checkpoint", json!({}), 404, "not_found").await;
    let service = api.world.service();
    service.sign_checkpoint(&service.moments().now()).await.unwrap();
    let checkpoint = api.get("/audit/checkpoint").await;
    assert!(checkpoint["note"].as_str().unwrap().starts_with("tokens.example\n"), "{checkpoint}");
    let lines = Api::expect(api.ask(Method::POST, "/audit/verify", None).await, 200);
    assert_eq!(
        lines,
        "{\"progress\":{\"done\":1,\"total\":2}}\n{\"report\":{\"entries\":2,\"root\":\"ab\",\"checkpoint_size\":1,\"findings\":[]}}\n"
    );
    let lines = Api::expect(api.ask(Method::POST, "/check", Some(json!({"full": true}))).await, 200);
    assert!(lines.as_str().unwrap_or(&lines.to_string()).contains("page 7"), "{lines}");
    let problem = Api::expect(api.ask(Method::POST, "/check", None).await, 200);
    assert_eq!(problem["problem"]["code"], "storage_failed");
    let statistics = api.get("/statistics").await;
    assert_eq!(
        (statistics["apis"].as_u64(), statistics["clients"].as_u64(), statistics["ledger_size"].as_u64()),
        (Some(1), Some(1), Some(size))
    );
}

#[tokio::test]
async fn only_the_owner_is_let_in() {
    let api = Api::new().await;
    let tcp = Peer::Tcp(([127, 0, 0, 1], 9).into());
    for (peer, status) in [
        (Some(Peer::Unix { uid: 1000, pid: None }), 200),
        (Some(Peer::Unix { uid: 0, pid: None }), 200),
        (Some(Peer::Unix { uid: 1001, pid: None }), 403),
        (Some(tcp), 401),
        (None, 401),
    ] {
        for path in ["/api/v1/apis", "/api/v1/nothing", "/nothing"] {
            let mut request = Request::get(path);
            if let Some(peer) = peer {
                request = request.extension(peer);
            }
            let (answered, text) = api.send(request.body(Body::empty()).unwrap()).await;
            let expected = if path.ends_with("nothing") { 404 } else { status };
            assert_eq!(answered.as_u16(), expected, "{peer:?} {path} {text}");
            assert!(expected != 403 || text.contains("\"forbidden\""), "{text}");
            assert!(expected != 401 || text.contains("\"unauthenticated\""), "{text}");
            assert!(expected != 404 || text.contains(&format!("\"the management API has no path {path}\"")), "{text}");
        }
    }
}

#[tokio::test]
async fn bad_requests_get_a_sentence_that_helps() {
    let api = Api::with_worker().await;
    let post = |path: &'static str, body: Value, status, code: &'static str| api.refused(Method::POST, path, body, status, code);
    for (path, body, needle) in [
        ("/apis", json!({}), "the member `audience` is missing"),
        ("/apis", json!({"audience": "no uri"}), "audience"),
        ("/apis", json!({"audience": "https://a.example", "scope": {}}), "there is no member `scope`"),
        ("/apis", json!({"audience": "https://a.example", "scopes": {"a b": ""}}), "scope"),
        ("/apis", json!({"audience": "https://a.example", "access_token_lifetime_seconds": -1}), "between 1 and 86400"),
        ("/apis", json!({"audience": "https://a.example", "access_token_lifetime_seconds": 1e3}), "expected a whole number"),
        ("/apis", json!({"audience": "https://a.example", "token_format": "saml"}), "`jwt` or `opaque`"),
        ("/apis", json!({"audience": "https://a.example", "signing_alg": "HS256"}), "signing algorithm"),
        ("/clients", json!({"name": ""}), "1 to 100"),
        ("/clients", json!({"name": "x", "grant_types": ["password"]}), "client_credentials"),
        ("/clients", json!({"name": "x", "jwks": {"keys": []}}), "no JWK Set"),
        ("/clients", json!({"name": "x", "token_endpoint_auth_method": "private_key_jwt"}), "public keys"),
        ("/clients", json!({"name": "x", "audiences": [ORDERS], "scope": "admin"}), "`admin` is no scope"),
        ("/clients/worker/secrets", json!({"expires_in_seconds": 0}), "between 1 second"),
        ("/clients/worker/secrets", json!({"overlap_seconds": 99_999_999_999_i64}), "overlap"),
        ("/revocations", json!({}), "names nothing"),
        ("/revocations", json!({"everything": true, "client": "worker"}), "more than one"),
        ("/tokens/x/suspend", json!({}), "hexadecimal"),
        ("/signing-keys/rotate", json!({"force": "yes"}), "expected true or false"),
    ] {
        let problem = post(path, body, 400, "invalid_request").await;
        assert!(problem["detail"].as_str().unwrap().contains(needle), "{path}: {problem}");
    }
    post("/tokens", json!({"client": "worker", "scope": "admin"}), 400, "invalid_scope").await;
    post("/tokens", json!({"client": "worker", "scope": "a\"b"}), 400, "invalid_scope").await;
    post("/tokens", json!({"client": "worker", "resource": "https://other.example"}), 400, "invalid_target").await;
    post("/tokens", json!({"client": "nobody"}), 404, "not_found").await;
    let taken = post("/clients", json!({"name": "worker"}), 409, "conflict").await;
    assert!(taken["hint"].as_str().unwrap().contains("choose another name"), "{taken}");
    api.post("/clients", json!({"name": "other"})).await;
    let renamed = api.refused(Method::PATCH, "/clients/other", json!({"name": "worker"}), 409, "conflict").await;
    assert!(renamed["hint"].as_str().unwrap().contains("choose another name"), "{renamed}");
    let taken = post("/apis", json!({"audience": ORDERS}), 409, "conflict").await;
    assert!(taken["hint"].as_str().unwrap().contains("jeton api update"), "{taken}");
    post("/clients", json!({"name": "x", "audiences": ["https://none.example"]}), 404, "not_found").await;
    api.refused(Method::GET, "/tokens/00000000000000000000000000000000", json!({}), 404, "not_found").await;
    api.refused(Method::GET, "/apis/%ff", json!({}), 404, "not_found").await;
    api.refused(Method::GET, "/nothing", json!({}), 404, "no_such_path").await;
    api.refused(Method::PUT, "/apis", json!({}), 405, "no_such_method").await;
    assert_eq!(api.get("/apis").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.get("/clients").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn bodies_are_strict_and_bounded() {
    let api = Api::new().await;
    let long = format!("{{\"audience\":\"{}\"}}", "a".repeat(70_000));
    let deep = format!("{{\"audience\":{}{}}}", "[".repeat(50), "]".repeat(50));
    for (content_type, body, status, code) in [
        (Some("application/json"), r#"{"audience":"a:b","audience":"a:c"}"#, 400, "invalid_request"),
        (Some("application/json"), "{", 400, "invalid_request"),
        (Some("application/json"), "[]", 400, "invalid_request"),
        (Some("application/json"), &deep, 400, "invalid_request"),
        (Some("application/json"), &long, 413, "too_large"),
        (Some("text/plain"), "{}", 415, "wrong_content_type"),
        (None, "{}", 415, "wrong_content_type"),
    ] {
        let mut request = Request::post("/api/v1/apis").extension(Peer::Unix { uid: 0, pid: None });
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let (answered, text) = api.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(answered.as_u16(), status, "{text}");
        assert!(text.contains(&format!("\"code\":\"{code}\"")), "{text}");
    }
}

/// Paths with their parameters' names left out: a page may call them otherwise.
fn request(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    format!("{method} {}", parts.join("/"))
}

#[test]
fn every_request_is_documented_and_no_other() {
    let page = include_str!("../../../docs/reference/management-api.md");
    let documented = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')?.0.split_once(" /api/v1"));
    let documented: BTreeSet<String> = documented.map(|(method, path)| request(method, path)).collect();
    let served = ROUTES.iter().copied().flatten().filter(|row| row.path.starts_with('/'));
    let served: BTreeSet<String> = served.map(|row| request(row.method.name(), row.path)).collect();
    assert_eq!(documented.symmetric_difference(&served).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn a_person_from_beginning_to_end() {
    let api = Api::new().await;
    let created = api.post("/users", json!({"username": "Ada", "name": "Ada Example", "email": "ada@example.com"})).await;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(
        without(created, &["id", "created_at", "updated_at"]),
        json!({"username": "ada", "name": "Ada Example", "email": "ada@example.com", "state": "active", "groups": [], "roles": []})
    );
    for name in [id.as_str(), "ada", "ADA"] {
        assert_eq!(api.get(&format!("/users/{name}")).await["id"], id.as_str());
    }
    let updated = Api::expect(api.ask(Method::PATCH, "/users/ada", Some(json!({"email": "", "username": "ada.l"}))).await, 200);
    assert_eq!((&updated["username"], updated.get("email")), (&json!("ada.l"), None));
    api.refused(Method::POST, "/users", json!({"username": "ADA.L"}), 409, "conflict").await;
    for body in [
        json!({"username": "a b"}),
        json!({"username": "eve", "name": "\u{202e}eve"}),
        json!({"username": "eve", "password": "x"}),
        json!({}),
    ] {
        api.refused(Method::POST, "/users", body, 400, "invalid_request").await;
    }
    let disabled = api.post("/users/ada.l/disable", json!({})).await;
    assert_eq!((&disabled["state"], &disabled["disabled_by"]), (&json!("disabled"), &json!("unix:1000")));
    assert!(disabled["disabled_at"].is_string());
    let kinds: Vec<Value> =
        api.get("/audit/entries?last=2").await["items"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds, ["user.disabled", "tokens.cut_off"]);
    let enabled = api.post("/users/ada.l/enable", json!({})).await;
    assert_eq!((&enabled["state"], enabled.get("disabled_at")), (&json!("active"), None));
    api.refused(Method::POST, "/users/ada.l/disable", json!({"dry_run": true}), 400, "invalid_request").await;
    let revoked = api.post("/revocations", json!({"user": "ada.l"})).await;
    assert_eq!(revoked["fell"]["access_tokens"], 0);
    for (method, path) in [(Method::PATCH, "/users/ada"), (Method::POST, "/users/eve/disable"), (Method::POST, "/users/eve/enable")] {
        let problem = api.refused(method, path, json!({}), 404, "not_found").await;
        assert!(problem["hint"].as_str().unwrap().contains("jeton user list"));
    }
}

#[tokio::test]
async fn lists_of_people_come_page_by_page() {
    let api = Api::new().await;
    for name in ["eve", "ada", "bob"] {
        api.post("/users", json!({"username": name})).await;
        api.post("/groups", json!({"name": name})).await;
    }
    for (list, member) in [("/users", "username"), ("/groups", "name")] {
        let page = api.get(&format!("{list}?limit=2")).await;
        assert_eq!((&page["items"][0][member], &page["items"][1][member]), (&json!("ada"), &json!("bob")));
        let last = api.get(&format!("{list}?cursor={}", page["next"].as_str().unwrap())).await;
        assert_eq!((&last["items"][0][member], last["items"].as_array().unwrap().len(), last.get("next")), (&json!("eve"), 1, None));
        api.refused(Method::GET, &format!("{list}?page=2"), json!({}), 400, "invalid_request").await;
    }
}

#[tokio::test]
async fn groups_and_roles_say_what_somebody_may_do() {
    let api = Api::with_worker().await;
    let ada = api.post("/users", json!({"username": "ada"})).await["id"].clone();
    let group = api.post("/groups", json!({"name": "Billing & more", "description": "Who bills"})).await;
    assert_eq!((&group["members"], &group["description"]), (&json!(0), &json!("Who bills")));
    let role = api.post("/roles", json!({"audience": ORDERS, "name": "clerk", "scope": "read write"})).await;
    assert_eq!((&role["audience"], &role["scope"], role.get("description")), (&json!(ORDERS), &json!("read write"), None));
    let id = role["id"].as_str().unwrap();
    let put = async |path: &str| Api::expect(api.ask(Method::PUT, path, None).await, 204);
    let delete = async |path: &str| Api::expect(api.ask(Method::DELETE, path, None).await, 204);
    for _ in 0..2 {
        put("/groups/Billing%20%26%20more/members/ada").await;
        put(&format!("/roles/{id}/assignments/group:Billing%20%26%20more")).await;
        put("/roles/clerk/assignments/user:ada").await;
    }
    let members = api.get("/groups/Billing%20%26%20more/members").await;
    assert_eq!((&members["items"][0]["id"], &members["items"][0]["username"]), (&ada, &json!("ada")));
    let held = api.get("/roles/clerk/assignments").await;
    let names: Vec<&Value> = held["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["Billing & more", "ada"]);
    let shown = api.get("/users/ada").await;
    assert_eq!(shown["groups"][0]["name"], "Billing & more");
    assert_eq!((shown["roles"][0].get("group"), &shown["roles"][1]["group"]), (None, &json!("Billing & more")));
    let narrow = Api::expect(api.ask(Method::PATCH, "/roles/clerk", Some(json!({"scope": "read"}))).await, 200);
    assert_eq!(narrow["scope"], "read");
    let last = api.get("/audit/entries?last=1").await;
    assert_eq!((&last["items"][0]["kind"], &last["items"][0]["data"]["scopes"]), (&json!("role.narrowed"), &json!("write")));
    delete("/roles/clerk/assignments/user:ada").await;
    delete("/groups/Billing%20%26%20more/members/ada").await;
    let shown = api.get("/users/ada").await;
    assert_eq!((&shown["groups"], &shown["roles"]), (&json!([]), &json!([])));
    for subject in ["ada", "client:worker", "user", ""] {
        let status = if subject.is_empty() { 404 } else { 400 };
        let code = if subject.is_empty() { "no_such_path" } else { "invalid_request" };
        api.refused(Method::PUT, &format!("/roles/clerk/assignments/{subject}"), json!({}), status, code).await;
    }
    for path in ["/roles/clerk/assignments/user:eve", "/roles/eve/assignments/user:ada", "/groups/eve/members/ada"] {
        api.refused(Method::PUT, path, json!({}), 404, "not_found").await;
    }
    api.refused(Method::POST, "/roles", json!({"audience": ORDERS, "name": "boss", "scope": "admin"}), 400, "invalid_request").await;
    api.refused(Method::POST, "/roles", json!({"audience": ORDERS, "name": "clerk", "scope": "read"}), 409, "conflict").await;
    delete("/groups/Billing%20%26%20more").await;
    delete("/roles/clerk").await;
    api.refused(Method::GET, "/roles/clerk", json!({}), 404, "not_found").await;
    let left = api.get("/roles").await;
    let built_in: Vec<_> = left["items"].as_array().unwrap().iter().map(|role| (&role["name"], &role["built_in"])).collect();
    let names = ["auditor", "developer", "operator", "owner"].map(Value::from);
    assert_eq!(built_in, names.iter().map(|name| (name, &Value::Bool(true))).collect::<Vec<_>>());
}

#[tokio::test]
async fn usage_is_told_by_subject_and_time() {
    let api = Api::with_worker().await;
    assert!(api.get("/clients/worker").await.get("last_used_at").is_none());
    api.post("/tokens", json!({"client": "worker"})).await;
    api.world.service().flush_usage().await.unwrap();
    let minute = rfc3339::format(api.world.now() / 60 * 60);
    let usage = api.get("/usage?subject=client%3Aworker&resolution=minute").await;
    let item = json!({"start": minute, "audience": ORDERS, "outcome": "issued", "count": 1});
    assert_eq!((&usage["items"], &usage["last_used_at"]), (&json!([item]), &json!(minute)));
    assert_eq!(usage["subject"], format!("client:{}", api.get("/clients/worker").await["client_id"].as_str().unwrap()));
    for path in ["/clients/worker", "/clients"] {
        let shown = api.get(path).await;
        assert_eq!(*shown.pointer("/items/0").unwrap_or(&shown).get("last_used_at").unwrap(), minute);
    }
    let at = api.world.now();
    let earlier = api.get(&format!("/usage?resolution=day&from={}&until={}", at - 90_000, at - 86_400)).await;
    assert_eq!(earlier["items"], json!([]));
    let audience = api.get("/usage?subject=api%3Ahttps%3A%2F%2Forders.example").await;
    assert_eq!(audience["items"][0]["count"], 1);
    for (query, words) in [
        ("subject=worker", "no subject"),
        ("resolution=week", "no such resolution"),
        ("from=tomorrow", "`from` is no time"),
        ("from=2027-01-15T09:00:00Z&until=2027-01-15T09:00:00Z", "not after"),
        ("resolution=minute&from=0", "more than 1500"),
        ("until=99999999999999", "`until` is no time"),
    ] {
        let problem = api.refused(Method::GET, &format!("/usage?{query}"), json!({}), 400, "invalid_request").await;
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    api.refused(Method::GET, "/usage?subject=client%3Anobody", json!({}), 404, "not_found").await;
    let gone = api.get("/usage?subject=client%3Aclient_gone").await;
    assert_eq!(gone["items"], json!([]), "what is gone is still told of by its id");
}
