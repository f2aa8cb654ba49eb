use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::suspended::{standing, state};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All groups.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value)
        .iter()
        .map(|group| {
            [
                member(group, "name").into(),
                member(group, "id").into(),
                state(group),
                member(group, "members").into(),
                member(group, "description").into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no group yet. Make one:\n  jeton group create --name billing\n".to_owned();
    }
    let columns =
        [Column::flexible("name"), Column::whole("id"), Column::whole("state"), Column::number("members"), Column::flexible("description")];
    table(columns, &rows, view)
}

/// One group.
pub(crate) fn show(group: &Value, view: &View) -> String {
    let details = Details::default().with("name", member(group, "name")).with("id", member(group, "id"));
    standing(details, group, view)
        .with("description", member(group, "description"))
        .with("members", member(group, "members"))
        .with("created", with_distance(&member(group, "created_at"), view.now_seconds))
        .with("changed", with_distance(&member(group, "updated_at"), view.now_seconds))
        .text(view)
}

/// Who is in a group, by username.
pub(crate) fn members(value: &Value, view: &View) -> String {
    let mut members: Vec<&Value> = items(value).iter().collect();
    members.sort_by_key(|user| member(user, "username"));
    let rows: Vec<[Cell; 4]> = members
        .into_iter()
        .map(|user| {
            let since = text_from_now(&member(user, "since"), view.now_seconds);
            [member(user, "username").into(), member(user, "id").into(), state(user), since.into()]
        })
        .collect();
    if rows.is_empty() {
        return "Nobody is in this group. Add somebody:\n  jeton group add GROUP USER\n".to_owned();
    }
    table([Column::flexible("username"), Column::whole("id"), Column::whole("state"), Column::whole("since")], &rows, view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn lists_and_shows() {
        let billing = json!({"id": "group_0123456789abcdefghij", "name": "billing", "members": 12, "description": "Who bills, and who answers for it",
            "created_at": "2026-09-18T14:13:20Z", "updated_at": "2026-09-21T14:11:20Z"});
        let text = list(&json!({"items": [billing]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        NAME     ID                          STATE  MEMBERS  DESCRIPTION
        billing  group_0123456789abcdefghij              12  Who bills, and who answers…
        ");
        insta::assert_snapshot!(show(&billing, &VIEW), @"
        name         billing
        id           group_0123456789abcdefghij
        description  Who bills, and who answers for it
        members      12
        created      2026-09-18T14:13:20Z (3 d ago)
        changed      2026-09-21T14:11:20Z (2 min ago)
        ");
        let ada = json!({"id": "user_0123456789abcdefghij", "username": "ada", "state": "active", "since": "2026-09-18T14:13:20Z"});
        let eve = json!({"id": "user_0023456789abcdefghij", "username": "eve", "state": "disabled", "since": "2026-09-21T14:11:20Z"});
        let text = members(&json!({"items": [eve, ada]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        USERNAME  ID                         STATE     SINCE
        ada       user_0123456789abcdefghij  active    3 d ago
        eve       user_0023456789abcdefghij  disabled  2 min ago
        ");
        insta::assert_snapshot!(format!("{}{}", list(&json!({}), &VIEW), members(&json!({}), &VIEW)), @"
        There is no group yet. Make one:
          jeton group create --name billing
        Nobody is in this group. Add somebody:
          jeton group add GROUP USER
        ");
    }
}
