//! Applications hear that somebody signed out who had signed in to them (OpenID Connect Back-Channel Logout 1.0): found in the ledger, whatever
//! ended the session, and sent by whoever asks for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::client::asking::ID_TOKEN_ALGORITHM;
use jeton_core::commit::Sequence;
use jeton_core::id::{ClientId, GrantId, PersonId, SessionId};
use jeton_core::moment::Moment;
use jeton_core::session::ended::{self, EndedSessions, KINDS};
use jeton_jose::jws::Signer;
use jeton_store::ledger::Entry;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;
use serde::Serialize;

use crate::beside::beside;
use crate::failure::Failure;
use crate::logouts_waiting::{Logout, LogoutOutcome};
use crate::service::Service;

/// How many entries are read at once.
const PAGE: usize = 512;
/// How many people are looked at at once, where everybody's sessions ended.
const PEOPLE: usize = 256;
/// How many grants of one person are looked at.
const GRANTS_MAX: usize = 4_096;
/// How long a logout token is good, in seconds (section 2.4 asks for two minutes at most).
const LIFETIME_SECONDS: i64 = 120;

impl Service {
    /// Begins to look for sessions that end, with those that the entries from `from` on tell of. Until then nothing is kept for it.
    pub fn follow_logouts(&self, from: Sequence) {
        self.logouts.follow(from, self.store.head().size);
    }

    /// Waits until applications are to be told that sessions ended, and says which, at most so many at once.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read; whoever asks again gets what it missed.
    pub async fn next_logouts(&self, limit: usize) -> Result<Vec<Logout>, Failure> {
        loop {
            self.find_logouts().await?;
            let found = self.logouts.take(limit);
            if !found.is_empty() {
                return Ok(found);
            }
            self.logouts.woken().await;
        }
    }

    /// The entry before which all was handed out that is to be told: where a later process begins, if nothing is under way.
    #[must_use]
    pub fn logouts_done(&self) -> Sequence {
        self.logouts.done(self.registry.followed())
    }

    /// Counts how telling an application went.
    pub fn count_logout(&self, how: LogoutOutcome) {
        self.logouts.count(how);
    }

    /// How often telling applications went how.
    pub fn logout_counts(&self) -> impl Iterator<Item = (LogoutOutcome, u64)> {
        self.logouts.counts()
    }

    /// Where an application is told, and the token that tells it; `None`: it is told nothing any more.
    ///
    /// # Errors
    /// [`Failure::Fault`] when it cannot be signed.
    pub fn logout_token(&self, logout: &Logout, moment: &mut Moment) -> Result<Option<(Arc<str>, Secret)>, Failure> {
        let Some(client) = self.registry.clients.get(logout.client.as_str()) else { return Ok(None) };
        let client = &client.client.record;
        let Some(uri) = client.backchannel_logout_uri.clone() else { return Ok(None) };
        let issued_at = moment.now.seconds();
        let claims = Claims {
            iss: self.issuer.as_str(),
            sub: logout.person.as_str(),
            aud: client.id.as_str(),
            iat: issued_at,
            exp: issued_at.saturating_add(LIFETIME_SECONDS),
            jti: URL_SAFE_NO_PAD.encode(moment.draw::<16>()),
            events: Events { logout: Nothing {} },
            sid: logout.session,
        };
        let failed = |what: String| Failure::Fault(Fault::new(FaultKind::Engine, what));
        let keys = self.registry.keys();
        let algorithm = client.id_token_algorithm.unwrap_or(ID_TOKEN_ALGORITHM);
        let key = keys.signer(algorithm).ok_or_else(|| failed("no key signs ID tokens".to_owned()))?.key().clone();
        let payload = serde_json::to_vec(&claims).map_err(|error| failed(error.to_string()))?;
        let signed = Signer::new(key, "logout+jwt").sign(&payload).map_err(|error| failed(error.to_string()))?;
        Ok(Some((uri, Secret::new(signed))))
    }

    /// Reads what the ledger tells of sessions that ended, as far as there is room. Also before rows go that say who is to be told.
    pub(crate) async fn find_logouts(&self) -> Result<(), Failure> {
        let _turn = self.logouts.reading.lock().await;
        while let Some(from) = self.logouts.next() {
            let store = self.store.clone();
            let entries = beside(move || store.tail(from, PAGE)).await;
            let entries = entries.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
            let Some(last) = entries.last() else { return Ok(()) };
            let (mut found, mut known) = (Vec::new(), BTreeSet::new());
            for entry in entries.iter().filter(|entry| KINDS.contains(&&*entry.kind)) {
                let of_entry = self.logouts_of(entry).await?;
                // What one commit ends is told by several entries.
                found.extend(of_entry.into_iter().filter(|logout| known.insert((logout.client.clone(), logout.session))));
            }
            self.logouts.found(found, last.sequence + 1);
        }
        Ok(())
    }

