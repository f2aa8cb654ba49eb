//! What one run of the load generator gave.

use std::time::Duration;

use crate::histogram::Histogram;

/// What one run of the load generator gave, the warm-up left out.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// Processor time of the server.
    pub(crate) processor_time: Duration,
    pub(crate) latency: Histogram,
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests lie far below 2^52")]
impl Measured {
    pub(crate) fn requests_per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// Processor time of the server per request, in microseconds.
    pub(crate) fn cpu_us_per_request(&self) -> f64 {
        self.processor_time.as_secs_f64() * 1e6 / self.requests as f64
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.latency.quantile(0.5).as_secs_f64() * 1e3
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.latency.quantile(0.99).as_secs_f64() * 1e3
    }

    pub(crate) fn worst_ms(&self) -> f64 {
        self.latency.worst().as_secs_f64() * 1e3
    }
}
