use serde_json::Value;

use super::details::Details;
use super::relative::{length, text_from_now, with_distance};
use super::suspended::by_whom;
use super::table::{Cell, Column, Tone, table};
use super::text::{items, member};
use super::used::{distance, used};
use super::view::View;
use super::why::why;

/// The narrowest line that has room for why keys ended, too.
const WIDE: usize = 120;

/// Keys, one a line: what people call them and their owners, then how they stand. An id that does not fit stands below. `is_all`: whether all were asked for.
pub(crate) fn list(value: &Value, is_all: bool, view: &View) -> String {
    let keys = items(value);
    if keys.is_empty() && !is_all {
        return "There is no such key.\n".to_owned();
    }
    if keys.is_empty() {
        return "There is no key yet. Make one:\n  jeton key create --owner external:acme --name acme --audience URI\n".to_owned();
    }
    let row = |key: &Value| {
        // When a key would have ended that is over already is of no use.
        let ends =
            if member(key, "state") == "revoked" { String::new() } else { text_from_now(&member(key, "expires_at"), view.now_seconds) };
        let used = distance(key, "last_used_at", view.now_seconds);
        [member(key, "name").into(), owner(key).into(), state(key), ends.into(), used.into(), member(key, "id").into()]
    };
    let [name, owner, state] = [Column::flexible("name"), Column::flexible("owner"), Column::whole("state")];
    let [ends, used, id] = [Column::whole("ends"), Column::whole("used"), Column::beside("id")];
    if view.width < WIDE {
        return table([name, owner, state, ends, used, id], &keys.iter().map(row).collect::<Vec<_>>(), view);
    }
    let wide = |key: &Value| {
        let [name, owner, state, ends, used, id] = row(key);
        [name, owner, state, why(key).into(), ends, used, id]
    };
    table([name, owner, state, Column::flexible("why"), ends, used, id], &keys.iter().map(wide).collect::<Vec<_>>(), view)
}

/// The same, with the id behind it.
fn named_owner(key: &Value) -> String {
    match (owner(key), member(key, "owner")) {
        (named, owner) if named == owner => owner,
        (named, owner) => format!("{named} ({owner})"),
    }
}

/// Whose it is, as people call them: `user:ada`. What only an id tells is an id.
fn owner(key: &Value) -> String {
    let owner = member(key, "owner");
    match (member(key, "owner_name"), owner.split_once(':')) {
        (name, Some((kind, _))) if !name.is_empty() => format!("{kind}:{name}"),
        _ => owner,
    }
}

/// How it stands, at a glance: one that is accepted and may do nothing is not well.
fn state(key: &Value) -> Cell {
    if may_nothing(key) {
        return Cell::toned("no scope", Tone::Warning);
    }
    let state = member(key, "state");
    Cell::toned(&state, Tone::of_standing(&state))
}

/// Whether a key is accepted, and may do nothing of what it was given.
pub(super) fn may_nothing(key: &Value) -> bool {
    let has = |name: &str| !member(key, name).is_empty();
    member(key, "state") == "active" && has("scope") && !has("effective_scope")
}

/// The key that a text is.
pub(crate) fn found(key: &Value, view: &View) -> String {
    let sentence = match member(key, "secret").as_str() {
        "current" => "This is the key's text.",
        "previous" => "This is the text that the key had before: it was rotated since.",
        _ => "This is a text that the key had once: it was rotated since, and accepts it no more.",
    };
    format!("{sentence}\n\n{}", show(key, view))
}

/// A key that was suspended, or was so `before`; `says_why`: whether a reason was given.
pub(crate) fn suspended(key: &Value, before: &Value, says_why: bool, view: &View) -> String {
    let name = member(key, "name");
    let is_as_before = ["state", "ended_at", "ended_by", "why"].iter().all(|part| member(key, part) == member(before, part));
    if !is_as_before || member(before, "ended_at").is_empty() {
        return format!("{name} is refused until it is resumed.\n");
    }
    let by_whom = by_whom(key, ["ended_at", "ended_by"], view);
    let kept = if says_why { "\nThe reason that is given now is not kept: resume it first, then suspend it for another." } else { "" };
    format!("{name} was suspended already{by_whom}. Nothing changed.{kept}\n")
}

/// A key that was resumed: what it belongs to may still keep it from being accepted.
pub(crate) fn resumed(key: &Value, _: &View) -> String {
    let name = member(key, "name");
    match member(key, "state").as_str() {
        "active" => format!("{name} is accepted again.\n"),
        state => {
            let id = member(key, "id");
            format!("{name} itself is not suspended any more, and is still refused: {state}.\nWhy: `jeton key explain {id}`\n")
        }
    }
}

