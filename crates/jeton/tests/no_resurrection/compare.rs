//! What a deployment accepts that was made of a backup, beside what the history says and what the deployment that lives on answers.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use jeton_core::gap::Known;
use jeton_store::ledger::Entry;
use jeton_testkit::world::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

use crate::held::{AllHeld, Fate, Held};
use crate::history::History;
use crate::identities::arrives;
use crate::kept::{Loss, Made};
use crate::thief::Loot;
use crate::tokens::signing_in;
use crate::visits::{is_live, proves, refresh, thief as thief_sender};

/// What was found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) wrong: Vec<String>,
    /// How many credentials were asked for, lived on, and were accepted.
    pub(crate) asked: u64,
    pub(crate) lived: u64,
    pub(crate) accepted: u64,
    /// The same of each kind.
    pub(crate) by_kind: BTreeMap<&'static str, [u64; 3]>,
    /// How many of a thief's were accepted where the deployment lives on.
    pub(crate) stolen: u64,
    /// How often each limited key was used to see how often it may be.
    pub(crate) used: BTreeMap<String, u64>,
}

impl Found {
    fn count(&mut self, what: &'static str, lives: bool, is_accepted: bool) {
        let counted = [1, u64::from(lives), u64::from(is_accepted)];
        let of_kind = self.by_kind.entry(what).or_default();
        for (sum, count) in
            [&mut self.asked, &mut self.lived, &mut self.accepted].into_iter().chain(of_kind).zip(counted.into_iter().cycle())
        {
            *sum += count;
        }
    }
}

/// How a credential is answered by a deployment: nothing where it is refused, else what it may.
pub(crate) type Answered = Option<BTreeSet<String>>;

/// What is asked for: what it is, its text, and where it comes from.
pub(crate) type Of = (&'static str, String, &'static str);

/// How each is answered.
pub(crate) type Answers = BTreeMap<Of, Answered>;

const TOKEN: &str = "a token";
const KEY: &str = "a key";
const SECRET: &str = "a client's secret";
const ADMINISTRATOR: &str = "an administrator's token";
pub(crate) const SESSION: &str = "a session";
pub(crate) const PASSWORD: &str = "a password";
/// By its current refresh token.
pub(crate) const GRANT: &str = "a grant";
/// By what is not asked again.
pub(crate) const CONSENT: &str = "a consent";
pub(crate) const LINK: &str = "a link";
/// By whom a provider's word lets in.
pub(crate) const IDENTITY: &str = "an identity";
pub(crate) const RECOVERY_CODE: &str = "a recovery code";

/// Whether it is worth nothing wherever a restore may lack what was taken away, also once the gap is accepted.
fn ends_with_what_is_known(what: &str) -> bool {
    [SESSION, CONSENT, LINK, RECOVERY_CODE].contains(&what)
}

/// Compares one restored deployment.
pub(crate) struct Compared<'a> {
    history: &'a History,
    made: &'a Made,
    caller: &'a Registered,
    /// Whether all of what lives on must be accepted: nothing is missing, and all of it is asked for.
    is_whole: bool,
    /// Whether what was handed in in the last second may be lost.
    may_lose_reports: bool,
    found: Found,
}

