use serde_json::Value;

use super::fold::wrap;
use super::suspended::by_whom;
use super::text::member;
use super::view::View;

/// The kinds of credentials, with what one and several of them are called.
const KINDS: [(&str, &str, &str); 7] = [
    ("access_tokens", "access token", "access tokens"),
    ("keys", "API key", "API keys"),
    ("personal_access_tokens", "personal access token", "personal access tokens"),
    ("client_secrets", "client secret", "client secrets"),
    ("sessions", "session", "sessions"),
    ("authorization_codes", "authorization code", "authorization codes"),
    ("refresh_tokens", "refresh token", "refresh tokens"),
];

/// What fell, by kind.
pub(crate) fn show(revoked: &Value, view: &View) -> String {
    if let Some(dead) = dead_text(revoked, ("end", "revoke"), view) {
        return dead;
    }
    let warning = member(revoked, "warning");
    let mut text = wrapped(&fell(revoked), view);
    if !warning.is_empty() {
        text.push_str(&wrapped(&format!("Warning: {warning}."), view));
    }
    text
}

/// A question about many, with what would become of them before it.
pub(crate) fn question(planned: Option<String>, question: &str) -> String {
    planned.map_or_else(|| question.to_owned(), |planned| format!("{} {question}", planned.trim_end()))
}

/// What is refused from now on, by kind; `says_why`: whether a reason was given.
pub(crate) fn show_suspended(suspended: &Value, says_why: bool, view: &View) -> String {
    if let Some(dead) = dead_text(suspended, ("suspend", "suspend"), view) {
        return dead;
    }
    let (said, alone) = match is_dry_run(suspended) {
        true => ("Would suspend", "Would be suspended: nothing of it is out, and nothing new would be given."),
        false => ("Suspended", "Suspended: nothing of it is out, and nothing new is given."),
    };
    let (is, nothing) = as_before(suspended);
    let none = match suspended.get("stands") {
        Some(stands) if member(stands, "state") == "suspended" => {
            let kept =
                if says_why { " The reason that is given now is not kept: resume it first, then suspend it for another." } else { "" };
            format!("It {is} suspended already{}: {nothing}.{kept}", by_whom(stands, ["suspended_at", "suspended_by"], view))
        }
        Some(stands) => format!("It is over ({}): {nothing}.", member(stands, "state")),
        None => format!("None of its keys is accepted now: {nothing}."),
    };
    changed(suspended, "suspended", said, (alone, &none), view)
}

/// What is accepted again, by kind.
pub(crate) fn show_resumed(resumed: &Value, view: &View) -> String {
    if let Some(dead) = dead_text(resumed, ("resume", "resume"), view) {
        return dead;
    }
    let (said, alone) = match is_dry_run(resumed) {
        true => ("Would resume", "Would be resumed: nothing of it is out, and something new could be given."),
        false => ("Resumed", "Resumed: nothing of it is out, and something new can be given."),
    };
    let (is, nothing) = as_before(resumed);
    let none = match resumed.get("stands").map(|stands| member(stands, "state")).as_deref() {
        Some("active") => format!("It {is} not suspended: {nothing}."),
        // What it belongs to is.
        Some("suspended") => format!("It {is} not suspended itself, and is refused all the same: {nothing}."),
        Some(state) => format!("It is over ({state}): {nothing}."),
        None => format!("None of its keys {is} suspended: {nothing}."),
    };
    changed(resumed, "resumed", said, (alone, &none), view)
}

/// How what is left as it was is told of: now, or as it was when it was asked for.
fn as_before(answer: &Value) -> (&'static str, &'static str) {
    if is_dry_run(answer) { ("is", "nothing would change") } else { ("was", "nothing changed") }
}

/// What is said of a text that a key had before, and that is dead; `None`: it is none.
fn dead_text(answer: &Value, (verb, command): (&str, &str), view: &View) -> Option<String> {
    let dead = answer.get("dead_text")?;
    let (key, name) = (member(dead, "key"), member(dead, "name"));
    let text = match member(dead, "state").as_str() {
        state @ ("active" | "suspended") => {
            let stands = if state == "active" { "is accepted" } else { "is suspended" };
            let change = if is_dry_run(answer) { "would change" } else { "changed" };
            format!(
                "This text is dead already: its key, {name}, was rotated since, has another text, and {stands} with that. Nothing {change}. To {verb} the key: `jeton key {command} {key}`."
            )
        }
        state => format!("This text is dead already, and so is its key, {name} ({state}): nothing is left to {verb}."),
    };
    Some(wrapped(&text, view))
}

