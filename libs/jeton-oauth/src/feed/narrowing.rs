//! One change that takes authority away (or gives a suspended token back), as it travels to verifiers.

use std::borrow::Cow;
use std::fmt;

use jeton_token::TokenId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An entry of the ledger that verifiers must apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// Its number in the ledger.
    pub sequence: u64,
    /// When it was decided, in microseconds since 1970.
    pub at_micros: i64,
    /// What changed.
    pub change: Change,
}

/// What changed. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A token is dead for good.
    TokenRevoked {
        /// Its id, the `jti`.
        id: TokenId,
        /// From then on it is expired anyhow and may be forgotten.
        until_seconds: i64,
    },
    /// A token must not be accepted until resumed.
    TokenSuspended {
        /// Its id, the `jti`.
        id: TokenId,
        /// From then on it is expired anyhow and may be forgotten.
        until_seconds: i64,
    },
    /// A suspended token may be accepted again.
    TokenResumed {
        /// Its id, the `jti`.
        id: TokenId,
        /// From then on it is expired anyhow and may be forgotten.
        until_seconds: i64,
    },
    /// Tokens of the subject are dead if and only if their `iat` is before that second.
    Cutoff {
        /// Whose tokens.
        subject: Subject,
        /// Dead if `iat` is smaller.
        before_seconds: i64,
        /// From then on all of them are expired anyhow and the entry may be forgotten.
        until_seconds: i64,
    },
    /// Nothing of the subject must be accepted until it is resumed, also what is issued later.
    SubjectSuspended {
        /// Whose.
        subject: Subject,
    },
    /// What is the subject's may be accepted again.
    SubjectResumed {
        /// Whose.
        subject: Subject,
    },
    /// The longest lifetime of an API's tokens was lowered: those with `iat` before that second are dead when now ≥ `iat` + lifetime.
    Lifetime {
        /// The API's `aud`.
        api: SubjectId,
        /// The longest lifetime from now on.
        lifetime_seconds: u64,
        /// Only tokens with a smaller `iat`: later ones carry their own, shorter `exp`.
        before_seconds: i64,
        /// From then on all of them are expired anyhow and the entry may be forgotten.
        until_seconds: i64,
    },
    /// A signing key must not be trusted any more.
    SigningKeyRevoked {
        /// Its `kid`.
        kid: SubjectId,
        /// From then on all that it signed is expired anyhow and the entry may be forgotten.
        until_seconds: i64,
    },
    /// The key set changed: fetch it again.
    SigningKeysChanged,
    /// What API keys may do changed, of whichever owner: answers about keys that were asked for before are asked for again.
    KeysChanged,
    /// Something this version does not know. It may take any authority away: fail closed.
    Unknown {
        /// What it calls itself; cut to 64 characters.
        kind: String,
    },
}

/// Whose tokens a cut-off ends, and the claim that tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `client_id`.
    Client(SubjectId),
    /// `sub`.
    User(SubjectId),
    /// `sid`.
    Session(SubjectId),
    /// `gid`.
    Family(SubjectId),
    /// `aud`.
    Api(SubjectId),
    /// The API key they were issued from.
    Key(SubjectId),
    /// All tokens there are.
    Everything,
}

impl Subject {
    /// What it is, as it stands in the event.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::User(_) => "user",
            Self::Session(_) => "session",
            Self::Family(_) => "family",
            Self::Api(_) => "api",
            Self::Key(_) => "key",
            Self::Everything => "everything",
        }
    }

    /// Which one.
    #[must_use]
    pub const fn id(&self) -> Option<&SubjectId> {
        match self {
            Self::Client(id) | Self::User(id) | Self::Session(id) | Self::Family(id) | Self::Api(id) | Self::Key(id) => Some(id),
            Self::Everything => None,
        }
    }
}

impl Subject {
    /// `None`: a kind of subject that is not known here.
    fn from_wire(wire: &Wire<'_>) -> Result<Option<Self>, NotANarrowing> {
        let id = || SubjectId::parse(wire.id.as_deref().ok_or(NotANarrowing)?);
        Ok(Some(match wire.subject.as_deref().ok_or(NotANarrowing)? {
            "client" => Self::Client(id()?),
            "user" => Self::User(id()?),
            "session" => Self::Session(id()?),
            "family" => Self::Family(id()?),
            "api" => Self::Api(id()?),
            "key" => Self::Key(id()?),
            "everything" => Self::Everything,
            _ => return Ok(None),
        }))
    }
}

