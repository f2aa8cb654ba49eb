//! `POST /keys/verify`: whether a presented key is accepted, for the APIs that it is presented to.

use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use jeton_core::administrator::Needed;
use jeton_core::api::parse_scope_list;
use jeton_core::api_key::environment_name;
use jeton_core::api_key::verify::Code;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Moment;
use jeton_core::permission::Permission;
use jeton_oauth::ScopeSet;
use jeton_oauth::usage_report::Proof;
use jeton_service::Service;
use jeton_service::keys::verify::{CheckedBy, KeyAnswer, KeyCheck};
use jeton_token::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shown::metadata;
use crate::api::administrator::{Presented, authorize, by, is_of_administrator};
use crate::api::answer::{Answer, ok_written, written};
use crate::api::body::{Body, parse_flat, read};
use crate::api::client_proof::authenticate;
use crate::api::management::Management;
use crate::api::names::{CodeName, ShownEnvironment};
use crate::api::problem::Problem;
use crate::api::query::only_knows;
use crate::api::rfc3339;
use crate::api::route::{About, Access, Repeats, Route, Verb};
use crate::api::secret_text::SecretText;
use crate::observe::{AskedBy, Endpoint, Observer};
use crate::seen::{self, Seen};

pub(crate) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/keys/verify"),
    Access::ClientOr(Permission::KeysVerify),
    Repeats::ByNature,
    |at| match at.place.is_for_administrators() {
        true => at.on(for_whoever),
        false => at.on(for_clients),
    },
    About::new("keys", "Tells whether a key that was presented is accepted.").takes::<ClientCheck>().answers::<Checked<'_>>(),
)];

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CheckKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// The text that was presented.
    #[schemars(with = "String")]
    key: SecretText,
    /// What it must be allowed to do: names with spaces between.
    scope: Option<String>,
    /// The address of whoever presented it, for its networks.
    client_ip: Option<IpAddr>,
    /// The agent that presented it, as its `User-Agent` says: told by usage.
    user_agent: Option<String>,
    /// Where it must belong; `live` if left out.
    #[serde(default)]
    environment: WantedEnvironment,
}

/// The same from a client, which may prove itself in the body.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CheckKeyAsClient")]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientCheck {
    /// The text that was presented.
    #[schemars(with = "String")]
    key: SecretText,
    /// What it must be allowed to do: names with spaces between.
    scope: Option<String>,
    /// The address of whoever presented it, for its networks.
    client_ip: Option<IpAddr>,
    /// The agent that presented it, as its `User-Agent` says: told by usage.
    user_agent: Option<String>,
    /// Where it must belong; `live` if left out.
    #[serde(default)]
    environment: WantedEnvironment,
    /// The client that asks, where it does not prove itself in `Authorization`.
    client_id: Option<String>,
    /// The secret of the client that asks.
    #[schemars(with = "Option<String>")]
    client_secret: Option<SecretText>,
    /// What kind of assertion it is: `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: Option<String>,
    /// A signed assertion of the client (RFC 7523).
    #[schemars(with = "Option<String>")]
    client_assertion: Option<SecretText>,
}

/// Where a key must belong. A test key is no key where nobody asks for one.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WantedEnvironment {
    #[default]
    Live,
    Test,
    Any,
}

/// What is answered: always with 200, since the question was understood.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "KeyCheck")]
struct Checked<'a> {
    /// `valid`, or why it is not accepted: a code that never changes.
    #[schemars(with = "CodeName")]
    code: &'static str,
    /// Whether it is accepted.
    valid: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    key: Option<CheckedKey<'a>>,
    /// What is left of its rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<RateLeft>,
    /// What is left of its uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<UsesLeft>,
    /// How long the answer may be kept.
    cache_seconds: u32,
}

/// What whoever asks may know of a key.
#[derive(JsonSchema, Serialize)]
struct CheckedKey<'a> {
    /// The id of the key.
    #[schemars(with = "String")]
    key_id: ApiKeyId,
    /// Whose it is: `client:ID`, `group:ID`, `user:ID` or `external:TEXT`.
    owner: String,
    /// The API that it is for, by audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<&'a str>,
    /// What it may do: names with spaces between.
    scope: &'a str,
    /// Its name.
    name: &'a str,
    /// What its owner keeps beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<serde_json::Value>,
    /// Where it may be used: `live` or `test`.
    #[schemars(with = "ShownEnvironment")]
    environment: &'static str,
    /// When it ends.
    expires_at: String,
}

/// What is left of a rate; with when to come back where nothing is.
#[derive(JsonSchema, Serialize)]
struct RateLeft {
    /// How many uses there are in a period.
    limit: u32,
    /// How many are left.
    remaining: u32,
    /// In how many seconds all of them are there again.
    reset_seconds: i64,
    /// In how many seconds the next use is there; absent where there is one now.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_seconds: Option<i64>,
}

/// What is left of a number of uses.
#[derive(JsonSchema, Serialize)]
struct UsesLeft {
    /// How many uses there are in all.
    limit: i64,
    /// How many are left.
    remaining: i64,
}

impl ClientCheck {
    fn proof(&self) -> Proof {
        Proof {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.as_ref().map(|text| text.0.clone()),
            client_assertion_type: self.client_assertion_type.clone(),
            client_assertion: self.client_assertion.as_ref().map(|text| text.0.clone()),
        }
    }
}

