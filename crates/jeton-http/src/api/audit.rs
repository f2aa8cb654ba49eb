//! `/audit` and `/check`: the ledger, read by people, and whether all is as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use jeton_core::permission::Permission;
use jeton_core::refusal::{Reason, Refusal};
use jeton_service::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::audit_filter::{Asked, FILTERS};
use super::blocking::blocking;
use super::body::Body;
use super::entry::Shown;
use super::integrity::{CheckReport, LedgerReport};
use super::management::Management;
use super::page::{Listing, Page};
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

/// Entries in their order.
#[derive(JsonSchema, Serialize)]
struct Entries {
    #[serde(flatten)]
    page: Page<Shown>,
    /// How many entries the ledger has: the number of the one that comes next.
    size: u64,
    /// The number behind the last entry that was looked at.
    looked_until: u64,
    /// Of `last`, where older entries were not looked at: send it as `before` for the last before these.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
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
    let (asked, last, before) = (after.or(query.number("from")?), query.number("last")?, query.number("before")?);
    // With `limit` alone it is a list as every other: it begins at one end and goes on.
    let from = asked.or(query.text("limit").filter(|_| last.is_none()).map(|_| 0));
    if last.is_some() && (asked.is_some() || query.text("limit").is_some()) {
        return Err(Problem::invalid("`last` stands alone", "use either `last`, or `from` with `limit`, or `cursor`"));
    }
    if before.is_some() && (last.is_none() || from.is_some()) {
        return Err(Problem::invalid("`before` goes with `last`", "send `last` too, or leave `before` out"));
    }
    let asked = Asked::parse(query, &service)?.with_keys_of_gone(&service).await?;
    let count = last.map_or(listing.limit(), |last| usize::try_from(last).unwrap_or(usize::MAX));
    let reader = service.clone();
    let is_last = from.is_none();
    let found = blocking(move || {
        let filter = asked.filter(&reader)?;
        Ok::<_, Problem>(match from {
            Some(from) => reader.find_entries(&filter, from, count)?,
            None => reader.find_last_entries(&filter, before, count)?,
        })
    });
    let found = found.await??;
    let shown = found.entries.iter().map(|entry| {
        let content = entry.content.as_ref().map(|content| (content.salt.as_slice(), content.payload.as_slice()));
        Shown::new((entry.sequence, entry.time), &entry.kind, entry.commit, &entry.commitment, content)
    });
    let items = named(&service, shown.collect()).await;
    let next = (!is_last && found.has_more).then(|| found.until.to_string());
    let page = listing.page(items, next.as_deref())?;
    let size = service.store().head().size;
    ok(&Entries { page, size, looked_until: found.until, before: (is_last && found.has_more).then_some(found.from) })
}

/// The same entries with what people call what their ids name.
async fn named(service: &Service, items: Vec<Shown>) -> Vec<Shown> {
    let mut called = BTreeMap::new();
    for id in items.iter().flat_map(Shown::ids).collect::<BTreeSet<_>>() {
        let name = match service.called(id) {
            Some(name) => Some(name),
            None => service.called_key(id).await,
        };
        called.extend(name.map(|name| (id.to_owned(), name)));
    }
    items.into_iter().map(|item| item.with_names(&called)).collect()
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
