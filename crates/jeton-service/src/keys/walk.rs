//! The ways through the keys: each reads an index in its order, so that a page costs what is on it, however many keys there are.

use jeton_core::api_key::search::Search;
use jeton_core::api_key::{self, ApiKey, word};
use jeton_core::event::CutOffSubject;
use jeton_core::id::{ApiId, ApiKeyId, ClientId, GroupId, PersonId};
use jeton_core::owner::Owner;
use jeton_core::record::{Key, Row, Value, Versioned};
use jeton_store::find::{Direction, Find};
use jeton_store::store::{Fault, View};

use super::filter::{KeyFilter, KeyOrder, StandingKind};

/// One way through some of the keys.
#[derive(Clone, Debug)]
pub(crate) enum Walk {
    /// By id, the newest first.
    Ids { from: Option<[u8; 16]>, until: Option<[u8; 16]> },
    /// Those of an owner, the newest first.
    Owner { owner: Owner, from: Option<[u8; 16]>, until: Option<[u8; 16]> },
    /// Those that a client handed out, the newest first.
    HandedOut(ClientId),
    /// Those for an API in these states, the newest first.
    Api { api: ApiId, states: &'static [&'static str], from: Option<[u8; 16]>, until: Option<[u8; 16]> },
    /// Those in a state, by the end that they were given.
    End { state: &'static str, from: Option<i64>, until: Option<i64>, direction: Direction },
    /// Those with the word, by their words; those that have the id are not among them.
    Words(Search),
}

/// A row, and where it stands on the walk.
pub(crate) struct Found {
    pub(crate) place: Key,
    pub(crate) row: Versioned<Row>,
}

/// The names of states in rows.
const ACTIVE: &str = "active";
pub(super) const SUSPENDED: &str = "suspended";
const REVOKED: &str = "revoked";

/// Which of the table's indexes these are.
const BY_OWNER: usize = 0;
const BY_API: usize = 1;
const BY_STATE_AND_END: usize = 2;
const BY_CLIENT: usize = 3;

/// In which states keys that stand so are, those that most likely do first: one that is revoked may also be active and cut off.
fn states(standing: Option<StandingKind>) -> &'static [&'static [&'static str]] {
    match standing {
        None => &[&[ACTIVE, SUSPENDED, REVOKED]],
        Some(StandingKind::Active) => &[&[ACTIVE]],
        Some(StandingKind::Expired) => &[&[ACTIVE, SUSPENDED]],
        Some(StandingKind::Suspended) => &[&[SUSPENDED], &[ACTIVE]],
        Some(StandingKind::Revoked) => &[&[REVOKED], &[ACTIVE, SUSPENDED]],
    }
}

/// The ways that lead past every key of a filter, one after the other. `shortens`: whether a policy lets keys end before the end that they
/// were given.
pub(super) fn walks(filter: &KeyFilter, shortens: bool, now_seconds: i64) -> Vec<Walk> {
    let (from, until) = filter.created_ids();
    if let Some(search) = &filter.search {
        let ids = search.ids().map(|(least, greatest)| Walk::Ids { from: Some(least), until: after(greatest) });
        return ids.into_iter().chain([Walk::Words(search.clone())]).collect();
    }
    if let Some(owner) = &filter.owner {
        return vec![Walk::Owner { owner: owner.clone(), from, until }];
    }
    let by_end = match filter.order {
        Some(order) => order == KeyOrder::Expires,
        None => !filter.expires.is_all() || (filter.standing.is_some() && filter.api.is_none()),
    };
    if by_end {
        return walks_by_end(filter, shortens, now_seconds);
    }
    if let Some(api) = &filter.api {
        let walk = |states: &&'static [&'static str]| Walk::Api { api: api.clone(), states, from, until };
        return states(filter.standing).iter().map(walk).collect();
    }
    vec![Walk::Ids { from, until }]
}

