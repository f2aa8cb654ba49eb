//! What the page says. Labels are of closed lists: nothing that a request carries, and no name of a client or an API, is ever one.

use jeton_service::Service;

use super::around;
use super::text::{Sizes, Text, Unit};
use crate::observe::{AskedBy, Endpoint, Observer, ProcessFigures, Requests};

/// The page, as things stand.
pub(super) fn page(service: &Service, observer: &Observer, process: ProcessFigures) -> Vec<u8> {
    let mut text = Text::default();
    text.gauge("jeton_build_info", "The version that runs.").with(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    answers(&mut text, &observer.requests);
    durations(&mut text, &observer.requests);
    if let Some(tls) = &observer.tls {
        text.gauge("jeton_certificate_expires_timestamp_seconds", "When the certificate ends that the listeners show, since 1970.")
            .is(tls.validity().ends_seconds);
    }
    engine(&mut text, service);
    ledger_and_clock(&mut text, service);
    feed(&mut text, service);
    canary(&mut text, service);
    memory(&mut text, service);
    notices(&mut text, service);
    sign_ins(&mut text, service);
    letters(&mut text, service);
    usage(&mut text, service);
    around::backups(&mut text, service, observer);
    around::access_log(&mut text, observer);
    around::process(&mut text, process);
    text.into_bytes()
}

fn answers(text: &mut Text, requests: &Requests) {
    let mut family = text.counter("jeton_http_requests_total", "Requests by where they led and the class of their answer.");
    for endpoint in Endpoint::ALL {
        for (class, count) in requests.classes(endpoint) {
            family = family.with(&[("endpoint", endpoint.name()), ("status", class)], count);
        }
    }
    for (endpoint, name, help) in [
        (Endpoint::Token, "jeton_token_requests_total", "Requests for a token, by how they went: issued, or why not."),
        (Endpoint::Introspect, "jeton_introspections_total", "Introspections, by what was answered: active, inactive, or an error."),
        (Endpoint::Revoke, "jeton_revocations_total", "Revocations of a token by its client, by how they went."),
    ] {
        let mut family = text.counter(name, help);
        for (outcome, count) in requests.outcomes(endpoint) {
            family = family.with(&[("outcome", outcome)], count);
        }
    }
    let mut family = text.counter("jeton_key_checks_total", "Checks of keys, by who asked, and the code that was answered, or an error.");
    for asked_by in AskedBy::ALL {
        for (outcome, count) in requests.key_checks(asked_by) {
            family = family.with(&[("asked_by", asked_by.name()), ("outcome", outcome)], count);
        }
    }
}

fn durations(text: &mut Text, requests: &Requests) {
    const HELP: &str = "From the whole header of a request, its body read, until its answer was there; of a stream, until it began.";
    let mut family = text.histogram("jeton_http_request_duration_seconds", HELP, Unit::Micros);
    for endpoint in Endpoint::ALL {
        let micros = requests.micros(endpoint);
        let sizes = Sizes { bounds: &mut micros.bounds(), counts: &micros.counts, sum: micros.sum };
        family = family.with(&[("endpoint", endpoint.name())], sizes);
    }
}

fn engine(text: &mut Text, service: &Service) {
    let engine = service.store().statistics();
    let (groups, fsyncs) = (&engine.group_sizes, &engine.fsync_micros);
    text.counter("jeton_store_commits_total", "Commits made durable.").is(engine.commits);
    text.histogram("jeton_store_group_commits", "Commits made durable together, with one fsync.", Unit::Ones).is(Sizes {
        bounds: &mut groups.bounds(),
        counts: &groups.counts,
        sum: groups.sum,
    });
    text.histogram("jeton_store_fsync_seconds", "From a group's COMMIT until it was durable.", Unit::Micros).is(Sizes {
        bounds: &mut fsyncs.bounds(),
        counts: &fsyncs.counts,
        sum: fsyncs.sum,
    });
    text.gauge("jeton_store_queue_commits", "Commits that wait for the one writer now.").is(engine.waiting);
    text.counter(
        "jeton_store_queue_wait_seconds_total",
        "How long commits waited for the one writer, all together: the wait that a lock of the database would be elsewhere.",
    )
    .is(Unit::Micros.shown(engine.waited_micros));
    text.counter("jeton_store_expired_rows_total", "Expired rows that left.").is(engine.expired_rows_removed);
    text.gauge("jeton_store_disk_full", "1 while the disk is full: only what takes authority away is written.")
        .is(u8::from(engine.is_full));
}

fn ledger_and_clock(text: &mut Text, service: &Service) {
    let (head, posture, now) = (service.store().head(), service.posture(), service.moments().time());
    text.gauge("jeton_ledger_entries", "Entries of the ledger.").is(head.size);
    text.gauge("jeton_ledger_timestamp_seconds", "The time of the ledger's last entry, since 1970.").is(head.time.seconds());
    text.gauge("jeton_clock_doubted", "1 while nothing is deleted on the clock's word.").is(u8::from(!posture.may_destroy(now)));
    text.gauge("jeton_clock_behind", "1 while the clock stands before the ledger or what it read: only revocations are written.")
        .is(u8::from(posture.is_behind(head.time, service.moments())));
    text.gauge("jeton_clock_held_seconds", "How long the clock stands still since it was set back.").is(posture.held_seconds());
}

fn canary(text: &mut Text, service: &Service) {
    let seen = service.canary_seen();
    text.gauge(
        "jeton_canary_refused_timestamp_seconds",
        "When a token that was revoked to see it refused was refused last, since 1970; 0: not yet.",
    )
    .is(seen.seen_at.unwrap_or(0));
    text.counter("jeton_canary_failures_total", "Tokens that were revoked to see them refused, and were not.")
        .is(service.canary_failures());
}

fn feed(text: &mut Text, service: &Service) {
    let (feed, lags) = (service.feed(), service.feed().lag_micros());
    text.gauge("jeton_feed_followers", "Verifiers that follow the feed now.").is(feed.followers());
    text.histogram("jeton_feed_lag_seconds", "How long after a revocation a verifier that waited was handed it.", Unit::Micros).is(Sizes {
        bounds: &mut lags.bounds(),
        counts: &lags.counts,
        sum: lags.sum,
    });
}

fn notices(text: &mut Text, service: &Service) {
    let mut family = text.counter("jeton_expiry_notices_total", "Notices that a credential ends in so many days.");
    for (ending, days, count) in service.notices_told() {
        family = family.with(&[("kind", ending.name()), ("days", days_text(days))], count);
    }
}

fn sign_ins(text: &mut Text, service: &Service) {
    let mut family = text.counter("jeton_sign_ins_total", "Forms of the sign-in page, by how they went.");
    for (outcome, count) in service.sign_ins() {
        family = family.with(&[("outcome", outcome.name())], count);
    }
    let mut family = text.counter("jeton_throttled_total", "Tries that were not let through, by what had been tried too often.");
    for (kind, count) in service.throttled() {
        family = family.with(&[("by", kind.name())], count);
    }
    let mut family = text.counter("jeton_logouts_total", "Applications that were to be told who signed out, by how that went.");
    for (outcome, count) in service.logout_counts() {
        family = family.with(&[("outcome", outcome.name())], count);
    }
}

fn letters(text: &mut Text, service: &Service) {
    let (went, waiting) = service.letters_carried();
    let mut family =
        text.counter("jeton_letters_total", "Letters by how they went: taken by the mail server, to be tried again, or given up.");
    for (outcome, count) in went {
        family = family.with(&[("outcome", outcome.name())], count);
    }
    text.gauge("jeton_letters_waiting", "Letters that were not taken yet, and are tried again.").is(waiting);
}

/// The label of a number of days: of a closed list.
fn days_text(days: i64) -> &'static str {
    match days {
        1 => "1",
        7 => "7",
        _ => "30",
    }
}

