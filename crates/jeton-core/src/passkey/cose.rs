//! Public keys as authenticators write them (RFC 9052 section 7, RFC 9053, RFC 8230): of three kinds, and of the form that CTAP2 writes alone.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

use super::cbor::Cbor;
use super::flaw::Flaw;

/// The algorithms that are taken, in the order in which they are preferred: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// The labels of a key, of those that have a curve, and of those of RSA.
const KTY: i64 = 1;
const ALG: i64 = 3;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const N: i64 = -1;
const E: i64 = -2;

const KTY_OKP: i64 = 1;
const KTY_EC2: i64 = 2;
const KTY_RSA: i64 = 3;
const CRV_P256: i64 = 1;
const CRV_ED25519: i64 = 6;
/// 65537: every authenticator takes it.
const EXPONENT: &[u8] = &[1, 0, 1];
/// The bytes of 2,048 to 4,096 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// A public key.
#[derive(Debug)]
pub(super) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Reads one; what follows it is left. Labels stand in the order that CTAP2 canonical CBOR gives them, and no other stands between them.
    pub(super) fn read(cbor: &mut Cbor<'_>) -> Result<PublicKey, Flaw> {
        let pairs = cbor.map()?;
        let (kty, alg) = (labelled(cbor, KTY, Cbor::integer)?, labelled(cbor, ALG, Cbor::integer)?);
        let key = match (kty, alg, pairs) {
            (KTY_EC2, ES256, 5) => {
                let curve = labelled(cbor, CRV, Cbor::integer)?;
                let (x, y) = (labelled(cbor, X, Cbor::bytes)?, labelled(cbor, Y, Cbor::bytes)?);
                if (curve, x.len(), y.len()) != (CRV_P256, 32, 32) {
                    return Err(Flaw::Key);
                }
                // SEC 1 section 2.3.3: 4 announces an uncompressed point. The library checks that it is on the curve.
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, [&[4], x, y].concat())
            }
            (KTY_OKP, EDDSA, 4) => {
                let (curve, x) = (labelled(cbor, CRV, Cbor::integer)?, labelled(cbor, X, Cbor::bytes)?);
                if (curve, x.len()) != (CRV_ED25519, 32) {
                    return Err(Flaw::Key);
                }
                ParsedPublicKey::new(&ED25519, x)
            }
            (KTY_RSA, RS256, 4) => {
                let (n, e) = (labelled(cbor, N, Cbor::bytes)?, labelled(cbor, E, Cbor::bytes)?);
                if !MODULUS_BYTES.contains(&n.len()) || n.first().is_none_or(|first| first.leading_zeros() > 0) || e != EXPONENT {
                    return Err(Flaw::Key);
                }
                return RsaPublicKeyComponents { n, e }
                    .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                    .map(PublicKey)
                    .map_err(|_| Flaw::Key);
            }
            _ => return Err(Flaw::Key),
        };
        key.map(PublicKey).map_err(|_| Flaw::Key)
    }

    /// The one that was kept.
    pub(super) fn kept(bytes: &[u8]) -> Result<PublicKey, Flaw> {
        let mut cbor = Cbor::new(bytes);
        let key = PublicKey::read(&mut cbor)?;
        if cbor.rest().is_empty() { Ok(key) } else { Err(Flaw::Malformed) }
    }

    /// Whether it signed this (WebAuthn section 6.5.5: ECDSA in ASN.1, RSA by PKCS #1 version 1.5).
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Flaw> {
        self.0.verify_sig(message, signature).map_err(|_| Flaw::Signature)
    }
}

