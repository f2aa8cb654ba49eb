//! What is served beside the table, and stands in the document all the same: the feed, which speaks as the OAuth endpoints do, and where
//! credentials that leaked are handed in.

use serde_json::{Map, Value, json};

use super::oauth;
use super::schemas::Schemas;
use crate::api::credentials::Report;

/// Adds them to the paths.
pub(super) fn add(paths: &mut Map<String, Value>, schemas: &mut Schemas) {
    paths.insert("/revocations/feed".to_owned(), feed());
    let report = schemas.read.subschema_for::<Report>();
    paths.insert("/credentials/revoke".to_owned(), json!({ "post": handed_in(report.as_value()) }));
}

fn feed() -> Value {
    let parameter =
        |name: &str, place: &str, about: &str| json!({ "name": name, "in": place, "description": about, "schema": { "type": "string" } });
    let audience = "The API whose tokens are checked, by audience; may be left out where the client has one API.";
    let last = parameter(
        "Last-Event-ID",
        "header",
        "The cursor of the last event that came, to go on after it; without it a snapshot comes first.",
    );
    let operation = |id: &str, summary: &str, security: Value, more: Value| {
        let mut operation = json!({
            "operationId": id,
            "tags": ["revocations"],
            "summary": summary,
            "description": "For clients that may introspect, on the public listener: what they follow, as Server-Sent Events: a snapshot first, then \
                            what narrows, and a signed checkpoint each second.",
            "security": security,
            "responses": {
                "200": { "description": "The events, for as long as the connection lasts.", "content": { "text/event-stream": { "schema": { "type": "string" } } } },
                "410": { "description": "The cursor is too old, or of another incarnation: start again without it.", "content": { "text/plain": { "schema": { "type": "string" } } } },
                "default": { "$ref": oauth::ERROR },
            },
        });
        if let (Value::Object(operation), Value::Object(more)) = (&mut operation, more) {
            operation.extend(more);
        }
        operation
    };
    let form = oauth::form(&[("audience", json!({ "type": "string", "description": audience }))], &[]);
    json!({
        "get": operation("get_revocations_feed", "Tells what narrows: follows with Basic.", json!([{ "client": [] }]), json!({
            "parameters": [parameter("audience", "query", audience), last],
        })),
        "post": operation("post_revocations_feed", "Tells what narrows: follows with any proof of the client, in a form.", json!([{ "client": [] }, {}]), json!({
            "parameters": [last],
            "requestBody": form,
        })),
    })
}

fn handed_in(report: &Value) -> Value {
    json!({
        "operationId": "post_credentials_revoke",
        "tags": ["credentials"],
        "summary": "Takes credentials that leaked, from whoever found them: what is ours of them ends within seconds.",
        "description": "For anybody, on the public listener: 60 calls an hour from one network, of at most 1 MiB each. While the backup target does not take what ends, 503 `not_shipped` of whatever is handed in: it is looked at, and is to be sent again.",
        "servers": [{ "url": "/", "description": "The URL of the issuer." }],
        "security": [],
        "parameters": [],
        "requestBody": { "content": { "application/json": { "schema": report } }, "required": true },
        "responses": {
            "202": { "description": "All of it is looked at; nobody learns whether any of it existed." },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    })
}
