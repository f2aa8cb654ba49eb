use serde_json::Value;

use super::details::Details;
use super::named::named;
use super::relative::with_distance;
use super::suspended::{standing, state};
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::used::{distance, used};
use super::view::View;

/// All clients.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value)
        .iter()
        .map(|client| {
            [
                member(client, "name").into(),
                member(client, "client_id").into(),
                state(client),
                audiences(client).join(" ").into(),
                distance(client, "last_used_at", view.now_seconds).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no client yet. Register one:\n  jeton client create --name worker --audience https://orders.example\n".to_owned();
    }
    let columns = [
        Column::flexible("name"),
        Column::whole("client id"),
        Column::whole("state"),
        Column::flexible("audiences"),
        Column::whole("last used"),
    ];
    table(columns, &rows, view)
}

/// One client.
pub(crate) fn show(client: &Value, view: &View) -> String {
    let grants: Vec<&str> = client.get("grant_types").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let keys = client.pointer("/jwks/keys").and_then(Value::as_array).into_iter().flatten();
    let may_introspect = client.get("may_introspect").and_then(Value::as_bool) == Some(true);
    let details = Details::default().with("name", member(client, "name")).with("client id", member(client, "client_id"));
    let mut details = standing(details, client, view)
        .with("grants", grants.join(" "))
        .with("authenticates by", member(client, "token_endpoint_auth_method"))
        .with_each("keys", keys.map(|key| format!("{} {}", member(key, "alg"), member(key, "kid")).trim().to_owned()))
        .with_each("audiences", audiences(client))
        .with("scope", member(client, "scope"))
        .with_each("redirects to", texts(client, "redirect_uris"))
        .with_each("after sign-out to", texts(client, "post_logout_redirect_uris"))
        .with("hears sign-outs at", member(client, "backchannel_logout_uri"))
        .with("application", member(client, "application_type"))
        .with("refresh tokens", refreshing(client))
        .with("may introspect", if may_introspect { "yes" } else { "no" })
        .with("contact", member(client, "contact"))
        .with("owner", member(client, "owner"))
        .with_each("claims", named(client, "claims"));
    for (name, word, said) in [("pkce", "optional", "PKCE"), ("consent", "waived", "consent")] {
        if member(client, name) == word {
            details = details.with(said, word);
        }
    }
    used(details, client, view)
        .with("created", with_distance(&member(client, "created_at"), view.now_seconds))
        .with("changed", with_distance(&member(client, "updated_at"), view.now_seconds))
        .text(view)
}

/// A client that was just registered; its secret, where it has one, once.
pub(crate) fn created(client: &Value, view: &View) -> String {
    let secret = match client.get("client_secret") {
        Some(_) => super::secrets::created(client, view),
        None if member(client, "token_endpoint_auth_method") == "none" => {
            "It cannot prove who it is (none): there is no secret, and each code is bound to whoever asked for it.\n".to_owned()
        }
        None => "It signs with its own key (private_key_jwt): there is no secret to keep.\n".to_owned(),
    };
    format!("{}\n{secret}", show(client, view))
}

fn audiences(client: &Value) -> Vec<String> {
    texts(client, "audiences")
}

fn texts(client: &Value, name: &str) -> Vec<String> {
    let texts = client.get(name).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// How refresh tokens of a client behave, in words; nothing where it has none.
fn refreshing(client: &Value) -> String {
    if !texts(client, "grant_types").iter().any(|grant| grant == "refresh_token") {
        return String::new();
    }
    match client.get("rotates_refresh_tokens").and_then(Value::as_bool) {
        Some(false) => "stay as they are".to_owned(),
        _ => {
            let window = client.get("refresh_window_seconds").and_then(Value::as_i64).unwrap_or_default();
            format!("rotate; a spent one is answered as before for {window} s")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn worker() -> Value {
        json!({
            "client_id": "client_0123456789abcdefghij", "name": "worker", "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic", "audiences": ["https://orders.example", "https://stock.example"],
            "scope": "orders:read orders:write", "may_introspect": false,
            "last_used_at": "2026-09-21T14:11:00Z", "created_at": "2026-09-18T14:13:20Z", "updated_at": "2026-09-18T14:13:20Z",
            "client_secret": "jtn_cs_4hDkW0example", "client_secret_id": "secret_0123456789abcdefghij",
            "client_secret_expires_at": "2027-03-20T14:13:20Z",
        })
    }

    #[test]
    fn lists() {
        let text = list(&json!({"items": [worker()]}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        NAME    CLIENT ID                    STATE  AUDIENCES                  LAST USED
        worker  client_0123456789abcdefghij         https://orders.example h…  2 min ago
        ");
        insta::assert_snapshot!(list(&json!({}), &VIEW), @"
        There is no client yet. Register one:
          jeton client create --name worker --audience https://orders.example
        ");
    }

    #[test]
    fn a_new_client_s_secret_is_shown_with_a_sentence() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&created(&worker(), &VIEW)).to_string(), @"
        name              worker
        client id         client_0123456789abcdefghij
        grants            client_credentials
        authenticates by  client_secret_basic
        audiences         https://orders.example
                          https://stock.example
        scope             orders:read orders:write
        may introspect    no
        last used         2026-09-21T14:11Z (2 min ago)
        created           2026-09-18T14:13:20Z (3 d ago)
        changed           2026-09-18T14:13:20Z (3 d ago)

        client secret  jtn_cs_4hDkW0example
        secret id      secret_0123456789abcdefghij
        ends           2027-03-20T14:13:20Z (in 180 d)

        Keep the secret now: it is not stored, and this is the only time it is shown.
        ");
    }
}
