//! What happened in a run: its last steps for people, and a digest of all of them to tell two runs apart.

use std::collections::VecDeque;

/// How many steps are kept to show.
const KEPT: usize = 4_000;

/// The steps of a run.
pub(crate) struct Trace {
    lines: VecDeque<String>,
    count: u64,
    digest: u64,
}

impl Default for Trace {
    fn default() -> Trace {
        // The offset basis of 64-bit FNV-1a.
        Trace { lines: VecDeque::new(), count: 0, digest: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Trace {
    /// Adds a step.
    pub(crate) fn note(&mut self, line: String) {
        for byte in line.bytes().chain([b'\n']) {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>6} {line}", self.count));
        self.count += 1;
    }

    /// A digest of every step.
    #[must_use]
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// The last steps, one on each line.
    #[must_use]
    pub(crate) fn tail(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}
