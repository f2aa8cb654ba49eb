//! API keys and personal access tokens: long-lived credentials of an owner for one API. A key is one row with at most two secrets, so that
//! one can be replaced without a gap; its text carries the id of the row.

pub mod confirm;
pub mod create;
pub mod cut_off;
pub mod end_previous;
pub mod except;
pub mod facts;
pub mod forget;
pub mod import;
pub mod imported;
pub mod lease;
pub mod metadata;
mod outdated;
pub mod remove;
pub mod resume;
pub mod revoke;
pub mod rotate;
pub mod search;
pub mod secret;
pub mod standing;
pub mod state;
pub mod suspend;
pub mod transfer;
pub mod update;
pub mod uses;
pub mod verify;
pub mod word;

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;
use jeton_token::{Environment, Kind};

use self::metadata::Metadata;
use self::secret::{KeptSecret, Slot};
use self::state::{REVOKED, State};
use crate::api::parse_scope_list;
use crate::id::{Actor, ApiId, ApiKeyId, ClientId};
use crate::network::Networks;
use crate::owner::Owner;
use crate::policy::CredentialKind;
use crate::policy::effective::{Effective, Policies};
use crate::rate::RateLimit;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};
use crate::root_key::RootKeys;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which its text carries.
    pub id: ApiKeyId,
    /// Whether it is a personal access token.
    pub kind: ApiKeyKind,
    /// Where it may be used; its text says so.
    pub environment: Environment,
    /// Whose it is.
    pub owner: Owner,
    /// The client that handed it out to somebody outside.
    pub client: Option<ClientId>,
    /// What it is for.
    pub api: ApiId,
    /// What it allows at most: never more than its owner may now.
    pub scopes: ScopeSet,
    /// What people call it.
    pub name: Arc<str>,
    /// What people want to remember of it.
    pub note: Option<Arc<str>>,
    /// What programs want to remember of it.
    pub metadata: Metadata,
    /// From where it may be used.
    pub networks: Networks,
    /// How often it may be used.
    pub rate: Option<RateLimit>,
    /// How many times it may be used in all.
    pub max_uses: Option<i64>,
    /// Whether it is accepted.
    pub state: State,
    /// When it was made, in seconds.
    pub created_at: i64,
    /// Who made it.
    pub created_by: Actor,
    /// When it last changed, in seconds.
    pub updated_at: i64,
    /// From when on it is idle while nobody uses it, in seconds: when it was made or last resumed.
    pub active_since: i64,
    /// How long each of its secrets lives, in seconds, unless a rotation says otherwise.
    pub lifetime_seconds: i64,
    /// Its secret.
    pub current: KeptSecret,
    /// The secret before that, which may go on for a while.
    pub previous: Option<KeptSecret>,
    /// How often it was rotated.
    pub generation: i64,
    /// What lets it be told its secret again, until it has used it.
    pub repeat: Option<Repeat>,
    /// Whether its secret was made elsewhere.
    pub is_imported: bool,
    /// Answers about it with an earlier `iat`, in seconds, are asked again; answers since carry at least this one.
    pub answers_from: i64,
}

/// What a secret comes out of again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// What it was derived from, beside the root key.
    pub salt: [u8; 32],
    /// Until when, in seconds.
    pub until: i64,
    /// When it was told first, in seconds, if it was: the ledger tells of that once.
    pub told_again_at: Option<i64>,
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyKind {
    /// An API key.
    Key,
    /// A personal access token: the key of a person.
    Personal,
}

impl ApiKeyKind {
    /// The kind that an owner has.
    #[must_use]
    pub fn of(owner: &Owner) -> ApiKeyKind {
        if matches!(owner, Owner::Person(_)) { ApiKeyKind::Personal } else { ApiKeyKind::Key }
    }

    /// Its kind of text.
    #[must_use]
    pub fn token_kind(self) -> Kind {
        match self {
            ApiKeyKind::Key => Kind::ApiKey,
            ApiKeyKind::Personal => Kind::PersonalAccessToken,
        }
    }

    /// Its line of the policies.
    #[must_use]
    pub fn credential_kind(self) -> CredentialKind {
        match self {
            ApiKeyKind::Key => CredentialKind::ApiKey,
            ApiKeyKind::Personal => CredentialKind::PersonalAccessToken,
        }
    }

    /// Its name in requests and rows: as it stands in the text.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.token_kind().as_str()
    }

    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ApiKeyKind> {
        [ApiKeyKind::Key, ApiKeyKind::Personal].into_iter().find(|kind| kind.name() == name)
    }
}

/// The name of an environment in requests and rows.
#[must_use]
pub fn environment_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "live",
        Environment::Test => "test",
    }
}

