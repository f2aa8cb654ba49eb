//! Checking a presented key: the first thing that speaks against it is the answer.

use std::net::IpAddr;

use jeton_oauth::scope::ScopeSet;
use jeton_token::Environment;

use super::ApiKey;
use super::secret::Slot;
use super::standing::{Standing, Surroundings, standing};

/// The answers, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// There is no such key, or none that whoever asks may know of.
    NotFound,
    /// It is refused for ever.
    Revoked,
    /// It has come to its end.
    Expired,
    /// It is refused for now.
    Suspended,
    /// It may not be used from there.
    IpDenied,
    /// It does not allow all that is wanted.
    InsufficientScope,
    /// It was used too often lately.
    RateLimited,
    /// It was used as many times as it may be.
    UsageExceeded,
    /// Nothing speaks against it.
    Valid,
}

impl Code {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Code::NotFound => "not_found",
            Code::Revoked => "revoked",
            Code::Expired => "expired",
            Code::Suspended => "suspended",
            Code::IpDenied => "ip_denied",
            Code::InsufficientScope => "insufficient_scope",
            Code::RateLimited => "rate_limited",
            Code::UsageExceeded => "usage_exceeded",
            Code::Valid => "valid",
        }
    }

    /// This answer, or `otherwise` where nothing spoke against the key so far and a limit does. The limit is asked only then: a key that is
    /// refused anyway spends nothing.
    #[must_use]
    pub fn unless(self, is_within: impl FnOnce() -> bool, otherwise: Code) -> Code {
        if self == Code::Valid && !is_within() { otherwise } else { self }
    }
}

/// A key that was found, and the secret of it that was presented.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The key.
    pub key: &'a ApiKey,
    /// Which of its secrets.
    pub slot: Slot,
    /// What is said of its surroundings.
    pub around: Surroundings<'a>,
    /// What its owner may do now.
    pub may_have: &'a ScopeSet,
}

/// What is wanted of a key.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// All of these scopes.
    pub scopes: Option<&'a ScopeSet>,
    /// From this address.
    pub client_ip: Option<IpAddr>,
    /// In this environment; `None`: in any.
    pub environment: Option<Environment>,
}

/// Judges a presented key but for its limits of use, which follow with [`Code::unless`].
#[must_use]
pub fn verify(found: Option<&Found<'_>>, wanted: &Wanted<'_>, now_seconds: i64) -> Code {
    let Some(Found { key, slot, around, may_have }) = found else { return Code::NotFound };
    if wanted.environment.is_some_and(|environment| environment != key.environment) {
        return Code::NotFound;
    }
    match standing(key, *slot, around, now_seconds) {
        Standing::Revoked(_) => return Code::Revoked,
        Standing::Expired => return Code::Expired,
        Standing::Suspended(_) => return Code::Suspended,
        Standing::Live => {}
    }
    if !key.networks.admit(wanted.client_ip) {
        return Code::IpDenied;
    }
    let allows = |name: &str| key.scopes.contains(name) && may_have.contains(name);
    if wanted.scopes.is_some_and(|scopes| !scopes.iter().all(allows)) {
        return Code::InsufficientScope;
    }
    Code::Valid
}
