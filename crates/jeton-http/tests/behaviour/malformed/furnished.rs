//! A world with one of each thing, and requests to it of any bytes.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use jeton_http::api::{self, Place, Route, rfc3339};
use jeton_http::edge::Peer;
use jeton_testkit::world::manage::claims_of;
use jeton_testkit::world::people::asking;
use jeton_testkit::world::registered::Registered;
use jeton_testkit::{Answer, World};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::right::{By, Right};

pub(super) const ORDERS: &str = "https://orders.example";
const DAY: i64 = 86_400;

/// A world with one of each thing.
pub(super) struct Furnished {
    pub(super) world: World,
    router: Router,
    pub(super) worker: Registered,
    /// A client that proves itself in the body.
    pub(super) poster: Registered,
    /// The text of the key, and of a token.
    pub(super) key: String,
    pub(super) token: String,
    /// What stands for the names in paths.
    names: BTreeMap<&'static str, String>,
}

impl Furnished {
    pub(super) async fn new() -> Furnished {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let worker = world.client_with("worker", &[&orders], |request| request.scopes = Some("orders:read orders:write".into())).await;
        let poster = world.client_with("poster", &[&orders], |request| request.authentication = Some("client_secret_post".into())).await;
        let done =
            async |method: Method, path: &str, body: Value| world.done(method, path, Some(body).filter(|body| !body.is_null())).await;
        let user = done(Method::POST, "/users", json!({"username": "ada"})).await;
        let group = done(Method::POST, "/groups", json!({"name": "billing"})).await;
        let scope = "orders:read orders:write";
        let role = done(Method::POST, "/roles", json!({"audience": ORDERS, "name": "clerk", "scope": scope})).await;
        let provider = json!({"name": "corp", "issuer": "https://corp.example", "client_id": "jeton", "client_secret": "s3cret"});
        done(Method::POST, "/providers", provider).await;
        let first = done(Method::GET, "/clients/worker/secrets", Value::Null).await["items"][0]["id"].clone();
        let more = json!({"scope": scope, "expires_in_seconds": 30 * DAY});
        let key = world.make_key(&format!("client:{}", worker.id), ORDERS, more).await;
        let other = world.make_key("external:acme", ORDERS, Value::Null).await;
        let exception = json!({"key": other["id"], "owner": "Ada", "reason": "why", "ends_at": world.now() + 390 * DAY});
        let exception = done(Method::POST, "/policies/exceptions", exception).await;
        let signing = done(Method::GET, "/signing-keys", Value::Null).await["items"][0]["kid"].clone();
        let token = world.token(&worker).await;
        let kiosk = world.application("kiosk", &[&orders]).await;
        world.person("grace").await;
        world.allow("grace", &orders, "orders:read").await;
        let code = world.code_for("grace", &asking(&kiosk, "kiosk", &[("scope", "openid orders:read")])).await;
        world.exchange(&kiosk, &code).await;
        let first_of = async |path: &str| done(Method::GET, path, Value::Null).await["items"][0]["id"].clone();
        let (session, grant) = (first_of("/sessions").await, first_of("/grants").await);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let names = BTreeMap::from([
            ("api", orders.id.to_string()),
            ("client", "worker".to_owned()),
            ("secret", text(&first)),
            ("key", text(&key["id"])),
            ("signing key", text(&signing)),
            ("token", text(&claims_of(&token)["jti"])),
            ("user", text(&user["id"])),
            ("session", text(&session)),
            ("grant", text(&grant)),
            ("group", text(&group["id"])),
            ("provider", "corp".to_owned()),
            ("role", text(&role["id"])),
            ("subject", "user:ada".to_owned()),
            ("exception", text(&exception["id"])),
            ("kind", "client_secret".to_owned()),
        ]);
        let router = api::routes(world.management(), Place::Socket);
        Furnished { router, worker, poster, key: text(&key["key"]), token, names, world }
    }

    /// What stands for a name in a path.
    pub(super) fn name(&self, name: &str) -> &str {
        self.names.get(name).unwrap_or_else(|| panic!("say in malformed/furnished.rs what stands for {{{name}}} in a path"))
    }

    /// A time in so many days.
    pub(super) fn day(&self, days: i64) -> String {
        rfc3339::format(self.world.now() + days * DAY)
    }

    /// A part of a row's path, with what stands for a name.
    pub(super) fn filled(&self, row: &Route, part: &str) -> String {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some("key") if row.path.starts_with("/signing-keys") => self.name("signing key").to_owned(),
            Some(name) => self.name(name).to_owned(),
            None => part.to_owned(),
        }
    }

    /// The path of a row.
    pub(super) fn path_of(&self, row: &Route) -> String {
        row.path.split('/').map(|part| self.filled(row, part)).collect::<Vec<_>>().join("/")
    }

    /// How large the ledger is, and how many commits there were.
    pub(super) fn written(&self) -> (u64, u64) {
        (self.world.ledger_size(), self.world.commits())
    }

    pub(super) async fn send_right(&self, right: &Right, content_type: &str, body: Vec<u8>) -> Answer {
        let path = right.path.clone().unwrap_or_else(|| self.path_of(right.row));
        self.send(right.by, right.row.method.name().parse().unwrap(), &path, content_type, body).await
    }

    /// Sends any bytes; `path` goes on after `/api/v1`, but for what stands beside it.
    pub(super) async fn send(&self, by: By, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let path = if path.starts_with("/metrics") { path.to_owned() } else { format!("/api/v1{path}") };
        // What is no URI at all never gets as far as a router.
        let mut request = Request::builder().method(method).uri(path);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        request = match by {
            By::Socket => request.extension(Peer::Unix { uid: 1000, pid: None }),
            By::Client => request.header("authorization", self.worker.basic()),
            By::Key => request.header("authorization", format!("Bearer {}", self.key)),
            By::ClientInBody => request,
        };
        let request = request.body(Body::from(body)).unwrap();
        if by != By::Socket {
            return self.world.send(request).await;
        }
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }
}
