//! People: taken in, changed, disabled, enabled, listed.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::person::Person;
use jeton_core::person::create::{CreatePerson, create};
use jeton_core::person::disable::disable;
use jeton_core::person::enable::enable;
use jeton_core::person::update::{UpdatePerson, update};
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::why::Speaker;

use crate::failure::Failure;
use crate::once::gone;
use crate::service::Service;

impl Service {
    /// A person by their id or their username.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn find_user(&self, name: &str) -> Result<Arc<Versioned<Person>>, Refusal> {
        let people = &self.registry.people.all;
        // As owners and holders of roles are written, too: no username has a colon.
        let name = name.strip_prefix("user:").unwrap_or(name);
        people
            .get(name)
            .or_else(|| people.named(&name.to_ascii_lowercase()))
            .ok_or_else(|| Refusal::new(Reason::NotFound, "there is no user of this id or username"))
    }

    /// Takes somebody in.
    ///
    /// # Errors
    /// [`Failure`]; nothing is written then.
    pub async fn create_user(&self, request: &CreatePerson, actor: &Actor, moment: &Moment) -> Result<Person, Failure> {
        let make = async |moment: Moment| {
            let decide = |moment: &mut Moment| create(request, actor, moment).remembering(moment, |person| person.id.to_string());
            self.transact(&moment, &Arc::from(""), |_, moment| Ok(decide(moment))).await
        };
        let again = async |made: Remembered| Ok(self.registry.people.all.get(&made.made).ok_or_else(gone)?.record.clone());
        self.once(moment, make, again).await
    }

    /// Changes what is known of a person. Whoever reads their letters can choose their password: nobody changes the address of somebody with
    /// permissions that he lacks.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; any other [`Failure`]: nothing is changed then.
    pub async fn update_user(&self, name: &str, request: &UpdatePerson, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        self.change_user(name, moment, |person, moment| {
            let outcome = update(person, request, by, moment);
            let address = |person: &Person| (person.email.clone(), person.email_verified_at);
            if outcome.verdict.as_ref().is_ok_and(|updated| address(updated) != address(person)) {
                self.check_gives_holder(by, &Holder::Person(person.id.clone()))?;
            }
            Ok(outcome)
        })
        .await
    }

    /// Disables a person: everything of theirs is dead, and nothing is issued to them.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn disable_user<'a>(&self, name: &str, by: impl Into<Speaker<'a>>, moment: &Moment) -> Result<Person, Failure> {
        let by = by.into();
        let latest = |person: &Person| self.registry.latest_cut_off(CutOffSubject::User, person.id.as_str());
        self.change_user(name, moment, |person, moment| Ok(disable(person, latest(person), by, moment))).await
    }

    /// Enables a person again. What was cut off stays dead.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn enable_user(&self, name: &str, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        self.change_user(name, moment, |person, moment| {
            // Their roles and groups count again.
            self.check_gives_holder(by, &Holder::Person(person.id.clone()))?;
            Ok(enable(person, by, moment))
        })
        .await
    }

    async fn change_user(
        &self,
        name: &str,
        moment: &Moment,
        decide: impl Fn(&Person, &mut Moment) -> Result<Outcome<Person>, Refusal>,
    ) -> Result<Person, Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let person = self.find_user(name)?;
            reading.rely_on_person(&person);
            Ok(decide(&person.record, moment)?)
        })
        .await
    }
}
