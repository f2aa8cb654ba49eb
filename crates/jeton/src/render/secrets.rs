use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Column, Tone, table};
use super::text::{items, member};
use super::used::distance;
use super::view::View;
use super::why::why;

/// The secrets of a client.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 6]> = items(value)
        .iter()
        .map(|secret| {
            let standing = member(secret, "state");
            let tone = Tone::of_standing(&standing);
            [
                member(secret, "id").into(),
                Cell::toned(standing, tone),
                text_from_now(&member(secret, "created_at"), view.now_seconds).into(),
                text_from_now(&member(secret, "expires_at"), view.now_seconds).into(),
                distance(secret, "last_used_at", view.now_seconds).into(),
                why(secret).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "This client has no secret. Make one: jeton client secret create CLIENT\n".to_owned();
    }
    let [id, standing, made, ends, used] = ["id", "standing", "created", "ends", "last used"].map(Column::whole);
    let columns = [id, standing, made, ends, used, Column::flexible("why")];
    table(columns, &rows, view)
}

/// A secret that was just made: once.
pub(crate) fn created(secret: &Value, view: &View) -> String {
    let details = Details::default()
        .with("client secret", member(secret, "client_secret"))
        .with("secret id", member(secret, "client_secret_id"))
        .with("ends", with_distance(&member(secret, "client_secret_expires_at"), view.now_seconds));
    format!("{}\nKeep the secret now: it is not stored, and this is the only time it is shown.\n", details.text(view))
}
