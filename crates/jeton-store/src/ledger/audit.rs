//! The audit: everything recomputed from the entries, and from the rows that `credentials.issued` entries stand for. It trusts nothing
//! but the head, or a signed checkpoint, that it is told to arrive at.

use std::collections::BTreeMap;
use std::fmt;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Table};

use super::entry::{Entry, commitment, issued_leaf};
use super::head::Head;
use super::merkle::{Frontier, Hash, hexadecimal};
use crate::store::{Fault, View};

/// What an audit found in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Entries whose content was erased: their commitment still counts.
    pub erased: u64,
    /// Groups of issued rows whose root was computed again.
    pub issued_groups: u64,
    /// Rows in them.
    pub issued_rows: u64,
    /// Groups whose rows are gone because their slice is over.
    pub dropped_groups: u64,
    /// Known checkpoints that the ledger passes through.
    pub checkpoints: u64,
}

/// What is wrong, at the first place where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry; `None` when it shows only at the end, or in a row.
    pub sequence: Option<Sequence>,
    /// In words.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sequence {
            Some(sequence) => write!(formatter, "entry {sequence}: {}", self.what),
            None => formatter.write_str(&self.what),
        }
    }
}

impl std::error::Error for Finding {}

/// The rows of credential tables, gathered by the entry they belong to. Rows are added in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct IssuedRows(BTreeMap<(Sequence, &'static str), Frontier>);

impl IssuedRows {
    /// The rows of all credential tables that a view sees.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn of_view(view: &dyn View, tables: &[&'static Table]) -> Result<IssuedRows, Fault> {
        let mut issued = IssuedRows::default();
        for table in tables.iter().filter(|table| matches!(table.class, Class::Credential { .. })) {
            view.scan(table, &mut |row| {
                issued.add(table, row.version, issued_leaf(table, &row.record));
                true
            })?;
        }
        Ok(issued)
    }

    /// Adds a row's leaf to its group.
    pub fn add(&mut self, table: &'static Table, version: Sequence, leaf: Hash) {
        self.0.entry((version, table.name)).or_default().append(leaf);
    }
}

/// What an audit starts from and must arrive at.
pub struct Claims<'a> {
    /// The tables.
    pub tables: &'a [&'static Table],
    /// The ledger's head.
    pub head: &'a Head,
    /// Sizes and roots that are known from elsewhere: signed checkpoints.
    pub checkpoints: &'a [(u64, Hash)],
    /// Now, which says what slices may be gone.
    pub now: Time,
}

/// Audits a ledger from its first entry on.
///
/// # Errors
/// The first thing that is wrong; a fault of reading is one too.
pub fn audit(entries: impl IntoIterator<Item = Result<Entry, Fault>>, issued: IssuedRows, claims: &Claims<'_>) -> Result<Report, Finding> {
    let mut audit = Audit { claims, issued, frontier: Frontier::default(), time: Time::EPOCH, report: Report::default() };
    for entry in entries {
        let expected = audit.report.entries;
        let entry = entry.map_err(|fault| Finding { sequence: Some(expected), what: fault.to_string() })?;
        audit.entry(&entry).map_err(|what| Finding { sequence: Some(expected), what })?;
    }
    audit.end()
}

struct Audit<'a> {
    claims: &'a Claims<'a>,
    issued: IssuedRows,
    frontier: Frontier,
    time: Time,
    report: Report,
}

