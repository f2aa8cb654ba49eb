//! People, groups and roles: who may do what now, at once and after a restart, and what is told of it.

use futures_util::future::join_all;
use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_core::group::create::CreateGroup;
use jeton_core::person::create::CreatePerson;
use jeton_core::person::update::UpdatePerson;
use jeton_core::refusal::Reason;
use jeton_core::rights::OwnerStanding;
use jeton_core::role::create::CreateRole;
use jeton_core::role::holder::Holder;
use jeton_core::role::update::UpdateRole;
use jeton_oauth::feed::{Change, FeedEvent, Subject, SubjectId};
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::manage::administrator;

const ORDERS: &str = "https://orders.example";

async fn user(world: &World, username: &str) -> Holder {
    let request = CreatePerson { username: username.to_owned(), ..CreatePerson::default() };
    Holder::Person(world.service().create_user(&request, &administrator(), &world.moment()).await.unwrap().id)
}

async fn group(world: &World, name: &str) -> Holder {
    let request = CreateGroup { name: name.to_owned(), ..CreateGroup::default() };
    Holder::Group(world.service().create_group(&request, &administrator(), &world.moment()).await.unwrap().id)
}

async fn role(world: &World, api: &str, name: &str, scopes: &str) {
    let request = CreateRole { name: name.to_owned(), scopes: scopes.to_owned(), ..CreateRole::default() };
    world.service().create_role(api, &request, &administrator(), &world.moment()).await.unwrap();
}

async fn assign(world: &World, role: &str, holder: &str) {
    world.service().assign_role(role, holder, &administrator(), &world.moment()).await.unwrap();
}

/// What somebody may do at the API of orders.
fn may(world: &World, holder: &Holder) -> String {
    let api = world.service().find_api(ORDERS).unwrap();
    world.service().registry().people.rights(holder, &api.record).scopes.to_string()
}

fn standing(world: &World, holder: &Holder) -> OwnerStanding {
    let api = world.service().find_api(ORDERS).unwrap();
    world.service().registry().people.rights(holder, &api.record).standing
}

#[track_caller]
fn check_refused<R>(result: Result<R, Failure>, expected: Reason) {
    match result {
        Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, expected, "{refusal}"),
        Err(failure) => panic!("{failure}"),
        Ok(_) => panic!("granted"),
    }
}

#[tokio::test]
async fn rights_are_those_of_all_roles_and_follow_every_change() {
    let world = World::new().await;
    let (service, actor) = (world.service().clone(), administrator());
    world.api("orders").await;
    world.api("stock").await;
    let (ada, bob, billing) = (user(&world, "ada").await, user(&world, "bob").await, group(&world, "billing").await);
    role(&world, ORDERS, "reader", "orders:read").await;
    role(&world, ORDERS, "writer", "orders:write").await;
    role(&world, "https://stock.example", "keeper", "stock:read stock:write").await;
    assert_eq!((may(&world, &ada), standing(&world, &ada)), (String::new(), OwnerStanding::Stands));
    assign(&world, "reader", "user:ada").await;
    assign(&world, "keeper", "user:ada").await;
    assign(&world, "writer", "group:billing").await;
    assert_eq!((may(&world, &ada), may(&world, &billing)), ("orders:read".into(), "orders:write".into()));
    service.add_member("billing", "ADA", &actor, &world.moment()).await.unwrap();
    service.add_member("billing", "bob", &actor, &world.moment()).await.unwrap();
    assert_eq!((may(&world, &ada), may(&world, &bob)), ("orders:read orders:write".into(), "orders:write".into()));
    let world = world.reopen().await;
    let service = world.service().clone();
    assert_eq!((may(&world, &ada), may(&world, &bob)), ("orders:read orders:write".into(), "orders:write".into()), "a restart remembers");
    let wide = UpdateRole { scopes: Some("orders:read orders:write".into()), ..UpdateRole::default() };
    service.update_role("writer", &wide, &actor, &world.moment()).await.unwrap();
    assert_eq!(may(&world, &bob), "orders:read orders:write");
    service.remove_member("billing", "bob", &actor, &world.moment()).await.unwrap();
    service.unassign_role("reader", "user:ada", &actor, &world.moment()).await.unwrap();
    assert_eq!((may(&world, &ada), may(&world, &bob)), ("orders:read orders:write".into(), String::new()));
    let removed = world.administer(Method::DELETE, "/groups/billing", None).await;
    assert_eq!(removed.status, 204, "{}", removed.shown());
    assert_eq!((may(&world, &ada), standing(&world, &billing)), (String::new(), OwnerStanding::Gone));
    assign(&world, "writer", "user:bob").await;
    service.delete_role("writer", &actor, &world.moment()).await.unwrap();
    assert_eq!(may(&world, &bob), "");
    let world = world.reopen().await;
    assert_eq!((may(&world, &ada), may(&world, &bob), standing(&world, &billing)), (String::new(), String::new(), OwnerStanding::Gone));
}

