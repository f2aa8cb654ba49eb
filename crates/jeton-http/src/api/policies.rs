//! `/policies`: how long each kind of credential lives, shown, set, explained.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use http::Uri;
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::change::ChangePolicy;
use jeton_core::policy::effective::Effective;
use jeton_core::policy::idle::IdleRule;
use jeton_core::policy::rule::{PolicyRule, Subject};
use jeton_core::policy::set::SetPolicy;
use jeton_service::Service;
use jeton_service::policy_consequence::Consequence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::{Body, present};
use super::counting::count;
use super::management::Management;
use super::names::{CredentialKindName, LevelName, LevelOrTable};
use super::page::Listing;
use super::parameter::Parameter;
use super::problem::{Problem, ProblemKind};
use super::query::Query;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;

const READ: Access = Access::Permission(Permission::PoliciesRead);
const WRITE: Access = Access::Permission(Permission::PoliciesWrite);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/policies"),
        READ,
        Repeats::Reads,
        |at| at.on(list),
        About::new("policies", "Lists how long each kind of credential lives.").lists::<Shown>(),
    ),
    Route::new(
        (Verb::Put, "/policies/{kind}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(set),
        About::new("policies", "Sets all that a level says of a kind of credential.").takes::<Set>().answers::<Changed>(),
    ),
    Route::new(
        (Verb::Patch, "/policies/{kind}"),
        WRITE,
        Repeats::ByNature,
        |at| at.on(change),
        About::new("policies", "Changes what a level says of a kind of credential.").takes::<Change>().answers::<Changed>(),
    ),
    Route::new(
        (Verb::Get, "/policies/{kind}/explanation"),
        READ,
        Repeats::Reads,
        |at| at.on(explain),
        About::new("policies", "Explains how long a kind of credential lives somewhere.").asks(FOR_WHOM).answers::<Explained>(),
    ),
];

const FOR_WHOM: &[Parameter] =
    &[Parameter::text("api", "For this API, by audience or id."), Parameter::text("client", "For this client, by name or id.")];

const LOOK: &str = "list the policies, the APIs and the clients: `jeton policy show`, `jeton api list`, `jeton client list`";
/// How long what would expire is counted, before the answer goes without.
pub(super) const COUNTING: Duration = Duration::from_secs(8);

/// What one level says of a kind, as it is answered.
#[derive(Clone, JsonSchema, Serialize)]
#[schemars(rename = "Policy")]
struct Shown {
    /// The kind of credential.
    #[schemars(with = "CredentialKindName")]
    kind: &'static str,
    /// `table` is what Jeton itself says.
    #[schemars(with = "LevelOrTable")]
    level: &'static str,
    /// The API or client that it is for; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// How long one lives where nobody says; `null`: this level says nothing of it.
    default_seconds: Option<i64>,
    /// How long one lives at most; `null`: this level says nothing of it.
    max_seconds: Option<i64>,
    /// After how long without a use one is suspended; 0 is never.
    idle_seconds: Option<i64>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    /// Who set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    updated_by: Option<Actor>,
}

/// All that a level says from now on: of what is left out it says nothing.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SetPolicy")]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// For this API alone, by audience or id.
    api: Option<String>,
    /// For this client alone, by name or id.
    client: Option<String>,
    /// How long one shall live where nobody says.
    default_seconds: Option<i64>,
    /// How long one shall live at most.
    max_seconds: Option<i64>,
    /// After how long without a use one is suspended; 0: never.
    idle_seconds: Option<i64>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What changes of what a level says; what is left out stays, and of what is `null` it says nothing from now on.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangePolicy")]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// For this API alone, by audience or id.
    api: Option<String>,
    /// For this client alone, by name or id.
    client: Option<String>,
    /// How long one shall live where nobody says.
    #[serde(default, deserialize_with = "present")]
    default_seconds: Option<Option<i64>>,
    /// How long one shall live at most.
    #[serde(default, deserialize_with = "present")]
    max_seconds: Option<Option<i64>>,
    /// After how long without a use one is suspended; 0: never.
    #[serde(default, deserialize_with = "present")]
    idle_seconds: Option<Option<i64>>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What holds, or would hold, and what becomes of credentials that are out.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ChangedPolicy")]
struct Changed {
    /// The kind of credential.
    #[schemars(with = "CredentialKindName")]
    kind: &'static str,
    /// The kind in words, of many.
    plural: &'static str,
    /// The level that was set: `deployment`, `api` or `client`.
    #[schemars(with = "LevelName")]
    level: &'static str,
    /// How long one lives where nobody says.
    default_seconds: i64,
    /// How long one lives at most.
    max_seconds: i64,
    /// After how long without a use one is suspended; `null`: never.
    idle_seconds: Option<i64>,
    /// What held until now.
    before: Held,
    /// What becomes of credentials that are out.
    consequence: Counted,
    /// Whether nothing was written.
    dry_run: bool,
}

