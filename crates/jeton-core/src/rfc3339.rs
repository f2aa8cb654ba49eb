//! Times as people and programs write them (RFC 3339), always in UTC.

/// The second as `2026-01-31T23:59:59Z`. Years before 0 and after 9999 are written as the nearest that has four digits.
#[must_use]
pub fn format(seconds: i64) -> String {
    let seconds = seconds.clamp(EARLIEST, LATEST);
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let mut text = String::with_capacity("2026-01-31T23:59:59.000000Z".len());
    push_digits(&mut text, year / 100);
    for (number, behind) in
        [(year % 100, '-'), (month, '-'), (day, 'T'), (second / 3_600, ':'), (second / 60 % 60, ':'), (second % 60, 'Z')]
    {
        push_digits(&mut text, number);
        text.push(behind);
    }
    text
}

/// A number below 100: each answer about a key has a time, and formatters take ten times as long.
fn push_digits(text: &mut String, number: i64) {
    for digit in [number / 10, number % 10] {
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or_default()));
    }
}

/// The microsecond as `2026-01-31T23:59:59.000123Z`.
#[must_use]
pub fn format_micros(micros: i64) -> String {
    let whole = format(micros.div_euclid(1_000_000));
    format!("{}.{:06}Z", whole.trim_end_matches('Z'), micros.rem_euclid(1_000_000))
}

/// The second that a time names; a fraction falls away. `None`: it is not of the grammar of RFC 3339 section 5.6, or no such day exists.
/// A leap second is taken for the second after it.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, offset) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let [year, month, day] = fields::<3>(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = fields::<3>(time, ':', [2, 2, 2])?;
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = match offset.strip_prefix('.') {
        None => offset,
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            (rest.len() < fraction.len()).then_some(rest)?
        }
    };
    Some(days(year, month, day) * DAY + hour * 3_600 + minute * 60 + second - offset_seconds(offset)?)
}

const DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z.
const EARLIEST: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const LATEST: i64 = 253_402_300_799;

fn offset_seconds(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let [hours, minutes] = fields::<2>(rest, ':', [2, 2])?;
    let seconds = hours * 3_600 + minutes * 60;
    match (sign, hours <= 23 && minutes <= 59) {
        ("+", true) => Some(seconds),
        ("-", true) => Some(-seconds),
        _ => None,
    }
}

/// Numbers of so many digits between separators.
fn fields<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(separator);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Year, month and day of a count of days since 1970-01-01. Counted from a 1st of March, so that a leap day ends its year.
fn civil(days: i64) -> (i64, i64, i64) {
    /// Days from 0000-03-01 to 1970-01-01.
    const MARCH_0: i64 = 719_468;
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let days = days + MARCH_0;
    let (cycle, day) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March on are 31, 30, 31, 30, 31 days in turn, twice: 153 days in five months.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + carry, month, day)
}

/// Days from 1970-01-01 to a date of years 0 to 9999.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_days = |years: i64| years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    let before = usize::try_from(month - 1).ok().and_then(|month| BEFORE.get(month)).copied().unwrap_or_default();
    let leap = i64::from(month > 2 && is_leap(year));
    (year - 1_970) * 365 + leap_days(year - 1) - leap_days(1_969) + before + leap + day - 1
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: i64, expected: &str) {
        assert_eq!(format(seconds), expected);
        assert_eq!(parse(expected), Some(seconds), "{expected}");
    }

    #[test]
    fn seconds_are_written_and_read_back() {
        check(0, "1970-01-01T00:00:00Z");
        check(-1, "1969-12-31T23:59:59Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_000_000_000, "2001-09-09T01:46:40Z");
        check(1_709_164_800, "2024-02-29T00:00:00Z");
        check(1_709_251_200, "2024-03-01T00:00:00Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
        check(4_107_542_399, "2100-02-28T23:59:59Z");
        check(EARLIEST, "0000-01-01T00:00:00Z");
        check(LATEST, "9999-12-31T23:59:59Z");
    }

    #[test]
    fn every_day_of_eight_hundred_years_is_read_back() {
        for day in (-180_000..120_000).chain([-719_528, 2_932_896]) {
            let text = format(day * DAY);
            assert_eq!(parse(&text), Some(day * DAY), "{text}");
        }
    }

    #[test]
    fn what_has_no_four_digit_year_is_bounded() {
        assert_eq!(format(i64::MIN), "0000-01-01T00:00:00Z");
        assert_eq!(format(i64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(format_micros(i64::MIN), "0000-01-01T00:00:00.224192Z");
        assert_eq!(format_micros(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn offsets_and_fractions_are_read() {
        for (text, expected) in [
            ("1970-01-01T01:00:00+01:00", Some(0)),
            ("1969-12-31t23:30:00.999-00:30", Some(0)),
            ("1970-01-01 00:00:60Z", Some(60)),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-00-01T00:00:00Z", None),
            ("2023-01-00T00:00:00Z", None),
            ("2023-01-01T24:00:00Z", None),
            ("2023-01-01T00:00:00", None),
            ("2023-01-01T00:00:00.Z", None),
            ("2023-01-01T00:00:00+24:00", None),
            ("2023-01-01T00:00:00+0100", None),
            ("2023-1-01T00:00:00Z", None),
            ("+023-01-01T00:00:00Z", None),
            ("2023-01-01", None),
            ("", None),
            ("ééééé", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
