//! How something stands that can be suspended, and who suspended it.

use serde_json::Value;

use super::details::Details;
use super::relative::with_distance;
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
