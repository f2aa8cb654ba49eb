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
        return "This client has no secret. Make one: `jeton client secret create CLIENT`\n".to_owned();
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn secrets() {
        let secret = |id: &str, state: &str, more: Value| {
            let mut secret = json!({"id": id, "state": state, "created_at": "2026-09-18T14:13:20Z", "expires_at": "2026-12-20T14:13:20Z"});
            more.as_object().into_iter().flatten().for_each(|(name, value)| secret[name.as_str()] = value.clone());
            secret
        };
        let listed = list(
            &json!({"items": [
                secret("secret_0123456789abcdefghij", "live", json!({"last_used_at": "2026-09-21T13:10:00Z"})),
                secret("secret_1123456789abcdefghij", "suspended", json!({"why": "seen in a public repository"})),
                secret("secret_2123456789abcdefghij", "ended", json!({"why": "owner_left"})),
            ]}),
            &VIEW,
        );
        insta::assert_snapshot!(anstream::adapter::strip_str(&listed).to_string(), @"
        ID                           STANDING   CREATED  ENDS     LAST USED   WHY
        secret_0123456789abcdefghij  live       3 d ago  in 90 d  63 min ago
        secret_1123456789abcdefghij  suspended  3 d ago  in 90 d              seen in a…
        secret_2123456789abcdefghij  ended      3 d ago  in 90 d              owner left
        ");
        insta::assert_snapshot!(list(&json!({"items": []}), &VIEW), @"This client has no secret. Make one: `jeton client secret create CLIENT`");
        let made = json!({
            "client_secret": format!("jtn_cs_{}", "x".repeat(69)), "client_secret_id": "secret_0123456789abcdefghij",
            "client_secret_expires_at": "2026-12-20T14:13:20Z",
        });
        insta::assert_snapshot!(created(&made, &VIEW), @"
        client secret
        jtn_cs_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        secret id      secret_0123456789abcdefghij
        ends           2026-12-20T14:13:20Z (in 90 d)

        Keep the secret now: it is not stored, and this is the only time it is shown.
        ");
    }
}
