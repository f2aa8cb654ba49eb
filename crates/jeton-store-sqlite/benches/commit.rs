//! What a commit costs the writer, in CPU time of its thread: issues and revocations in groups of several sizes, on an empty store and
//! on one of a million tokens (or as many as the first argument says), and what a look-up costs the reader.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure ends")]

use std::sync::Arc;
use std::{env, fs};

use jeton_core::commit::{Commit, Premise};
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Row, Table, Value};
use jeton_core::token;
use jeton_core::token::negative;
use jeton_core::{api, client};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{CommitError, Fault, Fetch, Group, Store, Submission, Subscriber};
use jeton_store_sqlite::{Options, SqliteStore};
use tokio::sync::oneshot;

fn main() {
    let folder = tempfile::tempdir_in(env::current_dir().unwrap()).unwrap();
    let store = SqliteStore::open(Options::new(folder.path(), &SCHEMA, [7; 32]), Arc::new(Deaf)).unwrap();
    let mut bench = Bench { store, moment: Moment::new(Time::from_seconds(1_800_000_000), [1; 32]), premises: Vec::new(), ids: Vec::new() };
    bench.set_up();
    let rows = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    for rows in [0, rows] {
        bench.fill(rows);
        println!("{rows} tokens");
        for group in [1, 16, 64, 256] {
            let rounds = (20_000 / group).min(2_000);
            bench.measure("issue ", group, rounds, Bench::issue);
            bench.measure("revoke", group, rounds, Bench::revoke);
        }
        bench.measure_fetch();
    }
    bench.measure_purge(rows as u64);
    let log = fs::metadata(folder.path().join("jeton.db-wal")).unwrap().len();
    let resident = fs::read_to_string("/proc/self/status").unwrap();
    let resident = resident.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned();
    println!("write-ahead log {} MiB; {resident} (the bench's {} ids of 16 bytes included)", log >> 20, bench.ids.len());
    drop(bench);
    let before = now_nanos();
    let store = SqliteStore::open(Options::new(folder.path(), &SCHEMA, [8; 32]), Arc::new(Deaf)).unwrap();
    println!("opened again in {} µs, {} entries", (now_nanos() - before) / 1_000, store.head().size);
}

struct Bench {
    store: Arc<SqliteStore>,
    moment: Moment,
    premises: Vec<Premise>,
    ids: Vec<CredentialId>,
}

impl Bench {
    fn set_up(&mut self) {
        for (table, key) in [(&client::TABLE, "c1"), (&api::TABLE, "a1")] {
            let commit = Commit::new(&mut self.moment).put(table, row(table, key)).tell(created());
            let version = self.submit(vec![commit]).pop().unwrap().unwrap();
            self.premises.push(Premise::Row { table, key: vec![Value::text(key)], version: Some(version) });
        }
    }

    fn fill(&mut self, rows: usize) {
        while self.ids.len() < rows {
            let commits = (0..256).map(|_| self.issue()).collect();
            self.submit(commits);
        }
    }

    fn issue(&mut self) -> Commit {
        self.moment.now = Time::from_micros(self.moment.now.micros() + 20);
        let id = CredentialId::draw(&mut self.moment);
        self.ids.push(id);
        let text = |text: &str| Value::text(text);
        let seconds = self.moment.now.seconds();
        let row = vec![
            Value::Id(id.0),
            text("c_0123456789abcdefghij"),
            text("a_0123456789abcdefghij"),
            text("orders:read orders:write"),
            Value::Int(seconds),
            Value::Int(seconds + 3_600),
            Value::Hash(self.moment.draw()),
            Value::Int(1),
        ];
        let mut commit = Commit::new(&mut self.moment).put(&token::TABLE, row);
        commit.premises.clone_from(&self.premises);
        commit
    }

    fn revoke(&mut self) -> Commit {
        self.moment.now = Time::from_micros(self.moment.now.micros() + 20);
        let place = usize::from_be_bytes(self.moment.draw()) % self.ids.len().max(1);
        let token = self.ids.get(place).copied().unwrap_or(CredentialId([0; 16]));
        let until_seconds = self.moment.now.seconds() + 90_000;
        let mut row =
            vec![Value::Id(self.moment.draw_time_ordered()), Value::Int(1), Value::Id(token.0), Value::text("https://orders.example")];
        row.resize(negative::TABLE.columns.len() - 1, Value::Null);
        row.push(Value::Int(until_seconds));
        let actor = Actor::from("client:c_0123456789abcdefghij");
        let (api, client) = (ApiId::from("a_0123456789abcdefghij"), ClientId::from("c_0123456789abcdefghij"));
        let commit = Commit::new(&mut self.moment).put(&negative::TABLE, row);
        commit.tell(Event::TokenRevoked { actor, api, client, token, until_seconds, why: None })
    }

