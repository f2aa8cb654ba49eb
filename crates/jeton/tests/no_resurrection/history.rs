//! One deployment, what was made in it, and what became of that.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use jeton_core::api::Api;
use jeton_core::gap::Known;
use jeton_testkit::world::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::held::{AllHeld, Held};
use crate::kept::Made;
use crate::reports::Report;
use crate::thief::Loot;
use crate::visitors::Visits;
use crate::ways::Ways;

/// Who has personal access tokens and is never erased.
pub(crate) const PEOPLE: [&str; 2] = ["ada", "bob"];
/// What they may, and what their group may.
pub(crate) const ROLES: [(&str, &str); 3] =
    [("reader", "orders:read"), ("writer", "orders:read orders:write"), ("packer", "orders:read orders:write")];
/// Who holds roles and keys together.
pub(crate) const GROUP: &str = "crew";
/// Whose keys Jeton knows, and nothing else of them.
pub(crate) const OUTSIDE: [&str; 2] = ["external:acme", "external:beta"];
pub(crate) const ORDERS: &str = "https://orders.example";

/// A key that may be used so often.
pub(crate) struct Limited {
    pub(crate) uses: u64,
    pub(crate) used: u64,
}

/// An API that comes and goes.
pub(crate) struct Passing {
    pub(crate) audience: String,
}

