//! `/clients`: registered, changed, removed, listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::api::Api;
use jeton_core::client::asking::{Asking, ID_TOKEN_ALGORITHM};
use jeton_core::client::create::CreateClient;
use jeton_core::client::update::UpdateClient;
use jeton_core::client::{AuthenticationMethod, Client};
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, ClientId};
use jeton_core::permission::Permission;
use jeton_core::record::Versioned;
use jeton_core::usage::Subject;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::registry::clients::ClientEntry;
use jeton_service::usage::remember::SubjectUses;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::{Answer, created, no_content, ok};
use super::blocking::blocking;
use super::body::Body;
use super::fresh_secret::FreshSecret;
use super::management::Management;
use super::names::{self, ApplicationName, AuthenticationMethodName, ConsentName, GrantTypeName, IdTokenAlgorithmName, PkceName};
use super::once::Once;
use super::page::Listing;
use super::parameter::Parameter;
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::sought::Sought;
use super::suspended::{Standing, state_of_subject};
use super::target::Target;
use super::used::Used;

const READ: Access = Access::Permission(Permission::ClientsRead);
const WRITE: Access = Access::Permission(Permission::ClientsWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/clients"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("clients", "Lists the clients.").asks(PARAMETERS).lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/clients"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("clients", "Registers a client.").takes::<Create>().makes::<Created<'_>>(),
    ),
    Route::new(
        (Verb::Get, "/clients/{client}"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("clients", "Shows a client.").answers::<Shown>(),
    ),
    Route::new(
        (Verb::Patch, "/clients/{client}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(update),
        About::new("clients", "Changes a client.").takes::<Update>().answers::<Shown>(),
    ),
    Route::new(
        (Verb::Delete, "/clients/{client}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(remove),
        About::new("clients", "Removes a client, its secrets and its tokens.").only_does(),
    ),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("search", "Only those with these beginnings of words in their name, contact or id."),
    Parameter::one_of("state", "Only those that stand so: `active` or `suspended`.", names::subject_states),
];
const LOOK: &str = "list the clients and the APIs: `jeton client list`, `jeton api list`";
const LOOK_OWNER: &str = "list the users and the groups: `jeton user list`, `jeton group list`";
const TAKEN: &str =
    "choose another name; or use the client there is: `jeton client show NAME`, and `jeton client secret create NAME` for another secret";

/// A client, as it is answered.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Client")]
struct Shown {
    /// The id of the client.
    #[schemars(with = "String")]
    client_id: ClientId,
    /// Its name.
    name: Arc<str>,
    /// The grant types that it may use.
    #[schemars(with = "Vec<GrantTypeName>")]
    grant_types: Vec<&'static str>,
    /// How it proves itself: `client_secret_basic`, `client_secret_post` or `private_key_jwt`; `none`: it cannot.
    #[schemars(with = "AuthenticationMethodName")]
    token_endpoint_auth_method: &'static str,
    /// The public keys that it signs assertions with (RFC 7517).
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<Value>,
    /// The APIs that it may ask tokens for, by audience.
    audiences: Vec<Arc<str>>,
    /// What it may do: names with spaces between.
    scope: String,
    /// Whether it may ask about the tokens and keys of the APIs it has.
    may_introspect: bool,
    /// Whom to ask about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Arc<str>>,
    /// Who answers for it: `user:ID` or `group:ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(flatten)]
    people: Option<ForPeople>,
    #[serde(flatten)]
    standing: Standing,
    /// When it got a token, one of its tokens was active at an API, or it introspected one.
    #[serde(flatten)]
    used: Used,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// What a client is registered with that people sign in to.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ClientForPeople")]
struct ForPeople {
    /// Where people who signed in may be sent back to.
    redirect_uris: Vec<String>,
    /// Where people who signed out may be sent back to.
    post_logout_redirect_uris: Vec<String>,
    /// Where it is told that somebody signed out (OpenID Connect Back-Channel Logout 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<Arc<str>>,
    /// What kind of application it is: `web`, or `native`, which may listen on any port of its own machine.
    #[schemars(with = "ApplicationName")]
    application_type: &'static str,
    /// Whether a refresh token is spent when it is used.
    rotates_refresh_tokens: bool,
    /// How long a spent refresh token is answered as before, in seconds.
    refresh_window_seconds: i64,
    /// Whether it has to hand its authorization requests in first (RFC 9126).
    require_pushed_authorization_requests: bool,
    /// `required`; `optional`: its authorization requests need no challenge (RFC 7636).
    #[schemars(with = "PkceName")]
    pkce: &'static str,
    /// `required`; `waived`: nobody is asked before it gets what it asks for.
    #[schemars(with = "ConsentName")]
    consent: &'static str,
    /// What signs its ID tokens.
    #[schemars(with = "IdTokenAlgorithmName")]
    id_token_signed_response_alg: &'static str,
    /// What its ID tokens, and userinfo, tell beside what is standard: claims, each with its source, `text:WORDS`, `username`, `name`, `email`,
    /// `attribute:NAME` or `groups`.
    claims: BTreeMap<String, String>,
}

/// A client that was just registered, with the secret that is shown this once.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CreatedClient")]
struct Created<'a> {
    #[serde(flatten)]
    client: Shown,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    secret: Option<FreshSecret<'a>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateClient")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// Its name.
    name: String,
    /// The grant types that it may use.
    #[serde(default)]
    #[schemars(with = "Vec<GrantTypeName>")]
    grant_types: Vec<String>,
    /// How it proves itself: `client_secret_basic`, `client_secret_post` or `private_key_jwt`; `none`: it cannot.
    #[schemars(with = "Option<AuthenticationMethodName>")]
    token_endpoint_auth_method: Option<String>,
    /// The public keys that it signs assertions with (RFC 7517).
    jwks: Option<Map<String, Value>>,
    /// The APIs that it may ask tokens for, by audience or id.
    #[serde(default)]
    audiences: Vec<String>,
    /// What it may do: names with spaces between. If left out all that its APIs know, and nothing where it may introspect.
    scope: Option<String>,
    /// Whether it may ask about the tokens and keys of the APIs it has.
    #[serde(default)]
    may_introspect: bool,
    /// Whom to ask about it.
    contact: Option<String>,
    /// Where people who signed in may be sent back to: addresses of `https`, of this machine, or of a scheme of the application's own.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// Where people who signed out may be sent back to: addresses of the same kinds.
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    /// Where it is told that somebody signed out (OpenID Connect Back-Channel Logout 1.0): an address of `https`, or of this machine.
    backchannel_logout_uri: Option<String>,
    /// What kind of application it is: `web` if left out, or `native`, which may listen on any port of its own machine.
    #[schemars(with = "Option<ApplicationName>")]
    application_type: Option<String>,
    /// Whether a refresh token is spent when it is used; if left out it is.
    rotates_refresh_tokens: Option<bool>,
    /// How long a spent refresh token is answered as before, in seconds: 0 to 300; 30 if left out.
    refresh_window_seconds: Option<i64>,
    /// Whether it has to hand its authorization requests in first (RFC 9126).
    #[serde(default)]
    require_pushed_authorization_requests: bool,
    /// `required`; `optional`: its authorization requests need no challenge (RFC 7636). Not of a client that cannot prove who it is.
    #[schemars(with = "Option<PkceName>")]
    pkce: Option<String>,
    /// `required`; `waived`: nobody is asked before it gets what it asks for.
    #[schemars(with = "Option<ConsentName>")]
    consent: Option<String>,
    /// What signs its ID tokens: `RS256`, `ES256` or `EdDSA`.
    #[schemars(with = "Option<IdTokenAlgorithmName>")]
    id_token_signed_response_alg: Option<String>,
    /// Who answers for it: `user:NAME` or `group:NAME`.
    owner: Option<String>,
    /// What its ID tokens, and userinfo, tell beside what is standard: claims, each with its source, `text:WORDS`, `username`, `name`, `email`,
    /// `attribute:NAME` or `groups`.
    #[serde(default)]
    claims: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateClient")]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// Its name.
    name: Option<String>,
    /// How it proves itself: `client_secret_basic`, `client_secret_post` or `private_key_jwt`; `none`: it cannot.
    #[schemars(with = "Option<AuthenticationMethodName>")]
    token_endpoint_auth_method: Option<String>,
    /// The public keys that it signs assertions with (RFC 7517).
    jwks: Option<Map<String, Value>>,
    /// The APIs that it may ask tokens for, by audience or id: they replace those it has.
    audiences: Option<Vec<String>>,
    /// What it may do: names with spaces between, in place of what it may now.
    scope: Option<String>,
    /// Whether it may ask about the tokens and keys of the APIs it has.
    may_introspect: Option<bool>,
    /// An empty one takes it away.
    contact: Option<String>,
    /// The grant types that it may use: they replace those it has.
    #[schemars(with = "Option<Vec<GrantTypeName>>")]
    grant_types: Option<Vec<String>>,
    /// Where people who signed in may be sent back to: they replace those it has.
    redirect_uris: Option<Vec<String>>,
    /// Where people who signed out may be sent back to: they replace those it has.
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Where it is told that somebody signed out (OpenID Connect Back-Channel Logout 1.0); an empty one is nowhere.
    backchannel_logout_uri: Option<String>,
    /// What kind of application it is: `web` or `native`.
    #[schemars(with = "Option<ApplicationName>")]
    application_type: Option<String>,
    /// Whether a refresh token is spent when it is used.
    rotates_refresh_tokens: Option<bool>,
    /// How long a spent refresh token is answered as before, in seconds: 0 to 300.
    refresh_window_seconds: Option<i64>,
    /// Whether it has to hand its authorization requests in first (RFC 9126).
    require_pushed_authorization_requests: Option<bool>,
    /// `required`; `optional`: its authorization requests need no challenge (RFC 7636). Not of a client that cannot prove who it is.
    #[schemars(with = "Option<PkceName>")]
    pkce: Option<String>,
    /// `required`; `waived`: nobody is asked before it gets what it asks for.
    #[schemars(with = "Option<ConsentName>")]
    consent: Option<String>,
    /// What signs its ID tokens: `RS256`, `ES256` or `EdDSA`.
    #[schemars(with = "Option<IdTokenAlgorithmName>")]
    id_token_signed_response_alg: Option<String>,
    /// Who answers for it: `user:NAME` or `group:NAME`; an empty one is nobody.
    owner: Option<String>,
    /// What its ID tokens, and userinfo, tell beside what is standard: they replace those it has.
    claims: Option<BTreeMap<String, String>>,
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let page = blocking(move || {
        let (mut clients, uses) = (service.clients(), service.subject_uses()?);
        let shown = |entry: &Arc<ClientEntry>| {
            let mut shown = Shown::of(&entry.client.record, &service)?;
            shown.read_use(&uses)?;
            Ok::<_, Failure>(shown)
        };
        let listing = Listing::parse(&uri, &service)?;
        let sought = Sought::parse(listing.query(), names::subject_states)?;
        clients.retain(|entry| {
            let Client { id, name, contact, .. } = &entry.client.record;
            let says = [Some(name), contact.as_ref(), Some(&id.0)];
            sought.is_one(|| state_of_subject(&service, CutOffSubject::Client, &id.0), says.into_iter().flatten().map(|text| &**text))
        });
        listing.sorted(&clients, |entry| entry.client.record.name.to_string(), shown)?.read()
    });
    ok(&page.await??)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let owner = create.owner.as_deref().map(|owner| service.named_owner(owner)).transpose();
    let request = CreateClient {
        name: create.name,
        grant_types: create.grant_types,
        authentication: create.token_endpoint_auth_method,
        jwks: create.jwks.map(text),
        scopes: create.scope,
        may_introspect: create.may_introspect,
        contact: create.contact,
        redirect_uris: create.redirect_uris,
        post_logout_redirect_uris: create.post_logout_redirect_uris,
        backchannel_logout_uri: create.backchannel_logout_uri,
        application: create.application_type,
        keeps_refresh_tokens: create.rotates_refresh_tokens == Some(false),
        refresh_window_seconds: create.refresh_window_seconds,
        needs_pushed_requests: create.require_pushed_authorization_requests,
        asking: Asking { pkce: create.pkce, consent: create.consent, id_token_algorithm: create.id_token_signed_response_alg },
        owner: owner.map_err(|refusal| Problem::from(refusal).look(LOOK_OWNER))?,
        claims: create.claims,
    };
    let made = service.create_client(&request, &create.audiences, &by, &repeat.moment(&service)).await;
    let (client, secret) = made.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, TAKEN))?;
    let client = blocking(move || Shown::of(&client, &service)).await??;
    created(&Created { client, secret: secret.as_ref().map(FreshSecret::from) })
}

