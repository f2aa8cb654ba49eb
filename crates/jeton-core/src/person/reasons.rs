//! Why a row of somebody else is as it is, where that names a person who is erased: a reason stays for as long as its row, and nobody can
//! change it.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::mentions::Mentions;
use super::wordless::{self, are_words};
use crate::api_key;
use crate::id::ApiKeyId;
use crate::record::{Row, Table, Value};

/// What is looked for in rows.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    people: Vec<Mentions>,
    /// What entries said that were erased, each with the ids that they named.
    said: BTreeSet<(String, String)>,
}

impl Reasons {
    /// Those that name somebody of whom this tells.
    #[must_use]
    pub fn of(mentions: Mentions) -> Reasons {
        Reasons { people: vec![mentions], said: BTreeSet::new() }
    }

    /// One more person.
    pub fn add(&mut self, mentions: Mentions) {
        self.people.push(mentions);
    }

    /// What an entry said that was erased: the row that it tells of says the same.
    pub fn hear(&mut self, payload: &[u8]) {
        let members = serde_json::from_slice::<Map<String, Json>>(payload).unwrap_or_default();
        let texts = || members.iter().filter_map(|(name, said)| Some((name.as_str(), said.as_str()?)));
        let words = texts().filter(|(name, said)| matches!(*name, "why" | "reason" | "owner") && are_words(said));
        let ids = || texts().filter(|(name, _)| matches!(*name, "key" | "secret" | "credential" | "exception"));
        for (_, words) in words {
            self.said.extend(ids().map(|(_, id)| (id.to_owned(), words.to_owned())));
        }
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.said.is_empty()
    }

    /// A row of one of the [tables](wordless::TABLES) without them; `None`: it says nothing of them.
    #[must_use]
    pub fn left_of(&self, table: &'static Table, row: &Row) -> Option<Row> {
        let ids = ids(table, row);
        let is_of_theirs = ids.iter().any(|id| self.people.iter().any(|person| person.have_key(id)));
        wordless::without(table, row, |words| {
            is_of_theirs
                || self.people.iter().any(|person| person.names_them(words))
                || ids.iter().any(|id| self.said.contains(&(id.clone(), words.to_owned())))
        })
    }
}

/// What entries call a row.
fn ids(table: &'static Table, row: &Row) -> Vec<String> {
    let said = table.columns.iter().zip(row).filter(|(column, _)| matches!(column.name, "id" | "credential"));
    let id = |value: &Value| match value.as_bytes().and_then(|id| <[u8; 16]>::try_from(id).ok()) {
        Some(id) if std::ptr::eq(table, &api_key::TABLE) => Some(ApiKeyId(id).to_string()),
        _ => value.as_text().map(ToString::to_string),
    };
    said.filter_map(|(_, value)| id(value)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::secret;
    use crate::id::PersonId;
    use crate::person::{Person, State};
    use crate::policy::exception;

    const KEY: ApiKeyId = ApiKeyId([7; 16]);

    fn ada() -> Mentions {
        Mentions::of(&Person {
            id: PersonId::from("user_1"),
            username: Arc::from("ada"),
            name: None,
            email: None,
            state: State::Active,
            created_at: 0,
            updated_at: 0,
            email_verified_at: None,
            locale: None,
            attributes: Default::default(),
        })
    }

    fn row(table: &Table, said: &[(&str, Value)]) -> Row {
        let column = |name: &str| said.iter().find(|(named, _)| *named == name).map_or(Value::Null, |(_, value)| value.clone());
        table.columns.iter().map(|each| column(each.name)).collect()
    }

    fn ended(table: &'static Table, why: &str) -> Row {
        let id = if std::ptr::eq(table, &api_key::TABLE) { Value::Id(KEY.0) } else { Value::text("s1") };
        row(table, &[("id", id), ("state", Value::text("revoked")), ("state_why", Value::text(why))])
    }

    #[track_caller]
    fn check(reasons: &Reasons, table: &'static Table, why: &str, goes: bool) {
        let expected = goes.then(|| ended(table, "unspecified"));
        assert_eq!(reasons.left_of(table, &ended(table, why)), expected, "{} {why}", table.name);
    }

    #[test]
    fn words_that_name_them_go() {
        let reasons = Reasons::of(ada());
        for table in [&api_key::TABLE, &secret::TABLE] {
            check(&reasons, table, "Ada left and kept it", true);
            check(&reasons, table, "a canada matter", false);
            check(&reasons, table, "leaked", false);
        }
        let excepted = |owner: &str| row(&exception::TABLE, &[("id", Value::text("e1")), ("owner", Value::text(owner))]);
        assert_eq!(reasons.left_of(&exception::TABLE, &excepted("ada")), Some(excepted("erased")));
        assert_eq!(reasons.left_of(&exception::TABLE, &excepted("bob")), None);
        assert!(Reasons::default().is_empty() && !reasons.is_empty());
    }

    #[test]
    fn whatever_was_written_of_a_key_that_was_theirs_goes() {
        let mut mentions = ada();
        mentions.are_in("api_key.created", format!(r#"{{"key":"{KEY}","owner":"user:user_1"}}"#).as_bytes());
        let reasons = Reasons::of(mentions);
        check(&reasons, &api_key::TABLE, "her telephone was stolen", true);
        check(&reasons, &api_key::TABLE, "leaked", false);
        check(&reasons, &secret::TABLE, "her telephone was stolen", false);
    }

    #[test]
    fn what_an_erased_entry_said_goes_from_the_row_that_it_told_of() {
        let mut reasons = Reasons::default();
        reasons.hear(br#"{"client":"c","secret":"s1","why":"lent to lovelace"}"#);
        reasons.hear(br#"{"client":"c","secret":"s2","why":"leaked"}"#);
        reasons.hear(b"no json");
        check(&reasons, &secret::TABLE, "lent to lovelace", true);
        check(&reasons, &secret::TABLE, "lent to bob", false);
        check(&reasons, &secret::TABLE, "leaked", false);
        check(&reasons, &api_key::TABLE, "lent to lovelace", false);
        reasons.hear(br#"{"credential":"k","exception":"e1","owner":"ada@example.org","reason":"a trip"}"#);
        let excepted = |owner: &str, reason: &str| {
            row(&exception::TABLE, &[("id", Value::text("e1")), ("owner", Value::text(owner)), ("reason", Value::text(reason))])
        };
        let left = reasons.left_of(&exception::TABLE, &excepted("ada@example.org", "a trip"));
        assert_eq!(left, Some(excepted("erased", "erased")));
    }
}
