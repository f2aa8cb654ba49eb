//! How long those waited that waited together.

/// The time that all of a queue's commits waited, added up without a word about any of them: as long as three wait, three seconds pass in
/// each. Behind the lock of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    waited_micros: u64,
    until_micros: u64,
}

impl Occupancy {
    /// So many waited until now; to be said before others join them or they leave. A reading of the clock may come late.
    pub fn pass(&mut self, now_micros: u64, waiting: usize) {
        let passed = now_micros.saturating_sub(self.until_micros);
        self.waited_micros = self.waited_micros.saturating_add(passed.saturating_mul(waiting as u64));
        self.until_micros = self.until_micros.max(now_micros);
    }

    /// How long they waited, all together, in microseconds.
    #[must_use]
    pub fn waited_micros(&self) -> u64 {
        self.waited_micros
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(told: &[(u64, usize)], expected: u64) {
        let mut occupancy = Occupancy::default();
        told.iter().for_each(|(now_micros, waiting)| occupancy.pass(*now_micros, *waiting));
        assert_eq!(occupancy.waited_micros(), expected, "{told:?}");
    }

    #[test]
    fn each_waits_as_long_as_it_is_there() {
        check(&[(100, 0)], 0);
        check(&[(100, 0), (110, 1)], 10);
        check(&[(100, 0), (110, 1), (115, 3)], 25);
        // A reading that comes late adds nothing, and takes nothing away.
        check(&[(100, 0), (110, 1), (105, 7), (111, 2)], 12);
    }
}
