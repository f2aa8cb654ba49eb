//! The commits of a story: right and wrong ones of every kind.

use std::sync::Arc;

use jeton_core::commit::{Commit, Mark, MarkKind, Premise, Write};
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId, time_of};
use jeton_core::moment::Time;
use jeton_core::record::{Key, Table, Value};
use jeton_core::schema::CHANGE;

use super::chance::Chance;
use super::tables::{CLIENTS, COUNTS, GRANTS, KEYS, LAST, NEGATIVES, TOKENS};
use crate::row::key_of;
use crate::store::{Fault, View};

/// Names of clients; few, so that they collide.
const CLIENT_NAMES: [&str; 9] = ["ada", "bob", "cyd", "dee", "eve", "fay", "gus", "hal", "ivy"];
const OWNERS: [Option<&str>; 3] = [None, Some("red"), Some("blue")];

/// What a story remembers.
pub(super) struct Story {
    pub(super) chance: Chance,
    /// The ledger's time: ids are not drawn before it.
    pub(super) head: Time,
    issued: Vec<[u8; 16]>,
    marks: Vec<[u8; 32]>,
}

impl Story {
    pub(super) fn new(chance: Chance) -> Story {
        Story { chance, head: Time::EPOCH, issued: Vec::new(), marks: Vec::new() }
    }

    pub(super) fn now(&self) -> Time {
        self.chance.0.now
    }

    pub(super) fn advance(&mut self) {
        let seconds = i64::try_from(self.chance.below(400)).unwrap_or(0);
        self.chance.0.now = self.chance.0.now.plus_seconds(if self.chance.once_in(12) { -seconds } else { seconds });
    }

    pub(super) fn commit(&mut self, view: &dyn View) -> Result<Commit, Fault> {
        let mut commit = Commit::new(&mut self.chance.0);
        match self.chance.below(12) {
            0..=2 => self.issue(&mut commit),
            3 => self.issue_among_others(&mut commit, view)?,
            4 => self.revoke(&mut commit, view)?,
            5 => self.set_marks(&mut commit),
            6 => self.delete_client(&mut commit, view)?,
            7 if self.chance.once_in(2) => self.tell_changes_anew(&mut commit, view)?,
            7 => self.keep_books(&mut commit),
            8 => self.stand_on_a_range(&mut commit, view)?,
            9 => self.grant(&mut commit, view)?,
            10 => self.misfit(&mut commit),
            _ => self.put_client(&mut commit, view)?,
        }
        if self.chance.once_in(6) {
            self.set_marks(&mut commit);
        }
        Ok(commit)
    }

    pub(super) fn credential(&mut self) -> Key {
        let known = self.chance.pick(&self.issued).copied();
        vec![Value::Id(known.unwrap_or([7; 16]))]
    }

    pub(super) fn client_key(&mut self) -> Key {
        let number = self.chance.below(14);
        vec![Value::text(&format!("c{number}"))]
    }

    pub(super) fn owner(&mut self) -> Value {
        self.chance.pick(&OWNERS).copied().flatten().map_or(Value::Null, Value::text)
    }

    fn client_row(&mut self, key: Key) -> Vec<Value> {
        let mut row = key;
        row.push(Value::text(self.chance.pick(&CLIENT_NAMES).unwrap_or(&"")));
        row.push(self.owner());
        row.push(Value::Int(i64::try_from(self.chance.below(4)).unwrap_or(0) - 1));
        row
    }

    fn put_client(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        for _ in 0..=self.chance.below(2) {
            let key = self.client_key();
            self.stand_on_row(commit, view, &CLIENTS, &key)?;
            let row = self.client_row(key);
            commit.writes.push(Write::Put { table: &CLIENTS, row });
        }
        commit.events.push(Event::ClientCreated { actor: Actor::system(), client: ClientId::from("c"), name: Arc::from("n\"é") });
        if self.chance.once_in(4) {
            commit.events.push(Event::ClientUpdated { actor: Actor::system(), client: ClientId::from("c"), changed: Arc::from("name") });
        }
        if self.chance.once_in(20) {
            let (previous, reason, root) = (Arc::from("p"), Arc::from("clock"), Arc::from("r"));
            commit.events.insert(0, Event::IncarnationOpened { actor: Actor::system(), known: None, previous, reason, size: 1, root });
        }
        Ok(())
    }

