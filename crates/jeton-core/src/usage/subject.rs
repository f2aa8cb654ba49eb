//! What is remembered of a credential's use: a row for each, replaced as it is used.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_oauth::ScopeSet;

use super::Subject;
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

/// What is remembered of a subject's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectUse {
    /// Whose.
    pub subject: Subject,
    /// The minute of its first use, in seconds.
    pub first_used_at: Option<i64>,
    /// The minute of its last use, in seconds.
    pub last_used_at: Option<i64>,
    /// When it was last refused, and by which rule.
    pub last_refusal: Option<LastRefusal>,
    /// A sketch of the networks that it was used from; empty: none was seen.
    pub networks: Arc<[u8]>,
    /// A sketch of the classes of agents that used it; empty: none was seen.
    pub agents: Arc<[u8]>,
    /// The last networks that were new, the newest first.
    pub recent_networks: Vec<Arc<str>>,
    /// The last classes of agents that were new, the newest first.
    pub recent_agents: Vec<Arc<str>>,
    /// The scopes that were exercised, each with the day on which it last was, in seconds.
    pub scopes: BTreeMap<Arc<str>, i64>,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRefusal {
    /// The minute, in seconds.
    pub at: i64,
    /// The rule, by its name in answers.
    pub rule: Arc<str>,
}

/// Where they are kept.
pub static TABLE: Table = Table {
    name: "usage_subject",
    columns: &[
        Column::text("subject"),
        Column::int("first_used_at").or_null(),
        Column::int("last_used_at").or_null(),
        Column::int("last_refused_at").or_null(),
        Column::text("last_refusal").or_null(),
        Column::bytes("networks"),
        Column::bytes("agents"),
        Column::text("recent_networks"),
        Column::text("recent_agents"),
        Column::text("scopes"),
    ],
    key: 1,
    indexes: &[],
    class: Class::Noted,
};

impl SubjectUse {
    /// Nothing yet.
    #[must_use]
    pub fn new(subject: Subject) -> SubjectUse {
        SubjectUse {
            subject,
            first_used_at: None,
            last_used_at: None,
            last_refusal: None,
            networks: Arc::default(),
            agents: Arc::default(),
            recent_networks: vec![],
            recent_agents: vec![],
            scopes: BTreeMap::new(),
        }
    }

    /// Takes up uses of a minute.
    pub fn used(&mut self, minute: i64) {
        self.first_used_at = Some(self.first_used_at.map_or(minute, |first| first.min(minute)));
        self.last_used_at = self.last_used_at.max(Some(minute));
    }

    /// Takes up a refusal.
    pub fn refused(&mut self, minute: i64, rule: &str) {
        let is_news = self.last_refusal.as_ref().is_none_or(|last| last.at < minute || (last.at == minute && &*last.rule != rule));
        if is_news {
            self.last_refusal = Some(LastRefusal { at: minute, rule: Arc::from(rule) });
        }
    }

    /// Which of these scopes were not exercised since a second; none where no use named any: then nobody knows.
    #[must_use]
    pub fn unexercised(&self, scopes: &ScopeSet, since: i64) -> Vec<Arc<str>> {
        // They are remembered to the day.
        let is_exercised = |scope: &str| self.scopes.get(scope).is_some_and(|day| day + 86_400 > since);
        let unexercised = scopes.iter().filter(|scope| !self.scopes.is_empty() && !is_exercised(scope));
        unexercised.map(Arc::from).collect()
    }

