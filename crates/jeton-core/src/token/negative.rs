//! Negatives: the append-only rows that say what is no longer, or not now, accepted. The last one of a subject counts, and a revocation
//! is final. All of them are in memory, folded by the same code in the server and in the verifiers, so that both judge alike.

use std::sync::Arc;

use crate::event::CutOffSubject;
use crate::id::{ApiId, ApiKeyId, CredentialId, KeyId};
use crate::moment::{Moment, Time};
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negative {
    /// The row's own id, time-ordered.
    pub id: [u8; 16],
    /// What it says of whom.
    pub says: Says,
    /// When it may be forgotten, in seconds.
    pub until: i64,
}

/// What a negative says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// This token, for this audience, is revoked: final.
    Revoked(CredentialId, Arc<str>),
    /// This token, for this audience, is refused for now.
    Suspended(CredentialId, Arc<str>),
    /// This token, for this audience, is accepted again, unless it was revoked.
    Resumed(CredentialId, Arc<str>),
    /// Tokens of this subject with `iat` before this, in seconds, are dead. An API is named by its audience.
    CutOff(CutOffSubject, Arc<str>, i64),
    /// Everything of this subject is refused for now.
    SubjectSuspended(CutOffSubject, Arc<str>),
    /// What is this subject's is accepted again.
    SubjectResumed(CutOffSubject, Arc<str>),
    /// Tokens for this audience live at most so many seconds from their `iat`, if that lies before the second time, in seconds.
    Lifetime(Arc<str>, i64, i64),
    /// Nothing that this key signed is trusted.
    KeyRevoked(KeyId),
    /// Answers about this API key, which is for this API, with `iat` before this, in seconds, are old: ask again.
    ApiKeyChanged(ApiKeyId, ApiId, i64),
}

/// Where negatives are kept: in slices of a day of `until`, dropped whole.
pub static TABLE: Table = Table {
    name: "negative",
    columns: &[
        Column::bytes("id"),
        Column::int("says"),
        Column::bytes("token").or_null(),
        Column::text("name").or_null(),
        Column::int("seconds").or_null(),
        Column::int("before").or_null(),
        Column::int("until"),
    ],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 86_400 },
};

const REVOKED: i64 = 1;
const SUSPENDED: i64 = 2;
const RESUMED: i64 = 3;
const LIFETIME: i64 = 4;
const KEY_REVOKED: i64 = 5;
const API_KEY_CHANGED: i64 = 6;
/// Cut-offs have numbers of their own by subject; never reused.
const CUT_OFFS: [(i64, CutOffSubject); 8] = [
    (10, CutOffSubject::Everything),
    (11, CutOffSubject::Client),
    (12, CutOffSubject::Api),
    (13, CutOffSubject::User),
    (14, CutOffSubject::Session),
    (15, CutOffSubject::Family),
    (16, CutOffSubject::Key),
    (17, CutOffSubject::Group),
];
/// Suspensions and resumptions of a subject have the number of its cut-offs and this more.
const SUBJECT_SUSPENDED: i64 = 10;
const SUBJECT_RESUMED: i64 = 20;

impl Negative {
    /// A negative drawn now.
    pub fn new(says: Says, until: i64, moment: &mut Moment) -> Negative {
        Negative { id: moment.draw_time_ordered(), says, until }
    }

