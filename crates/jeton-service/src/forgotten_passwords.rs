//! Somebody forgot their password, and asks for a letter. Whether there is anybody of this name is looked at beside the request: neither the
//! answer nor the time it takes tells.

use jeton_core::id::Actor;
use jeton_core::link::Purpose;
use jeton_core::sender::Sender;
use jeton_core::throttle::{Kind, Wait};

use crate::failure::Failure;
use crate::passwords::folded;
use crate::service::Service;

impl Service {
    /// Takes it that whoever is called so wants a letter by which they choose another password.
    ///
    /// # Errors
    /// [`Wait`] where too many were asked for by this name or from this network: the same for names that nobody has.
    pub fn ask_for_another_password(&self, username: &str, sender: &Sender, now: i64) -> Result<(), Wait> {
        let name = folded(username);
        self.admit_letter(name.as_bytes(), sender, now)?;
        self.letters.forgotten.add(name);
        Ok(())
    }

    /// Counts a letter that somebody asks for.
    ///
    /// # Errors
    /// [`Wait`]: none is to be sent.
    pub fn admit_letter(&self, to: &[u8], sender: &Sender, now: i64) -> Result<(), Wait> {
        let network = sender.network.as_deref().unwrap_or_default().as_bytes();
        self.take_try(&[self.bucket(Kind::LetterFrom, network, b""), self.bucket(Kind::LetterTo, to, b"")], now).map(drop)
    }

    /// Makes links for those who asked and are here; says how many. For a schedule, one at a time.
    ///
    /// # Errors
    /// [`Failure`]; whoever was next asks once more, the others wait on.
    pub async fn work_off_forgotten_passwords(&self) -> Result<u64, Failure> {
        let mut made = 0;
        while let Some(name) = self.letters.forgotten.next() {
            let Some(person) = self.registry.people.all.named(&name) else { continue };
            let (person, moment) = (person.record.id.clone(), self.moments.now());
            match self.make_own_link(&person, Purpose::PasswordReset, &Actor::system(), &moment).await {
                Ok(_) => made += 1,
                // They are disabled, or have no address.
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(made)
    }
}