/// The ways that lead past every key of a subject, as rows name it, each key on one of them.
pub(crate) fn walks_of(subject: CutOffSubject, id: &str) -> Vec<Walk> {
    let owned = |owner| vec![Walk::Owner { owner, from: None, until: None }];
    match subject {
        CutOffSubject::Client => {
            let client = ClientId::from(id);
            owned(Owner::Client(client.clone())).into_iter().chain([Walk::HandedOut(client)]).collect()
        }
        CutOffSubject::User => owned(Owner::Person(PersonId::from(id))),
        CutOffSubject::Group => owned(Owner::Group(GroupId::from(id))),
        CutOffSubject::Api => {
            let each: [&'static [&'static str]; 3] = [&[ACTIVE], &[SUSPENDED], &[REVOKED]];
            each.map(|states| Walk::Api { api: ApiId::from(id), states, from: None, until: None }).into()
        }
        CutOffSubject::Everything => vec![Walk::Ids { from: None, until: None }],
        CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => vec![],
    }
}

fn walks_by_end(filter: &KeyFilter, shortens: bool, now_seconds: i64) -> Vec<Walk> {
    let is_over = filter.standing == Some(StandingKind::Expired);
    let bound = match (filter.expires.until, is_over) {
        (Some(until), true) => Some(until.min(now_seconds.saturating_add(1))),
        (None, true) => Some(now_seconds.saturating_add(1)),
        (until, false) => until,
    };
    // Nothing ends after the end that it was given.
    let from = match filter.standing {
        Some(StandingKind::Active) => filter.expires.from.max(Some(now_seconds.saturating_add(1))),
        _ => filter.expires.from,
    };
    let is_latest_first = matches!(filter.standing, Some(StandingKind::Expired | StandingKind::Revoked)) && filter.order.is_none();
    let direction = if is_latest_first { Direction::Backward } else { Direction::Forward };
    let all = || states(filter.standing).iter().flat_map(|group| group.iter());
    let mut walks: Vec<Walk> = all().map(|state| Walk::End { state, from, until: bound, direction }).collect();
    if shortens && bound.is_some() {
        walks.extend(all().map(|state| Walk::End { state, from: from.max(bound), until: None, direction: Direction::Forward }));
    }
    walks
}

/// The next id, if there is one.
fn after(id: [u8; 16]) -> Option<[u8; 16]> {
    u128::from_be_bytes(id).checked_add(1).map(u128::to_be_bytes)
}

impl Walk {
    /// The next rows behind a place, at most so many; fewer are the last ones.
    pub(crate) fn next(&self, view: &dyn View, after: Option<&Key>, limit: usize) -> Result<Vec<Found>, Fault> {
        match self {
            Walk::Ids { from, until } => of_keys(view, (None, &[]), ids(*from, *until), Direction::Backward, after, limit),
            Walk::Owner { owner, from, until } => {
                let prefix = [Value::text(&owner.to_string())];
                of_keys(view, (Some(BY_OWNER), &prefix), ids(*from, *until), Direction::Backward, after, limit)
            }
            Walk::HandedOut(client) => {
                let prefix = [Value::Text(client.0.clone())];
                of_keys(view, (Some(BY_CLIENT), &prefix), (None, None), Direction::Backward, after, limit)
            }
            Walk::Api { api, states, from, until } => {
                let mut found = vec![];
                for state in *states {
                    let prefix = [Value::Text(api.0.clone()), Value::text(state)];
                    found.extend(of_keys(view, (Some(BY_API), &prefix), ids(*from, *until), Direction::Backward, after, limit)?);
                }
                found.sort_by(|left, right| right.place.cmp(&left.place));
                found.truncate(limit);
                Ok(found)
            }
            Walk::End { state, from, until, direction } => {
                let bounds = (from.map(Value::Int), until.map(Value::Int));
                of_keys(view, (Some(BY_STATE_AND_END), &[Value::text(state)]), bounds, *direction, after, limit)
            }
            Walk::Words(search) => of_words(view, search, after, limit),
        }
    }