    /// When it was said, to the millisecond.
    #[must_use]
    pub fn said_at(&self) -> Time {
        CredentialId(self.id).issued_at()
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let (number, token, name, seconds, before) = match &self.says {
            Says::Revoked(token, audience) => (REVOKED, Some(*token), Some(audience.clone()), None, None),
            Says::Suspended(token, audience) => (SUSPENDED, Some(*token), Some(audience.clone()), None, None),
            Says::Resumed(token, audience) => (RESUMED, Some(*token), Some(audience.clone()), None, None),
            Says::Lifetime(audience, seconds, before) => (LIFETIME, None, Some(audience.clone()), Some(*seconds), Some(*before)),
            Says::KeyRevoked(key) => (KEY_REVOKED, None, Some(key.0.clone()), None, None),
            Says::ApiKeyChanged(key, api, before) => (API_KEY_CHANGED, Some(CredentialId(key.0)), Some(api.0.clone()), None, Some(*before)),
            Says::SubjectSuspended(subject, name) => (number_of(*subject) + SUBJECT_SUSPENDED, None, Some(name.clone()), None, None),
            Says::SubjectResumed(subject, name) => (number_of(*subject) + SUBJECT_RESUMED, None, Some(name.clone()), None, None),
            Says::CutOff(subject, name, before) => (number_of(*subject), None, Some(name.clone()), None, Some(*before)),
        };
        vec![
            Value::Id(self.id),
            Value::Int(number),
            token.map_or(Value::Null, |token| Value::Id(token.0)),
            name.map_or(Value::Null, Value::Text),
            seconds.map_or(Value::Null, Value::Int),
            before.map_or(Value::Null, Value::Int),
            Value::Int(self.until),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Negative, Malformed> {
        let mut reader = Reader::new(&TABLE, row);
        let id = reader.read(|value| value.as_bytes()?.try_into().ok())?;
        let number = reader.int()?;
        let token = reader.read(|value| match value {
            Value::Null => Some(None),
            value => Some(Some(CredentialId(value.as_bytes()?.try_into().ok()?))),
        })?;
        let name = reader.text_or_null()?;
        let (seconds, before) = (reader.int_or_null()?, reader.int_or_null()?);
        let says = says(number, token, name, (seconds, before)).ok_or(Malformed { table: TABLE.name, column: "says" })?;
        Ok(Negative { id, says, until: reader.int()? })
    }
}

fn says(number: i64, token: Option<CredentialId>, name: Option<Arc<str>>, (seconds, before): (Option<i64>, Option<i64>)) -> Option<Says> {
    Some(match number {
        REVOKED => Says::Revoked(token?, name?),
        SUSPENDED => Says::Suspended(token?, name?),
        RESUMED => Says::Resumed(token?, name?),
        LIFETIME => Says::Lifetime(name?, seconds?, before?),
        KEY_REVOKED => Says::KeyRevoked(KeyId(name?)),
        API_KEY_CHANGED => Says::ApiKeyChanged(ApiKeyId(token?.0), ApiId(name?), before?),
        20..=29 => Says::SubjectSuspended(subject_of(number - SUBJECT_SUSPENDED)?, name?),
        30..=39 => Says::SubjectResumed(subject_of(number - SUBJECT_RESUMED)?, name?),
        number => Says::CutOff(subject_of(number)?, name?, before?),
    })
}

fn subject_of(number: i64) -> Option<CutOffSubject> {
    CUT_OFFS.iter().find_map(|(of, subject)| (*of == number).then_some(*subject))
}

fn number_of(subject: CutOffSubject) -> i64 {
    CUT_OFFS.iter().find(|(_, of)| *of == subject).map_or(0, |(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_negative_survives_its_row() {
        let mut moment = Moment::new(Time::from_seconds(1_700_000_000), [1; 32]);
        let token = CredentialId::draw(&mut moment);
        let mut all = vec![
            Says::Revoked(token, Arc::from("a")),
            Says::Suspended(token, Arc::from("a")),
            Says::Resumed(token, Arc::from("a")),
            Says::Lifetime(Arc::from("a"), 60, 5),
            Says::KeyRevoked(KeyId::from("k")),
            Says::ApiKeyChanged(ApiKeyId([7; 16]), ApiId::from("a"), 5),
        ];
        all.extend(CUT_OFFS.iter().map(|(_, subject)| Says::CutOff(*subject, Arc::from("n"), 5)));
        all.extend(CUT_OFFS.iter().map(|(_, subject)| Says::SubjectSuspended(*subject, Arc::from("n"))));
        all.extend(CUT_OFFS.iter().map(|(_, subject)| Says::SubjectResumed(*subject, Arc::from("n"))));
        for says in all {
            let negative = Negative::new(says, 9, &mut moment);
            assert_eq!(negative.row().len(), TABLE.columns.len());
            assert_eq!(Negative::from_row(&negative.row()), Ok(negative));
        }
    }
}
