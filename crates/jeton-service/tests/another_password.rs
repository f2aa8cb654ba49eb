//! Another password signs everybody out who knew the one before, whatever happens meanwhile.

#![expect(clippy::unwrap_used, reason = "a test fails by it, and prints what it saw")]

use std::future::ready;
use std::sync::Arc;

use jeton_core::id::PersonId;
use jeton_core::link::Purpose;
use jeton_core::person::create::CreatePerson;
use jeton_core::sender::Sender;
use jeton_core::session::proof::Authenticated;
use jeton_service::failure::Failure;
use jeton_service::passwords::{Compared, Hashing, PasswordHashing, Proven};
use jeton_service::sessions::{By, Proof};
use jeton_testkit::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const BEFORE: &str = "correct horse battery";
const AFTER: &str = "staple anchor meadow lamp";

/// Compares only where it is let go, and says that it is about to.
#[derive(Clone)]
struct Held {
    begun: Arc<Semaphore>,
    gate: Arc<Semaphore>,
}

impl PasswordHashing for Held {
    fn make(&self, password: Secret, _: [u8; 16]) -> Hashing<String> {
        Box::pin(ready(Some(format!("$test${}", password.expose()))))
    }

    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>, _: [u8; 16]) -> Hashing<Compared> {
        let is_it = hash.is_some_and(|hash| *hash == format!("$test${}", password.expose()));
        let gate = self.gate.clone();
        self.begun.add_permits(1);
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            Some(Compared { is_it, anew: None })
        })
    }

    fn is_known(&self, _: &str) -> std::io::Result<bool> {
        Ok(false)
    }
}

struct Stage {
    world: World,
    ada: PersonId,
    held: Held,
}

impl Stage {
    async fn new() -> Stage {
        let (world, held) = (World::new().await, Held { begun: Arc::new(Semaphore::new(0)), gate: Arc::new(Semaphore::new(0)) });
        let service = world.service();
        world.hash_passwords_by(Arc::new(held.clone()));
        let request = CreatePerson { username: "ada".to_owned(), email: Some("ada@example.com".to_owned()), ..CreatePerson::default() };
        let ada = service.create_user(&request, &administrator(), &world.moment()).await.unwrap().id;
        service.set_password("ada", &Secret::from(BEFORE), &administrator(), &world.moment()).await.unwrap();
        world.advance(10);
        Stage { world, ada, held }
    }

    /// The text of a link by which ada chooses another password.
    async fn link(&self) -> Secret {
        let made = self.world.service().make_link("ada", Purpose::PasswordReset, &administrator(), &self.world.moment()).await;
        made.unwrap().text
    }

    /// The texts of as many sessions.
    async fn sessions(&self, count: usize) -> Vec<Secret> {
        let mut texts = Vec::new();
        for _ in 0..count {
            let proof = Proof { authenticated: Authenticated::by_password(self.world.now()), by: None };
            let moment = self.world.moment();
            let begun = self.world.service().begin_session(&self.ada, proof, None, &Sender::default(), &moment).await.unwrap();
            texts.push(Secret::from(begun.clear.0));
        }
        texts
    }

    async fn live(&self, texts: &[Secret]) -> usize {
        let mut live = 0;
        for text in texts {
            let found = self.world.service().session(text.expose(), self.world.now(), &self.world.moment()).await.unwrap();
            live += usize::from(found.is_some());
        }
        live
    }
}

#[tokio::test]
async fn who_is_about_to_sign_in_by_the_one_before_does_not() {
    for by_link in [true, false] {
        let stage = Stage::new().await;
        let (service, from) = (stage.world.service(), Sender::default());
        let (moment, typed) = (stage.world.moment(), Secret::from(BEFORE));
        let proving = service.prove_password("ada", &typed, (&from, None), &moment);
        let changing = async {
            // Its row was read by then.
            stage.held.begun.acquire().await.unwrap().forget();
            let moment = stage.world.moment();
            if by_link {
                service.use_link(stage.link().await.expose(), Some(&Secret::from(AFTER)), &moment).await.unwrap();
            } else {
                service.set_password("ada", &Secret::from(AFTER), &administrator(), &moment).await.unwrap();
            }
            // What was typed before is compared, and right, only now.
            stage.held.gate.add_permits(1);
        };
        let (proven, ()) = tokio::join!(proving, changing);
        let Proven::Somebody(person, set_at) = proven.unwrap() else { panic!("it was right when it was read") };
        let proof = Proof { authenticated: Authenticated::by_password(stage.world.now()), by: Some(By::Password { set_at }) };
        let begun = service.begin_session(&person.record.id, proof, None, &from, &stage.world.moment()).await;
        assert!(matches!(begun, Err(Failure::Refused(_))), "by link: {by_link}");
        assert!(service.sessions_of(&stage.ada).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn it_ends_more_sessions_than_are_looked_at_at_once() {
    let stage = Stage::new().await;
    let texts = stage.sessions(520).await;
    assert_eq!(stage.live(&texts).await, 520);
    stage.world.service().use_link(stage.link().await.expose(), Some(&Secret::from(AFTER)), &stage.world.moment()).await.unwrap();
    assert_eq!(stage.live(&texts).await, 0);
}

#[tokio::test]
async fn a_session_that_could_not_be_ended_is_none_and_ends_later() {
    let stage = Stage::new().await;
    let (service, texts, link) = (stage.world.service(), stage.sessions(3).await, stage.link().await);
    stage.world.advance(10);
    // The password is written, and nothing after it.
    stage.world.fail_after(1);
    let used = service.use_link(link.expose(), Some(&Secret::from(AFTER)), &stage.world.moment()).await;
    assert!(used.is_err(), "{used:?}");
    let world = stage.world.reopen().await;
    let stage = Stage { world, ..stage };
    assert_eq!(stage.live(&texts).await, 0);
    let service = stage.world.service();
    assert_eq!(service.sessions_of(&stage.ada).await.unwrap().len(), 3, "nobody has ended them");
    service.sweep(&stage.world.moment()).await.unwrap();
    assert!(service.sessions_of(&stage.ada).await.unwrap().is_empty());
}