    fn delete_client(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        let key = self.client_key();
        self.stand_on_row(commit, view, &CLIENTS, &key)?;
        commit.writes.push(Write::Delete { table: &CLIENTS, key });
        if self.chance.once_in(2) {
            // Its name may be free by now.
            let key = self.client_key();
            let row = self.client_row(key);
            commit.writes.push(Write::Put { table: &CLIENTS, row });
        }
        commit.events.push(Event::ClientDeleted { actor: Actor::system(), client: ClientId::from("c") });
        Ok(())
    }

    fn keep_books(&mut self, commit: &mut Commit) {
        let key = self.client_key();
        let row = self.client_row(key);
        commit.writes.push(Write::Put { table: &CLIENTS, row });
    }

    /// What commits changed is told without somebody: the row stays where it lies, and nothing else is touched.
    fn tell_changes_anew(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        let rows = view.walk(&CHANGE, None, None, 1_000)?;
        for row in [self.chance.pick(&rows), self.chance.pick(&rows)].into_iter().flatten() {
            let mut row = row.record.clone();
            if let Some(lines) = row.get_mut(1) {
                *lines = Value::text("told anew");
            }
            commit.writes.push(Write::Put { table: &CHANGE, row });
        }
        Ok(())
    }

    fn grant(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        let mut key = self.client_key();
        key.push(Value::Int(i64::try_from(self.chance.below(3)).unwrap_or(0)));
        self.stand_on_row(commit, view, &GRANTS, &key)?;
        let length = self.chance.pick(&[0, 3, 16, 20, 32]).copied().unwrap_or(0);
        let secret = if self.chance.once_in(4) { Value::Null } else { Value::Bytes(vec![5; length].into()) };
        key.push(secret);
        commit.writes.push(Write::Put { table: &GRANTS, row: key });
        commit.events.push(Event::ClientUpdated { actor: Actor::system(), client: ClientId::from("c"), changed: Arc::from("grant") });
        Ok(())
    }

    fn stand_on_row(&mut self, commit: &mut Commit, view: &dyn View, table: &'static Table, key: &Key) -> Result<(), Fault> {
        let mut version = view.get(table, key)?.map(|row| row.version);
        if self.chance.once_in(8) {
            version = if self.chance.once_in(2) { None } else { Some(self.chance.below(50)) };
        }
        commit.premises.push(Premise::Row { table, key: key.clone(), version });
        Ok(())
    }

    fn stand_on_a_range(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        let prefix = vec![self.owner()];
        let rows = view.range(&CLIENTS, 1, &prefix, None, Premise::RANGE_ROWS_MAX)?;
        let mut rows: Vec<_> = rows.iter().map(|row| (key_of(&CLIENTS, &row.record), row.version)).collect();
        if self.chance.once_in(5) {
            rows.pop();
        }
        commit.premises.push(Premise::Range { table: &CLIENTS, index: 1, prefix, rows });
        self.put_client(commit, view)
    }

    fn issue(&mut self, commit: &mut Commit) {
        for _ in 0..=self.chance.below(2) {
            // Only of late: an id whose slice is gone may be issued again, but not into that slice's past.
            let recent = self.now().max(self.head).plus_seconds(-300);
            let again = self.chance.once_in(6).then(|| self.chance.pick(self.issued.rchunks(9).next()?).copied()).flatten();
            let again = again.filter(|id| time_of(id) > recent);
            let id = again.unwrap_or_else(|| self.draw_id());
            self.issued.push(id);
            let row = match self.chance.below(4) {
                0 => (&KEYS, vec![Value::Id(id), if self.chance.once_in(2) { Value::Null } else { Value::Hash([9; 32]) }]),
                _ => (&TOKENS, vec![Value::Id(id), Value::text("c1"), Value::Int(self.now().seconds() + 300)]),
            };
            commit.writes.push(Write::Put { table: row.0, row: row.1 });
            if self.chance.once_in(2) {
                // Found again by the id of its credential.
                commit.id.0 = id;
            }
        }
    }

    fn draw_id(&mut self) -> [u8; 16] {
        let now = self.now();
        self.chance.0.now = now.max(self.head);
        let id = CredentialId::draw(&mut self.chance.0);
        self.chance.0.now = now;
        id.0
    }

