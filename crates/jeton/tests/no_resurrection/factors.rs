//! Second factors: telephones and sheets of recovery codes, set, used, made anew, removed, and reset.

use jeton_core::gap::Known;
use jeton_core::id::PersonId;
use jeton_core::moment::Time;
use jeton_core::second_factor::totp::{self, SECRET_BYTES};
use jeton_core::session::proof::Authenticated;
use jeton_service::second_factors::Second;
use jeton_service::sessions::Proof;
use jeton_testkit::world::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;

use crate::dice::Dice;
use crate::held::{Fate, Held, end};
use crate::history::{History, PEOPLE};
use crate::kept::{Engine, Kept, Loss};
use crate::visits::{begin, is_live, owner};
use crate::ways::id_of;

/// A telephone that somebody set.
#[derive(Clone)]
pub(crate) struct Factor {
    pub(crate) username: String,
    secret: [u8; SECRET_BYTES],
    pub(crate) fate: Fate,
}

impl Factor {
    /// What it tells so many seconds after a time.
    pub(crate) fn code_after(&self, now: i64, seconds: i64) -> String {
        let digits = totp::code(&self.secret, totp::step_of(now + seconds));
        String::from_utf8(digits.to_vec()).unwrap()
    }

    /// Whether it is theirs is not known.
    pub(crate) fn forget(&mut self) {
        self.fate = Fate::Waits;
    }
}

/// Begins a session of somebody by their second factor, whatever they proved first; or goes on with the one of this browser.
pub(crate) async fn begin_by_two(world: &World, person: &PersonId, given: &str, before: Option<&str>) -> Option<Secret> {
    let service = world.service();
    let before = match before {
        Some(text) => service.session(text, world.now(), &world.moment()).await.unwrap(),
        None => None,
    };
    let proof = Proof { authenticated: Authenticated::by_password(world.now()), by: None };
    let begun = service.begin_session_by_two((person, proof), given, before.as_ref(), (&owner(), None), &world.moment()).await;
    match begun {
        Ok(Second::Done(begun)) => Some(Secret::from(begun.clear.0)),
        Ok(Second::Wait(wait)) => panic!("a second factor waits for {wait:?}"),
        Ok(Second::Wrong) | Err(_) => None,
    }
}

impl History {
    pub(crate) async fn change_factors(&mut self) {
        let username = self.some_visitor();
        match self.below(6) {
            0 | 1 => self.set_factor_of(&username).await,
            2 | 3 => self.show_code(&username).await,
            4 => self.renew_recovery_codes(&username).await,
            _ => self.take_factor(&username).await,
        }
    }

    /// The telephone of somebody, as far as the history knows.
    fn factor_of(&self, username: &str) -> Option<&Factor> {
        self.ways.factors.iter().rev().find(|factor| factor.username == username && factor.fate != Fate::Dead)
    }

    /// Begins a session of somebody whose password was right: by a code, too, where they have a second factor.
    pub(crate) async fn begin_for(&mut self, username: &str, person: &PersonId, before: Option<&str>) -> Option<Secret> {
        if self.world.service().second_factor_of(person).await.unwrap().is_none() {
            return begin(&self.world, person, before).await;
        }
        let theirs = self.ways.recovery_codes.iter().filter(|(_, held)| held.of == username && held.fate == Fate::Lives);
        let theirs: Vec<String> = theirs.map(|(code, _)| code.clone()).collect();
        if self.is_once_in(3)
            && let Some(code) = self.one_of(&theirs)
        {
            let begun = begin_by_two(&self.world, person, &code, before).await;
            let size = self.world.ledger_size();
            end(&mut self.ways.recovery_codes, size, |known, _| begun.is_some() && known == code);
            return begun;
        }
        let code = self.next_code(username)?;
        let begun = begin_by_two(&self.world, person, &code, before).await;
        if begun.is_some() {
            self.ways.shown.push((username.to_owned(), code));
        } else {
            // It is not theirs any more, or was one of before a restore.
            self.reset_factor(username).await;
        }
        begun
    }

    /// What their telephone tells next.
    fn next_code(&mut self, username: &str) -> Option<String> {
        self.world.advance(totp::STEP_SECONDS);
        Some(self.factor_of(username)?.code_after(self.world.now(), 0))
    }

