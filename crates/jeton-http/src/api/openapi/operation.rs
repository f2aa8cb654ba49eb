use jeton_core::permission::Permission;
use serde_json::{Map, Value, json};

use super::schemas::{PLACE, Schemas};
use crate::api::names;
use crate::api::parameter::{Parameter, Takes};
use crate::api::route::{Access, Answers, Repeats, Route};

/// What the document says of a row.
pub(super) fn operation(row: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = Map::new();
    let mut say = |member: &str, value: Value| operation.insert(member.to_owned(), value);
    say("operationId", json!(id(row)));
    say("tags", json!([row.about.tag]));
    say("summary", json!(row.about.summary));
    say("description", json!(who_may(row.access)));
    say("security", security(row.access));
    say("parameters", Value::Array(parameters(row)));
    if let Some(takes) = row.about.takes {
        say("requestBody", json!({ "content": { "application/json": { "schema": takes(&mut schemas.read) } } }));
    }
    let (status, response) = answer(row.answers, schemas);
    say("responses", json!({ status.to_string(): response, "default": { "$ref": "#/components/responses/Problem" } }));
    Value::Object(operation)
}

/// The method and the path, as a name: `get_clients_by_client`.
fn id(row: &Route) -> String {
    let path = row.path.trim_matches('/').replace("/{", "_by_").replace('}', "").replace(['/', '-', '.'], "_");
    format!("{}_{path}", row.method.name().to_lowercase())
}

fn answer(answers: Answers, schemas: &mut Schemas) -> (u16, Value) {
    let content = |kind: &str, schema: Value| json!({ "description": "It is done.", "content": { kind: { "schema": schema } } });
    match answers {
        Answers::Nothing => (204, json!({ "description": "It is done." })),
        Answers::Json(status, schema) => (status, content("application/json", schema(&mut schemas.written).to_value())),
        Answers::Lines(report) => (200, content("application/jsonl", line(report(&mut schemas.written).to_value()))),
        Answers::Text(kind) => (200, content(kind, json!({ "type": "string" }))),
    }
}

/// A line of an answer that comes line by line: how far it is, and at last the report, or what went wrong.
fn line(report: Value) -> Value {
    let number = |about: &str| json!({ "type": "integer", "minimum": 0, "description": about });
    json!({
        "type": "object",
        "properties": {
            "progress": {
                "type": "object",
                "description": "How far it is.",
                "properties": { "done": number("How much is done."), "total": number("How much there is.") },
                "required": ["done", "total"],
            },
            "report": { "description": "What was found: the last line.", "allOf": [report] },
            "problem": { "description": "What went wrong: the last line.", "$ref": format!("#{PLACE}/Problem") },
        },
    })
}

fn who_may(access: Access) -> String {
    let names = |permissions: &[Permission]| permissions.iter().map(|one| format!("`{}`", one.name())).collect::<Vec<_>>().join(", ");
    match access {
        Access::Permission(permission) => format!("For administrators with the permission `{}`.", permission.name()),
        Access::AnyOf(permissions) => {
            format!("For administrators with one of the permissions {}: which one, what is asked decides.", names(permissions))
        }
        Access::Administrator => "For administrators, whatever they may do.".to_owned(),
        Access::ClientOr(permission) => {
            format!("For clients, and for administrators with the permission `{}`.", permission.name())
        }
        Access::Client => "For clients.".to_owned(),
        Access::KeyItself => "For whoever presents the key.".to_owned(),
        Access::Anyone => "For anybody.".to_owned(),
    }
}

fn security(access: Access) -> Value {
    let administrator = |permission: Permission| json!({ "administrator": [permission.name()] });
    match access {
        Access::Permission(permission) => json!([administrator(permission)]),
        Access::AnyOf(permissions) => permissions.iter().copied().map(administrator).collect(),
        Access::Administrator => json!([{ "administrator": [] }]),
        Access::ClientOr(permission) => json!([{ "client": [] }, administrator(permission)]),
        Access::Client => json!([{ "client": [] }]),
        Access::KeyItself => json!([{ "key": [] }]),
        Access::Anyone => json!([]),
    }
}

fn parameters(row: &Route) -> Vec<Value> {
    let in_path = row.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "description": named_by(name), "schema": of_path(name) }));
    let in_query = row
        .about
        .in_query()
        .map(|Parameter { name, about, takes }| json!({ "name": name, "in": "query", "description": about, "schema": value_of(*takes) }));
    let header = (row.repeats == Repeats::Remembered).then(|| {
        json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "A text drawn for this request: sent again with it within a day, it is answered as before and makes nothing.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" },
        })
    });
    in_path.chain(in_query).chain(header).collect()
}

fn of_path(parameter: &str) -> Value {
    match parameter {
        "kind" => value_of(Takes::OneOf(names::credential_kinds)),
        _ => value_of(Takes::Text),
    }
}

fn value_of(takes: Takes) -> Value {
    match takes {
        Takes::Text => json!({ "type": "string" }),
        Takes::Number => json!({ "type": "integer" }),
        Takes::OneOf(names) => json!({ "type": "string", "enum": names() }),
    }
}

/// What a parameter of a path is named by; percent-encoded, as every text in a path.
fn named_by(parameter: &str) -> &'static str {
    match parameter {
        "api" => "An API, by id or audience.",
        "client" => "A client, by id or name.",
        "exception" => "An exception, by id.",
        "grant" => "A grant, by id.",
        "group" => "A group, by id or name.",
        "key" => "A key, by id.",
        "kind" => "A kind of credential, by name.",
        "provider" => "A provider, by id or name.",
        "role" => "A role, by id or name.",
        "secret" => "A secret, by id.",
        "session" => "A session, by id.",
        "subject" => "A person or a group: `user:USERNAME`, `group:NAME`, or with the id.",
        "token" => "A token, by id.",
        "user" => "A person, by id or username.",
        // A test asks for a word here.
        _ => "",
    }
}
