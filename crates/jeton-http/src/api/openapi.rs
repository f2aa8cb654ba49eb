//! The management API for programs: an OpenAPI 3.1 document, made from the table that the router is built from and from the types that are
//! read and written. What stands in it is served, and what is served stands in it.

mod beside;
mod oauth;
mod operation;
mod schemas;

use http::Uri;
use serde_json::{Map, Value, json};

use self::operation::operation;
use self::schemas::Schemas;
use super::answer::ok;
use super::problem::Document as ProblemDocument;
use super::query::only_knows;
use super::route::{About, Access, Repeats, Route, Verb};

pub(super) static OF_ITSELF: &[Route] = &[Route::new(
    (Verb::Get, "/openapi.json"),
    Access::Anyone,
    Repeats::Reads,
    |at| {
        let document = at.document;
        at.on(move |uri: Uri| async move { only_knows(&uri, &[]).and_then(|()| ok(document())) })
    },
    About::new("server", "Describes this API: answers this document.").answers::<Map<String, Value>>(),
)];

/// The document of these rows.
pub(super) fn describe(table: &[&[Route]]) -> Value {
    let (mut schemas, mut paths) = (Schemas::new(), Map::new());
    for row in table.iter().copied().flatten() {
        if let Value::Object(operations) = paths.entry(row.path).or_insert_with(|| json!({})) {
            operations.insert(row.method.name().to_lowercase(), operation(row, &mut schemas));
        }
    }
    oauth::add(&mut paths);
    beside::add(&mut paths, &mut schemas);
    let problem = schemas.written.subschema_for::<ProblemDocument<'_>>();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Jeton: the management API",
            "version": "1",
            "description": "See docs/reference/management-api.md. Times are RFC 3339 in UTC; members that end in `_seconds` are numbers of seconds.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/api/v1", "description": "Below the URL of the issuer, or on the management socket." }],
        "paths": paths,
        "components": {
            "schemas": schemas.into_definitions(),
            "responses": {
                "OauthError": oauth::error(),
                "Problem": {
                    "description": "What went wrong (RFC 9457): a stable `code`, and what to do next.",
                    "content": { "application/problem+json": { "schema": problem } },
                },
            },
            "securitySchemes": {
                "administrator": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key, a personal access token or an access token for this API, with the permission that is named. \
                                    Over the management socket the user of the server needs none.",
                },
                "client": { "type": "http", "scheme": "basic", "description": "A client that proves who it is, here or in the body." },
                "key": { "type": "http", "scheme": "bearer", "description": "The key itself." },
                "token": { "type": "http", "scheme": "bearer", "description": "An access token of a person, with the scope `openid`." },
            },
        },
    })
}