impl Audit<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<(), String> {
        self.checkpoints()?;
        if entry.sequence != self.report.entries {
            return Err(format!("entry {} stands in its place", entry.sequence));
        }
        match &entry.content {
            Some(content) if commitment(&content.salt, &content.payload) != entry.commitment => {
                return Err("its content is not what it committed to".into());
            }
            Some(_) => {}
            None => self.report.erased += 1,
        }
        let event = entry.event().map_err(|unknown| unknown.to_string())?;
        if entry.time < self.time && !matches!(event, Some(Event::IncarnationOpened { .. })) {
            return Err("it is earlier than the entry before it".into());
        }
        if let Some(event) = event {
            self.issued(entry, &event)?;
        }
        self.frontier.append(entry.leaf());
        self.time = entry.time;
        self.report.entries += 1;
        Ok(())
    }

    fn issued(&mut self, entry: &Entry, event: &Event) -> Result<(), String> {
        let Event::Issued { count, root, table, .. } = event else { return Ok(()) };
        let known = self.claims.tables.iter().find(|known| known.name == &**table && matches!(known.class, Class::Credential { .. }));
        let table = known.ok_or_else(|| format!("it names a table `{table}` that there is not"))?;
        let rows = self.issued.0.remove(&(entry.sequence, table.name)).unwrap_or_default();
        if rows.size() < *count && self.is_over(table, entry.time) {
            // A slice leaves in steps; what is left of it is no longer anybody's token.
            self.report.dropped_groups += 1;
            return Ok(());
        }
        if rows.size() != *count {
            return Err(format!("it issued {count} rows of `{}`, and {} are there", table.name, rows.size()));
        }
        if hexadecimal(&rows.root()) != **root {
            return Err(format!("its rows of `{}` are not those it issued", table.name));
        }
        self.report.issued_groups += 1;
        self.report.issued_rows += count;
        Ok(())
    }

    /// Whether rows issued by then may be gone. An id is drawn before its entry, at most a slice earlier.
    fn is_over(&self, table: &Table, time: Time) -> bool {
        match table.class {
            Class::Credential { slice_seconds, .. } => {
                table.is_slice_over(time.seconds().div_euclid(slice_seconds) - 1, self.claims.now.seconds())
            }
            Class::Authority | Class::Expiring { .. } | Class::Counted { .. } | Class::Noted => false,
        }
    }

    fn checkpoints(&mut self) -> Result<(), String> {
        for (_, root) in self.claims.checkpoints.iter().filter(|(size, _)| *size == self.report.entries) {
            if *root != self.frontier.root() {
                return Err("the entries before it are not those that a checkpoint was signed over".into());
            }
            self.report.checkpoints += 1;
        }
        Ok(())
    }

    fn end(mut self) -> Result<Report, Finding> {
        let at_end = |what: &str| Finding { sequence: None, what: what.to_owned() };
        self.checkpoints().map_err(|what| Finding { sequence: None, what })?;
        let head = self.claims.head;
        if self.report.entries != head.size {
            return Err(at_end(&format!("the ledger has {} entries, its head says {}", self.report.entries, head.size)));
        }
        if self.frontier != head.frontier {
            return Err(at_end("the entries do not lead to the head's root"));
        }
        // It may be later: a row that joins an entry of its group is issued after the entry's time.
        if head.time < self.time {
            return Err(at_end("the head is earlier than the last entry"));
        }
        if let Some((size, _)) = self.claims.checkpoints.iter().find(|(size, _)| *size > head.size) {
            return Err(at_end(&format!("a checkpoint was signed over {size} entries, and {} are there", head.size)));
        }
        if let Some(((version, table), _)) = self.issued.0.first_key_value() {
            return Err(at_end(&format!("rows of `{table}` say that entry {version} issued them, which it did not")));
        }
        Ok(self.report)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jeton_core::commit::Commit;
    use jeton_core::id::{Actor, ClientId, CredentialId};
    use jeton_core::moment::Moment;
    use jeton_core::record::Value;
    use tokio::sync::oneshot;

    use super::*;
    use crate::conformance::{SCHEMA, TOKENS};
    use crate::memory::MemoryStore;
    use crate::store::{Group, Store, Submission, Subscriber};

    struct Deaf;

    impl Subscriber for Deaf {
        fn applied(&self, _group: &Group<'_>) -> Result<(), Fault> {
            Ok(())
        }

        fn lost(&self, _fault: &Fault) {}
    }

    fn ledger() -> (Arc<MemoryStore>, Vec<Entry>) {
        let store = MemoryStore::new(&SCHEMA, [1; 32], Arc::new(Deaf));
        for number in 0..9 {
            let mut moment = Moment::new(Time::from_seconds(1_700_000_000 + number), [u8::try_from(number).unwrap(); 32]);
            let batch = (0..3).map(|turn| {
                let commit = Commit::new(&mut moment);
                let id = CredentialId::draw(&mut moment);
                let commit = match turn {
                    0 => commit.tell(Event::ClientDeleted { actor: Actor::system(), client: ClientId::from("c") }),
                    _ => commit.put(&TOKENS, vec![Value::Id(id.0), Value::text("c"), Value::Int(1)]),
                };
                Submission { commit, owner: Arc::from(""), reply: oneshot::channel().0 }
            });
            store.submit(batch.collect());
        }
        let entries = store.tail(0, usize::MAX).unwrap();
        (store, entries)
    }

    fn run(store: &MemoryStore, entries: &[Entry], checkpoints: &[(u64, Hash)], now_seconds: i64) -> Result<Report, Finding> {
        let issued = IssuedRows::of_view(&*store.view().unwrap(), SCHEMA.tables).unwrap();
        let claims = Claims { tables: SCHEMA.tables, head: &store.head(), checkpoints, now: Time::from_seconds(now_seconds) };
        audit(entries.iter().cloned().map(Ok), issued, &claims)
    }

    const NOW: i64 = 1_700_000_010;

    #[test]
    fn a_ledger_in_order_passes() {
        let (store, entries) = ledger();
        let root = super::super::merkle::root(entries.iter().take(5).map(Entry::leaf));
        let expected = Report { entries: 18, issued_groups: 9, issued_rows: 18, checkpoints: 1, ..Report::default() };
        assert_eq!(run(&store, &entries, &[(5, root)], NOW), Ok(expected));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let (store, entries) = ledger();
        let flips: [fn(&mut Entry, usize); 6] = [
            |entry, bit| entry.sequence ^= 1 << (bit % 64),
            |entry, bit| entry.time = Time::from_micros(entry.time.micros() ^ (1 << (bit % 64))),
            |entry, bit| entry.kind = flipped(entry.kind.as_bytes(), bit),
            |entry, bit| entry.commitment[bit / 8 % 32] ^= 1 << (bit % 8),
            |entry, bit| entry.content.as_mut().unwrap().salt[bit / 8 % 16] ^= 1 << (bit % 8),
            |entry, bit| {
                let payload = &mut entry.content.as_mut().unwrap().payload;
                let length = payload.len();
                payload[bit / 8 % length] ^= 1 << (bit % 8);
            },
        ];
        for place in [0, 1, 9, entries.len() - 1] {
            for (part, flip) in flips.iter().enumerate() {
                for bit in 0..256 {
                    let mut wrong = entries.clone();
                    flip(&mut wrong[place], bit);
                    if wrong != entries {
                        let found = run(&store, &wrong, &[], NOW).unwrap_err();
                        assert!(found.sequence.is_none_or(|at| at >= place as u64), "part {part} bit {bit} of {place}: {found}");
                    }
                }
            }
        }
    }

    fn flipped(text: &[u8], bit: usize) -> String {
        let mut text = text.to_vec();
        let length = text.len();
        text[bit / 8 % length] ^= 1 << (bit % 7);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn what_is_cut_moved_or_added_is_found() {
        let (store, entries) = ledger();
        let check = |words: &str, change: &dyn Fn(&mut Vec<Entry>)| {
            let mut wrong = entries.clone();
            change(&mut wrong);
            let found = run(&store, &wrong, &[], NOW).unwrap_err();
            assert!(found.to_string().contains(words), "{found}");
        };
        check("the ledger has 17 entries", &|entries| drop(entries.pop()));
        check("entry 0: entry 1 stands", &|entries| drop(entries.remove(0)));
        check("entry 7: entry 8 stands", &|entries| entries.swap(7, 8));
        check("the ledger has 19 entries", &|entries| {
            let next = Entry { sequence: 18, time: entries[17].time, ..entries[16].clone() };
            entries.push(next);
        });
        check("the ledger has 0 entries", &|entries| entries.clear());
        // Both entries are whole; only the chain knows their order.
        check("the entries do not lead to the head's root", &|entries| {
            entries.swap(6, 8);
            for place in [6, 8] {
                (entries[place].sequence, entries[place].time) = (place as u64, entries[7].time);
            }
        });
    }

    #[test]
    fn an_erased_entry_still_chains_and_a_signed_size_must_be_reached() {
        let (store, mut entries) = ledger();
        entries[2].content = None;
        assert_eq!(run(&store, &entries, &[], NOW).map(|report| report.erased), Ok(1));
        let found = run(&store, &entries, &[(19, [0; 32])], NOW).unwrap_err();
        assert!(found.what.contains("signed over 19 entries"), "{found}");
        let found = run(&store, &entries, &[(4, [0; 32])], NOW).unwrap_err();
        assert!(found.sequence == Some(4) && found.what.contains("a checkpoint was signed over"), "{found}");
    }

    #[test]
    fn rows_must_be_those_that_were_issued_until_their_slice_is_over() {
        let (store, entries) = ledger();
        let check = |words: &str, change: &dyn Fn(&mut IssuedRows)| {
            let mut issued = IssuedRows::of_view(&*store.view().unwrap(), SCHEMA.tables).unwrap();
            change(&mut issued);
            let claims = Claims { tables: SCHEMA.tables, head: &store.head(), checkpoints: &[], now: Time::from_seconds(NOW) };
            let found = audit(entries.iter().cloned().map(Ok), issued, &claims).unwrap_err().to_string();
            assert!(found.contains(words), "{found}");
        };
        check("entry 1: it issued 2 rows of `token`, and 0 are there", &|issued| drop(issued.0.remove(&(1, "token"))));
        check("entry 3: it issued 2 rows of `token`, and 3 are there", &|issued| issued.add(&TOKENS, 3, [0; 32]));
        check("say that entry 4 issued them", &|issued| issued.add(&TOKENS, 4, [0; 32]));
        check("entry 5: its rows of `token` are not those", &|issued| {
            issued.0.remove(&(5, "token"));
            issued.add(&TOKENS, 5, [1; 32]);
            issued.add(&TOKENS, 5, [2; 32]);
        });
        let later = NOW + 10_000;
        assert!(store.drop_expired(Time::from_seconds(later)).unwrap() == 18);
        assert_eq!(run(&store, &entries, &[], later).map(|report| (report.dropped_groups, report.issued_groups)), Ok((9, 0)));
        assert!(run(&store, &entries, &[], NOW).is_err());
    }
}
