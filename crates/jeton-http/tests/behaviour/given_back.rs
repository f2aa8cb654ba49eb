//! Nobody gives back what they have not: who was disabled or suspended may have more than whoever would undo it.

use http::Method;
use jeton_testkit::World;
use serde_json::{Value, json};

const AUDIENCE: &str = "https://tokens.example/api/v1";

/// An operator, who holds no `jeton:roles:write`; and what a request of theirs is answered.
struct Desk {
    world: World,
    operator: String,
}

impl Desk {
    async fn new() -> Desk {
        let world = World::new().await;
        let operator = format!("Bearer {}", world.administrator_of("ada", "operator").await);
        Desk { world, operator }
    }

    /// The operator may not, and whoever owns the process may.
    async fn check(&self, path: &str, body: Option<Value>) {
        let refused = self.world.manage(Some(&self.operator), Method::POST, path, body.as_ref()).await;
        assert_eq!(refused.status, 403, "{path} {body:?}: {}", refused.shown());
        let detail = refused.member("detail");
        assert!(detail.as_str().unwrap().starts_with("nobody gives what they have not"), "{path}: {detail}");
        let done = self.world.administer(Method::POST, path, body.clone()).await;
        assert!(done.status < 300, "{path} {body:?}: {}", done.shown());
    }

    async fn may(&self, path: &str, body: Value) {
        let done = self.world.manage(Some(&self.operator), Method::POST, path, Some(&body)).await;
        assert!(done.status < 300, "{path} {body}: {}", done.shown());
    }
}

#[tokio::test]
async fn a_person_and_a_group() {
    let desk = Desk::new().await;
    desk.world.administrator_of("eve", "owner").await;
    desk.world.done(Method::POST, "/users", Some(json!({"username": "bob"}))).await;
    desk.world.done(Method::POST, "/groups", Some(json!({"name": "owners"}))).await;
    desk.world.done(Method::PUT, "/roles/role_owner/assignments/group:owners", None).await;
    for (subject, name) in [("user", "eve"), ("group", "owners")] {
        // To take away needs no more than to be let in.
        desk.may("/suspensions", json!({subject: name})).await;
        desk.check("/resumptions", Some(json!({subject: name}))).await;
    }
    desk.may("/users/eve/disable", json!({})).await;
    desk.check("/users/eve/enable", None).await;
    // Who has nothing, or no more than the operator, is given back.
    desk.may("/users/bob/disable", json!({})).await;
    desk.may("/users/bob/enable", json!({})).await;
    desk.may("/suspensions", json!({"user": "bob"})).await;
    desk.may("/resumptions", json!({"user": "bob"})).await;
    // By a group it is the same.
    desk.world.done(Method::PUT, "/groups/owners/members/bob", None).await;
    desk.may("/users/bob/disable", json!({})).await;
    desk.check("/users/bob/enable", None).await;
}

#[tokio::test]
async fn a_token_and_a_client() {
    let desk = Desk::new().await;
    let robot = json!({"name": "robot", "audiences": [AUDIENCE], "scope": "jeton:roles:write jeton:keys:read"});
    desk.world.done(Method::POST, "/clients", Some(robot)).await;
    let token = async |scope: &str| {
        let issued = desk.world.done(Method::POST, "/tokens", Some(json!({"client": "robot", "scope": scope}))).await;
        issued["id"].as_str().unwrap().to_owned()
    };
    let (more, less) = (token("jeton:roles:write").await, token("jeton:keys:read").await);
    for id in [&more, &less] {
        desk.may(&format!("/tokens/{id}/suspend"), json!({})).await;
    }
    desk.check(&format!("/tokens/{more}/resume"), None).await;
    desk.may(&format!("/tokens/{less}/resume"), json!({})).await;
    desk.may("/suspensions", json!({"id": more})).await;
    desk.check("/resumptions", Some(json!({"id": more}))).await;
    desk.may("/suspensions", json!({"client": "robot"})).await;
    desk.check("/resumptions", Some(json!({"client": "robot"}))).await;
    let secrets = desk.world.done(Method::GET, "/clients/robot/secrets", None).await;
    let secret = format!("/clients/robot/secrets/{}", secrets["items"][0]["id"].as_str().unwrap());
    desk.may(&format!("{secret}/suspend"), json!({})).await;
    desk.check(&format!("{secret}/resume"), None).await;
}
