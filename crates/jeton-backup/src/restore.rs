//! Makes a store again: the newest snapshot, the changes over it, and the tail after it. What it brings is by construction no more than
//! what was there at that time, and less by everything that was taken away since and is known of.

use std::collections::BTreeMap;

use jeton_core::claim::End;
use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_store::ledger::{Entry, Frontier, Hash, merkle};
use jeton_store::line::{Change, RowLine};
use jeton_store::load::Load;
use jeton_store::table::Schema;

use crate::ahead::{Ahead, Read, Wanted};
use crate::before::Before;
use crate::chosen::{Choosing, Chosen, INCARNATIONS_OPENED};
pub use crate::chosen::{manifest, manifest_or_problem, snapshots};
use crate::content_line::Line;
use crate::course::Course;
use crate::entry_line::HeadLine;
use crate::erasure::{self, Erasure};
use crate::failure::Failure;
use crate::forgetting::Forgetting;
use crate::lineage::Lineage;
use crate::manifest::{Manifest, Part};
use crate::names::{ERASURES, Segment, SnapshotId};
use crate::object::{Kind, hexadecimal};
use crate::open::{Opened, Opening};
pub use crate::other::Other;
use crate::other::others;
use crate::past::{is_nobodys, opened_or_nobodys};
use crate::problem::{Problem, What};
use crate::segments::{incarnations, segments_from};
use crate::tail::Mode;
use crate::target::Target;
use crate::told_erasures::lost;
use crate::unshipped::issued;
use crate::went_on::{WentOn, begins_with};

/// From where, and how far.
pub struct Restore<'a> {
    /// Where the backups are.
    pub target: &'a Target,
    /// How they are opened.
    pub opening: &'a Opening,
    /// The tables.
    pub schema: &'static Schema,
    /// To which time; `None`: to the end.
    pub until: Option<Time>,
    /// Which incarnation; `None`: that of the newest snapshot.
    pub incarnation: Option<[u8; 16]>,
    /// Told what is done, and of how many objects.
    pub progress: &'a (dyn Fn(Step) + Send + Sync),
}

/// How far a restore has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Objects done.
    pub done: usize,
    /// Objects in all.
    pub of: usize,
    /// Lines read.
    pub lines: u64,
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The snapshot it stands on.
    pub manifest: Manifest,
    /// The incarnation that this ledger was of.
    pub incarnation: [u8; 16],
    /// How far the ledger goes.
    pub size: Sequence,
    /// The time of its last entry.
    pub time: Time,
    /// The Merkle root over it.
    pub root: Hash,
    /// The time of the last entry that was found, with those that were left behind.
    pub time_found: Time,
    /// How the tail ends.
    pub end: End,
    /// Incarnations on the target with entries that this ledger does not come from. Where there are any, it is not complete.
    pub others: Vec<Other>,
    /// How many entries were left behind, since only an earlier time was asked for.
    pub left_behind: u64,
    /// The Merkle root over all that was found, with what was left behind.
    pub root_found: Hash,
    /// Of what was left behind, what took authority away, in order: to be made again on top.
    pub narrowing: Vec<Narrowing>,
    /// The snapshots that would have come first, and do not open.
    pub passed_over: Vec<Problem>,
    /// What is only called like a segment of the tail, where segments that open have all of it.
    pub unopened: Vec<Problem>,
    /// What newer snapshots tell to have been erased, of which the target says no more what it was. Where there is any, it is not complete.
    pub lost_erasures: Vec<String>,
}

/// A commit that took authority away after the time that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// What it did to the rows.
    pub change: Change,
    /// What it told.
    pub entries: Vec<Entry>,
}

/// The segments of an incarnation's tail, in order.
///
/// # Errors
/// [`Problem`].
pub async fn segments(target: &Target, incarnation: [u8; 16]) -> Result<Vec<Segment>, Problem> {
    Ok(segments_from(target, incarnation, 0).await?.into_iter().map(|stored| stored.segment).collect())
}

