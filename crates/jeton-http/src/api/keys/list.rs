//! `GET /keys`: page by page, each of bounded cost.

use std::sync::Arc;

use axum::extract::State;
use http::Uri;
use jeton_core::api_key::search::Search;
use jeton_core::api_key::{ApiKeyKind, environment_name};
use jeton_core::permission::Permission;
use jeton_core::usage::Subject;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::keys::entry::KeyEntry;
use jeton_service::keys::filter::{KeyFilter, KeyOrder, Span, StandingKind};
use jeton_token::Environment;

use super::LOOK;
use super::shown::Shown;
use crate::api::answer::{Answer, ok};
use crate::api::blocking::blocking;
use crate::api::management::Management;
use crate::api::names;
use crate::api::page::Listing;
use crate::api::parameter::Parameter;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::query::Query;
use crate::api::rfc3339;
use crate::api::route::{About, Access, Repeats, Route, Verb};
use crate::api::used::Used;

pub(crate) static ROUTES: &[Route] = &[Route::new(
    (Verb::Get, "/keys"),
    Access::Permission(Permission::KeysRead),
    Repeats::Reads,
    |at| at.on(list),
    About::new("keys", "Lists the keys.").asks(PARAMETERS).lists::<Shown>(),
)];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("owner", "Only the keys of this owner: `client:ID`, `group:ID`, `user:ID` or `external:TEXT`."),
    Parameter::text("audience", "Only those for this API, by audience or id."),
    Parameter::one_of("state", "Only those that stand so: `active`, `suspended`, `expired` or `revoked`.", names::standings),
    Parameter::one_of("kind", "Only those of this kind: `key` or `pat`.", names::key_kinds),
    Parameter::one_of("environment", "Only those for `live` or for `test`.", names::environments),
    Parameter::text("search", "Only those with these beginnings of words in their name, owner, note or metadata, or of their id."),
    Parameter::text("expires_before", "Only those that end before this time."),
    Parameter::text("expires_after", "Only those that end after this time."),
    Parameter::text("created_before", "Only those that were made before this time."),
    Parameter::text("created_after", "Only those that were made after this time."),
    Parameter::text("unused_since", "Only those that were not used since this time."),
    Parameter::one_of("order", "What they are sorted by: `created`, the newest first, if left out, or `expires`.", names::key_orders),
];

async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    let listing = Listing::parse(&uri, &service)?;
    let filter = filter(listing.query(), &service)?;
    let after = listing.after().map(str::to_owned);
    let (limit, moment, reader) = (listing.limit(), service.moments().now(), service.clone());
    let page = blocking(move || {
        let page = reader.list_keys(&filter, after.as_deref(), limit, &moment)?;
        let uses = reader.subject_uses()?;
        let shown = |entry: &Arc<KeyEntry>| {
            let used = Used::of(&Subject::Key(entry.key.record.id), &uses)?;
            Ok(Shown::of(entry, used, &reader, &moment))
        };
        let items = page.keys.iter().map(shown).collect::<Result<Vec<_>, Failure>>()?;
        Ok::<_, Failure>((items, page.next))
    });
    let (items, next) = page.await??;
    ok(&listing.page(items, next.as_deref())?)
}

fn filter(query: &Query<'_>, service: &Service) -> Result<KeyFilter, Problem> {
    let look = |refusal| Problem::from(Failure::Refused(refusal)).look(LOOK);
    let api = query.text("audience").map(|api| service.find_api(api)).transpose().map_err(look)?;
    Ok(KeyFilter {
        owner: query.text("owner").map(|owner| service.named_owner(owner)).transpose().map_err(look)?,
        api: api.map(|api| api.record.id.clone()),
        standing: named(query, "state", &StandingKind::ALL, StandingKind::name)?,
        kind: named(query, "kind", &[ApiKeyKind::Key, ApiKeyKind::Personal], ApiKeyKind::name)?,
        environment: named(query, "environment", &[Environment::Live, Environment::Test], environment_name)?,
        search: query.text("search").map(Search::parse).transpose().map_err(|refusal| {
            Problem::from(refusal)
                .advise(ProblemKind::InvalidRequest, "name the beginnings of words of its name, owner, note or metadata, or of its id")
        })?,
        expires: Span { from: time(query, "expires_after")?, until: time(query, "expires_before")? },
        created: Span { from: time(query, "created_after")?, until: time(query, "created_before")? },
        unused_since: time(query, "unused_since")?,
        order: named(query, "order", &KeyOrder::ALL, KeyOrder::name)?,
    })
}

/// What a parameter names of these.
fn named<T: Copy>(query: &Query<'_>, parameter: &str, all: &[T], name: fn(T) -> &'static str) -> Result<Option<T>, Problem> {
    let Some(said) = query.text(parameter) else { return Ok(None) };
    let found = all.iter().copied().find(|one| name(*one) == said);
    found.map(Some).ok_or_else(|| {
        let names: Vec<&str> = all.iter().copied().map(name).collect();
        Problem::invalid(format!("the parameter `{parameter}` has no such value"), format!("`{parameter}` is one of {}", names.join(", ")))
    })
}

fn time(query: &Query<'_>, parameter: &'static str) -> Result<Option<i64>, Problem> {
    let read = |text: &str| {
        rfc3339::parse(text)
            .ok_or_else(|| Problem::invalid(format!("the parameter `{parameter}` is no time"), "write it as 2026-01-31T23:59:59Z"))
    };
    query.text(parameter).map(read).transpose()
}
