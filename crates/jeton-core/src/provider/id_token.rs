//! What an ID token of a provider must say (OpenID Connect Core 1.0 section 3.1.3.7), once its signature was checked, and what is taken from
//! it and from userinfo (section 5.3).

use std::collections::BTreeSet;

use jeton_jose::TokenError;
use jeton_jose::jws::{MAX_TOKEN_BYTES, Verified};
use jeton_jose::jwt::{Claims, TokenType, Validation};
use serde_json::{Map, Value};

use super::Provider;

/// How far the clocks may differ, in seconds.
const LEEWAY_SECONDS: u32 = 60;
/// The longest subject, in bytes (section 2).
const SUBJECT_BYTES: usize = 255;
/// How many values of a claim are read.
const VALUES_MAX: usize = 256;
/// How long ago somebody showed there who they are of whom a provider does not say when, in seconds: so long that nobody takes it for now.
const UNSAID_SECONDS: i64 = 3_600;

/// Why what a provider says counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// The ID token is of another kind, of somebody else, for somebody else, over, or of no time.
    Token(TokenError),
    /// It was given to another client (`azp`).
    AuthorizedParty,
    /// It answers another request (`nonce`).
    Nonce,
    /// It says nobody, or userinfo says somebody else.
    Subject,
}

/// What a provider says of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Who they are there: means somebody together with the provider alone.
    pub subject: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether the provider knows that letters reach them there: where it says so in other words than `true`, it does not.
    pub email_verified: bool,
    /// What they would like to be called.
    pub username: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The values of the claim that gives roles.
    pub values: BTreeSet<String>,
    /// When they showed there who they are, in seconds, where it says so: who has a session there may come without showing it again.
    pub authenticated_at: Option<i64>,
}

impl Said {
    /// The address of which the provider says that it is theirs, where its word counts for it.
    #[must_use]
    pub fn proven(&self, provider: &Provider) -> Option<&str> {
        self.email.as_deref().filter(|email| self.email_verified && provider.speaks_for(email))
    }

    /// When they showed there who they are, in seconds, as far as that is known `now`.
    #[must_use]
    pub fn authenticated_by(&self, now: i64) -> i64 {
        self.authenticated_at.map_or(now.saturating_sub(UNSAID_SECONDS), |at| at.min(now))
    }

    /// Whether they come in by it at all: where it names domains, with an address of one alone.
    #[must_use]
    pub fn comes_in(&self, provider: &Provider) -> bool {
        provider.domains.is_empty() || self.proven(provider).is_some()
    }
}

/// The claims of an ID token that a provider gave for a request with this nonce.
///
/// # Errors
/// [`Deviation`]: nothing of it counts.
pub fn check(verified: &Verified<'_>, provider: &Provider, nonce: &str, now_seconds: i64) -> Result<Claims, Deviation> {
    // A token of another kind may be signed by the same key (RFC 8725 section 3.11).
    if verified.header.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
        return Err(Deviation::Token(TokenError::WrongType));
    }
    let claims = Claims::parse(&verified.payload).map_err(Deviation::Token)?;
    let validation = Validation {
        issuer: provider.issuer.as_str().to_owned(),
        subject: None,
        audiences: vec![provider.client_id.to_string()],
        sole_audience: false,
        token_type: TokenType::Named("JWT".to_owned()),
        leeway_seconds: LEEWAY_SECONDS,
        required: vec!["sub".to_owned(), "iat".to_owned()],
        limit_bytes: MAX_TOKEN_BYTES,
    };
    validation.check_claims(&claims, now_seconds).map_err(Deviation::Token)?;
    let text = |name: &str| claims.additional.get(name).and_then(Value::as_str);
    let is_for_several = claims.audience.as_ref().is_some_and(|audience| audience.names().len() > 1);
    let is_ours = text("azp") == Some(&*provider.client_id);
    if (is_for_several || claims.additional.contains_key("azp")) && !is_ours {
        return Err(Deviation::AuthorizedParty);
    }
    if text("nonce") != Some(nonce) {
        return Err(Deviation::Nonce);
    }
    let is_somebody = claims.subject.as_deref().is_some_and(|subject| (1..=SUBJECT_BYTES).contains(&subject.len()));
    if is_somebody { Ok(claims) } else { Err(Deviation::Subject) }
}

