use serde_json::Value;

use super::details::Details;
use super::named::named;
use super::policies::ending;
use super::relative::{length, with_distance};
use super::suspended::{standing, state};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All APIs.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<_> = items(value).iter().map(row).collect();
    if rows.is_empty() {
        return "There is no API yet. Declare one:\n  jeton api create --audience https://orders.example --scope read='Read orders'\n"
            .to_owned();
    }
    let columns = [
        Column::whole("audience"),
        Column::whole("state"),
        Column::flexible("scopes"),
        Column::whole("format"),
        Column::number("lifetime"),
    ];
    table(columns, &rows, view)
}

/// One API.
pub(crate) fn show(api: &Value, view: &View) -> String {
    let format = match api.get("token_format").and_then(Value::as_str) {
        Some("jwt") => format!("jwt, signed with {}", member(api, "signing_alg")),
        _ => member(api, "token_format"),
    };
    let default_scope = match member(api, "default_scope") {
        none if none.is_empty() => "everything the client may have".to_owned(),
        scope => scope,
    };
    let details =
        Details::default().with("audience", member(api, "audience")).with("name", member(api, "name")).with("id", member(api, "id"));
    standing(details, api, view)
        .with_each("scopes", scope_lines(api))
        .with("default scope", default_scope)
        .with("access tokens", format!("{format}, for {}{}", lifetime(api), as_set(api)))
        .with_each("claims", named(api, "claims"))
        .with("created", with_distance(&member(api, "created_at"), view.now_seconds))
        .with("changed", with_distance(&member(api, "updated_at"), view.now_seconds))
        .text(view)
}

/// One API as it would be, and what would end by it.
pub(crate) fn planned(planned: &Value, view: &View) -> String {
    format!("{}{}", show(planned, view), ending(planned, "would "))
}

fn row(api: &Value) -> [Cell; 5] {
    let names: Vec<&str> = scopes(api).map(|(name, _)| name.as_str()).collect();
    [member(api, "audience").into(), state(api), names.join(" ").into(), member(api, "token_format").into(), lifetime(api).into()]
}

fn lifetime(api: &Value) -> String {
    let seconds = |name: &str| api.get(name).and_then(Value::as_i64);
    seconds("effective_lifetime_seconds").or_else(|| seconds("access_token_lifetime_seconds")).map(length).unwrap_or_default()
}

/// What the API itself says, where a policy leaves less of it.
fn as_set(api: &Value) -> String {
    let seconds = |name: &str| api.get(name).and_then(Value::as_i64);
    match (seconds("access_token_lifetime_seconds"), seconds("effective_lifetime_seconds")) {
        (Some(set), Some(effective)) if effective < set => format!(", as a policy has it (set: {})", length(set)),
        _ => String::new(),
    }
}

fn scopes(api: &Value) -> impl Iterator<Item = (&String, &Value)> {
    api.get("scopes").and_then(Value::as_object).into_iter().flatten()
}

/// Each scope and what it allows, the descriptions below one another.
fn scope_lines(api: &Value) -> impl Iterator<Item = String> {
    let widest = scopes(api).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    scopes(api).map(move |(name, description)| {
        let description = description.as_str().unwrap_or_default();
        format!("{name:widest$}  {description}").trim_end().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn orders() -> Value {
        json!({
            "id": "api_0123456789abcdefghij", "audience": "https://orders.example", "name": "Orders",
            "scopes": {"orders:read": "Read orders", "orders:write": "Place, change and cancel orders", "orders:refund": ""},
            "default_scope": "orders:read", "access_token_lifetime_seconds": 3600, "token_format": "jwt", "signing_alg": "ES256",
            "created_at": "2026-09-20T14:13:20Z", "updated_at": "2026-09-21T14:11:20Z",
        })
    }

    #[test]
    fn lists() {
        let stock = json!({"audience": "https://stock.example/v2", "scopes": {}, "token_format": "opaque",
            "access_token_lifetime_seconds": 600, "updated_at": "2026-09-21T14:13:20Z"});
        let text = list(&json!({"items": [orders(), stock]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        AUDIENCE                  STATE  SCOPES                         FORMAT  LIFETIME
        https://orders.example           orders:read orders:refund or…  jwt          1 h
        https://stock.example/v2                                        opaque    10 min
        ");
        insta::assert_snapshot!(list(&json!({"items": []}), &VIEW), @"
        There is no API yet. Declare one:
          jeton api create --audience https://orders.example --scope read='Read orders'
        ");
    }

    #[test]
    fn shows() {
        insta::assert_snapshot!(show(&orders(), &VIEW), @"
        audience       https://orders.example
        name           Orders
        id             api_0123456789abcdefghij
        scopes         orders:read    Read orders
                       orders:refund
                       orders:write   Place, change and cancel orders
        default scope  orders:read
        access tokens  jwt, signed with ES256, for 1 h
        created        2026-09-20T14:13:20Z (1 d ago)
        changed        2026-09-21T14:11:20Z (2 min ago)
        ");
        let mut narrowed = orders();
        narrowed["effective_lifetime_seconds"] = json!(900);
        assert!(show(&narrowed, &VIEW).contains("for 15 min, as a policy has it (set: 1 h)"));
    }
}
