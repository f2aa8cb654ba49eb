//! People at the surface: they sign in, allow an application something, and it refreshes what it got.

use jeton_core::id::PersonId;
use jeton_core::sender::Sender;
use jeton_core::session::proof::Authenticated;
use jeton_oauth::ClientAuthentication;
use jeton_oauth::authorization::AuthorizationForm;
use jeton_oauth::pkce::Verifier;
use jeton_oauth::token::{AuthorizationCodeRequest, RefreshRequest};
use jeton_service::authorizations::{Destination, NextStep};
use jeton_service::failure::Failure;
use jeton_service::grants::GrantedTokens;
use jeton_service::passwords::Proven;
use jeton_service::sessions::Proof;
use jeton_service::usage::marks::Marks;
use jeton_testkit::world::World;
use jeton_token::Secret;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An application that people sign in to.
pub(crate) fn application(name: &str) -> jeton_core::client::create::CreateClient {
    jeton_core::client::create::CreateClient {
        name: name.to_owned(),
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"].map(str::to_owned).to_vec(),
        authentication: Some("none".to_owned()),
        redirect_uris: vec!["https://shop.example/callback".to_owned()],
        ..jeton_core::client::create::CreateClient::default()
    }
}

pub(crate) fn owner() -> Sender {
    Sender::of(Some("192.0.2.7".parse().unwrap()), Some("app/3"))
}

pub(crate) fn thief() -> Sender {
    Sender::of(Some("203.0.113.7".parse().unwrap()), Some("curl/8"))
}

/// Whom a password signs in.
pub(crate) async fn proves(world: &World, username: &str, password: &str) -> Result<Option<PersonId>, Failure> {
    proves_from(world, username, password, &owner()).await
}

/// The same elsewhere.
pub(crate) async fn proves_from(world: &World, username: &str, password: &str, sender: &Sender) -> Result<Option<PersonId>, Failure> {
    let (service, moment) = (world.service(), world.moment());
    let proven = service.prove_password(username, &Secret::from(password), (sender, None), &moment).await?;
    Ok(match proven {
        Proven::Somebody(person, _) => Some(person.record.id.clone()),
        Proven::Nobody => None,
        Proven::Wait(wait) => panic!("{username} waits for {wait:?}"),
    })
}

/// Begins a session, or goes on with the one of this browser: its secret, where it is begun.
pub(crate) async fn begin(world: &World, person: &PersonId, before: Option<&str>) -> Option<Secret> {
    let service = world.service();
    let before = match before {
        Some(text) => service.session(text, world.now(), &world.moment()).await.unwrap(),
        None => None,
    };
    let proof = Proof { authenticated: Authenticated::by_password(world.now()), by: None };
    let begun = service.begin_session(person, proof, before.as_ref(), &owner(), &world.moment()).await.ok()?;
    Some(Secret::from(begun.clear.0))
}

/// Whether a session is live of which the browser was just here.
pub(crate) async fn is_live(world: &World, session: &str) -> bool {
    world.service().session(session, world.now(), &world.moment()).await.unwrap().is_some()
}

/// What an application asks for, as a form.
pub(crate) fn form_of(client_id: &str, scope: &str) -> String {
    let (challenge, scope) = (Verifier::parse(VERIFIER).unwrap().challenge(), scope.replace(' ', "+"));
    format!("client_id={client_id}&response_type=code&scope={scope}&code_challenge={challenge}&code_challenge_method=S256")
}

/// The code that an application gets for whoever is signed in, and allows what it asks for.
pub(crate) async fn code(world: &World, client_id: &str, session: &str, scope: &str) -> Option<Secret> {
    ask(world, client_id, session, scope, true).await
}

/// The same; where they do not allow what is new, of what they allowed before alone.
pub(crate) async fn ask(world: &World, client_id: &str, session: &str, scope: &str, allows: bool) -> Option<Secret> {
    let service = world.service();
    let found = service.session(session, world.now(), &world.moment()).await.unwrap()?;
    let text = form_of(client_id, scope);
    let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
    let (_, uri) = service.authorization_target(&form).ok()?;
    let (request, begun_at) = (form.request().unwrap(), world.now());
    let step = service.authorize(&request, Destination::Address(&uri), begun_at, Some(&found), None, &world.moment()).await.ok()?;
    let step = match step {
        NextStep::Consent(new, _) if allows => {
            service.authorize(&request, Destination::Address(&uri), begun_at, Some(&found), Some(&new), &world.moment()).await.ok()?
        }
        step => step,
    };
    if let NextStep::Answer(code) = step { Some(code) } else { None }
}

pub(crate) async fn exchange(world: &World, client_id: &str, code: &Secret) -> Result<GrantedTokens, Failure> {
    let service = world.service();
    let presented = ClientAuthentication::None { client_id: client_id.to_owned() };
    let client = service.identify(&presented, &Marks::default(), &world.moment())?;
    let verifier = Verifier::parse(VERIFIER).ok();
    let request = AuthorizationCodeRequest { code: code.clone(), redirect_uri: None, verifier, resources: vec![] };
    service.exchange(&client, &request, &owner(), &world.moment()).await
}

pub(crate) async fn refresh(world: &World, client_id: &str, text: &Secret, sender: &Sender) -> Result<GrantedTokens, Failure> {
    let service = world.service();
    let presented = ClientAuthentication::None { client_id: client_id.to_owned() };
    let client = service.identify(&presented, &Marks::default(), &world.moment())?;
    let request = RefreshRequest { refresh_token: text.clone(), scope: None, resources: vec![] };
    service.refresh(&client, &request, sender, &world.moment()).await
}
