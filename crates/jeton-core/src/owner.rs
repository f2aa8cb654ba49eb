//! Whose a key is.

use std::fmt;
use std::sync::Arc;

use crate::id::{ClientId, GroupId, PersonId};
use crate::name::{is_plain, refuse_credentials};
use crate::refusal::Refusal;

/// The owner of a key. Written `client:ID`, `user:ID`, `group:ID` or `external:TEXT`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A client of ours.
    Client(ClientId),
    /// A person.
    Person(PersonId),
    /// A group of persons.
    Group(GroupId),
    /// Somebody whom only the users of the key know, such as their own customer: any text of theirs.
    External(Arc<str>),
}

const KIND: &str = "write `external:` before the name of somebody outside, such as a customer; `client:`, `user:` or `group:` before that of one that Jeton knows";
/// The most characters of an external owner.
const EXTERNAL_MAX: usize = 200;

impl Owner {
    /// Reads what somebody says whose a key shall be.
    ///
    /// # Errors
    /// `InvalidRequest`, with the rule; `CredentialInText`.
    pub fn said(text: &str) -> Result<Owner, Refusal> {
        refuse_credentials(text, "an owner")?;
        Owner::parse(text)
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// `InvalidRequest`, with the rule.
    pub fn parse(text: &str) -> Result<Owner, Refusal> {
        let owner = text.split_once(':').and_then(|(kind, name)| match kind {
            "client" => is_id(name).then(|| Owner::Client(ClientId::from(name))),
            "user" => is_id(name).then(|| Owner::Person(PersonId::from(name))),
            "group" => is_id(name).then(|| Owner::Group(GroupId::from(name))),
            "external" => is_external(name).then(|| Owner::External(Arc::from(name))),
            _ => None,
        });
        owner.ok_or_else(|| {
            let rule = format!(
                "an owner is `client:ID`, `user:ID`, `group:ID` or `external:` and 1 to {EXTERNAL_MAX} characters, none of which steer a terminal, and no spaces at its ends"
            );
            // A name alone says of whom, but not of what kind.
            if is_external(text) && !text.contains(':') { Refusal::invalid(rule).hinting(KIND) } else { Refusal::invalid(rule) }
        })
    }
}

fn is_id(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn is_external(name: &str) -> bool {
    (1..=EXTERNAL_MAX).contains(&name.chars().count()) && name.trim() == name && is_plain(name)
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Client(client) => write!(formatter, "client:{client}"),
            Owner::Person(person) => write!(formatter, "user:{person}"),
            Owner::Group(group) => write!(formatter, "group:{group}"),
            Owner::External(name) => write!(formatter, "external:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_is_written() {
        let check = |text: &str, expected: Option<Owner>| {
            let owner = Owner::parse(text).ok();
            assert_eq!(owner, expected, "{text}");
            assert!(owner.is_none_or(|owner| owner.to_string() == text), "{text}");
        };
        check("client:client_1", Some(Owner::Client(ClientId::from("client_1"))));
        check("user:user_1", Some(Owner::Person(PersonId::from("user_1"))));
        check("group:group_1", Some(Owner::Group(GroupId::from("group_1"))));
        check("external:Example: 7", Some(Owner::External(Arc::from("Example: 7"))));
        check(&format!("external:{}", "é".repeat(200)), Some(Owner::External(Arc::from("é".repeat(200)))));
        check(&format!("external:{}", "é".repeat(201)), None);
        for wrong in
            ["", "client", "client:", "client:a b", "user:é", "person:p", "external:", "external: a", "external:a\u{1b}", "group:a\nb"]
        {
            check(wrong, None);
        }
        let hint = |text: &str| Owner::parse(text).unwrap_err().hint;
        assert_eq!((hint("acme"), hint("a b"), hint("person:p"), hint(" ")), (Some(KIND), Some(KIND), None, None));
    }
}
