//! What waits for somebody: links, what applications handed in first, and what devices asked. And what people allowed, taken back.

use jeton_core::gap::Known;
use jeton_core::id::{Actor, ClientId};
use jeton_core::link::Purpose;
use jeton_oauth::ClientAuthentication;
use jeton_oauth::device::{DeviceAuthorizationRequest, UserCode};
use jeton_oauth::scope::ScopeSet;
use jeton_oauth::token::DeviceCodeRequest;
use jeton_service::authorizations::{Destination, NextStep};
use jeton_service::failure::Failure;
use jeton_service::grants::GrantedTokens;
use jeton_service::grants::device::{Answered, request_of};
use jeton_service::identify::Identified;
use jeton_service::usage::marks::Marks;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::dice::Dice;
use crate::held::{Fate, Held, end};
use crate::history::History;
use crate::kept::{Engine, Kept, Loss};
use crate::visits::{form_of, owner};
use crate::ways::{Question, id_of};

/// What a device asks for.
fn asked() -> DeviceAuthorizationRequest {
    DeviceAuthorizationRequest { scope: Some(ScopeSet::parse("orders:read offline_access").unwrap()), resources: vec![] }
}

fn identified(world: &World, client_id: &str) -> Option<Identified> {
    let presented = ClientAuthentication::None { client_id: client_id.to_owned() };
    world.service().identify(&presented, &Marks::default(), &world.moment()).ok()
}

impl Question {
    /// A device of a client asks.
    pub(crate) async fn ask(world: &World, client: &str) -> Option<Question> {
        let begun = world.service().begin_device(&identified(world, client)?, &asked(), &owner(), &world.moment()).await.ok()?;
        let (device_code, user_code) = (Secret::from(begun.device_code.0), begun.user_code.to_text().expose().to_owned());
        Some(Question { client: client.to_owned(), device_code, user_code })
    }

    /// Somebody says yes in a session of theirs.
    pub(crate) async fn allow(&self, world: &World, session: &str) -> bool {
        let service = world.service();
        let code = UserCode::parse(&self.user_code).unwrap();
        let Some(request) = service.device_of(&code, &world.moment()).await.unwrap() else { return false };
        let Some(found) = service.session(session, world.now(), &world.moment()).await.unwrap() else { return false };
        let (asked, to, begun_at) = (request_of(request.client.as_str(), &request.asked), Destination::Device(Some(&request)), world.now());
        let step = service.authorize(&asked, to, begun_at, Some(&found), None, &world.moment()).await;
        let Ok(NextStep::Consent(new, _)) = step else { return false };
        let step = service.authorize(&asked, to, begun_at, Some(&found), Some(&new), &world.moment()).await;
        matches!(step, Ok(NextStep::Allowed))
    }

    /// The device comes for the answer.
    pub(crate) async fn come(&self, world: &World) -> Option<GrantedTokens> {
        let request = DeviceCodeRequest { device_code: self.device_code.clone(), resources: vec![] };
        match world.service().answer_device(&identified(world, &self.client)?, &request, &owner(), &world.moment()).await {
            Ok(Answered::Granted(tokens)) => Some(*tokens),
            Err(failure @ (Failure::Fault(_) | Failure::Unknown | Failure::Contended)) => panic!("{failure:?}"),
            Ok(_) | Err(_) => None,
        }
    }

    pub(crate) async fn is_granted_at(&self, world: &World) -> bool {
        self.come(world).await.is_some()
    }

    /// Whether somebody could say yes to it.
    pub(crate) async fn is_open_at(&self, world: &World) -> bool {
        let code = UserCode::parse(&self.user_code).unwrap();
        world.service().device_of(&code, &world.moment()).await.unwrap().is_some()
    }
}

/// What an application hands in first.
pub(crate) async fn hand_in(world: &World, client: &str) -> Option<String> {
    let made = world.service().push(&identified(world, client)?, &form_of(client, "orders:read"), &world.moment()).await.ok()?;
    Some(made.text)
}

impl History {
    fn some_application(&mut self) -> Option<String> {
        let all = self.visits.applications.clone();
        self.one_of(&all)
    }

    /// An application hands something in first; somebody comes with it now and then, once.
    pub(crate) async fn push(&mut self) {
        let Some(client) = self.some_application() else { return };
        let Some(uri) = hand_in(&self.world, &client).await else { return };
        self.ways.pushed.push((client.clone(), uri.clone()));
        if self.is_once_in(2) {
            let (service, world) = (self.world.service(), &self.world);
            assert!(service.spend_pushed(&client, &uri, &world.moment()).await.unwrap().is_some(), "it is good once");
            assert!(service.spend_pushed(&client, &uri, &world.moment()).await.unwrap().is_none(), "and no more");
        }
    }

    pub(crate) async fn ask_by_device(&mut self) {
        let Some(client) = self.some_application() else { return };
        let question = Question::ask(&self.world, &client).await;
        self.ways.devices.extend(question);
    }

