use super::observed::{MetCredential, Observed, UsesKnown};
use super::rule::{Check, Offender, RESTART, Rule, Severity, shown, word};
use crate::policy::CredentialKind;
use crate::policy::idle::{IdleRule, USES_KNOWN_TO_SECONDS};
use crate::policy::rule::Subject;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

const LONG: Rule = Rule {
    id: "expiration.access_tokens_day",
    severity: Severity::High,
    why: "A stolen access token works until it expires: nobody should have it for a day.",
};
const LONGISH: Rule = Rule {
    id: "expiration.access_tokens_hours",
    severity: Severity::Medium,
    why: "An hour is enough for a client, which asks for another, and short for a thief.",
};
const RAISED: Rule = Rule {
    id: "expiration.policy_raised",
    severity: Severity::Medium,
    why: "A default at the ceiling makes the longest life the usual one.",
};
const EXCEPTIONS: Rule = Rule {
    id: "expiration.exceptions",
    severity: Severity::Medium,
    why: "Each exception is a credential that outlives what was decided for all others.",
};
const ENDING: Rule = Rule {
    id: "expiration.secrets_ending",
    severity: Severity::Medium,
    why: "A client stops working when its only secret ends: give it the next one before.",
};
const CLOCK: Rule = Rule {
    id: "expiration.clock",
    severity: Severity::High,
    why: "Nothing is deleted on the word of a clock that jumped, and nothing ends rightly by it.",
};

const USED: Rule = Rule {
    id: "expiration.soon_and_used",
    severity: Severity::High,
    why: "What is used and ends within a week takes down what uses it: rotate it with an overlap.",
};
const IDLE: Rule = Rule {
    id: "expiration.idle_rule",
    severity: Severity::Medium,
    why: "A credential that nobody uses and nobody misses is the one whose theft nobody sees.",
};
const KNOWN: Rule = Rule {
    id: "expiration.uses_known",
    severity: Severity::Low,
    why: "Nobody is idle for a time in which a use may have been forgotten: until it has passed again, nothing is suspended for being idle.",
};

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![
        LONG.none(&living_longer(observed, 12 * HOUR), "APIs whose access tokens live longer than 12 h"),
        LONGISH.none(&living_longer(observed, HOUR), "APIs whose access tokens live longer than 1 h"),
        RAISED.none(&raised(observed), "policies whose default is the ceiling"),
        EXCEPTIONS.none(&exceptions(observed), "exceptions in force"),
        ENDING.none(&ending(observed), "clients whose last secret ends within 7 days"),
        used(observed),
        IDLE.none(&never_idle(observed), "policies by which nothing is ever idle"),
        known(observed),
        CLOCK.holds(
            observed.is_clock_believed,
            match observed.is_clock_believed {
                Some(true) => "the clock is believed",
                Some(false) => "the clock jumped, or the server was down for more than a day",
                None => "nobody looked at the clock",
            },
            "jeton serve --accept-clock",
        ),
    ]
}

fn used(observed: &Observed) -> Check {
    let Some(met) = &observed.met else {
        return USED.holds(None, "nobody has gone over the credentials yet: a minute after the start", "");
    };
    let offender = |credential: &MetCredential| {
        let left = shown((credential.at - observed.now_seconds).max(0) / HOUR * HOUR);
        let command = match &credential.client {
            Some(client) => format!("jeton client secret create {} --overlap 7d", word(client)),
            None => format!("jeton key rotate {} --overlap 7d", credential.id),
        };
        Offender { name: credential.named(&left), command }
    };
    // Those that have ended since are past saving.
    let soon: Vec<_> = met.soon_and_used.iter().filter(|credential| credential.at > observed.now_seconds).map(offender).collect();
    USED.none(&soon, "credentials that were used within 7 days and end within 7").seen_at(met.at, observed.now_seconds)
}

/// Whether uses are known for as long as a credential may be idle, or since there were any.
fn known(observed: &Observed) -> Check {
    let (at, begun_at) = match observed.uses_known {
        UsesKnown::NotKnown => {
            return KNOWN.holds(None, "nobody has looked yet since when every use is known: a second after the start", "");
        }
        UsesKnown::Never => {
            let rule = Rule { severity: Severity::Medium, ..KNOWN };
            let cure = format!("write `usage = \"on\"` into jeton.toml, and {RESTART}");
            return rule.holds(Some(false), "uses are not counted: nothing is ever idle", &cure);
        }
        UsesKnown::Since { at, begun_at } => (at, begun_at),
    };
    let known_seconds = observed.now_seconds.saturating_sub(at).max(0);
    let was_forgotten = at.saturating_sub(begun_at) > USES_KNOWN_TO_SECONDS;
    let longest = longest_idle(observed).filter(|idle| was_forgotten && *idle > known_seconds);
    let seen = match longest {
        Some(idle) => format!("every use is known for {}, and credentials may be idle for {}", shown(known_seconds), shown(idle)),
        None => "uses are known for as long as credentials may be idle, or since there were any".to_owned(),
    };
    KNOWN.holds(
        Some(longest.is_none()),
        &seen,
        "the server's log says what was forgotten, and when it ended without a last word: stop it by SIGTERM, and leave it the time it takes",
    )
}

