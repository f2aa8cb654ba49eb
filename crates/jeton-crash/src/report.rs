//! What the rounds came to, as `docs/reliability.md` shows it.

use std::collections::BTreeMap;
use std::fmt;

use crate::fault::Fault;
use crate::losses::{Losses, Lost};
use crate::tally::Tally;

/// The numbers of each fault. Rounds that found something end the run, so that nothing in here is missing or revived.
#[derive(Default)]
pub(crate) struct Report {
    tallies: BTreeMap<Fault, Tally>,
    losses: Losses,
}

impl Report {
    /// Adds a round.
    pub(crate) fn add(&mut self, fault: Fault, tally: &Tally) {
        let sum = self.tallies.entry(fault).or_default();
        *sum = sum.plus(tally);
    }

    /// Adds what a lost disk cost.
    pub(crate) fn lost(&mut self, lost: Lost) {
        self.losses.add(lost);
    }

    /// How many rounds of a fault passed.
    pub(crate) fn rounds(&self, fault: Fault) -> u64 {
        self.tallies.get(&fault).map_or(0, |tally| tally.rounds)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "| fault | rounds | issued, acknowledged | revoked, acknowledged | looks at a token | acknowledged missing | revoked active | writes not covered | starts | of a second or more | worst start, ms |"
        )?;
        writeln!(formatter, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for (fault, tally) in &self.tallies {
            let Tally { rounds, issued, revoked, looks, uncovered_writes, starts, slow_starts, worst_ready_millis, .. } = tally;
            let name = fault.name();
            writeln!(
                formatter,
                "| {name} | {rounds} | {issued} | {revoked} | {looks} | 0 | 0 | {uncovered_writes} | {starts} | {slow_starts} | {worst_ready_millis} |"
            )?;
        }
        let total = self.tallies.values().fold(Tally::default(), |total, tally| total.plus(tally));
        let Tally { secrets, searched_bytes, .. } = total;
        write!(
            formatter,
            "{}\n{secrets} secrets searched for in {searched_bytes} bytes of data folders, logs and crash output: none found",
            self.losses
        )
    }
}
