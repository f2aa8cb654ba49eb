//! Starting a verifier.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jeton_jose::jwk::{JwkSet, SigningKey};
use jeton_oauth::{Issuer, Resource};
use jeton_token::Secret;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{Clock, SystemClock};
use crate::feed::Knowledge;
use crate::jwt::{JwtCheck, Memory, memory};
use crate::keys::Keys;
use crate::offline::OfflineVerifier;
use crate::staleness::Patience;
use crate::verifier::alert::Alerts;
use crate::verifier::credentials::{Credentials, Unusable};
use crate::verifier::follow::follow;
use crate::verifier::former::FormerIssuer;
use crate::verifier::http::Http;
use crate::verifier::introspection::Introspection;
use crate::verifier::key_set::{self, Fetched, KeySet};
use crate::verifier::remembered::Remembered;
use crate::verifier::report::keep_reporting;
use crate::verifier::reporter::{self, Reporter};
use crate::verifier::shared::Shared;
use crate::verifier::status::{Counting, FeedStatus};

/// For how long the start waits for the feed to begin; until it has, the server is asked about each token.
const FIRST_HEARTBEAT_WITHIN: Duration = Duration::from_secs(5);

/// What a verifier is made of.
#[must_use]
pub struct Builder {
    issuer: String,
    audience: String,
    server: Option<String>,
    client: Option<(String, Proof)>,
    patience: Patience,
    leeway_seconds: u32,
    remembered: usize,
    introspection_timeout: Duration,
    silence: Duration,
    first_heartbeat_within: Duration,
    report_every: Option<Duration>,
    former: Option<FormerIssuer>,
    clock: Arc<dyn Clock>,
}

/// What a client proves itself with.
enum Proof {
    Secret(Secret),
    Key(Arc<SigningKey>),
}

/// A verifier that runs, and its tasks.
pub(crate) struct Running {
    pub(crate) shared: Arc<Shared>,
    pub(crate) remembered: Memory<Remembered>,
    tasks: [JoinHandle<()>; 4],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Builder {
    pub(crate) fn new(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            server: None,
            client: None,
            patience: Patience::default(),
            leeway_seconds: OfflineVerifier::LEEWAY_SECONDS,
            remembered: OfflineVerifier::REMEMBERED,
            introspection_timeout: Duration::from_secs(2),
            silence: Patience::LIVE,
            first_heartbeat_within: FIRST_HEARTBEAT_WITHIN,
            report_every: Some(reporter::EVERY),
            former: None,
            clock: Arc::new(SystemClock::start()),
        }
    }

    /// The client that follows the feed and introspects: it must be registered with `--may-introspect`.
    pub fn client(mut self, client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        self.client = Some((client_id.into(), Proof::Secret(client_secret.into())));
        self
    }

    /// The same for a client that is registered for `private_key_jwt`: the key whose public half the server knows. The server writes down
    /// that each assertion is spent; a client with a secret costs it nothing.
    pub fn client_key(mut self, client_id: impl Into<String>, key: SigningKey) -> Self {
        self.client = Some((client_id.into(), Proof::Key(Arc::new(key))));
        self
    }

    /// Where the server is reached, if not at the issuer's URL: `https`, or `http` on this machine.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// How long to go on without hearing from the server; [`Patience::default`] unless said.
    pub const fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// How far clocks may differ, in seconds; 5 unless said.
    pub const fn leeway_seconds(mut self, seconds: u32) -> Self {
        self.leeway_seconds = seconds;
        self
    }

    /// How many JWTs, and how many opaque tokens, are remembered at most; 16,384 unless said, about 1 KiB each.
    pub const fn remember(mut self, tokens: usize) -> Self {
        self.remembered = tokens;
        self
    }

    /// How long the server may take to answer about a token; 2 s unless said.
    pub const fn introspection_timeout(mut self, timeout: Duration) -> Self {
        self.introspection_timeout = timeout;
        self
    }

    /// After how long without an event another connection to the feed is opened; 3 s unless said.
    pub const fn feed_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// How long [`start`](Self::start) waits for the feed to begin before it goes on without; 5 s unless said.
    pub const fn first_heartbeat_within(mut self, wait: Duration) -> Self {
        self.first_heartbeat_within = wait;
        self
    }

    /// How often the server is told what was checked here by itself; 10 s unless said. What was counted since then is lost with this process,
    /// unless [`report`](crate::Verifier::report) is called before its end.
    pub const fn report_every(mut self, interval: Duration) -> Self {
        self.report_every = Some(interval);
        self
    }

    /// The server is not told what is checked here by itself: nobody sees those uses.
    pub const fn no_reports(mut self) -> Self {
        self.report_every = None;
        self
    }

