//! Which rows are those of people who were erased: a store that is made of older parts forgets them once more.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::TABLE;
use crate::api_key::{self, imported, uses, word};
use crate::consent;
use crate::grant::{self, of_person};
use crate::group::member;
use crate::id::PersonId;
use crate::identity;
use crate::link;
use crate::notice;
use crate::passkey;
use crate::password;
use crate::policy::exception;
use crate::record::{Row, Table, Value};
use crate::role::assign;
use crate::second_factor;
use crate::session::{self, latest};

/// People who were erased, and their keys, as far as they were met.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    people: BTreeSet<Arc<str>>,
    /// The same as rows name owners and holders.
    owners: BTreeSet<Arc<str>>,
    /// Ids of keys, in bytes and as texts.
    keys: BTreeSet<Arc<[u8]>>,
    names: BTreeSet<Arc<str>>,
    /// Ids of everybody else's keys.
    others: HashSet<[u8; 16]>,
}

/// Where something of a person is: keys stand before what is kept beside them.
pub static TABLES: [&Table; 19] = [
    &TABLE,
    &member::TABLE,
    &assign::TABLE,
    &api_key::TABLE,
    &word::TABLE,
    &imported::TABLE,
    &uses::TABLE,
    &notice::TABLE,
    &exception::TABLE,
    &password::TABLE,
    &second_factor::TABLE,
    &session::TABLE,
    &latest::TABLE,
    &consent::TABLE,
    &of_person::TABLE,
    &grant::TABLE,
    &link::TABLE,
    &identity::TABLE,
    &passkey::TABLE,
];

impl Forgotten {
    /// One more.
    pub fn add(&mut self, person: &PersonId) {
        self.people.insert(person.0.clone());
        self.owners.insert(format!("user:{person}").into());
    }

    /// Whether nobody was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Whether a row is one of theirs. Asked of each of [`TABLES`] in their order.
    pub fn has(&mut self, table: &'static Table, row: &Row) -> bool {
        let column = |name: &str| table.columns.iter().position(|column| column.name == name).and_then(|place| row.get(place));
        let is_text =
            |names: &BTreeSet<Arc<str>>, name: &str| column(name).and_then(Value::as_text).is_some_and(|text| names.contains(text));
        let is_of_key = |name: &str| column(name).and_then(Value::as_bytes).is_some_and(|key| self.keys.contains(key));
        match table.name {
            "person" => is_text(&self.people, "id"),
            "membership" => is_text(&self.people, "person_id"),
            "assignment" => is_text(&self.owners, "subject"),
            "api_key" => {
                let id = column("id").and_then(Value::as_bytes).and_then(|id| <[u8; 16]>::try_from(id).ok());
                let is_theirs = is_text(&self.owners, "owner");
                match id {
                    Some(id) if is_theirs => {
                        self.names.insert(crate::id::ApiKeyId(id).to_string().into());
                        self.keys.insert(Arc::from(id));
                    }
                    Some(id) => drop(self.others.insert(id)),
                    None => {}
                }
                is_theirs
            }
            // That a word went is not told any more where its key went with somebody who was erased: it is nobody's then.
            "api_key_word" => {
                let is_others = |key: &[u8]| <[u8; 16]>::try_from(key).is_ok_and(|key| self.others.contains(&key));
                !column("key").and_then(Value::as_bytes).is_some_and(is_others)
            }
            "imported_key" | "api_key_use" => is_of_key("key"),
            "password" | "second_factor" | "session" | "authentication" | "consent" | "grant_of_person" | "grant" | "link" | "identity"
            | "passkey" => is_text(&self.people, "person"),
            _ => is_text(&self.names, "credential"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of a table with these texts in it, and nothing else.
    fn row(table: &'static Table, texts: &[(&str, Value)]) -> Row {
        let column = |name: &str| texts.iter().find(|(named, _)| *named == name).map_or(Value::Null, |(_, value)| value.clone());
        table.columns.iter().map(|each| column(each.name)).collect()
    }

    #[test]
    fn what_is_theirs_and_their_keys_is_theirs() {
        let mut forgotten = Forgotten::default();
        forgotten.add(&PersonId::from("user_1"));
        let key = [7; 16];
        let name = crate::id::ApiKeyId(key).to_string();
        let theirs = [
            row(TABLES[0], &[("id", Value::text("user_1"))]),
            row(TABLES[1], &[("group_id", Value::text("g")), ("person_id", Value::text("user_1"))]),
            row(TABLES[2], &[("role", Value::text("r")), ("subject", Value::text("user:user_1"))]),
            row(TABLES[3], &[("id", Value::Id(key)), ("owner", Value::text("user:user_1"))]),
            row(TABLES[4], &[("word", Value::text("laptop")), ("key", Value::Id(key))]),
            row(TABLES[5], &[("hash", Value::Hash([1; 32])), ("key", Value::Id(key))]),
            row(TABLES[6], &[("key", Value::Id(key))]),
            row(TABLES[7], &[("credential", Value::text(&name))]),
            row(TABLES[8], &[("credential", Value::text(&name))]),
            row(TABLES[9], &[("person", Value::text("user_1"))]),
            row(TABLES[10], &[("person", Value::text("user_1"))]),
            row(TABLES[11], &[("person", Value::text("user_1"))]),
            row(TABLES[12], &[("person", Value::text("user_1")), ("client", Value::text("c"))]),
            row(TABLES[13], &[("person", Value::text("user_1")), ("client", Value::text("c"))]),
            row(TABLES[14], &[("id", Value::Id([8; 16])), ("person", Value::text("user_1"))]),
            row(TABLES[15], &[("id", Value::Id([8; 16])), ("person", Value::text("user_1"))]),
            row(TABLES[16], &[("id", Value::Id([8; 16])), ("person", Value::text("user_1"))]),
            row(TABLES[17], &[("subject", Value::text("7")), ("person", Value::text("user_1"))]),
            row(TABLES[18], &[("name", Value::text("Telephone")), ("person", Value::text("user_1"))]),
        ];
        let mut nobody = Forgotten::default();
        for (table, row) in TABLES.into_iter().zip(&theirs) {
            assert!(forgotten.has(table, row), "{}", table.name);
            assert!(!nobody.has(table, row), "{}", table.name);
        }
        assert!(!forgotten.has(TABLES[0], &row(TABLES[0], &[("id", Value::text("user_2"))])));
        let word = row(TABLES[4], &[("word", Value::text("laptop")), ("key", Value::Id([8; 16]))]);
        assert!(forgotten.has(TABLES[4], &word), "a word of a key that is not there");
        assert!(!forgotten.has(TABLES[3], &row(TABLES[3], &[("id", Value::Id([8; 16])), ("owner", Value::text("client:c"))])));
        assert!(!forgotten.has(TABLES[4], &word));
        assert!(!forgotten.has(TABLES[14], &row(TABLES[14], &[("person", Value::text("user_2"))])));
    }
}
