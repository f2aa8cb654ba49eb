//! Lengths of time in words, in the largest unit that has a whole number of them.

const UNITS: [(i64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];

/// A number of seconds as people write it: `90 days`, `1 hour`, `90 seconds`.
pub(crate) fn in_words(seconds: i64) -> String {
    let fits = |(length, _): &&(i64, &str)| seconds >= *length && seconds % length == 0;
    let (count, unit) = UNITS.iter().find(fits).map_or((seconds, "second"), |(length, unit)| (seconds / length, *unit));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (seconds, words) in [
            (86_400, "1 day"),
            (90 * 86_400, "90 days"),
            (108_000, "30 hours"),
            (3_600, "1 hour"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (1, "1 second"),
            (0, "0 seconds"),
            (-60, "-60 seconds"),
            (i64::MAX, "9223372036854775807 seconds"),
        ] {
            assert_eq!(in_words(seconds), words);
        }
    }
}
