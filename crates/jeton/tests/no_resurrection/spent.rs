//! What is asked of people's sessions, passwords and grants. Asking spends refresh tokens and counts tries: it is asked of a copy.

use std::collections::BTreeSet;

use jeton_core::sender::Sender;
use jeton_service::failure::Failure;
use jeton_service::grants::GrantedTokens;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::compare::{Answers, GRANT, PASSWORD, SESSION};
use crate::history::History;
use crate::kept::Kept;
use crate::visits::{exchange, is_live, owner, proves_from, refresh, thief};

/// How long after it was spent a refresh token is answered as before, and a second more.
const WINDOW_SECONDS: i64 = 120;

impl History {
    /// How a deployment answers sessions, passwords, and the current refresh token of each grant.
    pub(crate) async fn answers_of_visits(&self, world: &World) -> Answers {
        let (copy, mut answers) = (Kept::copy(world).served_beside(world).await, Answers::new());
        for session in self.visits.sessions.keys() {
            let answered = is_live(&copy, session).await.then(BTreeSet::new);
            answers.insert((SESSION, session.clone(), ""), answered);
        }
        for (number, (text, held)) in (0_u8..=255).cycle().zip(&self.visits.passwords) {
            let sender = Sender::of(Some([198, 18, number, 1].into()), Some("app/3"));
            let proven = proves_from(&copy, &held.of, &held.id, &sender).await;
            // Whoever was erased cannot be unlocked.
            let _ = copy.service().unlock_user(&held.of, &administrator(), &copy.moment()).await;
            answers.insert((PASSWORD, text.clone(), ""), proven.ok().flatten().map(|_| BTreeSet::new()));
        }
        for (id, family) in &self.visits.families {
            let current = Secret::from(family.texts.last().unwrap().as_str());
            let answered = known(refresh(&copy, &family.client, &current, &owner()).await);
            let names = |tokens: GrantedTokens| tokens.scope.split(' ').map(str::to_owned).collect();
            answers.insert((GRANT, id.clone(), ""), answered.ok().map(names));
        }
        answers.extend(self.answers_of_ways(&copy).await);
        answers
    }

    /// What a deployment accepts that was made of a backup although it was used: refresh tokens that it knows of, where it has so many entries,
    /// and codes.
    pub(crate) async fn replayed(&self, world: &World, size: u64) -> Vec<String> {
        // Codes first: they live for a minute.
        let copy = Kept::copy(world).served_beside(world).await;
        let mut wrong = self.still_waiting(&copy).await;
        for (client, code) in &self.visits.codes {
            if known(exchange(&copy, client, &Secret::from(code.as_str())).await).is_ok() {
                wrong.push(format!("a code of {client} from before is accepted"));
            }
        }
        world.advance(WINDOW_SECONDS);
        let copy = Kept::copy(world).served_beside(world).await;
        for (id, family) in &self.visits.families {
            // The first that comes back ends the others: the last that was spent comes first.
            for (text, spent_at) in family.texts.iter().zip(&family.spent_at).rev().filter(|(_, spent_at)| **spent_at <= size) {
                if known(refresh(&copy, &family.client, &Secret::from(text.as_str()), &thief()).await).is_ok() {
                    wrong.push(format!("a refresh token of {id} that was spent within {spent_at} entries is accepted"));
                }
            }
        }
        wrong
    }
}

/// What is answered, where it is an answer.
fn known(answered: Result<GrantedTokens, Failure>) -> Result<GrantedTokens, Failure> {
    assert!(!matches!(answered, Err(Failure::Fault(_) | Failure::Unknown | Failure::Contended)), "{:?}", answered.err());
    answered
}