async fn show(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let entry = service.find_client(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    let shown = blocking(move || {
        let uses = service.subject_uses()?;
        let mut shown = Shown::of(&entry.client.record, &service)?;
        shown.read_use(&uses)?;
        Ok::<_, Problem>(shown)
    });
    ok(&shown.await??)
}

async fn update(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(update): Body<Update>,
) -> Answer {
    let owner = update.owner.as_deref().map(|owner| match owner {
        "" => Ok(None),
        owner => service.named_owner(owner).map(Some),
    });
    let request = UpdateClient {
        name: update.name,
        authentication: update.token_endpoint_auth_method,
        jwks: update.jwks.map(text),
        scopes: update.scope,
        may_introspect: update.may_introspect,
        contact: update.contact,
        grant_types: update.grant_types,
        redirect_uris: update.redirect_uris,
        post_logout_redirect_uris: update.post_logout_redirect_uris,
        backchannel_logout_uri: update.backchannel_logout_uri,
        application: update.application_type,
        keeps_refresh_tokens: update.rotates_refresh_tokens.map(|rotates| !rotates),
        refresh_window_seconds: update.refresh_window_seconds,
        needs_pushed_requests: update.require_pushed_authorization_requests,
        asking: Asking { pkce: update.pkce, consent: update.consent, id_token_algorithm: update.id_token_signed_response_alg },
        owner: owner.transpose().map_err(|refusal| Problem::from(refusal).look(LOOK_OWNER))?,
        claims: update.claims,
    };
    let updated = service.update_client(&name, &request, update.audiences.as_deref(), &by, &service.moments().now()).await;
    let client = updated.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, TAKEN))?;
    ok(&blocking(move || Shown::of(&client, &service)).await??)
}