/// One deployment, and what is known of it without asking.
pub(crate) struct History {
    pub(crate) world: World,
    pub(crate) apis: Vec<Api>,
    pub(crate) passing: Vec<Passing>,
    /// Who asks: never suspended, cut off or removed.
    pub(crate) caller: Registered,
    pub(crate) clients: BTreeMap<String, Registered>,
    /// Clients that sign, and every assertion of theirs that was accepted.
    pub(crate) signers: BTreeMap<String, Registered>,
    pub(crate) spent: Vec<(String, [(&'static str, String); 2])>,
    pub(crate) tokens: AllHeld,
    pub(crate) keys: AllHeld,
    /// The texts of each key, in the order in which they were made.
    pub(crate) texts: BTreeMap<String, Vec<String>>,
    pub(crate) limited: BTreeMap<String, Limited>,
    pub(crate) secrets: AllHeld,
    /// What administrators prove themselves with.
    pub(crate) administrators: AllHeld,
    /// Ids of people who come and go, each with the username; those who were erased, and those who were not.
    pub(crate) people: BTreeMap<String, String>,
    pub(crate) erased: BTreeMap<String, String>,
    /// Ids of their keys, each with the id of the person.
    pub(crate) owners: BTreeMap<String, String>,
    /// Ids of keys that went to somebody else.
    pub(crate) transferred: BTreeSet<String>,
    /// Those who sign in.
    pub(crate) visits: Visits,
    /// What they come by beside their password, and what waits for them.
    pub(crate) ways: Ways,
    /// What was handed in as leaked, and ended by it.
    pub(crate) reports: Vec<Report>,
    /// What a thief got.
    pub(crate) loot: Vec<Loot>,
    pub(crate) dice: Dice,
    pub(crate) made: u64,
}

impl History {
    pub(crate) async fn new(seed: u64) -> History {
        let world = World::new().await;
        let apis = vec![world.opaque_api("orders").await, world.api("mail").await];
        let caller = world.client("caller", &[&apis[0], &apis[1]]).await;
        world.done(Method::POST, "/groups", Some(json!({"name": GROUP}))).await;
        for person in PEOPLE {
            world.done(Method::POST, "/users", Some(json!({"username": person}))).await;
            world.done(Method::PUT, &format!("/groups/{GROUP}/members/{person}"), None).await;
        }
        // Somebody must own the deployment, whoever else comes and goes.
        world.administrator_of("owner", "owner").await;
        let mut history = History {
            world,
            apis,
            passing: Vec::new(),
            caller,
            clients: BTreeMap::new(),
            signers: BTreeMap::new(),
            spent: Vec::new(),
            tokens: BTreeMap::new(),
            keys: BTreeMap::new(),
            texts: BTreeMap::new(),
            limited: BTreeMap::new(),
            secrets: BTreeMap::new(),
            administrators: BTreeMap::new(),
            people: BTreeMap::new(),
            erased: BTreeMap::new(),
            owners: BTreeMap::new(),
            transferred: BTreeSet::new(),
            visits: Visits::default(),
            ways: Ways::default(),
            reports: Vec::new(),
            loot: Vec::new(),
            dice: Dice(seed),
            made: 0,
        };
        for (role, scope) in ROLES {
            history.make_role(role, scope).await;
        }
        history.begin_visits().await;
        history.begin_ways().await;
        history
    }

    /// Goes on in a deployment that was made of a backup: what it knows nothing of is forgotten.
    pub(crate) async fn go_on(&mut self, made: Made, caller: Registered, tried: &BTreeMap<String, u64>) {
        let (is_all_known, made_known, size) = (made.known != Known::MayLack, made.known, made.world.ledger_size());
        self.forget_reports(made.known, made.size);
        let of_people = self.visits.all_held().into_iter().chain(self.ways.all_held());
        for all in [&mut self.tokens, &mut self.keys, &mut self.secrets, &mut self.administrators].into_iter().chain(of_people) {
            all.values_mut().for_each(|held: &mut Held| held.carry_over(made.size, is_all_known, size));
        }
        self.visits.carry_over(made.size, made.known, size);
        if made.known != Known::All {
            // Whose they are again is not known here.
            self.keys.retain(|_, held| !self.transferred.contains(&held.id));
        }
        // Uses that nobody knows of may be used again.
        for (key, limited) in &mut self.limited {
            limited.used = if is_all_known { limited.used + tried.get(key).copied().unwrap_or_default() } else { 0 };
        }
        self.loot.clear();
        (self.world, self.caller) = (made.world, caller);
        let ids = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<String>>();
        for id in ids(self.clients.keys().chain(self.signers.keys()).collect()) {
            if !self.is_there(&format!("/clients/{id}")).await {
                self.clients.remove(&id);
                self.signers.remove(&id);
            }
        }
        for id in std::mem::take(&mut self.visits.applications) {
            if self.is_there(&format!("/clients/{id}")).await {
                self.visits.applications.push(id);
            }
        }
        for id in ids(self.people.keys().collect()) {
            if !self.is_there(&format!("/users/{id}")).await {
                self.people.remove(&id);
            }
        }
        self.carry_over_ways(made_known, size).await;
        self.forget_texts().await;
        for Passing { audience } in std::mem::take(&mut self.passing) {
            if self.is_there(&format!("/apis/{}", audience.replace(':', "%3A").replace('/', "%2F"))).await {
                self.passing.push(Passing { audience });
            }
        }
    }

    /// The last text of a key is one that the deployment knows, where it knows any.
    async fn forget_texts(&mut self) {
        for (id, texts) in std::mem::take(&mut self.texts) {
            let mut known = Vec::new();
            for text in &texts {
                let found = self.tries(Method::POST, "/keys/lookup", Some(json!({"key": text}))).await;
                // Who does not know it takes it for one that another took the place of.
                if found.is_some_and(|found| found["secret"] != "replaced") {
                    known.push(text.clone());
                }
            }
            self.texts.insert(id, if known.is_empty() { texts } else { known });
        }
    }

    async fn is_there(&self, path: &str) -> bool {
        self.world.administer(Method::GET, path, None).await.status == 200
    }

    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        self.dice.one_of(all)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.dice.below(limit)
    }

    /// Whether it is one of so many times.
    pub(crate) fn is_once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn some_audience(&mut self) -> String {
        let place = usize::try_from(self.below(2)).unwrap();
        self.apis[place].audience.to_string()
    }

    /// Every scope that an API has now, but those of the management API.
    pub(crate) async fn scopes(&self) -> Vec<String> {
        let apis = self.world.done(Method::GET, "/apis", None).await;
        let of = |api: &Value| api["scopes"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        apis["items"].as_array().unwrap().iter().flat_map(of).collect()
    }

    /// Asks for something that may be refused: what was answered, where it was done.
    pub(crate) async fn tries(&self, method: Method, path: &str, body: Option<Value>) -> Option<Value> {
        let answer = self.world.administer(method, path, body).await;
        assert!(answer.status < 500, "{path}: {}", answer.shown());
        let is_done = (200..300).contains(&answer.status);
        is_done.then(|| if answer.body.is_empty() { Value::Null } else { answer.json() })
    }

    /// Does something, and keeps book.
    pub(crate) async fn step(&mut self) {
        // Now and then an hour passes, or days: lifetimes end, those that were shortened first.
        let seconds = match self.below(120) {
            0 => 3 * 86_400,
            1..=3 => 3_600,
            _ => self.below(4),
        };
        self.world.advance(i64::try_from(seconds).unwrap());
        self.made += 1;
        match self.below(60) {
            0..=3 => self.change_clients().await,
            4..=9 => self.change_tokens().await,
            10..=13 => self.make_key().await,
            14..=21 => self.change_key().await,
            22..=25 => self.change_secrets().await,
            26..=28 => self.change_people().await,
            29..=31 => self.change_roles().await,
            32..=35 => self.change_subjects().await,
            36..=38 => self.change_rules().await,
            39..=48 => self.change_visits().await,
            49..=58 => self.change_ways().await,
            _ => self.tend().await,
        }
    }

    /// What a server does by itself from time to time.
    async fn tend(&mut self) {
        let service = self.world.service();
        service.sweep(&self.world.moment()).await.unwrap();
        service.note_cut_offs().await.unwrap();
        service.store().drop_expired(self.world.moment().now).unwrap();
    }
}
