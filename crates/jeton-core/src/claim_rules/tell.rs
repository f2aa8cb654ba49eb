//! What rules tell of somebody.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{ClaimRules, Source};
use crate::grant::scopes::{IdentityScope, IdentityScopes};
use crate::person::Person;

/// The most bytes of all that rules tell in one token, as JSON, with its scope: a token travels in headers, and a verifier reads 8 KiB of it.
pub const TOLD_BYTES_MAX: usize = 4_096;

/// What is known of whom a token is of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The person; `None`: the token is its client's own.
    pub person: Option<&'a Person>,
    /// The names of the groups that they are in, as far as those count.
    pub groups: &'a [Arc<str>],
    /// The names of the roles of the API that they hold.
    pub roles: &'a [Arc<str>],
    /// The bytes of the scope that stands beside.
    pub scope_bytes: usize,
    /// What the person let the client know of who they are; `None`: it is an API that is told, which hears no name.
    pub allowed: Option<IdentityScopes>,
}

/// The claims that rules add. One without a value is left out, and so is one that would make all of them longer than [`TOLD_BYTES_MAX`]: half a
/// list would say that somebody is not in what they are in.
#[must_use]
pub fn tell(rules: &ClaimRules, facts: Facts<'_>) -> Map<String, Value> {
    let (mut told, mut bytes) = (Map::new(), facts.scope_bytes + 2);
    for (claim, source) in rules.iter() {
        let Some(value) = value(source, facts) else { continue };
        // With its quotation marks, the colon and the comma.
        let more = claim.len() + value.to_string().len() + 4;
        if bytes + more <= TOLD_BYTES_MAX {
            bytes += more;
            told.insert(claim.to_string(), value);
        }
    }
    told
}

fn value(source: &Source, facts: Facts<'_>) -> Option<Value> {
    if let Source::Constant(words) = source {
        return Some(Value::from(&**words));
    }
    let person = facts.person.filter(|_| is_allowed(source, facts.allowed))?;
    let names = |names: &[Arc<str>]| Value::from(names.iter().map(|name| &**name).collect::<Vec<&str>>());
    match source {
        Source::Constant(words) => Some(Value::from(&**words)),
        Source::Username => Some(Value::from(&*person.username)),
        Source::Name => person.name.as_deref().map(Value::from),
        Source::Email => person.email.as_deref().map(Value::from),
        Source::Attribute(name) => person.attributes.get(&**name).map(|text| Value::from(text.as_str())),
        Source::Groups => Some(names(facts.groups)),
        Source::Roles => Some(names(facts.roles)),
    }
}

/// Whether a person let a client know this: an address with the scope `email`, all else with `profile`.
fn is_allowed(source: &Source, allowed: Option<IdentityScopes>) -> bool {
    let needed = if *source == Source::Email { IdentityScope::Email } else { IdentityScope::Profile };
    allowed.is_none_or(|allowed| allowed.has(needed))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::Place;
    use super::*;
    use crate::id::PersonId;
    use crate::person::State;

    fn ada() -> Person {
        Person {
            id: PersonId(Arc::from("user_1")),
            username: Arc::from("ada"),
            name: Some(Arc::from("Ada Example")),
            email: Some(Arc::from("ada@example.org")),
            state: State::Active,
            created_at: 0,
            updated_at: 0,
            email_verified_at: None,
            locale: None,
            attributes: [("room".to_owned(), "7".to_owned())].into(),
        }
    }

    fn rules(rules: &[(&str, &str)], place: Place) -> ClaimRules {
        let rules: BTreeMap<String, String> = rules.iter().map(|(claim, source)| ((*claim).to_owned(), (*source).to_owned())).collect();
        ClaimRules::parse(&rules, place).unwrap()
    }

    const ALL: &[(&str, &str)] = &[
        ("a", "text:eu"),
        ("b", "username"),
        ("c", "name"),
        ("d", "email"),
        ("e", "attribute:room"),
        ("f", "attribute:floor"),
        ("g", "groups"),
    ];

    /// What all sources of an identity tell, where so much is allowed.
    #[track_caller]
    fn check(allowed: &str, expected: Value) {
        let ada = ada();
        let allowed = allowed.split(' ').filter_map(IdentityScope::from_name).collect();
        let facts = Facts { person: Some(&ada), groups: &[Arc::from("billing")], allowed: Some(allowed), ..Facts::default() };
        assert_eq!(Value::Object(tell(&rules(ALL, Place::Identity), facts)), expected, "{allowed:?}");
    }

    #[test]
    fn as_much_as_the_person_allows() {
        let all = json!({"a": "eu", "b": "ada", "c": "Ada Example", "d": "ada@example.org", "e": "7", "g": ["billing"]});
        check("openid profile email", all);
        check("openid profile", json!({"a": "eu", "b": "ada", "c": "Ada Example", "e": "7", "g": ["billing"]}));
        check("openid email", json!({"a": "eu", "d": "ada@example.org"}));
        check("openid", json!({"a": "eu"}));
    }

    #[test]
    fn an_api_is_told_of_roles_and_of_nobody_where_there_is_nobody() {
        let rules =
            rules(&[("region", "text:eu"), ("roles", "roles"), ("groups", "groups"), ("room", "attribute:room")], Place::AccessToken);
        let ada = ada();
        let facts = Facts { person: Some(&ada), roles: &[Arc::from("clerk"), Arc::from("packer")], ..Facts::default() };
        let expected = json!({"region": "eu", "roles": ["clerk", "packer"], "groups": [], "room": "7"});
        assert_eq!(Value::Object(tell(&rules, facts)), expected);
        assert_eq!(Value::Object(tell(&rules, Facts::default())), json!({"region": "eu"}));
    }

    #[test]
    fn a_list_that_is_too_long_is_left_out_whole() {
        let rules = rules(&[("a", "groups"), ("z", "text:eu")], Place::AccessToken);
        let ada = ada();
        let told = |count: usize, scope_bytes: usize| {
            let groups: Vec<Arc<str>> = (0..count).map(|number| Arc::from(format!("group-{number:034}"))).collect();
            let told = tell(&rules, Facts { person: Some(&ada), groups: &groups, scope_bytes, ..Facts::default() });
            assert!(Value::Object(told.clone()).to_string().len() + scope_bytes <= TOLD_BYTES_MAX);
            (told.get("a").and_then(Value::as_array).map(Vec::len), told.contains_key("z"))
        };
        assert_eq!((told(1, 0), told(90, 0), told(200, 0)), ((Some(1), true), (Some(90), true), (None, true)));
        assert_eq!((told(90, 200), told(90, 1_000)), ((Some(90), true), (None, true)));
    }
}
