//! What the rounds came to, as `docs/reliability.md` shows it.

use std::collections::BTreeMap;
use std::fmt;

use crate::fault::Fault;
use crate::tally::Tally;

/// The numbers of each fault. Rounds that found something end the run, so that nothing in here is missing or revived.
#[derive(Default)]
pub(crate) struct Report(BTreeMap<Fault, Tally>);

impl Report {
    /// Adds a round.
    pub(crate) fn add(&mut self, fault: Fault, tally: &Tally) {
        let sum = self.0.entry(fault).or_default();
        *sum = sum.plus(tally);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "| fault | rounds | issued, acknowledged | revoked, acknowledged | looks at a token | acknowledged missing | revoked active | writes not covered | worst start, ms |"
        )?;
        writeln!(formatter, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for (fault, tally) in &self.0 {
            let Tally { rounds, issued, revoked, looks, uncovered_writes, worst_ready_millis } = tally;
            let name = fault.name();
            writeln!(
                formatter,
                "| {name} | {rounds} | {issued} | {revoked} | {looks} | 0 | 0 | {uncovered_writes} | {worst_ready_millis} |"
            )?;
        }
        Ok(())
    }
}
