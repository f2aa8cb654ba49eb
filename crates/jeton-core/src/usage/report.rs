//! What verifiers report, and how a report that came twice, or did not come, is known.

use jeton_oauth::UsageReport;
use jeton_oauth::usage_report::VerifierId;

use super::bucket::Resolution;
use crate::id::ClientId;
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};
use crate::refusal::{Reason, Refusal};

/// How far one verifier's reports have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The client that reports.
    pub client: ClientId,
    /// The verifier, as it named itself.
    pub verifier: VerifierId,
    /// The last batch that was counted.
    pub batch: u64,
    /// How many batches before it never came.
    pub lost: u64,
    /// How many checks the verifier itself could not keep.
    pub dropped: u64,
    /// When the last batch came, in seconds.
    pub at: i64,
}

/// What becomes of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batch {
    /// It is counted, and this is remembered.
    Counted(Reported),
    /// It was counted before, or one after it was: nothing is done.
    Repeated,
}

/// Where they are kept: a row of the hour in which the last batch came. No batch is counted that is older than a day, so what is
/// dropped after two is of no use.
pub static TABLE: Table = Table {
    name: "usage_report",
    columns: &[
        Column::int("hour"),
        Column::text("client"),
        Column::bytes("verifier"),
        Column::int("batch"),
        Column::int("lost"),
        Column::int("dropped"),
        Column::int("at"),
    ],
    key: 3,
    indexes: &[],
    class: Class::Counted { slice_seconds: 3_600, kept_seconds: KEPT_SECONDS },
};

/// How long a verifier is remembered after its last batch, in seconds.
pub const KEPT_SECONDS: i64 = 2 * OLDEST_SECONDS;
/// How old a check may be that is reported, in seconds.
pub const OLDEST_SECONDS: i64 = 86_400;
/// How far the clock of a verifier may run ahead, in seconds: its minute may have begun before ours.
const AHEAD_SECONDS: i64 = 60;
/// The most batches that a gap counts as lost: as many as come in ten days.
const GAP_MOST: u64 = 100_000;

/// What becomes of a batch, by what is known of the verifier; at this second. It is refused whole where one of its checks cannot have
/// been made then: a verifier with a wrong clock is to be found out.
///
/// # Errors
/// `InvalidRequest`: a check is of a time to come, or older than a day.
pub fn judge(report: &UsageReport, client: &ClientId, known: Option<&Reported>, now_seconds: i64) -> Result<Batch, Refusal> {
    let last = known.map_or(0, |known| known.batch);
    if report.batch <= last {
        return Ok(Batch::Repeated);
    }
    for item in &report.items {
        let age = now_seconds.saturating_sub(item.cell.minute);
        if age < -AHEAD_SECONDS {
            return Err(Refusal::new(
                Reason::InvalidRequest,
                "a check was made in a minute that lies ahead: see the clock of the verifier",
            ));
        }
        if age > OLDEST_SECONDS {
            return Err(Refusal::new(Reason::InvalidRequest, "a check is older than a day: that is too late to be counted"));
        }
    }
    Ok(Batch::Counted(Reported {
        client: client.clone(),
        verifier: report.verifier,
        batch: report.batch,
        lost: known.map_or(0, |known| known.lost).saturating_add((report.batch - last - 1).min(GAP_MOST)),
        dropped: known.map_or(0, |known| known.dropped).saturating_add(report.dropped),
        at: now_seconds,
    }))
}

/// The hour in whose slice a verifier's row lies that reported at a second.
#[must_use]
pub fn key_of_hour(seconds: i64) -> Key {
    vec![Value::Int(Resolution::Hour.start_of(seconds))]
}

impl Reported {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let int = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        vec![
            Value::Int(Resolution::Hour.start_of(self.at)),
            Value::Text(self.client.0.clone()),
            Value::bytes(&self.verifier.to_bytes()),
            int(self.batch),
            int(self.lost),
            int(self.dropped),
            Value::Int(self.at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Reported, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let number = |value: &Value| u64::try_from(value.int()?).ok();
        row.int()?;
        Ok(Reported {
            client: ClientId(row.text()?),
            verifier: row.read(|value| Some(VerifierId::from_bytes(value.as_bytes()?.try_into().ok()?)))?,
            batch: row.read(number)?,
            lost: row.read(number)?,
            dropped: row.read(number)?,
            at: row.int()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jeton_oauth::Resource;
    use jeton_oauth::usage_report::{Cell, Item, Outcome, Proof, Subject};

    use super::*;

    const NOW: i64 = 1_800_000_030;

    fn report(batch: u64, minutes: &[i64]) -> UsageReport {
        let item = |minute: &i64| Item {
            cell: Cell { minute: *minute, subject: Subject::Unknown, outcome: Outcome::Invalid, scope: None, network: None, agent: None },
            count: 1,
        };
        UsageReport {
            verifier: VerifierId::from_bytes([7; 16]),
            batch,
            audience: Resource::parse("https://orders.example").unwrap(),
            dropped: 3,
            items: minutes.iter().map(item).collect(),
            proof: Proof::default(),
        }
    }

    /// What a verifier of this batch and these losses is known by after another, or `None` where that counts for nothing.
    #[track_caller]
    fn check(known: Option<(u64, u64)>, batch: u64, expected: Option<(u64, u64)>) {
        let client = ClientId::from("a");
        let known = known.map(|(batch, lost)| Reported {
            client: client.clone(),
            verifier: VerifierId::from_bytes([7; 16]),
            batch,
            lost,
            dropped: 0,
            at: 0,
        });
        let counted = match judge(&report(batch, &[]), &client, known.as_ref(), NOW).unwrap() {
            Batch::Counted(reported) => Some((reported.batch, reported.lost)),
            Batch::Repeated => None,
        };
        assert_eq!(counted, expected, "{batch}");
    }

    #[test]
    fn batches_are_counted_once_and_gaps_are_seen() {
        check(None, 1, Some((1, 0)));
        check(None, 3, Some((3, 2)));
        check(Some((3, 2)), 3, None);
        check(Some((3, 2)), 1, None);
        check(Some((3, 2)), 4, Some((4, 2)));
        check(Some((3, 2)), 6, Some((6, 4)));
        check(None, UsageReport::MAX_NUMBER, Some((UsageReport::MAX_NUMBER, GAP_MOST)));
        check(Some((1, u64::MAX)), 4, Some((4, u64::MAX)));
    }

    #[test]
    fn a_check_is_of_a_time_that_has_been() {
        for (minute, is_fine) in [
            (1_800_000_000, true),
            (1_800_000_060, true),
            (1_800_000_120, false),
            (1_800_003_600, false),
            (1_800_000_000 - 86_340, true),
            (1_800_000_000 - 86_400, false),
            (0, false),
        ] {
            let judged = judge(&report(1, &[1_800_000_000, minute]), &ClientId::from("a"), None, NOW);
            assert_eq!(judged.is_ok(), is_fine, "{minute}");
        }
    }

    #[test]
    fn rows_are_read_back() {
        let Ok(Batch::Counted(reported)) = judge(&report(4, &[]), &ClientId::from("client_a"), None, NOW) else { panic!() };
        assert_eq!(Reported::from_row(&reported.row()), Ok(reported.clone()));
        assert_eq!(reported.row().first(), key_of_hour(NOW).first());
    }
}