    /// How many rows are read for each that it finds.
    pub(super) fn reads(&self) -> usize {
        match self {
            Walk::Words(_) => 2,
            Walk::Api { states, .. } => states.len(),
            Walk::Ids { .. } | Walk::Owner { .. } | Walk::HandedOut(_) | Walk::End { .. } => 1,
        }
    }

    /// Whether a key that stands at a place is told there, and not at another one.
    pub(crate) fn tells(&self, key: &ApiKey, place: &Key) -> bool {
        let search = match self {
            Walk::Words(search) => search,
            Walk::HandedOut(_) => return !matches!(key.owner, Owner::Client(_)),
            Walk::Ids { .. } | Walk::Owner { .. } | Walk::Api { .. } | Walk::End { .. } => return true,
        };
        let is_first = || search.first_word_of(key).as_ref() == place.first().and_then(Value::as_text);
        !search.is_id_of(key) && search.is_in_words_of(key) && is_first()
    }

    /// A place as text.
    pub(super) fn place_text(place: &Key) -> String {
        let texts: Vec<String> = place
            .iter()
            .map(|value| match value {
                Value::Int(int) => int.to_string(),
                Value::Text(text) => text.to_string(),
                Value::Id(id) => ApiKeyId(*id).to_string(),
                Value::Null | Value::Bytes(_) | Value::Hash(_) => String::new(),
            })
            .collect();
        texts.join(".")
    }

    /// The place of a text.
    pub(super) fn parse_place(&self, text: &str) -> Option<Key> {
        let id = |text: &str| ApiKeyId::parse(text).map(|id| Value::Id(id.0));
        match (self, text.split_once('.')) {
            (Walk::Ids { .. } | Walk::Owner { .. } | Walk::HandedOut(_) | Walk::Api { .. }, None) => Some(vec![id(text)?]),
            (Walk::End { .. }, Some((end, key))) => Some(vec![Value::Int(end.parse().ok()?), id(key)?]),
            (Walk::Words(_), Some((word, key))) => Some(vec![Value::text(word), id(key)?]),
            _ => None,
        }
    }
}

fn ids(from: Option<[u8; 16]>, until: Option<[u8; 16]>) -> (Option<Value>, Option<Value>) {
    (from.map(Value::Id), until.map(Value::Id))
}

fn of_keys(
    view: &dyn View,
    (index, prefix): (Option<usize>, &[Value]),
    (from, until): (Option<Value>, Option<Value>),
    direction: Direction,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<Found>, Fault> {
    let after = after.map(Vec::as_slice);
    let find = Find { table: &api_key::TABLE, index, prefix, from: from.as_ref(), until: until.as_ref(), after, direction, limit };
    // The open columns: those of the index behind the prefix, and the id.
    let columns = index.and_then(|index| api_key::TABLE.indexes.get(index)).map_or(&[][..], |index| index.columns);
    let open: Vec<usize> = columns.iter().skip(prefix.len()).copied().chain([0]).collect();
    let place = |row: &Row| open.iter().filter_map(|column| row.get(*column).cloned()).collect();
    Ok(view.find(&find)?.into_iter().map(|row| Found { place: place(&row.record), row }).collect())
}

/// The keys of words that begin as the longest one that is looked for.
fn of_words(view: &dyn View, search: &Search, after: Option<&Key>, limit: usize) -> Result<Vec<Found>, Fault> {
    let from = Value::text(search.word());
    // No word holds the last of all characters.
    let until = Value::text(&format!("{}{}", search.word(), char::MAX));
    let after = after.map(Vec::as_slice);
    let words = Find { from: Some(&from), until: Some(&until), after, ..Find::first(&word::TABLE, limit) };
    let mut found = vec![];
    for word in view.find(&words)? {
        let key: Key = word.record.iter().skip(1).cloned().collect();
        if let Some(row) = view.get(&api_key::TABLE, &key)? {
            found.push(Found { place: word.record, row });
        }
    }
    Ok(found)
}
