//! A running Jeton with an API per token format, a client that may use and introspect them all, and live tokens.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jeton_core::id::{ApiId, ClientId};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::failure::Failure;
use crate::fill::{self, Content, Owner};
use crate::http::{Template, basic_authorization, exchange};
use crate::jeton::Jeton;
use crate::load::{self, Shape};
use crate::process;
use crate::tokens::Tokens;
use crate::traffic::Same;

/// The formats that are issued: the API's name and how it is made.
const FORMATS: [(&str, &[&str]); 3] = [
    (OPAQUE, &["--token-format", "opaque", "--access-token-lifetime", "24h"]),
    ("es256", &["--token-format", "jwt", "--signing-alg", "ES256", "--access-token-lifetime", "24h"]),
    ("eddsa", &["--token-format", "jwt", "--signing-alg", "EdDSA", "--access-token-lifetime", "24h"]),
];

const OPAQUE: &str = "opaque";

/// A running Jeton that can be measured.
pub(crate) struct World {
    pub(crate) jeton: Jeton,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    owner: Owner,
    /// Opaque tokens that live. Rows take theirs from the front with [`World::take`].
    pub(crate) tokens: Tokens,
    taken: usize,
    /// Tokens that were issued and revoked, none of them known: what others are found among.
    pub(crate) filled: Filled,
    /// The most resident memory that was seen, in MiB.
    pub(crate) most_memory: f64,
}

/// What was written into the store directly.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Filled {
    pub(crate) tokens: usize,
    pub(crate) negatives: usize,
}

impl World {
    /// Starts an empty Jeton and makes the APIs and the client.
    pub(crate) fn start(bench: &Bench<'_>, program: &Path) -> Result<Self, Failure> {
        Self::configured(bench, program, "jeton", "")
    }

    /// The same in a folder of that name, with these lines more in its configuration.
    pub(crate) fn configured(bench: &Bench<'_>, program: &Path, folder: &str, lines: &str) -> Result<Self, Failure> {
        let mut jeton = Jeton::init(program, bench.empty_folder(folder)?, bench.cores)?;
        jeton.configure(lines)?;
        jeton.start()?;
        let mut client = vec!["client", "create", "--name", "bench", "--grant-type", "client_credentials", "--may-introspect"];
        let audiences = FORMATS.map(|(name, _)| audience(name));
        let mut opaque = None;
        for ((format, options), audience) in FORMATS.iter().zip(&audiences) {
            let mut words = vec!["api", "create", "--audience", audience, "--scope", "read=Read"];
            words.extend_from_slice(options);
            let made = jeton.administer(&words)?;
            if *format == OPAQUE {
                opaque = Some(text(&made, "id")?.to_owned());
            }
            client.extend_from_slice(&["--audience", audience]);
        }
        client.extend_from_slice(&["--scope", "read"]);
        let made = jeton.administer(&client)?;
        let (client_id, client_secret) = (text(&made, "client_id")?.to_owned(), text(&made, "client_secret")?.to_owned());
        let api = ApiId::from(opaque.ok_or_else(|| Failure::new("no API for opaque tokens was made"))?.as_str());
        let owner = Owner { client: ClientId::from(client_id.as_str()), api, audience: Arc::from(audience(OPAQUE)) };
        Ok(Self {
            jeton,
            client_id,
            client_secret,
            owner,
            tokens: Tokens::default(),
            taken: 0,
            filled: Filled::default(),
            most_memory: 0.0,
        })
    }

    /// A token request for `format`, one of the APIs made.
    pub(crate) fn issue(&self, format: &str) -> Vec<u8> {
        let form = format!("grant_type=client_credentials&scope=read&resource=https%3A%2F%2F{format}.example");
        self.endpoint("token").with(&form)
    }

    /// A POST to an endpoint under `/oauth/`, as the client.
    pub(crate) fn endpoint(&self, name: &str) -> Template {
        Template::form(&format!("/oauth/{name}"), &[basic_authorization(&self.client_id, &self.client_secret)])
    }

