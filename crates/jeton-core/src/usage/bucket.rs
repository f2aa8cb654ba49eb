//! What was counted in a minute, an hour or a day.

use super::{Cell, Outcome, Subject};
use crate::id::ApiId;
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

/// How long what is counted together lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// A minute, kept for a day.
    Minute,
    /// An hour, kept for thirty days.
    Hour,
    /// A day in UTC, kept for 400: thirteen months.
    Day,
}

/// One count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// When it begins, in seconds.
    pub start: i64,
    /// What is counted.
    pub cell: Cell,
    /// How often.
    pub count: u64,
    /// Up to which second it was counted: the end of a minute. No minute is counted in twice.
    pub through: i64,
}

const COLUMNS: &[Column] = &[
    Column::int("start"),
    Column::text("subject"),
    Column::text("api"),
    Column::int("outcome"),
    Column::int("count"),
    Column::int("through"),
];

/// Counts of minutes.
pub static MINUTE: Table = table("usage_minute", 3_600, 86_400);
/// Counts of hours.
pub static HOUR: Table = table("usage_hour", 86_400, 30 * 86_400);
/// Counts of days.
pub static DAY: Table = table("usage_day", 30 * 86_400, 400 * 86_400);

const fn table(name: &'static str, slice_seconds: i64, kept_seconds: i64) -> Table {
    Table { name, columns: COLUMNS, key: 4, indexes: &[], class: Class::Counted { slice_seconds, kept_seconds } }
}

impl Resolution {
    /// All of them, the shortest first.
    pub const ALL: [Resolution; 3] = [Resolution::Minute, Resolution::Hour, Resolution::Day];

    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Resolution::Minute => "minute",
            Resolution::Hour => "hour",
            Resolution::Day => "day",
        }
    }

    /// How many seconds it lasts.
    #[must_use]
    pub fn seconds(self) -> i64 {
        match self {
            Resolution::Minute => 60,
            Resolution::Hour => 3_600,
            Resolution::Day => 86_400,
        }
    }

    /// Where its counts are kept.
    #[must_use]
    pub fn table(self) -> &'static Table {
        match self {
            Resolution::Minute => &MINUTE,
            Resolution::Hour => &HOUR,
            Resolution::Day => &DAY,
        }
    }

    /// When the one begins that a second lies in.
    #[must_use]
    pub fn start_of(self, seconds: i64) -> i64 {
        seconds.div_euclid(self.seconds()).saturating_mul(self.seconds())
    }
}

impl Bucket {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let Cell { subject, api, outcome } = &self.cell;
        vec![
            Value::Int(self.start),
            Value::text(&subject.to_string()),
            api.as_ref().map_or_else(|| Value::text(""), |api| Value::Text(api.0.clone())),
            Value::Int(i64::from(outcome.number())),
            Value::Int(i64::try_from(self.count).unwrap_or(i64::MAX)),
            Value::Int(self.through),
        ]
    }

    /// From a row of one of these tables.
    ///
    /// # Errors
    /// When the row is not one of them.
    pub fn from_row(row: &Row) -> Result<Bucket, Malformed> {
        let mut row = Reader::new(&MINUTE, row);
        let start = row.int()?;
        let subject = row.read(|value| Subject::parse(value.as_text()?))?;
        let api = row.text()?;
        let outcome = row.read(|value| Outcome::from_number(value.int()?))?;
        let count = row.read(|value| u64::try_from(value.int()?).ok())?;
        let cell = Cell { subject, api: Some(api).filter(|api| !api.is_empty()).map(ApiId), outcome };
        Ok(Bucket { start, cell, count, through: row.int()? })
    }
}

/// How the keys of a subject's counts begin that start then.
#[must_use]
pub fn key(start: i64, subject: &Subject) -> Key {
    vec![Value::Int(start), Value::text(&subject.to_string())]
}
