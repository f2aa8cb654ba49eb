//! People who sign in, and applications that act for them: passwords, sessions, codes, grants, refresh tokens.

use std::collections::BTreeMap;

use http::Method;
use jeton_core::gap::Known;
use jeton_core::grant::end::is_there;
use jeton_core::id::{Actor, GrantId, PersonId};
use jeton_service::grants::GrantedTokens;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::held::{AllHeld, Fate, Held, end};
use crate::history::{History, PEOPLE};
use crate::visits::{application, code, exchange, is_live, owner, proves, refresh, thief};

/// What is known of those who sign in.
#[derive(Default)]
pub(crate) struct Visits {
    pub(crate) applications: Vec<String>,
    /// The password that each person has, as far as they know.
    known: BTreeMap<String, String>,
    /// By the username and the password.
    pub(crate) passwords: AllHeld,
    pub(crate) sessions: AllHeld,
    /// By their ids.
    pub(crate) grants: AllHeld,
    pub(crate) families: BTreeMap<String, Family>,
    /// Codes, each with its client: used, or left lying.
    pub(crate) codes: Vec<(String, String)>,
}

/// The refresh tokens of a grant.
pub(crate) struct Family {
    grant: GrantId,
    pub(crate) client: String,
    /// In the order in which they were made: the last one is current.
    pub(crate) texts: Vec<String>,
    /// How many entries the ledger had once there was the first of them, and once each but the last was spent.
    made_at: u64,
    pub(crate) spent_at: Vec<u64>,
}

impl Family {
    fn is_within(&self, size: u64) -> bool {
        self.made_at <= size && self.spent_at.iter().all(|at| *at <= size)
    }
}

impl Visits {
    pub(crate) fn all_held(&mut self) -> [&mut AllHeld; 3] {
        [&mut self.passwords, &mut self.sessions, &mut self.grants]
    }

    /// What is known of them where a deployment goes on that has so many entries of before, and so many now.
    pub(crate) fn carry_over(&mut self, known: u64, of: Known, size: u64) {
        if of == Known::MayLack {
            // Which of a family's tokens is current is not known.
            self.families.retain(|_, family| family.is_within(known));
            let families = &self.families;
            self.grants.retain(|id, _| families.contains_key(id));
        }
        for family in self.families.values_mut() {
            family.made_at = family.made_at.min(size);
            family.spent_at.iter_mut().for_each(|at| *at = (*at).min(size));
        }
        if of != Known::All {
            end(&mut self.sessions, size, |_, _| true);
        }
    }
}

impl History {
    pub(crate) async fn change_visits(&mut self) {
        match self.below(14) {
            0..=2 => {
                let username = self.some_visitor();
                self.visit(&username).await;
            }
            3 | 4 => self.allow().await,
            5..=8 => self.refresh().await,
            9 => self.replay_refresh().await,
            10 => self.replay_code().await,
            11 => {
                let username = self.some_visitor();
                self.set_password_of(&username).await;
            }
            12 => self.end_visit().await,
            _ => self.change_applications().await,
        }
        self.notice_ended_grants().await;
    }

    /// Those who are there from the beginning sign in, and one allows an application something.
    pub(crate) async fn begin_visits(&mut self) {
        self.make_application().await;
        for username in PEOPLE {
            self.set_password_of(username).await;
            self.visit(username).await;
        }
        self.allow().await;
    }

    pub(crate) fn some_visitor(&mut self) -> String {
        let all: Vec<String> = PEOPLE.map(str::to_owned).into_iter().chain(self.people.values().cloned()).collect();
        self.one_of(&all).unwrap()
    }

