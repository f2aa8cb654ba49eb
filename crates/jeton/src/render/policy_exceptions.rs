use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All exceptions.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 4]> = items(value)
        .iter()
        .map(|exception| {
            [
                member(exception, "id").into(),
                member(exception, "owner").into(),
                member(exception, "reason").into(),
                text_from_now(&member(exception, "ends_at"), view.now_seconds).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no exception: every credential ends within its maximum.\n".to_owned();
    }
    table([Column::whole("id"), Column::flexible("owner"), Column::flexible("reason"), Column::whole("ends")], &rows, view)
}

/// One exception.
pub(crate) fn show(exception: &Value, view: &View) -> String {
    Details::default()
        .with("id", member(exception, "id"))
        .with("kind", member(exception, "kind"))
        .with("credential", member(exception, "credential"))
        .with("owner", member(exception, "owner"))
        .with("reason", member(exception, "reason"))
        .with("ends", with_distance(&member(exception, "ends_at"), view.now_seconds))
        .with("made", with_distance(&member(exception, "created_at"), view.now_seconds))
        .with("made by", member(exception, "created_by"))
        .text(view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn lists_and_shows() {
        let exception = json!({"id": "exception_0123456789abcdefghij", "kind": "client_secret", "credential": "secret_0123456789abcdefghij",
            "owner": "Ada Example", "reason": "the device is replaced in May, and nobody can reach it before", "ends_at": "2027-05-31T00:00:00Z",
            "created_at": "2026-09-21T14:11:20Z", "created_by": "unix:1000"});
        let text = list(&json!({"items": [exception]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        ID                              OWNER        REASON                     ENDS
        exception_0123456789abcdefghij  Ada Example  the device is replaced i…  in 251 d
        ");
        insta::assert_snapshot!(show(&exception, &VIEW), @"
        id          exception_0123456789abcdefghij
        kind        client_secret
        credential  secret_0123456789abcdefghij
        owner       Ada Example
        reason      the device is replaced in May, and nobody can reach it before
        ends        2027-05-31T00:00:00Z (in 251 d)
        made        2026-09-21T14:11:20Z (2 min ago)
        made by     unix:1000
        ");
        insta::assert_snapshot!(list(&json!({"items": []}), &VIEW), @"There is no exception: every credential ends within its maximum.");
    }
}
