//! Keys, tokens, claims and the strict JSON under them.

use jeton_jose::json::{self, Limits};
use jeton_jose::jwk::{Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys};
use jeton_jose::jws::{self, MAX_TOKEN_BYTES, Signer, Unverified, Verified};
use jeton_jose::jwt::{AccessTokenClaims, Claims, Validation};
use jeton_jose::{Algorithm, base64url};
use std::sync::{Arc, LazyLock};

/// A genuine token, and the keys that check it. Ed25519 is quick and signs the same content always alike.
static GENUINE: LazyLock<Option<(String, VerifyingKeys)>> = LazyLock::new(|| {
    let key = SigningKey::from_private_bytes(Algorithm::EdDsa, &PRIVATE_KEY).ok()?;
    let keys = VerifyingKeys::new(vec![key.verifying_key().ok()?]).ok()?;
    let token = Signer::new(Arc::new(key), "at+jwt").sign(br#"{"iss":"a","aud":"b","exp":2000000000}"#).ok()?;
    Some((token, keys))
});

/// PKCS#8 of an Ed25519 key whose seed is 32 times 7: worthless, and the same in every run.
const PRIVATE_KEY: [u8; 48] = {
    let mut key = [7; 48];
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let mut index = 0;
    while index < head.len() {
        #[expect(clippy::indexing_slicing, reason = "both are longer than the index, and the compiler runs this")]
        {
            key[index] = head[index];
        }
        index += 1;
    }
    key
};

/// [`jws::verify`] and [`Unverified::parse`]: a token has one spelling, and nothing but the genuine token passes.
pub fn jws(data: &[u8]) {
    let Some((genuine, keys)) = &*GENUINE else { unusable() };
    assert!(jws::verify(genuine, keys, MAX_TOKEN_BYTES).is_ok());
    let mut mutated = genuine.clone().into_bytes();
    let mut changes = data.iter();
    while let (Some(place), Some(more), Some(change)) = (changes.next(), changes.next(), changes.next()) {
        let place = usize::from(u16::from_be_bytes([*place, *more])) % mutated.len();
        if let Some(byte) = mutated.get_mut(place) {
            *byte ^= change & 0x7f;
        }
    }
    for text in [String::from_utf8_lossy(&mutated), String::from_utf8_lossy(data)] {
        let accepted = jws::verify(&text, keys, MAX_TOKEN_BYTES).is_ok();
        assert_eq!(accepted, text == genuine.as_str());
        if let Ok(unverified) = Unverified::parse(&text, MAX_TOKEN_BYTES) {
            assert!(text.len() <= MAX_TOKEN_BYTES);
            assert_eq!(text.split('.').nth(1), Some(&*base64url::encode(unverified.untrusted_payload())));
            assert_eq!(text.split('.').count(), 3);
        }
    }
}

/// [`Jwk::parse`], [`JwkSet::parse`] and [`SigningKey::from_jwk`]: what is read prints and reads again as the same, and holds no secret.
pub fn jwk(data: &[u8]) {
    if let Ok(jwk) = Jwk::parse(data) {
        let text = jwk.to_json();
        assert!(!text.contains("\"d\":") && !text.contains("\"k\":"));
        assert_eq!(Jwk::parse(text.as_bytes()).as_ref(), Ok(&jwk));
        let fitting: Vec<VerifyingKey> =
            Algorithm::ALL.into_iter().filter_map(|algorithm| VerifyingKey::from_jwk(&jwk, Some(algorithm)).ok()).collect();
        for key in fitting {
            assert!(!key.algorithm().is_symmetric());
            assert!(jwk.algorithm_name().is_none_or(|name| name == key.algorithm().name()));
            assert!(key.verify(data, data).is_err());
        }
    }
    if let Ok(set) = JwkSet::parse(data) {
        let again = JwkSet::parse(set.to_json().as_bytes());
        assert_eq!(again.as_ref().map(JwkSet::keys), Ok(set.keys()));
    }
    for algorithm in [None, Some(Algorithm::Es256), Some(Algorithm::EdDsa), Some(Algorithm::Rs256), Some(Algorithm::Hs256)] {
        if let Ok(key) = SigningKey::from_jwk(data, algorithm) {
            assert!(key.verifying_key().is_ok_and(|public| {
                let signed = key.sign(data).unwrap_or_default();
                public.algorithm() == key.algorithm()
                    && algorithm.is_none_or(|wanted| wanted == key.algorithm())
                    && public.verify(data, &signed).is_ok()
            }));
        }
    }
}

/// [`AccessTokenClaims::parse`] and [`Claims::parse`]: what is read prints and reads again as the same, and what is accepted is in time and ours.
pub fn jwt(data: &[u8]) {
    const NOW_SECONDS: i64 = 1_800_000_000;
    let validation = Validation::access_token("a", "b");
    if let Ok(claims) = AccessTokenClaims::parse(data) {
        let again = AccessTokenClaims::parse(&claims.to_payload());
        assert!(again.is_ok_and(|again| again.token_id == claims.token_id
            && again.audience == claims.audience
            && again.expires_at == claims.expires_at));
        if validation.check_access_claims(&claims, NOW_SECONDS).is_ok() {
            assert!(claims.issuer == "a" && claims.audience.contains("b"));
            assert!(claims.expires_at > NOW_SECONDS && claims.issued_at <= NOW_SECONDS);
        }
    }
    if let Ok(claims) = Claims::parse(data) {
        let again = Claims::parse(&claims.to_payload());
        assert!(again.is_ok_and(|again| again.issuer == claims.issuer && again.additional.len() == claims.additional.len()));
        if validation.check_claims(&claims, NOW_SECONDS).is_ok() {
            assert!(claims.issuer.as_deref() == Some("a") && claims.expires_at.is_some_and(|end| end > NOW_SECONDS));
        }
    }
}

/// [`json::parse`] and [`json::check`]: they agree, what is read prints and reads again, and every limit holds.
pub fn json(data: &[u8]) {
    const LIMITS: Limits = Limits { length_bytes: 4096, depth: 8 };
    let parsed = json::parse(data, LIMITS);
    assert_eq!(parsed.is_ok(), json::check(data, LIMITS).is_ok());
    let Ok(value) = parsed else { return };
    assert!(data.len() <= LIMITS.length_bytes && std::str::from_utf8(data).is_ok());
    let wide = Limits { length_bytes: usize::MAX, ..LIMITS };
    assert!(json::parse(value.to_string().as_bytes(), wide).is_ok());
    // Names are unique, so nothing the text holds was dropped on the way.
    if let Some(members) = value.as_object() {
        assert_eq!(json::parse_object(data, LIMITS).map(|object| object.len()), Ok(members.len()));
    }
}

/// What a key signed that is no matter: a token of the usual kind that says this.
pub(crate) fn signed(payload: &[u8]) -> Option<Verified<'static>> {
    let (genuine, keys) = GENUINE.as_ref()?;
    let mut verified = jws::verify(genuine, keys, MAX_TOKEN_BYTES).ok()?;
    verified.payload = payload.to_vec();
    verified.header.token_type = Some("JWT".to_owned());
    Some(verified)
}

#[expect(clippy::panic, reason = "a target without its key would test nothing")]
fn unusable() -> ! {
    panic!("the key of this target is unusable")
}