/// The longest idle time that anything has, in seconds.
fn longest_idle(observed: &Observed) -> Option<i64> {
    let of_kind = |kind: CredentialKind| {
        let levels = observed.policies.rules_of(kind).filter_map(|rule| rule.record.idle.and_then(IdleRule::after));
        levels.chain(observed.policies.effective(kind, &Subject::Deployment).idle_seconds).max()
    };
    CredentialKind::ALL.iter().filter_map(|kind| of_kind(*kind)).max()
}

fn never_idle(observed: &Observed) -> Vec<Offender> {
    let rules = CredentialKind::ALL.iter().flat_map(|kind| observed.policies.rules_of(*kind)).map(|rule| &rule.record);
    let never = rules.filter(|rule| rule.idle == Some(IdleRule::Never));
    let offender = |rule: &crate::policy::rule::PolicyRule| {
        let (table, level) = (rule.kind.lifetime(), rule.subject.level().name());
        let of = if rule.subject == Subject::Deployment { String::new() } else { format!(" --{level} {}", word(&rule.subject.name())) };
        // What is not said again is said no more.
        let default = rule.default_seconds.map(|default| format!(" --default {}", shown(default))).unwrap_or_default();
        let max = rule.max_seconds.map(|max| format!(" --max {}", shown(max))).unwrap_or_default();
        let idle = shown(table.idle_seconds.unwrap_or(30 * DAY));
        Offender {
            name: format!("{} of the {level}", table.policy_key),
            command: format!("jeton policy set {} --idle {idle}{default}{max}{of}", table.policy_key),
        }
    };
    never.map(offender).collect()
}

fn living_longer(observed: &Observed, seconds: i64) -> Vec<Offender> {
    let longer = observed.apis.iter().filter(|api| {
        let max_seconds = observed.policies.effective(CredentialKind::AccessToken, &Subject::Api(api.id.clone())).max_seconds;
        api.access_token_lifetime_seconds.min(max_seconds) > seconds
    });
    let offender = |api: &crate::api::Api| Offender {
        name: format!("{} ({})", api.audience, shown(api.access_token_lifetime_seconds)),
        command: format!("jeton api update {} --access-token-lifetime 1h", word(&api.audience)),
    };
    longer.map(offender).collect()
}

fn raised(observed: &Observed) -> Vec<Offender> {
    let rules = CredentialKind::ALL.iter().flat_map(|kind| observed.policies.rules_of(*kind)).map(|rule| &rule.record);
    let is_raised = rules.filter(|rule| {
        let table = rule.kind.lifetime();
        let default_seconds = observed.policies.effective(rule.kind, &rule.subject).default_seconds;
        table.default_seconds < table.max_seconds && default_seconds >= table.max_seconds
    });
    let offender = |rule: &crate::policy::rule::PolicyRule| {
        let (table, level) = (rule.kind.lifetime(), rule.subject.level().name());
        let of = if rule.subject == Subject::Deployment { String::new() } else { format!(" --{level} {}", word(&rule.subject.name())) };
        // What is not said again is said no more.
        let max = rule.max_seconds.map(|max| format!(" --max {}", shown(max))).unwrap_or_default();
        Offender {
            name: format!("{} of the {level} ({})", table.policy_key, shown(table.max_seconds)),
            command: format!("jeton policy set {} --default {}{max}{of}", table.policy_key, shown(table.default_seconds)),
        }
    };
    is_raised.map(offender).collect()
}

fn exceptions(observed: &Observed) -> Vec<Offender> {
    let in_force = observed.policies.exceptions().map(|exception| &exception.record).filter(|one| one.ends_at > observed.now_seconds);
    let offender = |exception: &crate::policy::exception::PolicyException| Offender {
        name: format!("{} of {}, {} left", exception.id, exception.owner, shown((exception.ends_at - observed.now_seconds) / DAY * DAY)),
        command: format!("jeton policy exception end {}", exception.id),
    };
    in_force.map(offender).collect()
}

fn ending(observed: &Observed) -> Vec<Offender> {
    let ending = observed.live_secrets().filter(|(_, live)| {
        let last = live.iter().map(|(_, ends_at)| *ends_at).max();
        last.is_some_and(|ends_at| ends_at - observed.now_seconds < 7 * DAY)
    });
    ending
        .map(|(client, _)| Offender {
            name: client.name.to_string(),
            command: format!("jeton client secret create {} --overlap 7d", word(&client.name)),
        })
        .collect()
}
