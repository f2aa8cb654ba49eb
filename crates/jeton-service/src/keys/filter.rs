//! Which keys are listed.

use jeton_core::api_key::search::Search;
use jeton_core::api_key::standing::Standing;
use jeton_core::api_key::{ApiKey, ApiKeyKind};
use jeton_core::id::ApiId;
use jeton_core::moment::Time;
use jeton_core::owner::Owner;
use jeton_token::Environment;

/// Which keys; what is left out takes nothing away.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Those of an owner.
    pub owner: Option<Owner>,
    /// Those for an API.
    pub api: Option<ApiId>,
    /// Those that stand like this.
    pub standing: Option<StandingKind>,
    /// Those of a kind.
    pub kind: Option<ApiKeyKind>,
    /// Those of an environment.
    pub environment: Option<Environment>,
    /// Those with these words, or this id.
    pub search: Option<Search>,
    /// Those that end within this time.
    pub expires: Span,
    /// Those that were made within this time.
    pub created: Span,
    /// Those that nobody has used since, in seconds.
    pub unused_since: Option<i64>,
    /// Which come first.
    pub order: Option<KeyOrder>,
}

/// A time with or without a beginning and an end, in seconds: `from` belongs to it, `until` does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// When it begins.
    pub from: Option<i64>,
    /// When it is over.
    pub until: Option<i64>,
}

impl Span {
    /// Whether a time lies within.
    #[must_use]
    pub fn contains(&self, seconds: i64) -> bool {
        self.from.is_none_or(|from| from <= seconds) && self.until.is_none_or(|until| seconds < until)
    }

    /// Whether it is all of time.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }
}

/// Which keys come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrder {
    /// The newest.
    Created,
    /// Those that end the soonest; first those that were neither suspended nor revoked.
    Expires,
}

impl KeyOrder {
    /// All of them.
    pub const ALL: [KeyOrder; 2] = [KeyOrder::Created, KeyOrder::Expires];

    /// Its name in requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            KeyOrder::Created => "created",
            KeyOrder::Expires => "expires",
        }
    }
}

/// How keys stand, the reason left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandingKind {
    /// Accepted.
    Active,
    /// Refused for now.
    Suspended,
    /// At its end.
    Expired,
    /// Refused for ever.
    Revoked,
}

impl StandingKind {
    /// All of them.
    pub const ALL: [StandingKind; 4] = [StandingKind::Active, StandingKind::Suspended, StandingKind::Expired, StandingKind::Revoked];

    /// Its name in requests and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StandingKind::Active => "active",
            StandingKind::Suspended => "suspended",
            StandingKind::Expired => "expired",
            StandingKind::Revoked => "revoked",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<StandingKind> {
        StandingKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl From<Standing> for StandingKind {
    fn from(standing: Standing) -> StandingKind {
        match standing {
            Standing::Live => StandingKind::Active,
            Standing::Revoked(_) => StandingKind::Revoked,
            Standing::Expired => StandingKind::Expired,
            Standing::Suspended(_) => StandingKind::Suspended,
        }
    }
}

impl KeyFilter {
    /// Whether what its row alone says of a key speaks for it.
    pub(super) fn admits(&self, key: &ApiKey) -> bool {
        self.owner.as_ref().is_none_or(|owner| key.owner == *owner)
            && self.api.as_ref().is_none_or(|api| key.api == *api)
            && self.kind.is_none_or(|kind| key.kind == kind)
            && self.environment.is_none_or(|environment| key.environment == environment)
            && self.created.contains(key.created_at)
            && self.search.as_ref().is_none_or(|search| search.is_id_of(key) || search.is_in_words_of(key))
    }

    /// The least id of those that were made within the time, and the least of those after it.
    pub(super) fn created_ids(&self) -> (Option<[u8; 16]>, Option<[u8; 16]>) {
        let least = |seconds: i64| jeton_core::id::least_of(Time::from_seconds(seconds));
        (self.created.from.map(least), self.created.until.map(least))
    }
}
