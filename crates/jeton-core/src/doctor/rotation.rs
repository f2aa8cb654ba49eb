use super::observed::Observed;
use super::rule::{Check, Offender, Rule, Severity, shown, word};
use crate::key::{Purpose, SigningKeyRecord, State};
use crate::policy::CredentialKind;
use crate::policy::rule::Subject;

const OVERDUE: Rule = Rule {
    id: "rotation.signing_keys",
    severity: Severity::High,
    why: "The longer a key signs, the more a copy of it is worth; the schedule should have rotated it.",
};
const TWO: Rule = Rule {
    id: "rotation.two_secrets",
    severity: Severity::Medium,
    why: "An overlap is for the days of a change: the older secret is one more that can leak.",
};

const DAY: i64 = 86_400;

/// How long two secrets of a client may live side by side.
const OVERLAP_SECONDS: i64 = 7 * DAY;

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![
        OVERDUE.none(&overdue(observed), "signing keys that are a day beyond their time"),
        TWO.none(&two_secrets(observed), "clients with two live secrets for longer than 7 days"),
    ]
}

fn overdue(observed: &Observed) -> Vec<Offender> {
    let lifetime_seconds = observed.policies.effective(CredentialKind::SigningKey, &Subject::Deployment).default_seconds;
    let signing_for = |key: &SigningKeyRecord| observed.now_seconds - key.activated_at.unwrap_or(key.created_at);
    let keys = observed.signing_keys.iter().filter(|key| key.purpose == Purpose::Token && key.state == State::Current);
    let overdue = keys.filter(|key| signing_for(key) > lifetime_seconds + DAY);
    let offender = |key: &SigningKeyRecord| Offender {
        name: format!("{} key {} (signs for {})", key.algorithm.name(), key.id, shown(signing_for(key) / DAY * DAY)),
        command: format!("jeton signing-key rotate --alg {}", key.algorithm.name()),
    };
    overdue.map(offender).collect()
}

fn two_secrets(observed: &Observed) -> Vec<Offender> {
    let for_long = observed.live_secrets().filter_map(|(client, live)| match live.as_slice() {
        [(younger, _), (older, _), ..] if observed.now_seconds - younger.created_at > OVERLAP_SECONDS => Some((client, *older)),
        _ => None,
    });
    for_long
        .map(|(client, older)| Offender {
            name: client.name.to_string(),
            command: format!("jeton client secret revoke {} {}", word(&client.name), older.id),
        })
        .collect()
}
