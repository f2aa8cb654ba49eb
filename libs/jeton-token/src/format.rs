//! The text of a token: parsed without a key, checked with one, minted.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::base62::{self, BODY_DIGITS, BODY_LEN, CHECKSUM_DIGITS, NotBase62};
use crate::id::TokenId;
use crate::kind::{Environment, Kind};
use crate::prefix::Prefix;
use crate::secret::{BodyBytes, CheckKey, ClearToken, SecretBytes};

/// No token is longer than this many bytes; longer text is refused before any work.
pub const MAX_TOKEN_LEN: usize = 128;

/// The version of the format that is minted.
pub const VERSION: u8 = 1;

/// How many bytes of the secret of a refresh token are no counter.
pub const COUNTED_SECRET_LEN: usize = 16;

const CHECK_LEN: usize = 6;
const CHECKED_LEN: usize = BODY_LEN - CHECK_LEN;
const SECRET_START: usize = CHECKED_LEN - SecretBytes::LEN;
const MESSAGE_LEN: usize = CHECKED_LEN + 2 + Prefix::MAX_LEN;
const TEST: &[u8] = b"test_";

/// What a token says about itself in public: everything but its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Whose token it is.
    pub prefix: Prefix,
    /// Whether it may touch what is real.
    pub environment: Environment,
    /// What it is for.
    pub kind: Kind,
    /// The epoch of the root key that its check and its stored hash are under.
    pub epoch: u16,
    /// Its public handle.
    pub id: TokenId,
}

impl Label {
    /// Mints the token of this label. The same label, secret and key always give the same text.
    #[must_use]
    pub fn mint(&self, secret: &SecretBytes, key: &CheckKey) -> ClearToken {
        let mut body = BodyBytes::new([0; BODY_LEN]);
        let id = self.id.to_bytes();
        let public = [VERSION].into_iter().chain(self.epoch.to_be_bytes()).chain(id);
        for (to, from) in body.iter_mut().zip(public.chain(secret.expose().iter().copied())) {
            *to = from;
        }
        let check = self.keyed_check(&body, key);
        for (to, from) in body.iter_mut().skip(CHECKED_LEN).zip(check) {
            *to = from;
        }
        // Room for the longest token at once: growing would leave copies of the secret behind.
        let mut text = String::with_capacity(MAX_TOKEN_LEN);
        text.push_str(self.prefix.as_str());
        text.push_str(match self.environment {
            Environment::Live => "_",
            Environment::Test => "_test_",
        });
        text.push_str(self.kind.as_str());
        text.push('_');
        base62::encode_body(&body, &mut text);
        base62::encode_checksum(crc32fast::hash(text.as_bytes()), &mut text);
        ClearToken::new(text)
    }

    /// Mints a refresh token of this label, whatever kind that says: its secret begins with how often it was rotated, so that of
    /// a text it is known which one of its family it is. The same label, counter, secret and key always give the same text.
    #[must_use]
    pub fn mint_counted(&self, counter: u32, secret: &[u8; COUNTED_SECRET_LEN], key: &CheckKey) -> ClearToken {
        let mut bytes = Zeroizing::new([0; SecretBytes::LEN]);
        for (to, from) in bytes.iter_mut().zip(counter.to_be_bytes().iter().chain(secret)) {
            *to = *from;
        }
        Self { kind: Kind::RefreshToken, ..*self }.mint(&SecretBytes::new(*bytes), key)
    }

    /// The first bytes of the HMAC over body, environment, kind and prefix; only the last has no fixed length.
    fn keyed_check(&self, body: &[u8; BODY_LEN], key: &CheckKey) -> [u8; CHECK_LEN] {
        let mut message = Zeroizing::new([0_u8; MESSAGE_LEN]);
        let tags = [self.environment.tag(), self.kind.tag()];
        let prefix = self.prefix.as_bytes();
        let input = body.iter().take(CHECKED_LEN).chain(&tags).chain(prefix);
        for (to, from) in message.iter_mut().zip(input) {
            *to = *from;
        }
        let tag = key.sign(message.get(..CHECKED_LEN + tags.len() + prefix.len()).unwrap_or_default());
        let mut check = [0; CHECK_LEN];
        for (to, from) in check.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        check
    }
}

