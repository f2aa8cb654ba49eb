//! Random histories, a backup somewhere in them, and a loss somewhere after it: nothing that was revoked, rotated out, cut off, disabled,
//! deleted, narrowed or over is accepted by what is restored, nor for more than before: what the history says, and what the deployment that
//! lives on answers. Nobody who was erased is there, or named.
//!
//! `JETON_HISTORIES` says how many are played, `JETON_SEED` which is the first; a failure names its seed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use jeton_backup::identity::Identity;
use jeton_backup::names::SnapshotId;
use jeton_backup::open::Opening;
use jeton_backup::restore::{Restore, segments};
use jeton_backup::seal::Sealing;
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::tail::{Mode, Shipper};
use jeton_backup::target::Target;
use jeton_backup::unshipped::Unshipped;
use jeton_core::api::Api;
use jeton_core::gap::{GoingOn, Known};
use jeton_core::root_key::RootKeys;
use jeton_service::restored::Restored;
use jeton_store::ledger::Entry;
use jeton_store::memory::MemoryLoader;
use jeton_store::schema::SCHEMA;
use jeton_testkit::world::World;
use jeton_testkit::world::registered::Registered;
use serde_json::json;
use zeroize::Zeroizing;

/// What a run of the tests plays by itself; a campaign plays more.
const HISTORIES: u64 = 40;

/// A small generator (splitmix64): the same numbers from the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % limit.max(1)
    }
}

/// What became of a credential by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    /// Refused until somebody says otherwise.
    Waits,
    /// Refused for ever.
    Dead,
}

/// Who has personal access tokens.
const PEOPLE: [&str; 2] = ["ada", "bob"];
/// What they may.
const ROLES: [(&str, &str); 2] = [("reader", "orders:read"), ("writer", "orders:read orders:write")];

/// One deployment, what was made in it, and what became of that.
struct History {
    world: World,
    apis: Vec<Api>,
    caller: Registered,
    clients: BTreeMap<String, Registered>,
    tokens: BTreeMap<String, (String, Fate)>,
    /// Texts of keys, each with the id of its key.
    keys: BTreeMap<String, (String, Fate)>,
    /// Secrets of clients, each with the client and its own id.
    secrets: BTreeMap<String, (String, String, Fate)>,
    /// Ids of people who come and go, each with the username; those who were erased, and those who were not.
    people: BTreeMap<String, String>,
    erased: BTreeMap<String, String>,
    /// Ids of their keys, each with the id of the person.
    owners: BTreeMap<String, String>,
    dice: Dice,
    made: u64,
}

impl History {
    async fn new(seed: u64) -> History {
        let world = World::new().await;
        let apis = vec![world.opaque_api("orders").await, world.api("mail").await];
        let caller = world.client("caller", &[&apis[0], &apis[1]]).await;
        for person in PEOPLE {
            world.done(Method::POST, "/users", Some(json!({"username": person}))).await;
        }
        for (role, scopes) in ROLES {
            let body = json!({"audience": "https://orders.example", "name": role, "scope": scopes});
            world.done(Method::POST, "/roles", Some(body)).await;
            for person in PEOPLE {
                world.done(Method::PUT, &format!("/roles/{role}/assignments/user:{person}"), None).await;
            }
        }
        let (clients, tokens, keys, secrets) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (people, erased, owners) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        History { world, apis, caller, clients, tokens, keys, secrets, people, erased, owners, dice: Dice(seed), made: 0 }
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = self.dice.below(all.len() as u64);
        all.get(usize::try_from(place).unwrap()).cloned()
    }

    /// Does something, and keeps book.
    async fn step(&mut self) {
        // Now and then an hour passes: lifetimes end, those that were shortened first.
        let seconds = if self.dice.below(40) == 0 { 3_600 } else { self.dice.below(4) };
        self.world.advance(i64::try_from(seconds).unwrap());
        self.made += 1;
        match self.dice.below(25) {
            0 => self.make_client().await,
            1..=3 => self.make_token().await,
            4 | 5 => self.make_key().await,
            6 => self.end_token().await,
            7 => self.end_key("/revocations", Fate::Dead).await,
            8 => self.end_key("/suspensions", Fate::Waits).await,
            9 => self.rotate_key().await,
            10 => self.resume_key().await,
            11 => self.end_client().await,
            12 | 13 => self.make_token_of_person().await,
            14 => self.narrow_key().await,
            15 | 16 => self.rotate_secret().await,
            17 => self.end_secret().await,
            18 | 19 => self.make_person().await,
            20 => self.erase_person().await,
            _ => self.change_somebody().await,
        }
    }

