//! What a deployment accepts that was made of a backup, beside what the history says and what the deployment that lives on answers.

use std::collections::BTreeSet;

use http::Method;
use jeton_core::gap::Known;
use jeton_store::ledger::Entry;
use jeton_testkit::world::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::held::{Fate, Held};
use crate::history::History;
use crate::kept::{Loss, Made};
use crate::tokens::signing_in;

/// What was found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) wrong: Vec<String>,
    /// How many credentials were asked for, lived on, and were accepted.
    pub(crate) asked: u64,
    pub(crate) lived: u64,
    pub(crate) accepted: u64,
}

/// How a credential is answered by a deployment: nothing where it is refused, else what it may.
type Answered = Option<BTreeSet<String>>;

/// Compares one restored deployment.
pub(crate) struct Compared<'a> {
    history: &'a History,
    made: &'a Made,
    caller: &'a Registered,
    /// Whether all of what lives on must be accepted: nothing is missing, and all of it is asked for.
    is_whole: bool,
    found: Found,
}

impl<'a> Compared<'a> {
    pub(crate) fn new(history: &'a History, made: &'a Made, caller: &'a Registered, loss: Loss) -> Compared<'a> {
        // What was given in the last second may be lost with a server that waits for what it takes.
        let is_whole = made.known == Known::All && loss != Loss::KilledInSync;
        Compared { history, made, caller, is_whole, found: Found::default() }
    }

    pub(crate) async fn run(mut self) -> Found {
        let (live, made) = (&self.history.world, &self.made.world);
        for (token, held) in &self.history.tokens {
            let lives = active(live, &self.history.caller, token).await;
            let accepted = active(made, self.caller, token).await;
            self.judge("a token", held, (lives, accepted));
        }
        for (key, held) in &self.history.keys {
            for address in ["192.0.2.7", "10.1.2.3"] {
                let lives = valid(live, &self.history.caller, key, address).await;
                let accepted = valid(made, self.caller, key, address).await;
                self.judge("a key", held, (lives, accepted));
            }
        }
        for (secret, held) in &self.history.secrets {
            let (lives, accepted) = (proven(live, held, secret).await, proven(made, held, secret).await);
            self.judge("a client's secret", held, (lives, accepted));
        }
        for (text, held) in &self.history.administrators {
            let (lives, accepted) = (administers(live, text).await, administers(made, text).await);
            self.judge("an administrator's token", held, (lives, accepted));
        }
        self.spent().await;
        self.uses().await;
        self.who_came_back().await;
        self.found
    }

    fn judge(&mut self, what: &str, held: &Held, (lives, accepted): (Answered, Answered)) {
        self.found.asked += 1;
        self.found.lived += u64::from(lives.is_some());
        self.found.accepted += u64::from(accepted.is_some());
        let answered = lives.clone();
        let lives = lives.filter(|_| held.fate == Fate::Lives);
        let is_more = match (&accepted, &lives) {
            (Some(accepted), Some(lives)) => !accepted.is_subset(lives),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let is_fenced = self.made.known == Known::MayLack && accepted.is_some();
        let is_less = self.is_whole && accepted != lives;
        if is_more || is_fenced || is_less {
            self.found.wrong.push(format!(
                "{what}, {:?}: {held:?} is answered with {answered:?} where it lives on, and with {accepted:?}",
                self.made.known
            ));
        }
    }

    /// What a client signed once proves nothing again.
    async fn spent(&mut self) {
        for (client, parameters) in &self.history.spent {
            let answer = self.made.world.post("/oauth/token", None, signing_in(parameters)).await;
            if answer.status == 200 {
                self.found.wrong.push(format!("{:?}: an assertion of {client} that was spent is accepted again", self.made.known));
            }
        }
    }

    /// No key is used more often than it may, and no more often than where it lives on.
    async fn uses(&mut self) {
        for (key, limited) in &self.history.limited {
            let lives = uses_left(&self.history.world, &self.history.caller, key).await;
            let accepted = uses_left(&self.made.world, self.caller, key).await;
            let is_fenced = self.made.known == Known::MayLack && accepted > 0;
            if limited.used + accepted > limited.uses || accepted > lives || is_fenced {
                let (known, used, uses) = (self.made.known, limited.used, limited.uses);
                self.found.wrong.push(format!(
                    "{known:?}: a key that was used {used} of {uses} times is accepted {accepted} times, where it lives on {lives}"
                ));
            }
        }
    }

    /// Who was erased and is there, or is named; and who was not, and is lost although nothing is.
    async fn who_came_back(&mut self) {
        let restored = &self.made.world;
        let entries = restored.service().store().tail(0, 100_000).unwrap();
        let payload = |entry: &Entry| Some(String::from_utf8_lossy(&entry.content.as_ref()?.payload).into_owned());
        let said: Vec<String> = entries.iter().filter_map(payload).collect();
        for (id, username) in &self.history.erased {
            if restored.administer(Method::GET, &format!("/users/{id}"), None).await.status != 404 {
                self.found.wrong.push(format!("{username} was erased and is there"));
            }
            if said.iter().any(|said| said.contains(&format!("\"{username}\""))) {
                self.found.wrong.push(format!("{username} was erased and is named"));
            }
        }
        for (id, username) in self.history.people.iter().filter(|_| self.is_whole) {
            if restored.administer(Method::GET, &format!("/users/{id}"), None).await.status != 200 {
                self.found.wrong.push(format!("{username} is lost"));
            }
        }
    }
}

/// What becomes of what is known to be dead once an operator accepted the gap: nothing.
pub(crate) async fn after_accepting(history: &History, made: &Made, caller: &Registered) -> Found {
    let mut found = Found::default();
    let mut judge = |what: &str, held: &Held, accepted: Answered| {
        found.accepted += u64::from(accepted.is_some());
        if accepted.is_some() && held.is_dead_within(made.size) {
            found.wrong.push(format!("{what} that is known to be dead within {} entries is accepted with its gap: {held:?}", made.size));
        }
    };
    for (token, held) in &history.tokens {
        judge("a token", held, active(&made.world, caller, token).await);
    }
    for (key, held) in &history.keys {
        judge("a key", held, valid(&made.world, caller, key, "192.0.2.7").await);
    }
    for (secret, held) in &history.secrets {
        judge("a client's secret", held, proven(&made.world, held, secret).await);
    }
    for (text, held) in &history.administrators {
        judge("an administrator's token", held, administers(&made.world, text).await);
    }
    found
}

fn names(scope: &Value) -> BTreeSet<String> {
    scope.as_str().unwrap_or_default().split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

async fn active(world: &World, caller: &Registered, token: &str) -> Answered {
    let answer = world.introspect(caller, token).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    let answer = answer.json();
    (answer["active"] == true).then(|| names(&answer["scope"]))
}

async fn valid(world: &World, caller: &Registered, key: &str, address: &str) -> Answered {
    let answer = world.check_key(caller, key, json!({"client_ip": address})).await;
    (answer["code"] == "valid").then(|| names(&answer["scope"]))
}

async fn uses_left(world: &World, caller: &Registered, key: &str) -> u64 {
    let mut passed = 0;
    while valid(world, caller, key, "192.0.2.7").await.is_some() {
        passed += 1;
    }
    passed
}

async fn proven(world: &World, held: &Held, secret: &str) -> Answered {
    let client = Registered { id: held.of.clone(), secret: secret.to_owned(), key: None };
    // A client that may ask for nothing any more has proven itself all the same.
    (world.ask(&client, &[("resource", "https://orders.example")]).await.status != 401).then(BTreeSet::new)
}

async fn administers(world: &World, text: &str) -> Answered {
    let answer = world.manage(Some(&format!("Bearer {text}")), Method::GET, "/administrators/self", None).await;
    let permissions = |answer: Value| answer["permissions"].as_array().unwrap().iter().map(Value::to_string).collect();
    (answer.status == 200).then(|| permissions(answer.json()))
}