    /// A check of a new key, as the client.
    pub(crate) fn key_check(&self) -> Result<Vec<u8>, Failure> {
        let audience = audience(OPAQUE);
        let words = ["key", "create", "--owner", "external:bench", "--name", "bench", "--audience", &audience, "--scope", "read"];
        let made = self.jeton.administer(&words)?;
        let body = json!({"key": text(&made, "key")?, "scope": "read", "client_ip": "192.0.2.7", "user_agent": "bench/1.0"});
        let authorization = [basic_authorization(&self.client_id, &self.client_secret)];
        let check = Template::post("/api/v1/keys/verify", "application/json", &authorization).with(&body.to_string());
        // A check is answered with 200 whatever it finds: what refuses everything would be measured for nothing.
        let (status, answer) = exchange(self.jeton.server()?.address, &check)?;
        let is_valid = serde_json::from_slice::<Value>(&answer).is_ok_and(|answer| answer.get("valid") == Some(&Value::Bool(true)));
        if status == 200 && is_valid {
            return Ok(check);
        }
        Err(Failure::new(format!("a key was checked with {status}: {}", String::from_utf8_lossy(&answer))))
    }

    /// Writes rows into the store, the server stopped meanwhile.
    pub(crate) fn write(&mut self, content: Content, count: usize) -> Result<(), Failure> {
        self.jeton.stop()?;
        fill::add(&self.jeton, &self.owner, content, count)?;
        match content {
            Content::Live => self.filled.tokens += count,
            Content::Revoked => self.filled.negatives += count,
            Content::Expired => {}
        }
        self.jeton.start().map(drop)
    }

    /// Reads the server's resident memory, in MiB, and keeps the largest value.
    pub(crate) fn note_memory(&mut self) -> Result<f64, Failure> {
        self.most_memory = self.most_memory.max(process::resident_mebibytes(self.jeton.server()?.process())?);
        Ok(self.most_memory)
    }

    /// Issues opaque tokens over HTTP until `count` of them are known; the new ones in an order of chance.
    pub(crate) fn know(&mut self, count: usize) -> Result<(), Failure> {
        let known = self.tokens.len();
        let missing = count.saturating_sub(known);
        if missing == 0 {
            return Ok(());
        }
        let request = self.issue(OPAQUE);
        let server = self.jeton.server()?;
        let shape = Shape { connections: 256, warm_up: Duration::ZERO, measured: Duration::from_secs(180), rate: None };
        load::run(server.address, server.process(), shape, &mut Same::keeping(request, missing, &mut self.tokens))?;
        self.tokens.shuffle(known, missing as u64);
        Ok(())
    }

    /// `count` JWTs of `format`, issued one by one.
    pub(crate) fn jwts(&self, format: &str, count: usize) -> Result<Tokens, Failure> {
        let request = self.issue(format);
        let mut jwts = Tokens::default();
        while jwts.len() < count {
            let (status, body) = exchange(self.jeton.server()?.address, &request)?;
            if !jwts.push_from(&body) {
                return Err(Failure::new(format!("a token request was answered with {status}")));
            }
        }
        Ok(jwts)
    }

    /// The texts of `count` new keys of the client for the API for `format`.
    pub(crate) fn keys(&self, format: &str, count: usize) -> Result<Vec<String>, Failure> {
        let owner = format!("client:{}", self.client_id);
        let body = json!({"owner": owner, "name": "bench", "audience": audience(format), "scope": "read"});
        (0..count).map(|_| Ok(text(&self.jeton.tell("/api/v1/keys", &body)?, "key")?.to_owned())).collect()
    }

    /// The next `count` live tokens, no other row's from now on; issues more where they do not suffice.
    pub(crate) fn take(&mut self, count: usize) -> Result<Range<usize>, Failure> {
        let end = self.taken + count;
        self.know(end)?;
        let range = self.taken..end.min(self.tokens.len());
        self.taken = range.end;
        Ok(range)
    }

    /// The live tokens that no row has taken, to be read and left alive.
    pub(crate) fn left(&self) -> Range<usize> {
        self.taken..self.tokens.len()
    }

    /// Gives back what was not used of the last range taken.
    pub(crate) fn give_back(&mut self, first_unused: usize) {
        self.taken = self.taken.min(first_unused);
    }
}

/// The audience of the API for `format`.
pub(crate) fn audience(format: &str) -> String {
    format!("https://{format}.example")
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Failure> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| Failure::new(format!("`jeton … create` named no {name}")))
}
