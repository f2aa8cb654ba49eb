//! After a cut-off: it is effective at once, by the negatives. Here it is written down at the keys that it ended, in steps, so that lists say
//! why and by whom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jeton_core::api_key::cut_off::note_cut_off;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::api_key::state::{State, Why};
use jeton_core::api_key::{self, ApiKey};
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::owner::Owner;
use jeton_store::store::{Fault, FaultKind};

use crate::cut_offs::Ended;
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::keys::entry::KeyEntry;
use crate::service::Service;

/// How many keys are written in one commit.
const STEP: usize = 50;
/// What is taken up again at a start: at most this long before the ledger's end, in seconds, and so many entries.
const RECALLED_SECONDS: i64 = 86_400;
const RECALLED_ENTRIES: u64 = 65_536;
/// How many entries are read at once.
const PAGE: usize = 1_024;

impl Service {
    /// Takes up the cut-offs of the last day, in case the process before this one ended before they were written down.
    fn recall_cut_offs(&self) -> Result<(), Failure> {
        let head = self.store.head();
        let (since, oldest) = (head.time.plus_seconds(-RECALLED_SECONDS), head.size.saturating_sub(RECALLED_ENTRIES));
        let mut start = oldest;
        while start < head.size {
            let entries = self.store.tail(start, PAGE)?;
            let Some(last) = entries.last() else { break };
            start = last.sequence + 1;
            for entry in entries.iter().filter(|entry| since <= entry.time) {
                match entry.event() {
                    Ok(event) => event.iter().for_each(|event| self.cut_offs.note(event)),
                    Err(unknown) => return Err(Fault::new(FaultKind::Damaged, unknown.to_string()).into()),
                }
            }
        }
        Ok(())
    }

    /// Writes at the keys that cut-offs ended that they did, and says at how many. For a schedule, one at a time, and a thread that may block.
    ///
    /// # Errors
    /// [`Failure`]; what is left is done the next time.
    pub async fn note_cut_offs(&self) -> Result<u64, Failure> {
        if !self.cut_offs.are_recalled() {
            self.recall_cut_offs()?;
            self.cut_offs.were_recalled();
        }
        let waiting = self.cut_offs.waiting();
        let mut noted = 0;
        if !waiting.is_empty() {
            for (actor, keys) in self.cut_off_keys(&waiting)? {
                for step in keys.chunks(STEP) {
                    noted += self.note_at(step, &actor).await?;
                }
            }
            self.cut_offs.are_done(waiting.len());
        }
        Ok(noted)
    }

    /// The keys that these ended first and that do not say so, by whose cut-off it was.
    fn cut_off_keys(&self, waiting: &[Ended]) -> Result<Vec<(Actor, Vec<ApiKeyId>)>, Failure> {
        let mut by_subject: HashMap<(CutOffSubject, Arc<str>), Vec<usize>> = HashMap::new();
        for (place, ended) in waiting.iter().enumerate() {
            // A cut-off names an API by its audience, a row by its id.
            let id = match ended.subject {
                CutOffSubject::Api => self.registry.api_of_audience(&ended.name).map(|api| api.record.id.0.clone()),
                _ => Some(ended.name.clone()),
            };
            by_subject.entry((ended.subject, id.unwrap_or_default())).or_default().push(place);
        }
        let (mut keys, mut damaged) = (BTreeMap::<usize, Vec<ApiKeyId>>::new(), None);
        self.store.view()?.scan(&api_key::TABLE, &mut |row| {
            match entry(row) {
                Ok(entry) => {
                    let key = &entry.key.record;
                    let reaches = |place: &usize| waiting.get(*place).is_some_and(|ended| key.current.created_at < ended.before_seconds);
                    let first = subjects(key).into_iter().filter_map(|of| by_subject.get(&of)?.iter().copied().find(reaches)).min();
                    if let Some(place) = first.filter(|_| !matches!(key.state, State::Revoked(_))) {
                        keys.entry(place).or_default().push(key.id);
                    }
                }
                Err(malformed) => damaged = Some(malformed),
            }
            damaged.is_none()
        })?;
        if let Some(malformed) = damaged {
            return Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into());
        }
        Ok(keys.into_iter().filter_map(|(place, keys)| Some((waiting.get(place)?.actor.clone(), keys))).collect())
    }

    async fn note_at(&self, ids: &[ApiKeyId], actor: &Actor) -> Result<u64, Failure> {
        let mut keys = vec![];
        for id in ids {
            keys.extend(self.key(*id).await?);
        }
        let moment = self.moments.now();
        let mut noted = 0;
        let done = self
            .attempt(&moment, &Arc::from(""), |reading, moment| {
                // Judged as anybody would who presents it: what is no longer so is not written.
                let is_cut_off =
                    |entry: &&Arc<KeyEntry>| self.key_standing(entry, Slot::Current, moment).0 == Standing::Revoked(Why::CutOff);
                let ended: Vec<_> = keys.iter().filter(is_cut_off).collect();
                ended.iter().for_each(|entry| reading.rely_on_key(&entry.key));
                noted = ended.len() as u64;
                let ended: Vec<_> = ended.iter().map(|entry| &entry.key).collect();
                Ok(note_cut_off(ended.into_iter(), actor, moment))
            })
            .await?;
        match done {
            Some(()) => Ok(noted),
            None => Err(Failure::Contended),
        }
    }
}

/// Whose a key is, as rows name them.
fn subjects(key: &ApiKey) -> Vec<(CutOffSubject, Arc<str>)> {
    let mut subjects = vec![(CutOffSubject::Everything, Arc::from("")), (CutOffSubject::Api, key.api.0.clone())];
    subjects.extend(key.holder().map(|holder| (CutOffSubject::Client, holder.0.clone())));
    match &key.owner {
        Owner::Person(person) => subjects.push((CutOffSubject::User, person.0.clone())),
        Owner::Group(group) => subjects.push((CutOffSubject::Group, group.0.clone())),
        Owner::Client(_) | Owner::External(_) => {}
    }
    subjects
}
