//! A key, explained.

use std::collections::BTreeMap;

use jeton_http::api::rfc3339;
use serde_json::Value;

use super::api_keys;
use super::explanation::{dated, decision, ending, hanging, not_ours, paragraph, section, statements};
use super::text::member;
use super::timeline;
use super::view::View;

/// A key in detail, and what happened to it.
pub(crate) fn show(explained: &Value, view: &View) -> String {
    format!("{}{}", api_keys::show(explained, view), section("What happened to it:", &timeline::lines(explained, view)))
}

/// Why a key is accepted or refused, what it may reach, what happened to it; or what a text is that is none of ours.
pub(crate) fn explained(explained: &Value, view: &View) -> String {
    if explained.get("is_ours").and_then(Value::as_bool) != Some(true) {
        return not_ours(explained, "key", view);
    }
    let mut text = if is_accepted(explained) && api_keys::may_nothing(explained) {
        paragraph(&format!("Accepted, but it may do nothing now: {}.", taken(explained)), view)
    } else {
        decision(explained, "key", view)
    };
    text.push_str(&ending(explained, view));
    text.push_str(&judged_at_use(explained, view));
    if member(explained, "pasted") == "previous" {
        text.push_str(&paragraph(&format!("The text is the one before its present text, which {}.", previous(explained, view)), view));
    }
    text.push('\n');
    text.push_str(&api_keys::show(explained, view));
    text.push_str(&section("What it may reach now:", &reach(explained, view)));
    text.push_str(&section("What happened to it:", &timeline::lines(explained, view)));
    text.push_str(&section("What was said of what it belongs to:", &statements(explained, view)));
    text.push_str(&section("Its uses of the last day:", &uses(explained, view)));
    text.push_str(&last_refusal(explained, view));
    if explained.get("is_complete").and_then(Value::as_bool) == Some(false) {
        text.push_str("\nThe search took too long and was ended: some of this is missing.\n");
    }
    text
}

/// What becomes of a key's old text: it ends on its own, or did with the rotation, unless somebody ended it after that.
fn previous(explained: &Value, view: &View) -> String {
    let steps = explained.get("timeline").and_then(Value::as_array).into_iter().flatten().rev();
    let last = steps.filter(|step| matches!(member(step, "event").as_str(), "api_key.rotated" | "api_key.secret_ended")).take(1);
    let last = last.last();
    let ends_at = last.and_then(|step| step.pointer("/data/ends_at_seconds")).and_then(Value::as_i64);
    let ended = last.filter(|step| member(step, "event") == "api_key.secret_ended");
    match ended.map(|step| (step.get("data").map(|data| member(data, "actor")).unwrap_or_default(), member(step, "at"))) {
        Some((by, at)) if by.is_empty() => format!("was ended at {at}"),
        Some((by, at)) => format!("{by} ended at {at}"),
        None => match ends_at.filter(|at| *at <= view.now_seconds) {
            Some(at) => format!("ended on its own at {}", rfc3339::format(at)),
            None => "ends on its own".to_owned(),
        },
    }
}

/// What is asked at each use alone: that a key is accepted says nothing of it.
fn judged_at_use(explained: &Value, view: &View) -> String {
    let has =
        |name: &str| explained.get(name).is_some_and(|value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()));
    let bounds = [("allow_ip", "its networks"), ("rate_limit", "its rate"), ("max_uses", "how often it may be used")];
    let bounds: Vec<&str> = bounds.iter().filter(|(name, _)| has(name)).map(|(_, words)| *words).collect();
    if !is_accepted(explained) || bounds.is_empty() {
        return String::new();
    }
    let asks =
        "`jeton key verify` asks for one, with --client-ip from where, and --client-ip here says whether its networks have an address";
    paragraph(&format!("Each use is judged besides, by {}: {asks}.", bounds.join(", ")), view)
}

