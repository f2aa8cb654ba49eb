//! What tokens tell of a person beside what is standard, by rules that are declared: a claim, and where it comes from. An API declares them for its
//! access tokens, a client for its ID tokens and for userinfo.

mod reserved;
pub mod tell;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::name::{is_plain, refuse_credentials};
use crate::record::Value;
use crate::refusal::Refusal;
use reserved::is_reserved;

/// The most rules of one API or client.
pub const RULES_MAX: usize = 16;
/// The most characters of a claim's name, and of an attribute's.
const NAME_MAX: usize = 64;
/// The most characters of a constant.
const CONSTANT_MAX: usize = 200;
/// The most bytes of all rules of one API or client, names and sources: what they say that is the same in every token fits into each.
const RULES_BYTES_MAX: usize = 2_048;

/// Claims, each with its source. Cheap to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRules(Option<Arc<BTreeMap<Arc<str>, Source>>>);

/// Where a claim comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A text that is the same in every token.
    Constant(Arc<str>),
    /// What the person is known by.
    Username,
    /// Their name.
    Name,
    /// Their address.
    Email,
    /// What an organisation knows of them under this name.
    Attribute(Arc<str>),
    /// The names of the groups that they are in.
    Groups,
    /// The names of their roles of the API, by groups too.
    Roles,
}

/// In what the claims stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The access tokens of an API: whoever calls it can read them, and logs have them. They have no name and no address in them.
    AccessToken,
    /// The ID tokens of a client, and what userinfo tells it. Roles are an API's, so none are told.
    Identity,
}

impl ClaimRules {
    /// Takes rules over, each a claim and the text of its source.
    ///
    /// # Errors
    /// `InvalidRequest`, with the rule that is not kept; `CredentialInText`.
    pub fn parse(rules: &BTreeMap<String, String>, place: Place) -> Result<ClaimRules, Refusal> {
        if rules.len() > RULES_MAX {
            return Err(Refusal::invalid(format!("at most {RULES_MAX} claims are declared")));
        }
        if rules.iter().map(|(claim, text)| claim.len() + text.len()).sum::<usize>() > RULES_BYTES_MAX {
            return Err(Refusal::invalid(format!(
                "the claims of one API or client have {RULES_BYTES_MAX} bytes at most, names and sources"
            )));
        }
        let mut parsed = BTreeMap::new();
        for (claim, text) in rules {
            check_claim(claim)?;
            refuse_credentials(text, "a claim")?;
            let source = Source::parse(text)?;
            check_place(&source, place)?;
            parsed.insert(Arc::from(claim.as_str()), source);
        }
        Ok(ClaimRules::of(parsed))
    }

    fn of(rules: BTreeMap<Arc<str>, Source>) -> ClaimRules {
        ClaimRules((!rules.is_empty()).then(|| Arc::new(rules)))
    }

    /// The rules that the other has too.
    #[must_use]
    pub fn in_both(&self, other: &ClaimRules) -> ClaimRules {
        let has = |(claim, source): &(&Arc<str>, &Source)| other.iter().any(|rule| rule == (*claim, *source));
        ClaimRules::of(self.iter().filter(has).map(|(claim, source)| (claim.clone(), source.clone())).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Each claim and its source, by the claims' names.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Source)> {
        self.0.iter().flat_map(|rules| rules.iter())
    }

    /// As they are written: each claim and the text of its source.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<String, String> {
        self.iter().map(|(claim, source)| (claim.to_string(), source.to_string())).collect()
    }

    /// As a column.
    #[must_use]
    pub fn value(&self) -> Value {
        if self.is_empty() { Value::Null } else { Value::text(&serde_json::to_string(&self.texts()).unwrap_or_default()) }
    }

    /// From a column. A claim that is reserved since then is not among them.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<ClaimRules> {
        if *value == Value::Null {
            return Some(ClaimRules::default());
        }
        let texts: BTreeMap<String, String> = serde_json::from_str(value.as_text()?).ok()?;
        let read = |(claim, text): (String, String)| Some((Arc::from(claim.as_str()), Source::parse(&text).ok()?));
        let rules: BTreeMap<Arc<str>, Source> =
            texts.into_iter().filter(|(claim, _)| !is_reserved(claim)).map(read).collect::<Option<_>>()?;
        Some(ClaimRules::of(rules))
    }
}

impl Source {
    fn parse(text: &str) -> Result<Source, Refusal> {
        let unknown = || {
            Refusal::invalid(
                "a claim comes from `text:WORDS`, `username`, `name`, `email`, `attribute:NAME`, `groups` or `roles`: write one of them",
            )
        };
        match text {
            "username" => Ok(Source::Username),
            "name" => Ok(Source::Name),
            "email" => Ok(Source::Email),
            "groups" => Ok(Source::Groups),
            "roles" => Ok(Source::Roles),
            _ => match text.split_once(':') {
                Some(("text", words)) => parse_constant(words).map(Source::Constant),
                Some(("attribute", name)) if is_name(name) => Ok(Source::Attribute(Arc::from(name))),
                _ => Err(unknown()),
            },
        }
    }
}

/// As it is written.
impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Constant(words) => write!(formatter, "text:{words}"),
            Source::Username => formatter.write_str("username"),
            Source::Name => formatter.write_str("name"),
            Source::Email => formatter.write_str("email"),
            Source::Attribute(name) => write!(formatter, "attribute:{name}"),
            Source::Groups => formatter.write_str("groups"),
            Source::Roles => formatter.write_str("roles"),
        }
    }
}

