//! A verifier: the pure parts of `jeton-verify`, put together as its network part does, with a given clock and a given network.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jeton_jose::jwk::JwkSet;
use jeton_jose::jwt::{AccessTokenClaims, Validation};
use jeton_oauth::Issuer;
use jeton_oauth::feed::{Change, Cursor, FeedEvent, FeedParser};
use jeton_verify::Keys;
use jeton_verify::clock::Reading;
use jeton_verify::feed::{Fault, Follower, Knowledge};
use jeton_verify::negatives::{Described, Judgement};
use jeton_verify::staleness::{Decision, Form, Patience, Server, Trust, decide};

use crate::breakage::Breakage;
use crate::clock::{Passing, Wall};
use crate::server::ISSUER;
use crate::subject::TokenSubject;

/// After so much silence a connection is given up, in microseconds.
const TIRED_AFTER_MICROS: i64 = 5_000_000;
/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u32 = 5;

/// An API's verifier.
pub(crate) struct Verifier {
    /// The API it verifies for.
    pub(crate) audience: String,
    /// Its machine's clock.
    pub(crate) wall: Arc<Wall>,
    /// How long it goes on without hearing.
    pub(crate) patience: Patience,
    /// Everything up to this entry arrived, as the network counts.
    pub(crate) arrived: Option<u64>,
    /// The latest time, in seconds, that its own clock and the ledger agreed to have passed.
    pub(crate) agreed_seconds: i64,
    /// The key set must be fetched.
    pub(crate) wants_keys: bool,
    /// Its open connection.
    pub(crate) connection: Option<Connection>,
    passing: Arc<Passing>,
    breakage: Option<Breakage>,
    knowledge: Knowledge,
    follower: Follower,
    keys: Option<Keys>,
    fetched: u64,
    /// Opaque tokens that the server called active: until when, in seconds.
    remembered: BTreeMap<usize, i64>,
    /// JWTs by their place: the key set they were checked against, and what they say if their signature holds.
    checked: RefCell<BTreeMap<usize, (u64, Option<Checked>)>>,
}

/// A JWT whose signature holds: its claims, and the key.
type Checked = Rc<(AccessTokenClaims, Option<String>)>;

/// A connection, as the verifier sees it.
pub(crate) struct Connection {
    /// Its number.
    pub(crate) number: u64,
    parser: FeedParser,
    received: u64,
    waiting: BTreeMap<u64, (Bytes, Option<u64>)>,
    heard_at_micros: i64,
}

/// How far behind our clock a checkpoint may be and still be a heartbeat, in seconds.
pub(crate) fn lag_seconds(patience: &Patience) -> i64 {
    i64::try_from(patience.staleness_max.as_secs()).unwrap_or(i64::MAX).saturating_add(i64::from(LEEWAY_SECONDS))
}

/// What a verifier says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passes.
    Accept,
    /// The server must be asked.
    Ask,
    /// It is dead for good.
    RefuseForGood,
    /// It does not pass now.
    Refuse,
}

impl Verifier {
    /// A verifier that knows nothing.
    ///
    /// # Errors
    /// When the issuer is none: a fault of the simulation.
    pub(crate) fn new(
        audience: String,
        wall: Arc<Wall>,
        passing: Arc<Passing>,
        patience: Patience,
        breakage: Option<Breakage>,
    ) -> Result<Verifier, String> {
        let issuer = Issuer::parse(ISSUER).map_err(|error| error.to_string())?;
        Ok(Verifier {
            audience,
            wall,
            patience,
            arrived: None,
            agreed_seconds: i64::MIN,
            wants_keys: true,
            connection: None,
            passing,
            breakage,
            knowledge: Knowledge::default(),
            follower: Follower::new(issuer, lag_seconds(&patience)),
            keys: None,
            fetched: 0,
            remembered: BTreeMap::new(),
            checked: RefCell::default(),
        })
    }

