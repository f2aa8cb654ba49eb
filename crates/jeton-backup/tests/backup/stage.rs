//! A store that goes on while it is read: before each look at it something happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jeton_backup::identity::Identity;
use jeton_backup::open::Opening;
use jeton_backup::seal::Sealing;
use jeton_backup::unshipped::Unshipped;
use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiId, ClientId, CommitId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Table, Value};
use jeton_core::root_key::RootKeys;
use jeton_core::schema::CHANGE;
use jeton_store::conformance::{CLIENTS, GRANTS, NEGATIVES, SCHEMA, TOKENS};
use jeton_store::ledger::checkpoint::CheckpointKey;
use jeton_store::ledger::{Entry, Head};
use jeton_store::line::RowLine;
use jeton_store::load::Load;
use jeton_store::memory::{MemoryLoader, MemoryStore};
use jeton_store::store::{CommitError, Fault, Fetch, Group, Noted, Statistics, Store, Submission, Subscriber, View};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// When the tests play.
pub(crate) const NOW: i64 = 1_790_000_000;

/// What issues and who hears of it.
struct Ear(Arc<Unshipped>);

impl Subscriber for Ear {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        self.0.hear(group);
        Ok(())
    }

    fn lost(&self, _: &Fault) {}
}

/// A store in which something happens before each look at it.
pub(crate) struct Busy {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) unshipped: Arc<Unshipped>,
    moment: Mutex<Moment>,
    /// How much happens before each look.
    pub(crate) pace: AtomicU64,
}

impl Busy {
    pub(crate) fn new(seed: u64, pace: u64) -> Arc<Busy> {
        let unshipped = Arc::new(Unshipped::default());
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        let store = MemoryStore::new(&SCHEMA, entropy, Arc::new(Ear(unshipped.clone())));
        entropy[31] = 1;
        let moment = Mutex::new(Moment::new(Time::from_seconds(NOW), entropy));
        Arc::new(Busy { store, unshipped, moment, pace: AtomicU64::new(pace) })
    }

    /// A store that was made of a backup, of this incarnation.
    pub(crate) fn of(loader: MemoryLoader, incarnation: [u8; 16], seed: u8) -> Arc<Busy> {
        let unshipped = Arc::new(Unshipped::default());
        let now = loader.ledger().1.plus_seconds(1);
        let store = loader.finish(incarnation, [seed; 32], Arc::new(Ear(unshipped.clone())));
        let moment = Mutex::new(Moment::new(now, [seed.wrapping_add(1); 32]));
        Arc::new(Busy { store, unshipped, moment, pace: AtomicU64::new(0) })
    }

    pub(crate) fn now(&self) -> Time {
        self.moment.lock().unwrap().now
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, seconds: i64) {
        let mut moment = self.moment.lock().unwrap();
        moment.now = moment.now.plus_seconds(seconds);
    }

    pub(crate) fn below(&self, limit: u64) -> u64 {
        u64::from_be_bytes(self.moment.lock().unwrap().draw()) % limit.max(1)
    }

    /// Does something to the store, one commit after another.
    pub(crate) fn live(&self, commits: u64) {
        for _ in 0..commits {
            let commit = self.commit();
            submit(&*self.store, commit).unwrap();
        }
    }

    /// Writes rows of so many bytes.
    pub(crate) fn live_large(&self, commits: u64, bytes: usize) {
        for number in 0..commits {
            let mut moment = self.moment.lock().unwrap();
            let (actor, id) = (Actor::system(), format!("large{number}"));
            let row = vec![Value::text(&id), Value::text(&format!("{id} {}", "x".repeat(bytes))), Value::Null, Value::Int(0)];
            let told = Event::ClientUpdated { actor, changed: "size".into(), client: ClientId::from(&*id) };
            let commit = Commit::new(&mut moment).put(&CLIENTS, row).tell(told);
            drop(moment);
            submit(&*self.store, commit).unwrap();
        }
    }

    /// Tells anew what commits changed, as an erasure does: the rows have later versions than their numbers then.
    pub(crate) fn tell_changes_anew(&self) {
        let rows = self.store.view().unwrap().walk(&CHANGE, None, None, usize::MAX).unwrap();
        for row in rows {
            let commit = Commit::new(&mut self.moment.lock().unwrap()).put(&CHANGE, row.record);
            submit(&*self.store, commit).unwrap();
        }
    }

