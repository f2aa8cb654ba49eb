//! A person who is deleted: what is theirs ends, and nothing goes with them that others need.

use http::Method;
use jeton_core::client;
use jeton_core::owner::Owner;
use jeton_core::record::Value as Column;
use jeton_testkit::World;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

/// Ada, alone in billing, with a token of her own, a role and a password; bob beside her in the desk.
struct Office {
    world: World,
    ada: String,
    token: String,
    key: Value,
}

impl Office {
    async fn new() -> Office {
        let world = World::new().await;
        world.opaque_api("orders").await;
        let ada = text(&world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await, "id");
        world.done(Method::POST, "/users", Some(json!({"username": "bob"}))).await;
        for (group, members) in [("billing", &["ada"][..]), ("desk", &["ada", "bob"])] {
            world.done(Method::POST, "/groups", Some(json!({"name": group}))).await;
            for member in members {
                world.done(Method::PUT, &format!("/groups/{group}/members/{member}"), None).await;
            }
        }
        let role = json!({"audience": ORDERS, "name": "reader", "scope": "orders:read"});
        world.done(Method::POST, "/roles", Some(role)).await;
        for holder in ["user:ada", "group:billing", "group:desk"] {
            world.done(Method::PUT, &format!("/roles/reader/assignments/{holder}"), None).await;
        }
        world.done(Method::PUT, "/users/ada/password", Some(json!({"password": "correct horse battery"}))).await;
        let token = world.make_key("user:ada", ORDERS, json!({"scope": "orders:read"})).await;
        let key = world.make_key("group:billing", ORDERS, json!({"scope": "orders:read"})).await;
        world.make_key("group:desk", ORDERS, json!({"scope": "orders:read"})).await;
        Office { token: text(&token, "key"), ada, key, world }
    }

    async fn delete(&self, body: Value) -> Value {
        self.world.done(Method::DELETE, "/users/ada", Some(body)).await
    }

    #[track_caller]
    fn told(&self) -> Vec<String> {
        let entries = self.world.service().store().tail(0, 10_000).unwrap();
        entries.into_iter().map(|entry| entry.kind.to_string()).collect()
    }

    async fn state_of_key(&self) -> String {
        text(&self.world.done(Method::GET, &format!("/keys/{}", text(&self.key, "id")), None).await, "state")
    }

    async fn accepts(&self, key: &str) -> bool {
        self.world.done(Method::POST, "/keys/verify", Some(json!({"key": key}))).await["valid"] == true
    }

