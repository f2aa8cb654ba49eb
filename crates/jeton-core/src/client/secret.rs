//! Client secrets: at most two live ones, so that one can be replaced without a gap.

pub mod change;

use jeton_token::{ClearToken, Environment, Kind, Label, Prefix, SecretBytes, SecretHash, TokenId};

use super::{AuthenticationMethod, Client};
use crate::api_key::state::{Ended, State};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ClientId, SecretId, draw_name};
use crate::length::in_words;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::{Effective, Policies};
use crate::policy::idle::{Idle, Used};
use crate::policy::rule::Subject;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};
use crate::refusal::{Reason, Refusal};
use crate::root_key::{EpochKeys, RootKeys};
use crate::token::issue::Clear;
use crate::usage;
use crate::why::{Because, Why};

/// One secret, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its id: a handle to list and revoke it by.
    pub id: SecretId,
    /// Whose it is.
    pub client: ClientId,
    /// The keyed hash of its text.
    pub hash: SecretHash,
    /// The epoch of the root key that the hash is under.
    pub epoch: u16,
    /// When it was made, in seconds.
    pub created_at: i64,
    /// When it ends, as it was made or ended since, in seconds; a policy may let it end earlier.
    pub expires_at: i64,
    /// Whether it is accepted until then.
    pub state: State,
    /// From when on it is idle while nobody uses it, in seconds: when it was made or last resumed.
    pub active_since: i64,
}

/// Where secrets are kept.
pub static TABLE: Table = Table {
    name: "client_secret",
    columns: &[
        Column::text("id"),
        Column::text("client"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::int("created_at"),
        Column::int("expires_at"),
        Column::text("state").or_null(),
        Column::int("state_at").or_null(),
        Column::text("state_by").or_null(),
        Column::text("state_why").or_null(),
        Column::int("active_since").or_null(),
    ],
    key: 1,
    indexes: &[Index { name: "client_secret_by_client", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// The most live secrets of one client.
pub const LIVE_MAX: usize = 2;

impl ClientSecret {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.client.0.clone()),
            Value::Hash(*self.hash.as_bytes()),
            Value::Int(i64::from(self.epoch)),
            Value::Int(self.created_at),
            Value::Int(self.expires_at),
        ];
        row.extend(self.state.values());
        row.push(Value::Int(self.active_since));
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<ClientSecret, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let (id, client) = (SecretId(row.text()?), ClientId(row.text()?));
        let hash = SecretHash::from_bytes(row.read(|value| value.as_bytes()?.try_into().ok())?);
        let epoch = row.read(|value| u16::try_from(value.int()?).ok())?;
        let (created_at, expires_at) = (row.int()?, row.int()?);
        // Those of an older version have none of the rest: they are accepted, since they were made.
        let state = State::read(&mut row)?;
        let active_since = row.int_or_null()?.unwrap_or(created_at);
        Ok(ClientSecret { id, client, hash, epoch, created_at, expires_at, state, active_since })
    }

    /// When it really ends, in seconds.
    #[must_use]
    pub fn ends_at(&self, policies: &Policies) -> i64 {
        let subject = Subject::Client(self.client.clone());
        policies.ends_at(CredentialKind::ClientSecret, &subject, self.id.as_str(), self.created_at, self.expires_at)
    }

    /// Whether it has come to its end, or was ended.
    #[must_use]
    pub fn has_ended(&self, policies: &Policies, now_seconds: i64) -> bool {
        matches!(self.state, State::Revoked(_)) || self.ends_at(policies) <= now_seconds
    }

    /// How long it may live, and be idle.
    #[must_use]
    pub fn rule(&self, policies: &Policies) -> Effective {
        policies.effective(CredentialKind::ClientSecret, &Subject::Client(self.client.clone()))
    }

    /// What follows for one that has not ended from nobody using it.
    #[must_use]
    pub fn idle(&self, policies: &Policies, used: Used, now_seconds: i64) -> Idle {
        let judged = self.rule(policies).idle(self.active_since, used, now_seconds);
        match &self.state {
            State::Active => judged,
            State::Suspended(Ended { why: Because::Reason(Why::Idle), .. }) if judged == Idle::Revoked => Idle::Revoked,
            // Who suspended it for another reason decides over it.
            State::Suspended(_) | State::Revoked(_) => Idle::No,
        }
    }

    /// What it is counted as that its client proves itself with it.
    #[must_use]
    pub fn counted_as(&self, policies: &Policies, used: Used, now_seconds: i64) -> usage::Outcome {
        let idle = self.idle(policies, used, now_seconds);
        if self.has_ended(policies, now_seconds) || idle == Idle::Revoked {
            return usage::Outcome::SecretEnded;
        }
        if self.state == State::Active && idle == Idle::No { usage::Outcome::Authenticated } else { usage::Outcome::SecretSuspended }
    }

    /// Whether it is accepted at this time, unless nobody used it for long: see [`ClientSecret::idle`].
    #[must_use]
    pub fn is_live(&self, policies: &Policies, now_seconds: i64) -> bool {
        self.state == State::Active && now_seconds < self.ends_at(policies)
    }
}

/// The live secret that `presented` is, if any. Takes the same time whichever differs.
pub fn authenticate<'a>(
    secrets: impl Iterator<Item = &'a ClientSecret>,
    presented: &str,
    (policies, root_keys): (&Policies, &RootKeys),
    now_seconds: i64,
) -> Option<&'a ClientSecret> {
    let mut proven = None;
    for secret in secrets.filter(|secret| secret.is_live(policies, now_seconds)) {
        if let Some(keys) = root_keys.epoch(secret.epoch)
            && keys.hash.hash(presented).matches(&secret.hash)
        {
            proven = Some(secret);
        }
    }
    proven
}

