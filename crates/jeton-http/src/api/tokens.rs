//! `/tokens`: issued for a client, shown, suspended and resumed.

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::api::parse_scope_list;
use jeton_core::id::CredentialId;
use jeton_core::permission::Permission;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::standing::Standing;
use jeton_core::why::{Because, Why};
use jeton_oauth::resource::Resource;
use jeton_oauth::scope::ScopeSet;
use jeton_oauth::token::ClientCredentialsRequest;
use jeton_service::authenticate::Authenticated;
use jeton_service::failure::Failure;
use jeton_service::revoke::TokenChange;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, created, ok};
use super::body::Body;
use super::ending::End;
use super::management::Management;
use super::names::StandingName;
use super::once::Once;
use super::problem::{Problem, ProblemKind};
use super::reach::with_command;
use super::route::{About, Access, Repeats, Route, Verb};
use super::secret_text::SecretText;
use super::target::Target;
use super::token_state::Shown;

pub(super) const READ: Access = Access::Permission(Permission::TokensRead);
const ISSUE: Access = Access::Permission(Permission::TokensIssue);
const REVOKE: Access = Access::Permission(Permission::TokensRevoke);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Post, "/tokens"),
        ISSUE,
        Repeats::Remembered,
        |at| at.on(issue),
        About::new("tokens", "Issues an access token to a client.").takes::<Issue>().makes::<Issued<'_>>(),
    ),
    Route::new(
        (Verb::Post, "/tokens/introspect"),
        READ,
        Repeats::Reads,
        |at| at.on(introspect),
        About::new("tokens", "Reads a token.").takes::<Introspect>().answers::<Introspected>(),
    ),
    Route::new(
        (Verb::Get, "/tokens/{token}"),
        READ,
        Repeats::Reads,
        |at| at.on(show),
        About::new("tokens", "Shows a token by its id.").answers::<Shown>(),
    ),
    Route::new(
        (Verb::Post, "/tokens/{token}/suspend"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(suspend),
        About::new("tokens", "Suspends a token.").takes::<End>().answers::<Changed>(),
    ),
    Route::new(
        (Verb::Post, "/tokens/{token}/resume"),
        REVOKE,
        Repeats::ByNature,
        |at| at.on(resume),
        About::new("tokens", "Resumes a token that is suspended.").answers::<Changed>(),
    ),
];

pub(super) const LOOK: &str =
    "the id is the `jti` of a JWT, and stands in the answer that issued the token; `jeton token introspect -` reads the token itself";

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "IssueToken")]
#[serde(deny_unknown_fields)]
pub(super) struct Issue {
    /// The client that gets it, by name or id.
    client: String,
    /// What it may do: names with spaces between; the default of the API if left out.
    scope: Option<String>,
    /// The API that it is for, by audience, where the client has several.
    resource: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "IntrospectToken")]
#[serde(deny_unknown_fields)]
pub(super) struct Introspect {
    /// The text of a token.
    #[schemars(with = "String")]
    token: SecretText,
}

/// A token that was just issued (RFC 6749 section 5.1), and what is known of it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "IssuedToken")]
struct Issued<'a> {
    /// The token itself: shown this once.
    access_token: &'a str,
    /// `Bearer`.
    token_type: &'static str,
    /// How many seconds it lives from now.
    expires_in: i64,
    /// How it stands.
    #[serde(flatten)]
    state: Shown,
}

/// What an introspection says (RFC 7662 section 2.2), and what is known beside it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "IntrospectedToken")]
struct Introspected {
    /// Whether the token is active; where it is not known, nothing else is said.
    active: bool,
    /// How it stands.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    state: Option<Shown>,
}

/// What became of a token.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ChangedToken")]
struct Changed {
    /// How it stood before.
    #[schemars(with = "StandingName")]
    before: &'static str,
    /// How it stands.
    #[serde(flatten)]
    state: Shown,
}

async fn issue(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: issue, repeat }: Once<Issue>,
) -> Answer {
    let moment = repeat.moment(&service);
    let entry =
        service.find_client(&issue.client).map_err(|refusal| Problem::from(refusal).look("list the clients: `jeton client list`"))?;
    let request = parse(issue)?;
    // Who administers stands in for the client: there is no proof to spend.
    let issued = service.issue(&Authenticated::by_administrator(entry.clone(), by), &request, &moment).await;
    let issued = issued.map_err(|failure| with_command(failure.into(), &entry, &request, &service))?;
    created(&Issued {
        access_token: issued.access_token.expose(),
        token_type: "Bearer",
        expires_in: issued.expires_in_seconds,
        state: service.state_of_issued(&issued.token, &moment).into(),
    })
}

async fn show(State(Management { service, .. }): State<Management>, Target(id): Target<String>) -> Answer {
    let moment = service.moments().now();
    let state = service.token_state(credential(&id)?, &moment).await.map_err(|failure| Problem::from(failure).look(LOOK))?;
    ok(&Shown::from(state))
}

async fn introspect(State(Management { service, .. }): State<Management>, Body(introspect): Body<Introspect>) -> Answer {
    let moment = service.moments().now();
    match service.token_state_of_text(introspect.token.0.expose(), &moment).await {
        Ok(state) => ok(&Introspected { active: state.standing == Standing::Active, state: Some(state.into()) }),
        Err(Failure::Refused(_)) => ok(&Introspected { active: false, state: None }),
        Err(failure) => Err(failure.into()),
    }
}

async fn suspend(management: State<Management>, by: Extension<Administrator>, id: Target<String>, Body(end): Body<End>) -> Answer {
    change(management, by, id, (TokenChange::Suspend, end.why()?)).await
}

async fn resume(management: State<Management>, by: Extension<Administrator>, id: Target<String>) -> Answer {
    change(management, by, id, (TokenChange::Resume, Why::Unspecified.into())).await
}

async fn change(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(id): Target<String>,
    (change, why): (TokenChange, Because),
) -> Answer {
    let (id, moment) = (credential(&id)?, service.moments().now());
    let look = |failure| Problem::from(failure).look(LOOK);
    let before = service.token_state(id, &moment).await.map_err(look)?.standing.name();
    let over = |problem: Problem| problem.advise(ProblemKind::Conflict, "a revocation is final: issue another token");
    service.change_token(id, (change, &why), &by, &moment).await.map_err(|failure| over(look(failure)))?;
    let state = service.token_state(id, &moment).await.map_err(look)?;
    ok(&Changed { before, state: state.into() })
}

fn parse(issue: Issue) -> Result<ClientCredentialsRequest, Refusal> {
    let invalid_scope = |error: &dyn std::fmt::Display| Refusal::new(Reason::InvalidScope, error.to_string());
    let scope: Option<ScopeSet> = issue.scope.as_deref().map(parse_scope_list).transpose().map_err(|error| invalid_scope(&error))?;
    let invalid_target = |error: &dyn std::fmt::Display| Refusal::new(Reason::InvalidTarget, error.to_string());
    let resource = issue.resource.as_deref().map(Resource::parse).transpose().map_err(|error| invalid_target(&error))?;
    Ok(ClientCredentialsRequest { scope: scope.filter(|scope| !scope.is_empty()), resources: resource.into_iter().collect() })
}

pub(super) fn credential(id: &str) -> Result<CredentialId, Problem> {
    CredentialId::parse(id).ok_or_else(|| Problem::invalid("a token's id is 32 lowercase hexadecimal digits", LOOK))
}
