//! `/clients/{client}/secrets`: made, listed, ended. Their text is in the answer that makes them and nowhere else.

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::administrator::Administrator;
use jeton_core::api_key::state::State as KeptState;
use jeton_core::client::secret::{ClientSecret, CreateSecret};
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, SecretId};
use jeton_core::permission::Permission;
use jeton_core::policy::idle::Idle;
use jeton_core::usage::Subject;
use jeton_core::why::{Because, Why};
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::usage::remember::SubjectUses;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, no_content, ok};
use super::blocking::blocking;
use super::body::Body;
use super::ending::End;
use super::fresh_secret::FreshSecret;
use super::management::Management;
use super::names::SecretState;
use super::once::Once;
use super::page::{Listing, newest_first};
use super::problem::{Problem, ProblemKind};
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;
use super::used::Used;

const READ: Access = Access::Permission(Permission::ClientsRead);
const WRITE: Access = Access::Permission(Permission::ClientsWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/clients/{client}/secrets"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("clients", "Lists the secrets of a client, without their text.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/clients/{client}/secrets"),
        WRITE,
        Repeats::Remembered,
        |at| at.on(create),
        About::new("clients", "Makes a secret for a client; its text is shown this once.").takes::<Create>().makes::<FreshSecret<'_>>(),
    ),
    Route::new(
        (Verb::Delete, "/clients/{client}/secrets/{secret}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(revoke),
        About::new("clients", "Ends a secret of a client.").takes::<End>().only_does(),
    ),
    Route::new(
        (Verb::Post, "/clients/{client}/secrets/{secret}/suspend"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(suspend),
        About::new("clients", "Refuses a secret of a client until it is resumed.").takes::<End>().only_does(),
    ),
    Route::new(
        (Verb::Post, "/clients/{client}/secrets/{secret}/resume"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(resume),
        About::new("clients", "Accepts a suspended secret of a client again.").only_does(),
    ),
];

const LOOK: &str = "list the clients and their secrets: `jeton client list`, `jeton client secret list CLIENT`";
const ANOTHER: &str = "make another one: `jeton client secret create CLIENT`";

/// A secret, as it is answered: all but the secret.
#[derive(Clone, JsonSchema, Serialize)]
#[schemars(rename = "ClientSecret")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: SecretId,
    /// When it was made.
    created_at: String,
    /// When it ends.
    expires_at: String,
    /// Whether it is accepted.
    is_live: bool,
    /// `live`, `suspended` until it, or its client, is resumed, or `ended`.
    #[schemars(with = "SecretState")]
    state: &'static str,
    /// Why it is not accepted; with when and by whom, where somebody ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// When somebody ended or suspended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// Who ended or suspended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    ended_by: Option<Actor>,
    /// When the client proved itself with it.
    #[serde(flatten)]
    used: Used,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateClientSecret")]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// How long it lives from now; as the policy says if left out.
    expires_in_seconds: Option<i64>,
    /// How long the secret before is accepted beside the new one.
    overlap_seconds: Option<i64>,
}

async fn list(State(Management { service, .. }): State<Management>, Target(client): Target<String>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let entry = service.find_client(&client).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    let (now_seconds, reader) = (service.moments().time().seconds(), service.clone());
    let shown = blocking(move || {
        let uses = reader.subject_uses()?;
        let mut secrets: Vec<&ClientSecret> = entry.secrets.iter().map(|secret| &secret.record).collect();
        secrets.sort_by_cached_key(|secret| place_of(secret));
        let shown = |secret: &ClientSecret| Ok((place_of(secret), Shown::at(secret, &reader, now_seconds, &uses)?));
        secrets.into_iter().map(shown).collect::<Result<Vec<_>, Failure>>()
    });
    ok(&listing.sorted(&shown.await??, |(place, _)| place.clone(), |(_, shown)| shown.clone())?)
}

async fn create(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(client): Target<String>,
    Once { body: create, repeat }: Once<Create>,
) -> Answer {
    let request = CreateSecret { expires_in_seconds: create.expires_in_seconds, overlap_seconds: create.overlap_seconds };
    let made = service.create_client_secret(&client, request, &by, &repeat.moment(&service)).await;
    let full = "list its secrets and end one: `jeton client secret list CLIENT`, `jeton client secret revoke CLIENT SECRET`; \
                a client that signs has keys instead: `jeton client update CLIENT --jwks FILE`";
    created(&FreshSecret::from(&made.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, full))?))
}

async fn revoke(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target((client, secret)): Target<(String, String)>,
    Body(end): Body<End>,
) -> Answer {
    let revoked = service.revoke_client_secret((&client, &secret), end.why()?, &actor, &service.moments().now()).await;
    revoked.map_err(|failure| Problem::from(failure).look(LOOK))?;
    no_content()
}

async fn suspend(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target((client, secret)): Target<(String, String)>,
    Body(end): Body<End>,
) -> Answer {
    let suspended = service.suspend_client_secret((&client, &secret), end.why()?, &actor, &service.moments().now()).await;
    suspended.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, ANOTHER))?;
    no_content()
}

async fn resume(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target((client, secret)): Target<(String, String)>,
) -> Answer {
    let resumed = service.resume_client_secret((&client, &secret), &by, &service.moments().now()).await;
    resumed.map_err(|failure| Problem::from(failure).look(LOOK).advise(ProblemKind::Conflict, ANOTHER))?;
    no_content()
}

/// Where a secret stands among others: the newest first.
fn place_of(secret: &ClientSecret) -> String {
    newest_first(secret.created_at, secret.id.as_str())
}

impl Shown {
    fn at(secret: &ClientSecret, service: &Service, now_seconds: i64, uses: &SubjectUses<'_>) -> Result<Shown, Failure> {
        let policies = service.registry().policies();
        let idle = secret.idle(&policies, service.secret_used(secret), now_seconds);
        let ended = match &secret.state {
            KeptState::Active => None,
            KeptState::Suspended(ended) | KeptState::Revoked(ended) => Some(ended),
        };
        let (state, why): (_, Option<Because>) = match (&secret.state, idle) {
            _ if secret.has_ended(&policies, now_seconds) => ("ended", ended.map(|ended| ended.why.clone())),
            (_, Idle::Revoked) => ("ended", Some(Why::Idle.into())),
            (KeptState::Suspended(ended), _) => ("suspended", Some(ended.why.clone())),
            (_, Idle::Suspended) => ("suspended", Some(Why::Idle.into())),
            _ if service.registry().suspended_since(CutOffSubject::Client, &secret.client.0).is_some() => ("suspended", None),
            _ => ("live", None),
        };
        Ok(Shown {
            id: secret.id.clone(),
            created_at: rfc3339::format(secret.created_at),
            expires_at: rfc3339::format(secret.ends_at(&policies)),
            is_live: state == "live",
            state,
            why: why.map(|why| why.as_str().to_owned()),
            ended_at: ended.map(|ended| rfc3339::format(ended.at)),
            ended_by: ended.map(|ended| ended.by.clone()),
            used: Used::of(&Subject::Secret(secret.id.clone()), uses)?,
        })
    }
}
