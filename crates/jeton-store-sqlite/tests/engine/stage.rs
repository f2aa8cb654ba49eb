//! What the tests share: a store in a folder of its own, and commits to make on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jeton_core::commit::{Commit, Mark, MarkKind, Sequence, Write};
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::Value;
use jeton_store::conformance::{CLIENTS, COUNTS, GRANTS, KEYS, NEGATIVES, SCHEMA, TOKENS};
use jeton_store::store::{CommitError, Fault, Group, Noted, Store, Submission, Subscriber};
use jeton_store_sqlite::{OpenError, Options, SqliteStore};
use tokio::sync::oneshot;

/// When the tests play.
pub(crate) const NOW: i64 = 1_700_000_000;

/// Options of small files.
pub(crate) fn options(folder: &Path, number: u8) -> Options {
    Options { log_bytes: 1 << 20, reserve_bytes: 1 << 20, ..Options::new(folder, &SCHEMA, [number; 32]) }
}

pub(crate) fn open(folder: &Path) -> Arc<SqliteStore> {
    try_open(folder).unwrap()
}

pub(crate) fn try_open(folder: &Path) -> Result<Arc<SqliteStore>, OpenError> {
    SqliteStore::open(options(folder, 1), Arc::new(Ear::default()))
}

/// A subscriber that remembers what it heard.
#[derive(Default)]
pub(crate) struct Ear {
    pub(crate) sizes: Mutex<Vec<u64>>,
    pub(crate) lost: Mutex<Vec<Fault>>,
}

impl Subscriber for Ear {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        self.sizes.lock().unwrap().push(group.head.size);
        Ok(())
    }

    fn lost(&self, fault: &Fault) {
        self.lost.lock().unwrap().push(fault.clone());
    }
}

/// Makes commits.
pub(crate) struct Maker(pub(crate) Moment);

impl Maker {
    pub(crate) fn new(number: u8) -> Maker {
        Maker(Moment::new(Time::from_seconds(NOW), [number; 32]))
    }

    pub(crate) fn issue(&mut self) -> (CredentialId, Commit) {
        let id = CredentialId::draw(&mut self.0);
        let row = vec![Value::Id(id.0), Value::text("c1"), Value::Int(self.0.now.seconds() + 300)];
        (id, Commit::new(&mut self.0).put(&TOKENS, row))
    }

    pub(crate) fn issue_key(&mut self) -> Commit {
        let id = CredentialId::draw(&mut self.0);
        Commit::new(&mut self.0).put(&KEYS, vec![Value::Id(id.0), Value::Hash([9; 32])])
    }

    pub(crate) fn revoke(&mut self, token: CredentialId) -> Commit {
        let until_seconds = self.0.now.seconds() + 300;
        let (actor, api, client) = (Actor::system(), ApiId::from("a1"), ClientId::from("c1"));
        let row = vec![Value::Int(1), Value::Id(token.0), Value::Int(until_seconds)];
        Commit::new(&mut self.0).put(&NEGATIVES, row).tell(Event::TokenRevoked { actor, api, client, token, until_seconds, why: None })
    }

    pub(crate) fn client(&mut self, number: u32) -> Commit {
        let (id, owner) = (format!("c{number}"), if number.is_multiple_of(3) { Value::Null } else { Value::text("red") });
        let row = vec![Value::text(&id), Value::text(&format!("name {number}")), owner, Value::Int(i64::from(number))];
        let event = Event::ClientCreated { actor: Actor::system(), client: ClientId::from(&*id), name: Arc::from("name") };
        let grant = vec![Value::text(&id), Value::Int(1), Value::Bytes(vec![3; 20].into())];
        Commit::new(&mut self.0).put(&CLIENTS, row).put(&GRANTS, grant).tell(event)
    }

    pub(crate) fn mark(&mut self) -> Commit {
        let mut commit = Commit::new(&mut self.0);
        let until = self.0.now.plus_seconds(60);
        commit.marks.push(Mark { kind: MarkKind::ClientAssertion, key: self.0.draw(), until });
        commit
    }
}

/// Submits commits as one batch and waits for the answers.
pub(crate) fn submit(store: &dyn Store, commits: impl IntoIterator<Item = Commit>) -> Vec<Result<Sequence, CommitError>> {
    let mut answers = Vec::new();
    let batch = commits.into_iter().map(|commit| {
        let (reply, answer) = oneshot::channel();
        answers.push(answer);
        Submission { commit, owner: Arc::from("owner"), reply }
    });
    let batch = batch.collect();
    store.submit(batch);
    answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect()
}

/// Notes four hundred rows of usage at a time, and waits for the answer.
pub(crate) fn note(store: &dyn Store, at: i64) -> Result<(), Fault> {
    let row = |kind| vec![Value::Int(at), Value::text("ada"), Value::Int(kind), Value::Int(kind + 1), Value::Null];
    let (reply, answer) = oneshot::channel();
    let writes: Vec<Write> = (0..400).map(|kind| Write::Put { table: &COUNTS, row: row(kind) }).collect();
    store.note(Noted { writes, together: 40 }, reply);
    answer.blocking_recv().unwrap()
}

/// Fills a store with rows of every table; the ids of its tokens.
pub(crate) fn fill(store: &dyn Store, clients: u32, tokens: usize) -> Vec<CredentialId> {
    let mut maker = Maker::new(2);
    let mut ids = Vec::new();
    for number in 0..clients {
        let commits = vec![maker.client(number), maker.mark(), maker.issue_key()];
        assert!(submit(store, commits).iter().all(Result::is_ok));
    }
    while ids.len() < tokens {
        let issues: Vec<_> = (0..40).map(|_| maker.issue()).collect();
        ids.extend(issues.iter().map(|(id, _)| *id));
        let revoked = maker.revoke(ids[ids.len() / 2]);
        let commits = issues.into_iter().map(|(_, commit)| commit).chain([revoked]);
        assert!(submit(store, commits).iter().all(Result::is_ok));
    }
    ids
}

/// Every file of a folder, byte for byte.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}
