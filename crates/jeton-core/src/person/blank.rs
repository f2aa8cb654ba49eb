//! What a copy of a row says of somebody who was erased is taken out of it, and what they might do stays: a backup that is still to be made
//! of such copies must not lack that somebody was disabled, or that a key was revoked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::TABLE;
use crate::api_key::{self, word};
use crate::client::secret;
use crate::grant;
use crate::id::{ApiKeyId, PersonId};
use crate::identity;
use crate::link;
use crate::passkey;
use crate::password;
use crate::policy::exception;
use crate::record::{Key, Row, Table, Value};
use crate::second_factor;
use crate::session::{self, latest};
use crate::why::{Because, Why};

/// Somebody who was erased, and the keys that went with them.
#[derive(Clone, Debug)]
pub struct Blank {
    id: Arc<str>,
    owner: String,
    keys: BTreeSet<[u8; 16]>,
    names: BTreeSet<String>,
}

/// What is left of a copy of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// All of it: it names nobody.
    All,
    /// This.
    Row(Row),
    /// Nothing: it says words of theirs and nothing else.
    Nothing,
}

/// What stands where words of theirs stood.
const ERASED: &str = "erased";

/// The tables in whose rows somebody is named; of secrets, only [why](super::wordless) they are as they are.
pub static TABLES: [&Table; 13] = [
    &TABLE,
    &api_key::TABLE,
    &word::TABLE,
    &exception::TABLE,
    &secret::TABLE,
    &password::TABLE,
    &second_factor::TABLE,
    &session::TABLE,
    &latest::TABLE,
    &link::TABLE,
    &identity::TABLE,
    &passkey::TABLE,
    &grant::TABLE,
];

impl Blank {
    /// Of this person and those keys.
    #[must_use]
    pub fn of(person: &PersonId, keys: &BTreeSet<ApiKeyId>) -> Blank {
        Blank {
            id: person.0.clone(),
            owner: format!("user:{person}"),
            keys: keys.iter().map(|key| key.0).collect(),
            names: keys.iter().map(ToString::to_string).collect(),
        }
    }

    /// What is left of a copy of a row.
    #[must_use]
    pub fn row(&self, table: &Table, row: &Row) -> Left {
        let says = |name: &str, text: &str| column(table, row, name).and_then(Value::as_text).is_some_and(|said| **said == *text);
        if std::ptr::eq(table, &TABLE) && says("id", &self.id) {
            let nothing = ["name", "email", "email_verified_at", "locale", "attributes"].map(|column| (column, Value::Null));
            let named = [("username", Value::Text(self.id.clone()))];
            return with(table, row, &named.into_iter().chain(nothing).collect::<Vec<_>>());
        }
        if std::ptr::eq(table, &api_key::TABLE) && says("owner", &self.owner) {
            let named = [("name", Value::text(ERASED)), ("note", Value::Null), ("metadata", Value::Null)];
            let why = column(table, row, "state_why").and_then(Value::as_text);
            let is_words = why.is_some_and(|why| matches!(Because::kept(why), Some(Because::Words(_))));
            let words = is_words.then(|| ("state_why", Value::text(Why::Unspecified.name())));
            return with(table, row, &named.into_iter().chain(words).collect::<Vec<_>>());
        }
        let credential = column(table, row, "credential").and_then(Value::as_text);
        if std::ptr::eq(table, &exception::TABLE) && credential.is_some_and(|credential| self.names.contains(&**credential)) {
            return with(table, row, &[("owner", Value::text(ERASED)), ("reason", Value::text(ERASED))]);
        }
        if says("person", &self.id) {
            // What they signed in with, from where and when: nobody needs it to refuse them.
            let theirs =
                [&password::TABLE, &second_factor::TABLE, &session::TABLE, &latest::TABLE, &link::TABLE, &identity::TABLE, &passkey::TABLE];
            if theirs.iter().any(|theirs| std::ptr::eq(table, *theirs)) {
                return Left::Nothing;
            }
            // That a token of theirs was spent is kept.
            if std::ptr::eq(table, &grant::TABLE) {
                return with(table, row, &[("network", Value::Null), ("agent", Value::Null)]);
            }
        }
        if self.is_word(table, row) { Left::Nothing } else { Left::All }
    }

    /// Whether a copy of the key of a row that was deleted may stay.
    #[must_use]
    pub fn keeps_deleted(&self, table: &Table, key: &Key) -> bool {
        !self.is_word(table, key)
    }

    /// All of a word's row is its key.
    fn is_word(&self, table: &Table, row: &[Value]) -> bool {
        let key = row.get(1).and_then(Value::as_bytes).and_then(|key| <[u8; 16]>::try_from(key).ok());
        std::ptr::eq(table, &word::TABLE) && key.is_some_and(|key| self.keys.contains(&key))
    }
}

