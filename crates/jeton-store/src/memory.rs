//! The engine in memory: what other engines are compared with, and the store of the deterministic simulation. No threads, no clock.

mod loader;
mod rows;

pub use loader::MemoryLoader;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Key, Row, Table, Value, Versioned};
use tokio::sync::oneshot;

use crate::find::Find;
use crate::group::{self, Decided, Salts};
use crate::ledger::{Entry, Frontier, Head};
use crate::note;
use crate::queue::{Limits, Queue};
use crate::store::{CommitError, Fault, FaultKind, Fetch, GROUP_SIZES, Group, Noted, Statistics, Store, Submission, Subscriber, View};
use crate::table::Schema;
use crate::tally::Tally;

use rows::Rows;

/// The engine in memory.
pub struct MemoryStore {
    schema: &'static Schema,
    subscriber: Arc<dyn Subscriber>,
    mode: Mode,
    /// Held while a group is processed, so that the subscriber hears of groups in their order.
    turn: Mutex<()>,
    state: Mutex<State>,
}

/// When submitted commits are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// At once, within `submit`.
    Eager,
    /// One group for each [`MemoryStore::step`].
    Manual,
}

/// What becomes of a group in a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is made and answered.
    Durable,
    /// The engine fails; nothing is written, and whoever waits gets this fault.
    FailBefore(Fault),
    /// It is made and told to the subscriber, but the answers are lost: whoever waits gets [`CommitError::Unknown`].
    LostAnswer,
    /// The fsync fails: the subscriber hears that the engine is lost, whoever waits gets a fault, and nothing is accepted any more.
    FsyncFails {
        /// Whether the group is on the disk all the same: nobody can know.
        written: bool,
    },
    /// The process ends before anything is on the disk; nobody is answered.
    CrashBeforeDurable,
    /// The process ends with the group on the disk, before anybody hears of it.
    CrashAfterDurable,
}

struct State {
    rows: Arc<Rows>,
    head: Arc<Head>,
    queue: Queue,
    salts: Salts,
    statistics: Statistics,
    group_sizes: Tally<GROUP_SIZES>,
    /// Why nothing is accepted any more.
    ended: Option<End>,
    /// What was never answered: kept, so that whoever waits does so for ever.
    unanswered: Vec<Submission>,
    unfetched: Vec<Fetch>,
    unnoted: Vec<oneshot::Sender<Result<(), Fault>>>,
    /// Whether notes are refused as on a full disk.
    is_full: bool,
    /// After how many rows of the next note the process ends, where it ends within it.
    ends_in_note: Option<usize>,
}

#[derive(Clone)]
enum End {
    Crashed,
    Lost(Fault),
}

impl MemoryStore {
    /// An empty store that makes each commit as it is submitted. The seed gives the salts and the incarnation.
    #[must_use]
    pub fn new(schema: &'static Schema, seed: [u8; 32], subscriber: Arc<dyn Subscriber>) -> Arc<MemoryStore> {
        Arc::new(MemoryStore::create(schema, seed, subscriber, Mode::Eager))
    }

    /// An empty store that makes one group for each [`MemoryStore::step`].
    #[must_use]
    pub fn manual(schema: &'static Schema, seed: [u8; 32], subscriber: Arc<dyn Subscriber>) -> Arc<MemoryStore> {
        Arc::new(MemoryStore::create(schema, seed, subscriber, Mode::Manual))
    }

    fn create(schema: &'static Schema, seed: [u8; 32], subscriber: Arc<dyn Subscriber>, mode: Mode) -> MemoryStore {
        let mut salts = Salts::new(seed);
        let head = Head { size: 0, time: Time::EPOCH, incarnation: salts.draw(), frontier: Frontier::default() };
        let state = State::new(Arc::new(Rows::new(schema, head)), salts);
        MemoryStore { schema, subscriber, mode, turn: Mutex::new(()), state: Mutex::new(state) }
    }

    /// What a process finds that starts on what this one left on the disk: everything durable, nothing that waited. The seed must be
    /// a new one.
    #[must_use]
    pub fn reopen(&self, seed: [u8; 32], subscriber: Arc<dyn Subscriber>) -> Arc<MemoryStore> {
        let state = State::new(Arc::clone(&self.lock().rows), Salts::new(seed));
        Arc::new(MemoryStore { schema: self.schema, subscriber, mode: self.mode, turn: Mutex::new(()), state: Mutex::new(state) })
    }

