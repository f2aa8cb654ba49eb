//! What people come by beside their password, and what waits for them: second factors, what providers call them, links, what they allowed, and
//! what devices and applications handed in first.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::gap::Known;
use jeton_core::id::PersonId;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::compare::{Answers, CONSENT, IDENTITY, LINK, RECOVERY_CODE};
use crate::factors::{Factor, begin_by_two};
use crate::held::{AllHeld, Fate, end};
use crate::history::{History, PEOPLE};
use crate::identities::arrives;
use crate::kept::Kept;
use crate::visits::{ask, begin};

/// What is known of it.
#[derive(Default)]
pub(crate) struct Ways {
    /// By the username and the application.
    pub(crate) consents: AllHeld,
    /// By their texts: whose, and for what.
    pub(crate) links: AllHeld,
    /// By what the provider calls somebody: the provider, and whom.
    pub(crate) identities: AllHeld,
    /// Ids of providers.
    pub(crate) providers: Vec<String>,
    /// By their texts: whose.
    pub(crate) recovery_codes: AllHeld,
    /// The telephones of people, in the order in which they were set: the last one of somebody is theirs, where they have one.
    pub(crate) factors: Vec<Factor>,
    /// What was shown by time: whose, and the code.
    pub(crate) shown: Vec<(String, String)>,
    /// What applications handed in first, each with its client.
    pub(crate) pushed: Vec<(String, String)>,
    /// What devices asked.
    pub(crate) devices: Vec<Question>,
}

/// What a device asked.
pub(crate) struct Question {
    pub(crate) client: String,
    pub(crate) device_code: Secret,
    pub(crate) user_code: String,
}

impl Ways {
    pub(crate) fn all_held(&mut self) -> [&mut AllHeld; 4] {
        [&mut self.consents, &mut self.links, &mut self.identities, &mut self.recovery_codes]
    }
}

impl History {
    pub(crate) async fn change_ways(&mut self) {
        match self.below(24) {
            0 | 1 => self.withdraw().await,
            2..=4 => self.change_links().await,
            5..=9 => self.change_factors().await,
            10..=14 => self.change_identities().await,
            15..=17 => self.push().await,
            18 | 19 => self.ask_by_device().await,
            _ => self.answer_device().await,
        }
        self.notice_ended_grants().await;
    }

    /// What is there from the beginning.
    pub(crate) async fn begin_ways(&mut self) {
        self.make_provider().await;
        self.set_factor_of(PEOPLE[0]).await;
        self.connect(PEOPLE[1]).await;
    }

    /// What is under way when a snapshot is made, or all is lost: nobody comes for it before.
    pub(crate) async fn leave_behind(&mut self) {
        self.leave_code().await;
        self.push().await;
        self.ask_by_device().await;
        self.answer_device().await;
        let username = self.some_visitor();
        self.show_code(&username).await;
    }

    /// How a deployment answers all of it; asked of a copy, which is of no use for anything else then.
    pub(crate) async fn answers_of_ways(&self, copy: &World) -> Answers {
        let (service, mut answers) = (copy.service(), Answers::new());
        for text in self.ways.links.keys() {
            let found = service.link(text, &copy.moment()).await.unwrap();
            answers.insert((LINK, text.clone(), ""), found.map(|good| BTreeSet::from([good.link.record.person.to_string()])));
        }
        for (subject, held) in &self.ways.identities {
            let person = arrives(copy, &held.of, subject).await;
            answers.insert((IDENTITY, subject.clone(), ""), person.map(|person| BTreeSet::from([person.to_string()])));
        }
        for (code, held) in &self.ways.recovery_codes {
            let begun = match id_of(copy, &held.of) {
                Some(person) => begin_by_two(copy, &person, code, None).await,
                None => None,
            };
            // So many of one person would be too many tries.
            let _ = service.unlock_user(&held.of, &administrator(), &copy.moment()).await;
            answers.insert((RECOVERY_CODE, code.clone(), ""), begun.map(|_| BTreeSet::new()));
        }
        answers.extend(self.answers_of_consents(copy).await);
        answers
    }

