//! Adds up what cargo's test runs report.

/// Tests that passed, failed and were ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Takes in one line of output; only the closing line of a test program counts.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(closing) = line.trim_start().strip_prefix("test result: ") else {
            return;
        };
        for part in closing.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(noun), None) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match noun {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    /// The line that closes a run.
    pub(crate) fn closing_line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, expected: (u64, u64, u64)) {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        assert_eq!((tally.passed, tally.failed, tally.ignored), expected);
    }

    #[test]
    fn closing_lines_are_added() {
        check("", (0, 0, 0));
        check("test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.05s", (12, 0, 3));
        check(
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 5 filtered out; finished in 1.00s\n\
             test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            (5, 2, 0),
        );
    }

    #[test]
    fn other_lines_do_not_count() {
        check("test tests::a ... ok\n7 passed; 1 failed\nresult: 3 passed", (0, 0, 0));
    }
}
