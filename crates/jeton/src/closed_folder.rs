//! A data folder that no server holds, read where it lies: no server has to be believed.

use std::path::Path;

use jeton_http::api::{Finding, LedgerReport, ShownEntry};
use jeton_store::ledger::Hash;
use jeton_store::ledger::checkpoint::Checkpoint;
use jeton_store::schema::SCHEMA;
use jeton_store_sqlite::{CheckOptions, Options, Progress, audit_folder, entries_of_folder};
use serde_json::{Value, json};

use crate::clock::Clock;

/// The most entries that are read at once, as the server has it.
const ENTRIES_MAX: u64 = 1_000;

/// Audits the ledger, and compares it with a checkpoint that was kept elsewhere. `progress` hears how many rows are read.
///
/// # Errors
/// When the folder is not Jeton's, is newer, is in use, or cannot be read.
pub(crate) fn verify_ledger(data: &Path, kept: Option<&Checkpoint>, progress: &mut dyn FnMut(u64)) -> Result<LedgerReport, String> {
    let known: Vec<(u64, Hash)> = kept.iter().map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
    let mut told = |at: Progress<'_>| {
        if let Progress::Rows(_, rows) = at {
            progress(rows);
        }
    };
    let mut options = CheckOptions { now: Clock::start().now(), checkpoints: &known, progress: &mut told };
    let audited = audit_folder(&Options::new(data, &SCHEMA, [0; 32]), &mut options).map_err(|error| error.to_string())?;
    let finding = |detail: &String| Finding {
        place: "the data folder".to_owned(),
        detail: detail.trim_start_matches("ledger: ").to_owned(),
        hint: "it is not what Jeton wrote: keep a copy for inquiry, and restore a backup".to_owned(),
    };
    let root = audited.head.as_ref().map(|head| head.frontier.root());
    Ok(LedgerReport {
        entries: audited.ledger.as_ref().map_or(0, |ledger| ledger.entries),
        root: root.iter().flatten().map(|byte| format!("{byte:02x}")).collect(),
        checkpoint_size: kept.map(|checkpoint| checkpoint.size),
        findings: audited.findings.iter().map(finding).collect(),
    })
}

/// Entries from a number on, or the last, as the management API answers them.
///
/// # Errors
/// When the folder is not Jeton's, is newer, is in use, is damaged there, or cannot be read.
pub(crate) fn entries(data: &Path, from: Option<u64>, limit: u64) -> Result<Value, String> {
    let limit = usize::try_from(limit.min(ENTRIES_MAX)).unwrap_or(usize::MAX);
    let read = entries_of_folder(&Options::new(data, &SCHEMA, [0; 32]), from, limit);
    let (entries, size) = read.map_err(|error| error.to_string())?;
    let shown = entries.iter().map(|entry| {
        let content = entry.content.as_ref().map(|content| (content.salt.as_slice(), content.payload.as_slice()));
        ShownEntry::new((entry.sequence, entry.time), &entry.kind, entry.commit, &entry.commitment, content)
    });
    let items: Vec<ShownEntry> = shown.collect();
    Ok(json!({ "items": items, "size": size }))
}
