use serde_json::Value;

use super::details::Details;
use super::fold::wrap;
use super::named::named;
use super::relative::{text_from_now, with_distance};
use super::revocations::falling;
use super::suspended::{standing, state};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All people.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value)
        .iter()
        .map(|user| {
            [
                member(user, "username").into(),
                member(user, "id").into(),
                member(user, "name").into(),
                state(user),
                text_from_now(&member(user, "updated_at"), view.now_seconds).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is nobody yet. Take somebody in:\n  jeton user create --username ada\n".to_owned();
    }
    let columns =
        [Column::flexible("username"), Column::whole("id"), Column::flexible("name"), Column::whole("state"), Column::whole("changed")];
    table(columns, &rows, view)
}

/// An invitation: where it went, or the link, once.
pub(crate) fn invited(invited: &Value, view: &View) -> String {
    let (username, email) = (member(invited, "username"), member(invited, "email"));
    let until = with_distance(&member(invited, "expires_at"), view.now_seconds);
    let details = Details::default().with("username", &username).with("id", member(invited, "id")).with("e-mail", &email);
    let details = details.with("link", member(invited, "link")).with("good until", until).text(view);
    let what = match member(invited, "link").as_str() {
        "" => format!("A link was sent to {email}."),
        _ => format!("Give this link to {username} and to nobody else. It is shown this once."),
    };
    format!("{details}\n{what}\n")
}

/// A passkey: its name, its id, and when it was last used.
fn passkey_line(passkey: &Value, view: &View) -> String {
    let used = match member(passkey, "last_used_at").as_str() {
        "" => "not used yet".to_owned(),
        at => format!("last used {}", text_from_now(at, view.now_seconds)),
    };
    format!("{} ({used})", member(passkey, "name"))
}

/// One person, with groups and roles.
pub(crate) fn show(user: &Value, view: &View) -> String {
    let each = |name: &str| user.get(name).and_then(Value::as_array).into_iter().flatten();
    let held = |role: &Value| {
        let through = role.get("group").map(|_| format!(", by {}", member(role, "group"))).unwrap_or_default();
        format!("{} at {}{through}", member(role, "name"), member(role, "audience"))
    };
    let mut details = Details::default()
        .with("username", member(user, "username"))
        .with("id", member(user, "id"))
        .with("name", member(user, "name"))
        .with("e-mail", email(user));
    details = standing(details, user, view);
    if user.get("disabled_at").is_some() {
        details = details
            .with("disabled", with_distance(&member(user, "disabled_at"), view.now_seconds))
            .with("disabled by", member(user, "disabled_by"));
    }
    details
        .with_each(
            "groups",
            each("groups").map(|group| match member(group, "state").as_str() {
                "suspended" => format!("{} (suspended)", member(group, "name")),
                _ => member(group, "name"),
            }),
        )
        .with_each("roles", each("roles").map(held))
        .with_each("passkeys", each("passkeys").map(|passkey| passkey_line(passkey, view)))
        .with_each("attributes", named(user, "attributes"))
        .with("created", with_distance(&member(user, "created_at"), view.now_seconds))
        .with("changed", with_distance(&member(user, "updated_at"), view.now_seconds))
        .text(view)
}

/// Their address, and whether it is known to be theirs.
fn email(user: &Value) -> String {
    match (member(user, "email"), user.get("email_verified").and_then(Value::as_bool)) {
        (email, Some(true)) => format!("{email} (verified)"),
        (email, _) => email,
    }
}

/// Somebody who is disabled, and what ended with that.
pub(crate) fn disabled(user: &Value, view: &View) -> String {
    format!("{}{}", show(user, view), sentence(&format!("Ended {}.", falling(user)), view))
}

/// What would end if somebody were disabled.
pub(crate) fn would_be_disabled(user: &Value, view: &View) -> String {
    sentence(&format!("Would end {}.", falling(user)), view)
}

fn sentence(text: &str, view: &View) -> String {
    wrap(text, view.width).iter().map(|line| format!("{line}\n")).collect()
}

/// What goes with somebody who is deleted.
pub(crate) fn leaving(deleted: &Value) -> String {
    let count = |name: &str, one: &str, more: &str| counted(deleted, name, one, more);
    let theirs = format!(
        "{}, {}, {}",
        count("personal_access_tokens", "personal access token", "personal access tokens"),
        count("groups", "membership", "memberships"),
        count("roles", "role", "roles")
    );
    let became = match member(deleted, "dependents").as_str() {
        "transferred" => "that go to another owner",
        "revoked" => "that end",
        _ => return theirs,
    };
    format!("{theirs}, and {} and {} {became}", count("keys", "key", "keys"), count("clients", "client", "clients"))
}

/// What would go.
pub(crate) fn would_be_deleted(deleted: &Value, _: &View) -> String {
    format!("Would go with {}: {}.\n", member(deleted, "id"), leaving(deleted))
}

/// What went.
pub(crate) fn deleted(deleted: &Value, _: &View) -> String {
    format!("Deleted {}, with {}.\n", member(deleted, "id"), leaving(deleted))
}

fn counted(value: &Value, name: &str, one: &str, more: &str) -> String {
    let count = value.get(name).and_then(Value::as_u64).unwrap_or(0);
    format!("{count} {}", if count == 1 { one } else { more })
}

/// What goes with somebody who is erased.
pub(crate) fn going(erased: &Value) -> String {
    let count = |name: &str, one: &str, more: &str| counted(erased, name, one, more);
    format!(
        "{}, {}, {}, and what {} of the ledger",
        count("keys", "key", "keys"),
        count("groups", "membership", "memberships"),
        count("roles", "role", "roles"),
        count("entries", "entry says", "entries say")
    )
}

/// What would go.
pub(crate) fn would_be_erased(erased: &Value, _: &View) -> String {
    format!("Would go with {}: {}.\n", member(erased, "id"), going(erased))
}

/// What went. The id is what is left.
pub(crate) fn erased(erased: &Value, _: &View) -> String {
    format!("Erased, with {}.\nWhat is left is the id {}, which the ledger names.\n", going(erased), member(erased, "id"))
}

/// Somebody who was enabled again: what ended then does not come back.
pub(crate) fn enabled(user: &Value, view: &View) -> String {
    let name = member(user, "username");
    format!(
        "{}\nWhat was theirs when they were disabled stays dead, tokens and keys. Make new ones; the old keys:\n  \
         jeton key list --owner user:{name} --state revoked\n",
        show(user, view)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn ada() -> Value {
        json!({
            "id": "user_0123456789abcdefghij", "username": "ada", "name": "Ada Example of the Long Name", "email": "ada@example.com",
            "state": "disabled", "disabled_at": "2026-09-21T14:11:20Z", "disabled_by": "unix:1000",
            "groups": [{"id": "group_0123456789abcdefghij", "name": "billing"}],
            "roles": [
                {"id": "role_0123456789abcdefghij", "name": "reader", "audience": "https://orders.example", "scope": "orders:read"},
                {"id": "role_0123456789abcdefghik", "name": "clerk", "audience": "https://orders.example", "scope": "orders:write", "group": "billing"},
            ],
            "attributes": {"department": "research", "room": "7, second floor"},
            "created_at": "2026-09-18T14:13:20Z", "updated_at": "2026-09-21T14:11:20Z",
        })
    }

    #[test]
    fn lists_and_shows() {
        let text = list(&json!({"items": [ada()]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        USERNAME  ID                         NAME                    STATE     CHANGED
        ada       user_0123456789abcdefghij  Ada Example of the Lo…  disabled  2 min ago
        ");
        insta::assert_snapshot!(anstream::adapter::strip_str(&show(&ada(), &VIEW)).to_string(), @"
        username     ada
        id           user_0123456789abcdefghij
        name         Ada Example of the Long Name
        e-mail       ada@example.com
        state        disabled
        disabled     2026-09-21T14:11:20Z (2 min ago)
        disabled by  unix:1000
        groups       billing
        roles        reader at https://orders.example
                     clerk at https://orders.example, by billing
        attributes   department = research
                     room = 7, second floor
        created      2026-09-18T14:13:20Z (3 d ago)
        changed      2026-09-21T14:11:20Z (2 min ago)
        ");
        insta::assert_snapshot!(list(&json!({}), &VIEW), @"
        There is nobody yet. Take somebody in:
          jeton user create --username ada
        ");
    }
}
