//! A small authority with a directory (RFC 8555): it checks nonces and signatures, fetches the challenge, and signs what was asked for.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use jeton_jose::base64url;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

const TOKEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

/// The authority, which answers until the test ends.
#[derive(Clone)]
pub(crate) struct Directory {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    /// Where the challenge is fetched: port 80 of the name, for a real one.
    responder: u16,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    root_pem: String,
    config: Arc<ServerConfig>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    nonces: HashSet<String>,
    drawn: u32,
    accounts: Vec<Account>,
    order: &'static str,
    challenge_error: Option<String>,
    name: String,
    certificate: String,
    /// How many were issued.
    issued: usize,
    /// From which year to which the next one holds.
    years: (i32, i32),
    is_away: bool,
    contacts: Vec<Value>,
}

struct Account {
    point: Vec<u8>,
    thumbprint: String,
}

struct Asked {
    method: String,
    path: String,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    location: Option<String>,
    body: String,
}

impl Directory {
    /// Begins to answer on a free port. `responder` is where challenges are fetched.
    pub(crate) fn start(responder: u16) -> Directory {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own_key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
        let config = builder.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State { years: (2020, 4096), ..State::default() };
        let shared = Shared {
            address: listener.local_addr().unwrap(),
            responder,
            issuer,
            root: root.der().clone(),
            root_pem: root.pem(),
            config: Arc::new(config),
            state: Mutex::new(state),
        };
        let directory = Directory { shared: Arc::new(shared) };
        let serving = directory.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who breaks off has its reasons: the test says what it expects of the server.
                let _ = serving.serve(stream);
            }
        });
        directory
    }

    pub(crate) fn url(&self) -> String {
        self.at("directory")
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.shared.root.clone()
    }

    pub(crate) fn root_pem(&self) -> &str {
        &self.shared.root_pem
    }

    /// The next certificate holds for these years.
    pub(crate) fn issue_for(&self, from: i32, until: i32) {
        self.state().years = (from, until);
    }

    /// Connections break off, or no longer.
    pub(crate) fn go_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    pub(crate) fn issued(&self) -> usize {
        self.state().issued
    }

    pub(crate) fn accounts(&self) -> usize {
        self.state().accounts.len()
    }

    pub(crate) fn contacts(&self) -> Vec<Value> {
        self.state().contacts.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    fn at(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.shared.address.port())
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.state().is_away {
            return Ok(());
        }
        let session = ServerConnection::new(self.shared.config.clone()).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        let asked = read(&mut stream)?;
        let answer = self.answer(&asked);
        let nonce = {
            let mut state = self.state();
            state.drawn += 1;
            let nonce = format!("nonce-{}", state.drawn);
            state.nonces.insert(nonce.clone());
            nonce
        };
        let location = answer.location.map(|location| format!("Location: {location}\r\n")).unwrap_or_default();
        let length = answer.body.len();
        let head = format!(
            "HTTP/1.1 {}\r\nReplay-Nonce: {nonce}\r\n{location}Content-Length: {length}\r\nConnection: close\r\n\r\n",
            answer.status
        );
        let body = if asked.method == "HEAD" { "" } else { &answer.body };
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        stream.conn.send_close_notify();
        stream.flush()
    }

    fn answer(&self, asked: &Asked) -> Answer {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/directory") => {
                ok(&json!({ "newNonce": self.at("nonce"), "newAccount": self.at("account"), "newOrder": self.at("order") }))
            }
            ("HEAD", "/nonce") => Answer { status: "200 OK", location: None, body: String::new() },
            ("POST", path) => match self.verified(&asked.body, path) {
                Ok(payload) => self.act(path, &payload),
                Err(problem) => refused("malformed", problem),
            },
            _ => refused("malformed", "there is nothing here"),
        }
    }

    fn act(&self, path: &str, payload: &Value) -> Answer {
        match path {
            "/account" => {
                self.state().contacts.extend(payload["contact"].as_array().into_iter().flatten().cloned());
                Answer { status: "201 Created", location: Some(self.at("account/1")), body: json!({ "status": "valid" }).to_string() }
            }
            "/order" => {
                let name = payload["identifiers"][0]["value"].as_str().unwrap().to_owned();
                let mut state = self.state();
                (state.order, state.name, state.challenge_error) = ("pending", name, None);
                drop(state);
                Answer { status: "201 Created", location: Some(self.at("order/1")), ..ok(&self.order()) }
            }
            "/order/1" => ok(&self.order()),
            "/authorization" => {
                let state = self.state();
                let status = if state.challenge_error.is_some() { "invalid" } else { "pending" };
                ok(&json!({
                    "status": status, "identifier": { "type": "dns", "value": state.name },
                    "challenges": [challenge(&state, &self.at("challenge"))],
                }))
            }
            "/challenge" => {
                self.fetch();
                ok(&challenge(&self.state(), &self.at("challenge")))
            }
            "/finalize" => {
                self.sign(&base64url::decode(payload["csr"].as_str().unwrap()).unwrap());
                ok(&self.order())
            }
            "/certificate" => Answer { status: "200 OK", location: None, body: self.state().certificate.clone() },
            _ => refused("malformed", "there is nothing here"),
        }
    }

    fn order(&self) -> Value {
        let state = self.state();
        json!({
            "status": state.order, "identifiers": [{ "type": "dns", "value": state.name }], "authorizations": [self.at("authorization")],
            "finalize": self.at("finalize"), "certificate": (state.order == "valid").then(|| self.at("certificate")),
        })
    }

    /// Fetches the challenge over plain HTTP, as from the port 80 of the name.
    fn fetch(&self) {
        let got = get(self.shared.responder, &format!("/.well-known/acme-challenge/{TOKEN}"));
        let mut state = self.state();
        let expected = format!("{TOKEN}.{}", state.accounts.last().unwrap().thumbprint);
        match got {
            Some((200, body)) if body == expected => state.order = "ready",
            other => {
                state.order = "invalid";
                state.challenge_error = Some(format!("it answered {other:?}"));
            }
        }
    }

    /// Signs for the key of the request, and for the name that was proven.
    fn sign(&self, request: &[u8]) {
        let mut state = self.state();
        assert_eq!(state.order, "ready");
        let mut params = CertificateParams::new(vec![state.name.clone()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(state.years.0, 1, 1), date_time_ymd(state.years.1, 1, 1));
        let signed = params.signed_by(&Point::of_request(request), &self.shared.issuer).unwrap();
        state.certificate = format!("{}{}", signed.pem(), self.shared.root_pem);
        state.order = "valid";
        state.issued += 1;
    }

    /// What a signed request says (RFC 8555 section 6.2): each nonce counts once, and the account's key signed for this URL.
    fn verified(&self, body: &[u8], path: &str) -> Result<Value, &'static str> {
        let signed: Value = serde_json::from_slice(body).map_err(|_| "no JSON")?;
        let text = |name: &str| signed[name].as_str().unwrap_or_default().to_owned();
        let header: Value =
            serde_json::from_slice(&base64url::decode(&text("protected")).map_err(|_| "no header")?).map_err(|_| "no header")?;
        let mut state = self.state();
        if !state.nonces.remove(header["nonce"].as_str().unwrap_or_default()) {
            return Err("no nonce of mine");
        }
        if header["url"] != json!(self.at(path.trim_start_matches('/'))) || header["alg"] != "ES256" {
            return Err("signed for something else");
        }
        if let Some(key) = header.get("jwk") {
            state.accounts.push(Account::of(key));
        }
        let account = state.accounts.last().ok_or("no account")?;
        let message = format!("{}.{}", text("protected"), text("payload"));
        let signature = base64url::decode(&text("signature")).map_err(|_| "no signature")?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &account.point);
        key.verify(message.as_bytes(), &signature).map_err(|_| "not signed by the account")?;
        let payload = base64url::decode(&text("payload")).map_err(|_| "no payload")?;
        Ok(if payload.is_empty() { Value::Null } else { serde_json::from_slice(&payload).map_err(|_| "no payload")? })
    }
}

