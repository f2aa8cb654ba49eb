//! `/oauth/logout` (OpenID Connect RP-Initiated Logout 1.0): an application sends somebody here who signs out of it. The session of the browser
//! ends, at once where the application has an ID token of it, and else where they say so; then they go where the application registered, and
//! nowhere else.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jeton_core::id::{ClientId, SessionId};
use jeton_core::plain;
use jeton_core::session::logout::{Step, step, target};
use jeton_oauth::authorization::{MAX_REQUEST_LEN, PageError};
use jeton_oauth::{Form, LogoutForm, RedirectUri, form};
use jeton_service::Service;
use jeton_service::id_token_hint::NotOurs;
use jeton_service::registry::clients::ClientEntry;

use super::flow::{ASKED_BYTES, About, Flow};
use super::guard::{Door, Posted, token};
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::session_cookie;
use super::sign_out::end_session;
use super::view::logout::Logout;
use super::visit::{Here, Visit};
use crate::extract::{ContentType, content_type, read_body};
use crate::observe::Observer;
use crate::seen;

/// Begins what an application asks for in a query; goes on with it where the address names a flow.
pub(crate) async fn get(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    let answer = match visit.flow_id() {
        Some(_) => go_on(&visit, None).await,
        None => {
            let query = visit.query.clone().unwrap_or_default();
            begin(&mut visit, query.as_bytes())
        }
    };
    visit.reply(answer)
}

/// The same of a form: of an application where the address names no flow, of the page that asks where it does.
pub(crate) async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, request: Request) -> Response {
    let mut visit = Visit::of(&service, &observer, &request);
    if visit.flow_id().is_none() {
        let answer = begin_by_form(&mut visit, request).await;
        return visit.reply(answer);
    }
    visit.posted(request, async |visit, posted| decide(visit, posted).await).await
}

async fn begin_by_form(visit: &mut Visit, request: Request) -> Result<Response, Problem> {
    if content_type(request.headers()) != ContentType::Form {
        return Err(Problem::Request(PageError::Malformed));
    }
    let most = u64::try_from(MAX_REQUEST_LEN).unwrap_or(u64::MAX);
    let body = read_body(request.into_body(), most).await.map_err(|_| Problem::TooLong(StatusCode::PAYLOAD_TOO_LARGE))?;
    begin(visit, &body)
}

/// An application asks: what is wrong with it is said at once. The rest goes on at an address that says nothing of it, to which a browser also
/// brings its cookie where another site posted the form.
fn begin(visit: &mut Visit, text: &[u8]) -> Result<Response, Problem> {
    let form = LogoutForm::parse(text).map_err(Problem::Request)?;
    let asked = Asked::of(&visit.service, &form)?;
    let _: Way = Way::of(&visit.service, &asked)?;
    let text = asked.to_text();
    if text.len() > ASKED_BYTES {
        return Err(Problem::TooLong(StatusCode::BAD_REQUEST));
    }
    visit.begin(About::Logout(text), "/oauth/logout")
}

async fn decide(visit: &Visit, posted: &Posted) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let form = posted.open(&visit.service, Door::Logout, &flow.secret, visit.now())?;
    match form.get("decision") {
        Some("allow") => go_on(visit, Some(true)).await,
        Some("deny") => go_on(visit, Some(false)).await,
        _ => Err(Problem::Form),
    }
}

/// Somebody comes with a flow; `says` is what they said, who were asked.
async fn go_on(visit: &Visit, says: Option<bool>) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let About::Logout(text) = &flow.about else { return Err(Problem::Flow) };
    let asked = Asked::from_text(text).ok_or(Problem::Flow)?;
    // What was registered then may be taken away now.
    let way = Way::of(&visit.service, &asked)?;
    let here = visit.here().await?;
    let step = step(here.as_ref().map(|here| here.session.record.id), asked.session);
    let mut response = match (here, step, says) {
        (Some(here), Step::Ask, None) => return ask(visit, &flow, &way, &here),
        (Some(_), Step::Ask, Some(false)) => see_other(visit.issuer(), &visit.path("/account")),
        (Some(here), ..) => {
            end_session(visit, &here).await?;
            let mut response = way.lead(visit, &asked);
            set_cookie(&mut response, &session_cookie::remove(&visit.service));
            seen::with_outcome(response, "signed_out")
        }
        (None, ..) => way.lead(visit, &asked),
    };
    set_cookie(&mut response, &flow.end(&visit.service));
    Ok(response)
}