impl<'a> Compared<'a> {
    pub(crate) fn new(history: &'a History, made: &'a Made, caller: &'a Registered, loss: Loss) -> Compared<'a> {
        // What was given in the last second may be lost with a server that waits for what it takes.
        let (is_killed, is_all) = (loss == Loss::KilledInSync, made.known == Known::All);
        Compared { history, made, caller, is_whole: is_all && !is_killed, may_lose_reports: is_all && is_killed, found: Found::default() }
    }

    /// `then`: how everything was answered at the time that was asked for.
    pub(crate) async fn run(mut self, then: Option<&Answers>) -> Found {
        let lives = self.history.everything(&self.history.world, &self.history.caller).await;
        let mut accepted = self.history.everything(&self.made.world, self.caller).await;
        for (of, lives) in lives {
            let mut held = self.history.held(&of).clone();
            let mut lives = lives;
            if self.may_lose_reports
                && let Some(before) = self.history.before_a_lost_report(&of, self.made.size)
            {
                held.forget();
                lives = before;
            }
            let accepted = accepted.remove(&of).unwrap();
            if let Some(then) = then {
                self.judge_by_then(&of, then.get(&of).cloned().flatten(), accepted.as_ref());
            }
            self.judge(of.0, &held, (lives, accepted));
        }
        self.spent().await;
        self.factors().await;
        self.uses().await;
        if !self.made.is_of_before {
            self.who_came_back().await;
        }
        self.found.wrong.extend(self.history.replayed(&self.made.world, u64::MAX).await);
        if then.is_some() {
            self.stolen().await;
        }
        self.found
    }

    /// Nothing that was given after a time that was asked for is there, whatever was taken beside it.
    fn judge_by_then(&mut self, of: &Of, then: Answered, accepted: Option<&BTreeSet<String>>) {
        let is_more = accepted.is_some_and(|accepted| then.as_ref().is_none_or(|then| !accepted.is_subset(then)));
        if is_more {
            let held = self.history.held(of);
            self.found.wrong.push(format!("{}: {held:?} was answered with {then:?} then, and is with {accepted:?}", of.0));
        }
    }

    /// Nothing that a thief got for themselves after that time is accepted.
    async fn stolen(&mut self) {
        // What is signed is refused for some seconds after each restore.
        self.made.world.advance(15);
        for loot in &self.history.loot {
            self.found.stolen += u64::from(self.history.is_good(&self.history.world, &self.history.caller, loot).await);
            if self.history.is_good(&self.made.world, self.caller, loot).await {
                let what = match loot {
                    Loot::Key(text) => format!("the key {text}"),
                    Loot::Secret(client) | Loot::Signer(client) => format!("what proves {}", client.id),
                    Loot::Token(_) => "a token".to_owned(),
                    Loot::Administrator(_) => "an administrator's token".to_owned(),
                    Loot::Password(username, _) => format!("the password of {username}"),
                    Loot::Session(_) => "a session".to_owned(),
                    Loot::Refresh(client, _) => format!("a refresh token of {client}"),
                    Loot::Identity(..) => "what a provider calls them".to_owned(),
                    Loot::Link(_) => "a link".to_owned(),
                };
                self.found.wrong.push(format!("{:?}: {what} is a thief's, who came later, and is accepted", self.made.known));
            }
        }
    }

    fn judge(&mut self, what: &'static str, held: &Held, (lives, accepted): (Answered, Answered)) {
        self.found.count(what, lives.is_some(), accepted.is_some());
        let answered = lives.clone();
        let lives = lives.filter(|_| held.fate == Fate::Lives);
        let is_more = match (&accepted, &lives) {
            (Some(accepted), Some(lives)) => !accepted.is_subset(lives),
            (Some(_), None) => true,
            (None, _) => false,
        };
        // Whether a session ended meanwhile is known where everything is.
        let is_of_old = ends_with_what_is_known(what) && self.made.known != Known::All;
        let is_fenced = (is_of_old || self.made.known == Known::MayLack) && accepted.is_some();
        let is_less = self.is_whole && accepted != lives;
        if is_more || is_fenced || is_less {
            self.found.wrong.push(format!(
                "{what}, {:?}: {held:?} is answered with {answered:?} where it lives on, and with {accepted:?}",
                self.made.known
            ));
        }
    }

    /// Nobody is let in by a code that was shown, by a telephone that is not theirs any more, or without theirs.
    async fn factors(&mut self) {
        let is_known = self.made.known != Known::MayLack;
        let found = self.history.wrong_of_factors(&self.history.world, &self.made.world, (is_known, self.is_whole)).await;
        self.found.wrong.extend(found.into_iter().map(|wrong| format!("{:?}: {wrong}", self.made.known)));
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
            self.found.used.insert(key.clone(), accepted);
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
    for (of, accepted) in history.everything(&made.world, caller).await {
        let held = history.held(&of);
        found.count(of.0, false, accepted.is_some());
        if accepted.is_some() && (held.is_dead_within(made.size) || ends_with_what_is_known(of.0)) {
            found.wrong.push(format!("{} that is known to be dead within {} entries is accepted with its gap: {held:?}", of.0, made.size));
        }
    }
    found.wrong.extend(history.replayed(&made.world, made.size).await);
    found
}

impl History {
    /// How a deployment answers everything that the history has.
    pub(crate) async fn everything(&self, world: &World, caller: &Registered) -> Answers {
        let mut answers = self.answers(world, caller, |_, _| true).await;
        answers.extend(self.answers_of_visits(world).await);
        answers
    }

    /// How it answers those of which this is said.
    pub(crate) async fn answers(&self, world: &World, caller: &Registered, which: impl Fn(&str, &Held) -> bool) -> Answers {
        let mut answers = Answers::new();
        let of = |all: &'_ AllHeld| -> Vec<String> {
            all.iter().filter(|(text, held)| which(text, held)).map(|(text, _)| text.clone()).collect()
        };
        for token in of(&self.tokens) {
            let answered = active(world, caller, &token).await;
            answers.insert((TOKEN, token, ""), answered);
        }
        for key in of(&self.keys) {
            for address in ["192.0.2.7", "10.1.2.3"] {
                answers.insert((KEY, key.clone(), address), valid(world, caller, &key, address).await);
            }
        }
        for secret in of(&self.secrets) {
            let answered = proven(world, &self.secrets[&secret].of, &secret).await;
            answers.insert((SECRET, secret, ""), answered);
        }
        for text in of(&self.administrators) {
            let answered = administers(world, &text).await;
            answers.insert((ADMINISTRATOR, text, ""), answered);
        }
        answers
    }

    pub(crate) fn held(&self, (what, text, _): &Of) -> &Held {
        let all = match *what {
            TOKEN => &self.tokens,
            KEY => &self.keys,
            SECRET => &self.secrets,
            SESSION => &self.visits.sessions,
            PASSWORD => &self.visits.passwords,
            GRANT => &self.visits.grants,
            CONSENT => &self.ways.consents,
            LINK => &self.ways.links,
            IDENTITY => &self.ways.identities,
            RECOVERY_CODE => &self.ways.recovery_codes,
            _ => &self.administrators,
        };
        &all[text]
    }

    pub(crate) fn held_mut(&mut self, (what, text, _): &Of) -> &mut Held {
        let all = match *what {
            TOKEN => &mut self.tokens,
            KEY => &mut self.keys,
            SECRET => &mut self.secrets,
            SESSION => &mut self.visits.sessions,
            PASSWORD => &mut self.visits.passwords,
            GRANT => &mut self.visits.grants,
            CONSENT => &mut self.ways.consents,
            LINK => &mut self.ways.links,
            IDENTITY => &mut self.ways.identities,
            RECOVERY_CODE => &mut self.ways.recovery_codes,
            _ => &mut self.administrators,
        };
        all.get_mut(text).unwrap()
    }

    /// Whether something that a thief has is accepted.
    async fn is_good(&self, world: &World, caller: &Registered, loot: &Loot) -> bool {
        match loot {
            Loot::Key(text) => valid(world, caller, text, "192.0.2.7").await.is_some(),
            Loot::Token(text) => active(world, caller, text).await.is_some(),
            Loot::Administrator(text) => administers(world, text).await.is_some(),
            Loot::Password(username, password) => matches!(proves(world, username, password).await, Ok(Some(_))),
            Loot::Session(text) => is_live(world, text).await,
            Loot::Refresh(client, text) => refresh(world, client, text, &thief_sender()).await.is_ok(),
            Loot::Identity(provider, subject) => arrives(world, provider, subject).await.is_some(),
            Loot::Link(text) => world.service().link(text, &world.moment()).await.unwrap().is_some(),
            Loot::Secret(client) => proven(world, &client.id, &client.secret).await.is_some(),
            Loot::Signer(client) => {
                let body = signing_in(&self.signed_by(world, client));
                world.post("/oauth/token", None, body).await.status == 200
            }
        }
    }
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

async fn proven(world: &World, client: &str, secret: &str) -> Answered {
    let client = Registered { id: client.to_owned(), secret: secret.to_owned(), key: None };
    // A client that may ask for nothing any more has proven itself all the same.
    (world.ask(&client, &[("resource", "https://orders.example")]).await.status != 401).then(BTreeSet::new)
}

async fn administers(world: &World, text: &str) -> Answered {
    let answer = world.manage(Some(&format!("Bearer {text}")), Method::GET, "/administrators/self", None).await;
    let permissions = |answer: Value| answer["permissions"].as_array().unwrap().iter().map(Value::to_string).collect();
    (answer.status == 200).then(|| permissions(answer.json()))
}
