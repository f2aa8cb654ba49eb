//! What is no longer, or not now, accepted: held in memory, read without a lock.
//!
//! The server and every verifier fold the same statements with this one type, so that they judge alike. The last statement about a token
//! counts, and a revocation is final.

mod image;
mod token_states;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use papaya::HashMap;

use token_states::{TokenState, TokenStates};

/// Statements that take acceptance away, folded.
#[derive(Debug, Default)]
pub struct Negatives {
    tokens: TokenStates,
    keys: HashMap<Arc<str>, i64>,
    lifetimes: HashMap<Arc<str>, Vec<Lifetime>>,
    cut_offs: [HashMap<Arc<str>, CutOff>; Subject::NAMED.len()],
    everything_before: AtomicI64,
    /// Subjects that were ever suspended, and whether they are.
    suspended: [HashMap<Arc<str>, bool>; Subject::NAMED.len()],
    /// Whether any ever was: until then nobody looks.
    has_suspended: AtomicBool,
}

/// Whose tokens a cut-off ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Those of one client, by `client_id`.
    Client,
    /// Those of one person, by `sub`.
    User,
    /// Those of one session, by `sid`.
    Session,
    /// Those of one refresh family, by `gid`.
    Family,
    /// Those for one API, by `aud`.
    Api,
    /// Those of one API key, by its id.
    Key,
    /// The API keys of one group, which the server alone knows of.
    Group,
    /// All of them.
    Everything,
}

impl Subject {
    /// Those that are told apart by a name.
    const NAMED: [Subject; 7] =
        [Subject::Client, Subject::User, Subject::Session, Subject::Family, Subject::Api, Subject::Key, Subject::Group];

    fn place(self) -> usize {
        match self {
            Subject::Client => 0,
            Subject::User => 1,
            Subject::Session => 2,
            Subject::Family => 3,
            Subject::Api => 4,
            Subject::Key => 5,
            Subject::Group | Subject::Everything => 6,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct CutOff {
    before: i64,
    until: i64,
}

#[derive(Clone, Copy, Debug)]
struct Lifetime {
    seconds: i64,
    before: i64,
    until: i64,
}

/// What negatives can say something about: the parts of a token that cut-offs name. Times are seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Described<'a> {
    /// The token's id (`jti`).
    pub token: [u8; 16],
    /// Its `iat`.
    pub issued_at: i64,
    /// Its `client_id`.
    pub client: &'a str,
    /// Its `aud`.
    pub audience: &'a str,
    /// Its `sub`, where it is a person's.
    pub user: Option<&'a str>,
    /// Its `sid`.
    pub session: Option<&'a str>,
    /// Its `gid`.
    pub family: Option<&'a str>,
    /// The `kid` that it is signed with.
    pub signing_key: Option<&'a str>,
}

/// How negatives judge a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing speaks against it.
    Accepted,
    /// Refused until it is resumed.
    Suspended,
    /// Refused until this subject of it is resumed.
    SubjectSuspended(Subject),
    /// Revoked by its id.
    Revoked,
    /// Issued before a cut-off.
    CutOff(Subject),
    /// Older than its API's lifetime now allows.
    Outlived,
    /// Signed with a key that is no longer trusted.
    KeyRevoked,
}

impl Lifetime {
    fn covers(&self, other: &Lifetime) -> bool {
        other.before <= self.before && self.seconds <= other.seconds
    }
}

impl Negatives {
    /// A token is revoked: final. `until`, in seconds, is when this may be forgotten.
    pub fn revoke(&self, token: [u8; 16], until: i64) {
        self.fold(token, until, |state| TokenState { revoked: true, ..state });
    }

    /// A token is refused until it is resumed.
    pub fn suspend(&self, token: [u8; 16], until: i64) {
        self.fold(token, until, |state| TokenState { suspended: true, ..state });
    }

    /// A suspended token is accepted again, unless it was revoked.
    pub fn resume(&self, token: [u8; 16], until: i64) {
        self.fold(token, until, |state| TokenState { suspended: false, ..state });
    }

    /// Tokens of a subject with `iat` before `before` are dead. Cut-offs only ever move forward.
    pub fn cut_off(&self, subject: Subject, name: &str, before: i64, until: i64) {
        if subject == Subject::Everything {
            self.everything_before.fetch_max(before, Ordering::AcqRel);
        } else if let Some(names) = self.cut_offs.get(subject.place()) {
            let later = |old: &CutOff| CutOff { before: old.before.max(before), until: old.until.max(until) };
            put(names, Arc::from(name), later, CutOff { before, until });
        }
    }

    /// Everything of a subject is refused until it is resumed. That everything there is was suspended nobody says.
    pub fn suspend_subject(&self, subject: Subject, name: &str) {
        self.note_suspension(subject, name, true);
    }

