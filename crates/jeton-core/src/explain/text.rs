//! What a text is that no credential of ours was proven by, as far as can be told of it.

use jeton_jose::jws::{MAX_TOKEN_BYTES, Unverified};
use jeton_jose::jwt::AccessTokenClaims;
use jeton_oauth::Issuer;
use jeton_token::{Kind, Malformed, Prefix, Token};

use crate::id::CredentialId;
use crate::name::is_plain;
use crate::root_key::RootKeys;

/// What a text is. What a JWT says is nobody's word: only who issued it can vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing that is known here.
    Foreign,
    /// It begins like one of ours, and is mistyped, cut or altered.
    Damaged,
    /// It is whole, and was never made here, or under a root key that is gone.
    NotMadeHere(Kind),
    /// It was made here, and what it stood for has left with its time, or was never written.
    Left(Kind, CredentialId),
    /// It has three parts with dots between them, and is no JWT that is read here.
    NoJwt,
    /// It says that somebody else issued it.
    OtherIssuer(String),
    /// It says that it is ours, and that a key signed it which is not known here.
    UnknownKey(String),
    /// It says that it is ours, and that a key signed it which was revoked. The id that it says it has.
    RevokedKey(String, Option<CredentialId>),
    /// It names one of our keys, which did not sign it; or what it says is no access token's.
    NotSigned,
}

impl Look {
    /// Its name in answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Look::Foreign => "foreign",
            Look::Damaged => "damaged",
            Look::NotMadeHere(_) => "not_made_here",
            Look::Left(..) => "left",
            Look::NoJwt => "no_jwt",
            Look::OtherIssuer(_) => "other_issuer",
            Look::UnknownKey(_) => "unknown_key",
            Look::RevokedKey(..) => "revoked_key",
            Look::NotSigned => "not_signed",
        }
    }
}

/// How a signing key stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// What it signs is trusted.
    Trusted,
    /// It was revoked.
    Revoked,
    /// Nobody knows it.
    Unknown,
}

/// Looks at a text that proved nothing.
#[must_use]
pub fn look(text: &str, prefix: &Prefix, root_keys: &RootKeys, issuer: &Issuer, key: impl Fn(&str) -> KeyStanding) -> Look {
    if text.bytes().filter(|byte| *byte == b'.').count() == 2 {
        return look_at_jwt(text, issuer, key);
    }
    match Token::parse(text, prefix) {
        Ok(token) => {
            let is_made_here = root_keys.epoch(token.epoch()).is_some_and(|keys| token.check(&keys.check));
            if is_made_here { Look::Left(token.kind(), CredentialId(token.id().to_bytes())) } else { Look::NotMadeHere(token.kind()) }
        }
        Err(Malformed::Prefix) => Look::Foreign,
        Err(Malformed::TooLong) if !text.starts_with(prefix.as_str()) => Look::Foreign,
        Err(_) => Look::Damaged,
    }
}

fn look_at_jwt(text: &str, issuer: &Issuer, key: impl Fn(&str) -> KeyStanding) -> Look {
    let Ok(unverified) = Unverified::parse(text, MAX_TOKEN_BYTES) else { return Look::NoJwt };
    let claims: Option<serde_json::Value> = serde_json::from_slice(unverified.untrusted_payload()).ok();
    let Some(claims) = claims.filter(serde_json::Value::is_object) else { return Look::NoJwt };
    match claims.get("iss").and_then(serde_json::Value::as_str) {
        Some(said) if said == issuer.as_str() => {}
        said => return Look::OtherIssuer(plain(said.unwrap_or_default())),
    }
    let key_id = unverified.header().key_id.clone().unwrap_or_default();
    match key(&key_id) {
        KeyStanding::Unknown => Look::UnknownKey(plain(&key_id)),
        KeyStanding::Revoked => {
            let said = AccessTokenClaims::parse(unverified.untrusted_payload()).ok();
            Look::RevokedKey(key_id, said.and_then(|claims| CredentialId::parse(&claims.token_id)))
        }
        KeyStanding::Trusted => Look::NotSigned,
    }
}

/// So much is told again of what somebody else wrote.
const CHARACTERS_MAX: usize = 200;

/// What somebody else wrote, so that it steers nobody's terminal or page.
fn plain(text: &str) -> String {
    let harmless = |letter: char| if is_plain(letter.encode_utf8(&mut [0; 4])) { letter } else { char::REPLACEMENT_CHARACTER };
    text.chars().take(CHARACTERS_MAX).map(harmless).collect()
}
