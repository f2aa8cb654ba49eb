//! What clients and administrators ask of the server, and what they hear.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::administrator::Administrator;
use jeton_core::api::create::CreateApi;
use jeton_core::api::update::UpdateApi;
use jeton_core::client::create::CreateClient;
use jeton_core::client::secret::CreateSecret;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::refusal::Refusal;
use jeton_core::token::AccessToken;
use jeton_core::why::Why;
use jeton_jose::Algorithm;
use jeton_oauth::ClientAuthentication;
use jeton_oauth::resource::Resource;
use jeton_oauth::token::ClientCredentialsRequest;
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use jeton_service::failure::Failure;
use jeton_service::revoke::TokenChange;
use jeton_service::usage::marks::Marks;
use jeton_token::Secret;

/// A client's name and secret, as it would send them.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// Its id.
    pub(crate) client: String,
    /// A secret of it.
    pub(crate) secret: String,
}

/// What is asked.
#[derive(Clone)]
pub(crate) enum Request {
    SetUp { accepts_clock: bool },
    Issue { by: Credentials, audience: String },
    Introspect { by: Credentials, text: String },
    RevokeOwn { by: Credentials, text: String },
    ChangeById { id: CredentialId, change: TokenChange },
    ChangeByText { text: String, change: TokenChange },
    CutOff { subject: CutOffSubject, name: String, before: Option<Time> },
    CreateApi { audience: String, is_opaque: bool, lifetime_seconds: i64 },
    ChangeLifetime { api: String, lifetime_seconds: i64 },
    DeleteApi { api: String },
    CreateClient { name: String, apis: Vec<String> },
    DeleteClient { client: String },
    CreateSecret { client: String },
    RotateKey,
    RevokeKey { key: String },
    SignCheckpoint,
    TendKeys,
}

/// What is heard.
pub(crate) enum Answer {
    Done,
    Issued {
        text: String,
        token: AccessToken,
    },
    Introspected,
    Changed,
    CutOff(Time),
    ApiCreated {
        id: String,
        audience: String,
    },
    ClientCreated {
        id: String,
        secret: String,
    },
    SecretCreated {
        secret: String,
    },
    /// Refused or turned away: nothing was written.
    No(String),
    /// Whether it was written is not known.
    Unsure(String),
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Answer {
        match failure {
            Failure::Fault(_) | Failure::Unknown | Failure::Unshipped => Answer::Unsure(failure.to_string()),
            Failure::Refused(_)
            | Failure::Busy
            | Failure::Full
            | Failure::Contended
            | Failure::ClockBehind
            | Failure::Fenced
            | Failure::CutOffAhead { .. } => Answer::No(failure.to_string()),
        }
    }
}

/// Where answers arrive: the number of the request, and what was heard.
pub(crate) type Inbox = Arc<Mutex<Vec<(u64, Answer)>>>;

/// The handler of a request, as the server runs it.
#[must_use]
pub(crate) fn handle(service: Arc<Service>, number: u64, request: Request, inbox: Inbox) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let moment = service.moments().now();
        let answer = serve(&service, request, &moment).await.unwrap_or_else(Answer::from);
        inbox.lock().unwrap_or_else(PoisonError::into_inner).push((number, answer));
    })
}