    /// What is a suspended subject's is accepted again.
    pub fn resume_subject(&self, subject: Subject, name: &str) {
        self.note_suspension(subject, name, false);
    }

    /// Whether everything of a subject is refused for now.
    #[must_use]
    pub fn is_subject_suspended(&self, subject: Subject, name: &str) -> bool {
        let is_suspended = |names: &HashMap<Arc<str>, bool>| names.pin().get(name).copied().unwrap_or(false);
        subject != Subject::Everything
            && self.has_suspended.load(Ordering::Acquire)
            && self.suspended.get(subject.place()).is_some_and(is_suspended)
    }

    fn note_suspension(&self, subject: Subject, name: &str, is_suspended: bool) {
        if subject != Subject::Everything
            && let Some(names) = self.suspended.get(subject.place())
        {
            names.pin().insert(Arc::from(name), is_suspended);
            self.has_suspended.store(true, Ordering::Release);
        }
    }

    /// Tokens for an audience with `iat` before `before` live at most `seconds` from it. Those issued later carry their own, shorter `exp`.
    pub fn limit_lifetime(&self, audience: &str, seconds: i64, before: i64, until: i64) {
        let limit = Lifetime { seconds, before, until };
        self.lifetimes.pin().update_or_insert_with(
            Arc::from(audience),
            |limits| limits.iter().copied().filter(|old| !limit.covers(old)).chain([limit]).collect(),
            || vec![limit],
        );
    }

    /// Nothing that this key signed is trusted.
    pub fn revoke_key(&self, key_id: &str, until: i64) {
        self.keys.pin().insert(Arc::from(key_id), until);
    }

    /// Whether nothing that this key signed is trusted.
    #[must_use]
    pub fn is_key_revoked(&self, key_id: &str) -> bool {
        self.keys.pin().contains_key(key_id)
    }

    /// Takes over what an older reading holds, so that replacing it by this one opens nothing again: everything, but whether a token or a
    /// subject is suspended only where nothing is known of it here.
    pub fn absorb(&self, older: &Negatives) {
        older.tokens.for_each(|token, old| {
            let keep = |own: TokenState| TokenState { revoked: own.revoked || old.revoked, until: own.until.max(old.until), ..own };
            self.tokens.update(token, |own| own.map_or(old, keep));
        });
        for (key, until) in &older.keys.pin() {
            put(&self.keys, key.clone(), |own| *own.max(until), *until);
        }
        for (audience, limits) in &older.lifetimes.pin() {
            limits.iter().for_each(|limit| self.limit_lifetime(audience, limit.seconds, limit.before, limit.until));
        }
        for (own, names) in self.cut_offs.iter().zip(&older.cut_offs) {
            for (name, old) in &names.pin() {
                let later = |own: &CutOff| CutOff { before: own.before.max(old.before), until: own.until.max(old.until) };
                put(own, name.clone(), later, *old);
            }
        }
        self.everything_before.fetch_max(older.everything_before.load(Ordering::Acquire), Ordering::AcqRel);
        for (own, names) in self.suspended.iter().zip(&older.suspended) {
            for (name, is_suspended) in &names.pin() {
                let _ = own.pin().try_insert(name.clone(), *is_suspended);
                self.has_suspended.store(true, Ordering::Release);
            }
        }
    }

    /// Judges a token at `now_seconds`.
    #[must_use]
    pub fn judge(&self, described: &Described<'_>, now_seconds: i64) -> Judgement {
        self.judge_but_for(described, None, now_seconds)
    }

    /// The same as if this subject were not suspended.
    #[must_use]
    pub fn judge_but_for(&self, described: &Described<'_>, but_for: Option<(Subject, &str)>, now_seconds: i64) -> Judgement {
        if let Some(state) = self.tokens.get(&described.token) {
            if state.revoked {
                return Judgement::Revoked;
            }
            if state.suspended {
                return Judgement::Suspended;
            }
        }
        if described.signing_key.is_some_and(|key| self.keys.pin().contains_key(key)) {
            return Judgement::KeyRevoked;
        }
        if let Some(subject) = self.cutting(described) {
            return Judgement::CutOff(subject);
        }
        let outlived =
            |limit: &Lifetime| described.issued_at < limit.before && now_seconds >= described.issued_at.saturating_add(limit.seconds);
        if self.lifetimes.pin().get(described.audience).is_some_and(|limits| limits.iter().any(outlived)) {
            return Judgement::Outlived;
        }
        if self.has_suspended.load(Ordering::Acquire)
            && let Some(subject) = self.suspending(described, but_for)
        {
            return Judgement::SubjectSuspended(subject);
        }
        Judgement::Accepted
    }

