//! Somebody forgot their password, and asks for a letter. Whether there is anybody of this name is looked at beside the request: neither the
//! answer nor the time it takes tells.

use jeton_core::id::{Actor, PersonId};
use jeton_core::link::Purpose;
use jeton_core::sender::Sender;
use jeton_core::throttle::{Kind, Wait};

use crate::failure::Failure;
use crate::passwords::folded;
use crate::service::Service;

/// How many people of one address get a letter each.
const OF_ADDRESS_MAX: usize = 5;

impl Service {
    /// Takes it that whoever is called so, or has this address and confirmed it, wants a letter by which they choose another password.
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
            for person in self.who_forgot(&name).into_iter().filter(|person| !self.may_have_left(person)) {
                match self.make_own_link(&person, Purpose::PasswordReset, &Actor::system(), &self.moments.now()).await {
                    Ok(_) => made += 1,
                    // They are disabled, or have no address.
                    Err(Failure::Refused(_)) => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok(made)
    }

    /// Whether a restore does not know if somebody was disabled since: a password that they chose now would count.
    fn may_have_left(&self, person: &PersonId) -> bool {
        let person = self.registry.people.all.get(person.as_str());
        person.is_none_or(|person| self.registry.fence().holds_back(person.record.created_at))
    }

    /// Who is called so, or has this address. An address that nobody confirmed is nobody's: whoever else has it would choose a password.
    fn who_forgot(&self, name: &str) -> Vec<PersonId> {
        let people = &self.registry.people;
        if name.contains('@') {
            return people.addresses.of(name, OF_ADDRESS_MAX);
        }
        people.all.named(name).map(|person| person.record.id.clone()).into_iter().collect()
    }
}
