//! A right body, or several, of each row that takes one: together they have every member.

use jeton_http::api::{Access, Route};
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_oauth::usage_report::Proof;
use jeton_oauth::{UsageReport, usage_report};
use jeton_testkit::world::manage::jwks_of;
use serde_json::{Value, json};

use super::furnished::{Furnished, ORDERS};
use super::rows;

/// A request that is right.
pub(super) struct Right {
    pub(super) row: &'static Route,
    pub(super) by: By,
    /// Where it is not the row's with the usual names.
    pub(super) path: Option<String>,
    pub(super) body: Value,
    /// What it is answered with.
    pub(super) status: u16,
    /// The server does not name the members that it knows.
    pub(super) names_no_members: bool,
    /// Places where the text is a secret of any form, or each item is answered by itself; and what is answered then.
    other: &'static [(&'static str, u16)],
    /// Places that take a time as a text or a number.
    times: &'static [&'static str],
}

/// Who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Whoever owns the process, over the socket.
    Socket,
    /// A client by its header, or by members of the body.
    Client,
    ClientInBody,
    /// A key.
    Key,
}

impl By {
    pub(super) fn is_client(self) -> bool {
        matches!(self, By::Client | By::ClientInBody)
    }
}

impl Right {
    pub(super) fn may_answer(&self, pointer: &str) -> &'static [u16] {
        let found = self.other.iter().find(|(place, _)| pointer.starts_with(place) && !pointer.is_empty());
        match found.map(|(_, status)| status) {
            Some(200) => &[200],
            _ => &[],
        }
    }

    pub(super) fn is_time(&self, pointer: &str) -> bool {
        self.times.contains(&pointer)
    }

    fn of(name: &str, body: Value) -> Right {
        let is_named = |row: &&Route| format!("{} {}", row.method.name(), row.path) == name;
        let row = rows().find(is_named).unwrap_or_else(|| panic!("there is no row {name}"));
        Right { row, by: by_whom(row), path: None, body, status: 200, names_no_members: false, other: &[], times: &[] }
    }

    fn by(self, by: By) -> Right {
        Right { by, ..self }
    }

    fn at(self, path: impl Into<String>) -> Right {
        Right { path: Some(path.into()), ..self }
    }

    fn status(self, status: u16) -> Right {
        Right { status, ..self }
    }

    fn or(self, other: &'static [(&'static str, u16)]) -> Right {
        Right { other, ..self }
    }

    fn times(self, times: &'static [&'static str]) -> Right {
        Right { times, ..self }
    }
}

/// Who a row is for.
pub(super) fn by_whom(row: &Route) -> By {
    match row.access {
        Access::KeyItself => By::Key,
        Access::Client => By::Client,
        Access::Permission(_) | Access::AnyOf(_) | Access::Administrator | Access::ClientOr(_) | Access::Anyone => By::Socket,
    }
}

pub(super) fn rights(furnished: &Furnished) -> Vec<Right> {
    [apis_and_clients(), people(), keys(furnished), checks(furnished), policies(furnished), ends(furnished), reports(furnished)]
        .into_iter()
        .flatten()
        .collect()
}

