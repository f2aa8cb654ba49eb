//! Proof Key for Code Exchange (RFC 7636): the application keeps a verifier and sends its hash ahead. Only `S256` is offered.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_token::Secret;
use subtle::ConstantTimeEq as _;

/// The only `code_challenge_method` there is: `plain` would show the verifier to whoever sees the request.
pub const METHOD: &str = "S256";

/// The SHA-256 of a verifier, sent with the authorization request (RFC 7636 section 4.2). It is no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Reads a challenge: 43 characters of base64url, the last without bits to spare.
    ///
    /// # Errors
    /// The text is no SHA-256 in base64url.
    pub fn parse(text: &str) -> Result<Self, NotAChallenge> {
        // Longer texts are allowed by the grammar, and no SHA-256.
        if text.len() != 43 {
            return Err(NotAChallenge);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAChallenge)?;
        <[u8; 32]>::try_from(bytes).map(Self).map_err(|_| NotAChallenge)
    }

    /// The challenge as it is sent and stored.
    #[must_use]
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({self})")
    }
}

/// What the application kept to itself, and sends with the code (RFC 7636 section 4.1): 43 to 128 unreserved characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier(Secret);

impl Verifier {
    /// The fewest characters.
    pub const MIN_LEN: usize = 43;
    /// The most characters.
    pub const MAX_LEN: usize = 128;

    /// Reads a verifier.
    ///
    /// # Errors
    /// The text is too short, too long, or has a character that may not stand.
    pub fn parse(text: &str) -> Result<Self, NotAVerifier> {
        let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let fine = (Self::MIN_LEN..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(may_stand);
        if fine { Ok(Self(text.into())) } else { Err(NotAVerifier) }
    }

    /// The challenge of this verifier: SHA-256 of its text.
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        let hash = digest::digest(&digest::SHA256, self.0.expose().as_bytes());
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        Challenge(bytes)
    }

    /// Whether this verifier is the one the challenge was made of, in constant time (RFC 7636 section 4.6).
    #[must_use]
    pub fn answers(&self, challenge: &Challenge) -> bool {
        self.challenge().0.ct_eq(&challenge.0).into()
    }
}

/// The text is no challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAChallenge;

impl fmt::Display for NotAChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("code_challenge must be the SHA-256 of the verifier: 43 characters of base64url without padding")
    }
}

impl std::error::Error for NotAChallenge {}

/// The text is no verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVerifier;

impl fmt::Display for NotAVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("code_verifier must be 43 to 128 of the characters A-Z a-z 0-9 - . _ ~")
    }
}

impl std::error::Error for NotAVerifier {}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_standard() {
        let verifier = Verifier::parse(VERIFIER).unwrap();
        assert_eq!(verifier.challenge().to_text(), CHALLENGE);
        assert!(verifier.answers(&Challenge::parse(CHALLENGE).unwrap()));
        let other = Verifier::parse(&VERIFIER.replace('d', "e")).unwrap();
        assert!(!other.answers(&Challenge::parse(CHALLENGE).unwrap()));
    }

    #[test]
    fn challenges() {
        fn check(text: &str, expected: bool) {
            assert_eq!(Challenge::parse(text).map(Challenge::to_text).ok(), expected.then(|| text.to_owned()), "{text:?}");
        }
        check(CHALLENGE, true);
        check(&"A".repeat(43), true);
        check("", false);
        check(&CHALLENGE[1..], false);
        check(&format!("{CHALLENGE}A"), false);
        check(&format!("{CHALLENGE}="), false);
        check(&CHALLENGE.replace('-', "+"), false);
        check(&CHALLENGE.replace('-', "."), false);
        check(&CHALLENGE.replace('-', " "), false);
        // Two bits that stand for nothing: a second text of one hash.
        check(&format!("{}N", &CHALLENGE[..42]), false);
        check(&"A".repeat(128), false);
        check(&format!("{}é", "A".repeat(41)), false);
    }

    #[test]
    fn verifiers() {
        fn check(text: &str, expected: bool) {
            assert_eq!(Verifier::parse(text).is_ok(), expected, "{text:?}");
        }
        check(VERIFIER, true);
        check(&"~".repeat(43), true);
        check(&"a.b_c-d~".repeat(16), true);
        check(&"a".repeat(42), false);
        check(&"a".repeat(129), false);
        check(&format!("{} ", "a".repeat(43)), false);
        check(&format!("{}+", "a".repeat(43)), false);
        check(&"é".repeat(43), false);
        check("", false);
    }

    #[test]
    fn debug_shows_no_verifier() {
        assert_eq!(format!("{:?}", Verifier::parse(VERIFIER).unwrap()), "Verifier([redacted])");
    }
}
