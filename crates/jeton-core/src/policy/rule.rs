//! What a deployment, an API or a client says of the lifetimes of one kind.

use std::sync::Arc;

use super::idle::IdleRule;
use super::{CredentialKind, Level};
use crate::id::{Actor, ApiId, ClientId};
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

/// For what a rule holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Everything.
    Deployment,
    /// One API.
    Api(ApiId),
    /// One client.
    Client(ClientId),
}

impl Subject {
    /// Its level.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Subject::Deployment => Level::Deployment,
            Subject::Api(_) => Level::Api,
            Subject::Client(_) => Level::Client,
        }
    }

    /// Its id; empty of the deployment.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        match self {
            Subject::Deployment => Arc::from(""),
            Subject::Api(api) => api.0.clone(),
            Subject::Client(client) => client.0.clone(),
        }
    }

    fn parse(level: &str, name: &Arc<str>) -> Option<Subject> {
        match level {
            "deployment" => name.is_empty().then_some(Subject::Deployment),
            "api" => Some(Subject::Api(ApiId(name.clone()))),
            "client" => Some(Subject::Client(ClientId(name.clone()))),
            _ => None,
        }
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRule {
    /// Of which kind of credentials.
    pub kind: CredentialKind,
    /// For what it holds.
    pub subject: Subject,
    /// How long one lives when nobody says, in seconds; `None` leaves it to the wider level.
    pub default_seconds: Option<i64>,
    /// How long one may live at most, in seconds; `None` leaves it to the wider level.
    pub max_seconds: Option<i64>,
    /// When it was last set, in seconds.
    pub updated_at: i64,
    /// Who set it.
    pub updated_by: Actor,
    /// What becomes of those that nobody uses; `None` leaves it to the wider level.
    pub idle: Option<IdleRule>,
    /// Since when what it says of them is as strict as it is, in seconds; `None`: it was never less strict. A rule that was taken back stays
    /// for that alone.
    pub idle_since: Option<i64>,
}

/// Where rules are kept.
pub static TABLE: Table = Table {
    name: "policy",
    columns: &[
        Column::text("kind"),
        Column::text("level"),
        Column::text("subject"),
        Column::int("default_seconds").or_null(),
        Column::int("max_seconds").or_null(),
        Column::int("updated_at"),
        Column::text("updated_by"),
        Column::int("idle_seconds").or_null(),
        Column::int("idle_since").or_null(),
    ],
    key: 3,
    indexes: &[],
    class: Class::Authority,
};

/// The key of the rule of a kind for a subject.
#[must_use]
pub fn key(kind: CredentialKind, subject: &Subject) -> Key {
    vec![Value::text(kind.lifetime().policy_key), Value::text(subject.level().name()), Value::Text(subject.name())]
}

/// The kind and the subject that a key names.
///
/// # Errors
/// When it is not a key of this table.
pub fn of_key(key: &Key) -> Result<(CredentialKind, Subject), Malformed> {
    let mut reader = Reader::new(&TABLE, key);
    let kind = reader.read(|value| CredentialKind::from_policy_key(value.as_text()?))?;
    let level = reader.text()?;
    let subject = reader.read(|value| Subject::parse(&level, value.as_text()?))?;
    Ok((kind, subject))
}

impl PolicyRule {
    /// Whether it says anything.
    #[must_use]
    pub fn says_anything(&self) -> bool {
        self.default_seconds.is_some() || self.max_seconds.is_some() || self.idle.is_some()
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = key(self.kind, &self.subject);
        row.extend([
            self.default_seconds.map_or(Value::Null, Value::Int),
            self.max_seconds.map_or(Value::Null, Value::Int),
            Value::Int(self.updated_at),
            Value::Text(self.updated_by.0.clone()),
            self.idle.map_or(Value::Null, |idle| Value::Int(idle.seconds())),
            self.idle_since.map_or(Value::Null, Value::Int),
        ]);
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<PolicyRule, Malformed> {
        let (kind, subject) = of_key(row)?;
        let mut reader = Reader::new(&TABLE, row);
        for _ in 0..TABLE.key {
            reader.text()?;
        }
        Ok(PolicyRule {
            kind,
            subject,
            default_seconds: reader.int_or_null()?,
            max_seconds: reader.int_or_null()?,
            updated_at: reader.int()?,
            updated_by: Actor(reader.text()?),
            idle: reader.int_or_null()?.map(IdleRule::from_seconds),
            idle_since: reader.int_or_null()?,
        })
    }
}