fn apis_and_clients() -> Vec<Right> {
    let scopes = json!({"orders:read": "Read orders", "orders:write": "Write orders"});
    let mut api = json!({
        "name": "Orders", "scopes": scopes, "default_scope": "orders:read", "access_token_lifetime_seconds": 600, "token_format": "jwt",
        "signing_alg": "ES256", "claims": {"region": "text:eu"},
    });
    let mut change = api.clone();
    change["dry_run"] = json!(false);
    let changed = Right::of("PATCH /apis/{api}", change);
    api["audience"] = json!("https://stock.example");
    let mut client = json!({
        "name": "shop", "token_endpoint_auth_method": "client_secret_basic", "audiences": [ORDERS], "scope": "orders:read",
        "may_introspect": true, "contact": "Ada Example",
    });
    let updated = Right::of("PATCH /clients/{client}", client.clone());
    client["grant_types"] = json!(["client_credentials"]);
    let key = SigningKey::generate(Algorithm::Es256).unwrap().to_jwk().unwrap();
    let jwks: Value = serde_json::from_str(&jwks_of([key])).unwrap();
    let signing = json!({"name": "signer", "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks});
    let shop = json!({
        "name": "webshop", "audiences": [ORDERS], "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://webshop.example/callback"], "post_logout_redirect_uris": ["https://webshop.example/bye"],
        "backchannel_logout_uri": "https://webshop.example/signed-out",
        "application_type": "web", "rotates_refresh_tokens": true,
        "refresh_window_seconds": 30, "require_pushed_authorization_requests": true, "pkce": "required", "consent": "waived",
        "id_token_signed_response_alg": "ES256", "owner": "user:ada",
        "claims": {"teams": "groups"},
    });
    let mut of_other = shop.clone();
    of_other["token_endpoint_auth_method"] = json!("client_secret_post");
    of_other["pkce"] = json!("optional");
    vec![
        Right::of("POST /apis", api).status(201),
        changed,
        Right::of("DELETE /apis/{api}", json!({"dry_run": false})),
        Right::of("POST /clients", client).status(201),
        Right::of("POST /clients", signing.clone()).status(201),
        updated,
        Right::of("POST /clients", shop.clone()).status(201),
        Right::of("PATCH /clients/{client}", signing),
        Right::of("PATCH /clients/{client}", of_other),
        Right::of("POST /clients/{client}/secrets", json!({"expires_in_seconds": 3_600, "overlap_seconds": 60})).status(201),
        Right::of("POST /clients/{client}/secrets/{secret}/suspend", json!({"why": "leaked"})).status(204),
        Right::of("DELETE /clients/{client}/secrets/{secret}", json!({"why": "leaked"})).status(204),
    ]
}

fn people() -> Vec<Right> {
    let person =
        json!({"username": "eve", "name": "Eve Example", "email": "eve@example.org", "email_verified": true, "attributes": {"room": "7"}});
    let foreign = json!({
        "username": "grace", "name": "Grace Example", "email": "grace@example.org", "email_verified": true, "disabled": false,
        "password_hash": "$2b$08$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", "groups": ["billing"], "roles": ["clerk"], "attributes": {"room": "7"},
    });
    let group = json!({"name": "shipping", "description": "Who ships"});
    let mut role = json!({"name": "packer", "description": "Who packs", "scope": "orders:read"});
    let changed = Right::of("PATCH /roles/{role}", role.clone());
    role["audience"] = json!(ORDERS);
    let settings = json!({
        "title": "Another", "client_id": "jeton", "client_secret": "s3cret", "domains": ["example.com"], "creates_users": true,
        "role_claim": "groups", "roles": {"sellers": "clerk"},
    });
    let mut provider = settings.clone();
    provider["name"] = json!("another");
    provider["issuer"] = json!("https://another.example");
    let administrator = json!({"username": "eve", "role": "auditor", "expires_in_seconds": 3_600, "allow_ip": ["192.0.2.0/24"]});
    vec![
        Right::of("POST /users/{user}/invitation", json!({"email": "bob@example.org", "name": "Bob Example"})),
        Right::of("POST /imports/users", json!({"users": [foreign], "dry_run": false})).or(&[("/users/0/", 200)]),
        Right::of("POST /exports/users", json!({"after": "aaa", "without_passwords": false})),
        Right::of("PUT /users/{user}/password", json!({"password": "correct horse battery"})).status(204),
        Right::of("POST /users", person.clone()).status(201),
        Right::of("PATCH /users/{user}", person),
        Right::of("POST /users/{user}/disable", json!({"why": "case 4711", "dry_run": false})),
        Right::of("POST /users/{user}/enable", json!({})),
        Right::of("POST /users/{user}/unlock", json!({})),
        Right::of("POST /users/{user}/reset-mfa", json!({})),
        Right::of("POST /users/{user}/reset-passkeys", json!({})),
        Right::of("POST /users/{user}/erase", json!({"dry_run": true})),
        Right::of("DELETE /users/{user}", json!({"revoke_owned": true, "dry_run": true})),
        Right::of("DELETE /users/{user}", json!({"transfer_to": "group:billing", "dry_run": true})),
        Right::of("DELETE /sessions/{session}", json!({"why": "leaked"})),
        Right::of("DELETE /users/{user}/consents/{client}", json!({"why": "leaked"})),
        Right::of("DELETE /grants/{grant}", json!({"why": "leaked"})),
        Right::of("POST /groups", group.clone()).status(201),
        Right::of("PATCH /groups/{group}", group),
        Right::of("POST /providers", provider).status(201),
        Right::of("PATCH /providers/{provider}", settings),
        Right::of("POST /roles", role).status(201),
        changed,
        Right::of("POST /administrators", administrator).status(201),
    ]
}

fn keys(furnished: &Furnished) -> Vec<Right> {
    let limits = json!({
        "name": "till", "note": "for the till", "metadata": {"shop": "7"}, "scope": "orders:read", "allow_ip": ["192.0.2.0/24"],
        "rate_limit": {"count": 5, "period_seconds": 60}, "max_uses": 10, "expires_in_seconds": 3_600,
    });
    let with = |more: Value| {
        let mut body = limits.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let exception = json!({"owner": "Ada", "reason": "replaced in May", "ends_at": furnished.day(390)});
    let beyond = json!({"owner": "external:acme", "audience": ORDERS, "name": "till", "exception": exception});
    let mut foreign = with(json!({
        "sha256": "992621cb15795f3e17e7e637aad64ef2cacf8471091104c0153e98355c520261", "owner": "external:acme", "environment": "live",
        "expires_at": furnished.day(20), "client": "worker",
    }));
    foreign.as_object_mut().unwrap().remove("expires_in_seconds");
    let rotation = json!({"overlap_seconds": 60, "expires_in_seconds": 3_600});
    let created = with(json!({"owner": "external:acme", "audience": ORDERS, "environment": "live", "client": "worker"}));
    let import = json!({"audience": ORDERS, "keys": [foreign], "dry_run": false});
    vec![
        Right::of("POST /keys", created).status(201),
        Right::of("POST /keys", beyond).status(201).times(&["/exception/ends_at"]),
        Right::of("POST /keys", json!({"like": furnished.name("key"), "name": "another till"})).status(201),
        Right::of("POST /keys/lookup", json!({"key": furnished.key})).or(&[("/key", 200)]),
        Right::of("POST /keys/explain", json!({"key": furnished.key, "client_ip": "192.0.2.7"})).or(&[("/key", 200)]),
        Right::of("PATCH /keys/{key}", limits.clone()),
        Right::of("POST /keys/{key}/rotate", rotation.clone()),
        Right::of("POST /keys/self/rotate", rotation),
        Right::of("POST /keys/{key}/transfer", json!({"owner": "external:acme", "client": "worker"})),
        Right::of("POST /keys/{key}/suspend", json!({"why": "leaked"})),
        Right::of("DELETE /keys/{key}", json!({"why": "leaked"})),
        Right::of("POST /keys/import", import).or(&[("/keys/0/", 200)]),
    ]
}

/// A key's text is compared, and an agent's read as far as it goes.
const CHECKED: &[(&str, u16)] = &[("/key", 200), ("/user_agent", 200)];

fn checks(furnished: &Furnished) -> Vec<Right> {
    let check =
        json!({"key": furnished.key, "scope": "orders:read", "client_ip": "192.0.2.7", "environment": "live", "user_agent": "curl/8.5"});
    let mut proved = check.clone();
    proved["client_id"] = json!(furnished.poster.id);
    proved["client_secret"] = json!(furnished.poster.secret);
    let mut asserted = check.clone();
    asserted["client_assertion_type"] = json!("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    asserted["client_assertion"] = json!("eyJhbGciOiJub25lIn0.e30.");
    vec![
        Right::of("POST /keys/verify", check.clone()).or(CHECKED),
        Right::of("POST /keys/verify", check).by(By::Client).or(CHECKED),
        Right::of("POST /keys/verify", proved).by(By::ClientInBody).or(CHECKED),
        Right::of("POST /keys/verify", asserted).by(By::ClientInBody).status(401),
        Right::of("POST /tokens", json!({"client": "worker", "scope": "orders:read", "resource": ORDERS})).status(201),
        Right::of("POST /tokens/{token}/suspend", json!({"why": "leaked"})),
        Right::of("POST /tokens/introspect", json!({"token": furnished.token})).or(&[("/token", 200)]),
        Right::of("POST /tokens/explain", json!({"token": furnished.token})).or(&[("/token", 200)]),
        Right::of("POST /check", json!({"full": true})),
        // A world makes no backups.
        Right::of("POST /backups/receipts", json!({"receipt": "jeton drill"})).status(409),
    ]
}

fn policies(furnished: &Furnished) -> Vec<Right> {
    let set = json!({"client": "worker", "default_seconds": 3_600, "max_seconds": 7_200, "idle_seconds": 86_400, "dry_run": false});
    let of_api = json!({"api": ORDERS, "max_seconds": 600});
    let mut exception = json!({"owner": "Ada", "reason": "replaced in May", "ends_at": furnished.day(390)});
    let mut of_secret = exception.clone();
    of_secret["client"] = json!("worker");
    of_secret["secret"] = json!(furnished.name("secret"));
    exception["key"] = json!(furnished.name("key"));
    exception["ends_at"] = json!(furnished.world.now() + 390 * 86_400);
    vec![
        Right::of("PUT /policies/{kind}", set.clone()),
        Right::of("PATCH /policies/{kind}", set),
        Right::of("PUT /policies/{kind}", of_api.clone()).at("/policies/access_token"),
        Right::of("PATCH /policies/{kind}", of_api).at("/policies/access_token"),
        Right::of("POST /policies/exceptions", of_secret).status(201).times(&["/ends_at"]),
        Right::of("POST /policies/exceptions", exception).status(201).times(&["/ends_at"]),
        Right::of("POST /signing-keys/rotate", json!({"alg": "ES256", "force": true})),
        Right::of("DELETE /signing-keys/{key}", json!({"why": "leaked"})).status(204),
        // A world has no root file.
        Right::of("POST /root-key/rotate", json!({})).status(503),
    ]
}

fn ends(furnished: &Furnished) -> Vec<Right> {
    let rows = ["POST /revocations", "POST /suspensions", "POST /resumptions"];
    let subjects = [
        ("token", furnished.token.as_str()),
        ("id", furnished.name("token")),
        ("key", furnished.name("key")),
        ("client", "worker"),
        ("api", ORDERS),
        ("user", furnished.name("user")),
        ("group", furnished.name("group")),
        ("owner", "external:acme"),
        ("session", furnished.name("session")),
        ("family", furnished.name("grant")),
    ];
    // Everything has a cut-off, and is not suspended.
    let everything = json!({"everything": true, "before": furnished.day(0), "why": "case 4711", "dry_run": false});
    let with = |row: &'static str| {
        let named = subjects.iter().map(move |(name, value)| Right::of(row, json!({*name: value})));
        // There are none of these.
        let nobody = ["session", "family"].map(|name| Right::of(row, json!({name: "0".repeat(32)})).status(404));
        let all = Right::of(row, everything.clone()).times(&["/before"]).status(if row == "POST /revocations" { 200 } else { 400 });
        named.chain(nobody).chain([all]).collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(with).collect()
}

/// A member that is new does not compile here.
fn reports(furnished: &Furnished) -> Vec<Right> {
    let minute = furnished.world.now() / 60 * 60;
    let cell = json!({
        "minute": minute, "subject": "unknown", "outcome": "accepted", "count": 5, "scope": "orders:read", "network": "192.0.2.0/24",
        "agent": "curl/8",
    });
    let report = |proof: Proof| {
        let report = UsageReport {
            verifier: usage_report::VerifierId::from_bytes([7; 16]),
            batch: 1,
            audience: jeton_oauth::Resource::parse(ORDERS).unwrap(),
            dropped: 0,
            items: vec![],
            proof,
        };
        let mut body: Value = serde_json::from_slice(&report.to_json()).unwrap();
        body["items"] = json!([cell]);
        Right { names_no_members: true, ..Right::of("POST /usage/reports", body) }
    };
    let client_id = Some(furnished.poster.id.clone());
    let proved = Proof { client_id, client_secret: Some(furnished.poster.secret.as_str().into()), ..Proof::default() };
    vec![report(Proof::default()), report(proved).by(By::ClientInBody)]
}
