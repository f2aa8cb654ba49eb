//! Who can hold a role.

use std::fmt;

use crate::id::{GroupId, PersonId};

/// Who holds a role. Written `user:ID` or `group:ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A person.
    Person(PersonId),
    /// A group: everybody in it.
    Group(GroupId),
}

impl Holder {
    /// Reads the written form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Holder> {
        match text.split_once(':')? {
            (_, "") => None,
            ("user", id) => Some(Holder::Person(PersonId::from(id))),
            ("group", id) => Some(Holder::Group(GroupId::from(id))),
            _ => None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Person(person) => write!(formatter, "user:{person}"),
            Holder::Group(group) => write!(formatter, "group:{group}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_read_as_it_is_written() {
        for holder in [Holder::Person(PersonId::from("user_1")), Holder::Group(GroupId::from("group_1"))] {
            assert_eq!(Holder::parse(&holder.to_string()), Some(holder));
        }
        for wrong in ["", "user", "user:", "client:c", "USER:u"] {
            assert_eq!(Holder::parse(wrong), None, "{wrong}");
        }
    }
}