    /// For what nobody is asked again: whoever is signed in anew.
    async fn answers_of_consents(&self, copy: &World) -> Answers {
        let (mut sessions, mut answers) = (BTreeMap::new(), Answers::new());
        for held in self.ways.consents.values() {
            let Some(person) = id_of(copy, &held.of) else { continue };
            // They do not have their telephone here.
            let _ = copy.service().reset_second_factor(&held.of, &administrator(), &copy.moment()).await;
            if let Some(session) = begin(copy, &person, None).await {
                sessions.insert(held.of.clone(), session);
            }
        }
        for (name, held) in &self.ways.consents {
            let mut unasked = BTreeSet::new();
            for scope in ["orders:read", "orders:write"] {
                if let Some(session) = sessions.get(&held.of)
                    && ask(copy, &held.id, session.expose(), scope, false).await.is_some()
                {
                    unasked.insert(scope.to_owned());
                }
            }
            answers.insert((CONSENT, name.clone(), ""), Some(unasked).filter(|unasked| !unasked.is_empty()));
        }
        answers
    }

    /// What a deployment that was made of a backup accepts of what was shown by time, lets in without the telephone, and takes for a telephone that
    /// is not theirs any more.
    pub(crate) async fn wrong_of_factors(&self, lives: &World, made: &World, (is_known, is_whole): (bool, bool)) -> Vec<String> {
        let mut wrong = Vec::new();
        let copy = Kept::copy(made).served_beside(made).await;
        for (username, code) in &self.ways.shown {
            let Some(person) = id_of(&copy, username) else { continue };
            if begin_by_two(&copy, &person, code, None).await.is_some() {
                wrong.push(format!("the code by time that {username} showed before is accepted again"));
            }
            let _ = copy.service().unlock_user(username, &administrator(), &copy.moment()).await;
        }
        let usernames: BTreeSet<&String> = self.ways.factors.iter().map(|factor| &factor.username).collect();
        for username in usernames {
            let (Some(there), Some(here)) = (id_of(lives, username), id_of(&copy, username)) else { continue };
            let has = lives.service().second_factor_of(&there).await.unwrap().is_some();
            if has && is_known && begin(&copy, &here, None).await.is_some() {
                wrong.push(format!("{username} has a second factor, and is let in without"));
            }
        }
        for factor in self.ways.factors.iter().filter(|_| is_whole) {
            let Some(person) = id_of(&copy, &factor.username) else { continue };
            // Of one that was there before another restore it is not known whether it is theirs.
            let is_gone = factor.fate == Fate::Dead;
            // The step to come was not shown to anybody.
            let is_taken = begin_by_two(&copy, &person, &factor.code_after(copy.now(), 30), None).await.is_some();
            let _ = copy.service().unlock_user(&factor.username, &administrator(), &copy.moment()).await;
            if is_taken && is_gone {
                wrong.push(format!("{} has another telephone, or none, and is let in by the one of before", factor.username));
            }
        }
        wrong
    }

    /// What waited for somebody, and is there after a restore.
    pub(crate) async fn still_waiting(&self, world: &World) -> Vec<String> {
        let mut wrong = Vec::new();
        for (client, uri) in &self.ways.pushed {
            if world.service().spend_pushed(client, uri, &world.moment()).await.unwrap().is_some() {
                wrong.push(format!("a request that {client} handed in before is taken"));
            }
        }
        for question in &self.ways.devices {
            wrong.extend(question.is_open_at(world).await.then(|| "somebody can say yes to a device that asked before".to_owned()));
            wrong.extend(
                question.is_granted_at(world).await.then(|| format!("a device of {} that asked before has tokens", question.client)),
            );
        }
        wrong
    }

    /// After a restore nobody comes for what waited before it; what is not known to be there is forgotten.
    pub(crate) async fn carry_over_ways(&mut self, of: Known, size: u64) {
        if of != Known::All {
            for all in [&mut self.ways.consents, &mut self.ways.links, &mut self.ways.recovery_codes] {
                end(all, size, |_, _| true);
            }
        }
        self.ways.pushed.clear();
        self.ways.devices.clear();
        self.ways.shown.clear();
        for id in std::mem::take(&mut self.ways.providers) {
            if self.world.service().find_provider(&id).is_ok() {
                self.ways.providers.push(id);
            }
        }
        for mut factor in std::mem::take(&mut self.ways.factors) {
            factor.forget();
            self.ways.factors.push(factor);
        }
    }
}

/// Whose username it is.
pub(crate) fn id_of(world: &World, username: &str) -> Option<PersonId> {
    Some(world.service().find_user(username).ok()?.record.id.clone())
}