    /// Processes the next group of a manual store; how many commits it had, 0 when none waits.
    pub fn step(&self, fate: &Fate) -> usize {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let submissions = self.lock().queue.take();
        let count = submissions.len();
        if count > 0 {
            self.process(submissions, fate);
        }
        count
    }

    /// Refuses notes from now on as on a full disk, or takes them again.
    pub fn refuse_notes(&self, is_full: bool) {
        self.lock().is_full = is_full;
    }

    /// The process ends once so many rows of the next note are on the disk, unless it has no more: of those that go together none is there then.
    pub fn end_in_note(&self, rows: usize) {
        self.lock().ends_in_note = Some(rows);
    }

    /// Puts a row as damage to a disk would: nobody decided it, and nobody hears of it.
    ///
    /// # Errors
    /// When the table is none of the schema.
    pub fn damage(&self, table: &'static Table, row: &Row) -> Result<(), Fault> {
        Arc::make_mut(&mut self.lock().rows).put_all(vec![(table, row)])
    }

    fn process(&self, submissions: Vec<Submission>, fate: &Fate) {
        let mut state = self.lock();
        if let Fate::FailBefore(fault) = fate {
            drop(state);
            return answer_all(submissions, &Err(CommitError::Fault(fault.clone())));
        }
        // A group that may not be on the disk works on a copy; one that will needs none, since maps do not fail.
        let kept = !matches!(fate, Fate::CrashBeforeDurable | Fate::FsyncFails { written: false });
        let before = if kept && self.mode == Mode::Eager { None } else { Some(Arc::clone(&state.rows)) };
        let State { rows, head, salts, .. } = &mut *state;
        let rows: &mut Rows = Arc::make_mut(rows);
        let decided = group::apply(rows, head, submissions.iter().map(|submission| &submission.commit), salts);
        if let (Some(before), true) = (before, !kept || decided.is_err()) {
            state.rows = before;
        }
        match (decided, fate) {
            (_, Fate::CrashBeforeDurable | Fate::CrashAfterDurable) => {
                state.ended = Some(End::Crashed);
                state.unanswered.extend(submissions);
            }
            (_, Fate::FsyncFails { .. }) => {
                let fault = Fault::new(FaultKind::Durability, "fsync failed");
                state.ended = Some(End::Lost(fault.clone()));
                drop(state);
                answer_all(submissions, &Err(CommitError::Fault(fault.clone())));
                self.subscriber.lost(&fault);
            }
            (Err(fault), _) => {
                drop(state);
                answer_all(submissions, &Err(CommitError::Fault(fault)));
            }
            (Ok(decided), fate) => self.publish(state, submissions, decided, *fate == Fate::LostAnswer),
        }
    }

    fn publish(&self, mut state: MutexGuard<'_, State>, submissions: Vec<Submission>, decided: Decided, is_lost: bool) {
        state.head = Arc::clone(&decided.head);
        let commits = decided.answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        state.statistics.commits += commits;
        if decided.has_writes {
            state.statistics.groups += 1;
            state.group_sizes.note(commits);
        }
        drop(state);
        let (group, replies) = decided.split(submissions);
        if decided.has_writes {
            let group = Group { commits: &group, entries: &decided.entries, changes: &decided.changes, head: &decided.head };
            if let Err(fault) = self.subscriber.applied(&group) {
                self.lock().ended = Some(End::Lost(fault.clone()));
                drop(replies);
                return self.subscriber.lost(&fault);
            }
        }
        for (reply, answer) in replies {
            let answer = if is_lost && decided.has_writes { Err(CommitError::Unknown) } else { answer };
            // Whoever waited may have gone.
            let _ = reply.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Result<MutexGuard<'_, State>, Fault> {
        let state = self.lock();
        match &state.ended {
            Some(End::Crashed) => Err(Fault::new(FaultKind::Closed, "the process has ended")),
            _ => Ok(state),
        }
    }
}

impl State {
    fn new(rows: Arc<Rows>, salts: Salts) -> State {
        State {
            head: Arc::new(rows.head.clone()),
            rows,
            queue: Queue::new(Limits::default()),
            salts,
            statistics: Statistics::default(),
            group_sizes: Tally::new(1),
            ended: None,
            unanswered: Vec::new(),
            unfetched: Vec::new(),
            unnoted: Vec::new(),
            is_full: false,
            ends_in_note: None,
        }
    }
}

fn answer_all(submissions: Vec<Submission>, answer: &Result<Sequence, CommitError>) {
    for submission in submissions {
        // Whoever waited may have gone.
        let _ = submission.reply.send(answer.clone());
    }
}

impl Store for MemoryStore {
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        Ok(Box::new(MemoryView(Arc::clone(&self.read()?.rows))))
    }

