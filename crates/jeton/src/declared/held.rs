use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Api, Client, Declared, Group, Policy, Role};
use crate::commands::failure::Failure;
use crate::commands::percent::segment;
use crate::commands::server::Server;
use crate::render::text::items;

/// What a server holds of what files can declare.
pub(crate) struct Held {
    pub(crate) declared: Declared,
    /// The ids of roles, by audience and name: a name alone may be that of two.
    pub(crate) role_ids: BTreeMap<(String, String), String>,
    /// The audience of the management API, whose roles come with Jeton.
    pub(crate) management: String,
}

const API: &[&str] =
    &["audience", "name", "default_scope", "access_token_lifetime_seconds", "token_format", "signing_alg", "claims", "scopes"];
const CLIENT: &[&str] = &[
    "name",
    "contact",
    "owner",
    "grant_types",
    "token_endpoint_auth_method",
    "audiences",
    "scope",
    "may_introspect",
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "application_type",
    "rotates_refresh_tokens",
    "refresh_window_seconds",
    "require_pushed_authorization_requests",
    "pkce",
    "consent",
    "id_token_signed_response_alg",
    "claims",
    "jwks",
];
const GROUP: &[&str] = &["name", "description"];
const ROLE: &[&str] = &["audience", "name", "built_in", "description", "scope", "groups"];
const POLICY: &[&str] = &["kind", "api", "client", "default_seconds", "max_seconds", "idle_seconds"];

impl Held {
    /// Asks a server.
    ///
    /// # Errors
    /// When it does not answer, or with what no file can say.
    pub(crate) fn by(server: &Server) -> Result<Held, Failure> {
        let list = |nouns: &str| server.get_all(&format!("/api/v1/{nouns}"));
        let (mut roles, mut role_ids, mut management) = (Vec::new(), BTreeMap::new(), String::new());
        for role in items(&list("roles")?) {
            let (id, audience, name) = (text(role, "id"), text(role, "audience"), text(role, "name"));
            let holders = list(&format!("roles/{}/assignments", segment(&id)))?;
            let groups = items(&holders).iter().filter(|holder| text(holder, "subject").starts_with("group:"));
            let groups: Vec<String> = groups.map(|holder| text(holder, "name")).collect();
            if is_built_in(role) {
                management = audience;
                roles.push(json!({ "built_in": name, "groups": groups }));
                role_ids.insert((String::new(), name), id);
            } else {
                let mut role = role.as_object().cloned().unwrap_or_default();
                role.remove("built_in");
                // Also where there are none: a group that somebody adds by hand differs from it.
                role.insert("groups".to_owned(), json!(groups));
                roles.push(Value::Object(role));
                role_ids.insert((audience, name), id);
            }
        }
        let (roles, groups) = (json!({ "items": roles }), list("groups")?);
        Ok(Held {
            declared: Declared {
                api: of::<Api>(&list("apis")?, API)?,
                client: of::<Client>(&with_owners(&list("clients")?, &groups), CLIENT)?,
                group: of::<Group>(&groups, GROUP)?,
                role: of::<Role>(&roles, ROLE)?,
                policy: of::<Policy>(&levels(&list("policies")?), POLICY)?,
            },
            role_ids,
            management,
        })
    }
}

/// What comes with Jeton is nobody's to declare.
fn is_built_in(item: &Value) -> bool {
    item.get("built_in") == Some(&Value::Bool(true))
}

/// Clients with the name of the group that answers for each; a person who does is in no file.
fn with_owners(clients: &Value, groups: &Value) -> Value {
    let called = |owner: &str| {
        let id = owner.strip_prefix("group:")?;
        let group = items(groups).iter().find(|group| text(group, "id") == id)?;
        Some(json!(format!("group:{}", text(group, "name"))))
    };
    let named = items(clients).iter().cloned().map(|mut client| {
        let owner = called(&text(&client, "owner"));
        if let Some(client) = client.as_object_mut() {
            client.remove("owner");
            client.extend(owner.map(|owner| ("owner".to_owned(), owner)));
        }
        client
    });
    json!({ "items": named.collect::<Vec<_>>() })
}

/// What levels say beside Jeton's own table; `subject` is an API or a client.
fn levels(policies: &Value) -> Value {
    let said = items(policies).iter().filter(|policy| text(policy, "level") != "table").cloned();
    let named = said.map(|mut policy| {
        let (level, subject) = (text(&policy, "level"), policy.get("subject").cloned());
        if let (Some(policy), Some(subject)) = (policy.as_object_mut(), subject) {
            policy.insert(level, subject);
        }
        policy
    });
    json!({ "items": named.collect::<Vec<_>>() })
}

fn of<T: DeserializeOwned>(list: &Value, members: &[&str]) -> Result<Vec<T>, Failure> {
    let picked = items(list).iter().filter(|item| !is_built_in(item)).map(|item| {
        let known = members.iter().filter_map(|name| Some((*name, item.get(*name).filter(|value| !value.is_null())?)));
        Value::Object(known.map(|(name, value)| (name.to_owned(), split(name, value))).collect::<Map<_, _>>())
    });
    picked.map(|value| serde_json::from_value(value).map_err(|error| unreadable(&error))).collect()
}

/// The management API writes scopes with spaces between; files write lists.
fn split(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if name == "scope" || name == "default_scope" => json!(text.split_whitespace().collect::<Vec<_>>()),
        value => value.clone(),
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn unreadable(error: &serde_json::Error) -> Failure {
    Failure::could_not(format!("the server says what this program does not know: {error}"), "use the program of the server's version")
}
