use serde_json::Value;

use super::details::Details;
use super::relative::{length, text_from_now};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// What each level says of each kind.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 7]> = items(value)
        .iter()
        .map(|rule| {
            [
                member(rule, "kind").into(),
                member(rule, "level").into(),
                member(rule, "subject").into(),
                seconds(rule, "default_seconds").into(),
                seconds(rule, "max_seconds").into(),
                idle(rule).into(),
                text_from_now(&member(rule, "updated_at"), view.now_seconds).into(),
            ]
        })
        .collect();
    let columns = [
        Column::whole("kind"),
        Column::whole("level"),
        Column::flexible("for"),
        Column::number("default"),
        Column::number("maximum"),
        Column::number("idle"),
        Column::whole("set"),
    ];
    table(columns, &rows, view)
}

/// What holds, and which level says so.
pub(crate) fn explained(value: &Value, view: &View) -> String {
    let said = value.get("said").and_then(Value::as_array).into_iter().flatten().map(|rule| {
        let subject = match (member(rule, "level"), member(rule, "subject")) {
            (level, subject) if subject.is_empty() => level,
            (level, subject) => format!("{level} {subject}"),
        };
        let word = |name: &str| match seconds(rule, name) {
            unsaid if unsaid.is_empty() => "unsaid".to_owned(),
            length => length,
        };
        let idle = Some(idle(rule)).filter(|idle| !idle.is_empty()).map(|idle| format!(", idle {idle}")).unwrap_or_default();
        format!("{subject}: default {}, maximum {}{idle}", word("default_seconds"), word("max_seconds"))
    });
    let holds = |name: &str, from: &str| format!("{}, by the {}", seconds(value, name), member(value, from));
    Details::default()
        .with("kind", member(value, "kind"))
        .with("default", holds("default_seconds", "default_from"))
        .with("maximum", holds("max_seconds", "max_from"))
        .with(
            "idle",
            if idle_holds(value).is_empty() {
                String::new()
            } else {
                format!("{}, by the {}", idle_holds(value), member(value, "idle_from"))
            },
        )
        .with_each("said", said)
        .text(view)
}

/// What holds from now on, or would, and what became of what was out.
pub(crate) fn changed(value: &Value, _: &View) -> String {
    let is_dry_run = value.get("dry_run").and_then(Value::as_bool) == Some(true);
    let (would, live) = if is_dry_run { ("would ", "Would live") } else { ("", "Live") };
    let kind = member(value, "plural");
    let mut text = format!("{live} for {}, {} at most: {kind}", seconds(value, "default_seconds"), seconds(value, "max_seconds"));
    text.push_str(match member(value, "level").as_str() {
        "api" => " of this API.\n",
        "client" => " of this client.\n",
        _ => ".\n",
    });
    if let Some(seconds) = value.get("idle_seconds").and_then(Value::as_i64) {
        let suspended = if is_dry_run { "Would be suspended" } else { "Suspended" };
        text.push_str(&format!("{suspended} after {0} without a use, revoked {0} later.\n", length(seconds)));
    }
    text.push_str(&ending(value, would));
    match counted(value, "would_come_back") {
        Some(0) | None => {}
        Some(count) => {
            let comes = if is_dry_run || count > 1 { "come" } else { "comes" };
            text.push_str(&format!("{} that had ended {would}{comes} back to life.\n", some(count, &kind)));
        }
    }
    match counted(value, "would_be_idle") {
        Some(0) | None => {}
        Some(count) => text.push_str(&format!("{}\n", unused(count, value))),
    }
    text
}

/// How many end otherwise; `would` says whether they do.
pub(super) fn ending(value: &Value, would: &str) -> String {
    let (kind, verb) = (member(value, "plural"), if would.is_empty() { "expired" } else { "expire" });
    match (counted(value, "would_expire_now"), counted(value, "would_expire_sooner")) {
        (Some(now), Some(sooner)) => {
            format!("{} {would}{verb}, {} more {would}end earlier than they were to.\n", some(now, &kind), thousands(sooner))
        }
        _ => format!("Those that {would}{verb} were too many to count.\n"),
    }
}

