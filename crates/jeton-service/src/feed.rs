//! The revocation feed: what happened since a cursor, ready to send, and who waits for more.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use jeton_core::event::{CutOffSubject, Event};
use jeton_core::moment::Time;
use jeton_core::token::negative::{Negative, Says};
use jeton_oauth::feed::{Change, Cursor, FeedEvent, Incarnation, Narrowing, Subject, SubjectId};
use jeton_store::ledger::Head;
use jeton_store::tally::{Tallied, Tally};
use jeton_token::TokenId;
use papaya::HashMap;
use tokio::sync::{OnceCell, watch};

/// How many narrowings are kept to send again; a cursor from before them takes a snapshot.
const KEPT: usize = 65_536;

/// The most that a follower is sent at a time: a thousand that come back at once hold no copies of all that was told.
const PAGE: usize = 256;

/// What is sent to every follower.
pub struct Feed {
    recent: Mutex<Recent>,
    /// The number of entries that followers may have been told of: they wait for it to change.
    told: watch::Sender<u64>,
    /// Set once what was told before this process began has been read back.
    refilled: OnceCell<()>,
    lag_micros: Tally<LAGS>,
    /// When each audience was last followed, in seconds.
    followed_at: HashMap<Arc<str>, i64>,
}

/// Up to 1 ms, 2 ms … 65 s, and more.
pub const LAGS: usize = 18;

struct Recent {
    incarnation: Option<Incarnation>,
    /// Every narrowing from this sequence on is in `items`.
    complete_from: u64,
    items: VecDeque<Arc<Item>>,
    /// The last that has no entry: it stands behind the last entry that there was then.
    beside: Option<Arc<Item>>,
}

struct Item {
    narrowing: Narrowing,
    /// Whom it concerns; `None` is everybody.
    audience: Option<Arc<str>>,
    /// As it is sent, once the first follower asks for it.
    bytes: OnceLock<Bytes>,
}

impl Recent {
    fn begin(&mut self, incarnation: Incarnation, size: u64) {
        self.incarnation = Some(incarnation);
        self.complete_from = size;
        self.items.clear();
        self.beside = None;
    }
}

impl Item {
    fn bytes(&self, incarnation: &Incarnation) -> Bytes {
        let write = || {
            let event = FeedEvent::Narrowing { incarnation: incarnation.clone(), narrowing: self.narrowing.clone() };
            Bytes::from(event.to_bytes())
        };
        self.bytes.get_or_init(write).clone()
    }
}

/// What a follower at a cursor is sent next.
pub enum Next {
    /// These bytes; it then stands before this sequence. The first of them happened at this time.
    Events(Vec<Bytes>, u64, Option<Time>),
    /// The cursor is too old, or of another incarnation.
    Gone,
}

impl Default for Feed {
    fn default() -> Feed {
        let recent = Recent { incarnation: None, complete_from: 0, items: VecDeque::new(), beside: None };
        Feed {
            recent: Mutex::new(recent),
            told: watch::Sender::new(0),
            refilled: OnceCell::new(),
            lag_micros: Tally::new(1_000),
            followed_at: HashMap::new(),
        }
    }
}