fn column<'r>(table: &Table, row: &'r Row, name: &str) -> Option<&'r Value> {
    table.columns.iter().position(|column| column.name == name).and_then(|place| row.get(place))
}

fn with(table: &Table, row: &Row, values: &[(&str, Value)]) -> Left {
    let value = |(name, said): (&str, &Value)| values.iter().find(|(named, _)| *named == name).map_or(said, |(_, value)| value).clone();
    let left: Row = table.columns.iter().map(|column| column.name).zip(row).map(value).collect();
    if left == *row { Left::All } else { Left::Row(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &Table, said: &[(&str, Value)]) -> Row {
        let column = |name: &str| said.iter().find(|(named, _)| *named == name).map_or(Value::Null, |(_, value)| value.clone());
        table.columns.iter().map(|each| column(each.name)).collect()
    }

    #[track_caller]
    fn check(table: &Table, said: &[(&str, Value)], expected: Option<&[(&str, Value)]>) {
        let blank = Blank::of(&PersonId::from("user_1"), &BTreeSet::from([ApiKeyId([7; 16])]));
        let left = blank.row(table, &row(table, said));
        assert_eq!(left, expected.map_or(Left::Nothing, |expected| Left::Row(row(table, expected))));
        // What is blank stays as it is.
        if let Left::Row(left) = left {
            assert_eq!(blank.row(table, &left), Left::All);
        }
    }

    #[track_caller]
    fn stays(table: &Table, said: &[(&str, Value)]) {
        let blank = Blank::of(&PersonId::from("user_1"), &BTreeSet::from([ApiKeyId([7; 16])]));
        assert_eq!(blank.row(table, &row(table, said)), Left::All, "{said:?}");
    }

    #[test]
    fn what_they_are_called_goes_and_what_they_may_stays() {
        let text = Value::text;
        let disabled = ("state", text("disabled"));
        check(
            &TABLE,
            &[
                ("id", text("user_1")),
                ("username", text("ada")),
                ("email", text("a@b.c")),
                ("email_verified_at", Value::Int(7)),
                ("locale", text("de")),
                ("attributes", text(r#"{"room":"7"}"#)),
                disabled.clone(),
            ],
            Some(&[("id", text("user_1")), ("username", text("user_1")), disabled]),
        );
        let (owner, revoked) = (("owner", text("user:user_1")), ("state", text("revoked")));
        for (why, left) in [("her telephone was stolen", "unspecified"), ("leaked", "leaked")] {
            check(
                &api_key::TABLE,
                &[owner.clone(), revoked.clone(), ("name", text("laptop")), ("note", text("n")), ("state_why", text(why))],
                Some(&[owner.clone(), revoked.clone(), ("name", text("erased")), ("state_why", text(left))]),
            );
        }
        let credential = ("credential", text(&ApiKeyId([7; 16]).to_string()));
        check(
            &exception::TABLE,
            &[credential.clone(), ("owner", text("Ada")), ("reason", text("trip")), ("ends_at", Value::Int(9))],
            Some(&[credential, ("owner", text("erased")), ("reason", text("erased")), ("ends_at", Value::Int(9))]),
        );
        check(&word::TABLE, &[("word", text("laptop")), ("key", Value::Id([7; 16]))], None);
        let theirs = ("person", text("user_1"));
        check(&second_factor::TABLE, &[theirs.clone(), ("sealed", Value::bytes(b"sealed"))], None);
        check(&password::TABLE, &[theirs.clone(), ("sealed", Value::bytes(b"sealed"))], None);
        check(&session::TABLE, &[theirs.clone(), ("network", text("192.0.2.0/24"))], None);
        check(&latest::TABLE, &[theirs.clone(), ("at", Value::Int(7))], None);
        check(&identity::TABLE, &[theirs.clone(), ("subject", text("7"))], None);
        check(&passkey::TABLE, &[theirs.clone(), ("name", text("Telephone"))], None);
        let spent = ("generation", Value::Int(7));
        check(&grant::TABLE, &[theirs.clone(), spent.clone(), ("network", text("192.0.2.0/24"))], Some(&[theirs, spent]));
    }

    #[test]
    fn what_is_somebody_else_s_stays() {
        let text = Value::text;
        stays(&TABLE, &[("id", text("user_2")), ("username", text("ada"))]);
        stays(&api_key::TABLE, &[("owner", text("user:user_2")), ("name", text("laptop"))]);
        stays(&word::TABLE, &[("word", text("laptop")), ("key", Value::Id([8; 16]))]);
        stays(&exception::TABLE, &[("credential", text("other")), ("owner", text("Ada"))]);
        stays(&session::TABLE, &[("person", text("user_2")), ("network", text("192.0.2.0/24"))]);
        stays(&crate::role::assign::TABLE, &[("subject", text("user:user_1"))]);
    }
}
