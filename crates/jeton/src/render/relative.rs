//! Times and lengths of time, as people say them.

use jeton_http::api::rfc3339;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A length of time in its largest unit of which there are at least two, or one exactly: `45 s`, `58 min`, `36 h`, `90 d`.
pub(crate) fn length(seconds: i64) -> String {
    let (unit, name) = unit(seconds);
    format!("{} {name}", seconds / unit)
}

fn unit(seconds: i64) -> (i64, &'static str) {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min")];
    units.into_iter().find(|(unit, _)| seconds >= 2 * unit || seconds == *unit).unwrap_or((1, "s"))
}

/// The same, where it is up to a minute, or a thousandth, less than a whole number of its unit: that number.
fn nearly(seconds: i64) -> i64 {
    let (unit, _) = unit(seconds);
    let reached = seconds.saturating_add((seconds / 1_000).min(MINUTE)) / unit * unit;
    seconds.max(reached)
}

/// A time as it lies from now: `in 58 min`, `3 d ago`, `now`. What was asked for as `90d` a moment ago is in 90 days.
pub(crate) fn from_now(seconds: i64, now_seconds: i64) -> String {
    match seconds.saturating_sub(now_seconds) {
        -1..=1 => "now".to_owned(),
        ahead @ 2.. => format!("in {}", length(nearly(ahead))),
        behind => format!("{} ago", length(behind.saturating_neg())),
    }
}

/// A time in RFC 3339, as it lies from now; as it stands where it is none.
pub(crate) fn text_from_now(text: &str, now_seconds: i64) -> String {
    rfc3339::parse(text).map_or_else(|| text.to_owned(), |seconds| from_now(seconds, now_seconds))
}

/// A time in RFC 3339, with how it lies from now behind it.
pub(crate) fn with_distance(text: &str, now_seconds: i64) -> String {
    match rfc3339::parse(text) {
        Some(seconds) => format!("{text} ({})", from_now(seconds, now_seconds)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (90, "90 s"),
            (119, "119 s"),
            (120, "2 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (5_400, "90 min"),
            (7_200, "2 h"),
            (86_400, "1 d"),
            (100_000, "27 h"),
            (7_776_000, "90 d"),
        ] {
            assert_eq!(length(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn distances() {
        for (seconds, expected) in [
            (1_000, "now"),
            (1_001, "now"),
            (999, "now"),
            (1_002, "in 2 s"),
            (4_600, "in 1 h"),
            (4_599, "in 1 h"),
            (4_595, "in 59 min"),
            (7_776_998, "in 90 d"),
            (7_776_000, "in 89 d"),
            (400, "10 min ago"),
            (i64::MIN, "106751991167300 d ago"),
            (i64::MAX, "in 106751991167300 d"),
        ] {
            assert_eq!(from_now(seconds, 1_000), expected, "{seconds}");
        }
        assert_eq!(with_distance("1970-01-01T00:00:00Z", 60), "1970-01-01T00:00:00Z (1 min ago)");
        assert_eq!(with_distance("soon", 60), "soon");
    }
}