fn labelled<'b, T>(cbor: &mut Cbor<'b>, label: i64, read: impl Fn(&mut Cbor<'b>) -> Result<T, Flaw>) -> Result<T, Flaw> {
    if cbor.integer()? == label { read(cbor) } else { Err(Flaw::Key) }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jeton_jose::Algorithm;
    use jeton_jose::jwk::{RsaSize, SigningKey};

    use super::*;

    /// {1: kty, 3: alg, …}.
    fn written(pairs: u8, kty: u8, alg: &[u8], rest: &[u8]) -> Vec<u8> {
        [&[0xa0 | pairs, 1, kty, 3], alg, rest].concat()
    }

    fn number(key: &SigningKey, member: &str) -> Vec<u8> {
        let jwk: serde_json::Value = serde_json::from_str(&key.to_jwk().unwrap().to_json()).unwrap();
        URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap()
    }

    fn of_curve(key: &SigningKey) -> Vec<u8> {
        let (x, y) = (number(key, "x"), number(key, "y"));
        written(5, 2, &[0x26], &[&[0x20, 1, 0x21, 0x58, 32], &x[..], &[0x22, 0x58, 32], &y].concat())
    }

    /// A signature of JOSE as WebAuthn has it: two integers in ASN.1.
    fn der(signature: &[u8]) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let short: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
            let sign = short.first().is_some_and(|first| *first >= 0x80).then_some(0);
            let number: Vec<u8> = sign.into_iter().chain(short).collect();
            [&[2, u8::try_from(number.len()).unwrap()], &number[..]].concat()
        };
        let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
        [&[0x30, u8::try_from(both.len()).unwrap()], &both[..]].concat()
    }

    #[test]
    fn each_kind_verifies_what_its_key_signed() {
        let check = |key: &[u8], signature: &[u8]| {
            let key = PublicKey::kept(key).unwrap();
            assert_eq!(key.verify(b"message", signature), Ok(()));
            assert_eq!(key.verify(b"another", signature), Err(Flaw::Signature));
            assert_eq!(key.verify(b"message", &signature[1..]), Err(Flaw::Signature));
            assert_eq!(key.verify(b"message", &[]), Err(Flaw::Signature));
        };
        let pair = SigningKey::generate(Algorithm::Es256).unwrap();
        check(&of_curve(&pair), &der(&pair.sign(b"message").unwrap()));
        let pair = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let key = written(4, 1, &[0x27], &[&[0x20, 6, 0x21, 0x58, 32], &number(&pair, "x")[..]].concat());
        check(&key, &pair.sign(b"message").unwrap());
        let pair = SigningKey::generate_rsa(Algorithm::Rs256, RsaSize::Bits2048).unwrap();
        let n = number(&pair, "n");
        let key = written(4, 3, &[0x39, 1, 0], &[&[0x20, 0x59, 1, 0], &n[..], &[0x21, 0x43, 1, 0, 1]].concat());
        check(&key, &pair.sign(b"message").unwrap());
    }

    #[test]
    fn no_other_key_is_taken() {
        let good = of_curve(&SigningKey::generate(Algorithm::Es256).unwrap());
        let check = |key: &[u8], expected: Flaw| assert_eq!(PublicKey::kept(key).err(), Some(expected), "{key:02x?}");
        for length in 0..good.len() {
            check(&good[..length], Flaw::Malformed);
        }
        check(&[&good[..], &[0]].concat(), Flaw::Malformed);
        let changed = |place: usize, byte: u8| {
            let mut key = good.clone();
            key[place] = byte;
            key
        };
        // Another number of pairs, kind, algorithm, curve, label, and a point that is not on the curve.
        for (place, byte) in [(0, 0xa4), (2, 1), (4, 0x27), (4, 0x38), (6, 2), (7, 0x22), (20, good[20] ^ 1)] {
            assert!(PublicKey::kept(&changed(place, byte)).is_err(), "{place} {byte:02x}");
        }
        // A short modulus, one with a zero before it, another exponent.
        let of_rsa = |n: &[u8], e: &[u8]| {
            let length = u16::try_from(n.len()).unwrap().to_be_bytes();
            written(4, 3, &[0x39, 1, 0], &[&[0x20, 0x59], &length[..], n, &[0x21, 0x40 | u8::try_from(e.len()).unwrap()], e].concat())
        };
        check(&of_rsa(&[0xff; 255], EXPONENT), Flaw::Malformed);
        check(&of_rsa(&[0x7f; 256], EXPONENT), Flaw::Key);
        check(&of_rsa(&[0xff; 513], EXPONENT), Flaw::Key);
        check(&of_rsa(&[0xff; 256], &[3]), Flaw::Key);
    }
}
