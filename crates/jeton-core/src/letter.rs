//! Letters: what is told by one, how often one is tried, and when again.

pub mod due;

/// How long after each try that failed the next one is made, in seconds. What all of them together take is as long as a mail server may be away
/// before anything is given up: a little less than seven hours.
const PAUSES_SECONDS: [i64; 8] = [10, 30, 120, 600, 1_800, 3_600, 7_200, 10_800];

/// When to try again after so many tries, the first one included; `None`: it is given up.
#[must_use]
pub fn again_at(tries: usize, now: i64) -> Option<i64> {
    PAUSES_SECONDS.get(tries.checked_sub(1)?).map(|seconds| now.saturating_add(*seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_come_to_an_end() {
        let (mut now, mut tries) = (0, 1);
        while let Some(at) = again_at(tries, now) {
            assert!(at > now);
            (now, tries) = (at, tries + 1);
        }
        assert_eq!((tries, now), (9, 24_160));
        assert_eq!(again_at(0, 0), None);
        assert_eq!(again_at(1, i64::MAX), Some(i64::MAX));
    }
}
