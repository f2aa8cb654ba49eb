//! `/signin/with/{provider}`: somebody signs in by a provider elsewhere, and comes back from it. What they carry there and back is made of the
//! flow that their browser keeps, and of nothing that is in memory here: an answer that was asked for by another browser opens no flow.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_core::id::{PersonId, ProviderId};
use jeton_core::provider::Provider;
use jeton_core::provider::id_token::Said;
use jeton_core::record::Versioned;
use jeton_core::session::proof::Authenticated;
use jeton_oauth::form::Form;
use jeton_oauth::pkce::{self, Verifier};
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_service::sessions::{By, Proof};
use jeton_service::sign_ins::SignIn as Outcome;
use jeton_token::Secret;

use super::account::providers::{PATH, REFUSED};
use super::device_cookie;
use super::flow::{About, Flow, FlowId};
use super::problem::Problem;
use super::reply::{see_other, set_cookie};
use super::sign_in::{refuse, second_step, signed_in};
use super::view::Why;
use super::visit::Visit;
use crate::observe::Observer;
use crate::seen;
use crate::upstream::{Code, Failed, Known, Upstream};

const SCOPE: &str = "openid profile email";
/// The longest code that is sent on, in bytes.
const CODE_BYTES: usize = 2_048;

/// What pages of providers need beside the service.
pub(super) type Asking = (Arc<Observer>, Arc<Upstream>);

/// Sends somebody to a provider.
pub(crate) async fn start(State(service): State<Arc<Service>>, (observer, upstream): Asking, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let answer = send(&visit, &upstream, name).await;
    visit.reply(answer)
}

/// Takes what somebody comes back with.
pub(crate) async fn back(State(service): State<Arc<Service>>, (observer, upstream): Asking, request: Request) -> Response {
    let visit = Visit::of(&service, &observer, &request);
    let name = request.uri().path().rsplit('/').nth(1).unwrap_or_default();
    let answer = take(&visit, &upstream, name).await;
    visit.reply(answer)
}

async fn send(visit: &Visit, upstream: &Upstream, name: &str) -> Result<Response, Problem> {
    let flow = visit.flow()?;
    let provider = visit.service.find_provider(name).map_err(|_| Problem::Nowhere)?;
    let (provider, known) = (&provider.record, known(visit, upstream, &provider.record).await?);
    let carried = Carried::of(visit, &flow, provider);
    let challenge = Verifier::parse(carried.verifier.expose()).map_err(|_| Problem::Unavailable)?.challenge().to_text();
    let redirect_uri = visit.service.provider_redirect_uri(provider);
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", &*provider.client_id),
        ("redirect_uri", &redirect_uri),
        ("scope", SCOPE),
        ("state", &carried.state),
        ("nonce", &carried.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", pkce::METHOD),
    ];
    let here = visit.here().await?;
    if matches!(flow.about, About::Connect(_)) && !here.as_ref().is_some_and(|here| here.is_fresh(visit.now())) {
        // Whoever finds a browser open, with this page in it, makes no way in.
        return Ok(see_other(visit.issuer(), &visit.path(PATH)));
    }
    if here.is_some() {
        // Who is signed in here is to show once more who they are, there too; and it is to say when they did.
        parameters.extend([("prompt", "login"), ("max_age", "0")]);
    }
    Ok(see_other(visit.issuer(), &known.authorization_address(&parameters)))
}

async fn take(visit: &Visit, upstream: &Upstream, name: &str) -> Result<Response, Problem> {
    let query = Form::parse(visit.query.as_deref().unwrap_or_default().as_bytes()).map_err(|_| Problem::Flow)?;
    let id = query.get("state").unwrap_or_default().split('.').next().and_then(FlowId::parse).ok_or(Problem::Flow)?;
    let flow = Flow::open(&visit.service, &visit.headers, &id, visit.now()).ok_or(Problem::Flow)?;
    let provider = visit.service.find_provider(name).map_err(|_| Problem::Nowhere)?;
    let said = said(visit, upstream, &provider.record, &flow, &query).await;
    if let About::Connect(person) = &flow.about {
        return match said {
            Ok(said) => connect(visit, (&flow, person), &provider, &said).await,
            Err(Problem::Provider) => Ok(not_connected(visit)),
            Err(problem) => Err(problem),
        };
    }
    let said = said?;
    let person = match visit.service.arrive(&provider, &said, &visit.service.moments().now()).await {
        Ok(person) => person,
        Err(Failure::Fenced) => return refuse(visit, &flow, "", Why::ProviderFenced),
        Err(Failure::Refused(refusal)) => return Err(refused(visit, &provider.record, &refusal.detail)),
        Err(failure) => return Err(failure.into()),
    };
    let by = (provider.record.id.clone(), &*said.subject, said.authenticated_by(visit.now()));
    begin(visit, flow, &person, by).await
}

