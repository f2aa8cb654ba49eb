//! Times, as people read them: always in UTC.

use jeton_core::rfc3339;

use super::texts::{Texts, fill};

/// The day, as `27 November 2026`.
pub(super) fn day(texts: &Texts, at: i64) -> String {
    let text = rfc3339::format(at);
    let mut parts = text.split(['-', 'T']);
    let mut next = || parts.next().unwrap_or_default();
    let (year, month, day) = (next(), next(), next().trim_start_matches('0'));
    let months = &texts.dates.months;
    let month = month.parse::<usize>().ok().and_then(|month| months.get(month.checked_sub(1)?)).map_or(month, String::as_str);
    fill(&texts.dates.day, &[("day", day), ("month", month), ("year", year)])
}

/// The minute, as `27 November 2026, 21:48 UTC`.
pub(crate) fn minute(texts: &Texts, at: i64) -> String {
    let text = rfc3339::format(at);
    let time = text.split_once('T').and_then(|(_, time)| time.get(..5)).unwrap_or_default();
    fill(&texts.dates.minute, &[("day", &day(texts, at)), ("time", time)])
}

#[cfg(test)]
mod tests {
    use super::super::texts::texts;
    use super::*;

    #[test]
    fn times_are_read_by_people() {
        fn check(at: i64, expected: &str) {
            assert_eq!(minute(texts(), at), expected);
            assert!(expected.starts_with(&day(texts(), at)), "{expected}");
        }
        check(0, "1 January 1970, 00:00 UTC");
        check(951_782_400, "29 February 2000, 00:00 UTC");
        check(1_795_816_139, "27 November 2026, 21:48 UTC");
        check(i64::MAX, "31 December 9999, 23:59 UTC");
    }
}
