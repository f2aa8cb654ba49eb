use serde_json::Value;

use super::details::Details;
use super::text::member;
use super::view::View;

/// Who is signed in, where, and for what.
pub(crate) fn shown(who: &Value, view: &View) -> String {
    let audiences = who.get("audiences").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    Details::default()
        .with("server", member(who, "server"))
        .with("username", member(who, "username"))
        .with("name", member(who, "name"))
        .with("id", member(who, "sub"))
        .with("client", member(who, "client_id"))
        .with("for", audiences.collect::<Vec<_>>().join(", "))
        .text(view)
}

/// As whom a token asks, and what it may.
pub(crate) fn by_token(who: &Value, view: &View) -> String {
    let permissions = who.get("permissions").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    Details::default()
        .with("server", member(who, "server"))
        .with("asks as", member(who, "actor"))
        .with_each("may", permissions.map(str::to_owned))
        .text(view)
}
