//! How the management API looks over the data folder: the audit of the ledger, and the engine's own checks.

use std::iter;
use std::path::Path;
use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::record::Class;
use jeton_core::token::negative::Says;
use jeton_http::api::{CheckReport, Finding, Integrity, LedgerReport};
use jeton_service::Service;
use jeton_store::checksum::LOOK;
use jeton_store::ledger::audit::{self, Claims, IssuedRows};
use jeton_store::ledger::checkpoint::{Checkpoint, CheckpointKey};
use jeton_store::ledger::comparison::Difference;
use jeton_store::ledger::{Entry, Hash, Head, issued_leaf};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Store};
use jeton_store_sqlite::{CheckOptions, OpenError, Options, Progress, SqliteStore};

use crate::clock::Clock;

/// The store that is served.
pub(crate) struct StoreIntegrity {
    /// The service, for the last checkpoint and the time.
    pub(crate) service: Arc<Service>,
    /// Its store.
    pub(crate) store: Arc<SqliteStore>,
}

/// What becomes of a folder that is damaged.
const RESTORE: &str =
    "keep a copy of the data folder for inquiry, and restore the last backup into another one (`jeton backup restore --help` says how)";

/// How many entries are read at once.
const PAGE: usize = 4_096;

impl Integrity for StoreIntegrity {
    fn verify_ledger(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<LedgerReport, String> {
        let checkpoint = self.last_checkpoint();
        // The head before the rows: a group's rows are there once its entry is.
        let head = self.store.head();
        let issued = self.issued_before(&head).map_err(|fault| fault.to_string())?;
        let known: Vec<(u64, Hash)> = checkpoint.iter().map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
        let claims = Claims { tables: SCHEMA.tables, head: &head, checkpoints: &known, now: self.service.moments().time() };
        let report = audit::audit(self.entries(&head, progress), issued, &claims);
        let findings = report.as_ref().err().map(|finding| Finding {
            place: finding.sequence.map_or_else(|| "the ledger".to_owned(), |sequence| format!("entry {sequence}")),
            detail: finding.what.clone(),
            hint: format!("the data folder is not what Jeton wrote: {RESTORE}"),
        });
        Ok(LedgerReport {
            entries: head.size,
            root: head.frontier.root().iter().map(|byte| format!("{byte:02x}")).collect(),
            checkpoint_size: checkpoint.map(|checkpoint| checkpoint.size),
            findings: findings.into_iter().collect(),
        })
    }

    fn check(&self, full: bool, progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, String> {
        if !full {
            // What a start checks: the folder was opened with it, and the store reads.
            self.store.view().map_err(|fault| fault.to_string())?;
            return Ok(CheckReport { entries: self.store.head().size, ..CheckReport::default() });
        }
        let known: Vec<(u64, Hash)> = self.last_checkpoint().iter().map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
        let now = self.service.moments().time();
        let mut options = CheckOptions { now, checkpoints: &known, progress: &mut |at| show(at, progress) };
        self.store.check_full(&mut options).map(|report| told(&report)).map_err(|fault| fault.to_string())
    }
}

/// Checks a data folder that no server has open: also one that does not open any more.
///
/// # Errors
/// When it is not Jeton's, is newer, is in use, or cannot be read.
pub(crate) fn check_folder(data: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport, String> {
    let options = Options::new(data, &SCHEMA, [0; 32]);
    let now = Clock::start().now();
    let mut check = CheckOptions { now, checkpoints: &[], progress: &mut |at| show(at, progress) };
    match jeton_store_sqlite::check_folder(&options, &mut check) {
        Ok(report) => Ok(told(&report)),
        // One that does not open any more is what was looked for.
        Err(OpenError::Damaged(what)) => Ok(told(&jeton_store_sqlite::CheckReport { findings: vec![what], ..Default::default() })),
        Err(OpenError::CutOff(what)) => {
            Ok(told(&jeton_store_sqlite::CheckReport { findings: vec![format!("a part is missing: {what}")], ..Default::default() }))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn show(at: Progress<'_>, progress: &mut dyn FnMut(u64, u64)) {
    if let Progress::Rows(_, rows) = at {
        progress(rows, rows);
    }
}

fn told(report: &jeton_store_sqlite::CheckReport) -> CheckReport {
    let finding = |detail: &String| Finding {
        place: "the data folder".to_owned(),
        // Whoever reads this has just done so.
        detail: detail.replace(LOOK, ""),
        hint: RESTORE.to_owned(),
    };
    CheckReport {
        full: true,
        pages: 0,
        rows: report.rows,
        entries: report.ledger.as_ref().map_or(0, |ledger| ledger.entries),
        findings: report.findings.iter().map(finding).chain(report.differences.iter().map(told_of_difference)).collect(),
    }
}

fn told_of_difference(difference: &Difference) -> Finding {
    let hint = match difference {
        Difference::NegativeMissing { says, .. } => again(says),
        _ => format!("somebody changed the database: {RESTORE}"),
    };
    Finding { place: "rows and ledger".to_owned(), detail: difference.to_string(), hint }
}

/// How a negative that is missing is said again. What cannot be said again is in a backup.
fn again(says: &Says) -> String {
    let command = match says {
        Says::Revoked(token, _) => {
            return format!(
                "it may be accepted: end it again with `jeton revoke {token}`, or, where there is no such token any more, revoke the signing keys"
            );
        }
        Says::Suspended(token, _) => format!("jeton token suspend {token}"),
        Says::Resumed(token, _) => format!("jeton token resume {token}"),
        Says::SubjectSuspended(subject, name) => format!("jeton suspend {} {name}", flag(*subject).unwrap_or_default()),
        Says::SubjectResumed(subject, name) => format!("jeton resume {} {name}", flag(*subject).unwrap_or_default()),
        Says::CutOff(CutOffSubject::Everything, ..) => "jeton revoke --everything".to_owned(),
        Says::Lifetime(audience, ..) => format!("jeton revoke --api {audience}"),
        Says::CutOff(CutOffSubject::Key, ..) | Says::ApiKeyChanged(..) | Says::KeyRevoked(_) => {
            return format!("verifiers that start now do not hear of it: {RESTORE}");
        }
        Says::CutOff(subject, name, _) => format!("jeton revoke {} {name}", flag(*subject).unwrap_or_default()),
    };
    format!("what it ended may be accepted: say it again with `{command}`")
}

/// How the command line names one of these.
fn flag(subject: CutOffSubject) -> Option<&'static str> {
    match subject {
        CutOffSubject::Client => Some("--client"),
        CutOffSubject::Api => Some("--api"),
        CutOffSubject::User => Some("--user"),
        CutOffSubject::Group => Some("--group"),
        CutOffSubject::Session => Some("--session"),
        CutOffSubject::Family => Some("--family"),
        CutOffSubject::Key => Some("--key"),
        CutOffSubject::Everything => None,
    }
}

impl StoreIntegrity {
    /// The last signed checkpoint, if its signature holds.
    fn last_checkpoint(&self) -> Option<Checkpoint> {
        let signed = self.service.checkpoints().borrow().clone()?;
        let key = CheckpointKey::parse(&self.service.checkpoint_key().ok()?)?;
        Checkpoint::verify(&signed.note, &key)
    }

    fn issued_before(&self, head: &Head) -> Result<IssuedRows, Fault> {
        let view = self.store.view()?;
        let mut issued = IssuedRows::default();
        for table in SCHEMA.tables.iter().filter(|table| matches!(table.class, Class::Credential { .. })) {
            view.scan(table, &mut |row| {
                if row.version < head.size {
                    issued.add(table, row.version, issued_leaf(table, &row.record));
                }
                true
            })?;
        }
        Ok(issued)
    }

    fn entries<'a>(&'a self, head: &'a Head, progress: &'a mut dyn FnMut(u64, u64)) -> impl Iterator<Item = Result<Entry, Fault>> + 'a {
        let mut next = 0;
        let mut page = Vec::new().into_iter();
        iter::from_fn(move || {
            if let Some(entry) = page.next() {
                return Some(Ok(entry));
            }
            if next >= head.size {
                return None;
            }
            progress(next, head.size);
            let left = usize::try_from(head.size - next).unwrap_or(PAGE);
            match self.store.tail(next, left.min(PAGE)) {
                // An entry that is missing at the end shows in the root.
                Ok(entries) if entries.is_empty() => None,
                Ok(entries) => {
                    next += entries.len() as u64;
                    page = entries.into_iter();
                    page.next().map(Ok)
                }
                Err(fault) => {
                    next = head.size;
                    Some(Err(fault))
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::id::{CredentialId, KeyId};

    use super::*;

    #[test]
    fn a_difference_says_what_to_do() {
        let token = CredentialId([1; 16]);
        let missing = |says| Difference::NegativeMissing { sequence: 7, says };
        for (difference, detail, hint) in [
            (
                missing(Says::Revoked(token, Arc::from("a"))),
                "entry 7 says that token 01010101010101010101010101010101 is revoked",
                "`jeton revoke 01010101010101010101010101010101`",
            ),
            (missing(Says::Suspended(token, Arc::from("a"))), "is suspended", "`jeton token suspend 0101"),
            (missing(Says::CutOff(CutOffSubject::Everything, Arc::from(""), 5)), "before second 5", "`jeton revoke --everything`"),
            (missing(Says::CutOff(CutOffSubject::Client, Arc::from("c"), 5)), "Client `c`", "`jeton revoke --client c`"),
            (missing(Says::KeyRevoked(KeyId::from("k"))), "signing key k is revoked", "restore the last backup"),
            (Difference::RowMissing { sequence: 3, table: "api", id: Arc::from("x") }, "entry 3 tells of `x`", "restore the last backup"),
        ] {
            let finding = told_of_difference(&difference);
            assert!(finding.detail.contains(detail) && finding.hint.contains(hint), "{finding:?}");
        }
    }
}