/// The text of a handle: 1 to 512 bytes without control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectId(Box<str>);

impl SubjectId {
    /// The longest text, in bytes.
    pub const MAX_LEN: usize = 512;

    /// Reads a handle.
    ///
    /// # Errors
    /// It is empty, too long or holds a control character.
    pub fn parse(text: &str) -> Result<Self, NotANarrowing> {
        let fine = (1..=Self::MAX_LEN).contains(&text.len()) && !text.contains(char::is_control);
        if fine { Ok(Self(text.into())) } else { Err(NotANarrowing) }
    }

    /// The handle as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Text that is no narrowing: treat it as one that cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANarrowing;

impl fmt::Display for NotANarrowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no narrowing of the revocation feed")
    }
}

impl std::error::Error for NotANarrowing {}

impl Change {
    /// What it is, as it stands in the event.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::TokenRevoked { .. } => "token_revoked",
            Self::TokenSuspended { .. } => "token_suspended",
            Self::TokenResumed { .. } => "token_resumed",
            Self::Cutoff { .. } => "cutoff",
            Self::SubjectSuspended { .. } => "subject_suspended",
            Self::SubjectResumed { .. } => "subject_resumed",
            Self::Lifetime { .. } => "lifetime",
            Self::SigningKeyRevoked { .. } => "signing_key_revoked",
            Self::SigningKeysChanged => "signing_keys_changed",
            Self::KeysChanged => "keys_changed",
            Self::Unknown { kind } => kind,
        }
    }

    /// The most bytes its JSON can take.
    pub(crate) fn json_len_limit(&self) -> usize {
        let text = match self {
            Self::Cutoff { subject, .. } | Self::SubjectSuspended { subject } | Self::SubjectResumed { subject } => {
                subject.id().map_or(0, |id| id.as_str().len())
            }
            Self::Lifetime { api: text, .. } | Self::SigningKeyRevoked { kid: text, .. } => text.as_str().len(),
            Self::Unknown { kind } => 6 * kind.len(),
            Self::TokenRevoked { .. } | Self::TokenSuspended { .. } | Self::TokenResumed { .. } => 32,
            Self::SigningKeysChanged | Self::KeysChanged => 0,
        };
        // Quotes and backslashes double; the members' names and numbers fit in the rest.
        2 * text + 160
    }

    fn to_wire(&self) -> Wire<'_> {
        let mut wire = Wire { kind: self.kind().into(), ..Wire::default() };
        match self {
            Self::TokenRevoked { id, until_seconds }
            | Self::TokenSuspended { id, until_seconds }
            | Self::TokenResumed { id, until_seconds } => {
                wire.id = Some(id.to_string().into());
                wire.until = Some(*until_seconds);
            }
            Self::Cutoff { subject, before_seconds, until_seconds } => {
                wire.subject = Some(subject.as_str().into());
                wire.id = subject.id().map(|id| id.as_str().into());
                wire.before = Some(*before_seconds);
                wire.until = Some(*until_seconds);
            }
            Self::SubjectSuspended { subject } | Self::SubjectResumed { subject } => {
                wire.subject = Some(subject.as_str().into());
                wire.id = subject.id().map(|id| id.as_str().into());
            }
            Self::Lifetime { api, lifetime_seconds, before_seconds, until_seconds } => {
                wire.api = Some(api.as_str().into());
                wire.seconds = Some(*lifetime_seconds);
                wire.before = Some(*before_seconds);
                wire.until = Some(*until_seconds);
            }
            Self::SigningKeyRevoked { kid, until_seconds } => {
                wire.kid = Some(kid.as_str().into());
                wire.until = Some(*until_seconds);
            }
            Self::SigningKeysChanged | Self::KeysChanged | Self::Unknown { .. } => {}
        }
        wire
    }

    fn from_wire(wire: Wire<'_>) -> Result<Self, NotANarrowing> {
        let id = || wire.id.as_deref().ok_or(NotANarrowing);
        let token_id = || TokenId::parse(id()?).map_err(|_| NotANarrowing);
        let before_seconds = wire.before.ok_or(NotANarrowing);
        let until_seconds = wire.until.ok_or(NotANarrowing);
        let handle = |text: &Option<Cow<'_, str>>| SubjectId::parse(text.as_deref().ok_or(NotANarrowing)?);
        Ok(match &*wire.kind {
            "token_revoked" => Self::TokenRevoked { id: token_id()?, until_seconds: until_seconds? },
            "token_suspended" => Self::TokenSuspended { id: token_id()?, until_seconds: until_seconds? },
            "token_resumed" => Self::TokenResumed { id: token_id()?, until_seconds: until_seconds? },
            "cutoff" | "subject_suspended" | "subject_resumed" => {
                let Some(subject) = Subject::from_wire(&wire)? else { return Ok(Self::unknown(&wire.kind)) };
                match &*wire.kind {
                    "subject_suspended" => Self::SubjectSuspended { subject },
                    "subject_resumed" => Self::SubjectResumed { subject },
                    _ => Self::Cutoff { subject, before_seconds: before_seconds?, until_seconds: until_seconds? },
                }
            }
            "lifetime" => Self::Lifetime {
                api: handle(&wire.api)?,
                lifetime_seconds: wire.seconds.ok_or(NotANarrowing)?,
                before_seconds: before_seconds?,
                until_seconds: until_seconds?,
            },
            "signing_key_revoked" => Self::SigningKeyRevoked { kid: handle(&wire.kid)?, until_seconds: until_seconds? },
            "signing_keys_changed" => Self::SigningKeysChanged,
            "keys_changed" => Self::KeysChanged,
            other => Self::unknown(other),
        })
    }

    fn unknown(kind: &str) -> Self {
        Self::Unknown { kind: kind.chars().take(64).collect() }
    }
}

