//! The OAuth endpoints, the metadata and the key set: forms in, JSON out, on the public listener at the URL of the issuer.

use jeton_core::client::GrantType;
use jeton_oauth::ErrorCode;
use serde_json::{Map, Value, json};

/// Where the form of an OAuth endpoint's error stands.
pub(super) const ERROR: &str = "#/components/responses/OauthError";

/// Adds them to the paths.
pub(super) fn add(paths: &mut Map<String, Value>) {
    paths.insert("/oauth/token".to_owned(), json!({ "post": token() }));
    paths.insert("/oauth/par".to_owned(), json!({ "post": push() }));
    paths.insert("/oauth/device_authorization".to_owned(), json!({ "post": device() }));
    paths.insert("/oauth/introspect".to_owned(), json!({ "post": introspect() }));
    paths.insert("/oauth/revoke".to_owned(), json!({ "post": revoke() }));
    paths.insert("/oauth/userinfo".to_owned(), json!({ "get": userinfo("get", None), "post": userinfo("post", Some(&in_form())) }));
    let metadata = "Says what this server is and can (RFC 8414).";
    paths.insert(
        "/.well-known/oauth-authorization-server".to_owned(),
        json!({ "get": published("get_authorization_server", metadata, &described()) }),
    );
    paths.insert(
        "/.well-known/openid-configuration".to_owned(),
        json!({ "get": published("get_openid_configuration", metadata, &described()) }),
    );
    let keys = object(
        &[(
            "keys",
            json!({ "type": "array", "items": { "type": "object", "additionalProperties": true }, "description": "The keys, each as RFC 7517 has it." }),
        )],
        &["keys"],
    );
    paths.insert(
        "/.well-known/jwks.json".to_owned(),
        json!({ "get": published("get_key_set", "Tells the keys that sign, and the next ones.", &keys) }),
    );
}

/// The form of an OAuth endpoint's error (RFC 6749 section 5.2).
pub(super) fn error() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.into_iter().map(ErrorCode::as_str).collect();
    let members = [
        ("error", json!({ "type": "string", "enum": codes, "description": "Which error it is." })),
        ("error_description", text("What went wrong this time, in a sentence.")),
    ];
    json!({
        "description": "What went wrong, as OAuth says it (RFC 6749 section 5.2).",
        "content": { "application/json": { "schema": object(&members, &["error"]) } },
    })
}

/// The members by which a client proves itself in a form, where it does not in `Authorization`.
pub(super) fn proof() -> [(&'static str, Value); 4] {
    [
        ("client_id", text("The client, where it does not prove itself in `Authorization`.")),
        ("client_secret", text("The secret of that client.")),
        (
            "client_assertion_type",
            json!({
                "type": "string",
                "enum": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
                "description": "What kind of assertion it is.",
            }),
        ),
        ("client_assertion", text("A signed assertion of the client (RFC 7523).")),
    ]
}

/// A form with these members, and those of the proof.
pub(super) fn form(members: &[(&str, Value)], required: &[&str]) -> Value {
    let members: Vec<(&str, Value)> = members.iter().cloned().chain(proof()).collect();
    json!({ "content": { "application/x-www-form-urlencoded": { "schema": object(&members, required) } }, "required": !required.is_empty() })
}

fn token() -> Value {
    let grants = GrantType::ALL.map(GrantType::name);
    let grant = json!({ "type": "string", "enum": grants, "description": "The grant." });
    let resources = json!({ "type": "array", "items": { "type": "string" }, "description": "The API, by audience (RFC 8707); may be left out where the client has one." });
    let asked = [
        ("grant_type", grant),
        ("scope", text("What it shall do: names with spaces between; the API's default if left out.")),
        ("resource", resources),
        ("code", text("Of `authorization_code`: the code.")),
        ("redirect_uri", text("Of `authorization_code`: where the code was sent; may be left out.")),
        ("code_verifier", text("Of `authorization_code`: what the challenge was made of (RFC 7636).")),
        ("refresh_token", text("Of `refresh_token`: the refresh token.")),
        ("device_code", text("Of a device: what it was given to ask with (RFC 8628).")),
    ];
    let answer = [
        ("access_token", text("The token.")),
        ("token_type", json!({ "type": "string", "enum": ["Bearer"], "description": "How it is presented." })),
        ("expires_in", seconds("How long it lives from now, in seconds.")),
        ("scope", text("What it may do; absent where that is nothing.")),
        ("refresh_token", text("With what the client goes on when the token has ended: it takes the place of the one that was sent.")),
        ("id_token", text("Who signed in: a JWT (OpenID Connect), where `openid` is in the scope.")),
    ];
    operation(
        "post_oauth_token",
        "Issues an access token (RFC 6749).",
        &form(&asked, &["grant_type"]),
        &object(&answer, &["access_token", "token_type", "expires_in"]),
    )
}

fn push() -> Value {
    let asked = [
        ("client_id", text("The client, where it proves itself by nothing.")),
        ("response_type", text("`code`.")),
        ("redirect_uri", text("Where the answer goes; may be left out where the client has one.")),
        ("scope", text("What is asked for: names with spaces between.")),
        ("code_challenge", text("The hash of what only the application can tell afterwards (RFC 7636).")),
        ("code_challenge_method", text("`S256`.")),
        ("state", text("What comes back with the answer.")),
    ];
    let answer = [
        ("request_uri", text("What people are sent to `/oauth/authorize` with, beside `client_id`: once.")),
        ("expires_in", seconds("For how long, in seconds.")),
    ];
    let answer = object(&answer, &["request_uri", "expires_in"]);
    let summary = "Keeps an authorization request, with each parameter that may stand in one (RFC 9126).";
    let mut operation = operation("post_oauth_par", summary, &form(&asked, &["response_type"]), &answer);
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        let done = responses.remove("200").unwrap_or_default();
        responses.insert("201".to_owned(), done);
    }
    operation
}