    fn suspending(&self, described: &Described<'_>, but_for: Option<(Subject, &str)>) -> Option<Subject> {
        let is_suspended = |subject: Subject, name: &str| but_for != Some((subject, name)) && self.is_subject_suspended(subject, name);
        named_by(described).into_iter().find_map(|(subject, name)| is_suspended(subject, name?).then_some(subject))
    }

    /// The earliest `iat`, in seconds, that no cut-off over this client, audience or everything reaches.
    #[must_use]
    pub fn not_before(&self, client: &str, audience: &str) -> i64 {
        [(Subject::Client, client), (Subject::Api, audience)]
            .into_iter()
            .map(|(subject, name)| self.before(subject, name))
            .fold(self.everything_before.load(Ordering::Acquire), i64::max)
    }

    /// Every cut-off: of what kind of subject, and the `iat`, in seconds, that it reaches up to.
    pub fn for_each_cut_off(&self, mut each: impl FnMut(Subject, i64)) {
        let named = Subject::NAMED.into_iter().filter_map(|subject| Some((subject, self.cut_offs.get(subject.place())?)));
        for (subject, names) in named {
            names.pin().values().for_each(|cut_off| each(subject, cut_off.before));
        }
        let everything_before = self.everything_before.load(Ordering::Acquire);
        if everything_before > 0 {
            each(Subject::Everything, everything_before);
        }
    }

    /// Forgets what may be forgotten at `now_seconds`.
    pub fn forget(&self, now_seconds: i64) {
        self.tokens.retain(|state| now_seconds < state.until);
        self.keys.pin().retain(|_, until| now_seconds < *until);
        self.lifetimes.pin().retain(|_, limits| limits.iter().any(|limit| now_seconds < limit.until));
        for names in &self.cut_offs {
            names.pin().retain(|_, cut_off| now_seconds < cut_off.until);
        }
    }

    /// How many tokens are named.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens.len()
    }

    fn cutting(&self, described: &Described<'_>) -> Option<Subject> {
        if described.issued_at < self.everything_before.load(Ordering::Acquire) {
            return Some(Subject::Everything);
        }
        named_by(described).into_iter().find_map(|(subject, name)| (described.issued_at < self.before(subject, name?)).then_some(subject))
    }

    /// The earliest `iat`, in seconds, that no cut-off of this subject itself reaches.
    #[must_use]
    pub fn before(&self, subject: Subject, name: &str) -> i64 {
        if subject == Subject::Everything {
            return self.everything_before.load(Ordering::Acquire);
        }
        let before = |names: &HashMap<Arc<str>, CutOff>| names.pin().get(name).map_or(i64::MIN, |cut_off| cut_off.before);
        self.cut_offs.get(subject.place()).map_or(i64::MIN, before)
    }

    fn fold(&self, token: [u8; 16], until: i64, change: impl Fn(TokenState) -> TokenState) {
        self.tokens.update(token, |old| {
            let old = old.unwrap_or(TokenState { revoked: false, suspended: false, until });
            change(TokenState { until: old.until.max(until), ..old })
        });
    }
}