/// What holds for a kind somewhere.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "HeldPolicy")]
struct Held {
    /// How long one lives where nobody says.
    default_seconds: i64,
    /// How long one lives at most.
    max_seconds: i64,
    /// After how long without a use one is suspended; `null`: never.
    idle_seconds: Option<i64>,
}

/// How many of the kind end otherwise; `null` where counting them took too long, or failed.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Consequence")]
pub(super) struct Counted {
    /// How many would end at once.
    would_expire_now: Option<u64>,
    /// How many would end sooner than now.
    would_expire_sooner: Option<u64>,
    /// How many that ended would be accepted again.
    would_come_back: Option<u64>,
    /// How many would be suspended for not being used as soon as the new idle time is over since now, if nobody uses them until then.
    would_be_idle: Option<u64>,
}

/// What holds between an API and a client, and what each level says.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExplainedPolicy")]
struct Explained {
    /// The kind of credential.
    #[schemars(with = "CredentialKindName")]
    kind: &'static str,
    /// How long one lives where nobody says.
    default_seconds: i64,
    /// The level that the default comes from.
    #[schemars(with = "LevelOrTable")]
    default_from: &'static str,
    /// How long one lives at most.
    max_seconds: i64,
    /// The level that the maximum comes from.
    #[schemars(with = "LevelOrTable")]
    max_from: &'static str,
    /// After how long without a use one is suspended; `null`: never.
    idle_seconds: Option<i64>,
    /// The level that the idle time comes from.
    #[schemars(with = "LevelOrTable")]
    idle_from: &'static str,
    /// What each level says, the widest first.
    said: Vec<Shown>,
}

impl From<Option<Consequence>> for Counted {
    fn from(consequence: Option<Consequence>) -> Counted {
        Counted {
            would_expire_now: consequence.map(|consequence| consequence.would_expire_now),
            would_expire_sooner: consequence.map(|consequence| consequence.would_expire_sooner),
            would_come_back: consequence.map(|consequence| consequence.would_come_back),
            would_be_idle: consequence.map(|consequence| consequence.would_be_idle),
        }
    }
}

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let policies = service.registry().policies();
    let of_kind = |(place, kind): (usize, &CredentialKind)| {
        let said = policies.rules_of(*kind).filter(|rule| rule.record.says_anything());
        let said = said.map(|rule| (place_of(place, &rule.record.subject), Shown::rule(&rule.record, &service)));
        std::iter::once((format!("{place:02}"), Shown::table(*kind))).chain(said).collect::<Vec<_>>()
    };
    let mut said: Vec<(String, Shown)> = CredentialKind::ALL.iter().enumerate().flat_map(of_kind).collect();
    said.sort_by(|(one, _), (other, _)| one.cmp(other));
    ok(&listing.sorted(&said, |(place, _)| place.clone(), |(_, shown)| shown.clone())?)
}

async fn set(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(kind): Target<String>,
    Body(Set { api, client, default_seconds, max_seconds, idle_seconds, dry_run }): Body<Set>,
) -> Answer {
    let set = SetPolicy { default_seconds, max_seconds, idle: idle_seconds.map(IdleRule::from_seconds) };
    say(&service, &actor, (&kind, api.as_deref(), client.as_deref()), set.into(), dry_run).await
}

async fn change(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(kind): Target<String>,
    Body(Change { api, client, default_seconds, max_seconds, idle_seconds, dry_run }): Body<Change>,
) -> Answer {
    let idle = idle_seconds.map(|seconds| seconds.map(IdleRule::from_seconds));
    let change = ChangePolicy { default_seconds, max_seconds, idle };
    say(&service, &actor, (&kind, api.as_deref(), client.as_deref()), change, dry_run).await
}

