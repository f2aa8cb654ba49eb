//! Joins the segments of a tail into fewer and larger ones: a second's worth each, they would be millions.
//!
//! The larger one is put and read back before those go that it was made of. Wherever it is broken off, a restore makes the same of what is
//! there.

pub mod bounds;
mod group;
mod plan;
mod same;

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_store::store::Store;

use crate::ahead::{Ahead, Read};
use crate::failure::Failure;
use crate::fetch::open;
use crate::names::Segment;
use crate::object::Kind;
use crate::open::{Opened, Opening};
use crate::problem::{Problem, What};
use crate::seal::Sealing;
use crate::segments::{Stored, some_segments_from};
use crate::target::Target;
use crate::threads::{beside, beside_io};

use bounds::Bounds;
use group::Group;
use plan::{Left, Plan};
use same::{Content, Larger};

/// Joins the tail of one store on one target.
pub struct Joining<'a> {
    /// The store: what is not of its ledger is left as it is.
    pub store: Arc<dyn Store>,
    /// Where the tail is.
    pub target: &'a Target,
    /// How what is made is sealed.
    pub sealing: &'a Sealing,
    /// How segments are opened.
    pub opening: &'a Opening,
    /// How much is joined.
    pub bounds: Bounds,
}

/// What was joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// How many larger segments were made.
    pub made: usize,
    /// How many segments they were made of.
    pub of: usize,
    /// How many segments a restore reads of those among which it was looked.
    pub left: usize,
    /// From which sequence on there may be more to join.
    pub from: Sequence,
    /// Whether there is more, beyond what is done at a time.
    pub is_more: bool,
    /// What stays as it is, and why.
    pub problems: Vec<Problem>,
    /// Why what was joined could not leave.
    pub kept: Option<Problem>,
}

/// What is left of a run.
enum Rest {
    Nothing,
    /// Too few to be joined.
    Few(Sequence),
    /// More than is done at a time.
    More(Sequence),
}

