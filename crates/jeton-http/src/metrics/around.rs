//! What the page says of what lies around the service: its backups, its access log, its process.

use jeton_service::Service;

use super::text::{Text, Unit};
use crate::observe::{Observer, ProcessFigures};

/// Whether what was lost can be brought back. Left out where no backups are made.
pub(super) fn backups(text: &mut Text, service: &Service, observer: &Observer) {
    text.gauge("jeton_restore_gap", "1 while a restore left a gap that nobody accepted.").is(u8::from(service.registry().gap().is_some()));
    let Some(figures) = observer.backups.as_ref().map(|look| look()) else { return };
    if let Some(newest) = figures.newest {
        text.gauge("jeton_backup_last_success_timestamp_seconds", "When the newest snapshot was whole, since 1970.")
            .is(newest.ended_at_seconds);
        text.gauge("jeton_backup_snapshot_duration_seconds", "How long the newest snapshot took.").is(newest.took_seconds);
        text.gauge("jeton_backup_snapshot_size_bytes", "How many bytes the newest snapshot has.").is(newest.bytes);
    }
    text.gauge("jeton_backup_interval_seconds", "How often a snapshot is made.").is(figures.every_seconds);
    if let Some(is_reachable) = figures.is_reachable {
        text.gauge("jeton_backup_target_reachable", "1 while the target takes what it is sent.").is(u8::from(is_reachable));
    }
    text.gauge("jeton_backup_tail_behind_seconds", "For how long something of the ledger has not been on the target; 0: all of it is.")
        .is(figures.behind_seconds);
    if let Some(segments) = figures.segments {
        text.gauge("jeton_backup_tail_segments", "How many segments of the tail a restore would read, at the last look.").is(segments);
    }
    text.gauge("jeton_backup_others", "How many other servers, which went on from a backup, have a tail on the target.").is(figures.others);
    text.counter("jeton_backup_objects_total", "Objects that were written to the target: segments of the tail, and parts of snapshots.")
        .with(&[("kind", "tail")], figures.tail.objects)
        .with(&[("kind", "snapshot")], figures.snapshots.objects);
    text.counter("jeton_backup_bytes_total", "Bytes that were written to the target.")
        .with(&[("kind", "tail")], figures.tail.bytes)
        .with(&[("kind", "snapshot")], figures.snapshots.bytes);
    text.counter("jeton_backup_failures_total", "How often the tail could not be shipped, or a snapshot not be made.")
        .with(&[("kind", "tail")], figures.tail_failures)
        .with(&[("kind", "snapshot")], figures.snapshot_failures);
}

/// Left out where no access log is written.
pub(super) fn access_log(text: &mut Text, observer: &Observer) {
    let Some(dropped) = observer.access_log.as_ref().map(|log| log.dropped()) else { return };
    text.counter(
        "jeton_access_log_dropped_total",
        "Lines of the access log that were lost: too many waited, the disk did not take them, or its last room is left to the data.",
    )
    .with(&[("why", "crowded")], dropped.crowded)
    .with(&[("why", "failed")], dropped.failed)
    .with(&[("why", "reserved")], dropped.reserved);
}

/// By the names that every process has.
pub(super) fn process(text: &mut Text, process: ProcessFigures) {
    if let Some(at) = process.started_at_seconds {
        text.gauge("process_start_time_seconds", "When the process began, since 1970.").is(at);
    }
    if let Some(micros) = process.cpu_micros {
        text.counter("process_cpu_seconds_total", "How long its threads ran, all together.").is(Unit::Micros.shown(micros));
    }
    for (name, help, figure) in [
        ("process_resident_memory_bytes", "How much of its memory is in the machine's.", process.resident_bytes),
        ("process_open_fds", "How many files it has open, sockets among them.", process.open_files),
        ("process_max_fds", "How many files it may have open.", process.open_files_max),
    ] {
        if let Some(figure) = figure {
            text.gauge(name, help).is(figure);
        }
    }
}