fn ask(visit: &Visit, flow: &Flow, way: &Way, here: &Here) -> Result<Response, Problem> {
    let person = visit.service.registry().people.all.get(here.session.record.person.as_str()).ok_or(Problem::Flow)?;
    let client = way.client.as_ref().map(|entry| plain::shown(&entry.client.record.name));
    let page = Logout {
        action: visit.path_in("/oauth/logout", flow),
        form: token(&visit.service, Door::Logout, &flow.secret, visit.now()),
        person: &plain::shown(&person.record.username),
        client: client.as_deref(),
        leads_to: way.to.as_ref(),
    };
    Ok(visit.seen(Some(here), page.reply(visit.issuer())))
}

/// What an application asked for, as the browser keeps it: of its ID token no more than what counts.
struct Asked {
    client: Option<ClientId>,
    session: Option<SessionId>,
    to: Option<String>,
    state: Option<String>,
}

impl Asked {
    fn of(service: &Service, form: &LogoutForm<'_>) -> Result<Asked, Problem> {
        let hint = form.id_token_hint().map(|text| service.id_token_hint(text).map_err(|NotOurs| Problem::Hint)).transpose()?.flatten();
        let named = form.client_id().map(ClientId::from);
        let session = hint.as_ref().and_then(|hint| hint.session);
        let client = match (hint, named) {
            (Some(hint), Some(named)) if hint.client != named => return Err(Problem::Hint),
            (hint, named) => hint.map(|hint| hint.client).or(named),
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Asked { client, session, to: owned(form.post_logout_redirect_uri()), state: owned(form.state()) })
    }

    fn to_text(&self) -> String {
        let session = self.session.map(|session| session.to_string());
        let said = [
            ("client", self.client.as_ref().map(ClientId::as_str)),
            ("session", session.as_deref()),
            ("to", self.to.as_deref()),
            ("state", self.state.as_deref()),
        ];
        form::encode(said.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }

    fn from_text(text: &str) -> Option<Asked> {
        let form = Form::parse(text.as_bytes()).ok()?;
        let owned = |name: &str| form.get(name).map(str::to_owned);
        let session = form.get("session").and_then(SessionId::parse);
        Some(Asked { client: form.get("client").map(ClientId::from), session, to: owned("to"), state: owned("state") })
    }
}

/// The way on.
struct Way {
    client: Option<Arc<ClientEntry>>,
    /// `None`: nobody said where to.
    to: Option<RedirectUri>,
}

impl Way {
    fn of(service: &Service, asked: &Asked) -> Result<Way, Problem> {
        let client = asked.client.as_ref().map(|id| service.registry().clients.get(id.as_str()).ok_or(Problem::Client)).transpose()?;
        let to = match (&asked.to, &client) {
            (None, _) => None,
            (Some(_), None) => return Err(Problem::Request(PageError::NoClient)),
            (Some(to), Some(entry)) => Some(target(&entry.client.record, to).ok_or(Problem::Redirect)?),
        };
        Ok(Way { client, to })
    }

    fn lead(&self, visit: &Visit, asked: &Asked) -> Response {
        let response = match (&self.to, asked.state.as_deref()) {
            (Some(to), Some(state)) => see_other(visit.issuer(), &to.with_parameters([("state", state)])),
            (Some(to), None) => see_other(visit.issuer(), to.as_str()),
            (None, _) => see_other(visit.issuer(), &visit.path("/signout")),
        };
        match &self.client {
            Some(entry) => seen::to_client(response, &entry.client.record.id),
            None => response,
        }
    }
}
