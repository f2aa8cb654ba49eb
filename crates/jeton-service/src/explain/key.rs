//! A key explained: its timeline, what was said of what it belongs to, the uses of its last day, and the rule that decides over it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use jeton_core::api_key::ApiKeyKind;
use jeton_core::api_key::secret::{KeptSecret, Slot};
use jeton_core::commit::Sequence;
use jeton_core::explain::end::{self, End};
use jeton_core::explain::key::{KeyFacts, rule};
use jeton_core::explain::rule::Rule;
use jeton_core::explain::scope::{TakenBy, taken};
use jeton_core::explain::statement::{Concerned, Statement};
use jeton_core::explain::timeline::step;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Moment;
use jeton_core::notice::{self, Ending};
use jeton_core::owner::Owner;
use jeton_core::pasted::alone;
use jeton_core::usage::Subject;
use jeton_core::usage::bucket::{Bucket, Resolution};
use jeton_store::ledger::Entry;

use crate::audit::EntryFilter;
use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::service::Service;
use crate::usage::series::SeriesRequest;

/// The most commits that a timeline goes back.
const STEPS_MAX: usize = 200;

/// What lies behind a key.
pub struct KeyPast {
    /// What happened to it, in the order in which it did.
    pub timeline: Vec<Entry>,
    /// Whether more happened, before that.
    pub has_more: bool,
    /// Whether some of it is told no longer: it was erased with somebody whom it named, or is too long ago.
    pub was_erased: bool,
    /// What was said of what it belongs to.
    pub statements: Vec<Statement>,
    /// How often it was used in the last day, by hour.
    pub last_day: Vec<Bucket>,
}

/// What happened to a key, as far as it is told.
#[derive(Default)]
struct Steps {
    timeline: Vec<Entry>,
    has_more: bool,
    was_erased: bool,
}

/// Where an entry tells a step of this key: the step before it, if there was one.
fn step_of(entry: &Entry, id: ApiKeyId) -> Option<Option<Sequence>> {
    let (key, previous) = step(&entry.event().ok()??)?;
    (key == id).then_some(previous)
}

/// How a key stands, and why.
pub struct KeyExplained {
    /// The rule that decides.
    pub rule: Rule,
    /// When the secret ends that was asked about, and why then.
    pub end: End,
    /// What it was given and does not have now, with what took it away.
    pub taken: Vec<(String, TakenBy)>,
}

impl Service {
    /// The key that a text is a secret of, or has one of in it, and which one, whether or not it is accepted; nothing is counted. `None`: it is
    /// none of ours.
    ///
    /// # Errors
    /// `InvalidRequest` where the text has several; [`Failure::Fault`] when the engine cannot read.
    pub async fn key_of_pasted(&self, text: &str) -> Result<Option<(Arc<KeyEntry>, Slot)>, Failure> {
        if let Some(found) = self.presented_key(text).await? {
            return Ok(Some(found));
        }
        match alone(text)? {
            one if one == text => Ok(None),
            one => self.presented_key(one).await,
        }
    }