/// What an ID token and userinfo say together: what the first has counts, the second fills in what lacks.
///
/// # Errors
/// [`Deviation::Subject`]: userinfo is of somebody else.
pub fn said(claims: &Claims, userinfo: Option<&Map<String, Value>>, role_claim: Option<&str>) -> Result<Said, Deviation> {
    let subject = claims.subject.clone().ok_or(Deviation::Subject)?;
    if userinfo.is_some_and(|userinfo| userinfo.get("sub").and_then(Value::as_str) != Some(&subject)) {
        return Err(Deviation::Subject);
    }
    let of = |name: &str| [Some(&claims.additional), userinfo].into_iter().flatten().find(|claims| claims.contains_key(name));
    let text = |name: &str| of(name).and_then(|claims| claims.get(name)?.as_str()).map(str::to_owned);
    // Whether an address is theirs is said by who says the address.
    let is_verified = of("email").is_some_and(|claims| claims.get("email_verified") == Some(&Value::Bool(true)));
    let values = role_claim.and_then(|name| of(name)?.get(name));
    Ok(Said {
        subject,
        email: text("email"),
        email_verified: is_verified,
        username: text("preferred_username"),
        name: text("name"),
        values: values.map(values_of).unwrap_or_default(),
        authenticated_at: claims.additional.get("auth_time").and_then(Value::as_i64),
    })
}

fn values_of(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(value) => BTreeSet::from([value.clone()]),
        Value::Array(values) => values.iter().take(VALUES_MAX).filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(token: Value, userinfo: Option<Value>, expected: Option<(Option<&str>, bool, &[&str])>) {
        let claims = Claims::parse(token.to_string().as_bytes()).unwrap();
        let said = said(&claims, userinfo.as_ref().and_then(Value::as_object), Some("groups")).ok();
        let seen = said.as_ref().map(|said| (said.email.as_deref(), said.email_verified, said.values.iter().map(String::as_str).collect()));
        assert_eq!(seen, expected.map(|(email, verified, values)| (email, verified, values.to_vec())), "{token} {userinfo:?}");
    }

    #[test]
    fn an_address_is_verified_by_whoever_says_it_and_in_one_word() {
        let mail = Some("a@b.example");
        check(json!({"sub": "7", "email": "a@b.example", "email_verified": true}), None, Some((mail, true, &[])));
        check(json!({"sub": "7", "email": "a@b.example", "email_verified": "true"}), None, Some((mail, false, &[])));
        check(json!({"sub": "7", "email": "a@b.example", "email_verified": 1}), None, Some((mail, false, &[])));
        check(json!({"sub": "7", "email": "a@b.example"}), None, Some((mail, false, &[])));
        check(json!({"sub": "7"}), Some(json!({"sub": "7", "email": "a@b.example", "email_verified": true})), Some((mail, true, &[])));
        let other = json!({"sub": "7", "email": "c@d.example", "email_verified": true});
        check(json!({"sub": "7", "email": "a@b.example"}), Some(other), Some((mail, false, &[])));
    }

    #[test]
    fn userinfo_is_of_the_same_person_and_values_are_texts() {
        check(json!({"sub": "7"}), Some(json!({"sub": "8"})), None);
        check(json!({"sub": "7"}), Some(json!({})), None);
        check(json!({"sub": "7", "groups": ["b", "a", 1, "a"]}), None, Some((None, false, &["a", "b"])));
        check(json!({"sub": "7", "groups": "a"}), None, Some((None, false, &["a"])));
        check(json!({"sub": "7", "groups": {"a": 1}}), None, Some((None, false, &[])));
    }
}