/// The environment of a name.
#[must_use]
pub fn environment_of(name: &str) -> Option<Environment> {
    [Environment::Live, Environment::Test].into_iter().find(|environment| environment_name(*environment) == name)
}

/// The keys that a client handed out: what falls with it is found without a look at all others.
pub const BY_CLIENT: Index = Index { name: "api_key_by_client", columns: &[4], unique: false };

/// Where keys are kept.
pub static TABLE: Table = Table {
    name: "api_key",
    columns: &[
        Column::bytes("id"),
        Column::text("kind"),
        Column::text("environment"),
        Column::text("owner"),
        Column::text("client").or_null(),
        Column::text("api"),
        Column::text("scopes"),
        Column::text("name"),
        Column::text("note").or_null(),
        Column::text("metadata").or_null(),
        Column::text("networks"),
        Column::int("rate_count").or_null(),
        Column::int("rate_period_seconds").or_null(),
        Column::int("max_uses").or_null(),
        Column::text("state"),
        Column::int("state_at").or_null(),
        Column::text("state_by").or_null(),
        Column::text("state_why").or_null(),
        Column::int("created_at"),
        Column::text("created_by"),
        Column::int("updated_at"),
        Column::int("active_since"),
        Column::int("lifetime_seconds"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::int("secret_at"),
        Column::int("expires_at"),
        Column::bytes("previous_hash").or_null(),
        Column::int("previous_epoch").or_null(),
        Column::int("previous_at").or_null(),
        Column::int("previous_expires_at").or_null(),
        Column::int("generation"),
        Column::bytes("repeat_salt").or_null(),
        Column::int("repeat_until").or_null(),
        Column::int("is_imported"),
        Column::int("answers_from"),
        REPEAT_TOLD_AT,
    ],
    key: 1,
    indexes: &[
        Index { name: "api_key_by_owner", columns: &[3], unique: false },
        Index { name: "api_key_by_api", columns: &[5, 14], unique: false },
        Index { name: "api_key_by_state_expiry", columns: &[14, 26], unique: false },
        BY_CLIENT,
    ],
    class: Class::Authority,
};

/// When a secret was told again first. The last column: rows of before version 13 have none.
pub const REPEAT_TOLD_AT: Column = Column::int("repeat_told_at").or_null();

/// Where its state begins in a row: its name, since when, by whom and why.
const STATE_COLUMN: usize = 14;

impl ApiKey {
    /// The secret of a slot, if there is one.
    #[must_use]
    pub fn secret(&self, slot: Slot) -> Option<&KeptSecret> {
        match slot {
            Slot::Current => Some(&self.current),
            Slot::Previous => self.previous.as_ref(),
        }
    }

    /// Which of its secrets a text is, whether or not that has ended. Takes the same time whichever differs.
    #[must_use]
    pub fn slot_of(&self, presented: &str, root_keys: &RootKeys) -> Option<Slot> {
        let mut proven = None;
        for slot in [Slot::Previous, Slot::Current] {
            if let Some(secret) = self.secret(slot)
                && let Some(keys) = root_keys.epoch(secret.epoch)
                && keys.hash.hash(presented).matches(&secret.hash)
            {
                proven = Some(slot);
            }
        }
        proven
    }

    /// The client whose policies hold for it: its owner, or who handed it out.
    #[must_use]
    pub fn holder(&self) -> Option<&ClientId> {
        holder(&self.owner, self.client.as_ref())
    }

    /// The lifetimes that hold for it.
    #[must_use]
    pub fn rule(&self, policies: &Policies) -> Effective {
        policies.resolve(self.kind.credential_kind(), Some(&self.api), self.holder())
    }

    /// When a secret of it really ends, in seconds.
    #[must_use]
    pub fn ends_at(&self, secret: &KeptSecret, policies: &Policies) -> i64 {
        let max_seconds = self.rule(policies).max_seconds;
        policies.ends_within(self.kind.credential_kind(), max_seconds, || self.id.to_string(), secret.created_at, secret.expires_at)
    }

    /// From when on it is idle while nobody uses it, in seconds: when it was made, last rotated or last resumed.
    #[must_use]
    pub fn in_use_since(&self) -> i64 {
        self.active_since.max(self.current.created_at)
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let text_or_null = |text: Option<&Arc<str>>| text.cloned().map_or(Value::Null, Value::Text);
        let mut row = vec![
            Value::Id(self.id.0),
            Value::text(self.kind.name()),
            Value::text(environment_name(self.environment)),
            Value::text(&self.owner.to_string()),
            text_or_null(self.client.as_ref().map(|client| &client.0)),
            Value::Text(self.api.0.clone()),
            Value::text(self.scopes.as_str()),
            Value::Text(self.name.clone()),
            text_or_null(self.note.as_ref()),
            self.metadata.to_json().map_or(Value::Null, |json| Value::text(&json)),
            Value::text(&self.networks.to_string()),
            self.rate.map_or(Value::Null, |rate| Value::Int(rate.count().into())),
            self.rate.map_or(Value::Null, |rate| Value::Int(rate.period_seconds().into())),
            self.max_uses.map_or(Value::Null, Value::Int),
        ];
        row.extend(self.state.values());
        row.extend([
            Value::Int(self.created_at),
            Value::Text(self.created_by.0.clone()),
            Value::Int(self.updated_at),
            Value::Int(self.active_since),
            Value::Int(self.lifetime_seconds),
        ]);
        row.extend(KeptSecret::values(Some(&self.current)));
        row.extend(KeptSecret::values(self.previous.as_ref()));
        row.extend([
            Value::Int(self.generation),
            self.repeat.as_ref().map_or(Value::Null, |repeat| Value::Hash(repeat.salt)),
            self.repeat.as_ref().map_or(Value::Null, |repeat| Value::Int(repeat.until)),
            Value::Int(i64::from(self.is_imported)),
            Value::Int(self.answers_from),
            self.repeat.as_ref().and_then(|repeat| repeat.told_again_at).map_or(Value::Null, Value::Int),
        ]);
        row
    }

    /// When the key of a row was revoked, in seconds, and why; told without reading the row whole.
    #[must_use]
    pub fn revoked_at(row: &Row) -> Option<(i64, &str)> {
        let state = row.get(STATE_COLUMN..STATE_COLUMN + 4)?;
        let [state, at, _, why] = state else { return None };
        (state.as_text().map(|state| &**state) == Some(REVOKED)).then_some((at.int()?, why.as_text()?))
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<ApiKey, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let mut key = ApiKey {
            id: row.read(|value| Some(ApiKeyId(value.as_bytes()?.try_into().ok()?)))?,
            kind: row.read(|value| ApiKeyKind::from_name(value.as_text()?))?,
            environment: row.read(|value| environment_of(value.as_text()?))?,
            owner: row.read(|value| Owner::parse(value.as_text()?).ok())?,
            client: row.text_or_null()?.map(ClientId),
            api: ApiId(row.text()?),
            scopes: row.read(|value| parse_scope_list(value.as_text()?).ok())?,
            name: row.text()?,
            note: row.text_or_null()?,
            metadata: row.read(|value| match value {
                Value::Null => Some(Metadata::default()),
                value => Metadata::from_json(value.as_text()?),
            })?,
            networks: row.read(|value| Networks::parse(value.as_text()?.split_ascii_whitespace()).ok())?,
            rate: read_rate(&mut row)?,
            max_uses: row.int_or_null()?,
            state: State::read(&mut row)?,
            created_at: row.int()?,
            created_by: Actor(row.text()?),
            updated_at: row.int()?,
            active_since: row.int()?,
            lifetime_seconds: row.int()?,
            current: KeptSecret::read(&mut row)?.ok_or(Malformed { table: TABLE.name, column: "hash" })?,
            previous: KeptSecret::read(&mut row)?,
            generation: row.int()?,
            repeat: read_repeat(&mut row)?,
            is_imported: row.int()? != 0,
            answers_from: row.int()?,
        };
        match (&mut key.repeat, row.int_or_null()?) {
            (Some(repeat), told_at) => repeat.told_again_at = told_at,
            (None, None) => {}
            (None, Some(_)) => return Err(Malformed { table: TABLE.name, column: REPEAT_TOLD_AT.name }),
        }
        Ok(key)
    }
}

fn holder<'a>(owner: &'a Owner, handed_out_by: Option<&'a ClientId>) -> Option<&'a ClientId> {
    match owner {
        Owner::Client(client) => Some(client),
        Owner::Person(_) | Owner::Group(_) | Owner::External(_) => handed_out_by,
    }
}

fn read_rate(row: &mut Reader<'_>) -> Result<Option<RateLimit>, Malformed> {
    let count = row.int_or_null()?;
    row.read(|period| match (count, period) {
        (None, Value::Null) => Some(None),
        (Some(count), period) => Some(Some(RateLimit::new(count, period.int()?).ok()?)),
        (None, _) => None,
    })
}

fn read_repeat(row: &mut Reader<'_>) -> Result<Option<Repeat>, Malformed> {
    let salt: Option<[u8; 32]> = row.read(|value| match value {
        Value::Null => Some(None),
        value => Some(Some(value.as_bytes()?.try_into().ok()?)),
    })?;
    row.read(|until| match (salt, until) {
        (None, Value::Null) => Some(None),
        (Some(salt), until) => Some(Some(Repeat { salt, until: until.int()?, told_again_at: None })),
        (None, _) => None,
    })
}