fn changed(answer: &Value, name: &str, said: &str, (alone, none): (&str, &str), view: &View) -> String {
    match counted(answer.get(name)) {
        Some(counted) if counted.is_empty() && answer.get("changed") == Some(&Value::Bool(true)) => wrapped(alone, view),
        Some(counted) if counted.is_empty() => wrapped(none, view),
        Some(counted) => wrapped(&format!("{said} {counted}."), view),
        None => wrapped(&format!("{said} more than could be counted."), view),
    }
}

pub(crate) fn fell(revoked: &Value) -> String {
    let (counted, what) = (counted(revoked.get("fell")), falling(revoked));
    let verb = if is_dry_run(revoked) { "Would end" } else { "Revoked" };
    match member(revoked, "before") {
        before if !before.is_empty() => format!("{verb} {what}: what was issued before {before}."),
        _ if counted.as_deref() == Some("") && !is_dry_run(revoked) => "It was over already: nothing fell.".to_owned(),
        _ => format!("{verb} {what}."),
    }
}

/// What falls, by kind.
pub(crate) fn falling(answer: &Value) -> String {
    match counted(answer.get("fell")) {
        Some(none) if none.is_empty() => "0 access tokens".to_owned(),
        Some(counted) => counted,
        None => "more than could be counted".to_owned(),
    }
}

/// The kinds that there are any of; empty where there are none. `None`: they could not be counted.
fn counted(by_kind: Option<&Value>) -> Option<String> {
    let mut parts = vec![];
    for (name, one, several) in KINDS {
        match by_kind?.get(name)?.as_u64()? {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            count => parts.push(format!("{count} {several}")),
        }
    }
    let last = parts.pop().unwrap_or_default();
    Some(if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) })
}

fn is_dry_run(answer: &Value) -> bool {
    answer.get("dry_run").and_then(Value::as_bool) == Some(true)
}

