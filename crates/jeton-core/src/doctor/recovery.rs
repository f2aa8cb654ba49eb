use super::observed::{BackupsSeen, Observed};
use super::rule::{Check, RESTART, Rule, Severity, shown};

const TARGET: Rule = Rule { id: "recovery.target", severity: Severity::High, why: "What lies on one disk is lost with it." };
const RECIPIENTS: Rule =
    Rule { id: "recovery.recipients", severity: Severity::High, why: "Backups that only this server opens are of no use once it is gone." };
const NEWEST: Rule = Rule { id: "recovery.newest", severity: Severity::High, why: "A restore begins with the newest snapshot." };
const TAIL: Rule =
    Rule { id: "recovery.tail", severity: Severity::High, why: "What the target lacks is lost with the disk, revocations among it." };
const DRILL: Rule = Rule { id: "recovery.drill", severity: Severity::High, why: "A backup that nobody restored is a hope." };
const IDENTITY: Rule = Rule {
    id: "recovery.identity",
    severity: Severity::Medium,
    why: "When this machine is lost, the recovery identity alone opens the backups: whoever keeps it must have tried.",
};
const GAP: Rule = Rule {
    id: "recovery.gap",
    severity: Severity::High,
    why: "Keys and secrets from before a restore are refused until somebody accepts what it may lack.",
};

/// What is looked at where backups are made.
const OF_BACKUPS: [Rule; 5] = [RECIPIENTS, NEWEST, TAIL, DRILL, IDENTITY];

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    let gap = GAP.holds(
        Some(!observed.has_gap),
        if observed.has_gap { "a restore left a gap" } else { "there is no gap" },
        "jeton backup restore accept-gap",
    );
    match &observed.surroundings.backups {
        None => [TARGET].into_iter().chain(OF_BACKUPS).map(|rule| rule.holds(None, "nobody looked", "")).chain([gap]).collect(),
        Some(None) => {
            let others = OF_BACKUPS.into_iter().map(|rule| rule.holds(None, "no backups are made", ""));
            let target = if observed.surroundings.is_trial {
                let evidence = "this is a trial of a restored folder: nothing of what is done is in any backup";
                TARGET.holds(Some(false), evidence, &format!("where it is to count, {RESTART} without --trial"))
            } else {
                TARGET.holds(Some(false), "no backups are made", &cure())
            };
            [target].into_iter().chain(others).chain([gap]).collect()
        }
        Some(Some(seen)) => {
            let now = observed.now_seconds;
            vec![target(seen), recipients(seen), newest(seen, now), tail(seen, now), drill(seen, now), identity(seen, now), gap]
        }
    }
}

fn cure() -> String {
    format!("name a folder on another disk, or a bucket, as `backup_target` in jeton.toml, and {RESTART}")
}

fn target(seen: &BackupsSeen) -> Check {
    TARGET.holds(
        seen.is_on_the_same_disk.map(|same| !same),
        &match seen.is_on_the_same_disk {
            Some(true) => format!("{} lies on the disk of the data", seen.target),
            Some(false) => format!("backups go to {}", seen.target),
            None => format!("where {} lies cannot be told", seen.target),
        },
        &cure(),
    )
}

fn recipients(seen: &BackupsSeen) -> Check {
    RECIPIENTS.holds(
        Some(seen.recipients > 0),
        &format!("recipients beside the server itself: {}", seen.recipients),
        &format!("name the recipient of a recovery identity as `backup_recipients` in jeton.toml (age-keygen makes one), and {RESTART}"),
    )
}

fn newest(seen: &BackupsSeen, now_seconds: i64) -> Check {
    let command = "jeton backup create";
    if let Some(lost) = &seen.newest_lost {
        return NEWEST.holds(Some(false), lost, command);
    }
    let age = seen.newest_at.map(|at| now_seconds - at);
    let most = 2 * seen.every_seconds;
    // Before the first one is due there is nothing to see yet.
    let is_missing = age.is_none() && now_seconds.saturating_sub(seen.begun_at) > most;
    NEWEST.holds(
        if is_missing { Some(false) } else { age.map(|age| age <= most) },
        &age.map_or_else(|| "no snapshot was made yet".to_owned(), |age| format!("the newest snapshot is {} old", shown(age))),
        command,
    )
}

/// For how long nothing may be shipped, in seconds: it is each second.
const SHIPPED_WITHIN_SECONDS: i64 = 60;

fn tail(seen: &BackupsSeen, now_seconds: i64) -> Check {
    let look = "look at the target and into the server's log; `jeton backup list` says why";
    let late = now_seconds.saturating_sub(seen.shipped_at);
    let (found, command) = match (seen.away_since, seen.others.first()) {
        (Some(since), _) => (format!("the target takes nothing for {}", shown(now_seconds - since)), look),
        // Whoever ships may have been broken off, or wait for ever.
        (None, _) if late > SHIPPED_WITHIN_SECONDS => (format!("nothing was shipped for {}", shown(late)), look),
        (None, Some(other)) => (
            format!("another server, which went on from a backup, shipped to the same target: {other}"),
            "stop one of the two, and keep the other; `jeton backup list` says how",
        ),
        (None, None) => return TAIL.holds(Some(true), "the target takes the ledger's tail", look),
    };
    TAIL.holds(Some(false), &found, command)
}

/// How much later than it is due a drill may pass, in seconds.
const DRILL_GRACE_SECONDS: i64 = 86_400;

fn drill(seen: &BackupsSeen, now_seconds: i64) -> Check {
    let command = "jeton backup drill";
    if let Some(why) = &seen.drill_failed {
        return DRILL.holds(Some(false), &format!("the last drill failed: {why}"), command);
    }
    let most = seen.drill_every_seconds.saturating_add(DRILL_GRACE_SECONDS);
    match seen.drilled_at.map(|at| now_seconds.saturating_sub(at)) {
        Some(age) => DRILL.holds(Some(age <= most), &format!("the last drill that passed was {} ago", shown(age)), command),
        None if now_seconds.saturating_sub(seen.begun_at) <= most => DRILL.holds(None, "there was no drill yet", ""),
        None => DRILL.holds(Some(false), "no drill ever passed", command),
    }
}

/// How long it is believed that somebody can open the backups, in seconds.
const PROVEN_SECONDS: i64 = 90 * 86_400;

fn identity(seen: &BackupsSeen, now_seconds: i64) -> Check {
    let command = "jeton backup drill --from TARGET --identity FILE --root-key-file FILE, on another machine; then here \
                   jeton backup drill --receipt FILE";
    match seen.proven_at.map(|at| now_seconds.saturating_sub(at)) {
        Some(age) => {
            IDENTITY.holds(Some(age <= PROVEN_SECONDS), &format!("a recovery identity opened a backup {} ago", shown(age)), command)
        }
        None if now_seconds.saturating_sub(seen.begun_at) <= PROVEN_SECONDS => {
            IDENTITY.holds(None, "nobody has tried yet whether the recovery identity opens a backup", "")
        }
        None => IDENTITY.holds(Some(false), "nobody ever tried whether the recovery identity opens a backup", command),
    }
}