/// Why nothing is left of its scopes.
fn taken(explained: &Value) -> &'static str {
    let taken = explained.get("taken_scope").and_then(Value::as_array).into_iter().flatten();
    let mut takers: Vec<String> = taken.map(|taken| member(taken, "by")).collect();
    takers.dedup();
    match takers.as_slice() {
        [only] if only == "api" => "its API knows none of its scopes any more",
        [only] if only == "owner" => "its owner is gone or disabled",
        [only] if only == "client" => "the client may have none of its scopes any more",
        [only] if only == "roles" => "the roles of its owner give none of its scopes any more",
        _ => "each of its scopes was taken away, as told below",
    }
}

fn is_accepted(explained: &Value) -> bool {
    explained.pointer("/decided_by/rule").and_then(Value::as_str) == Some("accepted")
}

fn reach(explained: &Value, view: &View) -> Vec<String> {
    let mut lines = Vec::new();
    let (audience, scope) = (member(explained, "audience"), member(explained, "effective_scope"));
    let nothing = !is_accepted(explained) || audience.is_empty();
    let now = match scope {
        _ if nothing => "nothing".to_owned(),
        scope if scope.is_empty() => format!("{audience}, no scope"),
        scope => format!("{audience}: {scope}"),
    };
    lines.push(hanging("now", &now, view));
    let taken = explained.get("taken_scope").and_then(Value::as_array).into_iter().flatten();
    lines.extend(taken.map(|taken| hanging("not", &format!("{}: {}", member(taken, "scope"), by(&member(taken, "by"))), view)));
    lines
}

/// Why a scope is not allowed any more.
fn by(taker: &str) -> &'static str {
    match taker {
        "api" => "the API knows it no more",
        "owner" => "its owner is gone or disabled",
        "client" => "the client may not have it any more",
        "roles" => "the roles of its owner do not give it any more",
        _ => "it was taken away",
    }
}

/// How its uses went, an hour a line.
fn uses(explained: &Value, view: &View) -> Vec<String> {
    let mut hours: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for hour in explained.get("last_day").and_then(Value::as_array).into_iter().flatten() {
        hours.entry(member(hour, "start")).or_default().push(format!("{} {}", member(hour, "outcome"), member(hour, "count")));
    }
    hours.iter().map(|(start, counts)| dated(start, &counts.join(", "), view)).collect()
}