#[tokio::test]
async fn a_scope_that_the_api_gives_up_is_nobody_s() {
    let world = World::new().await;
    let (service, actor) = (world.service(), administrator());
    world.api("orders").await;
    let ada = user(&world, "ada").await;
    role(&world, ORDERS, "clerk", "orders:read orders:write").await;
    assign(&world, "clerk", "user:ada").await;
    let scopes = [("orders:read".to_owned(), String::new())].into();
    let narrower = jeton_core::api::update::UpdateApi { scopes: Some(scopes), ..Default::default() };
    service.update_api(ORDERS, &narrower, &actor, &world.moment()).await.unwrap();
    assert_eq!(may(&world, &ada), "orders:read");
    service.delete_api(ORDERS, &actor, &world.moment()).await.unwrap();
    check_refused(service.find_role("clerk").map_err(Failure::from), Reason::NotFound);
    world.api("orders").await;
    assert_eq!(may(&world, &ada), "", "an API of the same audience is another one");
    let people = &service.registry().people;
    assert_eq!(people.roles_of(&ada).len(), 0);
}

#[tokio::test]
async fn who_is_disabled_is_cut_off_everywhere_and_stays_cut_off() {
    let world = World::new().await;
    let (service, actor) = (world.service().clone(), administrator());
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let (ada, bob) = (user(&world, "ada").await, user(&world, "bob").await);
    role(&world, ORDERS, "reader", "orders:read").await;
    for holder in ["user:ada", "user:bob"] {
        assign(&world, "reader", holder).await;
    }
    let Holder::Person(id) = &ada else { panic!("{ada}") };
    let mut following = world.follow(&worker, "?audience=https%3A%2F%2Forders.example", None).await.ok().unwrap();
    assert!(matches!(following.next().await, Some(FeedEvent::Snapshot { .. })));
    let disabled = service.disable_user("ada", &actor, &world.moment()).await.unwrap();
    assert_eq!(disabled.state.name(), "disabled");
    let heard = loop {
        match following.next().await {
            Some(FeedEvent::Narrowing { narrowing, .. }) => break narrowing.change,
            Some(_) => {}
            None => panic!("the feed ended"),
        }
    };
    let Change::Cutoff { subject: Subject::User(named), before_seconds, .. } = heard else { panic!("{heard:?}") };
    assert_eq!((named, before_seconds), (SubjectId::parse(id.as_str()).unwrap(), world.now() + 1));
    let is_dead = |world: &World, issued_at: i64| issued_at < world.service().registry().latest_cut_off(CutOffSubject::User, id.as_str());
    assert!(is_dead(&world, world.now()) && !is_dead(&world, world.now() + 1));
    assert_eq!((may(&world, &ada), standing(&world, &ada)), (String::new(), OwnerStanding::Disabled));
    assert_eq!((may(&world, &bob), standing(&world, &bob)), ("orders:read".into(), OwnerStanding::Stands));
    let (first, ledger) = (world.now(), service.store().head().size);
    world.advance(60);
    service.disable_user("ada", &actor, &world.moment()).await.unwrap();
    assert_eq!(service.store().head().size, ledger, "who is disabled stays so, and nothing is told again");
    service.enable_user("ada", &actor, &world.moment()).await.unwrap();
    assert_eq!(may(&world, &ada), "orders:read");
    let world = world.reopen().await;
    assert_eq!(standing(&world, &ada), OwnerStanding::Stands);
    assert!(is_dead(&world, first) && !is_dead(&world, world.now()), "what was cut off stays dead");
}

