//! Whatever somebody asks of the management API, nobody has more by it than they or whoever asked had before.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use jeton_core::moment::{Moment, Time};
use jeton_core::permission::{Permission, Permissions};
use jeton_testkit::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const AUDIENCE: &str = "https://tokens.example/api/v1";
const PEOPLE: [&str; 3] = ["ada", "bob", "cleo"];
const GROUPS: [&str; 2] = ["red", "blue"];

type Names = BTreeSet<String>;

/// Throws of a seed.
struct Dice(Moment);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(u16::from_be_bytes(self.0.draw::<2>())) % limit
    }

    fn one_of<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    fn permissions(&mut self) -> Vec<&'static str> {
        let chosen = Permission::ALL.iter().filter(|_| self.below(3) == 0).map(|permission| permission.name());
        let mut names: Vec<_> = chosen.collect();
        if names.is_empty() {
            names.push("jeton:keys:read");
        }
        names
    }
}

fn names(permissions: Permissions) -> Names {
    permissions.iter().map(|permission| permission.name().to_owned()).collect()
}

/// What each person may do now.
fn standing(world: &World) -> BTreeMap<String, Names> {
    let found = world.service().administrators();
    found.into_iter().map(|record| (record.person.username.to_string(), names(record.permissions))).collect()
}