    async fn logouts_of(&self, entry: &Entry) -> Result<Vec<Logout>, Failure> {
        // An entry of somebody who was erased says nothing any more.
        let event = entry.event().map_err(|unknown| Fault::new(FaultKind::Damaged, unknown.to_string()))?;
        let Some(sessions) = event.as_ref().and_then(ended::of) else { return Ok(Vec::new()) };
        if !self.registry.clients.all().iter().any(|entry| entry.client.record.backchannel_logout_uri.is_some()) {
            return Ok(Vec::new());
        }
        match sessions {
            EndedSessions::One(session, person) => self.to_tell(entry, &person, &[session]).await,
            EndedSessions::OfGrant(grant) => self.to_tell_of_grant(entry, grant).await,
            EndedSessions::Named(session) => match self.session_row(session).await? {
                Some(row) => self.to_tell(entry, &row.record.person, &[session]).await,
                // It is told by an entry of its own.
                None => Ok(Vec::new()),
            },
            EndedSessions::Of(person, before_seconds) => self.to_tell_of(entry, &person, before_seconds).await,
            EndedSessions::All(before_seconds) => {
                let (mut found, mut after) = (Vec::new(), None::<Arc<str>>);
                loop {
                    let people = self.registry.people.all.after(after.as_deref(), PEOPLE);
                    for person in &people {
                        found.extend(self.to_tell_of(entry, &person.record.id, before_seconds).await?);
                    }
                    after = people.last().map(|person| person.record.username.clone());
                    if people.len() < PEOPLE {
                        return Ok(found);
                    }
                }
            }
        }
    }

    /// Whether a grant that ended did so with its session, and its client is told.
    async fn to_tell_of_grant(&self, entry: &Entry, grant: GrantId) -> Result<Vec<Logout>, Failure> {
        let Some(grant) = self.grant(grant).await?.map(|grant| grant.record) else { return Ok(Vec::new()) };
        let Some(session) = grant.session.filter(|_| self.hears(&grant.client)) else { return Ok(Vec::new()) };
        if self.session_row(session).await?.is_some() {
            return Ok(Vec::new());
        }
        Ok(vec![Logout { sequence: entry.sequence, client: grant.client, session, person: grant.person }])
    }

    fn hears(&self, client: &ClientId) -> bool {
        self.registry.clients.get(client.as_str()).is_some_and(|entry| entry.client.record.backchannel_logout_uri.is_some())
    }

    /// Whom the end of a person's sessions is told that began before a time and had not ended by themselves.
    async fn to_tell_of(&self, entry: &Entry, person: &PersonId, before_seconds: i64) -> Result<Vec<Logout>, Failure> {
        let (mut ended, mut after) = (Vec::new(), None);
        loop {
            let sessions = self.sessions_of_after(person, after).await?;
            let Some(last) = sessions.last() else { break };
            after = Some(last.record.id);
            let sessions = sessions.iter().map(|session| &session.record);
            let of_then = sessions.filter(|session| session.created_at < before_seconds && entry.time.seconds() < session.expires_at);
            ended.extend(of_then.map(|session| session.id));
        }
        self.to_tell(entry, person, &ended).await
    }

    /// Whom the end of these sessions of a person is told: each client that got tokens in one of them, and wants to hear.
    async fn to_tell(&self, entry: &Entry, person: &PersonId, sessions: &[SessionId]) -> Result<Vec<Logout>, Failure> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let lines = self.grants_of(person, None, GRANTS_MAX).await?.into_iter();
        let of_these = lines.filter_map(|line| Some((line.client, line.session.filter(|session| sessions.contains(session))?)));
        let each: BTreeSet<_> = of_these.filter(|(client, _)| self.hears(client)).collect();
        let told = |(client, session)| Logout { sequence: entry.sequence, client, session, person: person.clone() };
        Ok(each.into_iter().map(told).collect())
    }
}

/// What a logout token says. Never a `nonce`: nothing must take it for an ID token.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Events,
    sid: SessionId,
}

/// The event that it tells (section 2.4).
#[derive(Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Nothing,
}

/// An empty object.
#[derive(Serialize)]
struct Nothing {}