async fn remove(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
) -> Answer {
    let removed = service.delete_client(&name, &actor, &service.moments().now()).await;
    removed.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

impl Shown {
    fn of(client: &Client, service: &Service) -> Result<Shown, Failure> {
        let apis: Vec<_> = client.apis.iter().filter_map(|id| service.registry().api(id.as_str())).collect();
        Ok(Shown {
            client_id: client.id.clone(),
            name: client.name.clone(),
            grant_types: client.grant_types.iter().map(|grant| grant.name()).collect(),
            token_endpoint_auth_method: client.authentication.name(),
            jwks: client.jwks.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            audiences: apis.iter().map(|api| api.record.audience.clone()).collect(),
            scope: scopes_of(client, &apis),
            may_introspect: client.may_introspect,
            contact: client.contact.clone(),
            owner: client.owner.as_ref().map(ToString::to_string),
            people: ForPeople::of(client),
            standing: Standing::of(service, CutOffSubject::Client, &client.id.0)?,
            used: Used::default(),
            created_at: rfc3339::format(client.created_at),
            updated_at: rfc3339::format(client.updated_at),
        })
    }
}

impl ForPeople {
    /// Nothing, of a client that nobody signs in to.
    fn of(client: &Client) -> Option<ForPeople> {
        let is_for_people = client.grant_types.iter().any(|grant| grant.is_of_person())
            || !client.redirect_uris.is_empty()
            || client.authentication == AuthenticationMethod::None
            || !client.claims.is_empty();
        is_for_people.then(|| ForPeople {
            redirect_uris: client.redirect_uris.iter().map(ToString::to_string).collect(),
            post_logout_redirect_uris: client.post_logout_redirect_uris.iter().map(ToString::to_string).collect(),
            backchannel_logout_uri: client.backchannel_logout_uri.clone(),
            application_type: client.application.name(),
            rotates_refresh_tokens: client.rotates,
            refresh_window_seconds: client.refresh_window(),
            require_pushed_authorization_requests: client.needs_pushed_requests,
            pkce: if client.needs_pkce { "required" } else { "optional" },
            consent: if client.asks_consent { "required" } else { "waived" },
            id_token_signed_response_alg: client.id_token_algorithm.unwrap_or(ID_TOKEN_ALGORITHM).name(),
            claims: client.claims.texts(),
        })
    }
}

impl Shown {
    /// Says when it was used.
    fn read_use(&mut self, uses: &SubjectUses<'_>) -> Result<(), Failure> {
        self.used = Used::of(&Subject::Client(self.client_id.clone()), uses)?;
        Ok(())
    }
}

/// The scopes that a client may have: those of an API that is gone are of no use.
fn scopes_of(client: &Client, apis: &[Arc<Versioned<Api>>]) -> String {
    let is_known = |scope: &&str| apis.iter().any(|api| api.record.scopes.contains_key(*scope));
    client.scopes.iter().filter(is_known).collect::<Vec<_>>().join(" ")
}

/// The key set as the core reads it: a text.
fn text(jwks: Map<String, Value>) -> String {
    Value::Object(jwks).to_string()
}
