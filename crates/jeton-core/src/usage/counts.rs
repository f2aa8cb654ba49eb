//! What is being counted: the open minute, hour and day. Pure: it is told what was used and when, and says what is to be kept.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::Cell;
use super::bucket::{Bucket, Resolution};

/// The most cells of a minute, an hour and a day that are told apart, beside the sums. What comes on top is counted as others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of a minute.
    pub minute: usize,
    /// Of an hour.
    pub hour: usize,
    /// Of a day.
    pub day: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { minute: 16_384, hour: 32_768, day: 65_536 }
    }
}

/// The open minute, hour and day.
#[derive(Clone, Debug)]
pub struct Counts {
    minute: i64,
    /// Of the open minute.
    now: Level,
    /// Of the hour and the day, up to the open minute.
    longer: [(Resolution, Level); 2],
}

#[derive(Clone, Debug)]
struct Level {
    start: i64,
    most: usize,
    cells: HashMap<Cell, Counted, RandomState>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    count: u64,
    through: i64,
}

/// A minute that was closed: its own counts, and those of its hour and day as they are with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The counts, each with where it is kept.
    pub buckets: Vec<(Resolution, Bucket)>,
    /// How many uses the minute had.
    pub uses: u64,
}

impl Counts {
    /// Nothing counted yet, from the minute of that second on.
    #[must_use]
    pub fn new(seconds: i64, bounds: Bounds) -> Counts {
        let level = |resolution: Resolution, most| Level { start: resolution.start_of(seconds), most, cells: HashMap::default() };
        Counts {
            minute: Resolution::Minute.start_of(seconds),
            now: level(Resolution::Minute, bounds.minute),
            longer: [(Resolution::Hour, level(Resolution::Hour, bounds.hour)), (Resolution::Day, level(Resolution::Day, bounds.day))],
        }
    }

    /// The open minute, in seconds.
    #[must_use]
    pub fn minute(&self) -> i64 {
        self.minute
    }

    /// Takes up what was kept of the open hour or day.
    pub fn resume(&mut self, resolution: Resolution, bucket: &Bucket) {
        for (_, level) in self.longer.iter_mut().filter(|(known, level)| *known == resolution && level.start == bucket.start) {
            level.cells.insert(bucket.cell.clone(), Counted { count: bucket.count, through: bucket.through });
        }
    }

    /// Counts uses in the open minute, and in the sums of its API and of all.
    pub fn add(&mut self, cell: &Cell, count: u64) {
        self.add_all([(cell, count)]);
    }

    /// The same for many. Neighbours of one API and outcome are summed once: of a crowd of keys all may be.
    pub fn add_all<'c>(&mut self, counted: impl IntoIterator<Item = (&'c Cell, u64)>) {
        let mut run: Option<(&Cell, u64)> = None;
        for (cell, count) in counted {
            self.now.add(cell, count);
            run = match run {
                Some((first, sum)) if first.has_sums_of(cell) => Some((first, sum + count)),
                run => {
                    self.sum(run);
                    Some((cell, count))
                }
            };
        }
        self.sum(run);
    }

    fn sum(&mut self, run: Option<(&Cell, u64)>) {
        let Some((cell, count)) = run else { return };
        cell.sums().for_each(|sum| self.now.add(&sum, count));
    }

    /// Closes the open minute where that second lies behind it, and says what is to be kept.
    pub fn close_before(&mut self, seconds: i64) -> Option<Closed> {
        let next = Resolution::Minute.start_of(seconds);
        if next <= self.minute {
            return None;
        }
        let through = self.minute + Resolution::Minute.seconds();
        let cells: BTreeMap<Cell, Counted> = std::mem::take(&mut self.now.cells).into_iter().collect();
        let mut closed = Closed::default();
        for (cell, Counted { count, .. }) in &cells {
            closed.uses += if cell.subject == super::Subject::All { *count } else { 0 };
            let bucket = Bucket { start: self.minute, cell: cell.clone(), count: *count, through };
            closed.buckets.push((Resolution::Minute, bucket));
        }
        for (resolution, level) in &mut self.longer {
            let kept = level.take_up(resolution.start_of(self.minute), &cells, through);
            closed.buckets.extend(kept.into_iter().map(|bucket| (*resolution, bucket)));
            level.turn_to(resolution.start_of(next));
        }
        self.minute = next;
        self.now.start = next;
        Some(closed)
    }

    /// How often a subject was counted in what is open, by cell; each with the start of its minute, hour or day.
    pub fn open(&self, resolution: Resolution) -> Vec<Bucket> {
        let mut open: BTreeMap<Cell, u64> = BTreeMap::new();
        let level = self.longer.iter().find(|(known, _)| *known == resolution).map(|(_, level)| level);
        for (cell, counted) in level.into_iter().flat_map(|level| &level.cells).chain(&self.now.cells) {
            *open.entry(cell.clone()).or_default() += counted.count;
        }
        let (start, through) = (resolution.start_of(self.minute), self.minute);
        open.into_iter().map(|(cell, count)| Bucket { start, cell, count, through }).collect()
    }
}

