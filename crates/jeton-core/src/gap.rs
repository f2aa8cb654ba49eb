//! A gap: the ledger goes on from a backup, and what was revoked since that backup ended may not be known. Whatever proves itself with
//! something that was made before is refused until an operator accepts the gap. Beside it, also where nothing is missing: no backup has
//! one-time marks, and what was used once before is known to nobody.

use std::sync::Arc;

use crate::api::Api;
use crate::api::update::lower_lifetime;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use crate::token::cut_off::beyond_all_issued;

/// A gap that nobody accepted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// How many entries are known from before it.
    pub size: i64,
    /// What was made before this is refused, in seconds.
    pub before: i64,
    /// When the ledger went on, in seconds.
    pub opened_at: i64,
}

/// What a gap that nobody accepted holds back, and nothing where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// What was made before this is held back, in seconds.
    before_seconds: i64,
}

impl Fence {
    /// Nothing is held back.
    pub const NONE: Fence = Fence { before_seconds: i64::MIN };

    /// The fence of a gap.
    #[must_use]
    pub const fn of(gap: &Gap) -> Fence {
        Fence { before_seconds: gap.before }
    }

    /// Whether what was made then, in seconds, is held back: it may have been taken away in a time that nobody knows of.
    #[must_use]
    pub const fn holds_back(self, made_at_seconds: i64) -> bool {
        made_at_seconds < self.before_seconds
    }
}

/// Where it is kept, in one row, or none; and, in another, when marks began anew.
pub static TABLE: Table = Table {
    name: "gap",
    columns: &[Column::int("id"), Column::int("size"), Column::int("before"), Column::int("opened_at")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

/// The key of a gap: there is one at most.
pub const KEY: Value = Value::Int(1);

/// The key of when marks began anew.
const MARKS_KEY: i64 = 2;

/// The key of since when sessions are known.
const SESSIONS_KEY: i64 = 3;

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A gap that nobody accepted yet.
    Gap(Gap),
    /// Since when every one-time mark is known, in seconds. It stays when the gap is accepted.
    MarksKnownFrom(i64),
    /// Since when it is known which sessions ended, in seconds: those from before are over. It stays when the gap is accepted, since people
    /// sign in again.
    SessionsKnownFrom(i64),
}

impl Kept {
    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Kept, Malformed> {
        let gap = Gap::from_row(row)?;
        Ok(match Reader::new(&TABLE, row).int()? {
            MARKS_KEY => Kept::MarksKnownFrom(gap.before),
            SESSIONS_KEY => Kept::SessionsKnownFrom(gap.before),
            _ => Kept::Gap(gap),
        })
    }
}

/// Says since when marks, or sessions, are known: from the next whole second on, since one may have been set in this one.
fn known_row(key: i64, size: i64, moment: &Moment) -> Row {
    let now_seconds = moment.now.seconds();
    vec![Value::Int(key), Value::Int(size), Value::Int(now_seconds + 1), Value::Int(now_seconds)]
}

impl Gap {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![KEY, Value::Int(self.size), Value::Int(self.before), Value::Int(self.opened_at)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Gap, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        row.int()?;
        Ok(Gap { size: row.int()?, before: row.int()?, opened_at: row.int()? })
    }
}

/// How the ledger goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoingOn {
    /// The incarnation before, in hexadecimal.
    pub previous: Arc<str>,
    /// How many entries are known.
    pub size: u64,
    /// How many there were with those that were left behind, since an earlier time was asked for: what they took away is made again.
    pub found: u64,
    /// The root over those that are known, in hexadecimal.
    pub root: Arc<str>,
    /// What tokens that were issued until now stand on.
    pub known: Known,
}

/// What is known of what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Everything.
    All,
    /// Everything until an earlier time, which was asked for: tokens that were issued since have no row.
    UntilThen,
    /// It cannot be shown that nothing is missing.
    MayLack,
}

/// Opens the next incarnation, in which no mark from before is known. Where not everything is known, every access token from before is dead, since none of an API lives any longer,
/// and so is every session: they renew by themselves, and people sign in again. Where something may be missing, what proves itself with something from before is refused until the gap is
/// accepted; a cut-off would end keys for ever. `latest_seconds` is the latest cut-off over any token.
#[must_use]
pub fn go_on(on: &GoingOn, apis: &[Api], actor: &Actor, latest_seconds: i64, moment: &mut Moment) -> Commit {
    let reason = match on.known {
        Known::All => "restored from a backup",
        Known::UntilThen => "restored from a backup, to an earlier time",
        Known::MayLack => "restored from a backup that may lack its end",
    };
    let (previous, root, size) = (on.previous.clone(), on.root.clone(), on.size);
    let found = Some(on.found).filter(|found| *found > size);
    let opened = Event::IncarnationOpened { actor: actor.clone(), known: found, previous, reason: reason.into(), root, size };
    let known = i64::try_from(size).unwrap_or(i64::MAX);
    let mut commit = Commit::new(moment).put(&TABLE, known_row(MARKS_KEY, known, moment)).tell(opened);
    if on.known == Known::All {
        return commit;
    }
    commit = commit.put(&TABLE, known_row(SESSIONS_KEY, known, moment));
    let before = beyond_all_issued(moment.now, latest_seconds);
    for api in apis {
        commit = lower_lifetime(commit, api, 0, before.seconds(), actor, moment);
    }
    if on.known == Known::MayLack {
        let gap = Gap { size: known, before: before.seconds(), opened_at: moment.now.seconds() };
        commit = commit.put(&TABLE, gap.row()).tell(Event::GapOpened { actor: actor.clone(), before_seconds: gap.before, size });
    }
    commit
}

/// Accepts a gap: what was made before it counts again. One that is not there is accepted already.
pub fn accept(gap: Option<&Gap>, actor: &Actor, moment: &mut Moment) -> Outcome<bool> {
    let commit = Commit::new(moment);
    let Some(gap) = gap else { return Outcome::grant(false, commit) };
    let size = u64::try_from(gap.size).unwrap_or(0);
    Outcome::grant(true, commit.delete(&TABLE, vec![KEY]).tell(Event::GapAccepted { actor: actor.clone(), size }))
}
