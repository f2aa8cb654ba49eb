//! `private_key_jwt`: a client proves itself with a JWT that it signed (RFC 7523 section 3, and its successor's rule on `aud`).

use aws_lc_rs::digest::{SHA256, digest};
use jeton_jose::jwk::VerifyingKeys;
use jeton_jose::jwt::Validation;

use crate::commit::{Mark, MarkKind};
use crate::id::ClientId;
use crate::moment::Time;
use crate::policy::{CredentialKind, KEPT_AFTER_EXPIRY_SECONDS, LEEWAY_SECONDS};
use crate::refusal::{Reason, Refusal};

/// How long an assertion may live, and since when it is known which ones were used, in seconds; 0: since ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// How long one may live.
    pub max_seconds: i64,
    /// One that may have been signed before this may have been used before.
    pub marks_known_from: i64,
}

/// Judges an assertion. Only this issuer may stand in its `aud`, alone; the mark that comes back makes its `jti` good for one use.
///
/// # Errors
/// `invalid_client`, with what to mend.
pub fn verify(
    client: &ClientId,
    keys: &VerifyingKeys,
    issuer: &str,
    assertion: &str,
    allowed: Allowed,
    now_seconds: i64,
) -> Result<Mark, Refusal> {
    let refuse = |detail: String| Refusal::new(Reason::InvalidClient, detail);
    let validation = Validation::client_assertion(client.as_str(), issuer);
    let claims = validation.check(assertion, keys, now_seconds).map_err(|problem| refuse(format!("the client assertion: {problem}")))?;
    let (Some(expires_at), Some(token_id)) = (claims.expires_at, claims.token_id.as_deref()) else {
        return Err(refuse("the client assertion needs `exp` and `jti`".into()));
    };
    if claims.subject.as_deref() != Some(client.as_str()) {
        return Err(refuse("the client assertion names another `sub` than the client".into()));
    }
    if expires_at > now_seconds + allowed.max_seconds + LEEWAY_SECONDS {
        return Err(refuse(format!("the client assertion lives longer than {} seconds", allowed.max_seconds)));
    }
    // One that does not say when it was signed was signed as long before its end as any may live, whatever a policy says today.
    let longest_seconds = CredentialKind::ClientAssertion.lifetime().max_seconds + LEEWAY_SECONDS;
    let signed_at = claims.issued_at.max(claims.not_before).unwrap_or(expires_at.saturating_sub(longest_seconds));
    if allowed.marks_known_from > 0 && signed_at < allowed.marks_known_from.saturating_add(LEEWAY_SECONDS) {
        return Err(refuse(
            "this deployment was restored from a backup, and the client assertion may have been used before that: sign another one, with `iat`"
                .into(),
        ));
    }
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, format!("{client}\n{token_id}").as_bytes()).as_ref());
    Ok(Mark { kind: MarkKind::ClientAssertion, key, until: Time::from_seconds(expires_at).plus_seconds(KEPT_AFTER_EXPIRY_SECONDS) })
}