impl Level {
    fn add(&mut self, cell: &Cell, count: u64) {
        if let Some(known) = self.cells.get_mut(cell) {
            known.count += count;
            return;
        }
        let place = self.place_of_new(cell);
        self.cells.entry(place).or_default().count += count;
    }

    /// The cell that a cell is counted in.
    fn place_of(&self, cell: &Cell) -> Cell {
        if self.cells.contains_key(cell) { cell.clone() } else { self.place_of_new(cell) }
    }

    /// The same of one that is not among them yet.
    fn place_of_new(&self, cell: &Cell) -> Cell {
        let is_one_too_many = cell.subject.is_one_of_many() && self.cells.len() >= self.most;
        if is_one_too_many { cell.among_others() } else { cell.clone() }
    }

    /// Adds the counts of a minute that ends at `through`, once; the counts that changed.
    fn take_up(&mut self, start: i64, minute: &BTreeMap<Cell, Counted>, through: i64) -> Vec<Bucket> {
        self.turn_to(start);
        let mut changed: BTreeMap<Cell, u64> = BTreeMap::new();
        for (cell, counted) in minute {
            let place = self.place_of(cell);
            self.cells.entry(place.clone()).or_default();
            *changed.entry(place).or_default() += counted.count;
        }
        let mut kept = Vec::with_capacity(changed.len());
        for (cell, count) in changed {
            let known = self.cells.entry(cell.clone()).or_default();
            // After a crash a minute may be folded again that was counted in before it.
            if known.through < through {
                *known = Counted { count: known.count + count, through };
                kept.push(Bucket { start, cell, count: known.count, through });
            }
        }
        kept
    }