    /// Somebody with a key, of whom somebody wrote something.
    async fn make_person(&mut self) {
        let username = format!("person-{}", self.made);
        let email = format!("{username}@example.org");
        let made = self.world.done(Method::POST, "/users", Some(json!({"username": username, "email": email}))).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let (role, _) = ROLES[1];
        self.world.done(Method::PUT, &format!("/roles/{role}/assignments/user:{id}"), None).await;
        self.people.insert(id.clone(), username.clone());
        let body =
            json!({"owner": format!("user:{id}"), "audience": "https://orders.example", "name": format!("the laptop of {username}")});
        let answer = self.world.administer(Method::POST, "/keys", Some(body)).await;
        // The role may give nothing any more.
        if answer.status == 201 {
            let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
            self.keys.insert(text("key"), (text("id"), Fate::Lives));
            self.owners.insert(text("id"), id);
        }
    }

    async fn erase_person(&mut self) {
        let ids: Vec<String> = self.people.keys().cloned().collect();
        let Some(id) = self.one_of(&ids) else { return };
        self.world.done(Method::POST, &format!("/users/{id}/erase"), Some(json!({}))).await;
        let username = self.people.remove(&id).unwrap();
        self.erased.insert(id.clone(), username);
        let theirs = self.keys.values_mut().filter(|(key, _)| self.owners.get(key) == Some(&id));
        theirs.for_each(|(_, held)| *held = Fate::Dead);
    }

    async fn make_token_of_person(&mut self) {
        let person = self.one_of(&PEOPLE).unwrap();
        let body = json!({"owner": format!("user:{person}"), "audience": "https://orders.example", "name": "of a person"});
        // Who is disabled, or has no role any more, is given none.
        let answer = self.world.administer(Method::POST, "/keys", Some(body)).await;
        if answer.status == 201 {
            let made = answer.json();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            self.keys.insert(text("key"), (text("id"), Fate::Lives));
        }
    }

    /// Takes a scope or a network of a key away, or gives it back: what it may then is asked of the deployment.
    async fn narrow_key(&mut self) {
        let Some(id) = self.some_key() else { return };
        let body = match self.dice.below(4) {
            0 => json!({"scope": "orders:read"}),
            1 => json!({"allow_ip": ["10.0.0.0/8"]}),
            2 => json!({"allow_ip": ["192.0.2.0/24"]}),
            _ => json!({"scope": "orders:read orders:write"}),
        };
        // A key of another API has no such scope.
        self.world.administer(Method::PATCH, &format!("/keys/{id}"), Some(body)).await;
    }

    async fn rotate_secret(&mut self) {
        let names: Vec<String> = self.clients.keys().cloned().collect();
        let Some(id) = self.one_of(&names) else { return };
        // A client has two at most.
        let answer = self.world.administer(Method::POST, &format!("/clients/{id}/secrets"), Some(json!({}))).await;
        if answer.status == 201 {
            let made = answer.json();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            self.secrets.insert(text("client_secret"), (id, text("client_secret_id"), Fate::Lives));
        }
    }

    async fn end_secret(&mut self) {
        let living = self.secrets.values().filter(|(.., fate)| *fate == Fate::Lives);
        let ids: Vec<(String, String)> = living.map(|(client, id, _)| (client.clone(), id.clone())).collect();
        let Some((client, id)) = self.one_of(&ids) else { return };
        if self.world.administer(Method::DELETE, &format!("/clients/{client}/secrets/{id}"), None).await.status >= 300 {
            return;
        }
        self.secrets.values_mut().filter(|(_, of, _)| *of == id).for_each(|(.., fate)| *fate = Fate::Dead);
    }

