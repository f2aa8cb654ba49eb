//! What checks have in common that are counted together.

use std::fmt;

use jeton_token::{Finder, TokenId};

use super::told::{AgentClass, Network};
use super::wire::{NotAReport, WireItem};
use crate::scope::ScopeSet;

/// What checks have in common that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The minute, in seconds since 1970: a multiple of 60.
    pub minute: i64,
    /// Whose token or key it was.
    pub subject: Subject,
    /// How it went.
    pub outcome: Outcome,
    /// The scopes that were asked for, where the API named them.
    pub scope: Option<ScopeSet>,
    /// The network that the request came from, where the API told it.
    pub network: Option<Network>,
    /// What sent the request, where the API told it.
    pub agent: Option<AgentClass>,
}

/// Whose token or key was checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A client's: see [`Subject::client`].
    Client(Box<str>),
    /// An API key's.
    Key(TokenId),
    /// Nobody's that is known: what was presented proves nothing.
    Unknown,
    /// One of those that came after as many as the verifier tells apart.
    Other,
}

/// How a check went that a verifier made by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The token was accepted.
    Accepted,
    /// Its time was over, or it was older than its API now allows.
    Expired,
    /// It was revoked, or cut off.
    Revoked,
    /// It was suspended.
    Suspended,
    /// It lives, and may not do what was asked for.
    InsufficientScope,
    /// It is no token, forged, or meant for somebody else.
    Invalid,
    /// Whether it lives could not be told: neither the feed nor the server was within reach.
    Unavailable,
    /// A token of the issuer before this one was accepted.
    FormerIssuer,
}

/// The longest id of a client, in characters.
const MAX_CLIENT_ID_LEN: usize = 128;
/// Beyond year 9999 nothing is counted.
const MAX_SECONDS: i64 = 253_402_300_800;

impl Cell {
    pub(super) fn read(wire: &WireItem<'_>) -> Result<Self, NotAReport> {
        if wire.minute % 60 != 0 || !(0..MAX_SECONDS).contains(&wire.minute) {
            return Err(NotAReport("a `minute` is not the second that a minute begins with"));
        }
        // What is counted is kept and shown: no secret is a scope, or a client.
        let is_secret = |text: &str| Finder::any().find(text.as_bytes()).next().is_some();
        let scope = wire.scope.as_deref().map(|text| ScopeSet::parse(text).ok().filter(|scope| !scope.is_empty() && !is_secret(text)));
        let network = wire.network.as_deref().map(Network::parse);
        let agent = wire.agent.as_deref().map(AgentClass::parse);
        Ok(Self {
            minute: wire.minute,
            subject: Subject::parse(&wire.subject)
                .filter(|_| !is_secret(&wire.subject))
                .ok_or(NotAReport("a `subject` is not `client:` and an id, `key:` and an id, `unknown` or `other`"))?,
            outcome: Outcome::parse(&wire.outcome).ok_or(NotAReport("an `outcome` is none that a verifier reports"))?,
            scope: known(scope, "a `scope` is not a list of scopes")?,
            network: known(network, "a `network` is not a /24 of IPv4 or a /48 of IPv6")?,
            agent: known(agent, "an `agent` is not a product, or a product and its major version")?,
        })
    }
}

/// What may be left out, but not be wrong.
fn known<T>(told: Option<Option<T>>, problem: &'static str) -> Result<Option<T>, NotAReport> {
    told.map(|read| read.ok_or(NotAReport(problem))).transpose()
}

impl Subject {
    /// A client; `None` where the text is no id of one (RFC 6749 appendix A.1).
    #[must_use]
    pub fn client(id: &str) -> Option<Self> {
        let fine = !id.is_empty() && id.len() <= MAX_CLIENT_ID_LEN && id.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        fine.then(|| Self::Client(id.into()))
    }

    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "unknown" => Some(Self::Unknown),
            None if text == "other" => Some(Self::Other),
            Some(("client", id)) => Self::client(id),
            Some(("key", id)) => TokenId::parse(id).ok().map(Self::Key),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Unknown => f.write_str("unknown"),
            Self::Other => f.write_str("other"),
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Expired,
        Self::Revoked,
        Self::Suspended,
        Self::InsufficientScope,
        Self::Invalid,
        Self::Unavailable,
        Self::FormerIssuer,
    ];

    /// Its name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::InsufficientScope => "insufficient_scope",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
            Self::FormerIssuer => "former_issuer",
        }
    }

    /// The outcome of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}