/// A well-formed token: its checksum holds. Whether it was ever issued is another question.
pub struct Token {
    label: Label,
    body: BodyBytes,
}

impl Token {
    /// Reads the text of a token of this prefix, checking all that needs no key, its checksum included.
    ///
    /// # Errors
    /// The text is not the one text of a token; longer text than [`MAX_TOKEN_LEN`] is refused unread.
    pub fn parse(text: &str, prefix: &Prefix) -> Result<Self, Malformed> {
        Self::parse_bytes(text.as_bytes(), prefix)
    }

    pub(crate) fn parse_bytes(text: &[u8], prefix: &Prefix) -> Result<Self, Malformed> {
        if text.len() > MAX_TOKEN_LEN {
            return Err(Malformed::TooLong);
        }
        let rest = text.strip_prefix(prefix.as_bytes()).and_then(|rest| rest.strip_prefix(b"_")).ok_or(Malformed::Prefix)?;
        let Head { environment, kind, rest: digits } = Head::split(rest).ok_or(Malformed::Kind)?;
        let (body_digits, checksum_digits) = digits.split_first_chunk::<BODY_DIGITS>().ok_or(Malformed::Length)?;
        let checksum_digits: &[u8; CHECKSUM_DIGITS] = checksum_digits.try_into().map_err(|_| Malformed::Length)?;
        let checksum = base62::decode_checksum(checksum_digits)?;
        let (summed, _) = text.split_last_chunk::<CHECKSUM_DIGITS>().ok_or(Malformed::Length)?;
        if crc32fast::hash(summed) != checksum {
            return Err(Malformed::Checksum);
        }
        let mut body = BodyBytes::new([0; BODY_LEN]);
        base62::decode_body(body_digits, &mut body)?;
        let (version, epoch, id) = public_part(&body);
        if version != VERSION {
            return Err(Malformed::Version);
        }
        Ok(Self { label: Label { prefix: *prefix, environment, kind, epoch, id }, body })
    }

    /// What the token says about itself in public.
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// Whether it may touch what is real.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.label.environment
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.label.kind
    }

    /// The version of its format.
    #[must_use]
    pub const fn version(&self) -> u8 {
        VERSION
    }

    /// The epoch of the root key whose check key it wants.
    #[must_use]
    pub const fn epoch(&self) -> u16 {
        self.label.epoch
    }

    /// Its public handle.
    #[must_use]
    pub const fn id(&self) -> TokenId {
        self.label.id
    }

    /// How often a refresh token had been rotated when this one was minted; other kinds have no counter. Until the keyed check
    /// and [`Token::secret_matches`] hold, it is what the text claims.
    #[must_use]
    pub fn counter(&self) -> Option<u32> {
        let (_, secret) = self.body.split_at(SECRET_START);
        let (counter, _) = secret.split_first_chunk::<4>()?;
        (self.label.kind == Kind::RefreshToken).then_some(u32::from_be_bytes(*counter))
    }

    /// Whether the secret behind the counter of a refresh token is this one, in constant time; of other kinds it never is.
    #[must_use]
    pub fn secret_matches(&self, secret: &[u8; COUNTED_SECRET_LEN]) -> bool {
        let (_, given) = self.body.split_at(CHECKED_LEN - COUNTED_SECRET_LEN);
        let Some((given, _)) = given.split_first_chunk::<COUNTED_SECRET_LEN>() else { return false };
        self.label.kind == Kind::RefreshToken && bool::from(given.ct_eq(secret))
    }

    /// Whether this installation minted it, as far as 48 bits tell; in constant time. A `false` needs no read of the store.
    #[must_use]
    pub fn check(&self, key: &CheckKey) -> bool {
        let expected = self.label.keyed_check(&self.body, key);
        let (_, given) = self.body.split_at(CHECKED_LEN);
        given.ct_eq(&expected).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("label", &self.label).finish_non_exhaustive()
    }
}

/// What stands between the prefix and the digits: `[test_]<kind>_`.
pub(crate) struct Head<'t> {
    environment: Environment,
    kind: Kind,
    /// Everything after it.
    pub(crate) rest: &'t [u8],
}

