//! Telling that a credential will end: 30 days, 7 days and a day ahead, each once.

use std::sync::Arc;

use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

const DAY: i64 = 86_400;

/// How many days ahead it is told, the most urgent first.
pub const DAYS_AHEAD: [i64; 3] = [1, 7, 30];

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// An API key.
    ApiKey,
    /// A personal access token.
    PersonalAccessToken,
    /// A client's secret.
    ClientSecret,
    /// An exception from a policy, and the credential that it is for.
    PolicyException,
}

impl Ending {
    /// All of them.
    pub const ALL: [Ending; 4] = [Ending::ApiKey, Ending::PersonalAccessToken, Ending::ClientSecret, Ending::PolicyException];

    /// Its name in rows, events and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Ending::ApiKey => "api_key",
            Ending::PersonalAccessToken => "personal_access_token",
            Ending::ClientSecret => "client_secret",
            Ending::PolicyException => "policy_exception",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Ending> {
        Ending::ALL.into_iter().find(|ending| ending.name() == name)
    }
}

/// Something that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// What it is.
    pub ending: Ending,
    /// Its id.
    pub credential: Arc<str>,
    /// Whose it is, or who answers for it.
    pub owner: Arc<str>,
    /// From when on it lives, in seconds.
    pub created_at: i64,
    /// When it ends, as things are, in seconds.
    pub expires_at: i64,
}

/// What was told of something that ends: the last word alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub ending: Arc<str>,
    /// Its id.
    pub credential: Arc<str>,
    /// When it was to end, in seconds.
    pub expires_at: i64,
    /// How many days ahead it was told.
    pub days: i64,
}

/// Where that is kept, one row for each.
pub static TABLE: Table = Table {
    name: "expiry_notice",
    columns: &[Column::text("kind"), Column::text("credential"), Column::int("expires_at"), Column::int("days")],
    key: 2,
    indexes: &[],
    class: Class::Authority,
};

impl Expiring {
    /// The notice that is due now, as the number of days it is told ahead. Where days were missed, the most urgent alone; and none that
    /// lies as far ahead as the whole life: whoever makes something for a week knows that it ends in a week.
    #[must_use]
    pub fn due(&self, told: Option<&Told>, now_seconds: i64) -> Option<i64> {
        let left = self.expires_at.saturating_sub(now_seconds);
        let lifetime = self.expires_at.saturating_sub(self.created_at);
        let days = DAYS_AHEAD.into_iter().find(|days| left <= days * DAY).filter(|days| left > 0 && days * DAY < lifetime)?;
        let is_told = told.is_some_and(|told| told.expires_at == self.expires_at && told.days <= days);
        (!is_told).then_some(days)
    }

    /// The key of its row.
    #[must_use]
    pub fn key(&self) -> Key {
        key(self.ending, &self.credential)
    }
}

/// The key of the row of something.
#[must_use]
pub fn key(ending: Ending, credential: &Arc<str>) -> Key {
    vec![Value::text(ending.name()), Value::Text(credential.clone())]
}

/// Tells that something ends in so many days.
pub fn tell(expiring: &Expiring, days: i64, moment: &mut Moment) -> Outcome<()> {
    let Expiring { ending, credential, owner, expires_at, .. } = expiring.clone();
    let told = Told { ending: ending.name().into(), credential: credential.clone(), expires_at, days };
    let event = Event::CredentialExpiring {
        actor: Actor::system(),
        credential,
        days,
        expires_at_seconds: expires_at,
        kind: ending.name().into(),
        owner,
    };
    Outcome::grant((), Commit::new(moment).put(&TABLE, told.row()).tell(event))
}

impl Told {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Text(self.ending.clone()), Value::Text(self.credential.clone()), Value::Int(self.expires_at), Value::Int(self.days)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Told, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Told { ending: row.text()?, credential: row.text()?, expires_at: row.int()?, days: row.int()? })
    }
}
