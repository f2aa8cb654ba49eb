//! One row of the report, and what its figure may be at most.

use serde::Serialize;

use crate::floor::Floor;
use crate::measured::Measured;

/// One measurement with what it may cost, before the floor of the whole run is known.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) figures: Figures,
    pub(crate) limit: Limit,
    /// Commits per fsync during the measurement.
    pub(crate) mean_group: Option<f64>,
    /// What the reader must know to read the figure.
    pub(crate) note: Option<String>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) enum Figures {
    /// Requests over a number of connections.
    Load { connections: usize, measured: Measured },
    /// Processor time of one operation in microseconds, without a server.
    Operation { cpu_us: f64 },
    /// Some other value, in the unit of its limit.
    Value { value: f64, unit: &'static str },
    /// Times from a cause to its effect, in milliseconds.
    Delay { p50_ms: f64, p99_ms: f64, worst_ms: f64 },
    /// Nothing: the note says why.
    Missing,
}

/// What a figure may be at most.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// It stands for orientation.
    None,
    /// Processor time: `factor` × (floor + signature), the floor at the same number of connections.
    Floor { factor: f64, signature: Option<&'static str> },
    /// Processor time: `factor` × the floor of a check of a key, at the same number of connections (docs/decisions/0078).
    KeyCheck { factor: f64 },
    /// Processor time in microseconds.
    Operation(f64),
    /// A value in the row's unit; for delays the p99.
    Value(f64),
}

/// What limits are computed from: figures of the same run.
#[derive(Debug, Default)]
pub(crate) struct Basis {
    /// Connections and processor time per request of the floor, in microseconds.
    pub(crate) floors: Vec<(Floor, usize, f64)>,
    /// Name and processor time of raw operations, in microseconds.
    pub(crate) raw: Vec<(String, f64)>,
}

impl Basis {
    fn floor(&self, what: Floor, connections: usize) -> Option<f64> {
        let asked = self.floors.iter().filter(|(asked, ..)| *asked == what);
        asked.min_by_key(|(_, at, _)| at.abs_diff(connections)).map(|(.., cpu_us)| *cpu_us)
    }

    fn raw(&self, operation: &str) -> Option<f64> {
        self.raw.iter().find(|(name, _)| name == operation).map(|(_, cpu_us)| *cpu_us)
    }
}

/// One row of the report. A field that does not apply is `null`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) connections: Option<usize>,
    pub(crate) requests_per_second: Option<f64>,
    pub(crate) cpu_us_per_request: Option<f64>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) worst_ms: Option<f64>,
    pub(crate) limit_cpu_us: Option<f64>,
    /// The figure divided by its limit: at most 1 is within.
    pub(crate) ratio: Option<f64>,
    pub(crate) mean_group: Option<f64>,
    /// For rows that are no requests: the figure, its limit and their unit.
    pub(crate) value: Option<f64>,
    pub(crate) limit: Option<f64>,
    pub(crate) unit: Option<&'static str>,
    pub(crate) note: Option<String>,
}

impl Row {
    /// The row of a reading, its limit computed from `basis`.
    pub(crate) fn new(reading: Reading, basis: &Basis) -> Self {
        let mut row = Self { name: reading.name, mean_group: reading.mean_group, note: reading.note, ..Self::default() };
        row.take_figures(reading.figures);
        row.take_limit(reading.limit, basis);
        row
    }

    fn take_figures(&mut self, figures: Figures) {
        match figures {
            Figures::Load { connections, measured } => {
                self.connections = Some(connections);
                self.requests_per_second = Some(measured.requests_per_second());
                self.cpu_us_per_request = Some(measured.cpu_us_per_request());
                self.p50_ms = Some(measured.p50_ms());
                self.p99_ms = Some(measured.p99_ms());
                self.worst_ms = Some(measured.worst_ms());
            }
            Figures::Operation { cpu_us } => {
                self.requests_per_second = Some(1e6 / cpu_us);
                self.cpu_us_per_request = Some(cpu_us);
            }
            Figures::Value { value, unit } => {
                self.value = Some(value);
                self.unit = Some(unit);
            }
            Figures::Delay { p50_ms, p99_ms, worst_ms } => {
                self.p50_ms = Some(p50_ms);
                self.p99_ms = Some(p99_ms);
                self.worst_ms = Some(worst_ms);
                self.value = Some(p99_ms);
                self.unit = Some("ms");
            }
            Figures::Missing => {}
        }
    }

    fn take_limit(&mut self, limit: Limit, basis: &Basis) {
        self.limit_cpu_us = match limit {
            Limit::None | Limit::Value(_) => None,
            Limit::Operation(cpu_us) => Some(cpu_us),
            Limit::KeyCheck { factor } => {
                self.connections.and_then(|connections| Some(factor * basis.floor(Floor::KeyCheck, connections)?))
            }
            Limit::Floor { factor, signature } => self.connections.and_then(|connections| {
                let signature = signature.map_or(Some(0.0), |name| basis.raw(name))?;
                Some(factor * (basis.floor(Floor::Form, connections)? + signature))
            }),
        };
        if let Limit::Value(limit) = limit {
            self.limit = Some(limit);
        }
        let of_processor = self.cpu_us_per_request.zip(self.limit_cpu_us);
        self.ratio = of_processor.or(self.value.zip(self.limit)).map(|(figure, limit)| figure / limit);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::histogram::Histogram;

    fn load(connections: usize, cpu_us: u64) -> Figures {
        let measured = Measured {
            requests: 1_000,
            elapsed: Duration::from_secs(2),
            processor_time: Duration::from_micros(cpu_us * 1_000),
            latency: Histogram::new(),
        };
        Figures::Load { connections, measured }
    }

    #[track_caller]
    fn check(figures: Figures, limit: Limit, expected_limit: Option<f64>, expected_ratio: Option<f64>) {
        let basis = Basis {
            floors: vec![(Floor::Form, 64, 8.0), (Floor::Form, 256, 9.0), (Floor::KeyCheck, 64, 10.0)],
            raw: vec![("sign_es256".to_owned(), 12.0)],
        };
        let reading = Reading { name: "x".to_owned(), figures, limit, mean_group: None, note: None };
        let row = Row::new(reading, &basis);
        assert_eq!((row.limit_cpu_us.or(row.limit), row.ratio), (expected_limit, expected_ratio));
    }

    #[test]
    fn limits_stand_on_the_floor_and_the_raw_figures() {
        let es256 = Limit::Floor { factor: 1.5, signature: Some("sign_es256") };
        check(load(64, 15), es256, Some(30.0), Some(0.5));
        check(load(64, 40), Limit::Floor { factor: 2.5, signature: None }, Some(20.0), Some(2.0));
        check(load(256, 36), Limit::Floor { factor: 2.0, signature: None }, Some(18.0), Some(2.0));
        check(load(64, 15), Limit::Floor { factor: 1.5, signature: Some("sign_unknown") }, None, None);
        check(load(64, 15), Limit::KeyCheck { factor: 1.5 }, Some(15.0), Some(1.0));
        check(Figures::Operation { cpu_us: 0.5 }, Limit::Operation(1.0), Some(1.0), Some(0.5));
        check(Figures::Value { value: 25.0, unit: "ms" }, Limit::Value(50.0), Some(50.0), Some(0.5));
        check(Figures::Delay { p50_ms: 1.0, p99_ms: 50.0, worst_ms: 90.0 }, Limit::Value(100.0), Some(100.0), Some(0.5));
        check(Figures::Missing, Limit::Value(50.0), Some(50.0), None);
        check(load(64, 15), Limit::None, None, None);
    }
}
