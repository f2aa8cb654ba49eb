use serde_json::Value;

use super::details::Details;
use super::relative::with_distance;
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All providers.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 3]> = items(value)
        .iter()
        .map(|provider| [member(provider, "name").into(), member(provider, "title").into(), member(provider, "issuer").into()])
        .collect();
    if rows.is_empty() {
        return "People sign in by no provider yet: see `jeton provider create --help`.\n".to_owned();
    }
    table([Column::whole("name"), Column::flexible("title"), Column::flexible("issuer")], &rows, view)
}

/// One provider.
pub(crate) fn show(provider: &Value, view: &View) -> String {
    let domains = provider.get("domains").and_then(Value::as_array).into_iter().flatten();
    let roles = provider.get("roles").and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let takes_in = provider.get("creates_users").and_then(Value::as_bool).unwrap_or_default();
    Details::default()
        .with("name", member(provider, "name"))
        .with("id", member(provider, "id"))
        .with("title", member(provider, "title"))
        .with("issuer", member(provider, "issuer"))
        .with("client id", member(provider, "client_id"))
        .with("redirect URI", member(provider, "redirect_uri"))
        .with_each("domains", domains.map(text))
        .with("takes people in", if takes_in { "yes" } else { "no" })
        .with("role claim", member(provider, "role_claim"))
        .with_each("roles", roles.map(|(value, role)| format!("{value}: {}", text(role))))
        .with("created", with_distance(&member(provider, "created_at"), view.now_seconds))
        .with("changed", with_distance(&member(provider, "updated_at"), view.now_seconds))
        .text(view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_shows() {
        let view = View { now_seconds: 1_790_000_000, width: 80 };
        let corp = json!({"id": "provider_0123456789abcdefghij", "name": "corp", "title": "Example Corp", "issuer": "https://id.example.com",
            "client_id": "jeton", "redirect_uri": "https://t.example/signin/with/corp/callback", "domains": ["example.com", "example.org"],
            "creates_users": true, "role_claim": "groups", "roles": {"sellers": "role_0123456789abcdefghij"},
            "created_at": "2026-09-18T14:13:20Z", "updated_at": "2026-09-21T14:11:20Z"});
        let text = format!("{}{}{}", list(&json!({"items": [corp]}), &view), show(&corp, &view), list(&json!({}), &view));
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        NAME  TITLE         ISSUER
        corp  Example Corp  https://id.example.com
        name             corp
        id               provider_0123456789abcdefghij
        title            Example Corp
        issuer           https://id.example.com
        client id        jeton
        redirect URI     https://t.example/signin/with/corp/callback
        domains          example.com
                         example.org
        takes people in  yes
        role claim       groups
        roles            sellers: role_0123456789abcdefghij
        created          2026-09-18T14:13:20Z (3 d ago)
        changed          2026-09-21T14:11:20Z (2 min ago)
        People sign in by no provider yet: see `jeton provider create --help`.
        ");
    }
}
