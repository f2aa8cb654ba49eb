use super::observed::{MetCredential, MetSubject, Observed};
use super::rule::{Check, Offender, Rule, Severity, shown, word};
use crate::api::{Api, TokenFormat};
use crate::event::CutOffSubject;

const ANYBODY: Rule = Rule {
    id: "revocation.verifiers",
    severity: Severity::High,
    why: "Without a client that may introspect, no API can learn that a token was revoked.",
};
const FOLLOWED: Rule = Rule {
    id: "revocation.followers",
    severity: Severity::High,
    why: "A JWT is checked offline: it is accepted until it expires where nobody follows the feed.",
};
const LAG: Rule =
    Rule { id: "revocation.lag", severity: Severity::High, why: "A revoked token is accepted until the API's verifier has heard of it." };
const FULL: Rule = Rule {
    id: "revocation.full_disk",
    severity: Severity::Critical,
    why: "On a full disk nothing is issued, and revocations only go on while the reserve lasts.",
};

const CANARY: Rule = Rule {
    id: "revocation.canary",
    severity: Severity::Critical,
    why: "A token is revoked each minute to see it refused: where it is not, nothing that is revoked may be.",
};

const UNDECIDED: Rule = Rule {
    id: "revocation.undecided",
    severity: Severity::Medium,
    why: "Suspended is a question: a month later somebody should have revoked it, or accepted it again.",
};

/// How long a verifier may be away before its API counts as not followed.
const AWAY_SECONDS: i64 = 24 * 3_600;

/// After a start, verifiers come back within this time.
const BACK_SECONDS: i64 = 600;

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![anybody(observed), followed(observed), lag(observed), full(observed), canary(observed), undecided(observed)]
}

/// How long the canary may be silent, in seconds: it is made each minute, and the second that is missed is told soon after.
const SILENT_SECONDS: i64 = 150;

fn canary(observed: &Observed) -> Check {
    let command = "look into the server's log, and restart it; until the canary is refused again, revoke signing keys rather than tokens";
    let seen = &observed.canary;
    if let Some(why) = &seen.failed {
        return CANARY.holds(Some(false), why, command);
    }
    let silent = seen.seen_at.map(|at| observed.now_seconds - at);
    match silent {
        Some(silent) if silent <= SILENT_SECONDS => CANARY.holds(Some(true), "a token that was revoked was refused", ""),
        None if observed.watched_seconds <= SILENT_SECONDS => CANARY.holds(None, "the server has just started", ""),
        Some(silent) => CANARY.holds(Some(false), &format!("no revoked token was seen refused for {}", shown(silent)), command),
        None => CANARY.holds(Some(false), "no revoked token was seen refused since the start", command),
    }
}

fn offender(api: &Api) -> Offender {
    let command = format!("jeton client create --name NAME --audience {} --may-introspect", word(&api.audience));
    Offender { name: api.audience.to_string(), command }
}

fn anybody(observed: &Observed) -> Check {
    if observed.apis.is_empty() {
        return ANYBODY.holds(None, "there is no API yet", "");
    }
    let may = |api: &Api| observed.clients.iter().any(|(client, _)| client.may_introspect && client.apis.contains(&api.id));
    let without: Vec<_> = observed.apis.iter().filter(|api| !may(api)).map(offender).collect();
    ANYBODY.none(&without, "APIs for which no client may introspect or follow")
}

fn followed(observed: &Observed) -> Check {
    let mut signed = observed.apis.iter().filter(|api| api.token_format == TokenFormat::Jwt).peekable();
    if signed.peek().is_none() {
        return FOLLOWED.holds(None, "no API takes JWTs", "");
    }
    let is_followed = |api: &Api| observed.followed_at.get(&api.id).is_some_and(|at| observed.now_seconds - at <= AWAY_SECONDS);
    let without: Vec<_> = signed.filter(|api| !is_followed(api)).map(offender).collect();
    if !without.is_empty() && observed.watched_seconds < BACK_SECONDS {
        return FOLLOWED.holds(None, "the server has just started: verifiers come back within minutes", "");
    }
    FOLLOWED.none(&without, "APIs with JWTs whose verifiers did not follow the feed within a day")
}

/// What is suspended for longer is undecided.
const UNDECIDED_SECONDS: i64 = 30 * 86_400;

fn undecided(observed: &Observed) -> Check {
    let is_old = |subject: &&MetSubject| observed.now_seconds - subject.at > UNDECIDED_SECONDS;
    let mut offenders: Vec<_> = observed.suspended.iter().filter(is_old).map(undecided_subject).collect();
    match &observed.met {
        None if offenders.is_empty() => {
            return UNDECIDED.holds(None, "nobody has gone over the credentials yet: a minute after the start", "");
        }
        met => offenders.extend(met.iter().flat_map(|met| &met.undecided).map(undecided_credential)),
    }
    let check = UNDECIDED.none(&offenders, "suspended for more than 30 days");
    check.seen_at(observed.met.as_ref().and_then(|met| met.at), observed.now_seconds)
}

/// As of keys and secrets, the command is the one that gives nothing back.
fn undecided_subject(subject: &MetSubject) -> Offender {
    let name = &subject.name;
    let (kind, command) = match subject.subject {
        CutOffSubject::Client => ("client", format!("jeton client delete {}", word(name))),
        CutOffSubject::Api => ("API", format!("jeton api delete {}", word(name))),
        CutOffSubject::User => ("user", format!("jeton user disable {name}")),
        CutOffSubject::Group => ("group", format!("jeton group delete {}", word(name))),
        CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key | CutOffSubject::Everything => {
            ("", "jeton audit tail".to_owned())
        }
    };
    Offender { name: format!("{kind} {name}"), command }
}

fn undecided_credential(credential: &MetCredential) -> Offender {
    let id = &credential.id;
    let command = match &credential.client {
        Some(client) => format!("jeton client secret revoke {} {id}", word(client)),
        None => format!("jeton key revoke {id}"),
    };
    Offender { name: credential.named(""), command }
}

fn lag(observed: &Observed) -> Check {
    let (told, late) = (observed.told, observed.told_late);
    let seen = format!("{late} of {told} revocations were handed over later than 16 s after they were made");
    LAG.holds((told > 0).then_some(late == 0), &seen, "jeton request GET /metrics")
}

fn full(observed: &Observed) -> Check {
    let seen = match observed.is_disk_full {
        Some(true) => "the disk of the data folder is full",
        Some(false) => "the disk has room",
        None => "nobody looked at the disk",
    };
    let path = observed.surroundings.data.as_ref().map_or("DATA", |data| data.path.as_str());
    FULL.holds(observed.is_disk_full.map(|is_full| !is_full), seen, &format!("df -h {}", word(path)))
}