/// What somebody may do who presents this.
async fn allowed(world: &World, text: &str) -> Names {
    let answer = world.manage(Some(&format!("Bearer {text}")), Method::GET, "/administrators/self", None).await;
    let list = if answer.status == 200 { answer.member("permissions") } else { json!([]) };
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn request(dice: &mut Dice, ids: &[String]) -> (Method, String, Value) {
    let owner = match dice.below(3) {
        0 => format!("group:{}", dice.one_of(&GROUPS)),
        1 => "client:robot".to_owned(),
        _ => format!("user:{}", dice.one_of(&PEOPLE)),
    };
    let (person, group, key) = (*dice.one_of(&PEOPLE), *dice.one_of(&GROUPS), dice.one_of(ids).clone());
    let role = *dice.one_of(&["role_owner", "role_operator", "role_developer", "role_auditor", "custom", "made"]);
    let scope = dice.permissions().join(" ");
    let holder = if dice.below(2) == 0 { format!("user:{person}") } else { format!("group:{group}") };
    match dice.below(22) {
        0 => (Method::POST, "/roles".into(), json!({"audience": AUDIENCE, "name": "made", "scope": scope})),
        1 => (Method::PATCH, format!("/roles/{role}"), json!({"scope": scope})),
        2 | 3 => (Method::PUT, format!("/roles/{role}/assignments/{holder}"), json!({})),
        4 => (Method::DELETE, format!("/roles/{role}/assignments/{holder}"), json!({})),
        5 => (Method::PUT, format!("/groups/{group}/members/{person}"), json!({})),
        6 => (Method::DELETE, format!("/groups/{group}/members/{person}"), json!({})),
        7 => (Method::POST, "/keys".into(), json!({"owner": owner, "audience": AUDIENCE, "name": "k", "scope": scope})),
        8 => (Method::POST, format!("/keys/{key}/rotate"), json!({"overlap_seconds": 0})),
        9 => (Method::PATCH, format!("/keys/{key}"), json!({"scope": scope})),
        10 => (Method::POST, format!("/keys/{key}/transfer"), json!({"owner": owner})),
        11 => (Method::POST, "/clients/robot/secrets".into(), json!({"overlap_seconds": 0})),
        12 => (Method::PATCH, "/clients/robot".into(), json!({"audiences": [AUDIENCE], "scope": scope})),
        13 => (Method::POST, "/tokens".into(), json!({"client": "robot"})),
        14 => (Method::POST, "/administrators".into(), json!({"username": person, "role": role.trim_start_matches("role_")})),
        15 => (Method::POST, format!("/users/{person}/enable"), json!({})),
        16 => (Method::POST, "/resumptions".into(), json!({"user": person})),
        17 => (Method::POST, "/resumptions".into(), json!({"group": group})),
        18 => (Method::POST, "/resumptions".into(), json!({"client": "robot"})),
        19 => (Method::POST, format!("/keys/{key}/transfer"), json!({"owner": "external:acme"})),
        20 => (Method::POST, "/resumptions".into(), json!({"owner": "external:acme"})),
        _ => (Method::POST, "/clients".into(), json!({"name": "made", "audiences": [AUDIENCE], "scope": scope})),
    }
}

/// A deployment with people, groups, keys and a client; somebody of a random role of their own asks.
async fn populated(dice: &mut Dice) -> (World, String, Vec<String>) {
    let world = World::new().await;
    for person in PEOPLE {
        world.done(Method::POST, "/users", Some(json!({"username": person}))).await;
    }
    for group in GROUPS {
        world.done(Method::POST, "/groups", Some(json!({"name": group}))).await;
    }
    let robot = json!({"name": "robot", "audiences": [AUDIENCE], "scope": dice.permissions().join(" ")});
    world.done(Method::POST, "/clients", Some(robot)).await;
    let mut ids = vec![];
    for (role, holder) in [("role_owner", "user:cleo"), ("role_operator", "group:red"), ("role_auditor", "group:blue")] {
        world.done(Method::PUT, &format!("/roles/{role}/assignments/{holder}"), None).await;
        let scope = if role == "role_auditor" { "jeton:audit:read" } else { "jeton:policies:write jeton:keys:read" };
        ids.push(world.make_key(holder, AUDIENCE, json!({"scope": scope})).await["id"].as_str().unwrap().to_owned());
    }
    let mut own = dice.permissions();
    own.extend(["jeton:roles:write", "jeton:people:write", "jeton:keys:write", "jeton:clients:write", "jeton:tokens:issue"]);
    let custom = json!({"audience": AUDIENCE, "name": "custom", "scope": own.join(" ")});
    world.done(Method::POST, "/roles", Some(custom)).await;
    world.done(Method::POST, "/users", Some(json!({"username": "mallory"}))).await;
    world.done(Method::PUT, "/roles/custom/assignments/user:mallory", None).await;
    // What was taken away may be more than whoever asks has.
    match dice.below(3) {
        0 => drop(world.done(Method::POST, "/users/cleo/disable", None).await),
        1 => drop(world.done(Method::POST, "/suspensions", Some(json!({"group": "red"}))).await),
        _ => {}
    }
    let key = world.make_key("user:mallory", AUDIENCE, json!({"scope": own.join(" ")})).await;
    (world, key["key"].as_str().unwrap().to_owned(), ids)
}

async fn one_story(seed: u8) -> usize {
    let mut dice = Dice(Moment::new(Time::EPOCH, [seed; 32]));
    let (world, mallory, mut ids) = populated(&mut dice).await;
    let own = allowed(&world, &mallory).await;
    let before = standing(&world);
    let (mut held, mut done): (Vec<String>, usize) = (vec![mallory.clone()], 0);
    for step in 0..60 {
        let (method, path, body) = request(&mut dice, &ids);
        let answer = world.manage(Some(&format!("Bearer {mallory}")), method.clone(), &path, Some(&body)).await;
        assert!(answer.status < 500, "seed {seed}, step {step}: {path} {body}: {}", answer.shown());
        if answer.status < 300 && answer.status != 204 {
            let said = answer.json();
            held.extend(["key", "access_token"].iter().filter_map(|name| said[*name].as_str()).map(str::to_owned));
            ids.extend(said["id"].as_str().filter(|id| id.len() == 32).map(str::to_owned));
            let client = said["client_id"].as_str().map_or_else(|| id_of_robot(&world), str::to_owned);
            if let Some(secret) = said["client_secret"].as_str() {
                let client = Registered { id: client, secret: secret.to_owned(), key: None };
                held.extend(world.ask(&client, &[]).await.member("access_token").as_str().map(str::to_owned));
            }
        }
        done += usize::from(answer.status < 300);
        for text in &held {
            let now = allowed(&world, text).await;
            assert!(now.is_subset(&own), "seed {seed}, step {step}: {method} {path} {body} gave {:?}", now.difference(&own));
        }
        for (person, now) in standing(&world) {
            let had = before.get(&person).cloned().unwrap_or_default();
            let may = own.union(&had).cloned().collect();
            assert!(now.is_subset(&may), "seed {seed}, step {step}: {path} {body}: {person} got {:?}", now.difference(&may));
        }
    }
    done
}

fn id_of_robot(world: &World) -> String {
    world.service().find_client("robot").map(|entry| entry.client.record.id.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn permissions_never_grow() {
    let mut done = 0;
    for seed in 1..=12 {
        done += one_story(seed).await;
    }
    assert!(done > 100, "only {done} requests went well: the test asks for too little");
}
