//! Refresh tokens and sessions: what was spent or ended stays so, and nobody honest is thrown out.

use jeton_core::client::create::CreateClient;
use jeton_core::gap::Known;
use jeton_core::id::{Actor, PersonId};
use jeton_core::moment::Time;
use jeton_core::person::create::CreatePerson;
use jeton_core::role::create::CreateRole;
use jeton_core::sender::Sender;
use jeton_core::session::proof::Authenticated;
use jeton_oauth::ClientAuthentication;
use jeton_oauth::authorization::AuthorizationForm;
use jeton_oauth::pkce::Verifier;
use jeton_oauth::token::{AuthorizationCodeRequest, RefreshRequest};
use jeton_service::authorizations::NextStep;
use jeton_service::failure::Failure;
use jeton_service::grants::GrantedTokens;
use jeton_service::passwords::Proven;
use jeton_service::usage::marks::Marks;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::dice::Dice;
use crate::kept::{Engine, Kept, Loss};

const PASSWORD: &str = "correct horse battery";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Somebody who is signed in, and the application that acts for them.
struct SignedIn {
    ada: PersonId,
    client_id: String,
    session: Secret,
    seen_at: i64,
    code: Secret,
    tokens: GrantedTokens,
}

fn owner() -> Sender {
    Sender::of(Some("192.0.2.7".parse().unwrap()), Some("app/3"))
}

fn thief() -> Sender {
    Sender::of(Some("203.0.113.7".parse().unwrap()), Some("curl/8"))
}

async fn sign_in(world: &World) -> SignedIn {
    let (service, by) = (world.service(), administrator());
    let api = world.api("orders").await;
    let request = CreatePerson { username: "ada".to_owned(), ..CreatePerson::default() };
    let ada = service.create_user(&request, &by, &world.moment()).await.unwrap().id;
    service.set_password("ada", &Secret::from(PASSWORD), &by, &world.moment()).await.unwrap();
    let role = CreateRole { name: "clerk".to_owned(), scopes: "orders:read".to_owned(), ..CreateRole::default() };
    service.create_role(&api.audience, &role, &by, &world.moment()).await.unwrap();
    service.assign_role("clerk", "user:ada", &by, &world.moment()).await.unwrap();
    let request = CreateClient {
        name: "shop".to_owned(),
        grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
        authentication: Some("none".to_owned()),
        redirect_uris: vec!["https://shop.example/callback".to_owned()],
        ..CreateClient::default()
    };
    let (client, _) = service.create_client(&request, &[api.audience.to_string()], &by, &world.moment()).await.unwrap();
    let authenticated = Authenticated::by_password(world.now());
    let begun = service.begin_session(&ada, authenticated, None, &owner(), &world.moment()).await.unwrap();
    let session = Secret::from(begun.clear.0);
    let (found, seen_at) = (service.session(session.expose(), world.now(), &world.moment()).await.unwrap().unwrap(), world.now());
    let challenge = Verifier::parse(VERIFIER).unwrap().challenge();
    let text = format!(
        "client_id={}&response_type=code&scope=orders:read+offline_access&code_challenge={challenge}&code_challenge_method=S256",
        client.id
    );
    let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
    let (request, (_, uri)) = (form.request().unwrap(), service.authorization_target(&form).unwrap());
    let asked = service.authorize(&request, &uri, world.now(), Some(&found), None, &world.moment()).await.unwrap();
    let NextStep::Consent(new, _) = asked else { panic!("{asked:?}") };
    let answered = service.authorize(&request, &uri, world.now(), Some(&found), Some(&new), &world.moment()).await.unwrap();
    let NextStep::Answer(code) = answered else { panic!("{answered:?}") };
    let client_id = client.id.to_string();
    let tokens = exchange(world, &client_id, &code).await.unwrap();
    SignedIn { ada, client_id, session, seen_at, code, tokens }
}

async fn exchange(world: &World, client_id: &str, code: &Secret) -> Result<GrantedTokens, Failure> {
    let service = world.service();
    let presented = ClientAuthentication::None { client_id: client_id.to_owned() };
    let client = service.identify(&presented, &Marks::default(), &world.moment())?;
    let verifier = Verifier::parse(VERIFIER).ok();
    let request = AuthorizationCodeRequest { code: code.clone(), redirect_uri: None, verifier, resources: vec![] };
    service.exchange(&client, &request, &owner(), &world.moment()).await
}

/// Whether a password signs ada in.
async fn proves(world: &World, password: &str) -> Result<bool, Failure> {
    let (sender, service) = (owner(), world.service());
    let proven = service.prove_password("ada", &Secret::from(password), (&sender, None), &world.moment()).await;
    proven.map(|proven| matches!(proven, Proven::Somebody(_)))
}