    fn measure(&mut self, name: &str, group: usize, rounds: usize, make: fn(&mut Bench) -> Commit) {
        let (mut cpu, mut wall) = (0, Vec::with_capacity(rounds));
        for _ in 0..rounds {
            let commits = (0..group).map(|_| make(self)).collect();
            let (cpu_before, before) = (cpu_nanos("jeton-writer"), now_nanos());
            let answers = self.submit(commits);
            wall.push(now_nanos() - before);
            cpu += cpu_nanos("jeton-writer") - cpu_before;
            assert!(answers.iter().all(Result::is_ok), "{:?}", answers.first());
        }
        wall.sort_unstable();
        let at = |part: usize| wall.get(wall.len() * part / 100).copied().unwrap_or(0) / 1_000;
        let each = cpu as f64 / (group * rounds) as f64 / 1_000.0;
        println!("{name} in groups of {group:>3}: {each:>6.2} µs CPU a commit; a group p50 {} µs, p99 {} µs", at(50), at(99));
    }

    fn measure_fetch(&mut self) {
        for (what, present) in [("present", true), ("absent ", false)] {
            let mut cpu = 0;
            for _ in 0..500 {
                let mut answers = Vec::new();
                let batch = (0..16).map(|_| {
                    let place = usize::from_be_bytes(self.moment.draw()) % self.ids.len();
                    let mut id = self.ids.get(place).unwrap().0;
                    if !present {
                        id[15] ^= 1;
                    }
                    let (reply, answer) = oneshot::channel();
                    answers.push(answer);
                    Fetch { table: &token::TABLE, key: vec![Value::Id(id)], reply }
                });
                let batch = batch.collect();
                let before = cpu_nanos("jeton-reader");
                self.store.fetch(batch);
                for answer in answers {
                    assert_eq!(answer.blocking_recv().unwrap().unwrap().is_some(), present);
                }
                cpu += cpu_nanos("jeton-reader") - before;
                // Each commit makes readers forget their pages, as in service.
                let commit = self.issue();
                self.submit(vec![commit]);
            }
            println!("look-up, {what}: {:.2} µs CPU", cpu as f64 / 8_000.0 / 1_000.0);
        }
    }

    fn measure_purge(&mut self, rows: u64) {
        let (cpu_before, before) = (cpu_nanos("jeton-writer"), now_nanos());
        let store = Arc::clone(&self.store);
        let now = self.moment.now.plus_seconds(3_600 * 24 * 400);
        let purge = std::thread::spawn(move || (store.drop_expired(now), now_nanos()));
        let mut wall = Vec::new();
        while !purge.is_finished() {
            let commits = (0..64).map(|_| self.issue_late(now)).collect();
            let before = now_nanos();
            self.submit(commits);
            wall.push(now_nanos() - before);
        }
        let (count, ended) = purge.join().unwrap();
        let cpu = cpu_nanos("jeton-writer") - cpu_before;
        wall.sort_unstable();
        let at = |part: usize| wall.get(wall.len() * part / 100).copied().unwrap_or(0) / 1_000;
        println!(
            "purge of {count:?} (at least {rows}) during {} groups of 64: {} ms; groups p50 {} µs, p99 {} µs",
            wall.len(),
            (ended - before) / 1_000_000,
            at(50),
            at(99)
        );
        println!(
            "      {:.2} µs CPU a row, the groups' own {} commits included",
            cpu as f64 / 1_000.0 / count.unwrap() as f64,
            64 * wall.len()
        );
    }

    fn issue_late(&mut self, now: Time) -> Commit {
        self.moment.now = self.moment.now.max(now);
        self.issue()
    }

    fn submit(&self, commits: Vec<Commit>) -> Vec<Result<u64, CommitError>> {
        let owner: Arc<str> = Arc::from("c1");
        let mut answers = Vec::with_capacity(commits.len());
        let batch = commits.into_iter().map(|commit| {
            let (reply, answer) = oneshot::channel();
            answers.push(answer);
            Submission { commit, owner: Arc::clone(&owner), reply }
        });
        let batch = batch.collect();
        self.store.submit(batch);
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect()
    }
}

struct Deaf;

impl Subscriber for Deaf {
    fn applied(&self, _group: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, fault: &Fault) {
        println!("lost: {fault}");
    }
}

/// A row of a table with this key and plausible values.
fn row(table: &Table, key: &str) -> Row {
    use jeton_core::record::ColumnKind;
    let value = |(place, column): (usize, &jeton_core::record::Column)| match column.kind {
        _ if place == 0 => Value::text(key),
        _ if column.nullable => Value::Null,
        ColumnKind::Int => Value::Int(1),
        ColumnKind::Text => Value::text("text"),
        ColumnKind::Bytes => Value::Hash([1; 32]),
    };
    table.columns.iter().enumerate().map(value).collect()
}

fn created() -> Event {
    Event::ClientUpdated { actor: Actor::system(), client: ClientId::from("c1"), changed: Arc::from("name") }
}

/// The CPU time that threads of this name have had.
fn cpu_nanos(thread: &str) -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let named = tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == thread));
    let spent = named.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok());
    spent.sum()
}

#[expect(clippy::disallowed_methods, reason = "a bench reads a clock")]
fn now_nanos() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap()
}
