//! `/statistics`: what the engine and the registry can say of themselves.

use axum::extract::State;
use jeton_core::permission::Permission;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::management::Management;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};

const READ: Access = Access::Permission(Permission::ServerRead);

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Get, "/statistics"),
    READ,
    Repeats::Reads,
    |at| at.on(show),
    About::new("server", "Shows how the server is.").answers::<Statistics>(),
)];

#[derive(JsonSchema, Serialize)]
struct Statistics {
    /// Groups made durable since the start: each is one fsync.
    groups: u64,
    /// Commits in them.
    commits: u64,
    /// Commits that wait now.
    waiting: u64,
    /// Expired rows that left since the start.
    expired_rows_removed: u64,
    /// Entries of the ledger.
    ledger_size: u64,
    /// The time of its last entry.
    ledger_time: String,
    /// How many APIs there are.
    apis: usize,
    /// How many clients there are.
    clients: usize,
    /// How many signing keys there are.
    signing_keys: usize,
    /// Tokens that are revoked or suspended by their id.
    tokens_named: usize,
    /// Verifiers that follow the feed.
    feed_followers: usize,
    /// Whether the clock is believed: if not, nothing is deleted on its word.
    is_clock_believed: bool,
    /// Whether the clock stands before the ledger's last entry, or before what it read already: if so, only revocations are written.
    is_clock_behind: bool,
    /// How long the clock stands still, in seconds, since it was set back.
    clock_held_seconds: i64,
    /// Times that a process ended without a last word on usage: each lost a second of counting at most.
    usage_seconds_lost: u64,
    /// Uses that were counted and could not be kept.
    usage_uses_dropped: u64,
    /// The time of the server.
    now: String,
}

async fn show(State(Management { service, .. }): State<Management>) -> Answer {
    let (engine, head, registry) = (service.store().statistics(), service.store().head(), service.registry());
    let (now, usage) = (service.moments().time(), service.usage_progress()?);
    ok(&Statistics {
        groups: engine.groups,
        commits: engine.commits,
        waiting: engine.waiting,
        expired_rows_removed: engine.expired_rows_removed,
        ledger_size: head.size,
        ledger_time: rfc3339::format_micros(head.time.micros()),
        apis: service.apis().len(),
        clients: registry.clients.all().len(),
        signing_keys: registry.keys().records().count(),
        tokens_named: registry.negatives.tokens(),
        feed_followers: service.feed().followers(),
        is_clock_believed: service.posture().may_destroy(now),
        is_clock_behind: service.posture().is_behind(head.time, service.moments()),
        clock_held_seconds: service.posture().held_seconds(),
        usage_seconds_lost: usage.seconds_lost,
        usage_uses_dropped: usage.uses_dropped,
        now: rfc3339::format_micros(now.micros()),
    })
}