impl Joining<'_> {
    /// Joins what there is from a sequence on, as much as is done at a time. `is_clearing` says whether what was joined before and did not
    /// leave is to leave now.
    ///
    /// # Errors
    /// [`Failure`]; what was joined before it is.
    pub async fn run(&self, from: Sequence, is_clearing: bool) -> Result<Joined, Failure> {
        let stored = some_segments_from(self.target, self.store.head().incarnation, from, self.bounds.listed).await?;
        let plan = Plan::of(&stored, from, &self.bounds);
        let mut joined = Joined { left: plan.count, from: plan.until, is_more: stored.len() >= self.bounds.listed, ..Joined::default() };
        if is_clearing {
            self.clear(&plan.left, &mut joined).await?;
        }
        for run in &plan.runs {
            match self.join_run(run, &plan.marks, &mut joined).await? {
                Rest::More(from) => {
                    joined.is_more = true;
                    joined.from = joined.from.min(from);
                    break;
                }
                // Others may follow them.
                Rest::Few(from) if run.last().is_some_and(|last| last.segment.to == plan.until) => joined.from = joined.from.min(from),
                Rest::Few(_) | Rest::Nothing => {}
            }
        }
        Ok(joined)
    }

    /// Joins segments that follow each other.
    async fn join_run(&self, run: &[Stored], marks: &[Segment], joined: &mut Joined) -> Result<Rest, Failure> {
        let mut ahead = Ahead::new(self.target, self.opening, run.iter().map(Stored::wanted));
        let mut group = Group::default();
        for stored in run {
            if joined.made >= self.bounds.objects {
                return Ok(Rest::More(group.from().unwrap_or(stored.segment.from)));
            }
            let Some(Read { found, .. }) = ahead.next().await else { break };
            match self.content(stored, found).await? {
                Ok(content) => {
                    if !group.has_room(&content, &self.bounds) {
                        self.put(std::mem::take(&mut group), marks, joined).await?;
                    }
                    group.take(stored, content);
                }
                Err(problem) => {
                    joined.problems.push(problem);
                    self.put(std::mem::take(&mut group), marks, joined).await?;
                }
            }
        }
        let rest = group.from().filter(|_| group.len() < self.bounds.least);
        self.put(group, marks, joined).await?;
        Ok(rest.map_or(Rest::Nothing, Rest::Few))
    }

    /// What a segment says, where it opens and is of this ledger.
    async fn content(&self, stored: &Stored, found: Result<(Opened, u64), Problem>) -> Result<Result<Content, Problem>, Failure> {
        let opened = match found {
            Ok((opened, _)) => opened,
            Err(problem) if matches!(problem.what, What::Target(_)) => return Err(problem.into()),
            Err(problem) => return Ok(Err(problem)),
        };
        let (store, segment) = (self.store.clone(), stored.segment);
        beside(move || Content::of(&*store, &segment, &opened)).await
    }

    /// Puts a larger segment, reads it back, and takes those away that it was made of.
    async fn put(&self, group: Group, marks: &[Segment], joined: &mut Joined) -> Result<(), Failure> {
        if group.len() < self.bounds.least {
            return Ok(());
        }
        let (segment, parts) = (group.segment(self.store.head().incarnation), group.parts());
        let name = segment.name();
        let lines = group.lines(self.sealing.begin(Kind::Tail, &name)?)?;
        let (expected, sealing) = (lines.content(), self.sealing.clone());
        let sealed = beside_io(move || sealing.seal(lines)).await?;
        let is_new = self.target.put_new(&name, sealed).await?;
        let back = open(self.target, self.opening, &name, Kind::Tail).await;
        if back.as_ref().is_ok_and(|back| back.text().as_bytes() == expected) {
            joined.made += 1;
            joined.of += parts.len();
            joined.left -= parts.len() - 1;
            let within = marks.iter().filter(|mark| mark.from > segment.from && mark.to < segment.to);
            self.take_away(parts.iter().chain(within), joined).await;
            return Ok(());
        }
        if is_new {
            // Nothing has left: without it the target is as it was.
            let _ = self.target.delete(&name).await;
            back?;
            return Err(Problem::new(&name, What::Damaged("what was read back is not what was put".into())).into());
        }
        joined.problems.push(Problem::new(&name, What::Damaged("another of its name is there already".into())));
        Ok(())
    }

    /// Takes away what is left of what was joined before.
    async fn clear(&self, left: &[Left], joined: &mut Joined) -> Result<(), Failure> {
        let mut cleared = 0;
        for Left { larger, within } in left {
            if joined.kept.is_some() {
                break;
            }
            if cleared >= self.bounds.most {
                joined.is_more = true;
                joined.from = joined.from.min(larger.segment.from);
                break;
            }
            cleared += within.len();
            let same = self.same(larger, within, joined).await?;
            self.take_away(same.iter(), joined).await;
        }
        Ok(())
    }

    /// Which of the segments within a larger one it was made of, and says all of.
    async fn same(&self, larger: &Stored, within: &[Stored], joined: &mut Joined) -> Result<Vec<Segment>, Failure> {
        let mut ahead = Ahead::new(self.target, self.opening, [larger].into_iter().chain(within).map(Stored::wanted));
        let (mut all, mut same) = (None, Vec::new());
        for stored in [larger].into_iter().chain(within) {
            let Some(Read { name, found }) = ahead.next().await else { break };
            match (found, &all) {
                (Ok((opened, _)), None) => all = Some(Larger::of(&opened)),
                (Ok((opened, _)), Some(all)) if all.has_all_of(&stored.segment, &opened) => same.push(stored.segment),
                (Ok(_), Some(_)) => {
                    joined
                        .problems
                        .push(Problem::new(&name, What::Damaged("it lies within a larger one that does not say the same".into())));
                }
                (Err(problem), _) if matches!(problem.what, What::Target(_)) => return Err(problem.into()),
                (Err(problem), all) => {
                    joined.problems.push(problem);
                    if all.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(same)
    }

    /// That something does not leave stops nothing: where only adding is allowed it stays until the target lets it go.
    async fn take_away(&self, segments: impl Iterator<Item = &Segment>, joined: &mut Joined) {
        if joined.kept.is_some() {
            return;
        }
        let names = segments.map(Segment::name).collect();
        if let Err(problem) = self.target.delete_all(names).await {
            joined.kept.get_or_insert(problem);
        }
    }
}