/// How many secrets that are not accepted are looked at, the youngest first.
const ENDED_MAX: usize = 8;

/// The ended or suspended secret that `presented` is, if any: it proves nothing now, but whoever looks after the client wants to know of it.
pub fn ended<'a>(
    secrets: impl Iterator<Item = &'a ClientSecret>,
    presented: &str,
    (policies, root_keys): (&Policies, &RootKeys),
    now_seconds: i64,
) -> Option<&'a ClientSecret> {
    let mut over: Vec<_> = secrets.filter(|secret| !secret.is_live(policies, now_seconds)).collect();
    over.sort_by_key(|secret| std::cmp::Reverse(secret.created_at));
    over.into_iter().take(ENDED_MAX).find(|secret| {
        let keys = root_keys.epoch(secret.epoch);
        keys.is_some_and(|keys| keys.hash.hash(presented).matches(&secret.hash))
    })
}

/// A secret that exists once its commit is durable.
#[derive(Clone, Debug)]
pub struct CreatedSecret {
    /// What is kept of it.
    pub secret: ClientSecret,
    /// Its text: shown once.
    pub clear: Clear,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateSecret {
    /// How long it lives, in seconds.
    pub expires_in_seconds: Option<i64>,
    /// How long the older one goes on, in seconds; `None` leaves it as it is.
    pub overlap_seconds: Option<i64>,
}

/// Makes a secret for a client. `policies` say how long it may live; `prefix` and `root_keys` shape its text and its hash.
pub fn create(
    client: &Client,
    secrets: &[ClientSecret],
    request: CreateSecret,
    policies: &Policies,
    (prefix, root_keys): (&Prefix, &RootKeys),
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<CreatedSecret> {
    let commit = Commit::new(moment);
    let now_seconds = moment.now.seconds();
    let live: Vec<&ClientSecret> = secrets.iter().filter(|secret| !secret.has_ended(policies, now_seconds)).collect();
    let allowed = policies.effective(CredentialKind::ClientSecret, &Subject::Client(client.id.clone()));
    let expires_in = request.expires_in_seconds.unwrap_or(allowed.default_seconds);
    if let Err(refusal) = may_create(client, live.len(), (expires_in, allowed.max_seconds), request.overlap_seconds) {
        return Outcome::refuse(refusal, commit);
    }
    let (epoch, Some(keys)) = root_keys.current() else {
        return Outcome::refuse(Refusal::invalid("the root key holds no epoch"), commit);
    };
    let id = SecretId(draw_name("secret_", moment));
    let clear = match moment.repeated() {
        Some(once) => derive(&id, &once.salt, *prefix, (epoch, keys)),
        None => {
            let label = label(*prefix, epoch, TokenId::from_bytes(moment.draw_time_ordered()));
            label.mint(&SecretBytes::new(moment.draw()), &keys.check)
        }
    };
    let secret = ClientSecret {
        id,
        client: client.id.clone(),
        hash: keys.hash.hash(clear.expose()),
        epoch,
        created_at: now_seconds,
        expires_at: now_seconds + expires_in,
        state: State::Active,
        active_since: now_seconds,
    };
    let mut commit = commit.put(&TABLE, secret.row()).tell(Event::ClientSecretCreated {
        actor: actor.clone(),
        client: client.id.clone(),
        secret: secret.id.clone(),
        expires_at_seconds: secret.expires_at,
    });
    if let Some(overlap) = request.overlap_seconds {
        for old in live {
            commit = end(commit, old, now_seconds + overlap, actor);
        }
    }
    Outcome::grant(CreatedSecret { secret, clear: Clear(clear) }, commit)
}

/// The text of a secret from the salt of the request that made it; `None`: it was another one.
#[must_use]
pub fn once_more(secret: &ClientSecret, salt: &[u8; 32], prefix: Prefix, root_keys: &RootKeys) -> Option<Clear> {
    let keys = root_keys.epoch(secret.epoch)?;
    let clear = derive(&secret.id, salt, prefix, (secret.epoch, keys));
    keys.hash.hash(clear.expose()).matches(&secret.hash).then(|| Clear(clear))
}

fn derive(id: &SecretId, salt: &[u8; 32], prefix: Prefix, (epoch, keys): (u16, &EpochKeys)) -> ClearToken {
    // The id in the text is nobody's handle: no row has it.
    let in_text = TokenId::from_bytes(keys.derive_id(&format!("client_secret_id {id}"), salt));
    label(prefix, epoch, in_text).mint(&keys.derive_secret(&format!("client_secret {id}"), salt), &keys.check)
}

fn label(prefix: Prefix, epoch: u16, id: TokenId) -> Label {
    Label { prefix, environment: Environment::Live, kind: Kind::ClientSecret, epoch, id }
}

fn may_create(client: &Client, live: usize, (expires_in, max_seconds): (i64, i64), overlap: Option<i64>) -> Result<(), Refusal> {
    if client.authentication == AuthenticationMethod::PrivateKeyJwt {
        return Err(Refusal::new(Reason::Conflict, "this client signs (`private_key_jwt`) and has no secret"));
    }
    if client.is_public() {
        return Err(Refusal::new(Reason::Conflict, "this client cannot prove who it is (`none`) and has no secret"));
    }
    if live >= LIVE_MAX {
        return Err(Refusal::new(Reason::Conflict, "this client has two live secrets already: revoke one first"));
    }
    if !(1..=max_seconds).contains(&expires_in) {
        let (most, asked) = (in_words(max_seconds), in_words(expires_in));
        return Err(Refusal::invalid(format!("a client secret lives between 1 second and {most} here, not {asked}")));
    }
    if overlap.is_some_and(|overlap| !(0..=30 * 86_400).contains(&overlap)) {
        return Err(Refusal::invalid("the overlap is between 0 seconds and 30 days"));
    }
    Ok(())
}

fn end(commit: Commit, secret: &ClientSecret, at: i64, actor: &Actor) -> Commit {
    let ended = ClientSecret { expires_at: secret.expires_at.min(at), ..secret.clone() };
    commit.put(&TABLE, ended.row()).tell(Event::ClientSecretEnded {
        actor: actor.clone(),
        client: secret.client.clone(),
        secret: secret.id.clone(),
        ends_at_seconds: ended.expires_at,
        why: None,
    })
}
