//! What the bare signature and its check cost, without JOSE around it.

use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair};

use crate::clock;
use crate::failure::{Doing, Failure};

/// As long as the signing input of an ordinary access token.
const MESSAGE: [u8; 320] = [0x5a; 320];

/// Slices that a figure is the median of.
const SLICES: usize = 5;

/// An algorithm with a fresh key: signs, and checks one signature with the parsed key.
pub(crate) struct Algorithm {
    pub(crate) name: &'static str,
    sign: Box<dyn Fn() -> Result<(), Failure>>,
    verify: Box<dyn Fn() -> Result<(), Failure>>,
}

/// Processor time of one operation in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) sign_us: f64,
    pub(crate) verify_us: f64,
}

impl Algorithm {
    /// Every algorithm the report has a row for. Keys are made here: RSA takes a moment.
    pub(crate) fn all() -> Result<Vec<Self>, Failure> {
        Ok(vec![
            ecdsa("es256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED)?,
            eddsa()?,
            ecdsa("es384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED)?,
            ecdsa("es512", &signature::ECDSA_P521_SHA512_FIXED_SIGNING, &signature::ECDSA_P521_SHA512_FIXED)?,
            rsa("rs256", &signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256)?,
            rsa("ps256", &signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256)?,
            hs256(),
        ])
    }

    /// Measures for about `duration`, half of it each, on the thread that calls.
    pub(crate) fn measure(&self, duration: Duration) -> Result<Cost, Failure> {
        Ok(Cost { sign_us: cost(&self.sign, duration / 2)?, verify_us: cost(&self.verify, duration / 2)? })
    }
}

/// The median over slices, each the mean over its operations.
pub(crate) fn cost(operation: &dyn Fn() -> Result<(), Failure>, duration: Duration) -> Result<f64, Failure> {
    let slice = duration / u32::try_from(SLICES + 1).unwrap_or(1);
    // The first slice warms the caches.
    mean(operation, slice)?;
    let mut means = Vec::with_capacity(SLICES);
    for _ in 0..SLICES {
        means.push(mean(operation, slice)?);
    }
    Ok(median(&mut means))
}

fn mean(operation: &dyn Fn() -> Result<(), Failure>, slice: Duration) -> Result<f64, Failure> {
    let start = clock::thread_processor_time();
    let mut count = 0_u32;
    loop {
        // Reading the clock costs less than a hundredth of sixteen operations of the cheapest kind that matters.
        for _ in 0..16 {
            operation()?;
        }
        count += 16;
        let spent = clock::thread_processor_time().saturating_sub(start);
        if spent >= slice {
            return Ok(spent.as_secs_f64() * 1e6 / f64::from(count));
        }
    }
}

/// The middle of `values`, the upper one of two; zero for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn ecdsa(
    name: &'static str,
    signing: &'static signature::EcdsaSigningAlgorithm,
    verification: &'static signature::EcdsaVerificationAlgorithm,
) -> Result<Algorithm, Failure> {
    let key = EcdsaKeyPair::generate(signing).doing("making an EC key")?;
    let random = dice();
    let known = key.sign(&random, &MESSAGE).doing("signing")?;
    let public = ParsedPublicKey::new(verification, key.public_key().as_ref()).doing("parsing an EC key")?;
    Ok(Algorithm {
        name,
        sign: Box::new(move || key.sign(&random, &MESSAGE).map(std::hint::black_box).map(drop).doing("signing")),
        verify: Box::new(move || public.verify_sig(&MESSAGE, known.as_ref()).doing("verifying")),
    })
}

fn eddsa() -> Result<Algorithm, Failure> {
    let key = Ed25519KeyPair::generate().doing("making an Ed25519 key")?;
    let known = key.sign(&MESSAGE);
    let public = ParsedPublicKey::new(&signature::ED25519, key.public_key().as_ref()).doing("parsing an Ed25519 key")?;
    Ok(Algorithm {
        name: "eddsa",
        sign: Box::new(move || {
            std::hint::black_box(key.sign(&MESSAGE));
            Ok(())
        }),
        verify: Box::new(move || public.verify_sig(&MESSAGE, known.as_ref()).doing("verifying")),
    })
}

fn rsa(
    name: &'static str,
    signing: &'static dyn signature::RsaEncoding,
    verification: &'static signature::RsaParameters,
) -> Result<Algorithm, Failure> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).doing("making an RSA key")?;
    let random = dice();
    let mut known = vec![0; key.public_modulus_len()];
    key.sign(signing, &random, &MESSAGE, &mut known).doing("signing")?;
    let public = ParsedPublicKey::new(verification, key.public_key().as_ref()).doing("parsing an RSA key")?;
    Ok(Algorithm {
        name,
        sign: Box::new(move || {
            let mut made = vec![0; key.public_modulus_len()];
            key.sign(signing, &random, &MESSAGE, &mut made).doing("signing")?;
            std::hint::black_box(made);
            Ok(())
        }),
        verify: Box::new(move || public.verify_sig(&MESSAGE, &known).doing("verifying")),
    })
}

/// Chance for what a bench makes.
#[expect(clippy::disallowed_types, reason = "a bench makes signatures and tokens of no worth")]
pub(crate) fn dice() -> impl SecureRandom {
    aws_lc_rs::rand::SystemRandom::new()
}

fn hs256() -> Algorithm {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let known = hmac::sign(&key, &MESSAGE);
    let verifier = key.clone();
    Algorithm {
        name: "hs256",
        sign: Box::new(move || {
            std::hint::black_box(hmac::sign(&key, &MESSAGE));
            Ok(())
        }),
        verify: Box::new(move || hmac::verify(&verifier, &MESSAGE, known.as_ref()).doing("verifying")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_signs_and_checks() {
        for algorithm in Algorithm::all().expect("keys") {
            let cost = algorithm.measure(Duration::from_millis(12)).expect(algorithm.name);
            assert!(cost.sign_us > 0.01 && cost.verify_us > 0.01, "{}: {cost:?}", algorithm.name);
        }
    }

    #[test]
    fn medians() {
        for (values, expected) in [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0], 4.0)] {
            assert_eq!(median(&mut values.clone()), expected, "{values:?}");
        }
    }
}
