//! People who move here from elsewhere, and on to another Jeton, sign in with the passwords they had: through the router, with real hashes.

use std::sync::Arc;

use http::Method;
use jeton_core::password::cost::Cost;
use jeton_core::password::parse::parse;
use jeton_testkit::World;
use serde_json::{Value, json};

use super::pool::Pool;
use crate::clock::uptime_micros;

const PASSWORD: &str = "correct horse";
/// Hashes of it by bcrypt, Django (PBKDF2), Werkzeug (scrypt) and the reference implementation of argon2.
const HASHES: [(&str, &str); 4] = [
    ("bcrypt", "$2y$04$9zrIkTL.tD2ercRgIPAW6.u56QtsVFKXcAKXcLPsoGUIV5e/DD5yy"),
    ("pbkdf2", "pbkdf2_sha256$1000$NaCl2025salt$H5l7RTh69KKg4Dl7JTvVBFxvrk5d3vN3xUGdCKFY/Ec="),
    (
        "scrypt",
        "scrypt:1024:8:1$Y4pvHneoWo8qlwgY$2f77805713313a5ec101ab03a4425c05459abe85c3fd0eed4f0cbb681a5c942027722524573f3d6d40f8831dd11ec977df4f7ed3a99518b767e39b60f1f8adbc",
    ),
    ("argon2i", "$argon2i$v=19$m=64,t=2,p=1$rVUqBQDgHIMw5tw7x9gbgw$XYPbXOeuNFlaQHrnRkejsYsV5XfrsJ5zeY26uiKG5Pg"),
];

async fn world() -> World {
    let world = World::new().await;
    let cost = Cost::parse("m=64,t=3,p=1");
    world.hash_passwords_by(Arc::new(Pool::begin(1, cost, uptime_micros).unwrap()));
    world
}

async fn signs_in(world: &World, username: &str, password: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let answer = browser.submit(&page, "/signin", None, &[("username", username), ("password", password)]).await.page();
    answer.heading() == "Your account"
}

/// The hash that is taken out of somebody.
async fn hash_of(world: &World, username: &str) -> String {
    let users = exported(world).await;
    let found = users.as_array().unwrap().iter().find(|user| user["username"] == username).cloned();
    found.unwrap()["password_hash"].as_str().unwrap().to_owned()
}

async fn exported(world: &World) -> Value {
    world.done(Method::POST, "/exports/users", Some(json!({}))).await["users"].clone()
}

#[tokio::test]
async fn old_passwords_go_along_twice_and_are_hashed_anew_by_who_signs_in() {
    let first = world().await;
    let users: Vec<Value> = HASHES.iter().map(|(name, hash)| json!({"username": name, "password_hash": hash})).collect();
    let report = first.done(Method::POST, "/imports/users", Some(json!({ "users": users }))).await;
    assert_eq!((report["imported"].as_array().unwrap().len(), &report["refused"]), (HASHES.len(), &json!([])));
    for (name, hash) in HASHES {
        assert!(!signs_in(&first, name, "correct horsf").await, "{name}");
        assert_eq!(hash_of(&first, name).await, hash, "whoever fails changes nothing");
    }
    // All but one sign in, and what is kept of them is ours from then on.
    for (name, _) in &HASHES[1..] {
        assert!(signs_in(&first, name, PASSWORD).await, "{name}");
        let hash = hash_of(&first, name).await;
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=3,p=1$") && parse(&hash).is_ok(), "{hash}");
    }
    let second = world().await;
    let report = second.done(Method::POST, "/imports/users", Some(json!({"users": exported(&first).await}))).await;
    assert_eq!((report["imported"].as_array().unwrap().len(), &report["refused"]), (HASHES.len(), &json!([])));
    for (name, _) in HASHES {
        assert!(!signs_in(&second, name, "correct horsf").await && signs_in(&second, name, PASSWORD).await, "{name}");
        assert!(hash_of(&second, name).await.starts_with("$argon2id$"), "{name}");
    }
}