impl Feed {
    /// Begins at a head: what lies before it is in the snapshots.
    pub fn begin(&self, head: &Head) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.begin(incarnation(&head.incarnation), head.size);
        drop(recent);
        self.told.send_replace(head.size);
    }

    /// Tells of something that has no entry, to those whom it concerns: the one before it is told no more. Before the group that it is of
    /// is published; nobody is woken by it.
    pub(crate) fn publish_beside(&self, (audience, change): (Option<Arc<str>>, Change), head: &Head) {
        let narrowing = Narrowing { sequence: head.size.saturating_sub(1), at_micros: head.time.micros(), change };
        let item = Item { narrowing, audience, bytes: OnceLock::new() };
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).beside = Some(Arc::new(item));
    }

    /// Tells followers of a durable group; one without events wakes nobody. `audience_of` finds whom a token's event concerns.
    pub(crate) fn publish(&self, events: &[(u64, Time, &Event)], audience_of: impl Fn(&str) -> Option<Arc<str>>, head: &Head) {
        if events.is_empty() {
            self.told.send_if_modified(|told| {
                *told = head.size;
                false
            });
            return;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let current = incarnation(&head.incarnation);
        if recent.incarnation.as_ref() != Some(&current) {
            recent.begin(current, head.size);
        }
        recent.items.extend(events.iter().filter_map(|(sequence, time, event)| item((*sequence, *time, event), &audience_of)));
        while recent.items.len() > KEPT {
            if let Some(oldest) = recent.items.pop_front() {
                recent.complete_from = oldest.narrowing.sequence + 1;
            }
        }
        drop(recent);
        self.told.send_replace(head.size);
    }

    /// What a follower for `audience` that has seen everything before `from` is sent next, a page of it at most. A snapshot may be a group ahead of what was
    /// told: nothing is sent of that one.
    #[must_use]
    pub fn next(&self, of: &Incarnation, from: u64, audience: &str) -> Next {
        let (chosen, end) = {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let told = *self.told.borrow();
            if recent.incarnation.as_ref() != Some(of) || from < recent.complete_from {
                return Next::Gone;
            }
            let start = recent.items.partition_point(|item| item.narrowing.sequence < from);
            let concerns = |item: &&Arc<Item>| item.audience.as_deref().is_none_or(|concerned| concerned == audience);
            let mut concerning = recent.items.range(start..).filter(concerns);
            let mut chosen: Vec<Arc<Item>> = concerning.by_ref().take(PAGE).cloned().collect();
            let end = match (concerning.next(), chosen.last()) {
                (Some(_), Some(last)) => last.narrowing.sequence + 1,
                _ => recent.items.back().map_or(told, |last| told.max(last.narrowing.sequence + 1)),
            };
            let is_next = |item: &&Arc<Item>| (from..=end).contains(&(item.narrowing.sequence + 1));
            if let Some(beside) = recent.beside.as_ref().filter(concerns).filter(is_next) {
                let place = chosen.partition_point(|item| item.narrowing.sequence <= beside.narrowing.sequence);
                chosen.insert(place, beside.clone());
            }
            (chosen, end)
        };
        let first_at = chosen.first().map(|item| Time::from_micros(item.narrowing.at_micros));
        Next::Events(chosen.iter().map(|item| item.bytes(of)).collect(), end.max(from), first_at)
    }

    /// From which sequence on everything that this incarnation told is kept; `None` where it is another one.
    pub(crate) fn complete_from(&self, of: &Incarnation) -> Option<u64> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        (recent.incarnation.as_ref() == Some(of)).then_some(recent.complete_from)
    }

    /// Adds what was told before: all events of these sequences, which end where what is kept begins. `false` where there is no room for
    /// all of them, or the feed has gone on meanwhile.
    pub(crate) fn prepend(
        &self,
        of: &Incarnation,
        events: &[(u64, Time, Event)],
        audience_of: impl Fn(&str) -> Option<Arc<str>>,
        sequences: Range<u64>,
    ) -> bool {
        let older: Vec<Arc<Item>> =
            events.iter().filter_map(|(sequence, time, event)| item((*sequence, *time, event), &audience_of)).collect();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            recent.incarnation.as_ref() == Some(of) && recent.complete_from == sequences.end && recent.items.len() + older.len() <= KEPT;
        if fits {
            older.into_iter().rev().for_each(|item| recent.items.push_front(item));
            recent.complete_from = sequences.start;
        }
        fits
    }

    /// Set once what was told before this process began has been read back.
    #[must_use]
    pub fn refilled(&self) -> &OnceCell<()> {
        &self.refilled
    }

    /// A follower that waited is handed what happened at `at`.
    pub fn note_lag(&self, at: Time, now: Time) {
        self.lag_micros.note(u64::try_from(now.micros().saturating_sub(at.micros())).unwrap_or(0));
    }

    /// How long after it happened followers that waited were handed what they wait for, in microseconds.
    #[must_use]
    pub fn lag_micros(&self) -> Tallied<LAGS> {
        self.lag_micros.read()
    }

    /// An audience is followed at this time.
    pub fn note_following(&self, audience: &Arc<str>, now: Time) {
        self.followed_at.pin().insert(audience.clone(), now.seconds());
    }

    /// When an audience was last followed, in seconds, since the process began.
    #[must_use]
    pub fn followed_at(&self, audience: &str) -> Option<i64> {
        self.followed_at.pin().get(audience).copied()
    }

    /// An audience is nobody's any more.
    pub(crate) fn forget(&self, audience: &str) {
        self.followed_at.pin().remove(audience);
    }

    /// Wakes when there may be more.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// How many wait for more.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.told.receiver_count()
    }

    /// The incarnation that is told of.
    #[must_use]
    pub fn incarnation(&self) -> Option<Incarnation> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).incarnation.clone()
    }
}