fn device() -> Value {
    let asked = [
        ("client_id", text("The client, where it proves itself by nothing.")),
        ("scope", text("What is asked for: names with spaces between.")),
        ("resource", text("The API, by audience (RFC 8707); may be left out where the client has one.")),
    ];
    let answer = [
        ("device_code", text("What the device asks with at the token endpoint.")),
        ("user_code", text("What somebody types.")),
        ("verification_uri", text("Where.")),
        ("verification_uri_complete", text("The same with the code in it.")),
        ("expires_in", seconds("For how long both are good, in seconds.")),
        ("interval", seconds("How long the device waits between two questions, in seconds.")),
    ];
    let answer = object(&answer, &["device_code", "user_code", "verification_uri", "expires_in"]);
    let summary = "Begins what somebody says yes or no to in a browser elsewhere (RFC 8628).";
    operation("post_oauth_device_authorization", summary, &form(&asked, &[]), &answer)
}

/// Who the person of a token is (OpenID Connect Core 1.0 section 5.3).
fn userinfo(method: &str, form: Option<&Value>) -> Value {
    let texts = [
        ("sub", "Who it is: the same as in the ID token."),
        ("name", "Their name, where the token has `profile`."),
        ("preferred_username", "What they sign in with, where the token has `profile`."),
        ("email", "Their address, where the token has `email`."),
    ];
    let mut members: Vec<(&str, Value)> = texts.map(|(name, about)| (name, text(about))).into();
    members.push(("updated_at", seconds("When any of it last changed, where the token has `profile`.")));
    let verified =
        json!({ "type": "boolean", "description": "Whether it is known that the address is theirs, where the token has `email`." });
    members.push(("email_verified", verified));
    let mut operation = operation(
        &format!("{method}_oauth_userinfo"),
        "Says who the person of a token is (OpenID Connect).",
        form.unwrap_or(&Value::Null),
        &with_declared(object(&members, &["sub"])),
    );
    if let Some(operation) = operation.as_object_mut() {
        operation.insert(
            "description".to_owned(),
            json!("For whoever has an access token of a person with the scope `openid`, on the public listener."),
        );
        operation.insert("security".to_owned(), json!([{ "token": [] }]));
        operation.insert("parameters".to_owned(), json!([]));
        if form.is_none() {
            operation.remove("requestBody");
        }
    }
    operation
}

fn in_form() -> Value {
    let token = ("access_token", text("The token, where it is not in `Authorization`."));
    json!({ "content": { "application/x-www-form-urlencoded": { "schema": object(&[token], &[]) } }, "required": false })
}