async fn say(
    service: &Arc<Service>,
    actor: &Actor,
    (kind, api, client): (&str, Option<&str>, Option<&str>),
    request: ChangePolicy,
    dry_run: bool,
) -> Answer {
    let (kind, moment) = (parse_kind(kind)?, service.moments().now());
    if api.is_some() && client.is_some() {
        return Err(Problem::invalid(
            "a policy is set for an API or for a client, not for both",
            "name one of `api` and `client`, or neither",
        ));
    }
    let look = |problem: Problem| problem.look(LOOK);
    let subject = service.policy_subject(api, client).map_err(|refusal| look(refusal.into()))?;
    let before = service.registry().policies().effective(kind, &subject);
    let (planned, after) = service.plan_policy(kind, &subject, request, &moment).map_err(|refusal| look(refusal.into()))?;
    // Counted first: afterwards nobody knows what lived before.
    let counting = {
        let (service, subject, moment) = (service.clone(), subject.clone(), moment.clone());
        count(COUNTING, move |goes_on| service.policy_consequence(kind, &subject, &after, &moment, goes_on))
    };
    let consequence = match counting.await {
        Err(failure) if dry_run => return Err(failure.into()),
        // The policy is set whether or not it could be counted.
        counted => counted.unwrap_or_default(),
    };
    let holds = match dry_run {
        true => planned,
        false => service.set_policy(kind, &subject, request, actor, &moment).await.map_err(|failure| look(failure.into()))?,
    };
    ok(&Changed {
        kind: kind.lifetime().policy_key,
        plural: kind.lifetime().plural,
        level: subject.level().name(),
        default_seconds: holds.default_seconds,
        max_seconds: holds.max_seconds,
        idle_seconds: holds.idle_seconds,
        before: Held::of(before),
        consequence: consequence.into(),
        dry_run,
    })
}

impl Held {
    fn of(holds: Effective) -> Held {
        Held { default_seconds: holds.default_seconds, max_seconds: holds.max_seconds, idle_seconds: holds.idle_seconds }
    }
}

async fn explain(State(Management { service, .. }): State<Management>, Target(kind): Target<String>, uri: Uri) -> Answer {
    let query = Query::parse(&uri)?;
    let kind = parse_kind(&kind)?;
    let look = |refusal| Problem::from(refusal).look(LOOK);
    let api = query.text("api").map(|api| service.find_api(api)).transpose().map_err(look)?;
    let client = query.text("client").map(|client| service.find_client(client)).transpose().map_err(look)?;
    let (api, client) = (api.map(|api| api.record.id.clone()), client.map(|entry| entry.client.record.id.clone()));
    let policies = service.registry().policies();
    let holds = policies.resolve(kind, api.as_ref(), client.as_ref());
    let subjects = [Some(Subject::Deployment), api.map(Subject::Api), client.map(Subject::Client)];
    let said = subjects.iter().flatten().filter_map(|subject| policies.rule(kind, subject)).filter(|rule| rule.record.says_anything());
    ok(&Explained {
        kind: kind.lifetime().policy_key,
        default_seconds: holds.default_seconds,
        default_from: holds.default_from.map_or("table", |level| level.name()),
        max_seconds: holds.max_seconds,
        max_from: holds.max_from.map_or("table", |level| level.name()),
        idle_seconds: holds.idle_seconds,
        idle_from: holds.idle_from.map_or("table", |level| level.name()),
        said: std::iter::once(Shown::table(kind)).chain(said.map(|rule| Shown::rule(&rule.record, &service))).collect(),
    })
}

/// Where a rule stands: by kind, from the widest level to the narrowest.
fn place_of(kind: usize, subject: &Subject) -> String {
    match subject {
        Subject::Deployment => format!("{kind:02} 1"),
        Subject::Api(api) => format!("{kind:02} 2 {api}"),
        Subject::Client(client) => format!("{kind:02} 3 {client}"),
    }
}

impl Shown {
    fn table(kind: CredentialKind) -> Shown {
        let lifetime = kind.lifetime();
        Shown {
            kind: lifetime.policy_key,
            level: "table",
            subject: None,
            default_seconds: Some(lifetime.default_seconds),
            max_seconds: Some(lifetime.max_seconds),
            idle_seconds: lifetime.idle_seconds,
            updated_at: None,
            updated_by: None,
        }
    }

    fn rule(rule: &PolicyRule, service: &Service) -> Shown {
        let subject = match &rule.subject {
            Subject::Deployment => None,
            Subject::Api(api) => {
                Some(service.find_api(api.as_str()).map_or_else(|_| api.to_string(), |api| api.record.audience.to_string()))
            }
            Subject::Client(client) => {
                let entry = service.registry().clients.get(client.as_str());
                Some(entry.map_or_else(|| client.to_string(), |entry| entry.client.record.name.to_string()))
            }
        };
        Shown {
            kind: rule.kind.lifetime().policy_key,
            level: rule.subject.level().name(),
            subject,
            default_seconds: rule.default_seconds,
            max_seconds: rule.max_seconds,
            idle_seconds: rule.idle.map(IdleRule::seconds),
            updated_at: Some(rfc3339::format(rule.updated_at)),
            updated_by: Some(rule.updated_by.clone()),
        }
    }
}

fn parse_kind(name: &str) -> Result<CredentialKind, Problem> {
    CredentialKind::from_policy_key(name).ok_or_else(|| {
        let known: Vec<&str> = CredentialKind::ALL.iter().map(|kind| kind.lifetime().policy_key).collect();
        Problem::new(ProblemKind::NotFound, "there is no such kind of credential", format!("the kinds are {}", known.join(", ")))
    })
}