    /// People come and go, roles and lifetimes change: what is left of each credential then is asked of the deployment.
    async fn change_somebody(&mut self) {
        let (person, (role, _)) = (self.one_of(&PEOPLE).unwrap(), self.one_of(&ROLES).unwrap());
        let assignment = format!("/roles/{role}/assignments/user:{person}");
        let (method, path, body) = match self.dice.below(8) {
            0 => (Method::POST, format!("/users/{person}/disable"), None),
            1 => (Method::POST, format!("/users/{person}/enable"), None),
            2 | 3 => (Method::DELETE, assignment, None),
            4 | 5 => (Method::PUT, assignment, None),
            6 => (Method::PATCH, format!("/roles/{role}"), Some(json!({"scope": "orders:read"}))),
            _ => {
                let kind = self.one_of(&["api_key", "personal_access_token"]).unwrap();
                let seconds = 3_600 + self.dice.below(7_200);
                (Method::PUT, format!("/policies/{kind}"), Some(json!({"max_seconds": seconds})))
            }
        };
        self.world.administer(method, &path, body).await;
    }

    async fn make_client(&mut self) {
        let name = format!("client{}", self.made);
        let client = self.world.client(&name, &[&self.apis[0], &self.apis[1]]).await;
        self.clients.insert(client.id.clone(), client);
    }

    async fn make_token(&mut self) {
        let names: Vec<String> = self.clients.keys().cloned().collect();
        let Some(id) = self.one_of(&names) else { return };
        let audience = self.apis[usize::try_from(self.dice.below(2)).unwrap()].audience.to_string();
        let answer = self.world.ask(&self.clients[&id], &[("resource", &audience)]).await;
        if answer.status == 200 {
            self.tokens.insert(answer.json()["access_token"].as_str().unwrap().to_owned(), (id, Fate::Lives));
        }
    }

    async fn make_key(&mut self) {
        let audience = self.apis[usize::try_from(self.dice.below(2)).unwrap()].audience.to_string();
        let made = self.world.make_key("external:acme", &audience, json!({"client": self.caller.id.clone()})).await;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        self.keys.insert(text("key"), (text("id"), Fate::Lives));
    }

    async fn end_token(&mut self) {
        let tokens: Vec<String> = self.tokens.keys().cloned().collect();
        let Some(token) = self.one_of(&tokens) else { return };
        if self.world.administer(Method::POST, "/revocations", Some(json!({"token": token}))).await.status >= 300 {
            return;
        }
        self.tokens.get_mut(&token).unwrap().1 = Fate::Dead;
    }

    /// The id of a key that is not dead.
    fn some_key(&mut self) -> Option<String> {
        let ids: Vec<String> = self.keys.values().filter(|(_, fate)| *fate != Fate::Dead).map(|(id, _)| id.clone()).collect();
        self.one_of(&ids)
    }

    async fn end_key(&mut self, how: &str, fate: Fate) {
        let Some(id) = self.some_key() else { return };
        // One that is over by now is neither.
        if self.world.administer(Method::POST, how, Some(json!({"id": id}))).await.status >= 300 {
            return;
        }
        let of_key = self.keys.values_mut().filter(|(of, held)| *of == id && *held != Fate::Dead);
        of_key.for_each(|(_, held)| *held = fate);
    }

    async fn resume_key(&mut self) {
        let waiting: Vec<String> = self.keys.values().filter(|(_, fate)| *fate == Fate::Waits).map(|(id, _)| id.clone()).collect();
        let Some(id) = self.one_of(&waiting) else { return };
        if self.world.administer(Method::POST, "/resumptions", Some(json!({"id": id}))).await.status >= 300 {
            return;
        }
        let of_key = self.keys.values_mut().filter(|(of, held)| *of == id && *held == Fate::Waits);
        of_key.for_each(|(_, held)| *held = Fate::Lives);
    }

