//! Changing a key. Its end may be brought forward here; a later one comes with another secret.

use std::collections::BTreeMap;

use super::create::{check_max_uses, parse_note};
use super::facts::KeyFacts;
use super::metadata::Metadata;
use super::secret::KeptSecret;
use super::state::State;
use super::{ApiKey, TABLE, outdated, word};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::parse_name;
use crate::network::Networks;
use crate::outcome::Outcome;
use crate::rate::RateLimit;
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};

/// What changes; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateKey {
    /// What people call it.
    pub name: Option<String>,
    /// What people want to remember of it.
    pub note: Change<String>,
    /// What programs want to remember of it: all of it anew.
    pub metadata: Option<BTreeMap<String, String>>,
    /// What it allows.
    pub scopes: Option<String>,
    /// From where it may be used; none: from anywhere.
    pub networks: Option<Vec<String>>,
    /// How often it may be used.
    pub rate: Change<RateLimit>,
    /// How many times it may be used in all.
    pub max_uses: Change<i64>,
    /// In how many seconds it ends.
    pub expires_in_seconds: Option<i64>,
}

/// What becomes of something that may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It is this from now on.
    Set(T),
}

impl<T: Clone> Change<T> {
    fn of(&self, before: Option<T>) -> Option<T> {
        match self {
            Change::Keep => before,
            Change::Clear => None,
            Change::Set(after) => Some(after.clone()),
        }
    }
}

/// Changes a key, of whose uses `leased` were handed out.
pub fn update(
    key: &Versioned<ApiKey>,
    facts: &KeyFacts<'_>,
    leased: i64,
    request: &UpdateKey,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<ApiKey> {
    let commit = Commit::new(moment);
    let before = &key.record;
    let after = match apply(before, facts, leased, request, moment) {
        Ok(after) => after,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let Compared { narrowed, widened, described } = compare(before, &after);
    if narrowed.is_empty() && widened.is_empty() && described.is_empty() {
        return Outcome::grant(after, commit);
    }
    let (mut commit, after) = if narrowed.is_empty() {
        let after = ApiKey { updated_at: moment.now.seconds(), ..after };
        (commit.put(&TABLE, after.row()), after)
    } else {
        let (commit, after, outdated) = outdated::put(commit, after, moment);
        let event = Event::ApiKeyNarrowed {
            actor: actor.clone(),
            api: after.api.clone(),
            before_seconds: outdated.before_seconds,
            changed: narrowed.join(" ").into(),
            key: after.id,
            previous: key.version,
            until_seconds: outdated.until_seconds,
        };
        (commit.tell(event), after)
    };
    let (actor, id, previous) = (actor.clone(), after.id, key.version);
    if !widened.is_empty() {
        commit = commit.tell(Event::ApiKeyWidened { actor: actor.clone(), changed: widened.join(" ").into(), key: id, previous });
    }
    if !described.is_empty() {
        commit = commit.tell(Event::ApiKeyDescribed { actor, changed: described.join(" ").into(), key: id, previous });
    }
    Outcome::grant(after.clone(), word::keep(commit, Some(before), Some(&after)))
}

fn apply(before: &ApiKey, facts: &KeyFacts<'_>, leased: i64, request: &UpdateKey, moment: &Moment) -> Result<ApiKey, Refusal> {
    if matches!(before.state, State::Revoked(_)) {
        return Err(Refusal::new(Reason::Conflict, "this key is revoked: nothing changes it"));
    }
    let mut after = before.clone();
    if let Some(name) = &request.name {
        after.name = parse_name(name, "a key")?;
    }
    if request.note != Change::Keep {
        after.note = parse_note(request.note.of(None).as_deref())?;
    }
    if let Some(metadata) = &request.metadata {
        after.metadata = Metadata::new(metadata.clone())?;
    }
    if let Some(scopes) = &request.scopes {
        after.scopes = facts.scopes_beside(&before.scopes, scopes)?;
    }
    if let Some(networks) = &request.networks {
        after.networks = Networks::said(networks.iter().map(String::as_str))?;
    }
    after.rate = request.rate.of(before.rate);
    if request.max_uses != Change::Keep {
        after.max_uses = check_max_uses(request.max_uses.of(None), leased)?;
    }
    if let Some(seconds) = request.expires_in_seconds {
        let expires_at = moment.now.seconds().saturating_add(seconds);
        if seconds < 0 || expires_at > before.current.expires_at {
            return Err(Refusal::invalid("the end of a key is brought forward here; a later one comes with a rotation"));
        }
        after.current = after.current.ended(expires_at);
        after.previous = after.previous.map(|previous| previous.ended(expires_at));
        // Whoever holds it does not rotate it back to the life that it had.
        after.lifetime_seconds = before.lifetime_seconds.min(seconds.max(1));
    }
    Ok(after)
}

struct Compared {
    narrowed: Vec<&'static str>,
    widened: Vec<&'static str>,
    described: Vec<&'static str>,
}

fn compare(before: &ApiKey, after: &ApiKey) -> Compared {
    let rate_is_within = |one: &ApiKey, other: &ApiKey| match (one.rate, other.rate) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => one.is_within(other),
    };
    let uses = |key: &ApiKey| key.max_uses.unwrap_or(i64::MAX);
    let ends = |secret: Option<&KeptSecret>| secret.map_or(i64::MIN, |secret| secret.expires_at);
    // What allows no more than the other, one name for each limit.
    let within = |one: &ApiKey, other: &ApiKey| {
        [
            ("scopes", one.scopes.is_subset(&other.scopes)),
            ("networks", one.networks.are_within(&other.networks)),
            ("rate", rate_is_within(one, other)),
            ("max_uses", uses(one) <= uses(other)),
            (
                "expires_at",
                one.current.expires_at <= other.current.expires_at && ends(one.previous.as_ref()) <= ends(other.previous.as_ref()),
            ),
        ]
    };
    let beyond =
        |one: &ApiKey, other: &ApiKey| within(one, other).into_iter().filter(|(_, is_within)| !is_within).map(|(name, _)| name).collect();
    let described =
        [("name", before.name != after.name), ("note", before.note != after.note), ("metadata", before.metadata != after.metadata)];
    Compared {
        narrowed: beyond(before, after),
        widened: beyond(after, before),
        described: described.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect(),
    }
}