/// Those that a shorter idle time may suspend.
fn unused(count: u64, value: &Value) -> String {
    let idle = value.get("idle_seconds").and_then(Value::as_i64).map(length).unwrap_or_default();
    format!("{} unused for {idle}: suspended in {idle} unless used.", some(count, &member(value, "plural")))
}

/// What is asked before credentials end otherwise than they were to, or may live longer than now; nothing where neither is so.
pub(crate) fn question(planned: &Value) -> Option<String> {
    let kind = member(planned, "plural");
    let says = [
        ("would_expire_now", "would expire at once"),
        ("would_expire_sooner", "would end earlier than now"),
        ("would_come_back", "that had ended would come back to life"),
    ];
    let mut parts = Vec::new();
    for (name, what) in says {
        match counted(planned, name) {
            Some(0) => {}
            Some(count) => parts.push(format!("{} {what}", some(count, &kind))),
            None => return Some(format!("How many {kind} would expire is not known: too many to count. Set it?")),
        }
    }
    if let Some(count) = counted(planned, "would_be_idle").filter(|count| *count > 0) {
        parts.push(format!("{} unused for as long would be suspended later", some(count, &kind)));
    }
    parts.extend(longer(planned));
    (!parts.is_empty()).then(|| format!("{}. Set it?", parts.join(", ")))
}

/// What would be longer than it is now.
fn longer(planned: &Value) -> impl Iterator<Item = String> {
    let before = planned.get("before").cloned().unwrap_or_default();
    let lengths = [("default_seconds", "default"), ("max_seconds", "maximum"), ("idle_seconds", "idle time")];
    let of = |value: &Value, name: &str| value.get(name).and_then(Value::as_i64);
    let lengths = lengths.map(|(name, what)| (of(&before, name), of(planned, name), what));
    // What was without an end stays so.
    let is_longer = |before: i64, after: Option<i64>| after.is_none_or(|after| after > before);
    lengths.into_iter().filter_map(move |(before, after, what)| {
        let before = before.filter(|before| is_longer(*before, after))?;
        Some(format!("the {what} would be {} instead of {}", after.map_or_else(|| "never".to_owned(), length), length(before)))
    })
}

/// So many of a kind.
fn some(count: u64, plural: &str) -> String {
    let name = if count == 1 { plural.trim_end_matches('s') } else { plural };
    format!("{} {name}", thousands(count))
}

fn counted(value: &Value, name: &str) -> Option<u64> {
    value.pointer("/consequence").and_then(|consequence| consequence.get(name)?.as_u64())
}

/// What a level says of those that nobody uses.
fn idle(rule: &Value) -> String {
    if rule.get("idle_seconds").and_then(Value::as_i64) == Some(0) { "never".to_owned() } else { seconds(rule, "idle_seconds") }
}

/// The idle time that holds; nothing of a kind that has none and of which no level says so.
fn idle_holds(value: &Value) -> String {
    match value.get("idle_seconds") {
        Some(Value::Null) if member(value, "idle_from") != "table" => "never".to_owned(),
        _ => seconds(value, "idle_seconds"),
    }
}

fn seconds(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_i64).map(length).unwrap_or_default()
}