/// A name of a claim or of an attribute: letters, digits and what stands in a URI, since a claim that others do not know is named by one (RFC
/// 7519 section 4.2).
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'~'))
}

fn check_claim(claim: &str) -> Result<(), Refusal> {
    refuse_credentials(claim, "the name of a claim")?;
    if !is_name(claim) {
        return Err(Refusal::invalid(format!(
            "the name of a claim has 1 to {NAME_MAX} of the characters a-z, A-Z, 0-9, `_`, `-`, `.`, `:`, `/` and `~`"
        )));
    }
    if is_reserved(claim) {
        return Err(Refusal::invalid(format!("the claim `{claim}` says what Jeton says by it, and nothing else: take another name")));
    }
    Ok(())
}

fn check_place(source: &Source, place: Place) -> Result<(), Refusal> {
    match (place, source) {
        (Place::AccessToken, Source::Username | Source::Name | Source::Email) => {
            Err(Refusal::invalid("no name and no address stands in access tokens: a client asks for those at userinfo"))
        }
        (Place::Identity, Source::Roles) => Err(Refusal::invalid("roles are those of an API: declare the claim at the API")),
        _ => Ok(()),
    }
}

fn parse_constant(words: &str) -> Result<Arc<str>, Refusal> {
    if (1..=CONSTANT_MAX).contains(&words.chars().count()) && is_plain(words) {
        return Ok(Arc::from(words));
    }
    Err(Refusal::invalid(format!("the text of a claim has 1 to {CONSTANT_MAX} characters, and none that steer a terminal")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claim: &str, source: &str, place: Place, expected: Result<(), &str>) {
        let parsed = ClaimRules::parse(&[(claim.to_owned(), source.to_owned())].into(), place);
        match (&parsed, expected) {
            (Ok(rules), Ok(())) => {
                assert_eq!(rules.texts(), [(claim.to_owned(), source.to_owned())].into());
                assert_eq!(ClaimRules::from_value(&rules.value()).as_ref(), Some(rules));
            }
            (Err(refusal), Err(words)) => assert!(refusal.detail.contains(words), "{claim}={source}: {refusal:?}"),
            _ => panic!("{claim}={source}: {parsed:?}, not {expected:?}"),
        }
    }

    #[test]
    fn what_may_be_declared() {
        use Place::{AccessToken, Identity};
        let none = "no name and no address";
        for (source, in_access, in_identity) in [
            ("text:eu", Ok(()), Ok(())),
            ("text:a:b = c", Ok(()), Ok(())),
            ("attribute:department", Ok(()), Ok(())),
            ("groups", Ok(()), Ok(())),
            ("roles", Ok(()), Err("declare the claim at the API")),
            ("username", Err(none), Ok(())),
            ("name", Err(none), Ok(())),
            ("email", Err(none), Ok(())),
            ("password", Err("write one of them"), Err("write one of them")),
            ("attribute:", Err("write one of them"), Err("write one of them")),
            ("attribute:a b", Err("write one of them"), Err("write one of them")),
            ("text:", Err("1 to 200"), Err("1 to 200")),
            ("text:a\u{202e}", Err("1 to 200"), Err("1 to 200")),
            ("", Err("write one of them"), Err("write one of them")),
        ] {
            check("x", source, AccessToken, in_access);
            check("x", source, Identity, in_identity);
        }
        for claim in ["tenant", "https://example.org/claims/role-of", "groups", "roles", "given_name", "subject"] {
            check(claim, "text:x", AccessToken, Ok(()));
        }
        for claim in ["", "a b", "a=b", "ä", &"x".repeat(65)] {
            check(claim, "text:x", AccessToken, Err("the name of a claim has"));
        }
        for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "gid", "auth_time", "acr", "amr", "azp"]
        {
            check(claim, "text:x", AccessToken, Err("and nothing else"));
        }
        // Some readers of JSON take a name for another that differs in capitals.
        for claim in ["Sub", "SCOPE", "Aud"] {
            check(claim, "text:x", AccessToken, Err("and nothing else"));
        }
        for claim in ["nonce", "cnf", "act", "may_act", "at_hash", "c_hash", "ver", "email", "email_verified", "name", "active", "status"] {
            check(claim, "text:x", Identity, Err("and nothing else"));
        }
    }

    #[test]
    fn so_many_and_no_more() {
        let rules = |count: usize| (0..count).map(|number| (format!("c{number}"), "text:x".to_owned())).collect();
        assert!(ClaimRules::parse(&rules(RULES_MAX), Place::AccessToken).is_ok());
        assert!(ClaimRules::parse(&rules(RULES_MAX + 1), Place::AccessToken).is_err());
        let long = |count: usize| (0..count).map(|number| (format!("c{number}"), format!("text:{}", "x".repeat(193)))).collect();
        assert!(ClaimRules::parse(&long(10), Place::AccessToken).is_ok());
        assert!(ClaimRules::parse(&long(11), Place::AccessToken).is_err());
        assert_eq!(ClaimRules::parse(&BTreeMap::new(), Place::Identity), Ok(ClaimRules::default()));
        assert_eq!(ClaimRules::default().value(), Value::Null);
        // What is reserved by a later program is told no longer.
        let kept = Value::text(r#"{"sub":"text:x","tenant":"text:eu"}"#);
        assert_eq!(ClaimRules::from_value(&kept).unwrap().texts(), [("tenant".to_owned(), "text:eu".to_owned())].into());
    }
}
