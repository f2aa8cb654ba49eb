//! Usage: how often tokens and keys are issued and used, by whom, at which API, and how it went. Counted beside the ledger.

pub mod bucket;
pub mod counts;
pub mod journal;
pub mod mixed;
pub mod origin;
pub mod progress;
pub mod report;
pub mod subject;

use std::cmp::Ordering;
use std::fmt;

use jeton_oauth::usage_report;

use crate::api_key::verify::Code;
use crate::id::{ApiId, ApiKeyId, ClientId, SecretId};
use crate::owner::Owner;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Whose use it is.
    pub subject: Subject,
    /// At which API, where that is known.
    pub api: Option<ApiId>,
    /// How it went.
    pub outcome: Outcome,
}

/// Whose use is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Everybody's.
    All,
    /// Everybody's at one API.
    Api(ApiId),
    /// A client's.
    Client(ClientId),
    /// An API key's.
    Key(ApiKeyId),
    /// A client secret's: its client proved itself with it.
    Secret(SecretId),
    /// That of somebody at one API: what they were granted there. Remembered, and not counted.
    At(Box<At>),
    /// That of anything that was granted. Remembered, and not counted.
    Grants,
    /// Nobody knows whose: a text that is no token of ours.
    Unknown,
    /// Those that came after as many as are told apart.
    Other,
}

/// Somebody at one API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// The API.
    pub api: ApiId,
    /// Who was granted something there: a client, a person or a group.
    pub holder: Owner,
}

/// How a use went; in the order of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A client got an access token.
    Issued,
    /// A client that asked for one was refused.
    IssueRefused,
    /// It would have got one, had Jeton been able to write it.
    IssueFailed,
    /// A token of the client was presented at an API, which asked: it is active.
    Active,
    /// The same, and it is not.
    Inactive,
    /// The client asked whether a token is active.
    Introspected,
    /// A client proved itself with the secret.
    Authenticated,
    /// It tried to after the secret had ended.
    SecretEnded,
    /// It tried to while the secret was suspended.
    SecretSuspended,
    /// A key was presented, and checked so.
    Key(Code),
    /// A token was presented at an API, which decided by itself, and told of it later.
    Offline(usage_report::Outcome),
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Outcome; 26] = [
        Outcome::Issued,
        Outcome::IssueRefused,
        Outcome::IssueFailed,
        Outcome::Active,
        Outcome::Inactive,
        Outcome::Introspected,
        Outcome::Authenticated,
        Outcome::SecretEnded,
        Outcome::SecretSuspended,
        Outcome::Key(Code::Valid),
        Outcome::Key(Code::NotFound),
        Outcome::Key(Code::Revoked),
        Outcome::Key(Code::Expired),
        Outcome::Key(Code::Suspended),
        Outcome::Key(Code::IpDenied),
        Outcome::Key(Code::InsufficientScope),
        Outcome::Key(Code::RateLimited),
        Outcome::Key(Code::UsageExceeded),
        Outcome::Offline(usage_report::Outcome::Accepted),
        Outcome::Offline(usage_report::Outcome::Expired),
        Outcome::Offline(usage_report::Outcome::Revoked),
        Outcome::Offline(usage_report::Outcome::Suspended),
        Outcome::Offline(usage_report::Outcome::InsufficientScope),
        Outcome::Offline(usage_report::Outcome::Invalid),
        Outcome::Offline(usage_report::Outcome::Unavailable),
        Outcome::Offline(usage_report::Outcome::FormerIssuer),
    ];

    /// Its number in the store; never reused.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Outcome::Issued => 1,
            Outcome::IssueRefused => 2,
            Outcome::IssueFailed => 3,
            Outcome::Active => 10,
            Outcome::Inactive => 11,
            Outcome::Introspected => 12,
            Outcome::Authenticated => 13,
            Outcome::SecretEnded => 14,
            Outcome::SecretSuspended => 15,
            Outcome::Key(Code::Valid) => 20,
            Outcome::Key(Code::NotFound) => 21,
            Outcome::Key(Code::Revoked) => 22,
            Outcome::Key(Code::Expired) => 23,
            Outcome::Key(Code::Suspended) => 24,
            Outcome::Key(Code::IpDenied) => 25,
            Outcome::Key(Code::InsufficientScope) => 26,
            Outcome::Key(Code::RateLimited) => 27,
            Outcome::Key(Code::UsageExceeded) => 28,
            Outcome::Offline(usage_report::Outcome::Accepted) => 40,
            Outcome::Offline(usage_report::Outcome::Expired) => 41,
            Outcome::Offline(usage_report::Outcome::Revoked) => 42,
            Outcome::Offline(usage_report::Outcome::Suspended) => 43,
            Outcome::Offline(usage_report::Outcome::InsufficientScope) => 44,
            Outcome::Offline(usage_report::Outcome::Invalid) => 45,
            Outcome::Offline(usage_report::Outcome::Unavailable) => 46,
            Outcome::Offline(usage_report::Outcome::FormerIssuer) => 47,
        }
    }

    /// The outcome of a number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| i64::from(outcome.number()) == number)
    }

    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Issued => "issued",
            Outcome::IssueRefused => "issue_refused",
            Outcome::IssueFailed => "issue_failed",
            Outcome::Active => "active",
            Outcome::Inactive => "inactive",
            Outcome::Introspected => "introspected",
            Outcome::Authenticated => "authenticated",
            Outcome::SecretEnded => "secret_ended",
            Outcome::SecretSuspended => "secret_suspended",
            Outcome::Key(code) => code.name(),
            Outcome::Offline(usage_report::Outcome::Accepted) => "offline_accepted",
            Outcome::Offline(usage_report::Outcome::Expired) => "offline_expired",
            Outcome::Offline(usage_report::Outcome::Revoked) => "offline_revoked",
            Outcome::Offline(usage_report::Outcome::Suspended) => "offline_suspended",
            Outcome::Offline(usage_report::Outcome::InsufficientScope) => "offline_insufficient_scope",
            Outcome::Offline(usage_report::Outcome::Invalid) => "offline_invalid",
            Outcome::Offline(usage_report::Outcome::Unavailable) => "offline_unavailable",
            Outcome::Offline(usage_report::Outcome::FormerIssuer) => "offline_former_issuer",
        }
    }

    /// Whether something was used, and not refused.
    #[must_use]
    pub fn is_use(self) -> bool {
        use Outcome::{Active, Authenticated, Introspected, Issued, Key, Offline};
        matches!(self, Issued | Active | Introspected | Authenticated | Key(Code::Valid) | Offline(usage_report::Outcome::Accepted))
    }

    /// Whether a token or a key was presented at an API, which asked about it or told of it.
    #[must_use]
    pub fn is_check(self) -> bool {
        matches!(self, Outcome::Active | Outcome::Inactive | Outcome::Key(_) | Outcome::Offline(_))
    }
}