    /// Sets a telephone for somebody who is signed in somewhere.
    pub(crate) async fn set_factor_of(&mut self, username: &str) {
        let theirs = self.visits.sessions.iter().filter(|(_, held)| held.of == username && held.fate != Fate::Dead);
        let theirs: Vec<String> = theirs.map(|(text, _)| text.clone()).collect();
        let Some(text) = self.one_of(&theirs) else { return };
        let service = self.world.service().clone();
        let Some(session) = service.session(&text, self.world.now(), &self.world.moment()).await.unwrap() else { return };
        let secret: [u8; SECRET_BYTES] = std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap());
        let factor = Factor { username: username.to_owned(), secret, fate: Fate::Lives };
        let code = factor.code_after(self.world.now(), 0);
        // They may have one.
        let Ok(set) = service.enrol_second_factor(&session, &secret, &code, &owner(), &self.world.moment()).await else { return };
        let size = self.world.ledger_size();
        self.ways.shown.push((username.to_owned(), code));
        end(&mut self.visits.sessions, size, |known, _| known == text);
        self.visits.sessions.insert(Secret::from(set.begun.clear.0).expose().to_owned(), Held::new(username, ""));
        self.drop_factor(username);
        self.ways.factors.push(factor);
        self.take_down_sheet(username, &set.codes);
    }

    fn take_down_sheet(&mut self, username: &str, codes: &[Secret]) {
        let size = self.world.ledger_size();
        end(&mut self.ways.recovery_codes, size, |_, held| held.of == username);
        // Two of each sheet are enough to see.
        for code in codes.iter().take(2) {
            self.ways.recovery_codes.insert(code.expose().to_owned(), Held::new(username, ""));
        }
    }

    /// What they had is gone.
    fn drop_factor(&mut self, username: &str) {
        let size = self.world.ledger_size();
        for factor in self.ways.factors.iter_mut().filter(|factor| factor.username == username && factor.fate != Fate::Dead) {
            factor.fate = Fate::Dead;
        }
        end(&mut self.ways.recovery_codes, size, |_, held| held.of == username);
    }

    /// Signs somebody in by their telephone, in a browser that is forgotten.
    pub(crate) async fn show_code(&mut self, username: &str) {
        let Some(person) = id_of(&self.world, username) else { return };
        if self.factor_of(username).is_some()
            && let Some(session) = self.begin_for(username, &person, None).await
            && is_live(&self.world, session.expose()).await
        {
            self.visits.sessions.insert(session.expose().to_owned(), Held::new(username, ""));
        }
    }

    async fn renew_recovery_codes(&mut self, username: &str) {
        let Some(person) = id_of(&self.world, username) else { return };
        let Some(code) = self.next_code(username) else { return };
        let (service, moment) = (self.world.service().clone(), self.world.moment());
        if let Ok(Second::Done(codes)) = service.renew_recovery_codes(&person, &code, None, &moment).await {
            self.ways.shown.push((username.to_owned(), code));
            self.take_down_sheet(username, &codes);
        } else {
            self.reset_factor(username).await;
        }
    }

    /// They remove it themselves, or lost it.
    async fn take_factor(&mut self, username: &str) {
        let Some(person) = id_of(&self.world, username) else { return };
        if self.is_once_in(2) {
            return self.reset_factor(username).await;
        }
        let Some(code) = self.next_code(username) else { return };
        let (service, moment) = (self.world.service().clone(), self.world.moment());
        if matches!(service.remove_second_factor(&person, &code, None, &moment).await, Ok(Second::Done(()))) {
            self.drop_factor(username);
        } else {
            self.reset_factor(username).await;
        }
    }

    /// An administrator takes it away.
    pub(crate) async fn reset_factor(&mut self, username: &str) {
        let (service, moment) = (self.world.service().clone(), self.world.moment());
        if service.reset_second_factor(username, &administrator(), &moment).await.is_ok() {
            self.drop_factor(username);
        }
    }
}

/// A code by time that was shown signs nobody in again, whatever became of what was written of it; nor does one of a sheet that was used. Nobody
/// is let in without their telephone.
#[tokio::test]
async fn what_was_shown_before_a_loss_is_not_taken_after_it() {
    for (loss, known) in [
        (Loss::Nothing, Known::All),
        (Loss::KilledInSync, Known::All),
        (Loss::UntilThen, Known::UntilThen),
        (Loss::AllOfIt, Known::MayLack),
    ] {
        let history = History::new(1).await;
        let kept = Kept::new(&history.world, loss == Loss::KilledInSync, false).await;
        let (username, person) = (PEOPLE[0], id_of(&history.world, PEOPLE[0]).unwrap());
        let telephone = history.factor_of(username).unwrap().clone();
        history.world.advance(60);
        kept.snapshot(&history.world).await;
        history.world.advance(60);
        let until = (loss == Loss::UntilThen).then(|| Time::from_seconds(history.world.now() - 1));
        let sheet: Vec<String> = history.ways.recovery_codes.keys().cloned().collect();
        assert!(begin_by_two(&history.world, &person, &sheet[0], None).await.is_some());
        let code = telephone.code_after(history.world.now(), 0);
        assert!(begin_by_two(&history.world, &person, &code, None).await.is_some());
        if loss != Loss::KilledInSync {
            kept.ship(loss != Loss::AllOfIt).await;
        }
        kept.lose(&history.world, loss, &mut Dice(1)).await;
        let made = kept.restore(&history.world, until, Engine::Sqlite, None).await;
        if made.known == Known::MayLack {
            made.world.service().accept_gap(&administrator().actor, &made.world.moment()).await.unwrap();
        }
        let taken = async |given: &str| begin_by_two(&made.world, &person, given, None).await.is_some();
        assert_eq!((made.known, taken(&code).await, taken(&sheet[0]).await), (known, false, false), "{loss:?}");
        assert!(begin(&made.world, &person, None).await.is_none(), "{loss:?}: let in without");
        // What is told next counts, and of the sheet what was left where it is known to be.
        assert_eq!(
            (taken(&sheet[1]).await, taken(&telephone.code_after(made.world.now(), 30)).await),
            (known == Known::All, true),
            "{loss:?}"
        );
    }
}
