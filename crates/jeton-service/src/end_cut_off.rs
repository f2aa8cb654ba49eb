//! After a cut-off: it is effective at once, by the negatives. Here it is written down at the keys that it ended, in steps, so that lists say
//! why and by whom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::cut_off::note_cut_off;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::owner::Owner;
use jeton_core::record::Key;
use jeton_core::why::Why;
use jeton_store::store::{Fault, FaultKind};

use crate::cut_offs::Ended;
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::keys::entry::KeyEntry;
use crate::keys::read::damaged;
use crate::keys::walk::{Walk, walks_of};
use crate::service::Service;
use crate::transact::ATTEMPTS;

/// How many keys are written in one commit.
const STEP: usize = 50;
/// How many are read at once.
const ROWS: usize = 500;
/// What is taken up again at a start: at most this long before the ledger's end, in seconds, and so many entries.
const RECALLED_SECONDS: i64 = 86_400;
const RECALLED_ENTRIES: u64 = 65_536;
/// How many entries are read at once.
const PAGE: usize = 1_024;
/// The kind of those that tell of a cut-off.
const CUT_OFF: &str = "tokens.cut_off";

/// Some keys in the order of a walk, and where it goes on.
type Stretch = (Vec<Arc<KeyEntry>>, Key);

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
            for entry in entries.iter().filter(|entry| since <= entry.time && entry.kind == CUT_OFF) {
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
        let ended =
            EndedSubjects::of(self.cut_offs.waiting(), |audience| Some(self.registry.api_of_audience(audience)?.record.id.0.clone()));
        let mut noted = 0;
        for walk in ended.walks() {
            let mut behind = None;
            // A view each: none lasts, so that the store's log never waits for the whole of it.
            while let Some((entries, last)) = self.next_entries(&walk, behind.as_ref())? {
                for (actor, entries) in ended.reached(entries) {
                    for step in entries.chunks(STEP) {
                        if self.is_ending() {
                            return Ok(noted);
                        }
                        noted += self.note_at(step.to_vec(), &actor).await?;
                    }
                }
                behind = Some(last);
            }
        }
        self.cut_offs.are_done(ended.waiting.len());
        Ok(noted)
    }

    /// The next keys on a walk, and where the last of them stands.
    fn next_entries(&self, walk: &Walk, behind: Option<&Key>) -> Result<Option<Stretch>, Failure> {
        let found = walk.next(&*self.store.view()?, behind, ROWS)?;
        let Some(last) = found.last().map(|last| last.place.clone()) else { return Ok(None) };
        let uses = self.subject_uses()?;
        let mut entries = vec![];
        for found in found.iter().filter(|found| ApiKey::revoked_at(&found.row.record).is_none()) {
            let entry = entry(&found.row).map_err(damaged)?;
            self.learn_from(&uses, &entry)?;
            entries.push(entry);
        }
        Ok(Some((entries, last)))
    }

    /// Writes it at these keys, read again where they changed meanwhile.
    async fn note_at(&self, mut entries: Vec<Arc<KeyEntry>>, actor: &Actor) -> Result<u64, Failure> {
        for _ in 0..ATTEMPTS {
            let moment = self.moments.now();
            let mut noted = 0;
            let done = self
                .attempt(&moment, &Arc::from(""), |reading, moment| {
                    // Judged as anybody would who presents it: what is no longer so is not written.
                    let is_cut_off =
                        |entry: &&Arc<KeyEntry>| self.key_standing(entry, Slot::Current, moment).0 == Standing::Revoked(Why::CutOff);
                    let ended: Vec<_> = entries.iter().filter(is_cut_off).collect();
                    ended.iter().for_each(|entry| reading.rely_on_key(&entry.key));
                    noted = ended.len() as u64;
                    let ended: Vec<_> = ended.iter().map(|entry| &entry.key).collect();
                    Ok(note_cut_off(ended.into_iter(), actor, moment))
                })
                .await?;
            if done.is_some() {
                return Ok(noted);
            }
            let mut again = vec![];
            for known in &entries {
                again.extend(self.key(known.key.record.id).await?);
            }
            entries = again;
        }
        Err(Failure::Contended)
    }
}

/// Cut-offs that wait, by whom they reach.
struct EndedSubjects {
    waiting: Vec<Ended>,
    by_subject: HashMap<(CutOffSubject, Arc<str>), Vec<usize>>,
}

impl EndedSubjects {
    fn of(waiting: Vec<Ended>, api_of: impl Fn(&str) -> Option<Arc<str>>) -> EndedSubjects {
        let mut by_subject: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, ended) in waiting.iter().enumerate() {
            // A cut-off names an API by its audience, a row by its id.
            let id = match ended.subject {
                CutOffSubject::Api => api_of(&ended.name),
                _ => Some(ended.name.clone()),
            };
            if let Some(id) = id {
                by_subject.entry((ended.subject, id)).or_default().push(place);
            }
        }
        EndedSubjects { waiting, by_subject }
    }

    /// The ways past every key that they may reach.
    fn walks(&self) -> Vec<Walk> {
        let everything = (CutOffSubject::Everything, Arc::from(""));
        if self.by_subject.contains_key(&everything) {
            return walks_of(CutOffSubject::Everything, "");
        }
        self.by_subject.keys().flat_map(|(subject, id)| walks_of(*subject, id)).collect()
    }

    /// Of these keys, those that they ended, by whose cut-off was the first that did.
    fn reached(&self, entries: Vec<Arc<KeyEntry>>) -> Vec<(Actor, Vec<Arc<KeyEntry>>)> {
        let mut by_place = BTreeMap::<usize, Vec<_>>::new();
        for entry in entries {
            let key = &entry.key.record;
            let reaches = |place: &usize| self.waiting.get(*place).is_some_and(|ended| key.current.created_at < ended.before_seconds);
            let first = subjects(key).into_iter().filter_map(|of| self.by_subject.get(&of)?.iter().copied().find(reaches)).min();
            if let Some(place) = first {
                by_place.entry(place).or_default().push(entry);
            }
        }
        by_place.into_iter().filter_map(|(place, entries)| Some((self.waiting.get(place)?.actor.clone(), entries))).collect()
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