    async fn refused(&self, body: Value, status: u16, words: &str) {
        let before = self.world.commits();
        let answer = self.world.administer(Method::DELETE, "/users/ada", Some(body)).await;
        assert_eq!(answer.status, status, "{}", answer.shown());
        assert!(answer.text().contains(words), "{}", answer.text());
        assert_eq!(self.world.commits(), before, "nothing is written");
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nobody_goes_with_keys_of_a_group_that_nobody_else_is_in() {
    let office = Office::new().await;
    office.refused(json!({}), 409, "1 key depends on this person alone: 1 key of the group billing").await;
    office.refused(json!({"dry_run": true}), 409, "--transfer-to group:NAME").await;
    office.refused(json!({"transfer_to": "group:desk", "revoke_owned": true}), 400, "either").await;
    office.refused(json!({"transfer_to": "group:billing"}), 400, "nobody is left").await;
    office.refused(json!({"transfer_to": "user:bob"}), 400, "does not become a person's").await;
    office.refused(json!({"transfer_to": "external:acme"}), 400, "group:NAME").await;
    office.refused(json!({"transfer_to": "group:none"}), 404, "jeton group list").await;
    office.refused(json!({"transfer_to": 7}), 400, "wrong value").await;
    office.refused(json!({"transfer_to": "group:\u{202e}\u{1b}[2J"}), 404, "no group").await;
    let would = office.delete(json!({"revoke_owned": true, "dry_run": true})).await;
    assert_eq!(would["dry_run"], true);
    assert_eq!(office.state_of_key().await, "active", "nothing was written");
}

#[tokio::test]
async fn what_is_theirs_ends_and_what_depended_on_them_goes_to_another_group() {
    let office = Office::new().await;
    assert!(office.accepts(&office.token).await);
    let deleted = office.delete(json!({"transfer_to": "group:desk"})).await;
    let expected = json!({
        "id": office.ada, "personal_access_tokens": 1, "groups": 2, "roles": 1, "keys": 1, "clients": 0, "dependents": "transferred", "dry_run": false
    });
    assert_eq!(deleted, expected);
    assert!(!office.accepts(&office.token).await);
    assert!(office.accepts(&text(&office.key, "key")).await, "the desk has it now");
    let desk = office.world.done(Method::GET, "/groups/desk", None).await;
    assert_eq!(desk["members"], 1);
    let told = office.told();
    assert_eq!(&told[told.len() - 5..], ["api_key.transferred", "user.disabled", "tokens.cut_off", "sign_ins.removed", "user.deleted"]);
    let password = office.world.row(&jeton_core::password::TABLE, &vec![Column::text(&office.ada)]);
    assert!(password.is_none());
    // Who is gone is not found, and who has their username is somebody else.
    let again = office.world.administer(Method::DELETE, "/users/ada", Some(json!({}))).await;
    assert_eq!(again.status, 404, "{}", again.shown());
    let another = office.world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    assert_ne!(text(&another, "id"), office.ada);
    assert!(!office.accepts(&office.token).await, "nothing comes back with the name");
    let deleted = office.delete(json!({})).await;
    assert_eq!((&deleted["dependents"], &deleted["keys"]), (&json!("none"), &json!(0)));
}

#[tokio::test]
async fn what_depended_on_them_ends_where_that_is_asked_for() {
    let office = Office::new().await;
    let deleted = office.delete(json!({"revoke_owned": true})).await;
    assert_eq!((&deleted["keys"], &deleted["dependents"]), (&json!(1), &json!("revoked")));
    assert_eq!(office.state_of_key().await, "revoked");
    let key = office.world.done(Method::GET, &format!("/keys/{}", text(&office.key, "id")), None).await;
    assert_eq!(key["why"], "owner_left");
}

/// A client that nobody else answers for, by a row, since no request names who does.
#[tokio::test]
async fn a_client_that_nobody_else_answers_for_goes_to_somebody_or_ends() {
    for (body, owner) in [(json!({"transfer_to": "user:bob"}), Some("user")), (json!({"revoke_owned": true}), None)] {
        let mut office = Office::new().await;
        office.world.done(Method::DELETE, &format!("/keys/{}", text(&office.key, "id")), Some(json!({}))).await;
        let orders = office.world.service().find_api(ORDERS).unwrap();
        office.world.client("shop", &[&orders.record]).await;
        let shop = office.world.service().find_client("shop").unwrap().client.record.clone();
        let ada = Owner::Person(office.ada.as_str().into());
        office.world.damage(&client::TABLE, &client::Client { owner: Some(ada), ..shop }.row());
        office.world = office.world.reopen().await;
        office.refused(json!({}), 409, "1 client depends on this person alone: the client shop").await;
        let deleted = office.delete(body).await;
        assert_eq!(deleted["clients"], 1);
        let world = &office.world;
        let shop = world.service().find_client("shop").ok().map(|entry| entry.client.record.owner.clone().unwrap().to_string());
        let bob = format!("user:{}", world.service().find_user("bob").unwrap().record.id);
        assert_eq!(shop, owner.map(|_| bob));
    }
}

#[tokio::test]
async fn the_last_owner_stays_and_nobody_deletes_who_may_do_more() {
    let world = World::new().await;
    let (ada, bob) = (world.administrator_of("ada", "owner").await, world.administrator_of("bob", "operator").await);
    let delete_ada = |by: &str| {
        let by = format!("Bearer {by}");
        let world = &world;
        async move { world.manage(Some(&by), Method::DELETE, "/users/ada", Some(&json!({}))).await }
    };
    let answer = delete_ada(&ada).await;
    assert_eq!((answer.status, answer.text().contains("jeton admin create")), (409, true), "{}", answer.shown());
    let eve = world.administrator_of("eve", "owner").await;
    assert_eq!(delete_ada(&bob).await.status, 403);
    assert_eq!(delete_ada(&eve).await.status, 200);
    assert_eq!(delete_ada(&eve).await.status, 404);
    assert_eq!(world.manage(Some(&format!("Bearer {ada}")), Method::GET, "/users", None).await.status, 401);
}

/// The process ends between any two commits: whoever asks again goes on with it.
#[tokio::test]
async fn a_deletion_that_was_cut_off_is_gone_on_with() {
    for commits in 0..6 {
        let mut office = Office::new().await;
        office.world.fail_after(commits);
        let body = json!({"transfer_to": "group:desk"});
        let answer = office.world.administer(Method::DELETE, "/users/ada", Some(body.clone())).await;
        office.world = office.world.reopen().await;
        if answer.status != 200 {
            let deleted = office.delete(body).await;
            assert_eq!(text(&deleted, "id"), office.ada, "after {commits}");
        }
        assert_eq!(office.told().iter().filter(|kind| *kind == "user.deleted").count(), 1);
        assert!(!office.accepts(&office.token).await && office.accepts(&text(&office.key, "key")).await);
    }
}