impl Restore<'_> {
    /// Restores into a store in the making.
    ///
    /// # Errors
    /// [`Failure`]; what was made by then is of no use.
    pub async fn run(&self, load: &mut dyn Load) -> Result<Restored, Failure> {
        let Restore { target, opening, until, incarnation, .. } = *self;
        let Chosen { manifest, passed_over, mut told, way } = Choosing { target, opening, until, incarnation }.choose().await?;
        let mut incarnation = manifest.head.incarnation().ok_or_else(|| Failure::Line("a manifest names no incarnation".into()))?;
        let mut course = Course::of(segments_from(self.target, incarnation, manifest.head.size).await?, manifest.head.size);
        let mut folding = Folding::new(self, load, manifest.parts.len() + course.steps.len());
        folding.parts(&manifest.parts).await?;
        folding.check_root(&manifest.head, &SnapshotId::parse(&manifest.snapshot).map_or_else(String::new, |id| id.manifest()))?;
        let mut last = folding.tail(&mut course).await?;
        let mut ends = vec![(hexadecimal(&incarnation), course.end)];
        let mut is_sure = true;
        while course.reaches_the_end
            && let Some(next) = self.goes_on(&folding, incarnation, &way).await?
        {
            // One that began and put nothing may have begun beside its successor.
            is_sure &= !course.ends_with_a_mark() || end_of(&course, last) != End::Unsaid;
            course = Course::of(segments_from(self.target, next, course.end).await?, course.end);
            incarnation = next;
            folding.step.of += course.steps.len();
            last = folding.tail(&mut course).await?;
            ends.push((hexadecimal(&incarnation), course.end));
        }
        self.is_reached(incarnation)?;
        folding.forget(&erasures(self.target, self.opening).await?)?;
        let others = others(self.target, self.opening, &folding.lineage, incarnation).await?;
        told.retain(|erasure| !ends.iter().any(|(of, end)| erasure.incarnation == *of && erasure.to < *end));
        let lost_erasures = lost(self.target, told).await?;
        let end = if is_sure || !course.reaches_the_end { end_of(&course, last) } else { End::Unsaid };
        Ok(Restored { passed_over, lost_erasures, others, ..folding.end(manifest, incarnation, end) })
    }

    /// The incarnation that went on where the tail of this one ends; `None`: none did, or several, of which none is asked for.
    async fn goes_on(&self, folding: &Folding<'_, '_>, from: [u8; 16], way: &[[u8; 16]]) -> Result<Option<[u8; 16]>, Failure> {
        // What was left behind is behind what an earlier time asks for.
        if folding.cut.is_some() || self.incarnation == Some(from) {
            return Ok(None);
        }
        let (frontier, _) = folding.load.ledger();
        let (size, root) = (frontier.size(), merkle::hexadecimal(&frontier.root()));
        let mut found = Vec::new();
        let all = incarnations(self.target).await?;
        let others = all.into_iter().filter(|of| *of != from && !folding.lineage.has(*of));
        for incarnation in others.take(INCARNATIONS_OPENED) {
            let begins_here = |begun: &WentOn| (begun.previous, begun.size, begun.known, &*begun.root) == (from, size, size, &*root);
            let begun = begins_with(self.target, self.opening, incarnation).await?.filter(begins_here);
            if begun.is_some_and(|begun| self.until.is_none_or(|until| begun.time <= until)) {
                found.push(incarnation);
            }
        }
        match &found[..] {
            [only] => Ok(Some(*only)),
            _ => Ok(found.into_iter().find(|of| way.contains(of))),
        }
    }

    /// Refuses to stop before the incarnation that is asked for.
    fn is_reached(&self, incarnation: [u8; 16]) -> Result<(), Failure> {
        match self.incarnation {
            Some(asked) if asked != incarnation => Err(Failure::Refused(format!(
                "{}: of incarnation {} there is no snapshot, and what the target has of the one before does not lead to where it begins: \
                 leave --incarnation out",
                self.target.shown(),
                hexadecimal(&asked)
            ))),
            _ => Ok(()),
        }
    }
}

/// How the tail ends, by the segment that was read last.
fn end_of(course: &Course, last: Option<Mode>) -> End {
    match last {
        _ if !course.reaches_the_end => End::BehindAHole,
        Some(Mode { is_final: true, .. }) => End::InOrder,
        Some(Mode { sync: true, .. }) => End::Sync,
        _ => End::Unsaid,
    }
}

/// Everything that was erased, as the target says. One that cannot be read may be of somebody who must not come back.
async fn erasures(target: &Target, opening: &Opening) -> Result<Vec<Erasure>, Failure> {
    let listed = target.list(ERASURES).await?.into_iter();
    let wanted = listed.map(|object| Wanted { name: object.name, kind: Kind::Erasure, bytes: object.bytes, sha256: None });
    let (mut ahead, mut found) = (Ahead::new(target, opening, wanted), Vec::new());
    while let Some(Read { name, found: read }) = ahead.next().await {
        for line in read?.0.lines() {
            found.push(erasure::parse(line).map_err(|words| Problem::new(&name, What::Damaged(words)))?);
        }
    }
    Ok(found)
}

