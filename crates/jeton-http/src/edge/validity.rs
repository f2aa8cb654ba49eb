use crate::api::rfc3339;

/// From when until when a certificate holds (RFC 5280 section 4.1.2.5), in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub begins_seconds: i64,
    /// The last second.
    pub ends_seconds: i64,
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

impl Validity {
    /// Reads it from a certificate in DER. Nothing is read beyond it, and who signed is not asked.
    pub(super) fn of(certificate: &[u8]) -> Option<Validity> {
        let (tag, mut certificate, _) = element(certificate)?;
        let mut signed = (tag == SEQUENCE).then(|| take(&mut certificate, SEQUENCE)).flatten()?;
        if signed.first() == Some(&VERSION) {
            take(&mut signed, VERSION)?;
        }
        take(&mut signed, INTEGER)?;
        let (_algorithm, _issuer) = (take(&mut signed, SEQUENCE)?, take(&mut signed, SEQUENCE)?);
        let (begins, ends) = element(take(&mut signed, SEQUENCE)?).and_then(|(tag, begins, rest)| Some(((tag, begins), element(rest)?)))?;
        Some(Validity { begins_seconds: seconds(begins.0, begins.1)?, ends_seconds: seconds(ends.0, ends.1)? })
    }
}

/// Takes the first element, which has this tag: its content.
fn take<'d>(der: &mut &'d [u8], expected: u8) -> Option<&'d [u8]> {
    let (tag, content, rest) = element(der)?;
    *der = rest;
    (tag == expected).then_some(content)
}

/// The first element of DER (X.690 section 8.1): its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The second that a time names: two digits of a year until 2049, four from 2050 on, and always UTC.
fn seconds(tag: u8, time: &[u8]) -> Option<i64> {
    let text = str::from_utf8(time).ok()?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
        }
        GENERALIZED_TIME => text.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let part = |from: usize| rest.get(from..from + 2);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    (rest.get(10..) == Some("Z")).then(|| rfc3339::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")))?
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(begins: i32, ends: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(begins, 2, 3), date_time_ymd(ends, 2, 28));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn check(begins: i32, ends: i32, expected: (&str, &str)) {
        let read = Validity::of(&certificate(begins, ends)).unwrap();
        assert_eq!((rfc3339::format(read.begins_seconds).as_str(), rfc3339::format(read.ends_seconds).as_str()), expected);
    }

    #[test]
    fn both_forms_of_time_are_read() {
        check(2026, 2027, ("2026-02-03T00:00:00Z", "2027-02-28T00:00:00Z"));
        check(1999, 2049, ("1999-02-03T00:00:00Z", "2049-02-28T00:00:00Z"));
        check(1950, 2050, ("1950-02-03T00:00:00Z", "2050-02-28T00:00:00Z"));
        check(2051, 9999, ("2051-02-03T00:00:00Z", "9999-02-28T00:00:00Z"));
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_none_and_never_a_panic() {
        let whole = certificate(2026, 2027);
        for length in 0..whole.len() {
            assert_eq!(Validity::of(whole.get(..length).unwrap()), None, "{length}");
        }
        for place in 0..whole.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                *damaged.get_mut(place).unwrap() ^= mask;
                let _ = Validity::of(&damaged);
            }
        }
        for time in ["2602030000Z", "260203000000", "260203000000+0100", "261303000000Z", "2é0203000000Z", ""] {
            assert_eq!(seconds(UTC_TIME, time.as_bytes()), None, "{time}");
        }
    }
}