/// One key.
pub(crate) fn show(key: &Value, view: &View) -> String {
    let time = |name: &str| with_distance(&member(key, name), view.now_seconds);
    let (scope, effective) = (member(key, "scope"), member(key, "effective_scope"));
    let networks = key.get("allow_ip").and_then(Value::as_array).into_iter().flatten();
    let details = Details::default()
        .with("name", member(key, "name"))
        .with("id", member(key, "id"))
        .with("kind", kind(&member(key, "kind")))
        .with("owner", named_owner(key))
        .with("handed out by", member(key, "client"))
        .with("audience", member(key, "audience"))
        .with("scope", &scope)
        .with("allowed now", if effective == scope { String::new() } else { none_if_empty(effective) })
        .with("environment", member(key, "environment"))
        .with_each("accepted from", networks.filter_map(Value::as_str).map(str::to_owned))
        .with("rate", rate(key))
        .with("uses in all", member(key, "max_uses"))
        .with("state", if may_nothing(key) { "active, but it may do nothing now".to_owned() } else { member(key, "state") })
        .with("because of", why(key))
        .with("since", time("ended_at"))
        .with("by", member(key, "ended_by"))
        .with("note", member(key, "note"))
        .with_each("metadata", metadata(key))
        .with("created", time("created_at"))
        .with("created by", member(key, "created_by"))
        .with("changed", time("updated_at"))
        .with("ends", time("expires_at"))
        .with("by exception", exception(key))
        .with("old text ends", time("previous_expires_at"))
        .with("if unused", idle(key));
    used(details, key, view).text(view)
}

/// A key that was just made, or got another text: the text, once.
pub(crate) fn created(key: &Value, view: &View) -> String {
    let text = Details::default().with("key", member(key, "key")).text(view);
    format!("{}\n{text}\nKeep the key now: it is not stored, and this is the only time it is shown.\n", show(key, view))
}

/// What was answered about a key that was presented.
pub(crate) fn verified(answer: &Value, view: &View) -> String {
    let code = member(answer, "code");
    let sentence = match code.as_str() {
        "valid" => "Accepted.",
        "not_found" => "Not accepted: there is no such key here, or none for this environment.",
        "revoked" => "Not accepted: it is revoked.",
        "expired" => "Not accepted: its time is over.",
        "suspended" => "Not accepted: it is suspended.",
        "ip_denied" => "Not accepted: it is bound to other networks than it was presented from; `--client-ip` says from where.",
        "insufficient_scope" => "Not accepted: it does not allow all of these scopes.",
        "rate_limited" => "Not accepted: it was used too often; it is accepted again in a while.",
        "usage_exceeded" => "Not accepted: it was used as often as it may be.",
        _ => "Not accepted.",
    };
    let number = |pointer: &str| answer.pointer(pointer).and_then(Value::as_i64);
    let left = |noun: &str| Some(format!("{} of {}", number(&format!("/{noun}/remaining"))?, number(&format!("/{noun}/limit"))?));
    let details = Details::default()
        .with("code", &code)
        .with("name", member(answer, "name"))
        .with("id", member(answer, "key_id"))
        .with("owner", member(answer, "owner"))
        .with("audience", member(answer, "audience"))
        .with("scope", member(answer, "scope"))
        .with_each("metadata", metadata(answer))
        .with("ends", with_distance(&member(answer, "expires_at"), view.now_seconds))
        .with("rate left", left("rate").unwrap_or_default())
        .with("again in", number("/rate/retry_seconds").map(length).unwrap_or_default())
        .with("uses left", left("uses").unwrap_or_default());
    format!("{sentence}\n\n{}", details.text(view))
}

/// What its owner keeps beside it, a line each.
fn metadata(key: &Value) -> Vec<String> {
    let kept = key.get("metadata").and_then(Value::as_object).into_iter().flatten();
    kept.map(|(name, text)| format!("{name} = {}", text.as_str().unwrap_or_default())).collect()
}

/// What lets it live beyond the maximum: who answers for that, and why.
fn exception(key: &Value) -> String {
    let Some(exception) = key.get("exception") else { return String::new() };
    format!("of {}: {} ({})", member(exception, "owner"), member(exception, "reason"), member(exception, "id"))
}

/// What becomes of it when nobody uses it.
fn idle(key: &Value) -> String {
    let seconds = key.get("idle_seconds").and_then(Value::as_i64);
    let said = |seconds: i64| format!("suspended after {}, revoked after {}", length(seconds), length(seconds.saturating_mul(2)));
    seconds.map(said).unwrap_or_default()
}

fn kind(name: &str) -> &str {
    if name == "pat" { "personal access token" } else { "API key" }
}

fn none_if_empty(scope: String) -> String {
    if scope.is_empty() { "nothing".to_owned() } else { scope }
}

