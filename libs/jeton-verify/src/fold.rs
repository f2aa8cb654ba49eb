//! How what the feed tells becomes negatives.

use jeton_oauth::feed::{Change, Subject as Told};

use crate::negatives::{Negatives, Subject};

/// What else must happen because of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// Nothing: the negatives hold it.
    Done,
    /// The negatives hold it; the key must also leave the key set.
    KeyRevoked,
    /// The key set must be fetched again.
    KeysChanged,
    /// The change is of a kind that this version does not know and may take any authority away: fail closed.
    Unknown,
}

impl Negatives {
    /// Folds a change of the feed. Applying it again, or together with an older one, changes nothing but suspensions, whose order counts.
    pub fn apply(&self, change: &Change) -> Folded {
        match change {
            Change::TokenRevoked { id, until_seconds } => self.revoke(id.to_bytes(), *until_seconds),
            Change::TokenSuspended { id, until_seconds } => self.suspend(id.to_bytes(), *until_seconds),
            Change::TokenResumed { id, until_seconds } => self.resume(id.to_bytes(), *until_seconds),
            Change::Cutoff { subject, before_seconds, until_seconds } => {
                let (kind, name) = named(subject);
                self.cut_off(kind, name, *before_seconds, *until_seconds);
            }
            Change::SubjectSuspended { subject } => {
                let (kind, name) = named(subject);
                self.suspend_subject(kind, name);
            }
            Change::SubjectResumed { subject } => {
                let (kind, name) = named(subject);
                self.resume_subject(kind, name);
            }
            Change::Lifetime { api, lifetime_seconds, before_seconds, until_seconds } => {
                let seconds = i64::try_from(*lifetime_seconds).unwrap_or(i64::MAX);
                self.limit_lifetime(api.as_str(), seconds, *before_seconds, *until_seconds);
            }
            Change::SigningKeyRevoked { kid, until_seconds } => {
                self.revoke_key(kid.as_str(), *until_seconds);
                return Folded::KeyRevoked;
            }
            Change::SigningKeysChanged => return Folded::KeysChanged,
            // Answers that are remembered are no negatives.
            Change::KeysChanged => {}
            // The enum may grow; what is new is as unknown as what calls itself so.
            _ => return Folded::Unknown,
        }
        Folded::Done
    }
}

fn named(subject: &Told) -> (Subject, &str) {
    let kind = match subject {
        Told::Client(_) => Subject::Client,
        Told::User(_) => Subject::User,
        Told::Session(_) => Subject::Session,
        Told::Family(_) => Subject::Family,
        Told::Api(_) => Subject::Api,
        Told::Key(_) => Subject::Key,
        Told::Everything => Subject::Everything,
    };
    (kind, subject.id().map_or("", |id| id.as_str()))
}

#[cfg(test)]
mod tests {
    use jeton_oauth::feed::SubjectId;
    use jeton_token::TokenId;

    use super::*;
    use crate::negatives::{Described, Judgement};

    #[test]
    fn each_change_is_folded() {
        fn check(changes: &[Change], expected: Judgement, folded: Folded) {
            let negatives = Negatives::default();
            let last = changes.iter().map(|change| negatives.apply(change)).last();
            let token = Described {
                token: [7; 16],
                issued_at: 100,
                client: "c",
                audience: "a",
                user: Some("u"),
                session: Some("s"),
                family: Some("f"),
                signing_key: Some("k"),
            };
            assert_eq!(negatives.judge(&token, 170), expected, "{changes:?}");
            assert_eq!(last, Some(folded), "{changes:?}");
        }
        let id = TokenId::from_bytes([7; 16]);
        let name = |text| SubjectId::parse(text).unwrap();
        let until_seconds = 900;
        let (suspended, resumed) = (Change::TokenSuspended { id, until_seconds }, Change::TokenResumed { id, until_seconds });
        let revoked = Change::TokenRevoked { id, until_seconds };
        check(std::slice::from_ref(&suspended), Judgement::Suspended, Folded::Done);
        check(&[suspended, resumed.clone()], Judgement::Accepted, Folded::Done);
        check(&[revoked, resumed], Judgement::Revoked, Folded::Done);
        for (subject, expected) in [
            (Told::Client(name("c")), Subject::Client),
            (Told::User(name("u")), Subject::User),
            (Told::Session(name("s")), Subject::Session),
            (Told::Family(name("f")), Subject::Family),
            (Told::Api(name("a")), Subject::Api),
            (Told::Everything, Subject::Everything),
        ] {
            check(&[Change::Cutoff { subject, before_seconds: 101, until_seconds }], Judgement::CutOff(expected), Folded::Done);
        }
        let (suspends, resumes) =
            (Change::SubjectSuspended { subject: Told::User(name("u")) }, Change::SubjectResumed { subject: Told::User(name("u")) });
        check(std::slice::from_ref(&suspends), Judgement::SubjectSuspended(Subject::User), Folded::Done);
        check(&[suspends, resumes], Judgement::Accepted, Folded::Done);
        let lifetime = |lifetime_seconds| Change::Lifetime { api: name("a"), lifetime_seconds, before_seconds: 101, until_seconds };
        check(&[lifetime(70)], Judgement::Outlived, Folded::Done);
        check(&[lifetime(71)], Judgement::Accepted, Folded::Done);
        check(&[lifetime(u64::MAX)], Judgement::Accepted, Folded::Done);
        check(&[Change::SigningKeyRevoked { kid: name("k"), until_seconds }], Judgement::KeyRevoked, Folded::KeyRevoked);
        check(&[Change::SigningKeysChanged], Judgement::Accepted, Folded::KeysChanged);
        check(&[Change::KeysChanged], Judgement::Accepted, Folded::Done);
        check(&[Change::Unknown { kind: "new".into() }], Judgement::Accepted, Folded::Unknown);
    }
}
