//! What authenticators write (CTAP2 canonical CBOR, of RFC 8949): definite lengths, shortest heads, few kinds of values. It is read in order, by
//! whoever knows what comes next: nothing is built, and nothing calls itself.

use super::flaw::Flaw;

/// The most values that are passed over at once, with all that is in them.
const SKIPPED_MAX: u64 = 256;
/// The most pairs of a map.
const PAIRS_MAX: u64 = 32;

/// The kinds of values, as the three bits of a head say.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;
/// `false`, `true`, `null`: the only values of their kind that are met.
const SIMPLE_VALUES: std::ops::RangeInclusive<u64> = 20..=22;

/// The rest of what is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cbor<'b> {
    rest: &'b [u8],
}

impl<'b> Cbor<'b> {
    /// At the first byte.
    pub(super) fn new(bytes: &'b [u8]) -> Cbor<'b> {
        Cbor { rest: bytes }
    }

    /// What is left.
    pub(super) fn rest(self) -> &'b [u8] {
        self.rest
    }

    /// An integer.
    pub(super) fn integer(&mut self) -> Result<i64, Flaw> {
        match self.head()? {
            (UNSIGNED, value) => i64::try_from(value).map_err(|_| Flaw::Malformed),
            // RFC 8949 section 3.1: -1 less the value.
            (NEGATIVE, value) => i64::try_from(value).map(|value| -1 - value).map_err(|_| Flaw::Malformed),
            _ => Err(Flaw::Malformed),
        }
    }