fn introspect() -> Value {
    let texts = [
        ("scope", "What it may do."),
        ("client_id", "The client that it was issued to; of a key, its client, or the key itself."),
        ("username", "Who it acts for, as people call them."),
        ("token_type", "How it is presented: `Bearer`."),
        ("sub", "Who it acts for."),
        ("iss", "The issuer."),
        ("jti", "Its id."),
        ("sid", "The session that it belongs to."),
        ("gid", "The grant that it belongs to."),
        ("acr", "How its person was authenticated."),
    ];
    let numbers = [
        ("exp", "When it ends."),
        ("iat", "When it was issued; of a key, when it was answered."),
        ("nbf", "When it begins."),
        ("ver", "The version of its claims."),
        ("auth_time", "When its person was authenticated."),
        ("cache_seconds", "Of a key: how long the answer may be remembered."),
    ];
    let one_or_many = json!({ "type": ["string", "array"], "items": { "type": "string" }, "description": "The API that it is for." });
    let mut members: Vec<(&str, Value)> =
        vec![("active", json!({ "type": "boolean", "enum": [true], "description": "It is accepted." })), ("aud", one_or_many)];
    members.extend(texts.map(|(name, about)| (name, text(about))));
    members.extend(numbers.map(|(name, about)| (name, seconds(about))));
    members
        .push(("amr", json!({ "type": "array", "items": { "type": "string" }, "description": "By what its person was authenticated." })));
    members.push((
        "credential",
        json!({ "type": "string", "enum": ["api_key", "personal_access_token"], "description": "What it is, where it is no access token." }),
    ));
    members.push((
        "cnf",
        json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": "The key that it is bound to." }),
    ));
    let inactive =
        json!({ "type": "boolean", "enum": [false], "description": "It is not accepted, or not known, or not the caller's to ask about." });
    let answer = json!({ "anyOf": [with_declared(object(&members, &["active"])), object(&[("active", inactive)], &["active"])] });
    operation("post_oauth_introspect", "Says whether a token or a key is accepted (RFC 7662).", &form(&presented(), &["token"]), &answer)
}

/// Of which claims are declared too, by an API or a client: texts, or lists of them.
fn with_declared(mut schema: Value) -> Value {
    let declared = json!({ "type": ["string", "array"], "items": { "type": "string" }, "description": "A claim that is declared." });
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("additionalProperties".to_owned(), declared);
    }
    schema
}

fn revoke() -> Value {
    let mut operation = operation(
        "post_oauth_revoke",
        "Ends a token or a key that its client hands in (RFC 7009).",
        &form(&presented(), &["token"]),
        &Value::Null,
    );
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        responses.insert("200".to_owned(), json!({ "description": "It is over, or it was none." }));
    }
    operation
}

fn presented() -> [(&'static str, Value); 2] {
    let hint =
        json!({ "type": "string", "description": "What it may be; looked for among all kinds in any case.", "examples": ["access_token"] });
    [("token", text("The token or key.")), ("token_type_hint", hint)]
}

fn described() -> Value {
    let texts = [
        "issuer",
        "authorization_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "end_session_endpoint",
        "jwks_uri",
        "revocation_endpoint",
        "introspection_endpoint",
        "service_documentation",
        "jeton_revocation_feed",
    ];
    let lists = [
        "scopes_supported",
        "response_types_supported",
        "response_modes_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "code_challenge_methods_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
        "acr_values_supported",
        "prompt_values_supported",
        "ui_locales_supported",
    ];
    let answers = [
        "authorization_response_iss_parameter_supported",
        "claims_parameter_supported",
        "require_pushed_authorization_requests",
        "request_parameter_supported",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
        "request_uri_parameter_supported",
    ];
    let mut members: Vec<(&str, Value)> = texts.map(|name| (name, text("As RFC 8414 says."))).into();
    members.extend(lists.map(|name| (name, json!({ "type": "array", "items": { "type": "string" }, "description": "As RFC 8414 says." }))));
    members
        .extend(answers.map(|name| (name, json!({ "type": "boolean", "description": "As OpenID Connect Discovery and RFC 9207 say." }))));
    object(&members, &["issuer", "token_endpoint", "jwks_uri"])
}

fn published(id: &str, summary: &str, answer: &Value) -> Value {
    json!({
        "operationId": id,
        "tags": ["oauth"],
        "summary": summary,
        "description": "For anybody, on the public listener.",
        "parameters": [],
        "servers": [{ "url": "/", "description": "The URL of the issuer." }],
        "security": [],
        "responses": {
            "200": { "description": "It is told.", "content": { "application/json": { "schema": answer } } },
            "default": { "$ref": ERROR },
        },
    })
}

fn operation(id: &str, summary: &str, form: &Value, answer: &Value) -> Value {
    json!({
        "operationId": id,
        "tags": ["oauth"],
        "summary": summary,
        "description": "For clients, on the public listener, which prove themselves in `Authorization` or in the form.",
        "servers": [{ "url": "/", "description": "The URL of the issuer." }],
        "security": [{ "client": [] }, {}],
        "requestBody": form,
        "responses": {
            "200": { "description": "It is done.", "content": { "application/json": { "schema": answer } } },
            "default": { "$ref": ERROR },
        },
    })
}

fn object(members: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn seconds(about: &str) -> Value {
    json!({ "type": "integer", "description": about })
}
