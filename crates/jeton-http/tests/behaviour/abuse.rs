//! Twenty thousand malformed requests from a printed seed: never a 5xx, never a panic, no markup given back, every error in its form.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use jeton_testkit::{Answer, Registered, World};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::errors::check_form;

const REQUESTS: usize = 20_000;
const PATHS: [&str; 22] = [
    "/oauth/token",
    "/oauth/token",
    "/oauth/token",
    "/oauth/token",
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/token?grant_type=client_credentials",
    "/oauth/token/",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/api/v1/revocations/feed",
    "/api/v1/revocations/feed?audience=%3Cb%3E",
    "/livez",
    "/%2e%2e/%00",
    "/<script>",
    "//",
];
const METHODS: [&str; 12] = ["POST", "POST", "POST", "POST", "POST", "POST", "GET", "GET", "PUT", "OPTIONS", "HEAD", "X-<B>"];
const NAMES: [&str; 16] = [
    "grant_type",
    "scope",
    "resource",
    "token",
    "token_type_hint",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "audience",
    "<script>",
    "grant_type[]",
    "",
    "%",
    "\u{0}",
    "é",
];
const VALUES: [&str; 24] = [
    "client_credentials",
    "password",
    "orders:read",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "https://orders.example",
    "https://<b>",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    "a.b.c",
    "..",
    "{}",
    "[[[[[[[[",
    "-1",
    "99999999999999999999",
    "1e309",
    "NaN",
    "null",
    "' OR 1=1 --",
    "../../etc/passwd",
    "%00",
    "%ff%fe",
    "%",
    "\r\nSet-Cookie: a=b",
];
const HEADERS: [&str; 12] = [
    "authorization",
    "content-type",
    "content-length",
    "host",
    "last-event-id",
    "if-none-match",
    "accept",
    "x-forwarded-for",
    "transfer-encoding",
    "expect",
    "cookie",
    "origin",
];

/// Chance that repeats itself.
struct Chance(ChaCha12Rng);

impl Chance {
    fn below(&mut self, count: usize) -> usize {
        self.0.next_u32() as usize % count
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(most) + 1];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    fn form(&mut self, real: &[String]) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..self.below(7) {
            let value = if self.one_in(3) { real[self.below(real.len())].clone() } else { self.of(&VALUES).to_owned() };
            let (name, value) = match self.below(3) {
                0 => (self.of(&NAMES).to_owned(), value),
                1 => (jeton_oauth::form::encode_value(self.of(&NAMES)), jeton_oauth::form::encode_value(&value)),
                _ => (self.of(&NAMES[..10]).to_owned(), jeton_oauth::form::encode_value(&value)),
            };
            body.extend_from_slice(format!("{name}={value}&").as_bytes());
        }
        match self.below(12) {
            0 => self.bytes(200),
            1 => {
                let place = self.below(body.len() + 1);
                let noise = self.bytes(4);
                body.splice(place..place, noise);
                body
            }
            2 => {
                body.truncate(self.below(body.len() + 1));
                body
            }
            3 if self.one_in(8) => body.repeat(self.below(2_000)),
            _ => body,
        }
    }

    fn header(&mut self, real: &[String]) -> Vec<u8> {
        match self.below(5) {
            0 => self.bytes(60),
            1 => real[self.below(real.len())].clone().into_bytes(),
            2 => format!("Basic {}", self.of(&VALUES)).into_bytes(),
            3 => self.of(&["application/x-www-form-urlencoded", "application/json", "text/html", "Bearer x", "0", "*", ""]).into(),
            _ => self.of(&VALUES).into(),
        }
    }

    fn request(&mut self, real: &[String], basic: &str) -> Request<Body> {
        let path = if self.one_in(20) { format!("/{}", String::from_utf8_lossy(&self.bytes(30))) } else { self.of(&PATHS).to_owned() };
        let mut request = Request::new(Body::from(self.form(real)));
        *request.uri_mut() = path.parse::<Uri>().unwrap_or_else(|_| Uri::from_static("/oauth/token"));
        *request.method_mut() = Method::from_bytes(self.of(&METHODS).as_bytes()).unwrap_or(Method::POST);
        let headers = request.headers_mut();
        if !self.one_in(6) {
            headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        if self.one_in(2) {
            headers.insert("authorization", HeaderValue::from_str(basic).unwrap());
        }
        for _ in 0..self.below(3) {
            let name = HeaderName::from_static(HEADERS[self.below(HEADERS.len())]);
            if let Ok(value) = HeaderValue::from_bytes(&self.header(real)) {
                headers.append(name, value);
            }
        }
        request
    }
}

#[tokio::test]
async fn malformed_requests_get_answers() {
    let seed = std::env::var_os("JETON_ABUSE_SEED").and_then(|seed| seed.to_str()?.parse().ok()).unwrap_or(20_270_115);
    println!("abuse: {REQUESTS} requests, JETON_ABUSE_SEED={seed}");
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let worker = world.client("worker", &[&orders]).await;
    let picker = world.client("picker", &[&stock]).await;
    let signing = world.signing_client("signing", &[&orders], jeton_jose::Algorithm::Es256).await;
    let real = material(&world, &[&worker, &picker, &signing]).await;
    let mut chance = Chance(ChaCha12Rng::seed_from_u64(seed));
    let mut counts = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..REQUESTS {
        let request = chance.request(&real, &worker.basic());
        let is_feed = request.uri().path().ends_with("/feed");
        let told = format!("{number}: {} {} {:?}", request.method(), request.uri(), request.headers());
        let is_oauth = matches!(request.uri().path(), "/oauth/token" | "/oauth/introspect" | "/oauth/revoke");
        let is_head = request.method() == Method::HEAD;
        // A stream has no end: only its head is looked at.
        let answer = if is_feed { world.send_for_head(request).await } else { world.send(request).await };
        *counts.entry(answer.status).or_default() += 1;
        judge(&answer, is_oauth && !is_head, &told);
    }
    println!("abuse: {counts:?}");
    assert!(counts.keys().all(|status| [200, 304, 400, 401, 404, 405, 410, 413].contains(status)), "{counts:?}");
    assert_eq!(world.get("/readyz").await.status, 200);
    assert!(world.is_active(&worker, &world.token(&worker).await).await);
}

#[track_caller]
fn judge(answer: &Answer, is_oauth: bool, told: &str) {
    assert!(answer.status < 500, "{told}: {}", answer.shown());
    let text = answer.text();
    for markup in ["<script", "<img", "<b>", "onerror", "Set-Cookie", "passwd"] {
        assert!(!text.contains(markup), "{told}: {text}");
        assert!(!format!("{:?}", answer.headers).contains(markup), "{told}: {:?}", answer.headers);
    }
    if is_oauth && answer.status >= 400 {
        check_form(answer);
    }
}

/// Genuine ids, secrets and tokens, so that some requests come far.
async fn material(world: &World, clients: &[&Registered]) -> Vec<String> {
    let mut real = vec![];
    for client in clients {
        real.extend([client.id.clone(), client.basic()]);
        if client.key.is_none() {
            let token = world.token(client).await;
            real.extend([client.secret.clone(), token[..token.len() - 3].to_owned(), token]);
        }
    }
    real
}