/// The JSON of a narrowing, or of the change alone.
#[derive(Default, Serialize, Deserialize)]
struct Wire<'w> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_micros: Option<i64>,
    #[serde(borrow)]
    kind: Cow<'w, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Cow<'w, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'w, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api: Option<Cow<'w, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<Cow<'w, str>>,
}

impl Serialize for Narrowing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { sequence: Some(self.sequence), at_micros: Some(self.at_micros), ..self.change.to_wire() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Narrowing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let (Some(sequence), Some(at_micros)) = (wire.sequence, wire.at_micros) else {
            return Err(serde::de::Error::custom(NotANarrowing));
        };
        Ok(Self { sequence, at_micros, change: Change::from_wire(wire).map_err(serde::de::Error::custom)? })
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_wire().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_wire(Wire::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(text: &str) -> SubjectId {
        SubjectId::parse(text).unwrap()
    }

    #[test]
    fn prints_and_parses() {
        fn check(change: Change, expected: &str) {
            let narrowing = Narrowing { sequence: 7, at_micros: -1, change };
            let json = serde_json::to_string(&narrowing).unwrap();
            assert_eq!(json, format!(r#"{{"sequence":7,"at_micros":-1,{expected}}}"#));
            assert_eq!(serde_json::from_str::<Narrowing>(&json).unwrap(), narrowing);
            let alone = serde_json::to_string(&narrowing.change).unwrap();
            assert_eq!(alone, format!("{{{expected}}}"));
            assert!(alone.len() <= narrowing.change.json_len_limit());
            assert_eq!(serde_json::from_str::<Change>(&alone).unwrap(), narrowing.change);
        }
        let id = TokenId::from_bytes([0xab; 16]);
        let hex = "ab".repeat(16);
        check(Change::TokenRevoked { id, until_seconds: 9 }, &format!(r#""kind":"token_revoked","id":"{hex}","until":9"#));
        check(Change::TokenSuspended { id, until_seconds: 9 }, &format!(r#""kind":"token_suspended","id":"{hex}","until":9"#));
        check(Change::TokenResumed { id, until_seconds: 9 }, &format!(r#""kind":"token_resumed","id":"{hex}","until":9"#));
        for (subject, text) in [
            (Subject::Client(handle("x")), r#""client","id":"x""#),
            (Subject::User(handle("x")), r#""user","id":"x""#),
            (Subject::Session(handle("x")), r#""session","id":"x""#),
            (Subject::Family(handle("x")), r#""family","id":"x""#),
            (Subject::Api(handle("https://a")), r#""api","id":"https://a""#),
            (Subject::Key(handle("\"")), r#""key","id":"\"""#),
            (Subject::Everything, r#""everything""#),
        ] {
            check(
                Change::Cutoff { subject, before_seconds: 5, until_seconds: i64::MAX },
                &format!(r#""kind":"cutoff","subject":{text},"before":5,"until":9223372036854775807"#),
            );
        }
        check(
            Change::SubjectSuspended { subject: Subject::Client(handle("x")) },
            r#""kind":"subject_suspended","subject":"client","id":"x""#,
        );
        check(
            Change::SubjectResumed { subject: Subject::Api(handle("urn:a")) },
            r#""kind":"subject_resumed","subject":"api","id":"urn:a""#,
        );
        check(
            Change::Lifetime { api: handle("urn:a"), lifetime_seconds: 60, before_seconds: 5, until_seconds: 9 },
            r#""kind":"lifetime","before":5,"until":9,"api":"urn:a","seconds":60"#,
        );
        check(
            Change::Lifetime {
                api: handle(&"\"".repeat(512)),
                lifetime_seconds: u64::MAX,
                before_seconds: i64::MIN,
                until_seconds: i64::MIN,
            },
            &format!(
                r#""kind":"lifetime","before":{0},"until":{0},"api":"{1}","seconds":18446744073709551615"#,
                i64::MIN,
                r#"\""#.repeat(512)
            ),
        );
        check(Change::SigningKeyRevoked { kid: handle("k1"), until_seconds: 9 }, r#""kind":"signing_key_revoked","until":9,"kid":"k1""#);
        check(Change::SigningKeysChanged, r#""kind":"signing_keys_changed""#);
        check(Change::KeysChanged, r#""kind":"keys_changed""#);
        check(Change::Unknown { kind: "\u{1}".repeat(64) }, &format!(r#""kind":"{}""#, r"\u0001".repeat(64)));
    }

    #[test]
    fn what_is_not_known_is_told() {
        fn check(json: &str, kind: &str) {
            let expected = Change::Unknown { kind: kind.into() };
            assert_eq!(serde_json::from_str::<Change>(json).unwrap(), expected, "{json}");
        }
        check(r#"{"kind":"planet_revoked","planet":"mars"}"#, "planet_revoked");
        check(r#"{"kind":""}"#, "");
        check(r#"{"kind":"cutoff","subject":"planet","id":"mars","before":1,"until":2}"#, "cutoff");
        check(&format!(r#"{{"kind":"{}"}}"#, "é".repeat(1_000)), &"é".repeat(64));
    }

    #[test]
    fn refuses() {
        fn check(json: &str) {
            assert!(serde_json::from_str::<Narrowing>(json).is_err(), "{json:.200}");
        }
        let head = r#"{"sequence":1,"at_micros":1"#;
        let hex = "ab".repeat(16);
        check("");
        check("{}");
        check("[]");
        check(r#"{"kind":"signing_keys_changed"}"#);
        check(r#"{"sequence":1,"kind":"signing_keys_changed"}"#);
        check(r#"{"sequence":-1,"at_micros":1,"kind":"signing_keys_changed"}"#);
        check(&format!("{head}}}"));
        check(&format!(r#"{head},"kind":5}}"#));
        check(&format!(r#"{head},"kind":"token_revoked"}}"#));
        check(&format!(r#"{head},"kind":"token_revoked","id":"{hex}"}}"#));
        check(&format!(r#"{head},"kind":"token_revoked","id":"{}","until":1}}"#, hex.to_uppercase()));
        check(&format!(r#"{head},"kind":"token_revoked","id":"{hex}0","until":1}}"#));
        check(&format!(r#"{head},"kind":"token_revoked","id":"{hex}","until":1.5}}"#));
        check(&format!(r#"{head},"kind":"token_revoked","id":"{hex}","id":"{hex}","until":1}}"#));
        check(&format!(r#"{head},"kind":"cutoff","subject":"client","before":1,"until":1}}"#));
        check(&format!(r#"{head},"kind":"cutoff","subject":"client","id":"","before":1,"until":1}}"#));
        check(&format!(r#"{head},"kind":"cutoff","subject":"client","id":"{}","before":1,"until":1}}"#, "x".repeat(513)));
        check(&format!(r#"{head},"kind":"cutoff","subject":"client","id":"a\n","before":1,"until":1}}"#));
        check(&format!(r#"{head},"kind":"cutoff","subject":"everything","until":1}}"#));
        check(&format!(r#"{head},"kind":"subject_suspended","subject":"client"}}"#));
        check(&format!(r#"{head},"kind":"subject_resumed","id":"a"}}"#));
        check(&format!(r#"{head},"kind":"lifetime","api":"a","seconds":-1,"before":1,"until":1}}"#));
        check(&format!(r#"{head},"kind":"lifetime","api":"a","seconds":1,"until":1}}"#));
        check(&format!(r#"{head},"kind":"lifetime","api":"a","seconds":1,"before":1}}"#));
        check(&format!(r#"{head},"kind":"signing_key_revoked","until":1}}"#));
        check(&format!(r#"{head},"kind":"signing_key_revoked","kid":"k"}}"#));
    }
}
