//! The text format of Prometheus, version 0.0.4: what is written here parses, whatever it is given.

use std::fmt::{Display, Write as _};

/// What the text is, as a content type.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page that is written.
#[derive(Default)]
pub(super) struct Text(String);

/// What kind of thing a family measures.
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The samples of one name.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// The amounts of one name, by their size.
pub(super) struct Distribution<'a> {
    family: Family<'a>,
    unit: Unit,
}

/// What a histogram shows: amounts by their size.
pub(super) struct Sizes<'a> {
    /// The bound of each place but the last.
    pub(super) bounds: &'a mut dyn Iterator<Item = u64>,
    /// How many amounts are in each place.
    pub(super) counts: &'a [u64],
    /// All of them together.
    pub(super) sum: u64,
}

/// In what amounts are counted, and shown.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// As they are.
    Ones,
    /// Counted in microseconds, shown in seconds.
    Micros,
}

impl Text {
    /// What only grows. Its name ends in `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, Kind::Counter, help)
    }

    /// What goes up and down.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, Kind::Gauge, help)
    }

    /// Amounts by their size.
    pub(super) fn histogram(&mut self, name: &'static str, help: &str, unit: Unit) -> Distribution<'_> {
        Distribution { family: self.family(name, Kind::Histogram, help), unit }
    }

    fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.0, name }
    }

    /// The page.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

impl Family<'_> {
    /// A value by itself.
    pub(super) fn is(self, value: impl Display) {
        let _ = self.with(&[], value);
    }

    /// A value under labels, and more of them.
    pub(super) fn with(mut self, labels: &[(&str, &str)], value: impl Display) -> Self {
        self.sample("", labels, value);
        self
    }

    fn sample(&mut self, ending: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(self.name);
        self.text.push_str(ending);
        for (place, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{}{label}=\"{text}\"", if place == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

impl Distribution<'_> {
    /// Amounts by themselves.
    pub(super) fn is(self, sizes: Sizes<'_>) {
        let _ = self.with(&[], sizes);
    }

    /// Amounts under labels, and more of them. Places are written one on top of the other, as the format has them.
    pub(super) fn with(mut self, labels: &[(&str, &str)], sizes: Sizes<'_>) -> Self {
        let (mut counts, mut below) = (sizes.counts.iter(), 0);
        let bucket = |family: &mut Family<'_>, bound: &str, below: u64| {
            family.sample("_bucket", &[labels, &[("le", bound)]].concat(), below);
        };
        for (bound, count) in sizes.bounds.zip(counts.by_ref()) {
            below += count;
            bucket(&mut self.family, &self.unit.shown(bound), below);
        }
        let all = below + counts.sum::<u64>();
        bucket(&mut self.family, "+Inf", all);
        self.family.sample("_sum", labels, self.unit.shown(sizes.sum));
        self.family.sample("_count", labels, all);
        self
    }
}

impl Unit {
    /// An amount as it is shown, digit by digit: no rounding makes two bounds one.
    pub(super) fn shown(self, amount: u64) -> String {
        match self {
            Unit::Ones => amount.to_string(),
            Unit::Micros => {
                let text = format!("{}.{:06}", amount / 1_000_000, amount % 1_000_000);
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl FnOnce(&mut Text), expected: &str) {
        let mut text = Text::default();
        write(&mut text);
        assert_eq!(String::from_utf8(text.into_bytes()).unwrap(), expected);
    }

    #[test]
    fn families_and_samples() {
        check(|text| text.gauge("a", "What it is.").is(7), "# HELP a What it is.\n# TYPE a gauge\na 7\n");
        check(
            |text| {
                let family = text.counter("b_total", "Lines.\nAnd \\.");
                let _ = family.with(&[("x", "1"), ("y", "\"\\\n")], 2).with(&[("x", "2")], 0);
            },
            "# HELP b_total Lines.\\nAnd \\\\.\n# TYPE b_total counter\nb_total{x=\"1\",y=\"\\\"\\\\\\n\"} 2\nb_total{x=\"2\"} 0\n",
        );
        check(
            |text| {
                let sizes = Sizes { bounds: &mut [64, 128].into_iter(), counts: &[3, 0, 2], sum: 2_000_001 };
                text.histogram("c_seconds", "Time.", Unit::Micros).is(sizes);
            },
            "# HELP c_seconds Time.\n# TYPE c_seconds histogram\nc_seconds_bucket{le=\"0.000064\"} 3\nc_seconds_bucket{le=\"0.000128\"} 3\nc_seconds_bucket{le=\"+Inf\"} 5\nc_seconds_sum 2.000001\nc_seconds_count 5\n",
        );
    }

    #[test]
    fn a_histogram_may_have_labels() {
        check(
            |text| {
                let family = text.histogram("d", "Sizes.", Unit::Ones);
                let family = family.with(&[("x", "a")], Sizes { bounds: &mut [1].into_iter(), counts: &[1, 2], sum: 9 });
                let _ = family.with(&[("x", "b")], Sizes { bounds: &mut [1].into_iter(), counts: &[0, 0], sum: 0 });
            },
            "# HELP d Sizes.\n# TYPE d histogram\nd_bucket{x=\"a\",le=\"1\"} 1\nd_bucket{x=\"a\",le=\"+Inf\"} 3\nd_sum{x=\"a\"} 9\nd_count{x=\"a\"} 3\nd_bucket{x=\"b\",le=\"1\"} 0\nd_bucket{x=\"b\",le=\"+Inf\"} 0\nd_sum{x=\"b\"} 0\nd_count{x=\"b\"} 0\n",
        );
    }

    #[test]
    fn seconds_are_exact() {
        for (micros, seconds) in [(0, "0"), (1, "0.000001"), (1_000_000, "1"), (1_048_576, "1.048576"), (10_000_000, "10"), (100, "0.0001")]
        {
            assert_eq!(Unit::Micros.shown(micros), seconds);
        }
    }
}