    /// Whether it was used on the day of a second, or later: for what is remembered to the day.
    #[must_use]
    pub fn is_used_since_day(&self, since: i64) -> bool {
        self.last_used_at.is_some_and(|day| day + 86_400 > since)
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let int = |seconds: Option<i64>| seconds.map_or(Value::Null, Value::Int);
        let scopes: Vec<String> = self.scopes.iter().map(|(scope, day)| format!("{scope} {day}")).collect();
        vec![
            Value::text(&self.subject.to_string()),
            int(self.first_used_at),
            int(self.last_used_at),
            int(self.last_refusal.as_ref().map(|last| last.at)),
            self.last_refusal.as_ref().map_or(Value::Null, |last| Value::Text(last.rule.clone())),
            Value::bytes(&self.networks),
            Value::bytes(&self.agents),
            Value::text(&self.recent_networks.join(" ")),
            Value::text(&self.recent_agents.join(" ")),
            Value::text(&scopes.join(" ")),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<SubjectUse, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let subject = row.read(|value| Subject::parse(value.as_text()?))?;
        let (first_used_at, last_used_at) = (row.int_or_null()?, row.int_or_null()?);
        let refused = (row.int_or_null()?, row.text_or_null()?);
        Ok(SubjectUse {
            subject,
            first_used_at,
            last_used_at,
            last_refusal: if let (Some(at), Some(rule)) = refused { Some(LastRefusal { at, rule }) } else { None },
            networks: Arc::from(row.bytes()?),
            agents: Arc::from(row.bytes()?),
            recent_networks: row.read(|value| Some(words(value.as_text()?)))?,
            recent_agents: row.read(|value| Some(words(value.as_text()?)))?,
            scopes: row.read(|value| scopes(value.as_text()?))?,
        })
    }
}

/// The key of a subject.
#[must_use]
pub fn key(subject: &Subject) -> Key {
    vec![Value::text(&subject.to_string())]
}

fn words(text: &str) -> Vec<Arc<str>> {
    text.split_ascii_whitespace().map(Arc::from).collect()
}

/// Names and days, in turn: neither has a space.
fn scopes(text: &str) -> Option<BTreeMap<Arc<str>, i64>> {
    let mut words = text.split_ascii_whitespace();
    let mut scopes = BTreeMap::new();
    while let Some(name) = words.next() {
        scopes.insert(Arc::from(name), words.next()?.parse().ok()?);
    }
    Some(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientId;

    #[test]
    fn a_row_is_read_back() {
        let mut known = SubjectUse::new(Subject::Client(ClientId::from("client_a")));
        assert_eq!(SubjectUse::from_row(&known.row()), Ok(known.clone()));
        known.used(120);
        known.refused(180, "expired");
        known.networks = Arc::from([1, 2, 3]);
        known.agents = Arc::from([7; 32]);
        known.recent_networks = vec![Arc::from("192.0.2.0/24"), Arc::from("2001:db8::/48")];
        known.recent_agents = vec![Arc::from("curl/8")];
        known.scopes = BTreeMap::from([(Arc::from("orders:read"), 86_400), (Arc::from("a=b"), 0)]);
        assert_eq!(SubjectUse::from_row(&known.row()), Ok(known.clone()));
        let mut row = known.row();
        row[9] = Value::text("orders:read");
        assert_eq!(SubjectUse::from_row(&row).unwrap_err().column, "scopes");
    }

    #[test]
    fn scopes_are_not_exercised_where_others_are() {
        let granted = ScopeSet::parse("orders:read orders:write").unwrap();
        let check = |exercised: &[(&str, i64)], since: i64, expected: &[&str]| {
            let mut known = SubjectUse::new(Subject::All);
            known.scopes = exercised.iter().map(|(scope, day)| (Arc::from(*scope), *day)).collect();
            let told = known.unexercised(&granted, since);
            assert_eq!(told.iter().map(|scope| &**scope).collect::<Vec<_>>(), expected, "{exercised:?} {since}");
        };
        check(&[], 0, &[]);
        check(&[("orders:read", 86_400)], 86_400, &["orders:write"]);
        check(&[("orders:read", 86_400), ("orders:write", 0)], 86_399, &[]);
        check(&[("orders:read", 86_400), ("orders:write", 0)], 86_400, &["orders:write"]);
        check(&[("orders:delete", 86_400)], 86_400, &["orders:read", "orders:write"]);
    }

    #[test]
    fn what_was_first_and_last_does_not_depend_on_the_order() {
        let mut known = SubjectUse::new(Subject::All);
        for minute in [120, 60, 180, 120] {
            known.used(minute);
        }
        assert_eq!((known.first_used_at, known.last_used_at), (Some(60), Some(180)));
        for (minute, rule) in [(60, "expired"), (120, "revoked"), (60, "suspended")] {
            known.refused(minute, rule);
        }
        assert_eq!(known.last_refusal, Some(LastRefusal { at: 120, rule: Arc::from("revoked") }));
        known.refused(120, "expired");
        assert_eq!(known.last_refusal.map(|last| last.rule), Some(Arc::from("expired")));
    }
}