#[tokio::test]
async fn whoever_is_revoked_by_username_is_meant_by_their_id() {
    let world = World::new().await;
    let (service, actor) = (world.service(), administrator());
    let ada = user(&world, "ada").await;
    let before = service.cut_off(CutOffSubject::User, "ada", None, &actor, &world.moment()).await.unwrap();
    let Holder::Person(id) = &ada else { panic!("{ada}") };
    assert_eq!(service.registry().latest_cut_off(CutOffSubject::User, id.as_str()), before.seconds());
    assert!(service.survey(CutOffSubject::User, "ada").is_ok() && service.survey(CutOffSubject::User, "eve").is_err());
}

#[tokio::test]
async fn of_many_that_want_a_name_one_gets_it() {
    let world = World::new().await;
    let (service, actor) = (world.service(), administrator());
    world.api("orders").await;
    world.api("stock").await;
    let moments: Vec<_> = (0..10).map(|_| world.moment()).collect();
    let person = CreatePerson { username: "Ada".into(), ..CreatePerson::default() };
    let people = join_all(moments.iter().map(|moment| service.create_user(&person, &actor, moment))).await;
    assert_eq!(people.iter().filter(|made| made.is_ok()).count(), 1);
    people.into_iter().filter(Result::is_err).for_each(|made| check_refused(made, Reason::Conflict));
    let bob = user(&world, "bob").await;
    let rename = UpdatePerson { username: Some("ADA".into()), ..UpdatePerson::default() };
    check_refused(service.update_user("bob", &rename, &actor, &world.moment()).await, Reason::Conflict);
    let free = UpdatePerson { username: Some("eve".into()), ..UpdatePerson::default() };
    service.update_user("ada", &free, &actor, &world.moment()).await.unwrap();
    service.update_user(bob.to_string().trim_start_matches("user:"), &rename, &actor, &world.moment()).await.unwrap();
    assert_eq!(Holder::Person(service.find_user("ada").unwrap().record.id.clone()), bob);
    check_refused(service.find_user("bob").map_err(Failure::from), Reason::NotFound);
    let group = CreateGroup { name: "billing".into(), ..CreateGroup::default() };
    service.create_group(&group, &actor, &world.moment()).await.unwrap();
    check_refused(service.create_group(&group, &actor, &world.moment()).await, Reason::Conflict);
    role(&world, ORDERS, "reader", "orders:read").await;
    let twice = CreateRole { name: "reader".into(), scopes: "orders:read".into(), ..CreateRole::default() };
    check_refused(service.create_role(ORDERS, &twice, &actor, &world.moment()).await, Reason::Conflict);
    role(&world, ORDERS, "reader role_of old", "orders:read").await;
    assert!(service.find_role("reader").is_ok());
    role(&world, "https://stock.example", "reader", "stock:read").await;
    check_refused(service.find_role("reader").map_err(Failure::from), Reason::Conflict);
}

#[tokio::test]
async fn members_that_come_at_once_are_all_in_and_each_once() {
    let world = World::new().await;
    let (service, actor) = (world.service(), administrator());
    group(&world, "billing").await;
    let mut names = vec![];
    for number in 0..20 {
        let name = format!("user-{number}");
        user(&world, &name).await;
        names.push(name);
    }
    let moments: Vec<_> = (0..40).map(|_| world.moment()).collect();
    let asked = moments.iter().zip(names.iter().cycle());
    let added = join_all(asked.map(|(moment, name)| service.add_member("billing", name, &actor, moment))).await;
    assert!(added.iter().all(Result::is_ok), "{added:?}");
    let billing = service.find_group("billing").unwrap();
    assert_eq!(service.count_members(&billing.record), 20);
    let told = service.store().head().size;
    service.add_member("billing", "user-3", &actor, &world.moment()).await.unwrap();
    service.remove_member("billing", "user-3", &actor, &world.moment()).await.unwrap();
    service.remove_member("billing", "user-3", &actor, &world.moment()).await.unwrap();
    assert_eq!((service.store().head().size, service.count_members(&billing.record)), (told + 1, 19));
    let page: Vec<_> = service.members_after(&billing.record, None, 2).iter().map(|member| member.person.record.id.clone()).collect();
    let next = service.members_after(&billing.record, Some(page[1].as_str()), 100);
    assert_eq!((page.len(), next.len()), (2, 17));
}