impl Account {
    fn of(key: &Value) -> Account {
        let (x, y) = (key["x"].as_str().unwrap(), key["y"].as_str().unwrap());
        let point = [vec![4], base64url::decode(x).unwrap().to_vec(), base64url::decode(y).unwrap().to_vec()].concat();
        // RFC 7638: the members in this order, and nothing else.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Account { point, thumbprint: base64url::encode(digest(&SHA256, canonical.as_bytes()).as_ref()) }
    }
}

/// The public key of a request for a certificate.
struct Point(Vec<u8>);

impl Point {
    fn of_request(request: &[u8]) -> Point {
        // The public key is the one bit string of 66 bytes that begins with an uncompressed point.
        let mark = [0x03, 0x42, 0x00, 0x04];
        let place = request.windows(4).position(|window| window == mark).unwrap() + 3;
        Point(request.get(place..place + 65).unwrap().to_vec())
    }
}

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn challenge(state: &State, url: &str) -> Value {
    let status = if state.challenge_error.is_some() { "invalid" } else { "pending" };
    let error = state.challenge_error.as_ref().map(|detail| json!({ "type": "urn:ietf:params:acme:error:unauthorized", "detail": detail }));
    let mut challenge = json!({ "type": "http-01", "url": url, "token": TOKEN, "status": status });
    if let Some(error) = error {
        challenge["error"] = error;
    }
    challenge
}

fn ok(body: &Value) -> Answer {
    Answer { status: "200 OK", location: None, body: body.to_string() }
}

fn refused(kind: &str, detail: &str) -> Answer {
    let body = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail });
    Answer { status: "400 Bad Request", location: None, body: body.to_string() }
}

fn read(stream: &mut impl std::io::Read) -> std::io::Result<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).to_string();
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let length = head.to_ascii_lowercase().split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Asked { method, path, body })
}

/// Asks this machine over plain HTTP: the status and the body; `None` where nobody answers.
pub(crate) fn get(port: u16, target: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
