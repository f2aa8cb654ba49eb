use super::observed::{MetCredential, Observed};
use super::rule::{Check, Offender, RESTART, Rule, Severity, word};

const ACCESS_LOG: Rule = Rule {
    id: "monitoring.access_log",
    severity: Severity::High,
    why: "After an accident nobody can say who asked for what, and from where.",
};
const DROPPED: Rule = Rule {
    id: "monitoring.access_log_dropped",
    severity: Severity::Medium,
    why: "What was asked while lines were lost is told by nobody; whoever can fill a disk can hide in that.",
};
const CHECKPOINT: Rule = Rule {
    id: "monitoring.checkpoint_elsewhere",
    severity: Severity::Medium,
    why: "A ledger that was put back to an older state is found out by a checkpoint that lies elsewhere.",
};
const METRICS: Rule = Rule {
    id: "monitoring.metrics",
    severity: Severity::Low,
    why: "A full disk, a queue that grows and a verifier that is gone are seen on the metrics first.",
};

const METRICS_ELSEWHERE: Rule = Rule {
    id: "monitoring.metrics_in_clear",
    severity: Severity::Medium,
    why: "How much waits, how full the disk is and what is refused helps attackers; `metrics_listen` asks nobody who they are.",
};

const REPORTS: Rule = Rule {
    id: "monitoring.apis_report",
    severity: Severity::Medium,
    why: "Tokens are used at such an API and nobody sees it: neither odd use of one, nor which of them nobody needs.",
};

const SHARED: Rule = Rule {
    id: "monitoring.shared_keys",
    severity: Severity::Medium,
    why: "Nobody can tell which of the two did what, nor end one without the other.",
};

/// How old the last checkpoint elsewhere may be.
const OLD_SECONDS: i64 = 7 * 86_400;

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    let around = &observed.surroundings;
    vec![
        ACCESS_LOG.holds(
            around.has_access_log,
            match around.has_access_log {
                Some(true) => "each request leaves a line",
                Some(false) => "no access log is written",
                None => "nobody looked at the configuration",
            },
            &format!("write `access_log = \"access.log\"` into jeton.toml, and {RESTART}"),
        ),
        dropped(observed),
        checkpoint(observed),
        reports(observed),
        shared(observed),
        METRICS.holds(
            around.has_metrics_listener,
            match around.has_metrics_listener {
                Some(true) => "a listener serves metrics",
                Some(false) => "metrics are on the management socket alone: nothing scrapes them from there by itself",
                None => "nobody looked at the configuration",
            },
            &format!("write `metrics_listen = \"127.0.0.1:9464\"` into jeton.toml, and {RESTART}"),
        ),
        metrics_in_clear(observed),
    ]
}

fn dropped(observed: &Observed) -> Check {
    let Some(dropped) = observed.surroundings.access_log_dropped else {
        return DROPPED.holds(None, "no access log is written, or nobody counts its lines", "");
    };
    let is_recent = dropped.last_at.is_some_and(|at| observed.now_seconds - at <= OLD_SECONDS);
    let seen = match (is_recent, dropped.lines) {
        (true, lines) => format!("{lines} lines of the access log were lost since the server started, some within the last week"),
        (false, 0) => "no line of the access log was lost since the server started".to_owned(),
        (false, _) => "no line of the access log was lost within the last week".to_owned(),
    };
    DROPPED.holds(Some(!is_recent), &seen, "the server's log says why: give access_log in jeton.toml a disk of its own, or make room on it")
}

fn metrics_in_clear(observed: &Observed) -> Check {
    let around = &observed.surroundings;
    let holds = match (around.shows_metrics_elsewhere, around.has_tls) {
        (Some(false), _) | (Some(true), Some(true)) => Some(true),
        (Some(true), Some(false)) => Some(false),
        _ => None,
    };
    let seen = match (holds, around.shows_metrics_elsewhere) {
        (Some(false), _) => "metrics_listen is reached from other machines in the clear",
        (Some(true), Some(true)) => "metrics_listen speaks TLS",
        (Some(true), _) => "metrics are shown to this machine, or to administrators, alone",
        (None, _) => "nobody looked at the listeners",
    };
    METRICS_ELSEWHERE.holds(
        holds,
        seen,
        &format!(
            "write `metrics_listen = \"127.0.0.1:9464\"` into jeton.toml, or tls_cert_file and tls_key_file, or admin_listen and a key to \
             scrape it with; and {RESTART}"
        ),
    )
}

fn checkpoint(observed: &Observed) -> Check {
    let is_fresh = observed.checkpoint_left_at.map(|at| observed.now_seconds - at <= OLD_SECONDS);
    let holds = is_fresh.or((observed.watched_seconds >= 86_400).then_some(false));
    let seen = match (holds, is_fresh) {
        (Some(true), _) => "verifiers, or whoever asked for it, have a checkpoint of the last week",
        (Some(false), Some(_)) => "the last checkpoint that left is older than a week",
        (Some(false), None) => "no checkpoint has left this machine since the server started",
        (None, _) => "the server has not run for a day yet, and no checkpoint has left",
    };
    CHECKPOINT.holds(holds, seen, "jeton request GET /api/v1/audit/checkpoint")
}

fn reports(observed: &Observed) -> Check {
    let Some(used) = &observed.used else { return REPORTS.holds(None, "nobody looked at what is counted", "") };
    let issued = observed.apis.iter().filter_map(|api| Some((api, used.get(&api.id)?))).filter(|(_, used)| used.was_issued);
    let (told, silent): (Vec<_>, Vec<_>) = issued.partition(|(_, used)| used.was_checked);
    if told.is_empty() && silent.is_empty() {
        return REPORTS.holds(None, "no tokens were issued before today", "");
    }
    let offender = |audience: &str| Offender {
        name: audience.to_owned(),
        command: format!("jeton usage {} --resolution day", word(&format!("api:{audience}"))),
    };
    let silent: Vec<_> = silent.iter().map(|(api, _)| offender(&api.audience)).collect();
    REPORTS.none(&silent, "APIs with tokens of the last week that report no use (docs/how-to has a page on protecting one)")
}

fn shared(observed: &Observed) -> Check {
    let Some(keys) = &observed.shared_keys else { return SHARED.holds(None, "nobody looked at where keys are used from", "") };
    let offender = |key: &MetCredential| Offender { name: key.named(""), command: format!("jeton key revoke {}", key.id) };
    SHARED.none(
        &keys.iter().map(offender).collect::<Vec<_>>(),
        "keys that two applications used in the last week, as it seems (`jeton usage shared`; make one for each first)",
    )
}