fn last_refusal(explained: &Value, view: &View) -> String {
    let why = match member(explained, "last_refusal").as_str() {
        "" => return String::new(),
        "revoked" => "it was revoked by then",
        "expired" => "its time was over",
        "suspended" => "it was suspended then",
        "ip_denied" => "it was presented from a network that it is not bound to, or nobody said from where",
        "insufficient_scope" => "it did not allow all of the scopes that were asked for",
        "rate_limited" => "it was used too often at that time",
        "usage_exceeded" => "it was used as often as it may be",
        "not_found" => "it was asked for in another environment",
        _ => "of the rule that is named above",
    };
    format!("\n{}", paragraph(&format!("It was last refused at {} because {why}.", member(explained, "last_refused_at")), view))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn plain(text: &str) -> String {
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        anstream::adapter::strip_str(text).to_string()
    }

    fn key() -> Value {
        json!({
            "is_ours": true, "pasted": "previous", "id": "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "kind": "key", "name": "acme",
            "owner": "external:acme", "audience": "https://orders.example", "scope": "orders:read orders:write",
            "effective_scope": "orders:read", "environment": "live", "state": "revoked", "why": "leaked",
            "created_at": "2026-09-18T14:13:20Z", "created_by": "unix:1000", "expires_at": "2026-12-17T14:13:20Z",
            "last_refused_at": "2026-09-21T14:11:00Z", "last_refusal": "ip_denied",
            "decided_by": {"rule": "revoked", "by": "unix:1000", "at": "2026-09-21T13:13:20Z", "why": "leaked"},
            "ends_by": {"at": "2026-12-17T14:13:20Z", "cause": "policy", "level": "api", "seconds": 7_776_000, "set_by": "unix:0", "set_at": "2026-09-20T14:13:20Z"},
            "taken_scope": [{"scope": "orders:write", "by": "client"}],
            "statements": [
                {"what": "cut_off", "subject": "client", "name": "client_0123456789abcdefghij", "before": "2026-09-18T10:00:00Z", "at": "2026-09-18T10:00:00Z", "by": "unix:1000", "sequence": 7},
                {"what": "cut_off", "subject": "everything", "before": "2026-09-17T10:00:00Z", "at": "2026-09-17T10:00:00Z", "by": "unix:0", "sequence": 3},
            ],
            "timeline": [
                {"sequence": 20, "at": "2026-09-18T14:13:20Z", "event": "api_key.created", "data": {"actor": "unix:1000", "owner": "external:acme", "scopes": "orders:read orders:write", "expires_at_seconds": 1_797_516_800}},
                {"sequence": 25, "at": "2026-09-19T14:13:20Z", "event": "api_key.rotated", "data": {"actor": "key:0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "by_itself": 1, "ends_at_seconds": 1_790_100_000, "expires_at_seconds": 1_797_516_800}},
                {"sequence": 26, "at": "2026-09-19T14:13:20Z", "event": "credential.expiring", "data": {"actor": "system", "days": 7, "expires_at_seconds": 1_797_516_800}},
                {"sequence": 27, "at": "2026-09-20T14:13:20Z", "event": "api_key.narrowed"},
                {"sequence": 30, "at": "2026-09-21T13:13:20Z", "event": "api_key.revoked", "data": {"actor": "unix:1000", "why": "leaked"}},
            ],
            "timeline_has_more": true,
            "last_day": [{"start": "2026-09-21T13:00:00Z", "outcome": "valid", "count": 12}, {"start": "2026-09-21T13:00:00Z", "outcome": "ip_denied", "count": 2}],
            "is_complete": true,
        })
    }

    #[test]
    fn all_of_it() {
        // The key itself is shown as everywhere.
        let (whole, key) = (plain(&explained(&key(), &VIEW)), plain(&api_keys::show(&key(), &VIEW)));
        assert!(whole.contains(&key), "{whole}");
        insta::assert_snapshot!(whole.replace(&key, "(the key)\n"), @"
        Refused for ever: revoked by unix:1000 at 2026-09-21T13:13:20Z (1 h ago):
        leaked.
        It ends at 2026-12-17T14:13:20Z, because the policy of the api lets it live 90
        d, set by unix:0 at 2026-09-20T14:13:20Z (1 d ago).
        The text is the one before its present text, which ends on its own.

        (the key)

        What it may reach now:
          now  nothing
          not  orders:write: the client may not have it any more

        What happened to it:
          More lies before this, or is not found: `jeton audit tail`.
          2026-09-18T14:13Z  made for external:acme, for orders:read orders:write, until
                             2026-12-17T14:13:20Z (by unix:1000, entry 20)
          2026-09-19T14:13Z  gave itself another text, until 2026-12-17T14:13:20Z; the
                             one before ends at 2026-09-22T18:00:00Z (by
                             key:0199a2b3c4d57e6f8a9b0c1d2e3f4a5b, entry 25)
          2026-09-19T14:13Z  told that it ends in 7 days, at 2026-12-17T14:13:20Z (by
                             system, entry 26)
          2026-09-20T14:13Z  api_key.narrowed, erased
          2026-09-21T13:13Z  revoked: leaked (by unix:1000, entry 30)

        What was said of what it belongs to:
          2026-09-18T10:00Z  everything of the client client_0123456789abcdefghij from
                             before 2026-09-18T10:00:00Z cut off by unix:1000
          2026-09-17T10:00Z  everything of this server from before 2026-09-17T10:00:00Z
                             cut off by unix:0

        Its uses of the last day:
          2026-09-21T13:00Z  valid 12, ip_denied 2

        It was last refused at 2026-09-21T14:11:00Z because it was presented from a
        network that it is not bound to, or nobody said from where.
        ");
    }

    #[test]
    fn a_key_that_is_refused() {
        let text = plain(&explained(&key(), &VIEW));
        assert!(text.starts_with("Refused for ever: revoked by unix:1000 at 2026-09-21T13:13:20Z"), "{text}");
        for expected in [
            "What it may reach now:\n  now  nothing\n  not  orders:write: the client may not have it any more\n",
            "What happened to it:\n  More lies before this",
            "  2026-09-18T14:13Z  made for external:acme, for orders:read orders:write, until",
            "  2026-09-20T14:13Z  api_key.narrowed, erased\n",
            "  2026-09-21T13:13Z  revoked: leaked (by unix:1000, entry 30)\n",
            "Its uses of the last day:\n  2026-09-21T13:00Z  valid 12, ip_denied 2\n",
            "It was last refused at 2026-09-21T14:11:00Z because",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn a_key_that_is_accepted_and_may_do_nothing() {
        let mut key = key();
        (key["state"], key["effective_scope"]) = (json!("active"), json!(""));
        key["decided_by"] = json!({"rule": "accepted"});
        let taken = |by: [&str; 2]| json!([{"scope": "orders:read", "by": by[0]}, {"scope": "orders:write", "by": by[1]}]);
        for (by, expected) in [
            (["roles", "roles"], "Accepted, but it may do nothing now: the roles of its owner give none of its scopes any more. "),
            (["api", "roles"], "Accepted, but it may do nothing now: each of its scopes was taken away, as told below. "),
        ] {
            key["taken_scope"] = taken(by);
            let text = plain(&explained(&key, &VIEW)).replace('\n', " ");
            assert!(text.starts_with(expected) && text.contains("active, but it may do nothing now"), "{text}");
        }
        key["effective_scope"] = json!("orders:read");
        assert!(plain(&explained(&key, &VIEW)).starts_with("Accepted: nothing speaks against it.\n"));
    }

    #[test]
    fn an_old_text_that_somebody_ended_did_not_end_on_its_own() {
        let mut key = key();
        assert!(plain(&explained(&key, &VIEW)).contains("which ends on its own"));
        let ended =
            json!({"at": "2026-09-20T14:13:20Z", "event": "api_key.secret_ended", "data": {"actor": "unix:1000", "ends_at_seconds": 1}});
        key["timeline"].as_array_mut().unwrap().push(ended);
        let text = plain(&explained(&key, &VIEW)).replace('\n', " ");
        assert!(text.contains("The text is the one before its present text, which unix:1000 ended at 2026-09-20T14:13:20Z."), "{text}");
        let again = json!({"at": "2026-09-21T14:13:20Z", "event": "api_key.rotated", "data": {"actor": "unix:1000"}});
        key["timeline"].as_array_mut().unwrap().push(again);
        assert!(plain(&explained(&key, &VIEW)).contains("which ends on its own"), "that was the text before that one");
        let at_once = json!({"at": "2026-09-21T14:13:20Z", "event": "api_key.rotated", "data": {"actor": "unix:1000", "ends_at_seconds": 1_790_000_000}});
        key["timeline"].as_array_mut().unwrap().push(at_once);
        let text = plain(&explained(&key, &VIEW)).replace('\n', " ");
        assert!(text.contains("which ended on its own at 2026-09-21T14:13:20Z."), "{text}");
    }

    #[test]
    fn a_key_in_detail_has_its_timeline() {
        let mut key = key();
        key["timeline_has_more"] = json!(false);
        let text = plain(&show(&key, &VIEW));
        assert!(text.contains("\nWhat happened to it:\n  2026-09-18T14:13Z  made for"), "{text}");
    }

    #[test]
    fn nothing_that_is_said_steers_the_terminal() {
        let mut key = key();
        key["timeline"][0]["data"]["owner"] = json!("external:\u{1b}[31m\u{202e}x");
        key["statements"][0]["name"] = json!("\u{1b}]0;x\u{7}");
        let text = explained(&key, &VIEW);
        assert!(!anstream::adapter::strip_str(&text).to_string().contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text}");
    }

    #[test]
    fn texts_of_others() {
        let said = |looked: Value| plain(&explained(&looked, &VIEW)).replace('\n', " ");
        let foreign = said(json!({"is_ours": false, "looks": "foreign"}));
        assert_eq!(foreign, "This is no key of this server. It looks like nothing that this server makes. ");
        let (id, made_at) = ("0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "2026-09-21T13:13:20Z");
        let token = said(json!({"is_ours": false, "looks": "left", "kind": "access_token", "id": id, "made_at": made_at}));
        assert!(token.contains("`jeton token explain -` explains it") && token.contains(id), "{token}");
    }
}