/// Checks a key for whoever asks: who administers presents a bearer token or comes over the socket, a client comes otherwise.
async fn for_whoever(State(management): State<Arc<Management>>, mut request: Request) -> Response {
    match is_of_administrator(&request) {
        // Boxed: the much more frequent checks by clients would carry what it needs.
        true => Box::pin(for_administrators(management, request)).await,
        false => by_client(&management, &mut request).await,
    }
}

async fn for_administrators(management: Arc<Management>, request: Request) -> Response {
    let presented = Presented::of(&request, &management.observer);
    let (needed, requests) = (Needed::One(Permission::KeysVerify), management.observer.requests.clone());
    let begun = requests.begin();
    let response = match authorize(&management, needed, presented).await {
        Ok(administrator) => by(administrator.actor, of_administrator(&management.service, request).await.into_response()),
        Err(denied) => denied.into_response(),
    };
    requests.count(Endpoint::Management, begun, &response);
    requests.count_key_check(AskedBy::Administrator, seen::outcome(&response));
    response
}

async fn of_administrator(service: &Service, request: Request) -> Answer {
    let Body(check) = Body::<Check>::from_request(request, &()).await?;
    let mut seen = Seen::default();
    let mut response = answer(service, CheckedBy::Administrator, &check, &mut seen, &service.moments().now()).await?;
    seen::note(&mut response, |noted| noted.learn(seen));
    Ok(response)
}

/// Checks a key for a client that may introspect.
async fn for_clients(State(management): State<Arc<Management>>, mut request: Request) -> Response {
    by_client(&management, &mut request).await
}

/// The request comes by reference: each future that held it would be larger by it.
async fn by_client(Management { service, observer, .. }: &Management, request: &mut Request) -> Response {
    let begun = observer.requests.begin();
    let mut seen = Seen::default();
    let mut response = asked_by_client(service, observer, &mut seen, request).await.unwrap_or_else(Problem::into_response);
    observer.requests.count(Endpoint::KeyCheck, begun, &response);
    observer.requests.count_key_check(AskedBy::Client, seen.outcome.or_else(|| seen::outcome(&response)));
    // Nobody else reads it: it costs some allocations.
    if observer.access_log.is_some() {
        seen::note(&mut response, |noted| noted.learn(seen));
    }
    response
}

async fn asked_by_client(service: &Service, observer: &Observer, seen: &mut Seen, request: &mut Request) -> Answer {
    only_knows(request.uri(), &[])?;
    let body = mem::take(request.body_mut());
    let check: ClientCheck = parse_flat(&read(request.headers(), body).await?)?;
    let moment = service.moments().now();
    let client = authenticate(service, observer, (request.headers(), request.extensions()), &check.proof(), &moment)?;
    seen.client = Some(client.entry.client.record.id.clone());
    service.spend(&client, &moment).await?;
    let ClientCheck { key, scope, client_ip, user_agent, environment, .. } = check;
    let check = Check { key, scope, client_ip, user_agent, environment };
    answer(service, CheckedBy::Client(&client.entry.client.record), &check, seen, &moment).await
}

async fn answer(service: &Service, by: CheckedBy<'_>, check: &Check, seen: &mut Seen, moment: &Moment) -> Answer {
    let scopes: Option<ScopeSet> = check.scope.as_deref().map(parse_scope_list).transpose().map_err(|error| {
        let detail = format!("the scopes that the key must allow: {error}");
        Problem::invalid(detail, "write the names of scopes with spaces between them")
    })?;
    let asked = KeyCheck {
        text: check.key.0.expose(),
        scopes: scopes.as_ref(),
        client_ip: check.client_ip,
        agent: check.user_agent.as_deref(),
        environment: match check.environment {
            WantedEnvironment::Live => Some(Environment::Live),
            WantedEnvironment::Test => Some(Environment::Test),
            WantedEnvironment::Any => None,
        },
    };
    let answered = service.check_key(by, &asked, moment).await?;
    seen.outcome = Some(answered.code.name());
    let body = match answered.accepted_without_limits() {
        Some(key) => key.judged.acceptance(key.slot, key.expires_at, || written(&Checked::of(&answered)))?,
        None => written(&Checked::of(&answered))?.into(),
    };
    Ok(ok_written(body))
}

impl Checked<'_> {
    fn of(answer: &KeyAnswer) -> Checked<'_> {
        Checked {
            code: answer.code.name(),
            valid: answer.code == Code::Valid,
            key: answer.key.as_ref().map(|checked| {
                let key = &checked.entry.key.record;
                CheckedKey {
                    key_id: key.id,
                    owner: key.owner.to_string(),
                    audience: checked.judged.api.as_ref().map(|api| &*api.record.audience),
                    scope: checked.judged.scopes.as_str(),
                    name: &key.name,
                    metadata: metadata(&key.metadata),
                    environment: environment_name(key.environment),
                    expires_at: rfc3339::format(checked.expires_at),
                }
            }),
            rate: answer.rate.as_ref().map(|left| RateLeft {
                limit: left.limit.count(),
                remaining: left.rate.remaining,
                reset_seconds: left.rate.reset_seconds,
                retry_seconds: (!left.rate.allowed).then_some(left.rate.retry_seconds),
            }),
            uses: answer.uses.as_ref().map(|left| UsesLeft { limit: left.limit, remaining: left.remaining }),
            cache_seconds: answer.cache_seconds,
        }
    }
}