    /// Signs in, in a browser that is new or where they are already.
    async fn visit(&mut self, username: &str) {
        if self.signs_in(username).await.is_none() {
            // They have none, forgot it, or may not.
            self.set_password_of(username).await;
        }
        let Some(person) = self.signs_in(username).await else { return };
        let theirs = self.visits.sessions.iter().filter(|(_, held)| held.of == username && held.fate != Fate::Dead);
        let theirs: Vec<String> = theirs.map(|(text, _)| text.clone()).collect();
        let mut before = if self.is_once_in(2) { self.one_of(&theirs) } else { None };
        if let Some(text) = before.take() {
            before = is_live(&self.world, &text).await.then_some(text);
        }
        let Some(session) = self.begin_for(username, &person, before.as_deref()).await else { return };
        let size = self.world.ledger_size();
        end(&mut self.visits.sessions, size, |text, _| Some(text) == before.as_deref());
        self.visits.sessions.insert(session.expose().to_owned(), Held::new(username, ""));
    }

    /// Whom somebody is by the password that they know.
    async fn signs_in(&self, username: &str) -> Option<PersonId> {
        proves(&self.world, username, self.visits.known.get(username)?).await.unwrap()
    }

    pub(crate) async fn set_password_of(&mut self, username: &str) {
        let password = format!("battery {} staple", self.made);
        if self.put_password(username, &password).await {
            self.note_password(username, Some(&password));
        }
    }

    /// Another password takes the place of the one that was.
    pub(crate) async fn put_password(&mut self, username: &str, password: &str) -> bool {
        let (text, moment) = (Secret::from(password), self.world.moment());
        let is_set = self.world.service().set_password(username, &text, &administrator(), &moment).await.is_ok();
        if is_set {
            self.note_password(username, None);
        }
        is_set
    }

    /// Somebody has another password, and their sessions ended; `known`: they know it.
    pub(crate) fn note_password(&mut self, username: &str, known: Option<&str>) {
        let size = self.world.ledger_size();
        end(&mut self.visits.passwords, size, |_, held| held.of == username);
        end(&mut self.visits.sessions, size, |_, held| held.of == username);
        self.visits.known.remove(username);
        if let Some(password) = known {
            self.visits.passwords.insert(format!("{username} {password}"), Held::new(username, password));
            self.visits.known.insert(username.to_owned(), password.to_owned());
        }
    }

    /// Allows an application something; its code is left lying now and then.
    async fn allow(&mut self) {
        let Some((client, code)) = self.ask_for_code().await else { return };
        if !self.is_once_in(4) {
            self.exchange(&client, &code).await;
        }
    }

    /// Allows an application something, and it does not come for it before all is lost.
    pub(crate) async fn leave_code(&mut self) {
        self.ask_for_code().await;
    }

    async fn ask_for_code(&mut self) -> Option<(String, Secret)> {
        let live = self.visits.sessions.iter().filter(|(_, held)| held.fate != Fate::Dead);
        let live: Vec<String> = live.map(|(text, _)| text.clone()).collect();
        let (session, client) = (self.one_of(&live), self.one_of(&self.visits.applications.clone()));
        let (Some(session), Some(client)) = (session, client) else {
            let username = self.some_visitor();
            self.visit(&username).await;
            return None;
        };
        let scope = self.one_of(&["orders:read", "orders:read offline_access", "orders:read orders:write offline_access"]).unwrap();
        // The session may be over, or the role give nothing any more.
        let code = code(&self.world, &client, &session, scope).await?;
        let username = self.visits.sessions[&session].of.clone();
        self.note_consent(&username, &client);
        self.visits.codes.push((client.clone(), code.expose().to_owned()));
        Some((client, code))
    }

    async fn exchange(&mut self, client: &str, code: &Secret) {
        let Ok(tokens) = exchange(&self.world, client, code).await else { return };
        self.take_down_grant(client, &tokens);
    }

    pub(crate) fn take_down_grant(&mut self, client: &str, tokens: &GrantedTokens) {
        self.take_down_token(client, tokens);
        let Some(text) = &tokens.refresh_token else { return };
        let (texts, made_at) = (vec![text.expose().to_owned()], self.world.ledger_size());
        let family = Family { grant: tokens.grant.id, client: client.to_owned(), texts, made_at, spent_at: Vec::new() };
        self.visits.grants.insert(tokens.grant.id.to_string(), Held::new(client, ""));
        self.visits.families.insert(tokens.grant.id.to_string(), family);
    }

    fn take_down_token(&mut self, client: &str, tokens: &GrantedTokens) {
        self.tokens.entry(tokens.access_token.expose().to_owned()).or_insert_with(|| Held::new(client, ""));
    }

