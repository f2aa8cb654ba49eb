//! What is kept of passwords: hashes that others made are taken once, and every name costs the same.

use std::future::ready;
use std::sync::Arc;

use jeton_core::id::PersonId;
use jeton_core::password::cost::Cost;
use jeton_core::password::{self, Password};
use jeton_core::person::create::CreatePerson;
use jeton_core::record::Value;
use jeton_service::passwords::{Compared, Hashing, PasswordHashing};
use jeton_testkit::World;
use jeton_testkit::world::browser::Browser;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use jeton_token::Secret;
use zeroize::Zeroizing;

#[tokio::test]
async fn a_hash_that_others_made_is_made_anew_by_the_first_who_signs_in() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let set_at = kept(&world, &ada).set_at;
    world.advance(60);
    keep(&world, &ada, &format!("$elsewhere${PASSWORD}"), set_at);
    assert!(!signs_in(&world, "ada", "wrong").await);
    assert_eq!(opened(&world, &ada), format!("$elsewhere${PASSWORD}"), "whoever fails changes nothing");
    let size = world.ledger_size();
    assert!(signs_in(&world, "ada", PASSWORD).await);
    let hash = opened(&world, &ada);
    assert!(hash.starts_with("$test$") && !hash.contains(PASSWORD), "{hash}");
    assert_eq!(kept(&world, &ada).set_at, set_at, "the password is the same");
    assert_eq!(world.ledger_size(), size + 2, "both are told, so that backups have them: the hash and the session");
    // From then on it is one of ours.
    assert!(signs_in(&world, "ada", PASSWORD).await && !signs_in(&world, "ada", "wrong").await);
    assert_eq!(opened(&world, &ada), hash);
    let world = world.reopen().await;
    assert!(signs_in(&world, "ada", PASSWORD).await);
}

#[tokio::test]
async fn every_name_costs_one_comparison_and_as_many_reads() {
    let world = World::new().await;
    world.person("ada").await;
    world.person("off").await;
    world.service().disable_user("off", &administrator(), &world.moment()).await.unwrap();
    let carl = CreatePerson { username: "carl".to_owned(), ..CreatePerson::default() };
    world.service().create_user(&carl, &administrator(), &world.moment()).await.unwrap();
    let mut costs = Vec::new();
    for (name, password) in
        [("ada", "wrong"), ("nobody", "wrong"), ("off", PASSWORD), ("off", "wrong"), ("carl", "wrong"), ("", "x"), ("a b", "x")]
    {
        let before = (world.passwords_compared(), world.reads(), world.commits());
        assert!(!signs_in(&world, name, password).await, "{name}");
        costs.push((world.passwords_compared() - before.0, world.reads() - before.1, world.commits() - before.2));
    }
    assert_eq!(costs[0].0, 1);
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    // And so does a name that was tried too often, whoever has it: nothing.
    let mut costs = Vec::new();
    for name in ["ada", "nobody"] {
        for _ in 0..10 {
            signs_in(&world, name, "wrong").await;
        }
        let before = (world.passwords_compared(), world.reads());
        assert!(!signs_in(&world, name, PASSWORD).await);
        costs.push((world.passwords_compared() - before.0, world.reads() - before.1));
    }
    assert_eq!((costs[0].0, costs[0]), (0, costs[1]));
}

/// Hashes that were measured, and refuse everybody.
struct Measured(Cost);

impl PasswordHashing for Measured {
    fn make(&self, _: Secret, _: [u8; 16]) -> Hashing<String> {
        Box::pin(ready(None))
    }

    fn check(&self, _: Secret, _: Option<Zeroizing<String>>, _: [u8; 16]) -> Hashing<Compared> {
        Box::pin(ready(Some(Compared::default())))
    }

    fn measured(&self) -> Option<Cost> {
        Some(self.0)
    }

    fn is_known(&self, _: &str) -> std::io::Result<bool> {
        Ok(false)
    }
}

#[tokio::test]
async fn what_was_measured_is_kept_once_and_known_after_a_restart() {
    let world = World::new().await;
    world.person("ada").await;
    let cost = Cost { memory_kib: 65_536, passes: 7, lanes: 1 };
    assert_eq!(world.service().password_cost().unwrap(), None);
    world.hash_passwords_by(Arc::new(Measured(cost)));
    let (commits, size) = (world.commits(), world.ledger_size());
    for name in ["nobody", "ada", "nobody"] {
        assert!(!signs_in(&world, name, "wrong").await);
    }
    assert_eq!((world.commits(), world.ledger_size()), (commits + 1, size), "it is bookkeeping");
    assert_eq!(world.service().password_cost().unwrap(), Some(cost));
    assert_eq!(world.reopen().await.service().password_cost().unwrap(), Some(cost));
}

async fn signs_in(world: &World, username: &str, password: &str) -> bool {
    let mut browser: Browser<'_> = world.browser();
    let page = browser.open("/signin").await.page();
    let answer = browser.submit(&page, "/signin", None, &[("username", username), ("password", password)]).await.page();
    answer.heading() == "Your account"
}

fn kept(world: &World, person: &PersonId) -> Password {
    Password::from_row(&world.row(&password::TABLE, &vec![Value::Text(person.0.clone())]).unwrap()).unwrap()
}

fn opened(world: &World, person: &PersonId) -> String {
    kept(world, person).open(&world.service().registry().root_keys()).unwrap().to_string()
}

/// Keeps a hash as an import does.
fn keep(world: &World, person: &PersonId, hash: &str, set_at: i64) {
    let root_keys = world.service().registry().root_keys();
    let password = Password::seal(person, hash, &root_keys, &mut world.moment()).unwrap();
    world.damage(&password::TABLE, &Password { set_at, ..password }.row());
}
