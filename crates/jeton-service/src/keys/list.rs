//! Keys, page by page.

use std::sync::Arc;

use jeton_core::api_key::secret::Slot;
use jeton_core::moment::Moment;
use jeton_core::policy::CredentialKind;
use jeton_core::record::Key;
use jeton_core::refusal::Refusal;
use jeton_core::usage::Subject;

use super::entry::KeyEntry;
use super::filter::{KeyFilter, StandingKind};
use super::read::damaged;
use super::walk::{Found, Walk, walks};
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::service::Service;
use crate::usage::remember::SubjectUses;

/// Some keys.
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<Arc<KeyEntry>>,
    /// Where the next page goes on, for the same filter; `None`: this is the last one.
    pub next: Option<String>,
}

/// How many rows a page reads: with a filter that lets little through it may be short, and yet not the last one.
const READS_MAX: usize = 1_000;
/// How many are read at once at least.
const STEP_MIN: usize = 50;

/// Where a page goes on: on which walk, and behind which place.
struct Place {
    walk: usize,
    behind: Option<Key>,
}

/// What a key is held against.
struct Sieve<'s> {
    service: &'s Service,
    filter: &'s KeyFilter,
    uses: SubjectUses<'s>,
    moment: &'s Moment,
}

impl Service {
    /// The keys of a filter behind a place that a page named, at most so many. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// `InvalidRequest` where the place is none of this filter; [`Failure::Fault`] when the engine cannot read.
    pub fn list_keys(&self, filter: &KeyFilter, after: Option<&str>, limit: usize, moment: &Moment) -> Result<KeyPage, Failure> {
        let policies = self.registry.policies();
        let shortens = [CredentialKind::ApiKey, CredentialKind::PersonalAccessToken].map(|kind| policies.rules_of(kind).next().is_some());
        let ways = walks(filter, shortens.contains(&true), self.ledger_time(moment).seconds());
        let start = match after {
            Some(after) => Place::parse(after, &ways).ok_or_else(|| Refusal::invalid("a page of other keys goes on there"))?,
            None => Place { walk: 0, behind: None },
        };
        let sieve = Sieve { service: self, filter, uses: self.subject_uses()?, moment };
        let view = self.store.view()?;
        let (mut keys, mut reads) = (vec![], 0);
        let mut behind = start.behind;
        for (number, walk) in ways.iter().enumerate().skip(start.walk) {
            // How it stands may depend on when it was last used: another row.
            let cost = walk.reads() + usize::from(filter.unused_since.is_some() || filter.standing.is_some());
            loop {
                if reads >= READS_MAX {
                    return Ok(KeyPage { keys, next: Some(text(number, behind.as_ref())) });
                }
                // One more than the page has room for tells whether it is the last one.
                let step = (limit + 1 - keys.len()).max(STEP_MIN).min((READS_MAX - reads).div_ceil(cost));
                let found = walk.next(&*view, behind.as_ref(), step)?;
                let is_end = found.len() < step;
                reads += found.len() * cost;
                for Found { place, row } in found {
                    let read = entry(&row).map_err(damaged)?;
                    if walk.tells(&read.key.record, &place) && sieve.lets_through(&read)? {
                        if keys.len() == limit {
                            return Ok(KeyPage { keys, next: Some(text(number, behind.as_ref())) });
                        }
                        keys.push(read);
                    }
                    behind = Some(place);
                }
                if is_end {
                    break;
                }
            }
            behind = None;
        }
        Ok(KeyPage { keys, next: None })
    }
}

impl Sieve<'_> {
    fn lets_through(&self, entry: &KeyEntry) -> Result<bool, Failure> {
        let (key, filter) = (&entry.key.record, self.filter);
        if !filter.admits(key) {
            return Ok(false);
        }
        if !filter.expires.is_all() && !filter.expires.contains(key.ends_at(&key.current, &self.service.registry.policies())) {
            return Ok(false);
        }
        self.service.learn_from(&self.uses, entry)?;
        let stands = || StandingKind::from(self.service.key_standing(entry, Slot::Current, self.moment).0);
        if filter.standing.is_some_and(|kind| stands() != kind) {
            return Ok(false);
        }
        let Some(since) = filter.unused_since else { return Ok(true) };
        Ok(self.uses.last_used(&Subject::Key(key.id))?.unwrap_or(key.created_at) < since)
    }
}

impl Place {
    fn parse(text: &str, ways: &[Walk]) -> Option<Place> {
        let (walk, place) = text.split_once('.').map_or((text, None), |(walk, place)| (walk, Some(place)));
        let walk: usize = walk.parse().ok()?;
        let way = ways.get(walk)?;
        let behind = match place {
            Some(place) => Some(way.parse_place(place)?),
            None => None,
        };
        Some(Place { walk, behind })
    }
}

fn text(walk: usize, behind: Option<&Key>) -> String {
    match behind {
        Some(place) => format!("{walk}.{}", Walk::place_text(place)),
        None => walk.to_string(),
    }
}
