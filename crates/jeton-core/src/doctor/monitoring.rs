use super::observed::Observed;
use super::rule::{Check, Rule, Severity};

const ACCESS_LOG: Rule = Rule {
    id: "monitoring.access_log",
    severity: Severity::High,
    why: "After an accident nobody can say who asked for what, and from where.",
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
            "access_log = \"access.log\" in jeton.toml",
        ),
        checkpoint(observed),
        METRICS.holds(
            around.has_metrics_listener,
            match around.has_metrics_listener {
                Some(true) => "metrics have a listener of their own",
                Some(false) => "metrics are on the management socket alone: nothing scrapes them from there by itself",
                None => "nobody looked at the configuration",
            },
            "metrics_listen = \"127.0.0.1:8421\" in jeton.toml",
        ),
    ]
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