fn memory(text: &mut Text, service: &Service) {
    let (registry, cache) = (service.registry(), service.credential_cache());
    let mut cut_offs = 0;
    registry.negatives.for_each_cut_off(|_, _| cut_offs += 1);
    text.gauge("jeton_negatives", "What is held against tokens: tokens by their id, and cut-offs.")
        .with(&[("kind", "token")], registry.negatives.tokens())
        .with(&[("kind", "cut_off")], cut_offs);
    text.gauge("jeton_credential_cache_entries", "Proven tokens in memory.").is(cache.entries);
    text.counter("jeton_credential_cache_hits_total", "Tokens that were found in memory.").is(cache.hits);
    text.counter("jeton_credential_cache_misses_total", "Tokens that were not, and were proven anew.").is(cache.misses);
    text.gauge("jeton_registered", "What is registered.")
        .with(&[("kind", "api")], service.apis().len())
        .with(&[("kind", "client")], registry.clients.all().len())
        .with(&[("kind", "signing_key")], registry.keys().records().count());
}

/// Left out where the engine cannot read how far counting has come.
fn usage(text: &mut Text, service: &Service) {
    let Ok(progress) = service.usage_progress() else { return };
    text.counter(
        "jeton_usage_lost_seconds_total",
        "Seconds of usage at most that were lost since it is counted: one for each process that was killed.",
    )
    .is(progress.seconds_lost);
    text.counter("jeton_usage_dropped_total", "Uses that were counted and could not be kept.").is(progress.uses_dropped);
    text.counter(
        "jeton_usage_last_uses_dropped_total",
        "Uses of credentials that there was no room to remember: idle times began anew with each.",
    )
    .is(service.last_uses_dropped());
    text.gauge("jeton_usage_last_uses_waiting", "Credentials, clients and APIs whose last use is not written yet.")
        .is(service.unwritten_uses());
}