/// Puts what it reads into the store in the making.
struct Folding<'r, 'a> {
    restore: &'r Restore<'a>,
    load: &'r mut dyn Load,
    step: Step,
    rows: Vec<RowLine>,
    /// From which sequence on nothing is taken over but what narrows; `None` while no entry was too late.
    cut: Option<Sequence>,
    left_behind: u64,
    /// Over all entries, with those that were left behind; `None` while there are none.
    beyond: Option<Frontier>,
    late: BTreeMap<Sequence, Entry>,
    narrowing: Vec<Narrowing>,
    lineage: Lineage,
    forgetting: Forgetting,
    /// The segment that was read last.
    before: Before,
    unopened: Vec<Problem>,
}

/// How many rows are put at a time.
const ROWS_AT_A_TIME: usize = 10_000;

impl<'r, 'a> Folding<'r, 'a> {
    fn new(restore: &'r Restore<'a>, load: &'r mut dyn Load, of: usize) -> Folding<'r, 'a> {
        let step = Step { done: 0, of, lines: 0 };
        let (late, lineage, forgetting) = (BTreeMap::new(), Lineage::default(), Forgetting::default());
        let (rows, narrowing, before, unopened) = (Vec::new(), Vec::new(), Before::default(), Vec::new());
        Folding {
            restore,
            load,
            step,
            rows,
            cut: None,
            left_behind: 0,
            beyond: None,
            late,
            narrowing,
            lineage,
            forgetting,
            before,
            unopened,
        }
    }

    async fn parts(&mut self, parts: &[Part]) -> Result<(), Failure> {
        let wanted =
            |part: &Part| Wanted { name: part.name.clone(), kind: Kind::Part, bytes: part.bytes, sha256: Some(part.sha256.clone()) };
        let mut ahead = Ahead::new(self.restore.target, self.restore.opening, parts.iter().map(wanted));
        while let Some(Read { name, found }) = ahead.next().await {
            let (opened, _) = found?;
            self.lines(&name, &opened)?;
            self.done(&opened);
        }
        Ok(())
    }

    /// The segments after the snapshot; how the last of them was shipped. One that does not open is passed over where others have all of it, and
    /// more: whoever may write to a target must not hide what is there by a name.
    async fn tail(&mut self, course: &mut Course) -> Result<Option<Mode>, Failure> {
        let mut last = None;
        while let Some((segment, problem)) = self.follow(course, &mut last).await? {
            let reached = self.beyond.as_ref().unwrap_or_else(|| self.load.ledger().0).size();
            *course = course.without(&segment, reached).ok_or_else(|| problem.clone())?;
            self.unopened.push(problem);
        }
        Ok(last)
    }

    /// The segments of a course, until the first that does not open.
    async fn follow(&mut self, course: &Course, last: &mut Option<Mode>) -> Result<Option<(Segment, Problem)>, Failure> {
        let Restore { target, opening, .. } = self.restore;
        let mut ahead = Ahead::new(target, opening, course.steps.iter().map(|step| step.stored.wanted()));
        for step in &course.steps {
            let Some(Read { name, found }) = ahead.next().await else { break };
            let opened = match found {
                Ok((opened, _)) => opened,
                Err(problem) if is_nobodys(&problem) => return Ok(Some((step.stored.segment, problem))),
                Err(problem) => return Err(problem.into()),
            };
            let mode = self.lines(&name, &opened)?;
            self.done(&opened);
            *last = Some(mode.ok_or_else(|| Problem::new(&name, What::Damaged("it does not say how it was shipped".into())))?);
            for within in step.within.iter().filter(|within| !self.before.was_joined_of(within)) {
                match opened_or_nobodys(target, opening, within).await? {
                    Ok(opened) => self.before.compare(&within.name(), &opened)?,
                    Err(problem) => self.unopened.push(problem),
                }
            }
        }
        Ok(None)
    }

    fn done(&mut self, opened: &Opened) {
        self.step.done += 1;
        self.step.lines += opened.lines().count() as u64;
        (self.restore.progress)(self.step);
    }

    /// Takes an object's lines over, in their order: entries say which rows and changes come too late for the time that was asked for.
    fn lines(&mut self, name: &str, opened: &Opened) -> Result<Option<Mode>, Failure> {
        let (mut mode, mut head) = (None, None);
        self.before = Before::default();
        let damaged = |words: String| Failure::Object(Problem::new(name, What::Damaged(words)));
        let mut entries = Vec::new();
        for line in opened.lines() {
            match Line::parse(self.restore.schema, line).map_err(damaged)? {
                Line::Entry(entry) => {
                    self.before.hear(&entry);
                    entries.push(entry);
                }
                Line::Row(row) => {
                    self.entries(std::mem::take(&mut entries))?;
                    self.row(row)?;
                }
                Line::Change(change) => {
                    self.entries(std::mem::take(&mut entries))?;
                    self.put_rows()?;
                    self.change(change)?;
                }
                Line::Joined(joined) => self.before.joined = joined,
                Line::Mode(found) => mode = Some(found),
                Line::Head(found) => head = Some(found),
            }
        }
        self.entries(entries)?;
        self.put_rows()?;
        // Changes lie in the object of their entries: what is left of use is what may be half of a commit.
        if let Some(last) = self.late.last_key_value().map(|(_, entry)| entry.commit) {
            self.late.retain(|_, entry| entry.commit == last);
        }
        if let Some(head) = head {
            self.check_root(&head, name)?;
        }
        Ok(mode)
    }

