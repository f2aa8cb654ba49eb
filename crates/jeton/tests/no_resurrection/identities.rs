//! Providers elsewhere, and what they call people here: connected, taken back, and come by.

use jeton_core::id::PersonId;
use jeton_core::provider::Settings;
use jeton_core::provider::id_token::Said;
use jeton_service::failure::Failure;
use jeton_service::providers::Asked;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::held::{Fate, Held, end};
use crate::history::History;
use crate::ways::id_of;

/// Whose addresses are spoken for where a provider speaks for some alone.
const DOMAIN: &str = "corp.example";

/// What a provider says of somebody whom it calls so: nothing of an address.
fn said(subject: &str) -> Said {
    Said { subject: subject.to_owned(), ..Said::default() }
}

/// Who somebody is here whom a provider calls so.
pub(crate) async fn arrives(world: &World, provider: &str, subject: &str) -> Option<PersonId> {
    let found = world.service().find_provider(provider).ok()?;
    match world.service().arrive(&found, &said(subject), &world.moment()).await {
        Ok(person) => Some(person),
        Err(Failure::Refused(_) | Failure::Fenced) => None,
        Err(failure) => panic!("nobody knows who {subject} is: {failure:?}"),
    }
}

/// Connects somebody with what a provider calls them.
pub(crate) async fn connects(world: &World, provider: &str, subject: &str, person: &PersonId) -> bool {
    let Ok(found) = world.service().find_provider(provider) else { return false };
    world.service().connect(&found, &said(subject), person, &world.moment()).await.is_ok()
}

impl History {
    pub(crate) async fn change_identities(&mut self) {
        let username = self.some_visitor();
        match self.below(10) {
            0..=3 => self.connect(&username).await,
            4..=6 => self.disconnect().await,
            7 => self.make_provider().await,
            8 => self.change_provider().await,
            _ => self.delete_provider().await,
        }
    }

    /// A provider, by its id.
    pub(crate) async fn make_provider(&mut self) {
        let name = format!("corp{}", self.made);
        let settings =
            Settings { client_id: Some("jeton".to_owned()), client_secret: Some(Secret::from("a secret of ours")), ..Settings::default() };
        let (asked, issuer) = (Asked { settings, roles: None }, format!("https://{name}.example"));
        let (service, moment) = (self.world.service(), self.world.moment());
        let made = service.create_provider((&name, &issuer), &asked, &administrator(), &moment).await.unwrap();
        self.ways.providers.push(made.id.to_string());
    }

    fn some_provider(&mut self) -> Option<String> {
        let all = self.ways.providers.clone();
        self.one_of(&all)
    }

    /// Somebody connects what a provider calls them: something new, or what somebody took back.
    pub(crate) async fn connect(&mut self, username: &str) {
        let (Some(provider), Some(person)) = (self.some_provider(), id_of(&self.world, username)) else { return };
        let free = self.ways.identities.iter().filter(|(_, held)| held.of == provider && held.fate == Fate::Dead);
        let free: Vec<String> = free.map(|(subject, _)| subject.clone()).collect();
        let again = if self.is_once_in(3) { self.one_of(&free) } else { None };
        let subject = again.unwrap_or_else(|| format!("{username} there {}", self.made));
        if connects(&self.world, &provider, &subject, &person).await {
            self.ways.identities.insert(subject, Held::new(&provider, person.as_str()));
        }
    }

    async fn disconnect(&mut self) {
        let live = self.ways.identities.iter().filter(|(_, held)| held.fate != Fate::Dead);
        let live: Vec<(String, Held)> = live.map(|(subject, held)| (subject.clone(), held.clone())).collect();
        let Some((subject, held)) = self.one_of(&live) else { return };
        let (service, moment) = (self.world.service().clone(), self.world.moment());
        // Nothing else may sign them in.
        if service.disconnect((&held.of, &subject), &PersonId::from(held.id.as_str()), &moment).await.is_ok() {
            let size = self.world.ledger_size();
            end(&mut self.ways.identities, size, |known, _| known == subject);
        }
    }

    /// It speaks for some addresses alone, and nobody here has one of them; or lets in whomever it calls something.
    async fn change_provider(&mut self) {
        let Some(provider) = self.some_provider() else { return };
        let domains = if self.is_once_in(2) { vec![DOMAIN.to_owned()] } else { vec![] };
        let asked = Asked { settings: Settings { domains: Some(domains), ..Settings::default() }, roles: None };
        self.world.service().update_provider(&provider, &asked, &administrator(), &self.world.moment()).await.unwrap();
    }

    async fn delete_provider(&mut self) {
        if self.ways.providers.len() < 2 {
            return self.make_provider().await;
        }
        let id = self.ways.providers.remove(0);
        self.world.service().delete_provider(&id, &administrator().actor, &self.world.moment()).await.unwrap();
        let size = self.world.ledger_size();
        end(&mut self.ways.identities, size, |_, held| held.of == id);
    }
}
