//! Asking the server about one token (RFC 7662).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use jeton_jose::jwt::{AccessTokenClaims, Audience};
use jeton_oauth::introspection::{ActiveToken, IntrospectionResponse};
use serde_json::Map;
use tokio::sync::{OnceCell, Semaphore};

use crate::clock::{Clock, Reading};
use crate::feed::Knowledge;
use crate::jwt::{Digest, JwtCheck, VERSION};
use crate::refused::Refused;
use crate::staleness::Server;
use crate::token::VerifiedToken;
use crate::verifier::http::Http;

const PATH: &str = "/oauth/introspect";
const LIMIT_BYTES: usize = 64 * 1024;
/// After a question without answer no other is asked for so long: whoever waits is not made to wait longer.
const PAUSE: Duration = Duration::from_secs(1);
/// The most questions under way at a time.
const AT_A_TIME: usize = 128;

/// Asks, once for all who want to know about the same token at the same time.
pub(crate) struct Introspection {
    under_way: Mutex<HashMap<Digest, Arc<OnceCell<Reply>>>>,
    turns: Semaphore,
    timeout: Duration,
    /// Uptime, in milliseconds, until which the server is held to be out of reach.
    paused_until: AtomicU64,
}

/// What came of asking.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The token is active, for us.
    Active(Answer),
    /// It is not, or not for us.
    Refused(Refused),
    /// Too many questions are under way.
    Busy,
    /// No answer.
    Unreachable,
    /// We may not ask.
    Forbidden,
}

/// What the server said of an active token.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) token: VerifiedToken,
    pub(crate) keep: Keep,
    /// How many changes had been heard when it was asked: before others who wait for the same answer came.
    pub(crate) changes_heard: u64,
}

/// Whether an answer may be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// For a while, as long as the feed is heard.
    Yes,
    /// It is for this one use.
    No,
}

impl Introspection {
    pub(crate) fn new(timeout: Duration) -> Self {
        let under_way = Mutex::new(HashMap::new());
        Self { under_way, turns: Semaphore::new(AT_A_TIME), timeout, paused_until: AtomicU64::new(0) }
    }

    /// Whether asking is worth while.
    pub(crate) fn server(&self, now: &Reading) -> Server {
        let uptime = u64::try_from(now.uptime.as_millis()).unwrap_or(u64::MAX);
        if uptime < self.paused_until.load(Ordering::Relaxed) { Server::Unreachable } else { Server::MayAnswer }
    }

    /// Asks about a token.
    pub(crate) async fn ask(&self, text: &str, http: &Http, check: &JwtCheck, clock: &dyn Clock, knowledge: &Knowledge) -> Reply {
        let digest = Digest::of(text);
        let cell = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_default().clone();
        let asking = Asking { of: self, digest, cell };
        asking.cell.get_or_init(|| self.ask_once(text, http, check, clock, knowledge)).await.clone()
    }

    async fn ask_once(&self, text: &str, http: &Http, check: &JwtCheck, clock: &dyn Clock, knowledge: &Knowledge) -> Reply {
        let Ok(Ok(_turn)) = tokio::time::timeout(self.timeout, self.turns.acquire()).await else { return Reply::Busy };
        let changes_heard = knowledge.changes_heard();
        let reply = match exchange(text, http, check, clock, self.timeout).await {
            Reply::Active(answer) => Reply::Active(Answer { changes_heard, ..answer }),
            other => other,
        };
        if matches!(reply, Reply::Unreachable | Reply::Forbidden) {
            let until = clock.now().uptime.saturating_add(PAUSE);
            self.paused_until.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        reply
    }
}

/// A question under way; the last who leaves removes it.
struct Asking<'a> {
    of: &'a Introspection,
    digest: Digest,
    cell: Arc<OnceCell<Reply>>,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut under_way = self.of.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(entry) = under_way.entry(self.digest)
            && Arc::ptr_eq(entry.get(), &self.cell)
            && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2)
        {
            // An answer is for those who were waiting for it; whoever comes later asks anew.
            entry.remove();
        }
    }
}

async fn exchange(text: &str, http: &Http, check: &JwtCheck, clock: &dyn Clock, timeout: Duration) -> Reply {
    let parameters = [("token", text), ("token_type_hint", "access_token")];
    let Ok(request) = http.form(PATH, &[], &parameters, clock.now().seconds()) else { return Reply::Unreachable };
    let Ok(answer) = http.fetch(request, LIMIT_BYTES, timeout).await else { return Reply::Unreachable };
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Reply::Forbidden,
        _ => return Reply::Unreachable,
    }
    match IntrospectionResponse::parse(&answer.body) {
        Ok(IntrospectionResponse::Active(token)) => {
            let keep = if token.cache_seconds == Some(0) { Keep::No } else { Keep::Yes };
            match read(token, check, clock.now().seconds()) {
                Ok(token) => Reply::Active(Answer { token, keep, changes_heard: 0 }),
                Err(refused) => Reply::Refused(refused),
            }
        }
        Ok(IntrospectionResponse::Inactive) => Reply::Refused(Refused::Inactive),
        Err(_) => Reply::Unreachable,
    }
}

/// An answer is judged by the same rules as a JWT: the server tells of tokens that are not for us, too.
fn read(token: ActiveToken<'_>, check: &JwtCheck, now_seconds: i64) -> Result<VerifiedToken, Refused> {
    if token.ver.is_some_and(|version| version != u64::from(VERSION)) {
        return Err(Refused::Version);
    }
    if token.cnf.is_some() {
        return Err(Refused::Bound);
    }
    let is_key = token.is_key();
    let missing = |name: &str| Refused::malformed_claim(name);
    let audience = Audience::several(token.aud.into_iter().map(Into::into).collect()).ok_or_else(|| missing("aud"))?;
    let client_id = String::from(token.client_id.ok_or_else(|| missing("client_id"))?);
    let claims = AccessTokenClaims {
        // Whoever answers is the issuer.
        issuer: token.iss.map_or_else(|| check.issuer().to_string(), Into::into),
        subject: token.sub.map_or_else(|| client_id.clone(), Into::into),
        audience,
        client_id,
        issued_at: token.iat.ok_or_else(|| missing("iat"))?,
        expires_at: token.exp.ok_or_else(|| missing("exp"))?,
        not_before: token.nbf,
        token_id: token.jti.ok_or_else(|| missing("jti"))?.into(),
        scope: token.scope.map(|scope| scope.as_str().to_owned()),
        session_id: token.sid.map(Into::into),
        grant_id: token.gid.map(Into::into),
        authenticated_at: token.auth_time,
        authentication_class: token.acr.map(Into::into),
        authentication_methods: Some(token.amr.into_iter().map(Into::into).collect()),
        confirmation: None,
        actor: None,
        version: Some(VERSION),
        additional: Map::new(),
    };
    check.check_claims(&claims, now_seconds)?;
    let token = VerifiedToken::new(claims, check.issuer(), None)?;
    Ok(if is_key { token.of_key() } else { token })
}