/// What the provider says of who came back.
async fn said(visit: &Visit, upstream: &Upstream, provider: &Provider, flow: &Flow, query: &Form<'_>) -> Result<Said, Problem> {
    let carried = Carried::of(visit, flow, provider);
    // The tag in it is public by now, and made anew for each flow: there is nothing to guess by how long it takes.
    if query.get("state") != Some(&*carried.state) {
        return Err(Problem::Flow);
    }
    let known = known(visit, upstream, provider).await?;
    let code = query.get("code").filter(|code| !code.is_empty() && code.len() <= CODE_BYTES);
    let code = code.filter(|_| known.is_of(provider, query.get("iss")));
    let Some(code) = code else { return Err(refused(visit, provider, &"it answered without a code, or for another issuer")) };
    let redirect_uri = visit.service.provider_redirect_uri(provider);
    let code = Code { code, redirect_uri: &redirect_uri, verifier: &carried.verifier, nonce: &carried.nonce };
    let secret = visit.service.provider_secret(provider)?;
    let said = upstream.said((provider, &known), &code, &secret, visit.now()).await;
    said.map_err(|failed| match failed {
        Failed::NoAnswer(why) => refused(visit, provider, &why),
        Failed::Deviates(deviation) => refused(visit, provider, &format_args!("{deviation:?}")),
    })
}

/// Connects whoever is signed in here, if it is they who set out.
async fn connect(visit: &Visit, (flow, person): (&Flow, &str), provider: &Versioned<Provider>, said: &Said) -> Result<Response, Problem> {
    let here = visit.here().await?.filter(|here| here.session.record.person.as_str() == person).ok_or(Problem::Flow)?;
    if !here.is_fresh(visit.now()) {
        return Ok(see_other(visit.issuer(), &visit.path(PATH)));
    }
    match visit.service.connect(provider, said, &here.session.record.person, &visit.service.moments().now()).await {
        Ok(()) => {
            let mut response = see_other(visit.issuer(), &visit.path(PATH));
            set_cookie(&mut response, &flow.end(&visit.service));
            Ok(seen::with_outcome(response, "connected"))
        }
        Err(Failure::Refused(refusal)) => {
            tracing::warn!(provider = %provider.record.name, why = %refusal.detail, "somebody was not connected with a provider");
            Ok(not_connected(visit))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn not_connected(visit: &Visit) -> Response {
    seen::with_outcome(see_other(visit.issuer(), &visit.path(&format!("{PATH}?{REFUSED}=yes"))), "refused")
}

/// Begins a session of somebody, or asks for the second factor that they have here.
async fn begin(
    visit: &Visit,
    flow: Flow,
    person: &PersonId,
    (provider, subject, authenticated_at): (ProviderId, &str, i64),
) -> Result<Response, Problem> {
    let by = By::Provider { provider, subject: Arc::from(subject), authenticated_at };
    let (device, moment) = (device_cookie::read(&visit.service, &visit.headers), visit.service.moments().now());
    let now = moment.now.seconds();
    if let Some(first) = visit.service.first_factor(person, by.clone(), now).await? {
        return second_step(visit, Flow { first: Some(first), ..flow });
    }
    let before = visit.here().await?;
    let before = before.as_ref().map(|here| &here.session);
    let proof = Proof { authenticated: Authenticated::by_provider(authenticated_at), by: Some(by) };
    match visit.service.begin_session(person, proof, before, &visit.sender, &moment).await {
        Ok(begun) => signed_in(visit, flow, device, &begun, now),
        Err(Failure::Refused(_)) => {
            visit.service.count_sign_in(Outcome::Refused);
            Err(Problem::Provider)
        }
        Err(failure) => Err(failure.into()),
    }
}

async fn known(visit: &Visit, upstream: &Upstream, provider: &Provider) -> Result<Arc<Known>, Problem> {
    upstream.known(provider, visit.now()).await.map_err(|why| refused(visit, provider, &why))
}

/// Why is for the log: whoever came learns that nobody was signed in.
fn refused(visit: &Visit, provider: &Provider, why: &dyn std::fmt::Display) -> Problem {
    tracing::warn!(provider = %provider.name, %why, "nobody was signed in by a provider");
    visit.service.count_sign_in(Outcome::Refused);
    Problem::Provider
}

/// What somebody carries to a provider and back: made of the secret of their flow and of the root key, for this provider alone.
struct Carried {
    state: String,
    nonce: String,
    verifier: Secret,
}

impl Carried {
    fn of(visit: &Visit, flow: &Flow, provider: &Provider) -> Carried {
        let tag = |what: &[u8]| visit.service.page_tag(&[b"provider", what, &flow.secret, provider.id.as_str().as_bytes()]);
        let text = |what: &[u8]| URL_SAFE_NO_PAD.encode(tag(what));
        Carried {
            state: format!("{}.{}", flow.id.as_str(), text(b"state")),
            nonce: text(b"nonce"),
            verifier: Secret::new(URL_SAFE_NO_PAD.encode([tag(b"verifier"), tag(b"more of it")].concat())),
        }
    }
}
