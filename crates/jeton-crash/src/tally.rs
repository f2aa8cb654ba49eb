//! What rounds came to, in numbers.

use std::time::Duration;

use crate::check::Tokens;
use crate::journal::Acknowledged;
use crate::secret_search::Searched;

/// The numbers of some rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Rounds.
    pub(crate) rounds: u64,
    /// Tokens whose issue was acknowledged.
    pub(crate) issued: u64,
    /// Tokens whose revocation was acknowledged.
    pub(crate) revoked: u64,
    /// Looks at a token.
    pub(crate) looks: u64,
    /// Writes that no fsync had covered when the power was cut.
    pub(crate) uncovered_writes: u64,
    /// Starts.
    pub(crate) starts: u64,
    /// Those that took a second or more.
    pub(crate) slow_starts: u64,
    /// The longest start until `/readyz` answered 200, in milliseconds.
    pub(crate) worst_ready_millis: u64,
    /// Secrets that were searched for, and found nowhere.
    pub(crate) secrets: u64,
    /// In so many bytes.
    pub(crate) searched_bytes: u64,
}

impl Tally {
    /// A server was ready after so long.
    pub(crate) fn started(&mut self, after: Duration) {
        self.starts += 1;
        self.slow_starts += u64::from(after >= Duration::from_secs(1));
        self.worst_ready_millis = self.worst_ready_millis.max(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
    }

    /// Traffic was acknowledged.
    pub(crate) fn acknowledged(&mut self, acknowledged: Acknowledged) {
        self.issued += acknowledged.issued;
        self.revoked += acknowledged.revoked;
    }

    /// Tokens were looked at, and stood as they must.
    pub(crate) fn looked(&mut self, tokens: Tokens) {
        self.looks += tokens.seen;
    }

    /// Files were searched for secrets, and held none.
    pub(crate) fn searched(&mut self, searched: Searched) {
        self.secrets += searched.secrets as u64;
        self.searched_bytes += searched.bytes;
    }

    /// Both together.
    pub(crate) fn plus(&self, other: &Tally) -> Tally {
        Tally {
            rounds: self.rounds + other.rounds,
            issued: self.issued + other.issued,
            revoked: self.revoked + other.revoked,
            looks: self.looks + other.looks,
            uncovered_writes: self.uncovered_writes + other.uncovered_writes,
            starts: self.starts + other.starts,
            slow_starts: self.slow_starts + other.slow_starts,
            worst_ready_millis: self.worst_ready_millis.max(other.worst_ready_millis),
            secrets: self.secrets + other.secrets,
            searched_bytes: self.searched_bytes + other.searched_bytes,
        }
    }

    /// As one line of words and numbers, for another process.
    pub(crate) fn line(&self) -> String {
        let Tally { rounds, issued, revoked, looks, uncovered_writes, starts, slow_starts, worst_ready_millis, secrets, searched_bytes } =
            self;
        format!(
            "tally {rounds} {issued} {revoked} {looks} {uncovered_writes} {starts} {slow_starts} {worst_ready_millis} {secrets} \
             {searched_bytes}"
        )
    }

    /// Reads [`Tally::line`].
    pub(crate) fn parse(line: &str) -> Option<Tally> {
        let mut numbers = line.strip_prefix("tally ")?.split(' ').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Tally {
            rounds: next()?,
            issued: next()?,
            revoked: next()?,
            looks: next()?,
            uncovered_writes: next()?,
            starts: next()?,
            slow_starts: next()?,
            worst_ready_millis: next()?,
            secrets: next()?,
            searched_bytes: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_the_numbers() {
        let tally = Tally {
            rounds: 1,
            issued: 2,
            revoked: 3,
            looks: 4,
            uncovered_writes: 5,
            starts: 6,
            slow_starts: 7,
            worst_ready_millis: 8,
            secrets: 9,
            searched_bytes: 10,
        };
        assert_eq!(Tally::parse(&tally.line()).unwrap().line(), tally.line());
        assert!(Tally::parse("tally 1 2").is_none());
    }
}