/// An incarnation as it travels.
#[must_use]
pub fn incarnation(id: &[u8; 16]) -> Incarnation {
    let digits = TokenId::from_bytes(*id).to_string();
    // Thirty-two hexadecimal digits are an incarnation by its grammar.
    Incarnation::parse(&digits).unwrap_or_else(|_| unreachable_incarnation())
}

#[expect(clippy::unreachable, reason = "32 lowercase hexadecimal digits are an incarnation, whatever the bytes: a test holds it")]
fn unreachable_incarnation() -> Incarnation {
    unreachable!("hexadecimal digits are an incarnation")
}

/// The cursor of a follower that has seen everything before `next`.
#[must_use]
pub fn cursor(of: &Incarnation, next: u64) -> Cursor {
    Cursor { incarnation: of.clone(), sequence: next.saturating_sub(1) }
}

/// An event as it will be sent; `None` where it tells verifiers nothing.
fn item((sequence, time, event): (u64, Time, &Event), audience_of: impl Fn(&str) -> Option<Arc<str>>) -> Option<Arc<Item>> {
    let (audience, change) = change_of_event(event, audience_of)?;
    Some(Arc::new(Item { narrowing: Narrowing { sequence, at_micros: time.micros(), change }, audience, bytes: OnceLock::new() }))
}

