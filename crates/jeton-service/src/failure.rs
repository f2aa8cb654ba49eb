//! Why a use case has no answer to give.

use std::fmt;

use jeton_core::refusal::Refusal;
use jeton_store::store::Fault;

/// Cut-offs lie a second or two ahead by themselves; further, in seconds, only where a clock was taken back.
const FAR_SECONDS: i64 = 60;

/// A refusal, or a reason to come back later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The answer is no, and says why.
    Refused(Refusal),
    /// Too much waits to be written.
    Busy,
    /// The disk is full: only what takes authority away is written.
    Full,
    /// Others kept changing what was read.
    Contended,
    /// The clock stands before the ledger's head, or still since it was set back: only what takes authority away is written.
    ClockBehind,
    /// A cut-off over the token that is asked for lies further ahead than tokens are dated.
    CutOffAhead {
        /// How long from now until one can be issued, in microseconds.
        wait_micros: i64,
    },
    /// What was presented is from before a gap that nobody accepted yet.
    Fenced,
    /// Whether it was written is not known.
    Unknown,
    /// It was written and holds here, and the backup target did not take it in time.
    Unshipped,
    /// The engine failed.
    Fault(Fault),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Fault(fault)
    }
}

impl Failure {
    /// When to come back, in seconds from now; at least one.
    #[must_use]
    pub fn retry_after_seconds(&self) -> i64 {
        match self {
            Failure::CutOffAhead { wait_micros } => wait_micros.div_euclid(1_000_000).saturating_add(1),
            Failure::Fenced => 60,
            _ => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(refusal) => refusal.fmt(formatter),
            Failure::Busy => formatter.write_str("too many changes are waiting to be written: try again in a second"),
            Failure::Full => formatter.write_str("the disk is full: only revocations are written until there is room"),
            Failure::Contended => formatter.write_str("others kept changing the same thing: try again"),
            Failure::ClockBehind => formatter.write_str(
                "the clock stands before the ledger's last entry, or before what it read already: only revocations are written until it catches up, or until `jeton serve --accept-clock`",
            ),
            Failure::CutOffAhead { .. } => write!(
                formatter,
                "tokens of this client, of this API or of all were cut off up to a time that lies ahead: the next one can be issued in {} s{}",
                self.retry_after_seconds(),
                if self.retry_after_seconds() > FAR_SECONDS {
                    "; it was made under a clock that ran ahead: cut off as a client or an API, register it anew; cut off as everything, wait, or go back to a data folder from before"
                } else {
                    ""
                }
            ),
            Failure::Fenced => formatter.write_str(
                "this deployment was restored from a backup that may lack its end, and this is older: an operator accepts the gap with `jeton backup restore accept-gap`; until then keep it and try again",
            ),
            Failure::Unknown => formatter.write_str("whether it was written is not known: look before you try again"),
            Failure::Unshipped => formatter.write_str(
                "it is done and holds on this server, but the backup target did not take it (`revocation_durability`), or has not heard yet that this server started: a lost disk could take it back until then",
            ),
            Failure::Fault(fault) => fault.fmt(formatter),
        }
    }
}

impl std::error::Error for Failure {}
