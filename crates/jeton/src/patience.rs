//! How long the steps of an end in order may take: whoever would kill a server that stops must wait for longer than all of them together.

use std::time::Duration;

/// What was handed in as leaked is looked at.
pub(crate) const HANDED_IN: Duration = Duration::from_secs(20);

/// What was counted is written.
pub(crate) const USAGE: Duration = Duration::from_secs(20);

/// The turn of a schedule that would lose something is over.
pub(crate) const TURN: Duration = Duration::from_secs(10);

/// A snapshot or a drill that was given up lets go of the store.
pub(crate) const LEISURE: Duration = Duration::from_secs(10);

/// The backup target answers: at the end, and whenever somebody waits for it.
pub(crate) const TARGET: Duration = Duration::from_secs(10);

/// The same at a start, which others wait for: what is later is asked again beside the requests.
pub(crate) const START: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use jeton_http::edge::Limits;

    use super::*;

    /// What is bounded by nothing but the disk: the access log, the image of the negatives, closing the store.
    const BESIDE: Duration = Duration::from_secs(10);

    #[test]
    fn systemd_waits_for_longer_than_an_end_takes() {
        let unit = include_str!("../../../xtask/src/dist/jeton.service");
        let minutes = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.strip_suffix("min"));
        let waits = Duration::from_secs(60 * minutes.unwrap().parse::<u64>().unwrap());
        let takes = [Limits::default().drain, TURN, HANDED_IN, USAGE, LEISURE, TARGET, BESIDE].into_iter().sum::<Duration>();
        assert!(waits > takes, "the unit of systemd waits for {waits:?}, and an end takes {takes:?}");
    }
}
