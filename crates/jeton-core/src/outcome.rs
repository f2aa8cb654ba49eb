//! What a decision returns: a verdict and a commit, both always.

use crate::commit::Commit;
use crate::refusal::Refusal;

/// A verdict and what must be written before anybody hears it. A refusal may carry a commit too: the reuse of a spent token revokes
/// its family *and* is refused.
#[derive(Clone, Debug)]
pub struct Outcome<R> {
    /// What to answer.
    pub verdict: Result<R, Refusal>,
    /// What to write first; often nothing.
    pub commit: Commit,
}

impl<R> Outcome<R> {
    /// Granted, once `commit` is durable.
    pub fn grant(reply: R, commit: Commit) -> Outcome<R> {
        Outcome { verdict: Ok(reply), commit }
    }

    /// The same with another reply.
    pub fn map<T>(self, change: impl FnOnce(R) -> T) -> Outcome<T> {
        Outcome { verdict: self.verdict.map(change), commit: self.commit }
    }

    /// Refused, once `commit` is durable.
    pub fn refuse(refusal: Refusal, commit: Commit) -> Outcome<R> {
        Outcome { verdict: Err(refusal), commit }
    }
}
