//! A running Jeton with an API per token format, a client that may use and introspect them all, and live tokens.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::bench::Bench;
use crate::failure::Failure;
use crate::http::{Template, basic_authorization};
use crate::jeton::Jeton;
use crate::load::{self, Shape};
use crate::tokens::Tokens;
use crate::traffic::Same;

/// The formats that are issued: the API's name and how it is made.
const FORMATS: [(&str, &[&str]); 4] = [
    ("opaque", &["--token-format", "opaque", "--access-token-lifetime", "24h"]),
    ("es256", &["--token-format", "jwt", "--signing-alg", "ES256", "--access-token-lifetime", "24h"]),
    ("eddsa", &["--token-format", "jwt", "--signing-alg", "EdDSA", "--access-token-lifetime", "24h"]),
    ("brief", &["--token-format", "opaque", "--access-token-lifetime", "20s"]),
];

/// A running Jeton that can be measured.
pub(crate) struct World {
    pub(crate) jeton: Jeton,
    authorization: String,
    /// Opaque tokens that live. Rows take theirs from the front with [`World::take`].
    pub(crate) tokens: Tokens,
    taken: usize,
}

impl World {
    /// Starts an empty Jeton and makes the APIs and the client.
    pub(crate) fn start(bench: &Bench<'_>, program: &Path) -> Result<Self, Failure> {
        let mut jeton = Jeton::init(program, bench.empty_folder("jeton")?, bench.cores)?;
        jeton.start()?;
        let mut client = vec!["client", "create", "--name", "bench", "--grant-type", "client_credentials", "--may-introspect"];
        let audiences = FORMATS.map(|(name, _)| audience(name));
        for ((_, options), audience) in FORMATS.iter().zip(&audiences) {
            let mut words = vec!["api", "create", "--audience", audience, "--scope", "read=Read"];
            words.extend_from_slice(options);
            jeton.administer(&words)?;
            client.extend_from_slice(&["--audience", audience]);
        }
        client.extend_from_slice(&["--scope", "read"]);
        let made = jeton.administer(&client)?;
        let authorization = basic_authorization(text(&made, "client_id")?, text(&made, "client_secret")?);
        Ok(Self { jeton, authorization, tokens: Tokens::default(), taken: 0 })
    }

    /// A token request for `format`, one of the APIs made.
    pub(crate) fn issue(&self, format: &str) -> Vec<u8> {
        let form = format!("grant_type=client_credentials&scope=read&resource=https%3A%2F%2F{format}.example");
        self.endpoint("token").with(&form)
    }

    /// A POST to an endpoint under `/oauth/`, as the client.
    pub(crate) fn endpoint(&self, name: &str) -> Template {
        Template::form(&format!("/oauth/{name}"), std::slice::from_ref(&self.authorization))
    }

    /// Issues opaque tokens over HTTP until `count` of them are known.
    pub(crate) fn fill(&mut self, count: usize) -> Result<(), Failure> {
        let missing = count.saturating_sub(self.tokens.len());
        if missing == 0 {
            return Ok(());
        }
        let request = self.issue("opaque");
        let server = self.jeton.server()?;
        let shape = Shape { connections: 256, warm_up: Duration::ZERO, measured: Duration::from_secs(180), rate: None };
        load::run(server.address, server.process(), shape, &mut Same::keeping(request, missing, &mut self.tokens))?;
        Ok(())
    }

    /// Issues `count` opaque tokens that live for 20 seconds.
    pub(crate) fn issue_brief(&self, count: usize) -> Result<(), Failure> {
        let server = self.jeton.server()?;
        let shape = Shape { connections: 256, warm_up: Duration::ZERO, measured: Duration::from_secs(60), rate: None };
        load::run(server.address, server.process(), shape, &mut Same::keeping(self.issue("brief"), count, &mut Tokens::default()))?;
        Ok(())
    }

    /// The next `count` live tokens, no other row's from now on; issues more where they do not suffice.
    pub(crate) fn take(&mut self, count: usize) -> Result<Range<usize>, Failure> {
        let end = self.taken + count;
        self.fill(end)?;
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

fn audience(format: &str) -> String {
    format!("https://{format}.example")
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Failure> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| Failure::new(format!("`jeton client create` named no {name}")))
}
