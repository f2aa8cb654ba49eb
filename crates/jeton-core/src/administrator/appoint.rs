//! Making an administrator: a person, taken in where nobody knows them, a role, and a token for what it allows. One commit: whatever stops on
//! the way leaves nobody with a part of it.

use super::Administrator;
use crate::api_key::create::{self as make_key, CreateKey, CreatedKey};
use crate::api_key::facts::KeyFacts;
use crate::commit::Commit;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::owner::Owner;
use crate::person::Person;
use crate::person::create::{self as take_in, CreatePerson};
use crate::role::Role;
use crate::role::assign::assign;
use crate::role::holder::Holder;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Appoint<'a> {
    /// What they are called.
    pub username: &'a str,
    /// Who that is; nobody yet.
    pub person: Option<&'a Person>,
    /// What they shall be.
    pub role: &'a Role,
    /// Whether they are it already.
    pub is_held: bool,
    /// How long their token lives, in seconds.
    pub expires_in_seconds: Option<i64>,
    /// Where it is accepted from; empty: from anywhere.
    pub networks: &'a [String],
}

/// Gives a person a role and a token for what it allows. `facts` are of the token, with the role given already.
pub fn appoint(facts: &KeyFacts<'_>, request: &Appoint<'_>, by: &Administrator, moment: &mut Moment) -> Outcome<(Person, CreatedKey)> {
    let role = request.role;
    if let Err(refusal) = by.check_gives_roles([role]) {
        return Outcome::refuse(refusal, Commit::new(moment));
    }
    let taken_in = match request.person {
        Some(person) => Outcome::grant(person.clone(), Commit::new(moment)),
        None => take_in::create(&CreatePerson { username: request.username.to_owned(), ..CreatePerson::default() }, by, moment),
    };
    let (person, commit) = match taken_in {
        Outcome { verdict: Ok(person), commit } => (person, commit),
        Outcome { verdict: Err(refusal), commit } => return Outcome::refuse(refusal, commit),
    };
    let assigned = assign(role, &Holder::Person(person.id.clone()), request.is_held, by, moment);
    let key = CreateKey {
        scopes: Some(role.scopes.to_string()),
        networks: request.networks.to_vec(),
        expires_in_seconds: request.expires_in_seconds,
        ..CreateKey::new(Owner::Person(person.id.clone()), &format!("{} of {}", role.name, person.username))
    };
    let made = make_key::create(facts, &key, by, moment);
    match made.verdict {
        Ok(key) => Outcome::grant((person, key), commit.with(assigned.commit).with(made.commit)),
        Err(refusal) => Outcome::refuse(refusal, Commit::new(moment)),
    }
}