    /// Also takes the JWTs of the issuer that was here before, until its date.
    pub fn former_issuer(mut self, former: FormerIssuer) -> Self {
        self.former = Some(former);
        self
    }

    /// Reads the time there; this machine's clocks unless said.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(crate) async fn run(self) -> Result<Running, StartError> {
        let (remembered, wait) = (memory(self.remembered), self.first_heartbeat_within);
        let shared = Arc::new(self.shared()?);
        if shared.fetch_keys().await == Fetched::Failed {
            return Err(StartError::KeySet);
        }
        if shared.fetch_former_keys().await == Fetched::Failed {
            return Err(StartError::FormerKeySet);
        }
        let tasks = [
            tokio::spawn(follow(shared.clone())),
            tokio::spawn(keep_keys(shared.clone())),
            tokio::spawn(keep_former_keys(shared.clone())),
            tokio::spawn(keep_reporting(shared.clone())),
        ];
        let running = Running { shared, remembered, tasks };
        let mut changed = running.shared.changed.subscribe();
        let live = changed.wait_for(|_| running.shared.status().feed == FeedStatus::Live);
        if tokio::time::timeout(wait, live).await.is_err() {
            tracing::warn!("the revocation feed has not begun yet: until it has, the server is asked about each token");
        }
        Ok(running)
    }

    fn shared(self) -> Result<Shared, StartError> {
        let issuer = Issuer::parse(&self.issuer).map_err(|error| StartError::Setting("issuer", error.to_string()))?;
        let server = match self.server {
            Some(url) => Issuer::parse(&url).map_err(|error| StartError::Setting("server", error.to_string()))?,
            None => issuer.clone(),
        };
        let audience = Resource::parse(&self.audience).map_err(|error| StartError::Setting("audience", error.to_string()))?;
        let (client_id, proof) = self.client.ok_or(StartError::NoClient)?;
        let credentials = match proof {
            Proof::Secret(secret) => Credentials::of_secret(&client_id, &secret),
            Proof::Key(key) => Credentials::of_key(&client_id, key, issuer.as_str()),
        };
        let http = credentials.and_then(|credentials| Http::new(server, credentials));
        let http = http.map_err(|Unusable(problem)| StartError::Setting("client", problem))?;
        let former = self.former.map(|former| former.open(&issuer, self.leeway_seconds, self.remembered)).transpose();
        let former = former.map_err(|problem| StartError::Setting("former_issuer", problem))?;
        let reporter = self.report_every.map(|every| Reporter::new(audience, every)).transpose();
        let reporter = reporter.map_err(|Unusable(problem)| StartError::Setting("report_every", problem))?;
        let empty = Keys::new(JwkSet::default(), 0, |_| false).map_err(|_| StartError::KeySet)?;
        Ok(Shared {
            check: JwtCheck::new(issuer.as_str(), &self.audience, self.leeway_seconds, self.remembered),
            issuer,
            patience: self.patience,
            clock: self.clock,
            http,
            knowledge: Knowledge::default(),
            keys: KeySet::new(empty, key_set::PATH),
            introspection: Introspection::new(self.introspection_timeout),
            alerts: Alerts::default(),
            counting: Counting::default(),
            reporter,
            former,
            silence: self.silence,
            place: std::sync::Mutex::default(),
            changed: watch::Sender::new(0),
        })
    }
}

/// Fetches the key set whenever it is time, or was asked for.
async fn keep_keys(shared: Arc<Shared>) {
    loop {
        shared.keys.due().await;
        shared.fetch_keys().await;
    }
}

/// Does the same for the issuer before this one.
async fn keep_former_keys(shared: Arc<Shared>) {
    let Some(former) = &shared.former else { return };
    loop {
        former.keys_due(&*shared.clock).await;
        shared.fetch_former_keys().await;
    }
}

/// Why a verifier did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is wrong, and what about it.
    Setting(&'static str, String),
    /// No client was named.
    NoClient,
    /// The key set cannot be fetched, or holds no key that can be used.
    KeySet,
    /// The key set of the former issuer cannot be fetched, or holds no key that can be used.
    FormerKeySet,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(name, problem) => write!(f, "{name}: {problem}"),
            Self::NoClient => f.write_str("a verifier needs a client to follow revocations: `.client(client_id, client_secret)`"),
            Self::KeySet => f.write_str("the issuer's key set cannot be fetched: see whether the server runs and its URL is right"),
            Self::FormerKeySet => {
                f.write_str("the former issuer's key set cannot be fetched: see whether its URL is right, or give the set itself")
            }
        }
    }
}

impl std::error::Error for StartError {}
