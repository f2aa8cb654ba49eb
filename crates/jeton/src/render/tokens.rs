use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::text::member;
use super::view::View;

/// A token, all but its text.
pub(crate) fn show(token: &Value, view: &View) -> String {
    details(token, view).text(view)
}

/// A token that was just issued, once.
pub(crate) fn issued(token: &Value, view: &View) -> String {
    let expires = text_from_now(&member(token, "expires_at"), view.now_seconds);
    format!(
        "{}\n\n{}\nThe token is shown this once, and ends {expires}. To end it before that:\n  jeton revoke {}\n",
        member(token, "access_token"),
        details(token, view).text(view),
        member(token, "id"),
    )
}

/// What an introspection says.
pub(crate) fn introspected(token: &Value, view: &View) -> String {
    if token.get("id").is_none() {
        return "Not active: no token of this server, or one that has left with its time.\n".to_owned();
    }
    show(token, view)
}

fn details(token: &Value, view: &View) -> Details {
    let client = match (member(token, "client_name"), member(token, "client_id")) {
        (name, id) if name.is_empty() => id,
        (name, id) => format!("{name} ({id})"),
    };
    Details::default()
        .with("id", member(token, "id"))
        .with("standing", member(token, "standing"))
        .with("client", client)
        .with("audience", member(token, "audience"))
        .with("scope", member(token, "scope"))
        .with("format", member(token, "format"))
        .with("signed by", member(token, "signing_key"))
        .with("issued", with_distance(&member(token, "issued_at"), view.now_seconds))
        .with("expires", with_distance(&member(token, "expires_at"), view.now_seconds))
        .with("remark", member(token, "remark"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn tokens() {
        let token = json!({
            "access_token": "jtn_at_4hDkW0example", "id": "019967c5a3807d2f8e51b0a4c3d2e1f0", "standing": "active", "client_name": "worker",
            "client_id": "client_0123456789abcdefghij", "audience": "https://orders.example", "scope": "orders:read", "format": "opaque",
            "issued_at": "2026-09-21T14:11:20Z", "expires_at": "2026-09-21T15:11:20Z",
        });
        insta::assert_snapshot!(issued(&token, &VIEW), @"
        jtn_at_4hDkW0example

        id        019967c5a3807d2f8e51b0a4c3d2e1f0
        standing  active
        client    worker (client_0123456789abcdefghij)
        audience  https://orders.example
        scope     orders:read
        format    opaque
        issued    2026-09-21T14:11:20Z (2 min ago)
        expires   2026-09-21T15:11:20Z (in 58 min)

        The token is shown this once, and ends in 58 min. To end it before that:
          jeton revoke 019967c5a3807d2f8e51b0a4c3d2e1f0
        ");
        insta::assert_snapshot!(introspected(&json!({"active": false}), &VIEW), @"
        Not active: no token of this server, or one that has left with its time.
        ");
    }
}