    fn row(&mut self, row: RowLine) -> Result<(), Failure> {
        self.rows.push(row);
        if self.rows.len() >= ROWS_AT_A_TIME { self.put_rows() } else { Ok(()) }
    }

    /// Rows of credentials that were issued too late are left out: nobody may use them.
    fn put_rows(&mut self) -> Result<(), Failure> {
        let mut rows = std::mem::take(&mut self.rows);
        if let Some(cut) = self.cut {
            rows.retain(|row| row.version < cut);
        }
        Ok(self.load.put(&rows)?)
    }

    /// A segment may begin before what is there already.
    fn entries(&mut self, entries: Vec<Entry>) -> Result<(), Failure> {
        let size = self.load.ledger().0.size();
        let mut taken = Vec::with_capacity(entries.len());
        for entry in entries.into_iter().filter(|entry| entry.sequence >= size) {
            if self.cut.is_none() && self.restore.until.is_some_and(|until| entry.time > until) {
                self.cut = Some(entry.sequence);
            }
            if self.cut.is_some() {
                self.forgetting.late(&entry);
                let beyond = self.beyond.get_or_insert_with(|| {
                    let mut frontier = self.load.ledger().0.clone();
                    taken.iter().for_each(|entry: &Entry| frontier.append(entry.leaf()));
                    frontier
                });
                // A segment may begin before the end of the one before it here, too.
                if entry.sequence == beyond.size() {
                    beyond.append(entry.leaf());
                    self.left_behind += 1;
                }
                self.late.insert(entry.sequence, entry);
            } else {
                self.lineage.hear(&entry);
                taken.push(entry);
            }
        }
        Ok(self.load.append(&taken)?)
    }

    fn change(&mut self, change: Change) -> Result<(), Failure> {
        // What was erased stays so, whatever time was asked for.
        change.erases.iter().try_for_each(|sequence| self.forgetting.entry(self.load, *sequence, None))?;
        if self.cut.is_some_and(|cut| change.sequence >= cut) {
            if change.takes {
                let commit = self.late.get(&change.sequence).map(|entry| entry.commit);
                let of_commit = self.late.range(change.sequence..).map(|(_, entry)| entry).take_while(|entry| Some(entry.commit) == commit);
                // What it issued is not issued again.
                let entries = of_commit.filter(|entry| issued(entry).is_none()).cloned().collect();
                self.narrowing.push(Narrowing { change, entries });
            }
            return Ok(());
        }
        self.load.put(&change.puts)?;
        for (table, key) in &change.deletes {
            self.load.delete(table, key, change.sequence)?;
        }
        Ok(())
    }

    /// Erases once more what was erased, of whatever it was made of and of what is made again.
    fn forget(&mut self, erasures: &[Erasure]) -> Result<(), Failure> {
        for erasure in erasures {
            self.forgetting.erasure(self.load, erasure)?;
        }
        self.forgetting.hear(self.narrowing.iter().flat_map(|narrowing| &narrowing.entries));
        self.forgetting.rows(self.load)?;
        for Narrowing { change, entries } in &mut self.narrowing {
            self.forgetting.again(change, entries);
        }
        Ok(())
    }

    /// The entries that are there must be those that the head is of.
    fn check_root(&self, head: &HeadLine, name: &str) -> Result<(), Failure> {
        let frontier = self.beyond.as_ref().unwrap_or_else(|| self.load.ledger().0);
        if frontier.size() == head.size && Some(frontier.root()) == head.root() {
            return Ok(());
        }
        Err(Problem::new(name, What::Damaged("the ledger's entries are not those of its root".into())).into())
    }

    fn end(self, manifest: Manifest, incarnation: [u8; 16], end: End) -> Restored {
        let (frontier, time) = self.load.ledger();
        Restored {
            manifest,
            incarnation,
            size: frontier.size(),
            time,
            root: frontier.root(),
            time_found: self.late.last_key_value().map_or(time, |(_, last)| last.time),
            end,
            others: Vec::new(),
            left_behind: self.left_behind,
            root_found: self.beyond.as_ref().unwrap_or(frontier).root(),
            narrowing: self.narrowing,
            passed_over: Vec::new(),
            unopened: self.unopened,
            lost_erasures: Vec::new(),
        }
    }
}