/// A number with a comma between thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn rule(level: &str, subject: &str) -> Value {
        json!({"kind": "access_token", "level": level, "subject": subject, "default_seconds": null, "max_seconds": 900,
            "updated_at": "2026-09-21T14:11:20Z", "updated_by": "unix:1000"})
    }

    #[test]
    fn lists() {
        let built_in = json!({"kind": "access_token", "level": "table", "default_seconds": 3600, "max_seconds": 86400});
        let long = rule("api", "https://orders.example/a/long/path/that/does/not/fit/into/a/line");
        let text = list(&json!({"items": [built_in, rule("deployment", ""), long]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        KIND          LEVEL       FOR                  DEFAULT  MAXIMUM  IDLE  SET
        access_token  table                                1 h      1 d
        access_token  deployment                                 15 min        2 min ago
        access_token  api         https://orders.exa…            15 min        2 min ago
        ");
    }

    #[test]
    fn explains() {
        let value = json!({"kind": "access_token", "default_seconds": 900, "default_from": "api", "max_seconds": 900, "max_from": "api",
            "said": [{"level": "table", "default_seconds": 3600, "max_seconds": 86400}, rule("api", "https://orders.example")]});
        insta::assert_snapshot!(explained(&value, &VIEW), @"
        kind     access_token
        default  15 min, by the api
        maximum  15 min, by the api
        said     table: default 1 h, maximum 1 d
                 api https://orders.example: default unsaid, maximum 15 min
        ");
    }

    #[test]
    fn says_what_expires() {
        let planned = |dry_run: bool, now: Value, level: &str| {
            json!({"plural": "client secrets", "level": level, "default_seconds": 2_592_000, "max_seconds": 7_776_000, "dry_run": dry_run,
                "consequence": {"would_expire_now": now, "would_expire_sooner": 3, "would_come_back": 0}})
        };
        insta::assert_snapshot!(changed(&planned(true, json!(1_204), "deployment"), &VIEW), @"
        Would live for 30 d, 90 d at most: client secrets.
        1,204 client secrets would expire, 3 more would end earlier than they were to.
        ");
        insta::assert_snapshot!(changed(&planned(false, json!(0), "client"), &VIEW), @"
        Live for 30 d, 90 d at most: client secrets of this client.
        0 client secrets expired, 3 more end earlier than they were to.
        ");
        insta::assert_snapshot!(changed(&planned(true, json!(null), "client"), &VIEW), @"
        Would live for 30 d, 90 d at most: client secrets of this client.
        Those that would expire were too many to count.
        ");
        let asked = |now: u64, sooner: u64, back: u64| {
            let mut planned = planned(true, json!(now), "client");
            planned["consequence"] = json!({"would_expire_now": now, "would_expire_sooner": sooner, "would_come_back": back});
            question(&planned)
        };
        assert_eq!(asked(0, 0, 0), None);
        assert_eq!(
            asked(1_234_567, 1, 2).as_deref(),
            Some(
                "1,234,567 client secrets would expire at once, 1 client secret would end earlier than now, 2 client secrets that had \
                 ended would come back to life. Set it?"
            )
        );
        let mut later = planned(true, json!(0), "client");
        later["idle_seconds"] = json!(864_000);
        later["consequence"] = json!({"would_expire_now": 0, "would_expire_sooner": 0, "would_come_back": 0, "would_be_idle": 2});
        assert_eq!(question(&later).as_deref(), Some("2 client secrets unused for as long would be suspended later. Set it?"));
        insta::assert_snapshot!(changed(&later, &VIEW), @"
        Would live for 30 d, 90 d at most: client secrets of this client.
        Would be suspended after 10 d without a use, revoked 10 d later.
        0 client secrets would expire, 0 more would end earlier than they were to.
        2 client secrets unused for 10 d: suspended in 10 d unless used.
        ");
        let mut longer = planned(true, json!(0), "client");
        longer["before"] = json!({"default_seconds": 2_592_000, "max_seconds": 3_888_000, "idle_seconds": 864_000});
        longer["consequence"] = json!({"would_expire_now": 0, "would_expire_sooner": 0, "would_come_back": 0, "would_be_idle": 0});
        assert_eq!(
            question(&longer).as_deref(),
            Some("the maximum would be 90 d instead of 45 d, the idle time would be never instead of 10 d. Set it?")
        );
        assert_eq!(asked(0, 3, 0).as_deref(), Some("3 client secrets would end earlier than now. Set it?"));
        assert!(question(&planned(true, json!(null), "client")).unwrap().contains("not known"));
    }

    #[test]
    fn thousands_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