fn wrapped(text: &str, view: &View) -> String {
    wrap(text, view.width).iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by_kind(tokens: u64, keys: u64, personal: u64, secrets: u64) -> Value {
        json!({
            "access_tokens": tokens, "keys": keys, "personal_access_tokens": personal, "client_secrets": secrets,
            "sessions": 0, "authorization_codes": 0, "refresh_tokens": 0,
        })
    }

    fn uncounted() -> Value {
        json!({
            "access_tokens": null, "keys": null, "personal_access_tokens": null, "client_secrets": null,
            "sessions": null, "authorization_codes": null, "refresh_tokens": null,
        })
    }

    #[test]
    fn what_fell() {
        let view = View { now_seconds: 0, width: 80 };
        let before = "2026-09-21T14:11:20Z";
        for (revoked, expected) in [
            (json!({"fell": by_kind(1, 0, 0, 0), "dry_run": false}), "Revoked 1 access token.\n"),
            (json!({"fell": by_kind(0, 0, 0, 1), "dry_run": false}), "Revoked 1 client secret.\n"),
            (json!({"fell": by_kind(0, 0, 0, 0), "dry_run": false}), "It was over already: nothing fell.\n"),
            (
                json!({"fell": by_kind(12, 0, 0, 0), "before": before, "dry_run": false}),
                "Revoked 12 access tokens: what was issued before 2026-09-21T14:11:20Z.\n",
            ),
            (
                json!({"fell": by_kind(12, 3, 1, 0), "before": before, "dry_run": false}),
                "Revoked 12 access tokens, 3 API keys and 1 personal access token: what was\nissued before 2026-09-21T14:11:20Z.\n",
            ),
            (
                json!({"fell": uncounted(), "before": before, "dry_run": false}),
                "Revoked more than could be counted: what was issued before 2026-09-21T14:11:20Z.\n",
            ),
            (json!({"fell": by_kind(0, 0, 0, 0), "dry_run": true}), "Would end 0 access tokens.\n"),
            (json!({"fell": by_kind(1, 0, 0, 0), "dry_run": false, "warning": "ahead"}), "Revoked 1 access token.\nWarning: ahead.\n"),
        ] {
            assert_eq!(show(&revoked, &view), expected);
        }
    }

    #[test]
    fn what_is_said_of_everything() {
        let view = View { now_seconds: 0, width: 80 };
        let all = by_kind(1_204, 31, 7, 2);
        let warning = "the clock is ahead of the ledger: this ends what is issued until 2026-09-21T15:11:20Z, too";
        let texts = [
            show(&json!({"fell": all, "before": "2026-09-21T14:11:20Z", "dry_run": true, "warning": warning}), &view),
            show_suspended(&json!({"suspended": all, "changed": true, "dry_run": false}), false, &view),
            show_suspended(&json!({"suspended": by_kind(0, 0, 0, 0), "changed": true, "dry_run": false}), false, &view),
            show_suspended(&json!({"suspended": by_kind(0, 0, 0, 0), "changed": true, "dry_run": true}), false, &view),
            show_resumed(&json!({"resumed": all, "changed": true, "dry_run": true}), &view),
            show_resumed(&json!({"resumed": by_kind(0, 0, 0, 0), "changed": true, "dry_run": false}), &view),
        ];
        insta::assert_snapshot!(texts.concat(), @"
        Would end 1204 access tokens, 31 API keys, 7 personal access tokens and 2 client
        secrets: what was issued before 2026-09-21T14:11:20Z.
        Warning: the clock is ahead of the ledger: this ends what is issued until
        2026-09-21T15:11:20Z, too.
        Suspended 1204 access tokens, 31 API keys, 7 personal access tokens and 2 client
        secrets.
        Suspended: nothing of it is out, and nothing new is given.
        Would be suspended: nothing of it is out, and nothing new would be given.
        Would resume 1204 access tokens, 31 API keys, 7 personal access tokens and 2
        client secrets.
        Resumed: nothing of it is out, and something new can be given.
        ");
    }

    #[test]
    fn what_is_suspended_and_resumed() {
        let view = View { now_seconds: 0, width: 80 };
        for (suspended, expected) in [
            (json!({"suspended": by_kind(2, 1, 0, 1), "dry_run": false}), "Suspended 2 access tokens, 1 API key and 1 client secret.\n"),
            (json!({"suspended": by_kind(2, 0, 0, 0), "dry_run": true}), "Would suspend 2 access tokens.\n"),
            (json!({"suspended": by_kind(0, 0, 0, 0), "dry_run": true}), "None of its keys is accepted now: nothing would change.\n"),
            (json!({"suspended": uncounted(), "dry_run": false}), "Suspended more than could be counted.\n"),
        ] {
            assert_eq!(show_suspended(&suspended, false, &view), expected);
        }
        assert_eq!(show_resumed(&json!({"resumed": by_kind(0, 0, 2, 0), "dry_run": false}), &view), "Resumed 2 personal access tokens.\n");
    }

    #[test]
    fn why_nothing_changed() {
        let view = View { now_seconds: 1_790_000_000, width: 300 };
        let none = by_kind(0, 0, 0, 0);
        let on_leave = json!({"state": "suspended", "suspended_at": "2026-09-21T14:11:20Z", "suspended_by": "unix:0", "why": "on leave"});
        let stands = |state: &str| json!({"state": state});
        for (stands, says_why, expected) in [
            (
                on_leave.clone(),
                true,
                "It was suspended already, 2 min ago by unix:0 (on leave): nothing changed. The reason that is given now is not kept: resume it first, then suspend it for another.",
            ),
            (on_leave, false, "It was suspended already, 2 min ago by unix:0 (on leave): nothing changed."),
            (stands("suspended"), false, "It was suspended already: nothing changed."),
            (stands("revoked"), false, "It is over (revoked): nothing changed."),
        ] {
            let answer = json!({"suspended": none, "changed": false, "stands": stands, "dry_run": false});
            assert_eq!(show_suspended(&answer, says_why, &view), format!("{expected}\n"));
        }
        for (state, dry_run, expected) in [
            ("active", false, "It was not suspended: nothing changed."),
            ("active", true, "It is not suspended: nothing would change."),
            ("suspended", false, "It was not suspended itself, and is refused all the same: nothing changed."),
            ("expired", false, "It is over (expired): nothing changed."),
        ] {
            let answer = json!({"resumed": none, "changed": false, "stands": stands(state), "dry_run": dry_run});
            assert_eq!(show_resumed(&answer, &view), format!("{expected}\n"));
        }
        let of_owner = json!({"resumed": none, "changed": false, "dry_run": false});
        assert_eq!(show_resumed(&of_owner, &view), "None of its keys was suspended: nothing changed.\n");
    }

    #[test]
    fn a_dead_text() {
        let view = View { now_seconds: 0, width: 80 };
        let answer = |state: &str, dry_run: bool| {
            let dead = json!({"key": "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "name": "acme", "state": state});
            json!({"fell": by_kind(0, 0, 0, 0), "dead_text": dead, "dry_run": dry_run})
        };
        let texts = [
            show(&answer("active", false), &view),
            show(&answer("revoked", false), &view),
            show_suspended(&answer("active", true), false, &view),
            show_resumed(&answer("suspended", false), &view),
        ];
        insta::assert_snapshot!(texts.concat(), @"
        This text is dead already: its key, acme, was rotated since, has another text,
        and is accepted with that. Nothing changed. To end the key:
        `jeton key revoke 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b`.
        This text is dead already, and so is its key, acme (revoked): nothing is left to
        end.
        This text is dead already: its key, acme, was rotated since, has another text,
        and is accepted with that. Nothing would change. To suspend the key:
        `jeton key suspend 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b`.
        This text is dead already: its key, acme, was rotated since, has another text,
        and is suspended with that. Nothing changed. To resume the key:
        `jeton key resume 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b`.
        ");
    }
}