    /// Opens a connection; where it wants to go on.
    pub(crate) fn connect(&mut self, number: u64) -> Option<Cursor> {
        self.follower.connected();
        let heard_at_micros = self.passing.micros();
        self.connection = Some(Connection { number, parser: FeedParser::new(), received: 0, waiting: BTreeMap::new(), heard_at_micros });
        self.follower.last_event_id().cloned()
    }

    /// Gives up a connection that is silent for too long.
    pub(crate) fn tire(&mut self) -> bool {
        let now = self.passing.micros();
        let is_tired = self.connection.as_ref().is_some_and(|open| now - open.heard_at_micros > TIRED_AFTER_MICROS);
        if is_tired {
            self.connection = None;
        }
        is_tired
    }

    /// The server no longer has what follows the cursor.
    pub(crate) fn gone(&mut self) {
        self.follower.start_over();
        self.connection = None;
        if self.breakage == Some(Breakage::ClearsFirst) {
            self.clear();
        }
    }

    /// Takes a piece of the stream; pieces before it may still be missing.
    pub(crate) fn receive(&mut self, offset: u64, bytes: Bytes, completes: Option<u64>) {
        let now = self.passing.micros();
        let Some(connection) = &mut self.connection else { return };
        if offset < connection.received {
            return;
        }
        connection.heard_at_micros = now;
        connection.waiting.insert(offset, (bytes, completes));
        while let Some(connection) = &mut self.connection {
            let Some((bytes, completes)) = connection.waiting.remove(&connection.received) else { return };
            connection.received += bytes.len() as u64;
            self.read(&bytes);
            if self.connection.is_some() {
                self.arrived = self.arrived.max(completes);
            }
        }
    }

    /// Takes a key set.
    pub(crate) fn take_keys(&mut self, published: &str) {
        self.fetched += 1;
        let knowledge = self.knowledge.negatives();
        if let Ok(set) = JwkSet::parse(published.as_bytes())
            && let Ok(keys) = Keys::new(set, self.fetched, |key| knowledge.is_key_revoked(key))
        {
            self.keys = Some(keys);
            self.wants_keys = false;
        }
    }

    /// The server was asked about a token that nothing known spoke against, and answered.
    pub(crate) fn take_answer(&mut self, place: usize, token: &TokenSubject, is_active: bool) {
        if is_active && !token.is_signed() {
            self.remembered.insert(place, token.kept().expires_at);
        } else if !is_active {
            self.remembered.remove(&place);
            self.knowledge.refuse(token.kept().id.0, token.kept().remembered_until(), &self.reading());
        }
    }

    /// What it says of a token, where the server may be asked or is out of reach.
    #[must_use]
    pub(crate) fn judge(&self, place: usize, token: &TokenSubject, server: Server) -> Verdict {
        let now = self.reading();
        let mut hearing = self.knowledge.hearing(&now);
        if self.breakage == Some(Breakage::NeverStale) && hearing.silent_for.is_some() {
            (hearing.silent_for, hearing.trust) = (Some(Duration::ZERO), Trust::Sound);
        }
        let form = match (token.is_signed(), self.remembered.get(&place)) {
            (true, _) => Form::Jwt,
            (false, Some(until)) if now.seconds() < *until => Form::Remembered,
            (false, _) => Form::Opaque,
        };
        match self.judge_by_itself(place, token, now.seconds()) {
            Some(verdict) => verdict,
            None => match decide(form, hearing, &self.patience, server) {
                Decision::Accept | Decision::AcceptStale => Verdict::Accept,
                Decision::Ask => Verdict::Ask,
                Decision::Refuse => Verdict::Refuse,
            },
        }
    }

    /// Signature, claims and negatives; `None` when nothing speaks against the token.
    pub(crate) fn judge_by_itself(&self, place: usize, token: &TokenSubject, now_seconds: i64) -> Option<Verdict> {
        if !token.is_signed() {
            return self.judge_by_negatives(token, None, now_seconds);
        }
        let Some(checked) = self.check_signature(place, token) else { return Some(Verdict::Refuse) };
        let (claims, key) = &*checked;
        let judged = self.judge_by_negatives(token, key.as_deref(), now_seconds);
        if self.validation().check_access_claims(claims, now_seconds).is_ok() { judged } else { Some(judged.unwrap_or(Verdict::Refuse)) }
    }