    fn issue_among_others(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        self.keep_books(commit);
        self.issue(commit);
        if self.chance.once_in(2) {
            self.revoke(commit, view)?;
        }
        Ok(())
    }

    fn revoke(&mut self, commit: &mut Commit, view: &dyn View) -> Result<(), Fault> {
        let token = self.chance.pick(&self.issued).copied().unwrap_or([1; 16]);
        let until_seconds = self.now().seconds() + i64::try_from(self.chance.below(4_000)).unwrap_or(0);
        let kind = i64::try_from(self.chance.below(2)).unwrap_or(0);
        let key = vec![Value::Int(kind), Value::Id(token)];
        if self.chance.once_in(2) {
            self.stand_on_row(commit, view, &NEGATIVES, &key)?;
        }
        let row = [key, vec![Value::Int(until_seconds)]].concat();
        commit.writes.push(Write::Put { table: &NEGATIVES, row });
        commit.events.push(Event::TokenRevoked {
            actor: Actor::from("client:c1"),
            api: ApiId::from("a1"),
            client: ClientId::from("c1"),
            token: CredentialId(token),
            until_seconds,
            why: None,
        });
        Ok(())
    }

    fn set_marks(&mut self, commit: &mut Commit) {
        for _ in 0..=self.chance.below(2) {
            let again = self.chance.once_in(5).then(|| self.chance.pick(&self.marks).copied()).flatten();
            let key = again.unwrap_or_else(|| self.chance.0.draw());
            self.marks.push(key);
            let until = self.now().plus_seconds(i64::try_from(self.chance.below(3_000)).unwrap_or(0));
            commit.marks.push(Mark { kind: MarkKind::ClientAssertion, key, until });
        }
    }

    /// The key of something counted: of this time, or of an earlier one.
    pub(super) fn usage_key(&mut self) -> Key {
        let at = self.now().seconds() - 60 * i64::try_from(self.chance.below(60)).unwrap_or(0);
        let who = self.chance.pick(&CLIENT_NAMES).copied().unwrap_or_default();
        vec![Value::Int(at.div_euclid(300) * 300), Value::text(who), Value::Int(i64::try_from(self.chance.below(3)).unwrap_or(0))]
    }

    /// What is noted: rows of usage, and once in a while something that is none.
    pub(super) fn usage(&mut self) -> Vec<Write> {
        let mut writes = Vec::new();
        for _ in 0..self.chance.below(400) {
            let key = self.usage_key();
            let last = vec![
                key.get(1).cloned().unwrap_or(Value::Null),
                key.get(2).cloned().unwrap_or(Value::Null),
                Value::Int(self.now().seconds()),
            ];
            let packed = if self.chance.once_in(3) { Value::Bytes(vec![7; 70].into()) } else { Value::Null };
            let count = Value::Int(i64::try_from(self.chance.below(1_000)).unwrap_or(0));
            writes.push(Write::Put { table: &COUNTS, row: [key, vec![count, packed]].concat() });
            writes.push(Write::Put { table: &LAST, row: last });
        }
        if self.chance.once_in(8) {
            let key = self.client_key();
            writes.push(Write::Delete { table: &CLIENTS, key });
        }
        writes
    }

    fn misfit(&mut self, commit: &mut Commit) {
        let key = self.client_key();
        let write = match self.chance.below(5) {
            3 => Write::Delete { table: &LAST, key: vec![Value::text("ada"), Value::Int(1)] },
            4 => Write::Put { table: &LAST, row: vec![Value::text("ada"), Value::Int(1), Value::Int(1)] },
            0 => Write::Put { table: &CLIENTS, row: vec![Value::Int(1); 4] },
            1 => Write::Put { table: &TOKENS, row: vec![Value::Bytes(vec![1].into()), Value::text("c"), Value::Int(1)] },
            _ => Write::Delete { table: &NEGATIVES, key: vec![Value::Int(1), Value::Id([1; 16])] },
        };
        commit.writes.push(Write::Put { table: &CLIENTS, row: [key, vec![Value::text("ada"), Value::Null, Value::Int(0)]].concat() });
        commit.writes.push(write);
    }
}