impl<'t> Head<'t> {
    /// Splits it off the text after `<prefix>_`.
    pub(crate) fn split(text: &'t [u8]) -> Option<Self> {
        let (environment, text) = match text.strip_prefix(TEST) {
            Some(rest) => (Environment::Test, rest),
            None => (Environment::Live, text),
        };
        // No kind is longer than three characters.
        let end = text.iter().take(4).position(|byte| *byte == b'_')?;
        let (kind, rest) = text.split_at_checked(end)?;
        Some(Self { environment, kind: Kind::from_bytes(kind)?, rest: rest.get(1..)? })
    }
}

fn public_part(body: &[u8; BODY_LEN]) -> (u8, u16, TokenId) {
    let mut id = [0; 16];
    let [version, high, low, rest @ ..] = body;
    for (to, from) in id.iter_mut().zip(rest) {
        *to = *from;
    }
    let public = (*version, u16::from_be_bytes([*high, *low]), TokenId::from_bytes(id));
    id.zeroize();
    public
}

/// Why text is no token. Says nothing about the text's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Longer than [`MAX_TOKEN_LEN`].
    TooLong,
    /// Does not start with the prefix and `_`.
    Prefix,
    /// The kind is unknown or missing.
    Kind,
    /// Too few or too many characters after the kind.
    Length,
    /// A character that is no base62 digit.
    Digit,
    /// Digits that stand for no bytes.
    Overflow,
    /// The checksum does not hold: mistyped, cut or altered.
    Checksum,
    /// A version of the format that is not known here.
    Version,
}