impl Ord for Outcome {
    fn cmp(&self, other: &Outcome) -> Ordering {
        self.number().cmp(&other.number())
    }
}

impl PartialOrd for Outcome {
    fn partial_cmp(&self, other: &Outcome) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Subject {
    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Subject> {
        match text.split_once(':') {
            None if text == "all" => Some(Subject::All),
            None if text == "unknown" => Some(Subject::Unknown),
            None if text == "other" => Some(Subject::Other),
            None if text == "grants" => Some(Subject::Grants),
            Some(("api", id)) if !id.is_empty() => Some(Subject::Api(ApiId::from(id))),
            Some(("client", id)) if !id.is_empty() => Some(Subject::Client(ClientId::from(id))),
            Some(("key", id)) => ApiKeyId::parse(id).map(Subject::Key),
            Some(("at", rest)) => {
                let (api, holder) = rest.split_once(':').filter(|(api, _)| !api.is_empty())?;
                let holder = Owner::parse(holder).ok().filter(|holder| !matches!(holder, Owner::External(_)))?;
                Some(Subject::at(ApiId::from(api), holder))
            }
            Some(("client_secret", id)) if !id.is_empty() => Some(Subject::Secret(SecretId::from(id))),
            _ => None,
        }
    }

    /// Somebody at one API.
    #[must_use]
    pub fn at(api: ApiId, holder: Owner) -> Subject {
        Subject::At(Box::new(At { api, holder }))
    }

    /// Whether there may be any number of such subjects: past a bound they are counted as [`Subject::Other`].
    #[must_use]
    pub fn is_one_of_many(&self) -> bool {
        matches!(self, Subject::Client(_) | Subject::Key(_) | Subject::Secret(_))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::All => formatter.write_str("all"),
            Subject::Api(id) => write!(formatter, "api:{id}"),
            Subject::Client(id) => write!(formatter, "client:{id}"),
            Subject::Key(id) => write!(formatter, "key:{id}"),
            Subject::Secret(id) => write!(formatter, "client_secret:{id}"),
            Subject::At(at) => write!(formatter, "at:{}:{}", at.api, at.holder),
            Subject::Grants => formatter.write_str("grants"),
            Subject::Unknown => formatter.write_str("unknown"),
            Subject::Other => formatter.write_str("other"),
        }
    }
}

impl Cell {
    /// The same use where many are counted together: at its API, and in all. What a client does with its secret is counted as the client's.
    pub fn sums(&self) -> impl Iterator<Item = Cell> {
        let is_summed = !matches!(self.outcome, Outcome::Authenticated | Outcome::SecretEnded | Outcome::SecretSuspended);
        let of_api = self.api.clone().map(|api| Cell { subject: Subject::Api(api.clone()), api: Some(api), outcome: self.outcome });
        of_api.into_iter().chain([Cell { subject: Subject::All, api: None, outcome: self.outcome }]).filter(move |_| is_summed)
    }

    /// Whether both are counted in the same sums.
    #[must_use]
    pub fn has_sums_of(&self, other: &Cell) -> bool {
        self.outcome == other.outcome && self.api == other.api
    }

    /// The same use, no longer told apart from others'.
    #[must_use]
    pub fn among_others(&self) -> Cell {
        Cell { subject: Subject::Other, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_numbers_and_names_of_their_own() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(Outcome::from_number(i64::from(outcome.number())), Some(outcome));
            assert!(Outcome::ALL.iter().skip(place + 1).all(|other| other.name() != outcome.name()));
        }
        assert_eq!(Outcome::from_number(0), None);
        assert_eq!(Outcome::from_number(257), None);
    }

    #[test]
    fn subjects_are_read_as_they_are_printed() {
        let key = "0192f3a4b5c6d7e8f90a1b2c3d4e5f60";
        for text in [
            "all",
            "unknown",
            "other",
            "grants",
            "api:api_a",
            "client:client_a",
            "client:a:b",
            "client_secret:secret_a",
            &format!("key:{key}"),
            "at:api_a:client:client_a",
            "at:api_a:user:user_a",
            "at:api_a:group:group_a",
        ] {
            assert_eq!(Subject::parse(text).map(|subject| subject.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "client",
            "client:",
            "api:",
            "key:7",
            "client_secret:",
            "person:a",
            "All",
            "all:",
            "at:",
            "at:api_a",
            "at::user:a",
            "at:api_a:external:a",
            "at:api_a:user:",
        ] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
