//! The document of the management API: whole in itself, and of what is served, no more and no less. That answers are what it says of them is
//! looked at with every answer of every test (`jeton-testkit`).

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, Request};
use jeton_http::api::{ROUTES, document};
use jeton_testkit::World;
use jeton_testkit::conformance::{Exchange, check};
use serde_json::{Value, json};

/// What is served and is no row of the table, and how it says what went wrong.
const BESIDE: [(&str, &str); 13] = [
    ("GET /revocations/feed", "OauthError"),
    ("POST /revocations/feed", "OauthError"),
    ("POST /credentials/revoke", "Problem"),
    ("POST /oauth/token", "OauthError"),
    ("POST /oauth/par", "OauthError"),
    ("POST /oauth/device_authorization", "OauthError"),
    ("POST /oauth/introspect", "OauthError"),
    ("POST /oauth/revoke", "OauthError"),
    ("GET /oauth/userinfo", "OauthError"),
    ("POST /oauth/userinfo", "OauthError"),
    ("GET /.well-known/jwks.json", "OauthError"),
    ("GET /.well-known/oauth-authorization-server", "OauthError"),
    ("GET /.well-known/openid-configuration", "OauthError"),
];

/// Every operation, by method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

fn references<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "$ref") {
                    Some(reference) => found.push(reference),
                    None => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn what_is_pointed_to_is_there_and_what_is_there_is_pointed_to() {
    let document = document();
    let mut found = vec![];
    references(document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for reference in &found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference} leads nowhere");
    }
    let pointed: BTreeSet<&str> = found.iter().filter_map(|reference| reference.strip_prefix("#/components/schemas/")).collect();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(pointed.contains(name.as_str()), "nothing uses the schema {name}");
    }
}

#[test]
fn every_row_has_its_operation_and_no_other_is_there() {
    let document = document();
    let rows = ROUTES.iter().copied().flatten().map(|row| format!("{} {}", row.method.name(), row.path));
    let rows: BTreeSet<String> = rows.chain(BESIDE.map(|(name, _)| name.to_owned())).collect();
    let operations = operations(document);
    assert_eq!(rows, operations.iter().map(|(name, _)| name.clone()).collect());
    let ids: BTreeSet<&str> = operations.iter().map(|(_, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations.len(), "operation ids are unique");
    for (name, operation) in &operations {
        let text = |member: &str| operation[member].as_str().unwrap_or_default();
        assert!(!text("summary").is_empty() && !text("description").is_empty() && operation["security"].is_array(), "{name}");
        assert!(operation["tags"][0].is_string(), "{name}");
        let form = BESIDE.iter().find(|(beside, _)| beside == name).map_or("Problem", |(_, form)| form);
        assert_eq!(operation["responses"]["default"]["$ref"], format!("#/components/responses/{form}"), "{name}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in &parameters {
            assert_ne!(parameter["description"], "", "{name}: say what {} is, in `named_by` of openapi/operation.rs", parameter["name"]);
        }
        let in_path: Vec<&str> =
            parameters.iter().filter(|parameter| parameter["in"] == "path").map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let named: Vec<&str> = name.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, named, "{name}");
        let succeeds = operation["responses"].as_object().unwrap().keys().filter(|status| status.starts_with('2')).count();
        assert_eq!(succeeds, 1, "{name}");
    }
}

/// What a request says is closed: an unknown member is refused, and the document says so.
#[test]
fn no_body_takes_what_the_document_does_not_name() {
    let document = document();
    let mut bodies = 0;
    for (name, operation) in operations(document) {
        let Some(reference) = operation.pointer("/requestBody/content/application~1json/schema/$ref") else { continue };
        let schema = document.pointer(reference.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{name}: {schema}");
        bodies += 1;
    }
    assert!(bodies > 25, "{bodies}");
}

#[test]
fn the_page_of_the_reference_is_fresh() {
    let made = format!("{:#}\n", document());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/openapi.json");
    if std::env::var_os("JETON_WRITE_GOLDEN").is_some() {
        return std::fs::write(path, made).unwrap();
    }
    let stale = "stale: run `cargo run -- reference openapi > docs/reference/openapi.json`";
    assert!(std::fs::read_to_string(path).unwrap() == made, "{stale}");
}

/// Every member that is sent or answered says what it is.
#[test]
fn every_member_is_described() {
    let mut silent = vec![];
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        undescribed(name, schema, &mut silent);
    }
    for (name, operation) in operations(document()) {
        undescribed(&name, operation, &mut silent);
    }
    assert!(silent.is_empty(), "give these a doc comment: {silent:#?}");
}

