//! Ships the ledger's tail: what was committed since, a segment at a time, in order and without a gap.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_store::ledger::Head;
use jeton_store::store::Store;
use jeton_store::table::Schema;
use serde::{Deserialize, Serialize};

use crate::catch_up::{self, Gone, Read};
use crate::entry_line::{self, HeadLine};
use crate::erasure::Erased;
use crate::failure::Failure;
use crate::names::{self, ALIVE, Segment};
use crate::object::Kind;
use crate::open::Opening;
use crate::past::{Past, of_the_past};
use crate::seal::{Lines, Sealing};
use crate::segments::segments_from;
use crate::target::Target;
use crate::threads::{beside, beside_io};
use crate::unshipped::{Next, Unshipped};
use crate::went_on::first_of;

/// What a segment says of itself, in its last line but the head's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Whether every commit that takes authority away was answered only once the segment with it was here.
    pub sync: bool,
    /// Whether the server had stopped in order, and nothing came after.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// Ships the tail of one store to one target.
pub struct Shipper {
    store: Arc<dyn Store>,
    schema: &'static Schema,
    target: Target,
    sealing: Sealing,
    unshipped: Arc<Unshipped>,
    incarnation: [u8; 16],
    next: Sequence,
    /// From where on the tail on the target has no hole, up to what is shipped next.
    unbroken_from: Sequence,
    /// Where the ledger ended when this began: what lies before may have been answered by whoever did not wait for the target.
    began_at: Sequence,
    /// Until before which entry the target was told of everything that was erased.
    erased_until: Sequence,
    /// How often in a row there was nothing to ship.
    idle: u32,
    /// What is called like a segment on the target, beyond the last one that opens, and is none.
    unopened: Vec<Segment>,
}

/// How often there may be nothing to ship before the target is touched all the same: a minute of seconds.
const IDLE_TURNS: u32 = 60;

impl Shipper {
    /// Goes on where the tail of this store ends on the target, or begins one: at the first entry of this incarnation, so that a restore of the
    /// one before can go on into it, or at the store's head where there is none before or that entry lies too far back.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::Parted`] when the target holds more of this ledger than the store does.
    pub async fn begin(
        store: Arc<dyn Store>,
        schema: &'static Schema,
        target: Target,
        sealing: Sealing,
        unshipped: Arc<Unshipped>,
        is_sync: bool,
    ) -> Result<Shipper, Failure> {
        Shipper::begin_after(0, store, schema, target, (sealing, None), unshipped, is_sync).await
    }

    /// The same, where the newest snapshot ends before this sequence: whether the tail has a hole before it does not matter. With what opens
    /// segments, none counts as shipped before the last one was opened, and one beyond the store's end only where it opens.
    ///
    /// # Errors
    /// As [`Shipper::begin`].
    pub async fn begin_after(
        newest: Sequence,
        store: Arc<dyn Store>,
        schema: &'static Schema,
        target: Target,
        (sealing, opening): (Sealing, Option<&Opening>),
        unshipped: Arc<Unshipped>,
        is_sync: bool,
    ) -> Result<Shipper, Failure> {
        let head = store.head();
        let listed = segments_from(&target, head.incarnation, newest.min(head.size)).await?;
        let Past { segments, unopened } = of_the_past(&target, opening, head.size, listed.iter().map(|stored| stored.segment)).await?;
        let last = segments.iter().map(|segment| segment.to).max();
        let next = match last {
            Some(last) => last,
            None => {
                let store = store.clone();
                beside(move || first_of(&*store)).await?.unwrap_or(head.size)
            }
        };
        let (incarnation, began_at, unbroken_from) = (head.incarnation, head.size, unbroken(&segments).unwrap_or(next));
        let (erased_until, idle) = (0, 0);
        let mut shipper =
            Shipper { store, schema, target, sealing, unshipped, incarnation, next, unbroken_from, began_at, erased_until, idle, unopened };
        // From now on more is committed: what the last segment says of the end holds no longer.
        let begun = Mode { sync: is_sync, is_final: false };
        let anew = shipper.segment(next)?;
        shipper.put(anew, &head, begun).await?;
        Ok(shipper)
    }

    /// The sequence until before which everything is on the target.
    #[must_use]
    pub fn shipped(&self) -> Sequence {
        self.next
    }

    /// From where on the tail on the target has no hole. Only a snapshot that ends there or later is one to go on from.
    #[must_use]
    pub fn unbroken_from(&self) -> Sequence {
        self.unbroken_from
    }

    /// What on the target is called like a segment behind the last one that opens, and is none: somebody else put it there, or it is damaged.
    /// What it covers by its name is shipped again.
    #[must_use]
    pub fn unopened(&self) -> &[Segment] {
        &self.unopened
    }