async fn serve(service: &Service, request: Request, moment: &Moment) -> Result<Answer, Failure> {
    let actor = Administrator::of_everything(Actor::from("unix:0"));
    Ok(match request {
        Request::SetUp { accepts_clock } => {
            if accepts_clock {
                service.accept_clock(&Actor::system(), moment).await?;
            }
            service.set_up(moment).await.map_err(|error| Failure::Refused(Refusal::invalid(error.to_string())))?;
            Answer::Done
        }
        Request::Issue { by, audience } => issue(service, &by, &audience, moment).await?,
        Request::Introspect { by, text } => {
            let client = authenticate(service, by, moment)?;
            service.introspect(&client.entry.client.record, &text, moment).await?;
            Answer::Introspected
        }
        Request::RevokeOwn { by, text } => {
            let client = authenticate(service, by, moment)?;
            service.revoke_own(&client.into(), &text, moment).await?;
            Answer::Done
        }
        Request::ChangeById { id, change } => {
            service.change_token(id, (change, &Why::Unspecified.into()), &actor, moment).await?;
            Answer::Changed
        }
        Request::ChangeByText { text, change } => {
            service.change_token_text(&text, (change, &Why::Unspecified.into()), &actor, moment).await?;
            Answer::Changed
        }
        Request::CutOff { subject, name, before } => Answer::CutOff(service.cut_off(subject, &name, before, &actor, moment).await?),
        Request::SignCheckpoint => {
            service.sign_checkpoint(moment).await?;
            Answer::Done
        }
        Request::TendKeys => {
            service.tend_signing_keys(moment).await?;
            Answer::Done
        }
        other => administer(service, other, &actor, moment).await?,
    })
}

async fn administer(service: &Service, request: Request, actor: &Administrator, moment: &Moment) -> Result<Answer, Failure> {
    match request {
        Request::CreateApi { audience, is_opaque, lifetime_seconds } => {
            let request = CreateApi {
                audience,
                scopes: BTreeMap::from([("read".to_owned(), "Read.".to_owned())]),
                access_token_lifetime_seconds: Some(lifetime_seconds),
                token_format: is_opaque.then(|| "opaque".to_owned()),
                ..CreateApi::default()
            };
            let api = service.create_api(&request, actor, moment).await?;
            return Ok(Answer::ApiCreated { id: api.id.to_string(), audience: api.audience.to_string() });
        }
        Request::ChangeLifetime { api, lifetime_seconds } => {
            let request = UpdateApi { access_token_lifetime_seconds: Some(lifetime_seconds), ..UpdateApi::default() };
            service.update_api(&api, &request, actor, moment).await?;
        }
        Request::DeleteApi { api } => service.delete_api(&api, actor, moment).await?,
        Request::CreateClient { name, apis } => {
            let request = CreateClient {
                name,
                may_introspect: true,
                scopes: (!apis.is_empty()).then(|| "read".to_owned()),
                ..CreateClient::default()
            };
            let (client, secret) = service.create_client(&request, &apis, actor, moment).await?;
            let secret = secret.map(|secret| secret.clear.0.expose().to_owned()).unwrap_or_default();
            return Ok(Answer::ClientCreated { id: client.id.to_string(), secret });
        }
        Request::DeleteClient { client } => service.delete_client(&client, actor, moment).await?,
        Request::CreateSecret { client } => {
            let request = CreateSecret { overlap_seconds: Some(60), ..CreateSecret::default() };
            let created = service.create_client_secret(&client, request, actor, moment).await?;
            return Ok(Answer::SecretCreated { secret: created.clear.0.expose().to_owned() });
        }
        Request::RotateKey => {
            service.rotate_signing_key(Algorithm::Es256, true, actor, moment).await?;
        }
        Request::RevokeKey { key } => service.revoke_signing_key(&key, actor, moment).await?,
        _ => {}
    }
    Ok(Answer::Done)
}

async fn issue(service: &Service, by: &Credentials, audience: &str, moment: &Moment) -> Result<Answer, Failure> {
    let client = authenticate(service, by.clone(), moment)?;
    let resource = Resource::parse(audience).map_err(|problem| Refusal::invalid(problem.to_string()))?;
    let request = ClientCredentialsRequest { scope: None, resources: vec![resource] };
    let issued = service.issue(&client, &request, moment).await?;
    Ok(Answer::Issued { text: issued.access_token.expose().to_owned(), token: issued.token })
}

fn authenticate(service: &Service, by: Credentials, moment: &Moment) -> Result<Authenticated, Refusal> {
    let presented = ClientAuthentication::Basic { client_id: by.client, client_secret: Secret::new(by.secret) };
    service.authenticate(&presented, &Marks::default(), moment)
}
