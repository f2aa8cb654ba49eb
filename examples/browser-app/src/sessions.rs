//! Who is signed in, and the tokens that this application has for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use jeton_oauth::token::ReceivedToken;
use jeton_token::Secret;

use crate::edge::{now_seconds, random};

/// For how long a browser keeps its cookie, and a session waits for somebody to come.
pub(crate) const IDLE_SECONDS: u32 = 86_400;
/// How long before its end an access token is not used any more.
const MARGIN_SECONDS: u64 = 10;

/// Somebody at one browser.
pub(crate) struct Session {
    /// What they are called.
    pub(crate) name: String,
    /// What each form of a page of theirs brings back.
    pub(crate) form: Secret,
    /// Locked while they are refreshed: however many requests wait, a refresh token is spent once.
    pub(crate) tokens: tokio::sync::Mutex<Tokens>,
    seen_at: AtomicI64,
}

/// What Jeton gave.
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    /// Until when the access token is used.
    pub(crate) until: i64,
}

/// Everybody. In memory, so that everybody signs in again after a start; a database does the same for several processes.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Key, Arc<Session>>>);

/// The hash of a cookie: what is looked up is not what a browser sends, so that the time it takes tells nothing of any.
type Key = [u8; 32];

impl Tokens {
    pub(crate) fn of(given: ReceivedToken) -> Self {
        let seconds = given.expires_in_seconds.unwrap_or(60).saturating_sub(MARGIN_SECONDS);
        let until = now_seconds().saturating_add_unsigned(seconds);
        Self { access: given.access_token, refresh: given.refresh_token, until }
    }
}

impl Sessions {
    /// Begins one, and gives the text of its cookie.
    pub(crate) fn begin(&self, name: String, tokens: Tokens) -> Secret {
        let (now, id) = (now_seconds(), random());
        let session = Session { name, form: random(), tokens: tokio::sync::Mutex::new(tokens), seen_at: AtomicI64::new(now) };
        let mut all = self.all();
        all.retain(|_, session| session.is_live(now));
        all.insert(key(id.expose()), Arc::new(session));
        id
    }

    /// Who comes with a cookie.
    pub(crate) fn find(&self, cookie: &str) -> Option<Arc<Session>> {
        let now = now_seconds();
        let session = self.all().get(&key(cookie)).filter(|session| session.is_live(now)).cloned()?;
        session.seen_at.store(now, Ordering::Relaxed);
        Some(session)
    }

    /// Ends one, and gives what it had.
    pub(crate) fn end(&self, cookie: &str) -> Option<Arc<Session>> {
        self.all().remove(&key(cookie))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_live(&self, now: i64) -> bool {
        now.saturating_sub(self.seen_at.load(Ordering::Relaxed)) < i64::from(IDLE_SECONDS)
    }
}

fn key(cookie: &str) -> Key {
    let hash = digest::digest(&digest::SHA256, cookie.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(hash.as_ref());
    key
}