    /// Somebody says yes to the last device that asked, and it comes for the answer now and then.
    pub(crate) async fn answer_device(&mut self) {
        let live = self.visits.sessions.iter().filter(|(_, held)| held.fate != Fate::Dead);
        let live: Vec<(String, String)> = live.map(|(text, held)| (text.clone(), held.of.clone())).collect();
        let Some((session, username)) = self.one_of(&live) else { return };
        let comes = self.is_once_in(2);
        let Some(question) = self.ways.devices.last() else { return };
        let client = question.client.clone();
        if !question.allow(&self.world, &session).await {
            return;
        }
        let tokens = if comes { question.come(&self.world).await } else { None };
        self.note_consent(&username, &client);
        if let Some(tokens) = tokens {
            self.take_down_grant(&client, &tokens);
        }
    }

    /// Somebody allowed an application something.
    pub(crate) fn note_consent(&mut self, username: &str, client: &str) {
        let name = format!("{username} {client}");
        if self.ways.consents.get(&name).is_none_or(|held| held.fate == Fate::Dead) {
            self.ways.consents.insert(name, Held::new(username, client));
        }
    }

    /// Takes back what somebody allowed an application.
    pub(crate) async fn withdraw(&mut self) {
        let live = self.ways.consents.iter().filter(|(_, held)| held.fate != Fate::Dead);
        let live: Vec<(String, Held)> = live.map(|(name, held)| (name.clone(), held.clone())).collect();
        let Some((name, held)) = self.one_of(&live) else { return };
        let Some(person) = id_of(&self.world, &held.of) else { return };
        let (client, service) = (ClientId::from(held.id.as_str()), self.world.service().clone());
        service.withdraw((&person, &client), &Actor::person(&person), &self.world.moment()).await.unwrap();
        let size = self.world.ledger_size();
        end(&mut self.ways.consents, size, |known, _| known == name);
    }

    pub(crate) async fn change_links(&mut self) {
        let live = self.ways.links.iter().filter(|(_, held)| held.fate != Fate::Dead);
        let live: Vec<(String, Held)> = live.map(|(text, held)| (text.clone(), held.clone())).collect();
        match self.one_of(&live) {
            Some((text, held)) if self.is_once_in(2) => self.use_link(&text, &held).await,
            _ => drop(self.make_link().await),
        }
    }

    /// A link of somebody who has an address; the one before it is good for nothing.
    pub(crate) async fn make_link(&mut self) -> Option<String> {
        let username = self.one_of(&self.people.values().cloned().collect::<Vec<_>>())?;
        let purpose = self.one_of(&Purpose::ALL).unwrap();
        let (service, moment) = (self.world.service().clone(), self.world.moment());
        // Whoever is disabled gets none, and who has a password is not invited.
        let made = service.make_link(&username, purpose, &administrator(), &moment).await.ok()?;
        let size = self.world.ledger_size();
        end(&mut self.ways.links, size, |_, held| held.of == username && held.id == purpose.name());
        let text = made.text.expose().to_owned();
        self.ways.links.insert(text.clone(), Held::new(&username, purpose.name()));
        Some(text)
    }

    async fn use_link(&mut self, text: &str, held: &Held) {
        let password = format!("battery {} staple", self.made);
        let sets = held.id != Purpose::EmailVerification.name();
        let (service, chosen) = (self.world.service().clone(), Secret::from(password.as_str()));
        if service.use_link(text, sets.then_some(&chosen), &self.world.moment()).await.is_ok() {
            let size = self.world.ledger_size();
            end(&mut self.ways.links, size, |known, _| known == text);
            if sets {
                self.note_password(&held.of, Some(&password));
            }
        }
    }
}

/// What waited is good where it waited, and nowhere after a restore: nobody says yes to a device from before, nor does it get anything.
#[tokio::test]
async fn what_waited_before_a_restore_is_worth_nothing_after_it() {
    for loss in [Loss::Nothing, Loss::AllOfIt, Loss::KilledInSync] {
        let mut history = History::new(1).await;
        let kept = Kept::new(&history.world, loss == Loss::KilledInSync, false).await;
        let (session, client) = (history.visits.sessions.keys().next_back().unwrap().clone(), history.some_application().unwrap());
        let uri = hand_in(&history.world, &client).await.unwrap();
        let asking = Question::ask(&history.world, &client).await.unwrap();
        let allowed = Question::ask(&history.world, &client).await.unwrap();
        assert!(allowed.allow(&history.world, &session).await);
        kept.snapshot(&history.world).await;
        kept.ship(loss == Loss::Nothing).await;
        kept.lose(&history.world, loss, &mut Dice(1)).await;
        let made = kept.restore(&history.world, None, Engine::Sqlite, None).await;
        if made.known == Known::MayLack {
            made.world.service().accept_gap(&administrator().actor, &made.world.moment()).await.unwrap();
        }
        for (world, expected) in [(&made.world, false), (&history.world, true)] {
            let is_taken = world.service().spend_pushed(&client, &uri, &world.moment()).await.unwrap().is_some();
            let found = [is_taken, asking.is_open_at(world).await, allowed.is_granted_at(world).await];
            assert_eq!(found, [expected; 3], "{loss:?}");
        }
    }
}