    /// What lies behind a key. Reads the ledger and the negatives: for a thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn key_past(&self, entry: &KeyEntry, moment: &Moment, goes_on: &dyn Fn() -> bool) -> Result<Option<KeyPast>, Failure> {
        let key = &entry.key.record;
        let Steps { mut timeline, has_more, was_erased } = self.steps(key.id, entry.key.version, goes_on)?;
        for version in self.beside(entry)? {
            let id = key.id.to_string();
            let names_it = |entry: &Entry| entry.content.as_ref().is_some_and(|content| is_of(&content.payload, &id));
            timeline.extend(self.told_at(version)?.into_iter().filter(names_it));
        }
        timeline.sort_by_key(|entry| entry.sequence);
        timeline.dedup_by_key(|entry| entry.sequence);
        let Some(statements) = self.statements(&self.concerned(entry), goes_on)? else { return Ok(None) };
        let until = moment.now.seconds().saturating_add(1);
        let (subject, resolution) = (Subject::Key(key.id), Resolution::Hour);
        let last_day = self.usage_series(&SeriesRequest { subject, resolution, from: until.saturating_sub(86_400), until })?;
        Ok(goes_on().then_some(KeyPast { timeline, has_more, was_erased, statements, last_day }))
    }

    /// How a key stands with one of its secrets, presented from an address where one is given; as far as its past was found.
    #[must_use]
    pub fn explain_key(
        &self,
        entry: &KeyEntry,
        (slot, client_ip): (Slot, Option<IpAddr>),
        past: Option<&KeyPast>,
        moment: &Moment,
    ) -> KeyExplained {
        let key = &entry.key.record;
        let (standing, judged) = self.key_standing(entry, slot, moment);
        let policies = self.registry.policies();
        let secret: &KeptSecret = key.secret(slot).unwrap_or(&key.current);
        let statements = past.map_or(&[][..], |past| &past.statements);
        let facts = KeyFacts { key, secret, standing, owner: judged.owner, policies: &policies, statements, client_ip };
        let api = judged.api.as_ref().map(|api| &api.record);
        KeyExplained {
            rule: rule(&facts),
            end: end::of_key(key, secret, &policies),
            taken: taken(key, api, judged.owner, &judged.may_have),
        }
    }

    /// What happened to a key, back from the commit that wrote it last.
    fn steps(&self, id: ApiKeyId, version: Sequence, goes_on: &dyn Fn() -> bool) -> Result<Steps, Failure> {
        let (mut steps, mut at) = (Steps { has_more: true, ..Steps::default() }, version);
        for _ in 0..STEPS_MAX {
            if !goes_on() {
                return Ok(steps);
            }
            let told = self.told_at(at)?.into_iter().filter_map(|entry| Some((step_of(&entry, id)?, entry)));
            let told: Vec<(Option<Sequence>, Entry)> = told.collect();
            let previous = match told.first().map(|(previous, _)| *previous) {
                Some(previous) => previous,
                // What is erased, or was written by a later program, tells no step: whatever names the key before that goes on.
                None => {
                    steps.was_erased = true;
                    let Some(before) = self.last_step_before(id, at, goes_on)? else { return Ok(steps) };
                    Some(before)
                }
            };
            steps.timeline.extend(told.into_iter().map(|(_, entry)| entry));
            match previous {
                Some(previous) if previous < at => at = previous,
                _ => return Ok(Steps { has_more: false, ..steps }),
            }
        }
        Ok(steps)
    }

    /// The last entry before another that tells a step of a key.
    fn last_step_before(&self, id: ApiKeyId, at: Sequence, goes_on: &dyn Fn() -> bool) -> Result<Option<Sequence>, Failure> {
        let filter = EntryFilter { naming: vec![BTreeSet::from([id.to_string()])], ..EntryFilter::default() };
        let mut before = at;
        while goes_on() {
            let found = self.find_last_entries(&filter, Some(before), STEPS_MAX)?;
            let last = found.entries.iter().rev().find(|entry| step_of(entry, id).is_some());
            if last.is_some() || !found.has_more || found.from >= before {
                return Ok(last.map(|entry| entry.sequence));
            }
            before = found.from;
        }
        Ok(None)
    }

    /// The versions of what else there is of a key: the last notice of its end, and an exception for it.
    fn beside(&self, entry: &KeyEntry) -> Result<Vec<Sequence>, Failure> {
        let key = &entry.key.record;
        let id = key.id.to_string();
        let ending = match key.kind {
            ApiKeyKind::Key => Ending::ApiKey,
            ApiKeyKind::Personal => Ending::PersonalAccessToken,
        };
        let notice = self.store.view()?.get(&notice::TABLE, &notice::key(ending, &Arc::from(&*id)))?;
        let policies = self.registry.policies();
        let exception = policies.exception_of(key.kind.credential_kind(), &id).map(|exception| exception.version);
        Ok(notice.map(|notice| notice.version).into_iter().chain(exception).collect())
    }

    /// What a key belongs to.
    fn concerned(&self, entry: &KeyEntry) -> Concerned {
        let key = &entry.key.record;
        let (person, group) = match &key.owner {
            Owner::Person(person) => (Some(person.0.clone()), None),
            Owner::Group(group) => (None, Some(group.0.clone())),
            Owner::Client(_) | Owner::External(_) => (None, None),
        };
        Concerned {
            client: key.holder().map(|client| client.0.clone()),
            person,
            group,
            audience: self.registry.api(key.api.as_str()).map(|api| api.record.audience.clone()),
            ..Concerned::default()
        }
    }
}

/// Whether what an entry tells is told of this credential.
fn is_of(payload: &[u8], credential: &str) -> bool {
    let payload: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
    payload.is_some_and(|payload| payload.get("credential").and_then(serde_json::Value::as_str) == Some(credential))
}