fn undescribed(place: &str, value: &Value, silent: &mut Vec<String>) {
    let members = value.as_object().into_iter().flatten();
    for (name, member) in members {
        for (property, said) in member.as_object().filter(|_| name == "properties").into_iter().flatten() {
            if said["description"].as_str().is_none_or(str::is_empty) {
                silent.push(format!("{place}.{property}"));
            }
        }
        undescribed(&format!("{place}.{name}"), member, silent);
    }
    value.as_array().into_iter().flatten().for_each(|item| undescribed(place, item, silent));
}

/// A query that is not known is refused with those that are: the ones of the document.
#[tokio::test]
async fn the_parameters_are_those_that_are_known() {
    let world = World::new().await;
    let mut compared = 0;
    for (name, operation) in operations(document()) {
        let Some(path) = name.strip_prefix("GET ") else { continue };
        let parameters = operation["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["in"] == "query");
        let documented: BTreeSet<String> = parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        let path = path.replace("{kind}", "access_token");
        // The feed reads its query as OAuth does: what is unknown there is nobody's.
        if path.contains('{') || documented.is_empty() || path == "/revocations/feed" {
            continue;
        }
        let answer = world.administer(Method::GET, &format!("{path}?nobody_knows=1"), None).await;
        let hint = answer.member("hint").as_str().unwrap().to_owned();
        let known = hint.strip_prefix("this path takes the parameters ").unwrap_or_else(|| panic!("{path}: {}", answer.shown()));
        assert_eq!(known.split(", ").map(str::to_owned).collect::<BTreeSet<_>>(), documented, "{path}");
        compared += 1;
    }
    assert!(compared >= 10, "{compared}");
}

/// A document that is wrong about an answer, or about a body, is found out by the answers of the tests.
#[tokio::test]
async fn a_document_that_is_wrong_is_found_out() {
    let world = World::new().await;
    let sent = json!({"audience": "https://orders.example"});
    let answer = world.administer(Method::POST, "/apis", Some(sent.clone())).await;
    let exchange = Exchange { method: "POST", path: "/apis", sent: Some(&sent), status: answer.status, body: &answer.body };
    assert_eq!(check(document(), &exchange), Ok(()));
    for (place, wrong) in [
        ("/components/schemas/Api/properties/created_at", json!({"type": "integer"})),
        ("/components/schemas/Api/required", json!(["contact"])),
        ("/components/schemas/Api/properties", json!({})),
        ("/components/schemas/CreateApi/properties/audience", json!({"type": "integer"})),
        ("/components/schemas/CreateApi/required", json!(["name"])),
        ("/paths/~1apis/post/responses", json!({"200": {}})),
        ("/paths/~1apis", json!({})),
    ] {
        let mut document = document().clone();
        *document.pointer_mut(place).unwrap_or_else(|| panic!("{place} is not there")) = wrong;
        assert!(check(&document, &exchange).is_err(), "{place}");
    }
}

/// The same of the OAuth endpoints, whose answers every test looks at too.
#[tokio::test]
async fn a_document_that_is_wrong_about_oauth_is_found_out() {
    let world = World::new().await;
    let orders = world.opaque_api("orders").await;
    let client = world.client("orders", &[&orders]).await;
    let token = world.ask(&client, &[]).await;
    let text = token.member("access_token").as_str().unwrap().to_owned();
    let (active, inactive) = (world.introspect(&client, &text).await, world.introspect(&client, "x").await);
    let refused = world.ask(&client, &[("scope", "nobody:knows")]).await;
    for (answer, path, place, wrong) in [
        (
            &token,
            "/oauth/token",
            "/paths/~1oauth~1token/post/responses/200/content/application~1json/schema/required",
            json!(["refresh_token"]),
        ),
        (
            &token,
            "/oauth/token",
            "/paths/~1oauth~1token/post/responses/200/content/application~1json/schema/properties/token_type/enum",
            json!(["DPoP"]),
        ),
        (
            &active,
            "/oauth/introspect",
            "/paths/~1oauth~1introspect/post/responses/200/content/application~1json/schema/anyOf/0/properties",
            json!({}),
        ),
        (
            &inactive,
            "/oauth/introspect",
            "/paths/~1oauth~1introspect/post/responses/200/content/application~1json/schema/anyOf/1/properties",
            json!({}),
        ),
        (
            &refused,
            "/oauth/token",
            "/components/responses/OauthError/content/application~1json/schema/properties/error/enum",
            json!(["other"]),
        ),
        (&refused, "/oauth/token", "/paths/~1oauth~1token/post/responses/default/$ref", json!("#/components/responses/Problem")),
    ] {
        let exchange = Exchange { method: "POST", path, sent: None, status: answer.status, body: &answer.body };
        assert_eq!(check(document(), &exchange), Ok(()), "{path}");
        let mut document = document().clone();
        *document.pointer_mut(place).unwrap_or_else(|| panic!("{place} is not there")) = wrong;
        assert!(check(&document, &exchange).is_err(), "{place}");
    }
}

/// What the metadata names is what the document has.
#[tokio::test]
async fn every_endpoint_of_the_metadata_is_in_it() {
    let world = World::new().await;
    let metadata = world.get("/.well-known/oauth-authorization-server").await.json();
    let mut seen = 0;
    for name in [
        "token_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "jeton_revocation_feed",
    ] {
        let path = metadata[name].as_str().unwrap().strip_prefix(world.issuer()).unwrap();
        assert!(document()["paths"].get(path.trim_start_matches("/api/v1")).is_some(), "{name}: {path}");
        seen += 1;
    }
    let named =
        metadata.as_object().unwrap().values().filter(|value| value.as_str().is_some_and(|text| text.starts_with(world.issuer()))).count();
    // Where people sign in and out there are pages, which no document describes.
    assert_eq!(named, seen + 3, "beside the issuer itself and the pages, another endpoint is named: {metadata}");
}

#[tokio::test]
async fn anybody_may_read_it() {
    let world = World::new().await;
    let answer = world.get("/api/v1/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{}", answer.shown());
    assert_eq!(answer.json(), *document());
}

/// Whatever goes wrong below `/api/v1` is a problem, where strangers ask too.
#[tokio::test]
async fn what_goes_wrong_is_a_problem_on_the_public_listener_too() {
    let world = World::new().await;
    let (none, json) = (None, Some("application/json"));
    for (method, path, kind, body, status, code) in [
        (Method::GET, "/api/v1/nowhere", none, vec![], 404, "no_such_path"),
        (Method::GET, "/api/v1", none, vec![], 404, "no_such_path"),
        (Method::GET, "/api/v1/", none, vec![], 404, "no_such_path"),
        (Method::GET, "/api/v1/keys/verify/more", none, vec![], 404, "no_such_path"),
        (Method::GET, "/api/v1/usage/reports", none, vec![], 405, "no_such_method"),
        (Method::POST, "/api/v1/openapi.json", none, vec![], 405, "no_such_method"),
        (Method::POST, "/api/v1/keys/verify", Some("text/plain"), b"{}".to_vec(), 415, "wrong_content_type"),
        (Method::POST, "/api/v1/keys/verify", json, vec![b' '; 1_000_000], 413, "too_large"),
        (Method::POST, "/api/v1/keys/verify", json, b"{".to_vec(), 400, "invalid_request"),
        (Method::POST, "/api/v1/usage/reports", json, vec![b' '; 1_000_000], 413, "too_large"),
        (Method::GET, "/api/v1/keys", none, vec![], 401, "unauthenticated"),
        (Method::GET, "/api/v1/keys/self", none, vec![], 401, "invalid_token"),
    ] {
        let mut request = Request::builder().method(&method).uri(path);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let answer = world.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json"),
            "{method} {path}: {}",
            answer.shown()
        );
        assert_eq!(answer.member("code"), code, "{method} {path}: {}", answer.shown());
        answer.conforms(&method, path.trim_start_matches("/api/v1"), None);
    }
}
