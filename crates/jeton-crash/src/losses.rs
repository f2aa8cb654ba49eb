//! What lost disks cost: what the target did not have yet, and how long it took until somebody was answered again.

use std::fmt;
use std::time::Duration;

/// What one lost disk cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost {
    /// Whether what takes authority away was answered only once the target had it.
    pub(crate) is_sync: bool,
    /// Entries of the ledger that the target lacked.
    pub(crate) entries: u64,
    /// Those of them that took something away, answered or not.
    pub(crate) narrowing: u64,
    /// From the last entry that the target had to the last one that there was.
    pub(crate) micros: u64,
    /// How many entries there were.
    pub(crate) of: u64,
    /// From the loss to the first request that was answered again.
    pub(crate) back: Duration,
}

impl fmt::Display for Lost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lost { is_sync, entries, narrowing, micros, of, back } = self;
        let mode = if *is_sync { "sync" } else { "local" };
        let (millis, back) = (micros / 1_000, back.as_millis());
        write!(formatter, "{mode}: {entries} of {of} entries lost, {narrowing} of them narrowing, {millis} ms; back after {back} ms")
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Losses(Vec<Lost>);

impl Losses {
    /// Adds one.
    pub(crate) fn add(&mut self, lost: Lost) {
        self.0.push(lost);
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        writeln!(
            formatter,
            "\n| revocations are answered once they are on | losses | entries lost, median and worst | revocations among them, median and worst | time lost, ms, median and worst | back after, ms, median and worst |"
        )?;
        writeln!(formatter, "|---|--:|--:|--:|--:|--:|")?;
        for (is_sync, name) in [(false, "this disk (`local`)"), (true, "the target too (`sync`)")] {
            let lost: Vec<&Lost> = self.0.iter().filter(|lost| lost.is_sync == is_sync).collect();
            if lost.is_empty() {
                continue;
            }
            let of = |figure: fn(&Lost) -> u64| spread(lost.iter().map(|lost| figure(lost)).collect());
            let (entries, narrowing) = (of(|lost| lost.entries), of(|lost| lost.narrowing));
            let (millis, back) = (of(|lost| lost.micros / 1_000), of(|lost| u64::try_from(lost.back.as_millis()).unwrap_or(u64::MAX)));
            writeln!(formatter, "| {name} | {} | {entries} | {narrowing} | {millis} | {back} |", lost.len())?;
        }
        Ok(())
    }
}

/// The median and the worst.
fn spread(mut figures: Vec<u64>) -> String {
    figures.sort_unstable();
    let median = figures.get(figures.len() / 2).copied().unwrap_or(0);
    format!("{median}, {}", figures.last().copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_by_how_revocations_are_answered() {
        let mut losses = Losses::default();
        assert_eq!(losses.to_string(), "");
        for (is_sync, entries) in [(false, 9), (false, 1), (false, 5), (true, 0)] {
            let back = Duration::from_millis(entries + 100);
            losses.add(Lost { is_sync, entries, narrowing: entries / 2, micros: entries * 1_000, of: 10, back });
        }
        let shown = losses.to_string();
        assert!(shown.contains("| this disk (`local`) | 3 | 5, 9 | 2, 4 | 5, 9 | 105, 109 |\n"), "{shown}");
        assert!(shown.contains("| the target too (`sync`) | 1 | 0, 0 | 0, 0 | 0, 0 | 100, 100 |\n"), "{shown}");
    }
}
