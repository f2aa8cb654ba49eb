//! `/account/applications`: what somebody lets applications do; they take it back, and with it ends what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jeton_core::api::parse_scope_list;
use jeton_core::consent::{Consent, Of};
use jeton_core::grant::Grant;
use jeton_core::grant::scopes::{IdentityScope, IdentityScopes};
use jeton_core::id::{Actor, ApiId, ClientId};
use jeton_core::plain;
use jeton_oauth::scope::ScopeSet;
use jeton_service::Service;
use jeton_service::grants::list::GrantFilter;

use super::sign_in_first;
use crate::observe::Observer;
use crate::pages::dates::minute;
use crate::pages::guard::{Door, Posted, token};
use crate::pages::problem::Problem;
use crate::pages::reply::{FormsLead, Frame, page, see_other};
use crate::pages::scope_lines;
use crate::pages::texts::{Texts, fill};
use crate::pages::view;
use crate::pages::visit::Visit;
use crate::seen;

const PATH: &str = "/account/applications";
/// How many grants are looked at.
const GRANTS: usize = 1_000;

#[derive(Template)]
#[template(path = "account_applications.html")]
struct View {
    frame: Frame,
    lines: Vec<Line>,
    action: String,
    form: String,
    back: String,
}

/// One application.
struct Line {
    client_id: String,
    name: String,
    contact: Option<String>,
    may: Vec<view::Line>,
    since: String,
    used: Option<String>,
    withdraw_label: String,
}

/// What somebody lets one application do, by all that they said and all that came of it.
#[derive(Default)]
struct Allowed {
    identity: Vec<IdentityScope>,
    scopes: BTreeMap<ApiId, BTreeSet<String>>,
    /// In seconds.
    since: Option<i64>,
    /// When it last went on by itself, in seconds.
    used: Option<i64>,
}

/// Shows them.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let answer = show(&visit).await;
    visit.reply(answer)
}

async fn show(visit: &Visit) -> Result<Response, Problem> {
    let Some(here) = visit.here().await? else { return Ok(sign_in_first(visit)) };
    let person = here.session.record.person.clone();
    let mut allowed: BTreeMap<ClientId, Allowed> = BTreeMap::new();
    for consent in visit.service.all_consents_of(&person).await? {
        let consent = consent.record;
        if visit.now() < consent.expires_at {
            allowed.entry(consent.client.clone()).or_default().said(&consent);
        }
    }
    let filter = GrantFilter { person: Some(person), client: None };
    let grants = visit.read(move |service, moment| service.list_grants(&filter, None, GRANTS, moment)).await?.grants;
    for live in &grants {
        allowed.entry(live.grant.client.clone()).or_default().came_of_it(&live.grant);
    }
    let frame = Frame::of(visit.issuer());
    let view = View {
        lines: allowed.iter().map(|(client, allowed)| Line::of(client, allowed, visit, frame.texts)).collect(),
        action: visit.path(PATH),
        form: token(&visit.service, Door::Applications, here.whose(), visit.now()),
        back: visit.path("/account"),
        frame,
    };
    Ok(visit.seen(Some(&here), page(visit.issuer(), StatusCode::OK, FormsLead::Here, &view)))
}

/// Takes back what one of them was allowed.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    visit.posted(request, async |visit, posted| withdraw(visit, posted).await).await
}

async fn withdraw(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let here = visit.here().await?.ok_or(Problem::Form)?;
    let form = posted.open(&visit.service, Door::Applications, here.whose(), visit.now())?;
    if let Some(client) = form.get("client") {
        let person = &here.session.record.person;
        // Of a client that they allowed nothing, nothing is there to be taken back.
        visit.service.withdraw((person, &ClientId::from(client)), &Actor::person(person), &visit.moment).await?;
    }
    Ok(seen::with_outcome(see_other(visit.issuer(), &visit.path(PATH)), "withdrawn"))
}

impl Allowed {
    fn said(&mut self, consent: &Consent) {
        match &consent.of {
            Of::Identity => self.identity.extend(consent.scopes.iter().filter_map(IdentityScope::from_name)),
            Of::Api(api) => self.add(api, &consent.scopes),
        }
        self.began(consent.given_at);
    }

    fn came_of_it(&mut self, grant: &Grant) {
        self.identity.extend(grant.identity.iter());
        grant.scopes.iter().for_each(|(api, scopes)| self.add(api, scopes));
        self.began(grant.created_at);
        let refreshed = grant.family.as_ref().filter(|family| family.generation > 1).map(|family| family.rotated_at);
        self.used = self.used.max(refreshed);
    }

    fn add(&mut self, api: &ApiId, scopes: &ScopeSet) {
        self.scopes.entry(api.clone()).or_default().extend(scopes.iter().map(str::to_owned));
    }

    fn began(&mut self, at: i64) {
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
    }

    fn lines(&self, service: &Service, texts: &Texts) -> Vec<view::Line> {
        let identity: IdentityScopes = self.identity.iter().copied().collect();
        let set = |names: &BTreeSet<String>| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            parse_scope_list(&names.join(" ")).unwrap_or_default()
        };
        let scopes: Vec<(&ApiId, ScopeSet)> = self.scopes.iter().map(|(api, names)| (api, set(names))).collect();
        scope_lines::lines(service, texts, identity, scopes.iter().map(|(api, scopes)| (*api, scopes)))
    }
}

impl Line {
    fn of(client: &ClientId, allowed: &Allowed, visit: &Visit, texts: &Texts) -> Line {
        let (words, known) = (&texts.applications, visit.service.find_client(client.as_str()).ok());
        let name = known.as_ref().map_or_else(|| client.to_string(), |entry| plain::shown(&entry.client.record.name));
        let at = |text: &str, at: i64| fill(text, &[("when", &minute(texts, at))]);
        Line {
            client_id: client.to_string(),
            contact: known.as_ref().and_then(|entry| entry.client.record.contact.as_deref()).map(plain::shown),
            may: allowed.lines(&visit.service, texts),
            since: at(&words.since, allowed.since.unwrap_or_default()),
            used: allowed.used.map(|used| at(&words.used, used)),
            withdraw_label: fill(&words.withdraw_label, &[("client", &name)]),
            name,
        }
    }
}