    /// Bytes.
    pub(super) fn bytes(&mut self) -> Result<&'b [u8], Flaw> {
        match self.head()? {
            (BYTES, length) => self.take(length),
            _ => Err(Flaw::Malformed),
        }
    }

    /// A text.
    pub(super) fn text(&mut self) -> Result<&'b str, Flaw> {
        match self.head()? {
            (TEXT, length) => std::str::from_utf8(self.take(length)?).map_err(|_| Flaw::Malformed),
            _ => Err(Flaw::Malformed),
        }
    }

    /// The head of a map: how many pairs follow.
    pub(super) fn map(&mut self) -> Result<u64, Flaw> {
        match self.head()? {
            (MAP, pairs) if pairs <= PAIRS_MAX => Ok(pairs),
            _ => Err(Flaw::Malformed),
        }
    }

    /// Passes over one value, whatever is in it.
    pub(super) fn skip(&mut self) -> Result<(), Flaw> {
        let (mut waiting, mut seen) = (1_u64, 0_u64);
        while waiting > 0 {
            (waiting, seen) = (waiting - 1, seen + 1);
            let within = match self.head()? {
                (UNSIGNED | NEGATIVE, _) => 0,
                (BYTES, length) => self.take(length).map(|_| 0)?,
                (TEXT, length) => std::str::from_utf8(self.take(length)?).map(|_| 0).map_err(|_| Flaw::Malformed)?,
                (ARRAY, count) => count,
                (MAP, pairs) => pairs.saturating_mul(2),
                (SIMPLE, value) if SIMPLE_VALUES.contains(&value) => 0,
                _ => return Err(Flaw::Malformed),
            };
            waiting = waiting.saturating_add(within);
            if waiting.saturating_add(seen) > SKIPPED_MAX {
                return Err(Flaw::TooLong);
            }
        }
        Ok(())
    }

    /// Passes over a map.
    pub(super) fn skip_map(&mut self) -> Result<(), Flaw> {
        let mut ahead = *self;
        ahead.map()?;
        self.skip()
    }

    /// The kind of the next value, and its number or length, which is written as short as can be.
    fn head(&mut self) -> Result<(u8, u64), Flaw> {
        let (first, rest) = self.rest.split_first().ok_or(Flaw::Malformed)?;
        self.rest = rest;
        let (value, least) = match first & 0x1f {
            value @ 0..=23 => (u64::from(value), 0),
            24 => (u64::from(u8::from_be_bytes(self.number()?)), 24),
            25 => (u64::from(u16::from_be_bytes(self.number()?)), 0x100),
            26 => (u64::from(u32::from_be_bytes(self.number()?)), 0x1_0000),
            27 => (u64::from_be_bytes(self.number()?), 0x1_0000_0000),
            // Of a length that nobody says before its end.
            _ => return Err(Flaw::Malformed),
        };
        if value < least { Err(Flaw::Malformed) } else { Ok((first >> 5, value)) }
    }

    fn number<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Flaw> {
        let (number, rest) = self.rest.split_first_chunk::<COUNT>().ok_or(Flaw::Malformed)?;
        self.rest = rest;
        Ok(*number)
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], Flaw> {
        let taken = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (taken, rest) = taken.ok_or(Flaw::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        fn check(bytes: &[u8], expected: Result<i64, Flaw>) {
            assert_eq!(Cbor::new(bytes).integer(), expected, "{bytes:02x?}");
        }
        check(&[0x00], Ok(0));
        check(&[0x17], Ok(23));
        check(&[0x18, 24], Ok(24));
        check(&[0x26], Ok(-7));
        check(&[0x39, 0x01, 0x00], Ok(-257));
        check(&[0x1a, 0, 1, 0, 0], Ok(65_536));
        check(&[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Ok(i64::MIN));
        for wrong in [
            &[][..],
            // Longer than it need be.
            &[0x18, 23],
            &[0x19, 0, 0xff],
            &[0x1a, 0, 0, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            // Cut off, reserved, of no length, beyond what fits, of another kind.
            &[0x18],
            &[0x19, 1],
            &[0x1c],
            &[0x1f],
            &[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0],
            &[0x40],
        ] {
            check(wrong, Err(Flaw::Malformed));
        }
    }

    #[test]
    fn bytes_texts_and_maps() {
        assert_eq!(Cbor::new(&[0x42, 1, 2, 3]).bytes(), Ok(&[1, 2][..]));
        assert_eq!(Cbor::new(&[0x63, b'f', b'm', b't']).text(), Ok("fmt"));
        assert_eq!(Cbor::new(&[0xa3]).map(), Ok(3));
        for wrong in [&[0x42, 1][..], &[0x5f, 0x41, 1, 0xff], &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &[0x63, b'f']] {
            assert_eq!(Cbor::new(wrong).bytes(), Err(Flaw::Malformed), "{wrong:02x?}");
        }
        assert_eq!(Cbor::new(&[0x61, 0xff]).text(), Err(Flaw::Malformed), "no UTF-8");
        assert_eq!(Cbor::new(&[0xbf, 0xff]).map(), Err(Flaw::Malformed), "of no length");
        assert_eq!(Cbor::new(&[0xb8, 33]).map(), Err(Flaw::Malformed), "too many");
    }

    #[test]
    fn what_is_passed_over_has_an_end() {
        fn check(bytes: &[u8], expected: Result<usize, Flaw>) {
            let mut cbor = Cbor::new(bytes);
            assert_eq!(cbor.skip().map(|()| cbor.rest().len()), expected, "{bytes:02x?}");
        }
        // {"a": [1, h'02', {"b": true}], "c": null}, and one byte behind it.
        check(&[0xa2, 0x61, b'a', 0x83, 1, 0x41, 2, 0xa1, 0x61, b'b', 0xf5, 0x61, b'c', 0xf6, 9], Ok(1));
        check(&[0xa0], Ok(0));
        check(&[0x83, 1, 2], Err(Flaw::Malformed));
        check(&[0x9f, 0xff], Err(Flaw::Malformed));
        // A number with a fraction, a tag, a simple value that nobody knows.
        check(&[0xf9, 0x3c, 0], Err(Flaw::Malformed));
        check(&[0xc0, 0x61, b'a'], Err(Flaw::Malformed));
        check(&[0xe0], Err(Flaw::Malformed));
        check(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Err(Flaw::TooLong));
        check(&[0x81; 100_000], Err(Flaw::TooLong));
        check(&[&[0x98, 255][..], &[0; 255]].concat(), Ok(0));
        check(&[&[0x99, 1, 0][..], &[0; 256]].concat(), Err(Flaw::TooLong));
    }
}