/// The subjects that a token names.
fn named_by<'a>(described: &Described<'a>) -> [(Subject, Option<&'a str>); 5] {
    [
        (Subject::Client, Some(described.client)),
        (Subject::Api, Some(described.audience)),
        (Subject::User, described.user),
        (Subject::Session, described.session),
        (Subject::Family, described.family),
    ]
}

/// Changes what is there, or puts what is fresh. Not `update_or_insert`: where a map is filled by that, searching it for what is not there,
/// which is what every check of a token does, takes half a microsecond instead of twenty nanoseconds.
fn put<K: std::hash::Hash + Eq + Clone, V: Copy>(map: &HashMap<K, V>, key: K, change: impl Fn(&V) -> V, fresh: V) {
    let map = map.pin();
    while map.update(key.clone(), &change).is_none() && map.try_insert(key.clone(), fresh).is_err() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(byte: u8, issued_at: i64) -> Described<'static> {
        Described { token: [byte; 16], issued_at, client: "c", audience: "a", signing_key: Some("k"), ..Described::default() }
    }

    #[test]
    fn the_last_statement_counts_and_a_revocation_is_final() {
        let negatives = Negatives::default();
        let judge = || negatives.judge(&token(1, 100), 150);
        assert_eq!(judge(), Judgement::Accepted);
        negatives.suspend([1; 16], 900);
        assert_eq!(judge(), Judgement::Suspended);
        negatives.resume([1; 16], 900);
        assert_eq!(judge(), Judgement::Accepted);
        negatives.revoke([1; 16], 900);
        negatives.resume([1; 16], 900);
        assert_eq!(judge(), Judgement::Revoked);
    }

    #[test]
    fn a_cut_off_ends_what_was_issued_before_it_and_nothing_else() {
        let cases = [
            (Subject::Client, "c"),
            (Subject::Api, "a"),
            (Subject::User, "u"),
            (Subject::Session, "s"),
            (Subject::Family, "f"),
            (Subject::Everything, ""),
        ];
        for (subject, name) in cases {
            let negatives = Negatives::default();
            negatives.cut_off(subject, name, 100, 900);
            negatives.cut_off(subject, name, 50, 900);
            let with = |issued_at| Described { user: Some("u"), session: Some("s"), family: Some("f"), ..token(1, issued_at) };
            assert_eq!(negatives.judge(&with(99), 150), Judgement::CutOff(subject), "{subject:?}");
            assert_eq!(negatives.judge(&with(100), 150), Judgement::Accepted, "{subject:?}");
        }
    }

    #[test]
    fn what_is_a_suspended_subjects_is_refused_until_it_is_resumed() {
        let cases = [(Subject::Client, "c"), (Subject::Api, "a"), (Subject::User, "u"), (Subject::Session, "s"), (Subject::Family, "f")];
        let described = Described { user: Some("u"), session: Some("s"), family: Some("f"), ..token(1, 100) };
        for (subject, name) in cases {
            let (negatives, older) = (Negatives::default(), Negatives::default());
            let judge = |negatives: &Negatives| negatives.judge(&described, 150);
            negatives.suspend_subject(subject, "another");
            assert_eq!(judge(&negatives), Judgement::Accepted, "{subject:?}");
            negatives.suspend_subject(subject, name);
            assert_eq!(judge(&negatives), Judgement::SubjectSuspended(subject));
            assert_eq!(negatives.judge_but_for(&described, Some((subject, name)), 150), Judgement::Accepted, "{subject:?}");
            older.absorb(&negatives);
            assert_eq!(judge(&older), Judgement::SubjectSuspended(subject), "what is not known is taken over");
            negatives.resume_subject(subject, name);
            assert_eq!(judge(&negatives), Judgement::Accepted, "{subject:?}");
            negatives.absorb(&older);
            assert_eq!(judge(&negatives), Judgement::Accepted, "what is known is newer");
            negatives.suspend_subject(subject, name);
            negatives.cut_off(subject, name, 101, 900);
            assert_eq!(judge(&negatives), Judgement::CutOff(subject), "an end is final");
        }
    }

    #[test]
    fn a_lowered_lifetime_and_a_revoked_key_reach_what_is_out() {
        let negatives = Negatives::default();
        negatives.limit_lifetime("a", 60, 120, 900);
        negatives.limit_lifetime("a", 90, 140, 900);
        for (issued_at, now, judgement) in [
            (100, 159, Judgement::Accepted),
            (100, 160, Judgement::Outlived),
            (120, 209, Judgement::Accepted),
            (120, 210, Judgement::Outlived),
            (140, 999, Judgement::Accepted),
        ] {
            assert_eq!(negatives.judge(&token(1, issued_at), now), judgement, "{issued_at} {now}");
        }
        negatives.revoke_key("k", 900);
        assert_eq!(negatives.judge(&token(1, 100), 150), Judgement::KeyRevoked);
    }

    #[test]
    fn a_newer_reading_opens_nothing_again() {
        let (older, newer) = (Negatives::default(), Negatives::default());
        older.revoke([1; 16], 900);
        older.suspend([2; 16], 900);
        older.suspend([3; 16], 900);
        older.cut_off(Subject::Client, "old", 100, 900);
        older.cut_off(Subject::Everything, "", 50, 900);
        older.limit_lifetime("a", 60, 120, 900);
        older.revoke_key("old", 900);
        newer.suspend([1; 16], 900);
        newer.resume([1; 16], 900);
        newer.resume([2; 16], 900);
        newer.cut_off(Subject::Client, "old", 90, 900);
        newer.absorb(&older);
        for (described, expected) in [
            (token(1, 150), Judgement::Revoked),
            (token(2, 150), Judgement::Accepted),
            (token(3, 150), Judgement::Suspended),
            (token(4, 49), Judgement::CutOff(Subject::Everything)),
            (Described { client: "old", ..token(4, 99) }, Judgement::CutOff(Subject::Client)),
            (token(4, 100), Judgement::Outlived),
            (Described { signing_key: Some("old"), ..token(4, 150) }, Judgement::KeyRevoked),
            (token(4, 150), Judgement::Accepted),
        ] {
            assert_eq!(newer.judge(&described, 160), expected, "{described:?}");
        }
        assert!(newer.is_key_revoked("old") && !newer.is_key_revoked("k"));
    }

    #[test]
    fn what_may_be_forgotten_is() {
        let negatives = Negatives::default();
        negatives.revoke([1; 16], 200);
        negatives.revoke([2; 16], 300);
        negatives.forget(200);
        assert_eq!(negatives.tokens(), 1);
    }
}