    /// The secret before ends at once.
    async fn rotate_key(&mut self) {
        let Some(id) = self.some_key() else { return };
        let answer = self.world.administer(Method::POST, &format!("/keys/{id}/rotate"), Some(json!({"overlap_seconds": 0}))).await;
        if answer.status != 200 && answer.status != 201 {
            return;
        }
        let fates: Vec<Fate> = self.keys.values().filter(|(of, held)| *of == id && *held != Fate::Dead).map(|(_, held)| *held).collect();
        self.keys.values_mut().filter(|(of, _)| *of == id).for_each(|(_, held)| *held = Fate::Dead);
        let text = answer.json()["key"].as_str().unwrap().to_owned();
        self.keys.insert(text, (id, fates[0]));
    }

    async fn end_client(&mut self) {
        let names: Vec<String> = self.clients.keys().cloned().collect();
        let Some(id) = self.one_of(&names) else { return };
        self.world.done(Method::DELETE, &format!("/clients/{id}"), None).await;
        self.clients.remove(&id);
        self.tokens.values_mut().filter(|(of, _)| *of == id).for_each(|(_, held)| *held = Fate::Dead);
        self.secrets.values_mut().filter(|(of, ..)| *of == id).for_each(|(.., held)| *held = Fate::Dead);
    }

    /// Of what is answered now, what must not be or must be: by the history, and by the deployment that lives on.
    async fn compare(&self, restored: &World, caller: &Registered, known: Known) -> Vec<String> {
        let mut wrong = Vec::new();
        for (token, (_, fate)) in &self.tokens {
            let lives = *fate == Fate::Lives && self.world.is_active(&self.caller, token).await;
            let expected = lives && known == Known::All;
            if restored.is_active(caller, token).await != expected {
                wrong.push(format!("a token that {fate:?}, {known:?}: expected {expected}"));
            }
        }
        for (key, (_, fate)) in &self.keys {
            for address in ["192.0.2.7", "10.1.2.3"] {
                let asked = json!({"client_ip": address});
                let living = self.world.check_key(&self.caller, key, asked.clone()).await;
                let answer = restored.check_key(caller, key, asked).await;
                let lives = *fate == Fate::Lives && living["code"] == "valid";
                let expected = lives && known == Known::All;
                if (answer["code"] == "valid") != expected || (expected && answer["scope"] != living["scope"]) {
                    wrong.push(format!("a key that {fate:?}, {known:?}: {answer}, where it lives on {living}"));
                }
            }
        }
        for (secret, (client, _, fate)) in &self.secrets {
            let client = Registered { id: client.clone(), secret: secret.clone(), key: None };
            let asked = [("resource", "https://orders.example")];
            let lives = *fate == Fate::Lives && self.world.ask(&client, &asked).await.status == 200;
            let expected = lives && known == Known::All;
            if (restored.ask(&client, &asked).await.status == 200) != expected {
                wrong.push(format!("a client's secret that {fate:?}, {known:?}: expected {expected}"));
            }
        }
        wrong.extend(self.who_came_back(restored, known).await);
        wrong
    }

    /// Who was erased and is there, or is named; and who was not, and is lost although nothing is.
    async fn who_came_back(&self, restored: &World, known: Known) -> Vec<String> {
        let mut wrong = Vec::new();
        let entries = restored.service().store().tail(0, 100_000).unwrap();
        let payload = |entry: &Entry| Some(String::from_utf8_lossy(&entry.content.as_ref()?.payload).into_owned());
        let said: Vec<String> = entries.iter().filter_map(payload).collect();
        for (id, username) in &self.erased {
            if restored.administer(Method::GET, &format!("/users/{id}"), None).await.status != 404 {
                wrong.push(format!("{username} was erased and is there"));
            }
            if said.iter().any(|said| said.contains(&format!("\"{username}\""))) {
                wrong.push(format!("{username} was erased and is named"));
            }
        }
        for (id, username) in self.people.iter().filter(|_| known == Known::All) {
            if restored.administer(Method::GET, &format!("/users/{id}"), None).await.status != 200 {
                wrong.push(format!("{username} is lost"));
            }
        }
        wrong
    }
}

/// What was lost of the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Nothing,
    TheEnd,
    AllOfIt,
}

/// Where the backups of a history go, and how.
struct Kept {
    target: Target,
    sealing: Sealing,
    opening: Opening,
    shipper: Shipper,
    _folder: tempfile::TempDir,
}

