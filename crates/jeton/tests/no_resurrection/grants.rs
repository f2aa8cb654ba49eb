//! Refresh tokens and sessions: what was spent or ended stays so, and nobody honest is thrown out.

use jeton_core::gap::Known;
use jeton_core::id::{Actor, PersonId};
use jeton_core::moment::Time;
use jeton_core::person::create::CreatePerson;
use jeton_core::role::create::CreateRole;
use jeton_service::failure::Failure;
use jeton_service::grants::GrantedTokens;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::dice::Dice;
use crate::kept::{Engine, Kept, Loss};
use crate::visits::{application, begin, code, exchange, owner, proves, refresh, thief};

const PASSWORD: &str = "correct horse battery";

/// Somebody who is signed in, and the application that acts for them.
struct SignedIn {
    ada: PersonId,
    client_id: String,
    session: Secret,
    seen_at: i64,
    code: Secret,
    tokens: GrantedTokens,
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
    let request = application("shop");
    let (client, _) = service.create_client(&request, &[api.audience.to_string()], &by, &world.moment()).await.unwrap();
    let (session, seen_at) = (begin(world, &ada, None).await.unwrap(), world.now());
    let code = code(world, &client.id.0, session.expose(), "orders:read offline_access").await.unwrap();
    let client_id = client.id.to_string();
    let tokens = exchange(world, &client_id, &code).await.unwrap();
    SignedIn { ada, client_id, session, seen_at, code, tokens }
}

/// Whether a password signs ada in.
async fn is_ada(world: &World, password: &str) -> Result<bool, Failure> {
    proves(world, "ada", password).await.map(|proven| proven.is_some())
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
    let second = refresh(&world, &of.client_id, of.tokens.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
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
        let third = refresh(&world, &of.client_id, &current, &owner()).await.unwrap();
        // A thief of the first one ends all of it.
        world.advance(120);
        let spent = of.tokens.refresh_token.clone().unwrap();
        assert!(refresh(&world, &of.client_id, &spent, &thief()).await.is_err());
        assert!(refresh(&world, &of.client_id, third.refresh_token.as_ref().unwrap(), &owner()).await.is_err());
    }
}

#[tokio::test]
async fn a_code_and_a_session_from_before_are_worth_nothing_where_something_may_be_missing() {
    for (loss, is_session_live, by_password) in
        [(Loss::Nothing, true, Ok(true)), (Loss::UntilThen, false, Ok(true)), (Loss::AllOfIt, false, Err(Failure::Fenced))]
    {
        let (world, _, of, _) = lost(loss).await;
        // Whether it was taken away since is not known: said to whoever knows it.
        assert_eq!(is_ada(&world, PASSWORD).await, by_password, "{loss:?}");
        assert_eq!(is_ada(&world, "a wrong one").await, Ok(false), "{loss:?}");
        let session = world.service().session(of.session.expose(), of.seen_at, &world.moment()).await.unwrap();
        assert_eq!(session.is_some(), is_session_live, "{loss:?}");
        assert!(exchange(&world, &of.client_id, &of.code).await.is_err());
        assert!(world.service().find_user(of.ada.as_str()).is_ok());
        // What is set here counts.
        world.service().set_password("ada", &Secret::from("another battery"), &administrator(), &world.moment()).await.unwrap();
        assert_eq!(is_ada(&world, "another battery").await, Ok(true), "{loss:?}");
    }
}

#[tokio::test]
async fn behind_a_gap_nobody_loses_a_refresh_token_and_none_is_accepted() {
    let (world, known, of, current) = lost(Loss::AllOfIt).await;
    assert_eq!(known, Known::MayLack);
    let first = of.tokens.refresh_token.clone().unwrap();
    for text in [&first, &current] {
        let refused = refresh(&world, &of.client_id, text, &owner()).await.err();
        assert_eq!(refused, Some(Failure::Fenced), "a client keeps what it has");
    }
    assert!(world.service().accept_gap(&Actor::from("unix:0"), &world.moment()).await.unwrap());
    // The rotation was lost with the end of the tail: what the owner has was made here, and counts.
    let next = refresh(&world, &of.client_id, &current, &owner()).await.unwrap();
    world.advance(120);
    assert!(refresh(&world, &of.client_id, &first, &thief()).await.is_err());
    assert!(refresh(&world, &of.client_id, next.refresh_token.as_ref().unwrap(), &owner()).await.is_err());
}

#[tokio::test]
async fn a_code_that_nobody_used_before_a_restore_is_worth_nothing_after_it() {
    let world = World::new().await;
    let kept = Kept::new(&world, false, false).await;
    let of = sign_in(&world).await;
    let unused = code(&world, &of.client_id, of.session.expose(), "orders:read").await.unwrap();
    kept.snapshot(&world).await;
    kept.ship(true).await;
    let made = kept.restore(&world, None, Engine::Memory, None).await;
    made.world.advance(2);
    assert_eq!(made.known, Known::All);
    assert!(exchange(&made.world, &of.client_id, &unused).await.is_err());
    assert!(exchange(&world, &of.client_id, &unused).await.is_ok(), "where it was given it is good");
}