    fn judge_by_negatives(&self, token: &TokenSubject, signing_key: Option<&str>, now_seconds: i64) -> Option<Verdict> {
        let described = Described {
            token: token.kept().id.0,
            issued_at: token.kept().issued_at,
            client: token.kept().client.as_str(),
            audience: &self.audience,
            signing_key,
            ..Described::default()
        };
        let refuses = self.knowledge.refuses(&described.token);
        match self.knowledge.negatives().judge(&described, now_seconds) {
            Judgement::Accepted if refuses => Some(Verdict::Refuse),
            Judgement::Accepted => None,
            Judgement::Suspended | Judgement::SubjectSuspended(_) | Judgement::Outlived => Some(Verdict::Refuse),
            Judgement::Revoked | Judgement::CutOff(_) | Judgement::KeyRevoked => Some(Verdict::RefuseForGood),
        }
    }

    fn check_signature(&self, place: usize, token: &TokenSubject) -> Option<Checked> {
        if let Some((fetched, checked)) = self.checked.borrow().get(&place)
            && *fetched == self.fetched
        {
            return checked.clone();
        }
        let checked = self.keys.as_ref().and_then(|keys| {
            let verified = self.validation().check_signature(&token.text, keys.verifying()).ok()?;
            let claims = AccessTokenClaims::parse(&verified.payload).ok()?;
            Some(Rc::new((claims, verified.key.key_id().map(str::to_owned))))
        });
        self.checked.borrow_mut().insert(place, (self.fetched, checked.clone()));
        checked
    }

    fn validation(&self) -> Validation {
        Validation { leeway_seconds: LEEWAY_SECONDS, ..Validation::access_token(ISSUER, self.audience.as_str()) }
    }

    /// What its clocks show.
    #[must_use]
    pub(crate) fn reading(&self) -> Reading {
        let micros = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        // It began to count at some time before the run: an uptime of zero would say less.
        Reading { since_1970: micros(self.wall.micros()), uptime: micros(self.passing.micros() + 1_000_000) }
    }

    fn read(&mut self, bytes: &[u8]) {
        let mut events = vec![];
        let Some(connection) = &mut self.connection else { return };
        let parsed = connection.parser.feed(bytes, &mut events);
        for event in &events {
            self.take(event);
        }
        if parsed.is_err() {
            self.follower.garbled(&self.knowledge);
            self.connection = None;
        }
    }

    fn take(&mut self, event: &FeedEvent) {
        if self.connection.is_none() {
            return;
        }
        if self.breakage == Some(Breakage::ResumesRevoked)
            && let FeedEvent::Narrowing { narrowing, .. } = event
            && matches!(narrowing.change, Change::TokenResumed { .. } | Change::SigningKeysChanged)
        {
            self.clear();
        }
        let empty = jeton_jose::jwk::VerifyingKeys::default();
        let keys = self.keys.as_ref().map_or(&empty, Keys::verifying);
        match self.follower.take(event, keys, &self.knowledge, &self.reading()) {
            Ok(news) => {
                self.wants_keys |= news.keys_changed;
                if news.key_revoked {
                    self.drop_revoked_keys();
                }
            }
            Err(fault) => {
                self.wants_keys |= fault == Fault::UnknownKey;
                self.connection = None;
            }
        }
    }

    fn drop_revoked_keys(&mut self) {
        let negatives = self.knowledge.negatives();
        self.fetched += 1;
        if let Some(fewer) = self.keys.as_ref().and_then(|keys| keys.without(self.fetched, |key| negatives.is_key_revoked(key))) {
            self.keys = Some(fewer);
        }
    }

    /// A planted bug: forgets what is no longer accepted, but not when it last heard of it.
    fn clear(&mut self) {
        self.knowledge.negatives().forget(i64::MAX);
    }
}