impl Kept {
    async fn new(world: &World) -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let (identity, target) = (Identity::generate(), Target::folder(folder.path()).unwrap());
        let root_keys = RootKeys::new([(1, Zeroizing::new([7; 32]))]).unwrap();
        let recipients = vec![identity.recipient()];
        let sealing = Sealing { recipients, root_keys: root_keys.clone(), issuer: world.issuer().into(), schema: SCHEMA.version };
        let (store, unshipped) = (world.service().store().clone(), Arc::new(Unshipped::default()));
        let shipper = Shipper::begin(store, &SCHEMA, target.clone(), sealing.clone(), unshipped, false).await.unwrap();
        Kept { target, sealing, opening: Opening { identity, root_keys }, shipper, _folder: folder }
    }

    async fn snapshot(&self, world: &World) {
        let mut moment = world.moment();
        let id = SnapshotId::new(moment.now, moment.draw());
        let (store, now) = (world.service().store().clone(), moment.now);
        let snapshot = Snapshot {
            store,
            schema: &SCHEMA,
            target: &self.target,
            sealing: &self.sealing,
            id,
            beside: Beside::default(),
            progress: &|_| {},
        };
        snapshot.make(now, || now).await.unwrap();
    }

    async fn lose(&self, world: &World, loss: Loss) {
        let all = segments(&self.target, world.service().store().head().incarnation).await.unwrap();
        let lost = match loss {
            Loss::Nothing => 0,
            Loss::TheEnd => all.len() / 2 + 1,
            Loss::AllOfIt => all.len(),
        };
        for segment in all.iter().rev().take(lost) {
            self.target.delete(&segment.name()).await.unwrap();
        }
    }

    async fn restore(&self, world: &World) -> (World, Known) {
        let mut loader = MemoryLoader::begin(&SCHEMA);
        let restore = Restore { target: &self.target, opening: &self.opening, schema: &SCHEMA, until: None, progress: &|_| {} };
        let found = restore.run(&mut loader).await.unwrap();
        let known = if found.is_complete { Known::All } else { Known::MayLack };
        let on = GoingOn { previous: "before".into(), size: found.size, root: "root".into(), known };
        (world.restored(loader, found.incarnation, &Restored { on, taken_since: vec![] }).await, known)
    }
}

/// Plays a history; what is accepted after the restore that must not be, or is refused that must be accepted.
async fn play(seed: u64) -> Vec<String> {
    let mut history = History::new(seed).await;
    let mut kept = Kept::new(&history.world).await;
    let (before, after) = (10 + history.dice.below(30), history.dice.below(30));
    for _ in 0..before {
        history.step().await;
    }
    kept.snapshot(&history.world).await;
    for _ in 0..after {
        history.step().await;
        if history.dice.below(3) == 0 {
            kept.shipper.ship(Mode { sync: false, is_final: false }).await.unwrap();
        }
    }
    kept.shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let loss = [Loss::Nothing, Loss::TheEnd, Loss::AllOfIt][usize::try_from(history.dice.below(3)).unwrap()];
    kept.lose(&history.world, loss).await;
    // Cut-offs of now name the next whole second.
    history.world.advance(2);
    let (restored, known) = kept.restore(&history.world).await;
    assert_eq!(known == Known::All, loss == Loss::Nothing, "seed {seed}: {loss:?}");
    restored.advance(2);
    // Who asks made its secret before the restore: it gets another one.
    let made = restored.done(Method::POST, &format!("/clients/{}/secrets", history.caller.id), Some(json!({}))).await;
    let caller = history.caller.with_secret(made["client_secret"].as_str().unwrap());
    history.compare(&restored, &caller, known).await
}

#[tokio::test]
async fn nothing_that_was_taken_away_comes_back() {
    let number = |name: &str, usual: u64| setting(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (first, histories) = (number("JETON_SEED", 1), number("JETON_HISTORIES", HISTORIES));
    for seed in first..first + histories {
        let wrong = play(seed).await;
        assert!(wrong.is_empty(), "JETON_SEED={seed}: {wrong:#?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how much is played is no configuration of a server")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
