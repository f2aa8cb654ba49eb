//! How something stands that can be suspended, and who suspended it.

use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Tone};
use super::text::member;
use super::view::View;
use super::why::why;

/// How it stands, so that it stands out.
pub(super) fn state(value: &Value) -> Cell {
    let text = member(value, "state");
    let tone = if text == "disabled" { Tone::Bad } else { Tone::of_standing(&text) };
    Cell::toned(text, tone)
}

/// When it was suspended, by whom and why, as far as that is known, behind a word: `, 2 min ago by unix:0 (on leave)`.
pub(super) fn by_whom(told: &Value, [at, by]: [&str; 2], view: &View) -> String {
    let who = match (text_from_now(&member(told, at), view.now_seconds), member(told, by)) {
        (at, by) if at.is_empty() || by.is_empty() => String::new(),
        (at, by) if at == "now" => format!(", a moment ago by {by}"),
        (at, by) => format!(", {at} by {by}"),
    };
    match why(told) {
        why if why.is_empty() => who,
        why => format!("{who} ({why})"),
    }
}

/// How it stands, and since when, by whom and why it is suspended, where it is.
pub(super) fn standing(details: Details, value: &Value, view: &View) -> Details {
    let details = details.with("state", member(value, "state"));
    if value.get("suspended_at").is_none() {
        return details;
    }
    details
        .with("suspended", with_distance(&member(value, "suspended_at"), view.now_seconds))
        .with("suspended by", member(value, "suspended_by"))
        .with("why", why(value))
}