    fn commit(&self) -> Commit {
        let (what, number) = (self.below(10), self.below(12));
        let mut moment = self.moment.lock().unwrap();
        moment.now = moment.now.plus_seconds(i64::from(what == 0));
        let (actor, id) = (Actor::system(), format!("c{number}"));
        let client = ClientId::from(&*id);
        match what {
            0..=3 => {
                let token = CredentialId::draw(&mut moment);
                let row = vec![Value::Id(token.0), Value::text(&id), Value::Int(moment.now.seconds() + 300)];
                let spent = vec![Value::text(&id), Value::Int(2), Value::Bytes(moment.draw::<20>().to_vec().into())];
                let commit = Commit::new(&mut moment).put(&TOKENS, row);
                // As a refresh does, of which nothing tells but that a token was issued.
                if what == 3 { commit.put(&GRANTS, spent).spending() } else { commit }
            }
            4 | 5 => {
                let token = CredentialId::draw(&mut moment);
                let until_seconds = moment.now.seconds() + 9_000;
                let row = vec![Value::Int(1), Value::Id(token.0), Value::Int(until_seconds)];
                let api = ApiId::from("a1");
                Commit::new(&mut moment).put(&NEGATIVES, row).tell(Event::TokenRevoked {
                    actor,
                    api,
                    client,
                    token,
                    until_seconds,
                    why: None,
                })
            }
            6 => Commit::new(&mut moment).delete(&CLIENTS, vec![Value::text(&id)]).tell(Event::ClientDeleted { actor, client }),
            _ => {
                let size = i64::from_be_bytes(moment.draw()) % 100;
                let row = vec![Value::text(&id), Value::text(&format!("name {number}")), Value::Null, Value::Int(size)];
                let grant = vec![Value::text(&id), Value::Int(1), Value::Bytes(moment.draw::<20>().to_vec().into())];
                Commit::new(&mut moment).put(&CLIENTS, row).put(&GRANTS, grant).tell(Event::ClientUpdated {
                    actor,
                    changed: "size".into(),
                    client,
                })
            }
        }
    }
}

/// Submits one commit.
pub(crate) fn submit(store: &dyn Store, commit: Commit) -> Result<Sequence, CommitError> {
    let (reply, mut answer) = oneshot::channel();
    store.submit(vec![Submission { commit, owner: Arc::from(""), reply }]);
    answer.try_recv().unwrap()
}

impl Store for Busy {
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        self.live(self.below(self.pace.load(Ordering::Relaxed) + 1));
        self.store.view()
    }

    fn submit(&self, batch: Vec<Submission>) {
        self.store.submit(batch);
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.store.fetch(batch);
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        self.store.note(noted, reply);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.store.look_up(commit)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.live(self.below(self.pace.load(Ordering::Relaxed) + 1));
        self.store.tail(from, limit)
    }

    fn head(&self) -> Arc<Head> {
        self.store.head()
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        self.store.drop_expired(now)
    }

    fn wipe_deleted(&self) -> Result<(), Fault> {
        self.store.wipe_deleted()
    }

    fn statistics(&self) -> Statistics {
        self.store.statistics()
    }
}

/// The root key of the tests.
pub(crate) fn root_keys(number: u8) -> RootKeys {
    RootKeys::new([(1, Zeroizing::new([number; 32]))]).unwrap()
}

/// What opens receipts.
pub(crate) fn note_key() -> CheckpointKey {
    CheckpointKey::of("id.example", &[7; 32])
}

/// How the tests seal and open.
pub(crate) fn keys(identity: &Identity) -> (Sealing, Opening) {
    let other = Identity::generate();
    let sealing = Sealing {
        recipients: vec![other.recipient(), identity.recipient()],
        root_keys: root_keys(1),
        issuer: "https://id.example".into(),
        schema: SCHEMA.version,
    };
    (sealing, Opening { identity: identity.clone(), root_keys: root_keys(1) })
}

/// Every row of the tables that are restored, in a store or in one that is being made.
pub(crate) fn rows_of(store: &dyn Store) -> Vec<RowLine> {
    let view = store.view().unwrap();
    rows(|table, each| view.scan(table, each).unwrap())
}

pub(crate) fn rows_in(load: &dyn Load) -> Vec<RowLine> {
    rows(|table, each| load.scan(table, each).unwrap())
}

type Each<'a> = &'a mut dyn FnMut(&jeton_core::record::Versioned<jeton_core::record::Row>) -> bool;

fn rows(scan: impl Fn(&'static Table, Each<'_>)) -> Vec<RowLine> {
    let mut rows = Vec::new();
    for table in jeton_backup::snapshot::tables(&SCHEMA) {
        scan(table, &mut |row| {
            rows.push(RowLine { table, version: row.version, row: row.record.clone() });
            true
        });
    }
    rows
}