async fn refresh(world: &World, of: &SignedIn, text: &Secret, sender: &Sender) -> Result<GrantedTokens, Failure> {
    let service = world.service();
    let presented = ClientAuthentication::None { client_id: of.client_id.clone() };
    let client = service.identify(&presented, &Marks::default(), &world.moment())?;
    let request = RefreshRequest { refresh_token: text.clone(), scope: None, resources: vec![] };
    service.refresh(&client, &request, sender, &world.moment()).await
}

/// A grant that was refreshed after the time that may be asked for, and all of it backed up; what is made of what is left.
async fn lost(loss: Loss) -> (World, Known, SignedIn, Secret) {
    let world = World::new().await;
    let kept = Kept::new(&world, false, false).await;
    let of = sign_in(&world).await;
    world.advance(60);
    kept.snapshot(&world).await;
    world.advance(60);
    let until = Time::from_seconds(world.now() - 1);
    let second = refresh(&world, &of, of.tokens.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    kept.ship(loss == Loss::Nothing || loss == Loss::UntilThen).await;
    kept.lose(&world, loss, &mut Dice(1)).await;
    let made = kept.restore(&world, (loss == Loss::UntilThen).then_some(until), Engine::Sqlite, None).await;
    made.world.advance(120);
    (made.world, made.known, of, second.refresh_token.unwrap())
}

#[tokio::test]
async fn what_was_spent_before_or_after_the_time_that_is_restored_stays_spent() {
    for (loss, known, events) in [(Loss::Nothing, Known::All, 0), (Loss::UntilThen, Known::UntilThen, 1)] {
        let (world, found, of, current) = lost(loss).await;
        assert_eq!(found, known);
        let entries = world.service().store().tail(0, usize::MAX).unwrap();
        assert_eq!(entries.iter().filter(|entry| &*entry.kind == "grant.advanced").count(), events, "{loss:?}");
        // The owner goes on.
        let third = refresh(&world, &of, &current, &owner()).await.unwrap();
        // A thief of the first one ends all of it.
        world.advance(120);
        let spent = of.tokens.refresh_token.clone().unwrap();
        assert!(refresh(&world, &of, &spent, &thief()).await.is_err());
        assert!(refresh(&world, &of, third.refresh_token.as_ref().unwrap(), &owner()).await.is_err());
    }
}

#[tokio::test]
async fn a_code_and_a_session_from_before_are_worth_nothing_where_something_may_be_missing() {
    for (loss, is_session_live, by_password) in
        [(Loss::Nothing, true, Ok(true)), (Loss::UntilThen, false, Ok(true)), (Loss::AllOfIt, false, Err(Failure::Fenced))]
    {
        let (world, _, of, _) = lost(loss).await;
        // Whether it was taken away since is not known: said to whoever knows it.
        assert_eq!(proves(&world, PASSWORD).await, by_password, "{loss:?}");
        assert_eq!(proves(&world, "a wrong one").await, Ok(false), "{loss:?}");
        let session = world.service().session(of.session.expose(), of.seen_at, &world.moment()).await.unwrap();
        assert_eq!(session.is_some(), is_session_live, "{loss:?}");
        assert!(exchange(&world, &of.client_id, &of.code).await.is_err());
        assert!(world.service().find_user(of.ada.as_str()).is_ok());
        // What is set here counts.
        world.service().set_password("ada", &Secret::from("another battery"), &administrator(), &world.moment()).await.unwrap();
        assert_eq!(proves(&world, "another battery").await, Ok(true), "{loss:?}");
    }
}

#[tokio::test]
async fn behind_a_gap_nobody_loses_a_refresh_token_and_none_is_accepted() {
    let (world, known, of, current) = lost(Loss::AllOfIt).await;
    assert_eq!(known, Known::MayLack);
    let first = of.tokens.refresh_token.clone().unwrap();
    for text in [&first, &current] {
        let refused = refresh(&world, &of, text, &owner()).await.err();
        assert_eq!(refused, Some(Failure::Fenced), "a client keeps what it has");
    }
    assert!(world.service().accept_gap(&Actor::from("unix:0"), &world.moment()).await.unwrap());
    // The rotation was lost with the end of the tail: what the owner has was made here, and counts.
    let next = refresh(&world, &of, &current, &owner()).await.unwrap();
    world.advance(120);
    assert!(refresh(&world, &of, &first, &thief()).await.is_err());
    assert!(refresh(&world, &of, next.refresh_token.as_ref().unwrap(), &owner()).await.is_err());
}