    fn submit(&self, batch: Vec<Submission>) {
        let mut busy = Vec::new();
        let mut state = self.lock();
        let refused = match state.ended.clone() {
            Some(End::Crashed) => return state.unanswered.extend(batch),
            Some(End::Lost(fault)) => {
                busy = batch;
                CommitError::Fault(fault)
            }
            None => {
                busy.extend(batch.into_iter().filter_map(|submission| state.queue.push(submission).err()));
                CommitError::Busy
            }
        };
        drop(state);
        answer_all(busy, &Err(refused));
        while self.mode == Mode::Eager && self.step(&Fate::Durable) > 0 {}
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        let mut state = self.lock();
        if matches!(state.ended, Some(End::Crashed)) {
            return state.unfetched.extend(batch);
        }
        for fetch in batch {
            // Whoever waited may have gone.
            let _ = fetch.reply.send(state.rows.get(fetch.table, &fetch.key).map(Option::<&Versioned<Row>>::cloned));
        }
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        let mut state = self.lock();
        let Noted { mut writes, together } = noted;
        let ends_after = state.ends_in_note.filter(|rows| *rows < writes.len());
        if let Some(rows) = ends_after {
            writes.truncate(rows.min(writes.len().saturating_sub(together)));
        }
        let mut answer = match state.ended.clone() {
            Some(End::Crashed) => return state.unnoted.push(reply),
            Some(End::Lost(fault)) => Err(fault),
            None if state.is_full => Err(Fault::new(FaultKind::Full, "the disk is full")),
            None => note::rows(&writes).and_then(|rows| Arc::make_mut(&mut state.rows).put_all(rows)),
        };
        if ends_after.is_some() {
            let fault = Fault::new(FaultKind::Closed, "the process has ended");
            state.ended = Some(End::Lost(fault.clone()));
            answer = Err(fault);
        }
        drop(state);
        // Whoever waited may have gone.
        let _ = reply.send(answer);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        let state = self.read()?;
        if let Some(End::Lost(fault)) = &state.ended {
            return Err(fault.clone());
        }
        if let Some(entry) = state.rows.entries.iter().find(|entry| entry.commit == commit) {
            return Ok(Some(entry.sequence));
        }
        let key = vec![Value::Id(commit.0)];
        for table in self.schema.tables.iter().filter(|table| matches!(table.class, Class::Credential { .. })) {
            if let Some(row) = state.rows.get(table, &key)? {
                return Ok(Some(row.version));
            }
        }
        Ok(None)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        let state = self.read()?;
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        state.rows.entries.iter().skip(from).take(limit).map(|entry| state.rows.entry(entry)).collect()
    }

    fn head(&self) -> Arc<Head> {
        Arc::clone(&self.lock().head)
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        let mut state = self.read()?;
        let count = Arc::make_mut(&mut state.rows).drop_expired(self.schema, now);
        state.statistics.expired_rows_removed += count;
        Ok(count)
    }

    fn wipe_deleted(&self) -> Result<(), Fault> {
        self.read().map(drop)
    }

    fn statistics(&self) -> Statistics {
        let state = self.lock();
        Statistics { waiting: state.queue.len() as u64, group_sizes: state.group_sizes.read(), ..state.statistics }
    }
}

struct MemoryView(Arc<Rows>);

impl View for MemoryView {
    fn as_of(&self) -> Sequence {
        self.0.head.size
    }

    fn get(&self, table: &'static Table, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        Ok(self.0.get(table, key)?.cloned())
    }

    fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.range(table, index, prefix, after, limit)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.find(find)
    }

    fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.starting_with(table, prefix, limit)
    }

    fn walk(&self, table: &'static Table, above: Option<&Key>, after: Option<&Row>, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.walk(table, above, after, limit)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        // The first row that is not wanted ends the scan.
        let _ = self.0.scan(table)?.all(each);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::commit::{Commit, Premise, Write};
    use jeton_core::event::Event;
    use jeton_core::id::{Actor, ClientId, CredentialId};
    use jeton_core::moment::Moment;
    use tokio::sync::oneshot::error::TryRecvError;
    use tokio::sync::oneshot::{self, Receiver};

    use super::*;
    use crate::conformance::{CLIENTS, NEGATIVES, SCHEMA, TOKENS};

    #[derive(Default)]
    struct Ear(Mutex<Vec<String>>);

    impl Subscriber for Ear {
        fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
            self.0.lock().unwrap().push(format!("{} commits to {}", group.commits.len(), group.head.size));
            Ok(())
        }

        fn lost(&self, fault: &Fault) {
            self.0.lock().unwrap().push(fault.to_string());
        }
    }

    struct Stage {
        store: Arc<MemoryStore>,
        ear: Arc<Ear>,
        moment: Moment,
    }

    fn stage() -> Stage {
        let ear = Arc::new(Ear::default());
        let store = MemoryStore::manual(&SCHEMA, [1; 32], Arc::clone(&ear) as Arc<dyn Subscriber>);
        Stage { store, ear, moment: Moment::new(Time::from_seconds(1_700_000_000), [2; 32]) }
    }

    impl Stage {
        fn client(&mut self, id: &str) -> Commit {
            let row = vec![Value::text(id), Value::text(id), Value::Null, Value::Int(1)];
            let event = Event::ClientUpdated { actor: Actor::system(), client: ClientId::from(id), changed: Arc::from("name") };
            Commit::new(&mut self.moment).put(&CLIENTS, row).tell(event)
        }

        fn submit(&self, commit: Commit) -> Receiver<Result<Sequence, CommitError>> {
            let (reply, answer) = oneshot::channel();
            self.store.submit(vec![Submission { commit, owner: Arc::from(""), reply }]);
            answer
        }

        fn heard(&self) -> Vec<String> {
            std::mem::take(&mut *self.ear.0.lock().unwrap())
        }
    }

    /// What a commit is answered under a fate, whether it is there in the same process and after a restart, and what was heard.
    fn check(fate: &Fate, answer: Option<Result<Sequence, CommitError>>, here: Result<bool, FaultKind>, after: bool, heard: &[&str]) {
        let mut stage = stage();
        let commit = stage.client("c1");
        let id = commit.id;
        let mut waits = stage.submit(commit);
        assert_eq!(waits.try_recv(), Err(TryRecvError::Empty), "{fate:?}");
        assert_eq!(stage.store.step(fate), 1);
        assert_eq!(waits.try_recv().ok(), answer, "{fate:?}");
        assert_eq!(stage.heard(), heard, "{fate:?}");
        let found = stage.store.look_up(id).map(|found| found.is_some()).map_err(|fault| fault.kind);
        assert_eq!(found, here, "{fate:?}");
        let reopened = stage.store.reopen([3; 32], Arc::new(Ear::default()));
        let key = vec![Value::text("c1")];
        assert_eq!(reopened.view().unwrap().get(&CLIENTS, &key).unwrap().is_some(), after, "{fate:?}");
        assert_eq!((reopened.head().size, reopened.look_up(id).unwrap().is_some()), (u64::from(after), after), "{fate:?}");
    }

    #[test]
    fn each_fate_leaves_what_it_says() {
        let told = ["1 commits to 1"];
        let fault = Fault::new(FaultKind::Engine, "no");
        let lost = CommitError::Fault(Fault::new(FaultKind::Durability, "fsync failed"));
        check(&Fate::Durable, Some(Ok(0)), Ok(true), true, &told);
        check(&Fate::FailBefore(fault.clone()), Some(Err(CommitError::Fault(fault))), Ok(false), false, &[]);
        check(&Fate::LostAnswer, Some(Err(CommitError::Unknown)), Ok(true), true, &told);
        let nobody_looks = Err(FaultKind::Durability);
        check(&Fate::FsyncFails { written: true }, Some(Err(lost.clone())), nobody_looks, true, &["fsync failed"]);
        check(&Fate::FsyncFails { written: false }, Some(Err(lost)), nobody_looks, false, &["fsync failed"]);
        check(&Fate::CrashBeforeDurable, None, Err(FaultKind::Closed), false, &[]);
        check(&Fate::CrashAfterDurable, None, Err(FaultKind::Closed), true, &[]);
    }

    #[test]
    fn after_a_crash_nobody_is_answered_and_after_a_lost_disk_everybody_is() {
        for (fate, is_answered) in [(Fate::CrashAfterDurable, false), (Fate::FsyncFails { written: true }, true)] {
            let mut stage = stage();
            let (first, second) = (stage.client("c1"), stage.client("c2"));
            let _first = stage.submit(first);
            stage.store.step(&fate);
            let mut waits = stage.submit(second);
            assert_eq!(waits.try_recv().is_ok(), is_answered, "{fate:?}");
            assert_eq!(stage.store.step(&Fate::Durable), 0);
        }
    }

    #[test]
    fn bookkeeping_takes_no_sequence_but_a_premise_sees_it() {
        let mut stage = stage();
        let mut versions = Vec::new();
        for _ in 0..3 {
            let mut commit = stage.client("c1");
            commit.events.clear();
            let mut answer = stage.submit(commit);
            stage.store.step(&Fate::Durable);
            assert_eq!(answer.try_recv(), Ok(Ok(0)));
            let row = stage.store.view().unwrap().get(&CLIENTS, &vec![Value::text("c1")]).unwrap().unwrap();
            versions.push(row.version);
        }
        assert_eq!((versions, stage.store.head().size), (vec![0, 1, 2], 0));
        let mut stale = stage.client("c1");
        stale.premises.push(Premise::Row { table: &CLIENTS, key: vec![Value::text("c1")], version: Some(1) });
        let mut answer = stage.submit(stale);
        stage.store.step(&Fate::Durable);
        assert_eq!(answer.try_recv(), Ok(Err(CommitError::Stale)));
    }

    #[test]
    fn of_several_that_stand_on_there_being_no_row_that_ends_by_itself_one_is_made() {
        let mut stage = stage();
        let key = vec![Value::Int(0), Value::Id([1; 16])];
        let mut submit = |name: &str, version: Option<Sequence>, until: i64| {
            let mut commit = stage.client(name);
            commit.writes.push(Write::Put { table: &NEGATIVES, row: [key.clone(), vec![Value::Int(until)]].concat() });
            commit.premises.push(Premise::Row { table: &NEGATIVES, key: key.clone(), version });
            stage.submit(commit)
        };
        let (mut first, mut second) = (submit("c1", None, 1_000), submit("c2", None, 1_000));
        // In a later slice, over a row that has ended and not left.
        let mut third = submit("c3", Some(0), 9_000);
        let mut fourth = submit("c4", Some(0), 9_000);
        stage.store.step(&Fate::Durable);
        assert_eq!((first.try_recv(), second.try_recv()), (Ok(Ok(0)), Ok(Err(CommitError::Stale))));
        assert_eq!((third.try_recv(), fourth.try_recv()), (Ok(Ok(1)), Ok(Err(CommitError::Stale))));
        let found = stage.store.view().unwrap().get(&NEGATIVES, &key).unwrap();
        assert_eq!(found.map(|row| (row.version, row.record[2].clone())), Some((1, Value::Int(9_000))));
    }

    #[test]
    fn issues_of_a_group_share_an_entry_and_a_commit_is_found_by_its_credential() {
        let mut stage = stage();
        let mut waits = Vec::new();
        let mut ids = Vec::new();
        for place in 0..3 {
            let id = CredentialId::draw(&mut stage.moment);
            let mut commit = Commit::new(&mut stage.moment).put(&TOKENS, vec![Value::Id(id.0), Value::text("c"), Value::Int(1)]);
            commit.id = CommitId(id.0);
            ids.push(commit.id);
            if place == 1 {
                let other = stage.client("c1");
                waits.push(stage.submit(other));
            }
            waits.push(stage.submit(commit));
        }
        stage.store.step(&Fate::Durable);
        let answers: Vec<_> = waits.iter_mut().map(|answer| answer.try_recv().unwrap().unwrap()).collect();
        assert_eq!(answers, [0, 1, 0, 0]);
        let entries = stage.store.tail(0, 9).unwrap();
        assert_eq!(entries.iter().map(|entry| &*entry.kind).collect::<Vec<_>>(), ["credentials.issued", "client.updated"]);
        assert!(ids.iter().all(|id| stage.store.look_up(*id) == Ok(Some(0))));
        assert_eq!(stage.heard(), ["4 commits to 2"]);
    }

    #[test]
    fn a_commit_that_is_refused_leaves_no_trace_and_its_neighbours_are_made() {
        let mut stage = stage();
        let (right, mut wrong) = (stage.client("c1"), stage.client("c2"));
        // A name the first one takes, after a row that would be put.
        let row = vec![Value::text("c3"), Value::text("c1"), Value::Null, Value::Int(1)];
        wrong.writes.push(Write::Put { table: &CLIENTS, row });
        let (mut first, mut second) = (stage.submit(right), stage.submit(wrong));
        stage.store.step(&Fate::Durable);
        assert_eq!(first.try_recv(), Ok(Ok(0)));
        assert_eq!(second.try_recv(), Ok(Err(CommitError::Taken(crate::store::Taken::Name("client_by_name")))));
        let view = stage.store.view().unwrap();
        assert_eq!((view.get(&CLIENTS, &vec![Value::text("c2")]), view.as_of()), (Ok(None), 1));
    }
}
