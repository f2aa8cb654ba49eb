use std::collections::BTreeMap;

use serde_json::Value;

use super::revocations::falling;
use super::text::{items, member, shown};
use super::view::View;

/// The longest value that is shown whole.
const VALUE_MAX: usize = 60;

/// What files would change, a thing each.
pub(crate) fn list(value: &Value, _: &View) -> String {
    let changes = items(value);
    if changes.is_empty() {
        return "Nothing to change: it is as the files say.\n".to_owned();
    }
    let mut text: String = changes.iter().map(one).collect();
    let count = |step: &str| changes.iter().filter(|change| member(change, "change") == step).count();
    let counts = [(count("make"), "make"), (count("change"), "change"), (count("remove"), "remove")];
    let counts: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} to {word}")).collect();
    text.push_str(&format!("{}\n", counts.join(", ")));
    text
}

/// After the changes: what is told once, and, where all were made, that they are.
pub(crate) fn done(value: &Value, is_whole: bool) -> String {
    let clients = items(value).iter().filter(|item| item.get("client_secret").is_some());
    let mut text: String = clients
        .map(|client| {
            format!(
                "client {}\n  id      {}\n  secret  {}\n",
                member(client, "name"),
                member(client, "client_id"),
                member(client, "client_secret")
            )
        })
        .collect();
    if !text.is_empty() {
        text.push_str("Keep the secrets now: they are not stored, and not shown again.\n");
    }
    if is_whole {
        text.push_str("Done.\n");
    }
    text
}

fn one(change: &Value) -> String {
    let sign = match member(change, "change").as_str() {
        "make" => '+',
        "remove" => '-',
        _ => '~',
    };
    let mut text = format!("{sign} {} {}\n", member(change, "noun"), member(change, "name"));
    let members = change.get("members").and_then(Value::as_object);
    let indent = members.into_iter().flatten().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, values) in members.into_iter().flatten() {
        let (from, to) = (values.get("from").unwrap_or(&Value::Null), values.get("to").unwrap_or(&Value::Null));
        text.push_str(&format!("    {:indent$}  {}\n", shown(name), becomes(from, to)));
    }
    let counted = |name: &str| change.pointer(&format!("/consequence/{name}")).and_then(Value::as_u64).filter(|count| *count > 0);
    for (name, one, several) in [
        ("would_expire_now", "expires at once", "expire at once"),
        ("would_expire_sooner", "expires sooner", "expire sooner"),
        ("would_come_back", "is accepted again", "are accepted again"),
    ] {
        if let Some(count) = counted(name) {
            text.push_str(&format!("    ! {count} {}\n", if count == 1 { one } else { several }));
        }
    }
    if change.get("fell").is_some() {
        text.push_str(&format!("    ! ends {}\n", falling(change)));
    }
    let loses: Vec<String> = change.get("loses").and_then(Value::as_array).into_iter().flatten().map(plain).collect();
    if !loses.is_empty() {
        text.push_str(&format!("    ! {} cannot be used any more, by tokens and keys that are out neither\n", loses.join(" ")));
    }
    let not_known = member(change, "not_known");
    if !not_known.is_empty() {
        text.push_str(&format!("    ! what ends by it is not known: {not_known}\n"));
    }
    text
}

/// Lists as what comes and goes; anything else as before and after.
fn becomes(from: &Value, to: &Value) -> String {
    let (before, after) = (entries(from), entries(to));
    match (&before, &after, from) {
        (Some(before), Some(after), _) => {
            let came = after.iter().filter(|(name, meaning)| before.get(*name) != Some(meaning));
            let came = came.map(|(name, meaning)| {
                let sign = if before.contains_key(name) { '~' } else { '+' };
                if meaning.is_empty() { format!("{sign}{name}") } else { format!("{sign}{name} ({meaning})") }
            });
            let went = before.keys().filter(|name| !after.contains_key(*name)).map(|name| format!("-{name}"));
            came.chain(went).collect::<Vec<_>>().join(" ")
        }
        (_, _, Value::Null) => plain(to),
        _ => format!("{} → {}", plain(from), plain(to)),
    }
}

/// The names in a list, or those in an object with what they mean.
fn entries(value: &Value) -> Option<BTreeMap<String, String>> {
    match value {
        Value::Array(items) => Some(items.iter().map(|item| (plain(item), String::new())).collect()),
        Value::Object(members) => Some(members.iter().map(|(name, meaning)| (shown(name), plain(meaning))).collect()),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => shown(text),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => shown(&other.to_string()),
    };
    if text.chars().count() <= VALUE_MAX { text } else { text.chars().take(VALUE_MAX).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 0, width: 80 };

    #[test]
    fn shows_what_would_change() {
        let changes = json!({"items": [
            {"change": "make", "noun": "client", "name": "worker", "members": {
                "audiences": {"from": null, "to": ["https://orders.example"]}, "may_introspect": {"from": null, "to": true}}},
            {"change": "change", "noun": "api", "name": "https://orders.example", "members": {
                "access_token_lifetime_seconds": {"from": 3600, "to": 900},
                "scopes": {"from": {"a": "Old"}, "to": {"a": "New", "b": "x"}}}},
            {"change": "change", "noun": "policy", "name": "client_secret", "members": {"max_seconds": {"from": null, "to": 60}},
                "consequence": {"would_expire_now": 1204, "would_expire_sooner": 0}},
            {"change": "remove", "noun": "role", "name": "cl\u{1b}erk at x:y", "members": {}, "loses": ["a", "b"]},
            {"change": "remove", "noun": "client", "name": "old", "members": {},
                "fell": {"access_tokens": 3, "keys": 1, "personal_access_tokens": 0, "client_secrets": 0, "sessions": 0, "authorization_codes": 0, "refresh_tokens": 0}},
            {"change": "remove", "noun": "api", "name": "x:y", "members": {}, "not_known": "`jeton:apis:write` lacks"},
        ]});
        insta::assert_snapshot!(list(&changes, &VIEW), @"
        + client worker
            audiences       https://orders.example
            may_introspect  true
        ~ api https://orders.example
            access_token_lifetime_seconds  3600 → 900
            scopes                         ~a (New) +b (x)
        ~ policy client_secret
            max_seconds  60
            ! 1204 expire at once
        - role cl�erk at x:y
            ! a b cannot be used any more, by tokens and keys that are out neither
        - client old
            ! ends 3 access tokens and 1 API key
        - api x:y
            ! what ends by it is not known: `jeton:apis:write` lacks
        1 to make, 2 to change, 3 to remove
        ");
        assert_eq!(list(&json!({"items": []}), &VIEW), "Nothing to change: it is as the files say.\n");
        let told = json!({"items": [{"name": "worker", "client_id": "client_1", "client_secret": "jtn_cs_x"}, {"name": "a"}]});
        assert!(!done(&told, false).contains("Done"));
        insta::assert_snapshot!(done(&told, true), @"
        client worker
          id      client_1
          secret  jtn_cs_x
        Keep the secrets now: they are not stored, and not shown again.
        Done.
        ");
    }
}