/// What an event tells verifiers, and whom it concerns. Of a token whose API is gone nobody is told: the API's cut-off told its followers
/// all. After a change of a key, what is remembered of it is asked again; after one of what owners of keys may do, what is remembered of any.
/// Exhaustive on purpose: whoever adds an event decides.
fn change_of_event(event: &Event, audience_of: impl Fn(&str) -> Option<Arc<str>>) -> Option<(Option<Arc<str>>, Change)> {
    Some(match event {
        Event::TokenRevoked { api, .. } | Event::TokenSuspended { api, .. } | Event::TokenResumed { api, .. } => {
            (Some(audience_of(api.as_str())?), token_change(event)?)
        }
        Event::CutOff { subject, name, before_seconds, until_seconds, .. } => {
            (concerned(*subject, name), cut_off(*subject, name, *before_seconds, *until_seconds)?)
        }
        Event::SubjectSuspended { subject, name, .. } => (concerned(*subject, name), suspension(*subject, name, true)?),
        Event::SubjectResumed { subject, name, .. } => (concerned(*subject, name), suspension(*subject, name, false)?),
        Event::ApiKeyNarrowed { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeyRotated { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeySecretEnded { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeyTransferred { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeySuspended { api, key, before_seconds, until_seconds, .. }
        | Event::ApiKeyRevoked { api, key, before_seconds, until_seconds, .. } => {
            (Some(audience_of(api.as_str())?), cut_off(CutOffSubject::Key, &key.to_string(), *before_seconds, *until_seconds)?)
        }
        Event::ApiNarrowed { api, .. } | Event::ApiWidened { api, .. } => (Some(audience_of(api.as_str())?), Change::KeysChanged),
        Event::ApiUpdated { api, changed, .. } if concerns_keys(changed) => (Some(audience_of(api.as_str())?), Change::KeysChanged),
        Event::ClientUpdated { changed, .. } | Event::ClientNarrowed { changed, .. } | Event::ClientWidened { changed, .. }
            if concerns_keys(changed) =>
        {
            (None, Change::KeysChanged)
        }
        Event::PolicyLowered { kind, .. } if concerns_keys(kind) => (None, Change::KeysChanged),
        Event::PolicyExceptionEnded { .. }
        | Event::GroupDeleted { .. }
        | Event::MembershipRemoved { .. }
        | Event::RoleNarrowed { .. }
        | Event::RoleDeleted { .. }
        | Event::RoleUnassigned { .. } => (None, Change::KeysChanged),
        Event::ApiLifetimeLowered { api, seconds, before_seconds, until_seconds, .. } => {
            let audience = audience_of(api.as_str())?;
            let change = lifetime(&audience, *seconds, *before_seconds, *until_seconds)?;
            (Some(audience), change)
        }
        Event::SigningKeyRevoked { key, until_seconds, .. } => {
            (None, Change::SigningKeyRevoked { kid: SubjectId::parse(key.as_str()).ok()?, until_seconds: *until_seconds })
        }
        Event::SigningKeyCreated { .. } | Event::SigningKeyActivated { .. } | Event::SigningKeyRemoved { .. } => {
            (None, Change::SigningKeysChanged)
        }
        Event::DeploymentCreated { .. }
        | Event::IncarnationOpened { .. }
        | Event::Issued { .. }
        | Event::TokenIssued { .. }
        | Event::ApiCreated { .. }
        | Event::ApiUpdated { .. }
        | Event::ApiDeleted { .. }
        | Event::ClientCreated { .. }
        | Event::ClientUpdated { .. }
        | Event::ClientNarrowed { .. }
        | Event::ClientWidened { .. }
        | Event::ClientDeleted { .. }
        | Event::ClientSecretCreated { .. }
        | Event::ClientSecretEnded { .. }
        | Event::ClientSecretSuspended { .. }
        | Event::ClientSecretResumed { .. }
        | Event::ClientSecretRemoved { .. }
        | Event::CredentialExpiring { .. }
        | Event::ApiKeyCreated { .. }
        | Event::ApiKeyImported { .. }
        | Event::ApiKeyWidened { .. }
        | Event::ApiKeyDescribed { .. }
        | Event::ApiKeySecretConfirmed { .. }
        | Event::ApiKeyToldAgain { .. }
        | Event::ApiKeyResumed { .. }
        | Event::ApiKeyRemoved { .. }
        | Event::ApiKeyCutOff { .. }
        | Event::CredentialReported { .. }
        | Event::ApiKeyUsesLeased { .. }
        // What they end is cut off beside them.
        | Event::UserPasswordSet { .. }
        | Event::UserSecondFactorSet { .. }
        | Event::UserSecondFactorRemoved { .. }
        | Event::UserRecoveryCodesSet { .. }
        | Event::UserRecoveryCodeUsed { .. }
        | Event::PasskeyAdded { .. }
        | Event::PasskeyRemoved { .. }
        | Event::SessionCreated { .. }
        | Event::SessionRenewed { .. }
        | Event::SessionEnded { .. }
        | Event::ConsentGiven { .. }
        | Event::ConsentWithdrawn { .. }
        | Event::CodeUnchallenged { .. }
        | Event::GrantCreated { .. }
        | Event::GrantEnded { .. }
        | Event::GrantReused { .. }
        | Event::CodeReplayed { .. }
        | Event::GrantRecovered { .. }
        | Event::GrantAdvanced { .. }
        | Event::SignInsRemoved { .. }
        | Event::PolicySet { .. }
        | Event::PolicyLowered { .. }
        | Event::PolicyExceptionCreated { .. }
        | Event::UserCreated { .. }
        | Event::UserUpdated { .. }
        | Event::UserDisabled { .. }
        | Event::UserDeleted { .. }
        | Event::UserEnabled { .. }
        | Event::UserUnlocked { .. }
        | Event::LinkMade { .. }
        | Event::LinkUsed { .. }
        | Event::ProviderCreated { .. }
        | Event::ProviderUpdated { .. }
        | Event::ProviderDeleted { .. }
        | Event::IdentityLinked { .. }
        | Event::IdentityUnlinked { .. }
        | Event::UserPasswordRenewed { .. }
        | Event::UsersExported { .. }
        | Event::GroupCreated { .. }
        | Event::GroupUpdated { .. }
        | Event::MembershipAdded { .. }
        | Event::RoleCreated { .. }
        | Event::RoleUpdated { .. }
        | Event::RoleWidened { .. }
        | Event::RoleAssigned { .. }
        | Event::BackupCompleted { .. }
        | Event::BackupFailed { .. }
        | Event::BackupTargetLost { .. }
        | Event::BackupTargetFound { .. }
        | Event::BackupOtherFound { .. }
        | Event::BackupTargetLeft { .. }
        | Event::BackupDrilled { .. }
        | Event::BackupDrillFailed { .. }
        | Event::GapOpened { .. }
        | Event::GapAccepted { .. }
        | Event::EntriesErased { .. }
        | Event::UserErased { .. }
        | Event::CanaryFailed { .. }
        | Event::RootKeyRotated { .. } => return None,
    })
}

/// Whether what changed of an API or a client, or the kind whose maximum was lowered, decides what keys may do. Of somebody who is disabled
/// the cut-off beside it tells.
fn concerns_keys(names: &str) -> bool {
    names.split(' ').any(|name| ["scopes", "apis", "api_key", "personal_access_token"].contains(&name))
}

/// What is told of one token.
fn token_change(event: &Event) -> Option<Change> {
    let id = |token: &jeton_core::id::CredentialId| TokenId::from_bytes(token.0);
    match event {
        Event::TokenRevoked { token, until_seconds, .. } => Some(Change::TokenRevoked { id: id(token), until_seconds: *until_seconds }),
        Event::TokenSuspended { token, until_seconds, .. } => Some(Change::TokenSuspended { id: id(token), until_seconds: *until_seconds }),
        Event::TokenResumed { token, until_seconds, .. } => Some(Change::TokenResumed { id: id(token), until_seconds: *until_seconds }),
        _ => None,
    }
}

/// What a stored negative tells verifiers, and whom it concerns.
pub(crate) fn change_of_negative(
    negative: &Negative,
    audience_of: impl Fn(&str) -> Option<Arc<str>>,
) -> Option<(Option<Arc<str>>, Change)> {
    let until_seconds = negative.until;
    let id = |token: &jeton_core::id::CredentialId| TokenId::from_bytes(token.0);
    Some(match &negative.says {
        Says::Revoked(token, audience) => (Some(audience.clone()), Change::TokenRevoked { id: id(token), until_seconds }),
        Says::Suspended(token, audience) => (Some(audience.clone()), Change::TokenSuspended { id: id(token), until_seconds }),
        Says::Resumed(token, audience) => (Some(audience.clone()), Change::TokenResumed { id: id(token), until_seconds }),
        Says::CutOff(subject, name, before) => (concerned(*subject, name), cut_off(*subject, name, *before, until_seconds)?),
        Says::SubjectSuspended(subject, name) => (concerned(*subject, name), suspension(*subject, name, true)?),
        Says::SubjectResumed(subject, name) => (concerned(*subject, name), suspension(*subject, name, false)?),
        Says::Lifetime(audience, seconds, before) => (Some(audience.clone()), lifetime(audience, *seconds, *before, until_seconds)?),
        Says::KeyRevoked(key) => (None, Change::SigningKeyRevoked { kid: SubjectId::parse(key.as_str()).ok()?, until_seconds }),
        Says::ApiKeyChanged(key, api, before) => {
            (Some(audience_of(api.as_str())?), cut_off(CutOffSubject::Key, &key.to_string(), *before, until_seconds)?)
        }
    })
}

/// Whom a cut-off concerns: of an API, its own followers alone.
fn concerned(subject: CutOffSubject, name: &Arc<str>) -> Option<Arc<str>> {
    (subject == CutOffSubject::Api).then(|| name.clone())
}

fn lifetime(audience: &str, seconds: i64, before_seconds: i64, until_seconds: i64) -> Option<Change> {
    let lifetime_seconds = u64::try_from(seconds).ok()?;
    Some(Change::Lifetime { api: SubjectId::parse(audience).ok()?, lifetime_seconds, before_seconds, until_seconds })
}

fn cut_off(subject: CutOffSubject, name: &str, before_seconds: i64, until_seconds: i64) -> Option<Change> {
    if subject == CutOffSubject::Group {
        // Nothing but keys is a group's, and no answer names the group of one.
        return Some(Change::KeysChanged);
    }
    Some(Change::Cutoff { subject: told_subject(subject, name)?, before_seconds, until_seconds })
}

fn suspension(subject: CutOffSubject, name: &str, suspends: bool) -> Option<Change> {
    if subject == CutOffSubject::Group {
        return Some(Change::KeysChanged);
    }
    let subject = told_subject(subject, name)?;
    Some(if suspends { Change::SubjectSuspended { subject } } else { Change::SubjectResumed { subject } })
}

fn told_subject(subject: CutOffSubject, name: &str) -> Option<Subject> {
    let name = || SubjectId::parse(name).ok();
    Some(match subject {
        CutOffSubject::Client => Subject::Client(name()?),
        CutOffSubject::User => Subject::User(name()?),
        CutOffSubject::Session => Subject::Session(name()?),
        CutOffSubject::Family => Subject::Family(name()?),
        CutOffSubject::Api => Subject::Api(name()?),
        CutOffSubject::Key => Subject::Key(name()?),
        CutOffSubject::Group => return None,
        CutOffSubject::Everything => Subject::Everything,
    })
}

#[cfg(test)]
mod tests {
    use jeton_core::id::{Actor, ApiId, ClientId, CredentialId};
    use jeton_store::ledger::Frontier;

    use super::*;

    #[test]
    fn what_was_told_is_sent_page_by_page_and_nothing_is_left_out() {
        let head = |size| Head { size, time: Time::EPOCH, incarnation: [7; 16], frontier: Frontier::default() };
        let feed = Feed::default();
        feed.begin(&head(0));
        let revoked = |number: u64| Event::TokenRevoked {
            actor: Actor::system(),
            api: ApiId::from(if number.is_multiple_of(3) { "other" } else { "own" }),
            client: ClientId::from("c"),
            token: CredentialId(u128::from(number).to_be_bytes()),
            until_seconds: 1,
            why: None,
        };
        let size = 3 * PAGE as u64 + 5;
        let events: Vec<Event> = (0..size).map(revoked).collect();
        let told: Vec<(u64, Time, &Event)> = (0..).zip(&events).map(|(sequence, event)| (sequence, Time::EPOCH, event)).collect();
        feed.publish(&told, |api| Some(Arc::from(api)), &head(size));
        let (of, mut from, mut sent) = (incarnation(&[7; 16]), 0, vec![]);
        while from < size {
            let Next::Events(events, end, _) = feed.next(&of, from, "own") else { panic!("gone at {from}") };
            assert!(events.len() <= PAGE && end > from, "{from}");
            sent.extend(events);
            from = end;
        }
        assert_eq!(sent.len(), (0..size).filter(|number| !number.is_multiple_of(3)).count());
        assert!(sent.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