    /// Ships what there is, in as many segments as it takes; the sequence until before which everything is on the target then.
    ///
    /// # Errors
    /// [`Failure`]; what was shipped before it is there.
    pub async fn ship(&mut self, mode: Mode) -> Result<Sequence, Failure> {
        let end = self.unshipped.end(self.store.head());
        let before = self.next;
        loop {
            match self.unshipped.next(self.next, end.size) {
                Next::Nothing => break,
                Next::Heard(heard) => {
                    self.tell_erased(heard.erased).await?;
                    let mut segment = self.segment(heard.to)?;
                    for lines in [heard.entries, heard.changes, heard.rows] {
                        segment.lines.take(lines.pieces, lines.count);
                    }
                    self.put(segment, &end, mode).await?;
                }
                Next::Missing(until) => {
                    if let Some(segment) = self.read(until).await? {
                        self.put(segment, &end, mode).await?;
                    }
                }
            }
        }
        self.touch(self.next == before).await?;
        if mode.is_final && self.next == end.size {
            let again = self.segment(end.size)?;
            self.put(again, &end, mode).await?;
        }
        Ok(self.next)
    }

    /// Begins the segment that goes until before this sequence.
    fn segment(&self, to: Sequence) -> Result<Unsealed, Failure> {
        let segment = Segment { incarnation: self.incarnation, from: self.next, to };
        Ok(Unsealed { segment, lines: self.sealing.begin(Kind::Tail, &segment.name())? })
    }

    /// Writes something once there was nothing to ship for a minute: else nobody would see that the target is away.
    async fn touch(&mut self, is_idle: bool) -> Result<(), Failure> {
        self.idle = if is_idle { self.idle + 1 } else { 0 };
        if self.idle < IDLE_TURNS {
            return Ok(());
        }
        self.idle = 0;
        Ok(self.target.put(ALIVE, b"jeton: nothing was to be shipped for a minute\n".to_vec()).await?)
    }

    /// A segment of what the store holds, until before this sequence at most. `None` where what was changed is kept no longer: the tail has a
    /// hole then.
    async fn read(&mut self, until: Sequence) -> Result<Option<Unsealed>, Failure> {
        let (store, schema, from, erased_until) = (self.store.clone(), self.schema, self.next, self.erased_until);
        let range = match beside(move || catch_up::read(&*store, schema, (from, until), erased_until)).await? {
            Read::Range(range) => range,
            Read::Gone(Gone { until, erased, erased_until }) => {
                self.tell_erased(erased).await?;
                (self.next, self.unbroken_from) = (until, until);
                self.erased_until = erased_until.unwrap_or(self.erased_until);
                return Ok(None);
            }
        };
        self.tell_erased(range.erased).await?;
        let mut segment = self.segment(from + range.entries.len() as u64)?;
        for entry in &range.entries {
            segment.lines.write(|text| entry_line::write(text, entry)).map_err(Failure::Line)?;
        }
        range.changes.iter().for_each(|change| segment.lines.push(change));
        for row in &range.issued {
            segment.lines.push(&row.to_line()?);
        }
        Ok(Some(segment))
    }

    /// Says on the target what was erased, before the segment that tells of it: once that is there, a restore of anything older knows.
    async fn tell_erased(&self, erased: Vec<Erased>) -> Result<(), Failure> {
        for each in erased {
            let (store, name) = (self.store.clone(), names::erasure(self.incarnation, each.sequence));
            let line = beside(move || each.line(&*store)).await?;
            let mut lines = self.sealing.begin(Kind::Erasure, &name)?;
            lines.push(&line);
            let sealing = self.sealing.clone();
            self.target.put(&name, beside_io(move || sealing.seal(lines)).await?).await?;
        }
        Ok(())
    }

    /// Seals a segment and stores it.
    async fn put(&mut self, segment: Unsealed, end: &Head, mode: Mode) -> Result<(), Failure> {
        let Unsealed { segment, mut lines } = segment;
        let (to, name) = (segment.to, segment.name());
        let mode = Mode { sync: mode.sync && to >= self.began_at, is_final: mode.is_final && to == end.size };
        lines.push(&serde_json::to_string(&ModeLine { mode }).map_err(std::io::Error::from)?);
        if to == end.size {
            lines.push(&serde_json::to_string(&HeadOnly { head: HeadLine::of(end) }).map_err(std::io::Error::from)?);
        }
        let sealing = self.sealing.clone();
        let sealed = beside_io(move || sealing.seal(lines)).await?;
        // A mark is written anew, and so is what was found to be no segment.
        if to == self.next || self.unopened.contains(&segment) {
            self.target.put(&name, sealed).await?;
        } else if !self.target.put_new(&name, sealed).await? {
            return Err(Failure::Refused(format!("{name} is there already: does another server ship to {}?", self.target.shown())));
        }
        self.next = to;
        Ok(())
    }
}

/// Where the last run of segments without a hole begins.
fn unbroken(segments: &[Segment]) -> Option<Sequence> {
    let mut segments = segments.to_vec();
    segments.sort_unstable();
    let mut run: Option<(Sequence, Sequence)> = None;
    for segment in segments {
        run = match run {
            Some((from, to)) if segment.from <= to => Some((from, to.max(segment.to))),
            _ => Some((segment.from, segment.to)),
        };
    }
    run.map(|(from, _)| from)
}

/// A segment in the making.
struct Unsealed {
    segment: Segment,
    lines: Lines,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModeLine {
    pub(crate) mode: Mode,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadOnly {
    pub(crate) head: HeadLine,
}
