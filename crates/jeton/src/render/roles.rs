use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All roles.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 4]> = items(value)
        .iter()
        .map(|role| [member(role, "name").into(), member(role, "audience").into(), member(role, "scope").into(), member(role, "id").into()])
        .collect();
    if rows.is_empty() {
        let example = "jeton role create --audience https://orders.example --name clerk \\\n      --scope orders:read";
        return format!("There is no role yet. Make one:\n  {example}\n");
    }
    table([Column::flexible("name"), Column::flexible("audience"), Column::flexible("scope"), Column::beside("id")], &rows, view)
}

/// One role.
pub(crate) fn show(role: &Value, view: &View) -> String {
    Details::default()
        .with("name", member(role, "name"))
        .with("id", member(role, "id"))
        .with("audience", member(role, "audience"))
        .with("scope", member(role, "scope"))
        .with("description", member(role, "description"))
        .with("created", with_distance(&member(role, "created_at"), view.now_seconds))
        .with("changed", with_distance(&member(role, "updated_at"), view.now_seconds))
        .text(view)
}

/// Who holds a role.
pub(crate) fn holders(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 3]> = items(value)
        .iter()
        .map(|holder| {
            let since = text_from_now(&member(holder, "since"), view.now_seconds);
            [member(holder, "name").into(), member(holder, "subject").into(), since.into()]
        })
        .collect();
    if rows.is_empty() {
        return "Nobody holds this role. Give it to somebody:\n  jeton role assign ROLE user:USERNAME\n".to_owned();
    }
    table([Column::flexible("name"), Column::whole("subject"), Column::whole("since")], &rows, view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn lists_and_shows() {
        let clerk = json!({"id": "role_0123456789abcdefghij", "name": "clerk", "audience": "https://orders.example", "scope": "orders:read orders:write",
            "created_at": "2026-09-18T14:13:20Z", "updated_at": "2026-09-21T14:11:20Z"});
        let text = list(&json!({"items": [clerk]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        NAME   AUDIENCE                SCOPE
          ID
        clerk  https://orders.example  orders:read orders:write
          role_0123456789abcdefghij
        ");
        insta::assert_snapshot!(show(&clerk, &VIEW), @"
        name      clerk
        id        role_0123456789abcdefghij
        audience  https://orders.example
        scope     orders:read orders:write
        created   2026-09-18T14:13:20Z (3 d ago)
        changed   2026-09-21T14:11:20Z (2 min ago)
        ");
        let ada = json!({"subject": "user:user_0123456789abcdefghij", "name": "ada", "since": "2026-09-18T14:13:20Z"});
        let text = holders(&json!({"items": [ada]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        NAME  SUBJECT                         SINCE
        ada   user:user_0123456789abcdefghij  3 d ago
        ");
        insta::assert_snapshot!(format!("{}{}", list(&json!({}), &VIEW), holders(&json!({}), &VIEW)), @"
        There is no role yet. Make one:
          jeton role create --audience https://orders.example --name clerk \\
              --scope orders:read
        Nobody holds this role. Give it to somebody:
          jeton role assign ROLE user:USERNAME
        ");
    }
}
