//! Whether a request and its answer are what the document of the API says of them.

use serde_json::{Map, Value, json};

use crate::schema::fits;

/// A request that was sent, and what was answered; the path goes on after `/api/v1`, or after the issuer where it is one of OAuth.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, and the query.
    pub path: &'a str,
    /// The body that was sent.
    pub sent: Option<&'a Value>,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub body: &'a [u8],
}

/// Looks whether an exchange is as the document says; what is refused is a problem.
///
/// # Errors
/// A sentence that names the place: it is otherwise, or the document says nothing of it.
pub fn check(document: &Value, exchange: &Exchange<'_>) -> Result<(), String> {
    let (path, query) = exchange.path.split_once('?').unwrap_or((exchange.path, ""));
    if exchange.status >= 400 {
        return check_refusal(document, exchange, path);
    }
    let operations = find(document, path).ok_or("the document has no such path")?;
    let operation = operations.get(&exchange.method.to_lowercase()).ok_or("the document has no such method of this path")?;
    check_query(operation, query)?;
    check_sent(document, operation, exchange.sent)?;
    let response = operation.pointer(&format!("/responses/{}", exchange.status)).ok_or("the document has no such status")?;
    check_answer(document, response, exchange.body)
}

/// What is refused is a problem, and at the OAuth endpoints an error as they have it.
fn check_refusal(document: &Value, exchange: &Exchange<'_>, path: &str) -> Result<(), String> {
    let operation = find(document, path).and_then(|operations| operations.get(&exchange.method.to_lowercase()));
    let form =
        operation.and_then(|operation| operation.pointer("/responses/default/$ref")?.as_str()).unwrap_or("#/components/responses/Problem");
    let content = document.pointer(form.trim_start_matches('#')).and_then(|response| response.get("content")?.as_object()?.values().next());
    let schema = content.and_then(|content| content.get("schema")).ok_or("the document has no problem")?;
    fits(document, schema, &parse(exchange.body)?, "the problem")
}

fn check_query(operation: &Value, query: &str) -> Result<(), String> {
    let known: Vec<&Value> =
        operation.get("parameters").and_then(Value::as_array).into_iter().flatten().filter_map(|parameter| parameter.get("name")).collect();
    let names = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair));
    match names.into_iter().find(|name| !known.contains(&&Value::from(*name))) {
        Some(unknown) => Err(format!("the document has no parameter `{unknown}`")),
        None => Ok(()),
    }
}

/// An object without members is no body, and neither is `null`.
fn check_sent(document: &Value, operation: &Value, sent: Option<&Value>) -> Result<(), String> {
    let Some(sent) = sent.filter(|sent| **sent != Value::Null && **sent != json!({})) else { return Ok(()) };
    match operation.pointer("/requestBody/content/application~1json/schema") {
        Some(schema) => fits(document, schema, sent, "the body"),
        None => Err(format!("the document has no body, and this was sent: {sent}")),
    }
}

fn check_answer(document: &Value, response: &Value, body: &[u8]) -> Result<(), String> {
    if let Some(schema) = response.pointer("/content/application~1json/schema") {
        return fits(document, schema, &parse(body)?, "the answer");
    }
    if let Some(schema) = response.pointer("/content/application~1jsonl/schema") {
        let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        return lines.try_for_each(|line| fits(document, schema, &parse(line)?, "a line"));
    }
    if body.is_empty() { Ok(()) } else { Err("there is a body, and the document has none".to_owned()) }
}

fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("{error}: {}", String::from_utf8_lossy(body)))
}

/// What the document says of the path that leads where a request went; one without parameters comes first.
fn find<'d>(document: &'d Value, path: &str) -> Option<&'d Map<String, Value>> {
    let leads = |template: &str| {
        let (ours, theirs): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.starts_with('{') || *ours == theirs)
    };
    let found = document.get("paths")?.as_object()?.iter().filter(|(template, _)| leads(template));
    found.min_by_key(|(template, _)| template.matches('{').count())?.1.as_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let api =
            json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false});
        let problem = json!({"type": "object", "properties": {"code": {"enum": ["not_found"]}}, "required": ["code"]});
        let of_api = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Api"}}});
        json!({
            "paths": {
                "/apis": {"post": {"requestBody": {"content": of_api}, "responses": {"201": {"content": of_api}}}},
                "/apis/{api}": {
                    "get": {"parameters": [{"name": "limit"}], "responses": {"200": {"content": of_api}}},
                    "delete": {"responses": {"204": {}}},
                },
                "/apis/check": {"get": {"responses": {"200": {"content": {"application/jsonl": {"schema": {"type": "integer"}}}}}}},
            },
            "components": {
                "schemas": {"Api": api},
                "responses": {"Problem": {"content": {"application/problem+json": {"schema": problem}}}},
            },
        })
    }

    #[track_caller]
    fn see(request: &str, sent: Option<Value>, answer: (u16, &str), expected: &str) {
        let (method, path) = request.split_once(' ').unwrap();
        let exchange = Exchange { method, path, sent: sent.as_ref(), status: answer.0, body: answer.1.as_bytes() };
        match check(&document(), &exchange) {
            Ok(()) => assert!(expected.is_empty(), "{request}: nothing was found, and this should be: {expected}"),
            Err(found) => assert!(!expected.is_empty() && found.contains(expected), "{request}: {found}"),
        }
    }

    #[test]
    fn what_is_otherwise_than_the_document_is_found() {
        let (name, no_name) = (r#"{"name":"a"}"#, "{}");
        see("GET /apis/a", None, (200, name), "");
        see("GET /apis/a", Some(json!({})), (200, name), "");
        see("GET /apis/a", Some(json!({"a": 1})), (200, name), "no body");
        see("GET /apis/a", None, (200, no_name), "no `name`");
        see("GET /apis/a", None, (201, name), "no such status");
        see("GET /apis/a", None, (200, "<html>"), "<html>");
        see("GET /apis/a?limit=1", None, (200, name), "");
        see("GET /apis/a?limit=1&other=2", None, (200, name), "`other`");
        see("GET /nowhere", None, (200, name), "no such path");
        see("PUT /apis/a", None, (200, name), "no such method");
        see("GET /apis/check", None, (200, "1\n2\n"), "");
        see("GET /apis/check", None, (200, "1\nx\n"), "x");
        see("POST /apis", Some(json!({"name": "a"})), (201, name), "");
        see("POST /apis", Some(json!({"name": 1})), (201, name), "the body.name");
        see("DELETE /apis/a", None, (204, ""), "");
        see("DELETE /apis/a", None, (204, name), "has none");
        see("GET /nowhere", None, (404, r#"{"code":"not_found"}"#), "");
        see("GET /nowhere", None, (404, r#"{"code":"other"}"#), "one of");
        see("GET /nowhere", None, (404, r#"{"error":"other"}"#), "has");
    }
}
