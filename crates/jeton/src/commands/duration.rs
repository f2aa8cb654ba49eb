/// A length of time in seconds: `90s`, `15m`, `24h`, `90d`. A number without a unit is none: who writes 60 may mean days.
///
/// # Errors
/// A sentence with what may be written.
pub(crate) fn seconds(text: &str) -> Result<i64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let unit = match text.strip_prefix(digits).unwrap_or_default() {
        "" if is_number && digits.bytes().all(|byte| byte == b'0') => Some(1),
        "" if is_number => return Err(format!("seconds, minutes, hours or days? write {digits}s, {digits}m, {digits}h or {digits}d")),
        "s" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = unit.filter(|_| is_number).and_then(|unit| digits.parse::<i64>().ok()?.checked_mul(unit));
    seconds.ok_or_else(|| "a length of time is written as 90s, 15m, 24h or 90d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("15min", Some(900)),
            ("24h", Some(86_400)),
            ("90d", Some(7_776_000)),
            ("0", Some(0)),
            ("3600", None),
            ("60", None),
            ("", None),
            ("h", None),
            ("-1h", None),
            ("1.5h", None),
            ("1w", None),
            ("1 h", None),
            ("9223372036854775807d", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
        assert_eq!(seconds("60"), Err("seconds, minutes, hours or days? write 60s, 60m, 60h or 60d".to_owned()));
    }
}