impl From<NotBase62> for Malformed {
    fn from(error: NotBase62) -> Self {
        match error {
            NotBase62::Digit => Self::Digit,
            NotBase62::Overflow => Self::Overflow,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "longer than any token",
            Self::Prefix => "another prefix",
            Self::Kind => "no known kind of token",
            Self::Length => "cut off or too long",
            Self::Digit => "a character that no token holds",
            Self::Overflow => "digits that no token holds",
            Self::Checksum => "mistyped, cut or altered: the checksum does not hold",
            Self::Version => "a newer format",
        })
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 16] = [0x5a; 16];

    fn label(kind: Kind) -> Label {
        Label { prefix: Prefix::default(), environment: Environment::Live, kind, epoch: 7, id: TokenId::from_bytes(ID) }
    }

    fn key() -> CheckKey {
        CheckKey::new(&[9; 32])
    }

    fn sample() -> ClearToken {
        label(Kind::AccessToken).mint(&SecretBytes::new([0xc3; 20]), &key())
    }

    /// A small generator of test data (splitmix64).
    struct Dice(u64);

    impl Dice {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        }

        fn bytes<const N: usize>(&mut self) -> [u8; N] {
            std::array::from_fn(|_| (self.next() >> 56) as u8)
        }

        fn below(&mut self, end: usize) -> usize {
            (self.next() % end as u64) as usize
        }

        fn prefix(&mut self) -> Prefix {
            let len = 3 + self.below(14);
            let text: String = (0..len).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[self.below(36)])).collect();
            Prefix::parse(&text).unwrap()
        }

        fn label(&mut self) -> Label {
            Label {
                prefix: self.prefix(),
                environment: if self.below(2) == 0 { Environment::Live } else { Environment::Test },
                kind: Kind::ALL[self.below(10)],
                epoch: self.next() as u16,
                id: TokenId::from_bytes(self.bytes()),
            }
        }
    }

    #[test]
    fn vector() {
        // Computed by a second implementation, in another language.
        let token = sample();
        assert_eq!(token.expose(), VECTOR);
        assert!(Token::parse(VECTOR, &Prefix::default()).unwrap().check(&key()));
    }

    const VECTOR: &str = "jtn_at_05K3ogYFMde7kwgft5p2Xy7kwgnrHMHlTGo39nQMwvBbGo39nQMwv8b8c6bjp13s0LNg";

    #[test]
    fn counted_vectors() {
        fn check(counter: u32, expected: &str) {
            // Whatever kind the label says.
            let token = label(Kind::ApiKey).mint_counted(counter, &[0xc3; 16], &key());
            assert_eq!(token.expose(), expected, "{counter}");
            let parsed = Token::parse(expected, &Prefix::default()).unwrap();
            assert!(parsed.check(&key()) && parsed.kind() == Kind::RefreshToken);
            assert_eq!(parsed.counter(), Some(counter));
            assert!(parsed.secret_matches(&[0xc3; 16]) && !parsed.secret_matches(&[0xc2; 16]));
        }
        // Computed by a second implementation, in another language.
        check(0, "jtn_rt_05K3ogYFMde7kwgft5p2Xy7kwgZ3VMXq7Go39nQMwvBbGo39nQMwv8aGQ1vmYG1Fku5u");
        check(1, "jtn_rt_05K3ogYFMde7kwgft5p2Xy7kwgZ3VMXuFGo39nQMwvBbGo39nQMwvCI8hsvH260Q756L");
        check(0x0102_0304, "jtn_rt_05K3ogYFMde7kwgft5p2Xy7kwgZ8EJPUJGo39nQMwvBbGo39nQMwvBl2X4iC66195yVG");
        check(u32::MAX, "jtn_rt_05K3ogYFMde7kwgft5p2Xy7kwgsPffHaVGo39nQMwvBbGo39nQMwv8dDdDr54K1tsrKi");
    }

    #[test]
    fn only_refresh_tokens_are_counted() {
        for kind in Kind::ALL {
            let mut secret = [7; 20];
            secret[..4].copy_from_slice(&9_u32.to_be_bytes());
            let text = label(kind).mint(&SecretBytes::new(secret), &key());
            let parsed = Token::parse(text.expose(), &Prefix::default()).unwrap();
            assert_eq!(parsed.counter(), (kind == Kind::RefreshToken).then_some(9), "{kind}");
            assert_eq!(parsed.secret_matches(&[7; 16]), kind == Kind::RefreshToken, "{kind}");
            for position in 0..16 {
                let mut other = [7; 16];
                other[position] ^= 1;
                assert!(!parsed.secret_matches(&other), "{kind} {position}");
            }
        }
    }

    #[test]
    fn round_trip() {
        for seed in 0..2_000 {
            let mut dice = Dice(seed);
            let (label, secret, key) = (dice.label(), dice.bytes(), CheckKey::new(&dice.bytes()));
            let token = label.mint(&SecretBytes::new(secret), &key);
            let parsed = Token::parse(token.expose(), &label.prefix).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert_eq!(parsed.label(), &label, "seed {seed}");
            assert!(parsed.check(&key), "seed {seed}");
            assert!(!parsed.check(&CheckKey::new(&dice.bytes())), "seed {seed}");
            assert!(token.expose().len() <= MAX_TOKEN_LEN);
        }
    }

    #[test]
    fn every_single_character_change_is_refused() {
        for seed in 0..4 {
            let mut dice = Dice(seed);
            let label = dice.label();
            let token = label.mint(&SecretBytes::new(dice.bytes()), &key());
            for position in 0..token.expose().len() {
                for byte in 0..=0x7f_u8 {
                    let mut altered = token.expose().as_bytes().to_vec();
                    if std::mem::replace(&mut altered[position], byte) == byte {
                        continue;
                    }
                    let altered = String::from_utf8(altered).unwrap();
                    assert!(Token::parse(&altered, &label.prefix).is_err(), "seed {seed}, {byte:#04x} at {position}");
                }
            }
        }
    }

    #[test]
    fn cut_and_extended_text_is_refused() {
        for seed in 0..50 {
            let mut dice = Dice(seed);
            let label = dice.label();
            let token = label.mint(&SecretBytes::new(dice.bytes()), &key());
            let text = token.expose();
            for cut in 0..text.len() {
                assert!(Token::parse(&text[..cut], &label.prefix).is_err(), "seed {seed}, cut to {cut}");
                assert!(Token::parse(&text[cut + 1..], &label.prefix).is_err(), "seed {seed}, from {}", cut + 1);
            }
            for more in ["0", "A", " ", "\n", "_", "=", "\0", "é"] {
                assert!(Token::parse(&format!("{text}{more}"), &label.prefix).is_err(), "seed {seed}, {more:?} after");
                assert!(Token::parse(&format!("{more}{text}"), &label.prefix).is_err(), "seed {seed}, {more:?} before");
            }
            let (left, right) = text.split_at(dice.below(text.len()));
            assert!(Token::parse(&format!("{left}0{right}"), &label.prefix).is_err(), "seed {seed}");
        }
    }

    #[test]
    fn two_characters_swapped_are_refused() {
        let token = sample();
        for left in 0..token.expose().len() {
            for right in left + 1..token.expose().len() {
                let mut bytes = token.expose().as_bytes().to_vec();
                bytes.swap(left, right);
                if bytes != token.expose().as_bytes() {
                    let swapped = String::from_utf8(bytes).unwrap();
                    assert!(Token::parse(&swapped, &Prefix::default()).is_err(), "{left} and {right}");
                }
            }
        }
    }

    #[test]
    fn prefixes_kinds_and_environments_are_bound_by_the_check() {
        // With the CRC made right again, only the keyed check is left to object.
        let (key, secret) = (key(), SecretBytes::new([1; 20]));
        let honest = label(Kind::AccessToken);
        let digits = honest.mint(&secret, &key).expose()[7..7 + BODY_DIGITS].to_owned();
        let heads = [("jtn", "jtn_rt_"), ("jtn", "jtn_test_at_"), ("jto", "jto_at_"), ("jtnx", "jtnx_at_"), ("jtn", "jtn_key_")];
        for (prefix, head) in heads {
            let mut forged = format!("{head}{digits}");
            base62::encode_checksum(crc32fast::hash(forged.as_bytes()), &mut forged);
            let parsed = Token::parse(&forged, &Prefix::parse(prefix).unwrap()).unwrap();
            assert_eq!(parsed.id(), honest.id);
            assert!(!parsed.check(&key), "{head}");
        }
    }

    #[test]
    fn prefixes_cannot_be_confused() {
        for seed in 0..500 {
            let mut dice = Dice(seed);
            let (label, other) = (dice.label(), dice.prefix());
            let token = label.mint(&SecretBytes::new(dice.bytes()), &key());
            if other != label.prefix {
                assert_eq!(Token::parse(token.expose(), &other).unwrap_err(), Malformed::Prefix, "seed {seed}");
            }
            let shorter = &label.prefix.as_str()[..label.prefix.as_str().len() - 1];
            if let Ok(shorter) = Prefix::parse(shorter) {
                assert_eq!(Token::parse(token.expose(), &shorter).unwrap_err(), Malformed::Prefix, "seed {seed}");
            }
        }
    }

    #[test]
    fn refusals_say_why() {
        fn check(text: &str, expected: Malformed) {
            assert_eq!(Token::parse(text, &Prefix::default()).unwrap_err(), expected, "{text:?}");
        }
        let token = sample();
        let digits = &token.expose()[7..];
        check("", Malformed::Prefix);
        check("jtn", Malformed::Prefix);
        check("jtn_", Malformed::Kind);
        check("jtn_at", Malformed::Kind);
        check("jtn_at_", Malformed::Length);
        check("jtn_test_", Malformed::Kind);
        check("jtn_test_test_at_", Malformed::Kind);
        check(&format!("jtn_xx_{digits}"), Malformed::Kind);
        check(&format!("jtn_AT_{digits}"), Malformed::Kind);
        check(&format!("JTN_at_{digits}"), Malformed::Prefix);
        check(&format!("jtn_at_{digits}0"), Malformed::Length);
        check(&format!("jtn_at_{}", &digits[1..]), Malformed::Length);
        check(&format!("jtn_rt_{digits}"), Malformed::Checksum);
        check(&format!("jtn_at_{}_____-", &digits[..BODY_DIGITS]), Malformed::Digit);
        check(&format!("jtn_at_{}zzzzzz", &digits[..BODY_DIGITS]), Malformed::Overflow);
        check(&"j".repeat(129), Malformed::TooLong);
        check(&"é".repeat(70), Malformed::TooLong);
        for (body, expected) in [("z".repeat(BODY_DIGITS), Malformed::Overflow), ("0".repeat(BODY_DIGITS), Malformed::Version)] {
            let mut text = format!("jtn_at_{body}");
            base62::encode_checksum(crc32fast::hash(text.as_bytes()), &mut text);
            check(&text, expected);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Token::parse(sample().expose(), &Prefix::default()).unwrap());
        assert!(shown.contains("5a5a5a5a") && !shown.contains("195"), "{shown}");
    }
}