    /// A grant that is not dead.
    fn some_grant(&mut self) -> Option<String> {
        let ids: Vec<String> = self.visits.grants.iter().filter(|(_, held)| held.fate != Fate::Dead).map(|(id, _)| id.clone()).collect();
        self.one_of(&ids)
    }

    /// An application spends its refresh token.
    pub(crate) async fn refresh(&mut self) {
        let Some(id) = self.some_grant() else { return self.allow().await };
        let family = &self.visits.families[&id];
        let (client, text) = (family.client.clone(), Secret::from(family.texts.last().unwrap().as_str()));
        let Ok(tokens) = refresh(&self.world, &client, &text, &owner()).await else { return };
        self.take_down_token(&client, &tokens);
        let (next, size) = (tokens.refresh_token.unwrap(), self.world.ledger_size());
        let family = self.visits.families.get_mut(&id).unwrap();
        if next.expose() != text.expose() {
            family.texts.push(next.expose().to_owned());
            family.spent_at.push(size);
        }
    }

    /// A thief comes with a refresh token that was spent: too late, or within its window.
    async fn replay_refresh(&mut self) {
        let Some(id) = self.some_grant() else { return };
        let family = &self.visits.families[&id];
        let (client, spent) = (family.client.clone(), family.texts[..family.spent_at.len()].to_vec());
        let Some(text) = self.one_of(&spent) else { return };
        if self.is_once_in(2) {
            self.world.advance(120);
        }
        if let Ok(tokens) = refresh(&self.world, &client, &Secret::from(text.as_str()), &thief()).await {
            self.take_down_token(&client, &tokens);
        }
    }

    /// A code comes that was used, or left lying.
    async fn replay_code(&mut self) {
        let codes = self.visits.codes.clone();
        if let Some((client, code)) = self.one_of(&codes) {
            self.exchange(&client, &Secret::from(code.as_str())).await;
        }
    }

    /// Signs out, or takes back what an application was allowed.
    async fn end_visit(&mut self) {
        let (service, actor) = (self.world.service().clone(), Actor::system());
        if self.is_once_in(2) {
            let Some(id) = self.some_grant() else { return };
            let grant = self.visits.families[&id].grant;
            // One that left by itself is not found.
            let _ = service.end_grant(grant, &actor, &self.world.moment()).await;
            return;
        }
        let texts: Vec<String> = self.visits.sessions.keys().cloned().collect();
        let Some(text) = self.one_of(&texts) else { return };
        if let Some(session) = service.session(&text, self.world.now(), &self.world.moment()).await.unwrap() {
            service.end_session(session.record.id, &actor, &self.world.moment()).await.unwrap();
            let size = self.world.ledger_size();
            end(&mut self.visits.sessions, size, |of, _| of == text);
        }
    }

    async fn change_applications(&mut self) {
        if self.visits.applications.len() < 2 {
            return self.make_application().await;
        }
        let id = self.visits.applications.remove(0);
        self.world.done(Method::DELETE, &format!("/clients/{id}"), None).await;
        let size = self.world.ledger_size();
        end(&mut self.tokens, size, |_, held| held.of == id);
        end(&mut self.visits.grants, size, |_, held| held.of == id);
    }

    pub(crate) async fn make_application(&mut self) {
        let request = application(&format!("shop{}", self.made));
        let audience = self.apis[0].audience.to_string();
        let (service, moment) = (self.world.service(), self.world.moment());
        let (client, _) = service.create_client(&request, &[audience], &administrator(), &moment).await.unwrap();
        self.visits.applications.push(client.id.to_string());
    }

    /// Grants end by themselves, too: with their session, or since somebody came with what was used.
    pub(crate) async fn notice_ended_grants(&mut self) {
        let size = self.world.ledger_size();
        for (id, held) in &mut self.visits.grants {
            let grant = self.world.service().grant(self.visits.families[id].grant).await.unwrap();
            if grant.is_none_or(|grant| !is_there(&grant.record)) {
                held.die(size);
            }
        }
    }
}
