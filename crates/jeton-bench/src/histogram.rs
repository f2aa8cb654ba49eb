//! Latencies in buckets that are 1.6 % wide.

use std::time::Duration;

/// Buckets per doubling.
const STEPS: u64 = 64;
const STEPS_LOG2: u32 = 6;

/// How often each latency was seen; exact below 64 ns, else within 1.6 %.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    worst: Duration,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; bucket(u64::MAX) + 1], total: 0, worst: Duration::ZERO }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(nanoseconds)) {
            *count += 1;
        }
        self.total += 1;
        self.worst = self.worst.max(latency);
    }

    /// Adds what another one recorded.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.worst = self.worst.max(other.worst);
    }

    /// The latency that `share` (0 to 1) of all do not exceed, as the upper edge of its bucket; zero when nothing was recorded.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank among counted requests"
        )]
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_edge(index)).min(self.worst);
            }
        }
        self.worst
    }

    pub(crate) fn worst(&self) -> Duration {
        self.worst
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let doublings = (u64::BITS - nanoseconds.leading_zeros()).saturating_sub(STEPS_LOG2 + 1);
    let index = u64::from(doublings) * STEPS + (nanoseconds >> doublings);
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest value of a bucket. From the second doubling on, a bucket's index holds its leading bits between 64 and 127.
fn upper_edge(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * STEPS {
        return index;
    }
    let doublings = index / STEPS - 1;
    let leading = index - doublings * STEPS;
    ((leading + 1) << doublings).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_lies_in_its_bucket_within_two_percent() {
        for exponent in 0..60_u32 {
            for offset in [0_u64, 1, 7, 31] {
                let value = (1_u64 << exponent) + offset * (1 << exponent) / 32;
                let edge = upper_edge(bucket(value));
                assert!(edge >= value, "{value}: {edge}");
                assert!((edge - value) as f64 <= value as f64 * 0.016, "{value}: {edge}");
                if bucket(value) > 0 {
                    assert!(upper_edge(bucket(value) - 1) < value, "{value}");
                }
            }
        }
    }

    #[test]
    fn quantiles_of_a_hundred_values() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        for milliseconds in 1..=100 {
            histogram.record(Duration::from_millis(milliseconds));
        }
        for (share, milliseconds) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            let seen = histogram.quantile(share).as_secs_f64() * 1e3;
            assert!((seen - milliseconds).abs() <= milliseconds * 0.016, "{share}: {seen}");
        }
        assert_eq!(histogram.worst(), Duration::from_millis(100));
        assert_eq!(histogram.total(), 100);
        let mut twice = histogram.clone();
        twice.add(&histogram);
        assert_eq!((twice.total(), twice.quantile(0.5)), (200, histogram.quantile(0.5)));
    }
}