    fn turn_to(&mut self, start: i64) {
        if self.start != start {
            self.start = start;
            self.cells.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ApiId, ClientId};
    use crate::usage::{Outcome, Subject};

    const DAY: i64 = 20_000 * 86_400;

    fn cell(client: &str, api: &str) -> Cell {
        Cell { subject: Subject::Client(ClientId::from(client)), api: Some(ApiId::from(api)), outcome: Outcome::Issued }
    }

    fn shown(buckets: &[(Resolution, Bucket)]) -> Vec<String> {
        let line = |(resolution, bucket): &(Resolution, Bucket)| {
            let Bucket { start, cell, count, through } = bucket;
            format!("{} {} {} {count} through {}", resolution.name(), start - DAY, cell.subject, through - DAY)
        };
        buckets.iter().map(line).collect()
    }

    /// Uses as (second, client), and all that is kept of them once the last second is behind.
    #[track_caller]
    fn check(bounds: Bounds, uses: &[(i64, &str)], end: i64, expected: &[&str]) {
        let mut counts = Counts::new(DAY, bounds);
        let mut kept = Vec::new();
        let mut uses_closed = 0;
        for (second, client) in uses.iter().copied().chain([(end, "")]) {
            let closed = counts.close_before(DAY + second).unwrap_or_default();
            kept.extend(closed.buckets);
            uses_closed += closed.uses;
            if !client.is_empty() {
                counts.add(&cell(client, "a"), 1);
            }
        }
        let kept = shown(&kept).into_iter().filter(|line| !line.contains("api:") && !line.contains(" all ")).collect::<Vec<_>>();
        assert_eq!(kept, expected);
        let open = counts
            .open(Resolution::Minute)
            .iter()
            .filter(|bucket| bucket.cell.subject == Subject::All)
            .map(|bucket| bucket.count)
            .sum::<u64>();
        assert_eq!(uses_closed + open, uses.len() as u64, "every use is counted once");
    }

    #[test]
    fn uses_are_folded_into_minutes_hours_and_days() {
        let bounds = Bounds::default();
        check(bounds, &[], 600, &[]);
        check(bounds, &[(0, "x"), (59, "x")], 59, &[]);
        let one = ["minute 0 client:x 2 through 60", "hour 0 client:x 2 through 60", "day 0 client:x 2 through 60"];
        check(bounds, &[(0, "x"), (59, "x")], 60, &one);
        check(
            bounds,
            &[(3_599, "x"), (3_600, "x")],
            3_660,
            &[
                "minute 3540 client:x 1 through 3600",
                "hour 0 client:x 1 through 3600",
                "day 0 client:x 1 through 3600",
                "minute 3600 client:x 1 through 3660",
                "hour 3600 client:x 1 through 3660",
                "day 0 client:x 2 through 3660",
            ],
        );
        // A clock that goes back opens no minute again.
        check(
            bounds,
            &[(60, "x"), (0, "x")],
            120,
            &["minute 60 client:x 2 through 120", "hour 0 client:x 2 through 120", "day 0 client:x 2 through 120"],
        );
    }

    #[test]
    fn what_is_one_too_many_is_counted_among_others() {
        // The sums of the API and of all are two of the cells.
        let bounds = Bounds { minute: 4, hour: 3, day: 9 };
        check(
            bounds,
            &[(0, "x"), (0, "y"), (0, "z"), (0, "z"), (0, "w")],
            60,
            &[
                "minute 0 client:x 1 through 60",
                "minute 0 client:y 1 through 60",
                "minute 0 other 3 through 60",
                "hour 0 client:x 1 through 60",
                "hour 0 other 4 through 60",
                "day 0 client:x 1 through 60",
                "day 0 client:y 1 through 60",
                "day 0 other 3 through 60",
            ],
        );
    }

    #[test]
    fn a_minute_that_was_counted_in_is_not_counted_in_again() {
        let mut counts = Counts::new(DAY, Bounds::default());
        counts.add(&cell("x", "a"), 5);
        let closed = counts.close_before(DAY + 60).unwrap();
        // The process ends after its counts were kept, and before it was told that they are.
        let mut again = Counts::new(DAY, Bounds::default());
        closed.buckets.iter().for_each(|(resolution, bucket)| again.resume(*resolution, bucket));
        again.add(&cell("x", "a"), 5);
        let folded = again.close_before(DAY + 60).unwrap();
        let minutes = |closed: &Closed| shown(&closed.buckets).into_iter().filter(|line| line.starts_with("minute")).collect::<Vec<_>>();
        assert_eq!(minutes(&folded), minutes(&closed), "the minute is put again as it was");
        assert_eq!(folded.buckets.len(), minutes(&closed).len(), "hour and day stay");
        again.add(&cell("x", "a"), 1);
        let next = shown(&again.close_before(DAY + 120).unwrap().buckets);
        assert!(next.contains(&"hour 0 client:x 6 through 120".to_owned()), "{next:?}");
    }

    #[test]
    fn what_is_open_is_seen() {
        let mut counts = Counts::new(DAY, Bounds::default());
        counts.add(&cell("x", "a"), 2);
        counts.close_before(DAY + 60);
        counts.add(&cell("x", "a"), 3);
        let open = |resolution| counts.open(resolution).iter().find(|bucket| bucket.cell == cell("x", "a")).map(|bucket| bucket.count);
        assert_eq!(Resolution::ALL.map(open), [Some(3), Some(5), Some(5)]);
    }
}
