//! What verifiers told since it was last taken.

use jeton_core::usage::report::Reported;

use super::recorder::Counted;

/// How far each verifier has come, and what they counted. Written together or not at all: nothing is counted twice, and no number without it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) numbers: Vec<Reported>,
    pub(crate) counted: Vec<Counted>,
}

impl Told {
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.counted.is_empty()
    }
}