fn rate(key: &Value) -> String {
    let number = |pointer: &str| key.pointer(pointer).and_then(Value::as_i64);
    match (number("/rate_limit/count"), number("/rate_limit/period_seconds")) {
        (Some(count), Some(period)) => format!("{count} in {}", length(period)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn acme() -> Value {
        json!({
            "id": "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "kind": "key", "environment": "live", "owner": "external:acme",
            "audience": "https://orders.example", "scope": "orders:read orders:write", "effective_scope": "orders:read", "name": "acme",
            "allow_ip": ["192.0.2.0/24"], "rate_limit": {"count": 100, "period_seconds": 60}, "max_uses": 5000, "state": "suspended",
            "why": "leaked", "ended_at": "2026-09-21T13:13:20Z", "ended_by": "unix:1000", "created_at": "2026-09-18T14:13:20Z",
            "created_by": "unix:1000", "updated_at": "2026-09-21T13:13:20Z", "expires_at": "2026-12-20T14:13:20Z", "generation": 1,
            "idle_seconds": 2_592_000, "is_imported": false, "first_used_at": "2026-09-18T14:15:00Z", "last_used_at": "2026-09-21T13:10:00Z",
            "metadata": {"order": "4711", "room": "second floor"},
            "exception": {"id": "exception_0123456789abcdefghij", "owner": "Ada", "reason": "The device is at sea"},
            "last_refused_at": "2026-09-21T14:11:00Z", "last_refusal": "suspended", "key": "jtn_key_4hDkW0example",
        })
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn keys_are_listed() {
        let mut ada = acme();
        let members = [("name", "Ada's laptop"), ("owner", "user:user_0123456789abcdefghij"), ("owner_name", "ada"), ("state", "active")];
        members.into_iter().for_each(|(name, text)| ada[name] = json!(text));
        ada.as_object_mut().unwrap().remove("why");
        let keys = json!({"items": [acme(), ada.clone()]});
        assert!(show(&ada, &VIEW).contains("\nowner          user:ada (user:user_0123456789abcdefghij)\n"));
        insta::assert_snapshot!(plain(&list(&keys, true, &VIEW)), @"
        NAME          OWNER          STATE      ENDS     USED
          ID
        acme          external:acme  suspended  in 90 d  63 min ago
          0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        Ada's laptop  user:ada       active     in 90 d  63 min ago
          0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        ");
        insta::assert_snapshot!(plain(&list(&keys, true, &View { width: 120, ..VIEW })), @"
        NAME          OWNER          STATE      WHY     ENDS     USED        ID
        acme          external:acme  suspended  leaked  in 90 d  63 min ago  0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        Ada's laptop  user:ada       active             in 90 d  63 min ago  0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        ");
        let mut idle = acme();
        (idle["state"], idle["effective_scope"]) = (json!("active"), json!(""));
        insta::assert_snapshot!(plain(&list(&json!({"items": [idle]}), true, &VIEW)), @"
        NAME  OWNER          STATE     ENDS     USED
          ID
        acme  external:acme  no scope  in 90 d  63 min ago
          0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        ");
        assert_eq!(list(&json!({}), false, &VIEW), "There is no such key.\n");
        insta::assert_snapshot!(list(&json!({}), true, &VIEW), @"
        There is no key yet. Make one:
          jeton key create --owner external:acme --name acme --audience URI
        ");
    }

    #[test]
    fn a_new_key_is_shown_once() {
        insta::assert_snapshot!(plain(&created(&acme(), &VIEW)), @"
        name           acme
        id             0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        kind           API key
        owner          external:acme
        audience       https://orders.example
        scope          orders:read orders:write
        allowed now    orders:read
        environment    live
        accepted from  192.0.2.0/24
        rate           100 in 1 min
        uses in all    5000
        state          suspended
        because of     leaked
        since          2026-09-21T13:13:20Z (1 h ago)
        by             unix:1000
        metadata       order = 4711
                       room = second floor
        created        2026-09-18T14:13:20Z (3 d ago)
        created by     unix:1000
        changed        2026-09-21T13:13:20Z (1 h ago)
        ends           2026-12-20T14:13:20Z (in 90 d)
        by exception   of Ada: The device is at sea (exception_0123456789abcdefghij)
        if unused      suspended after 30 d, revoked after 60 d
        first used     2026-09-18T14:15Z (2 d ago)
        last used      2026-09-21T13:10Z (63 min ago)
        last refused   2026-09-21T14:11Z (2 min ago): suspended

        key  jtn_key_4hDkW0example

        Keep the key now: it is not stored, and this is the only time it is shown.
        ");
    }

    #[test]
    fn what_was_resumed_may_still_be_refused() {
        let mut key = acme();
        insta::assert_snapshot!(resumed(&key, &VIEW), @"
        acme itself is not suspended any more, and is still refused: suspended.
        Why: `jeton key explain 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b`
        ");
        key["state"] = json!("active");
        insta::assert_snapshot!(resumed(&key, &VIEW), @"acme is accepted again.");
    }

    #[test]
    fn an_answer_says_what_is_left() {
        let answer = json!({
            "code": "rate_limited", "valid": false, "key_id": "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "owner": "external:acme",
            "name": "acme", "scope": "orders:read", "rate": {"limit": 100, "remaining": 0, "reset_seconds": 60, "retry_seconds": 3},
            "uses": {"limit": 10, "remaining": 4}, "expires_at": "2026-12-20T14:13:20Z", "metadata": {"order": "4711"},
        });
        insta::assert_snapshot!(plain(&verified(&answer, &VIEW)), @"
        Not accepted: it was used too often; it is accepted again in a while.

        code       rate_limited
        name       acme
        id         0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        owner      external:acme
        scope      orders:read
        metadata   order = 4711
        ends       2026-12-20T14:13:20Z (in 90 d)
        rate left  0 of 100
        again in   3 s
        uses left  4 of 10
        ");
    }
}
