//! `/audit` and `/check`: the ledger, read by people, and whether all is as it was written.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use jeton_core::permission::Permission;
use jeton_core::refusal::{Reason, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::body::Body;
use super::entry::Shown;
use super::integrity::{CheckReport, LedgerReport};
use super::management::Management;
use super::page::{Listing, Page};
use super::parameter::Parameter;
use super::problem::Problem;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::watched::watched;

const READ: Access = Access::Permission(Permission::AuditRead);
const LOOK_OVER: Access = Access::Permission(Permission::ServerWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/audit/entries"),
        READ,
        Repeats::Reads,
        |at| at.on(entries),
        About::new("audit", "Reads the ledger.").asks(FILTERS).pages::<Entries>(),
    ),
    Route::new(
        (Verb::Get, "/audit/checkpoint"),
        READ,
        Repeats::Reads,
        |at| at.on(checkpoint),
        About::new("audit", "Shows the latest signed checkpoint of the ledger.").answers::<Checkpoint>(),
    ),
    Route::new(
        (Verb::Post, "/audit/verify"),
        READ,
        Repeats::Reads,
        |at| at.on(verify),
        About::new("audit", "Verifies the ledger, line by line.").reports::<LedgerReport>(),
    ),
    Route::new(
        (Verb::Post, "/check"),
        LOOK_OVER,
        Repeats::Reads,
        |at| at.on(check),
        About::new("audit", "Looks over the data folder, line by line.").takes::<Check>().reports::<CheckReport>(),
    ),
];

/// What to do where the folder cannot be read.
const HINT: &str = "look into the server's log; where the disk is damaged, restore the last backup into another folder";

const FILTERS: &[Parameter] = &[Parameter::number("from", "From this entry on."), Parameter::number("last", "The last so many.")];

/// Entries in their order.
#[derive(JsonSchema, Serialize)]
struct Entries {
    #[serde(flatten)]
    page: Page<Shown>,
    /// How many entries the ledger has: the number of the one that comes next.
    size: u64,
}

/// The last checkpoint, and the key that checks it.
#[derive(JsonSchema, Serialize)]
struct Checkpoint {
    /// How many entries it covers.
    size: i64,
    /// When it was signed.
    signed_at: String,
    /// The signed note, as C2SP signed-note describes it.
    note: Arc<str>,
    /// The key that verifies the note.
    key: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CheckFolder")]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// Whether every page and row is read.
    #[serde(default)]
    full: bool,
}

async fn entries(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let (query, after) = (listing.query(), listing.after().and_then(|after| after.parse::<u64>().ok()));
    let (from, last) = (after.or(query.number("from")?), query.number("last")?);
    if last.is_some() && (from.is_some() || query.text("limit").is_some()) {
        return Err(Problem::invalid("`last` stands alone", "use either `last`, or `from` with `limit`, or `cursor`"));
    }
    let size = service.store().head().size;
    let count = last.map_or(listing.limit(), |last| usize::try_from(last).unwrap_or(usize::MAX));
    let reader = service.clone();
    let entries = blocking(move || match from {
        Some(from) => reader.entries(from, count),
        None => reader.last_entries(count),
    });
    let entries = entries.await??;
    let shown = entries.iter().map(|entry| {
        let content = entry.content.as_ref().map(|content| (content.salt.as_slice(), content.payload.as_slice()));
        Shown::new((entry.sequence, entry.time), &entry.kind, entry.commit, &entry.commitment, content)
    });
    let items: Vec<Shown> = shown.collect();
    let next = items.last().map(|last| last.sequence + 1).filter(|next| *next < size).map(|next| next.to_string());
    let page = listing.page(items, next.as_deref())?;
    ok(&Entries { page, size })
}

async fn checkpoint(State(Management { service, .. }): State<Management>) -> Answer {
    let signed = service.checkpoints().borrow().clone();
    let signed = signed.ok_or_else(|| {
        let none = Refusal::new(Reason::NotFound, "no checkpoint is signed yet");
        Problem::from(none).look("try again in a second: the server signs one each second")
    })?;
    let key = service.checkpoint_key()?;
    service.note_checkpoint_left();
    ok(&Checkpoint { size: signed.size, signed_at: rfc3339::format(signed.signed_at), note: signed.note.clone(), key })
}

async fn verify(State(Management { integrity, .. }): State<Management>) -> Response {
    watched(HINT, move |progress| integrity.verify_ledger(progress)).into_response()
}

async fn check(State(Management { integrity, .. }): State<Management>, Body(check): Body<Check>) -> Response {
    watched(HINT, move |progress| integrity.check(check.full, progress)).into_response()
}
