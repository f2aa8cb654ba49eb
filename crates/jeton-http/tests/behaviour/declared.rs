//! What administrators declare: names are taken once, also in a race, and are free again when their bearer is gone.

use futures_util::future::join_all;
use jeton_core::api::create::CreateApi;
use jeton_core::api::update::UpdateApi;
use jeton_core::client::create::CreateClient;
use jeton_core::client::update::UpdateClient;
use jeton_core::refusal::Reason;
use jeton_core::why::Why;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::manage::administrator;

use crate::errors::check_error;

#[track_caller]
fn check_refused<R>(result: Result<R, Failure>, expected: Reason) {
    match result {
        Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, expected, "{refusal}"),
        Err(failure) => panic!("{failure}"),
        Ok(_) => panic!("granted"),
    }
}

fn asked(audience: &str) -> CreateApi {
    CreateApi { audience: audience.to_owned(), ..CreateApi::default() }
}

fn named(name: &str) -> CreateClient {
    CreateClient { name: name.to_owned(), ..CreateClient::default() }
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let world = World::new().await;
    let (service, actor) = (world.service().clone(), administrator());
    world.api("orders").await;
    world.client("worker", &[]).await;
    let other = world.client("other", &[]).await;
    check_refused(service.create_api(&asked("https://orders.example"), &actor, &world.moment()).await, Reason::Conflict);
    check_refused(service.create_client(&named("worker"), &[], &actor, &world.moment()).await, Reason::Conflict);
    let rename = UpdateClient { name: Some("worker".into()), ..UpdateClient::default() };
    check_refused(service.update_client(&other.id, &rename, None, &actor, &world.moment()).await, Reason::Conflict);
    let world = world.reopen().await;
    let service = world.service().clone();
    check_refused(service.create_client(&named("worker"), &[], &actor, &world.moment()).await, Reason::Conflict);
    service.delete_client("worker", &actor, &world.moment()).await.unwrap();
    service.update_client("other", &rename, None, &actor, &world.moment()).await.unwrap();
    assert_eq!(service.find_client("worker").unwrap().client.record.id.as_str(), other.id);
    check_refused(service.find_client("other").map_err(Failure::from), Reason::NotFound);
    service.delete_api("https://orders.example", &actor, &world.moment()).await.unwrap();
    service.create_api(&asked("https://orders.example"), &actor, &world.moment()).await.unwrap();
}

#[tokio::test]
async fn of_many_that_want_a_name_one_gets_it() {
    let world = World::new().await;
    let (service, actor) = (world.service(), administrator());
    let moments: Vec<_> = (0..20).map(|_| world.moment()).collect();
    let (api, client) = (asked("https://orders.example"), named("worker"));
    let apis = join_all(moments.iter().map(|moment| service.create_api(&api, &actor, moment))).await;
    assert_eq!(apis.iter().filter(|made| made.is_ok()).count(), 1);
    let clients = join_all(moments.iter().map(|moment| service.create_client(&client, &[], &actor, moment))).await;
    assert_eq!(clients.iter().filter(|made| made.is_ok()).count(), 1);
    apis.into_iter().filter(Result::is_err).for_each(|refused| check_refused(refused, Reason::Conflict));
    clients.into_iter().filter(Result::is_err).for_each(|refused| check_refused(refused, Reason::Conflict));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    let (service, actor) = (world.service(), administrator());
    let apis = ["https://nowhere.example".to_owned()];
    check_refused(service.delete_api("x", &actor, &world.moment()).await, Reason::NotFound);
    check_refused(service.update_api("x", &UpdateApi::default(), &actor, &world.moment()).await, Reason::NotFound);
    check_refused(service.delete_client("x", &actor, &world.moment()).await, Reason::NotFound);
    check_refused(service.update_client("x", &UpdateClient::default(), None, &actor, &world.moment()).await, Reason::NotFound);
    check_refused(service.create_client(&named("worker"), &apis, &actor, &world.moment()).await, Reason::NotFound);
    check_refused(service.revoke_client_secret(("x", "y"), Why::Unspecified, &actor, &world.moment()).await, Reason::NotFound);
}

/// Changes of many to one client at once: each is made, or says that it was not.
#[tokio::test]
async fn changes_at_once_are_all_made_or_said_not_to_be() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let actor = administrator();
    let moments: Vec<_> = (0..8).map(|_| world.moment()).collect();
    let requests: Vec<_> = (0..8).map(|number| UpdateClient { name: Some(format!("name {number}")), ..UpdateClient::default() }).collect();
    let changes =
        moments.iter().zip(&requests).map(|(moment, request)| world.service().update_client(&worker.id, request, None, &actor, moment));
    let size = world.ledger_size();
    let made = join_all(changes).await;
    let told = world.service().entries(size, 100).unwrap();
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), told.len());
    assert!(made.iter().all(|made| matches!(made, Ok(_) | Err(Failure::Contended))), "{made:?}");
    let name = world.service().find_client(&worker.id).unwrap().client.record.name.clone();
    assert_eq!(world.service().find_client(&name).unwrap().client.record.id.as_str(), worker.id);
}

/// What was issued in one form stays good when its API changes to the other, and when scopes change.
#[tokio::test]
async fn a_changed_api_keeps_its_tokens() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut tokens = vec![world.token(&worker).await];
    for format in ["opaque", "jwt"] {
        let request = UpdateApi { token_format: Some(format.to_owned()), ..UpdateApi::default() };
        world.service().update_api("https://orders.example", &request, &administrator(), &world.moment()).await.unwrap();
        tokens.push(world.token(&worker).await);
    }
    let request = UpdateApi { signing_algorithm: Some("EdDSA".to_owned()), ..UpdateApi::default() };
    world.service().update_api("https://orders.example", &request, &administrator(), &world.moment()).await.unwrap();
    tokens.push(world.token(&worker).await);
    let world = world.reopen().await;
    for (number, token) in tokens.iter().enumerate() {
        assert_eq!(token.contains('.'), number != 1);
        assert!(world.is_active(&worker, token).await, "{number}");
    }
}

/// What a client may do is read afresh at each request.
#[tokio::test]
async fn a_changed_client_asks_under_its_new_registration() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.api("stock").await);
    let worker = world.client("worker", &[&orders, &stock]).await;
    let change = async |request: UpdateClient, apis: Option<&[String]>| {
        world.service().update_client(&worker.id, &request, apis, &administrator(), &world.moment()).await.unwrap()
    };
    let token = world.token_with(&worker, &[("resource", "https://orders.example")]).await;
    change(UpdateClient { scopes: Some("stock:read".into()), ..UpdateClient::default() }, None).await;
    check_error(&world.ask(&worker, &[("resource", "https://orders.example")]).await, 400, "invalid_scope");
    change(UpdateClient::default(), Some(&["https://stock.example".to_owned()])).await;
    check_error(&world.ask(&worker, &[("resource", "https://orders.example")]).await, 400, "invalid_target");
    assert_eq!(world.ask(&worker, &[]).await.member("scope"), "stock:read");
    change(UpdateClient { may_introspect: Some(false), ..UpdateClient::default() }, None).await;
    assert!(!world.is_active(&worker, &token).await);
    change(UpdateClient { authentication: Some("client_secret_post".into()), ..UpdateClient::default() }, None).await;
    check_error(&world.ask(&worker, &[]).await, 401, "invalid_client");
}
