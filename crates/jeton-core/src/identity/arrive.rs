//! Somebody comes from a provider: they are known here already, or are now, or are refused.
//!
//! Known is who came before by what the provider calls them. An address alone proves nobody: it does where the provider speaks for its domain
//! and says that it is theirs, and where it is known here, too, that letters reach the one person who has it. Whoever administers is known by
//! no address.

use std::collections::BTreeSet;

use super::connect::linked;
use crate::commit::Commit;
use crate::id::{Actor, PersonId, RoleId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::person::Person;
use crate::person::create::{CreatePerson, create, parse_email, parse_person_name, parse_username};
use crate::provider::Provider;
use crate::provider::id_token::Said;
use crate::refusal::{Reason, Refusal};
use crate::role::Role;
use crate::role::assign::{assign, unassign};
use crate::role::holder::Holder;

/// The most characters of a username before what makes it another than those of others.
const USERNAME_BASE: usize = 48;
/// What somebody is called who wishes nothing that can be.
const GUEST: &str = "guest";

/// Somebody who is known here.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// Who.
    pub person: &'a Person,
    /// The roles that they hold themselves.
    pub roles: BTreeSet<RoleId>,
    /// Whether they administer.
    pub administers: bool,
    /// Whether the provider calls them something already.
    pub is_called_otherwise: bool,
}

/// Who came before by the name that a provider has for them.
#[derive(Clone, Debug)]
pub struct Linked<'a> {
    /// Who; `None`: they are gone.
    pub person: Option<Known<'a>>,
    /// Whether the provider's word alone proved it.
    pub is_by_word_alone: bool,
}

/// What is known when it is decided.
pub struct Facts<'a> {
    /// Where they come from.
    pub provider: &'a Provider,
    /// What is said of them there.
    pub said: &'a Said,
    /// Who came before by that name.
    pub linked: Option<Linked<'a>>,
    /// Who has the address that is proven, in whatever letters, and confirmed it: who did not stands in nobody's way.
    pub bearers: &'a [Known<'a>],
    /// The roles that values of the provider give, as far as they are there.
    pub roles: &'a [&'a Role],
    /// Whether somebody has this username.
    pub is_taken: &'a dyn Fn(&str) -> bool,
}

/// Decides who somebody is. The roles that the provider gives and takes follow what it says each time.
pub fn arrive(facts: &Facts<'_>, moment: &mut Moment) -> Outcome<PersonId> {
    match decide(facts, moment) {
        Ok((person, commit)) => Outcome::grant(person, commit),
        Err(refusal) => Outcome::refuse(refusal, Commit::new(moment)),
    }
}

fn decide(facts: &Facts<'_>, moment: &mut Moment) -> Result<(PersonId, Commit), Refusal> {
    let Facts { provider, said, .. } = facts;
    let proven = said.proven(provider);
    if !said.comes_in(provider) {
        return Err(unknown());
    }
    let known = match &facts.linked {
        Some(Linked { person, is_by_word_alone }) => {
            let known = person.as_ref().filter(|known| !(known.administers && *is_by_word_alone));
            Some((known.ok_or_else(unknown)?, false))
        }
        None => linkable(proven, facts.bearers)?.map(|known| (known, true)),
    };
    let (person, held, commit) = match known {
        Some((known, is_new)) => {
            if !known.person.is_active() {
                return Err(unknown());
            }
            let commit = if is_new { linked(provider, said, known.person, true, moment) } else { Commit::new(moment) };
            (known.person.id.clone(), known.roles.clone(), commit)
        }
        None => {
            let Outcome { verdict, commit } = take_in(facts, proven.is_some(), moment)?;
            let person = verdict?;
            let commit = commit.with(linked(provider, said, &person, true, moment));
            (person.id, BTreeSet::new(), commit)
        }
    };
    let commit = follow_roles(facts, &person, &held, commit, moment)?;
    Ok((person, commit))
}

/// Who is meant by an address; `None`: nobody has it.
fn linkable<'k, 'a>(proven: Option<&str>, bearers: &'k [Known<'a>]) -> Result<Option<&'k Known<'a>>, Refusal> {
    match (proven, bearers) {
        (_, []) => Ok(None),
        (Some(_), [known]) if is_linkable(known) => Ok(Some(known)),
        _ => Err(unknown()),
    }
}

/// An address passes from one to another: whom the provider calls something else already is not who comes now.
fn is_linkable(known: &Known<'_>) -> bool {
    known.person.email_verified_at.is_some() && !known.administers && !known.is_called_otherwise
}

/// Takes somebody in, with their address where the provider speaks for its domain and says that it is theirs: any other is not kept, so that
/// nobody stands in the way of whose it is.
fn take_in(facts: &Facts<'_>, is_proven: bool, moment: &mut Moment) -> Result<Outcome<Person>, Refusal> {
    if !facts.provider.creates_users {
        return Err(unknown());
    }
    let said = facts.said;
    let email = said.email.clone().filter(|email| is_proven && parse_email(Some(email)).is_ok());
    let request = CreatePerson {
        username: username(facts, moment),
        name: said.name.clone().filter(|name| parse_person_name(Some(name)).is_ok()),
        email_verified: email.is_some(),
        email,
        ..CreatePerson::default()
    };
    Ok(create(&request, &Actor::system(), moment))
}

/// What somebody is called: as they wish, or as their address begins, with digits where somebody is called so already.
fn username(facts: &Facts<'_>, moment: &mut Moment) -> String {
    let wishes = [&facts.said.username, &facts.said.email].into_iter().flatten();
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let cleaned = wishes.map(|wish| wish.split('@').next().unwrap_or_default().to_ascii_lowercase()).map(|wish| {
        let wish: String = wish.chars().filter(allowed).take(USERNAME_BASE).collect();
        wish.trim_start_matches('-').to_owned()
    });
    let base = cleaned.into_iter().find(|wish| parse_username(wish).is_ok()).unwrap_or_else(|| GUEST.to_owned());
    if base != GUEST && !(facts.is_taken)(&base) {
        return base;
    }
    format!("{base}-{:06}", u32::from_be_bytes(moment.draw()) % 1_000_000)
}

fn follow_roles(
    facts: &Facts<'_>,
    person: &PersonId,
    held: &BTreeSet<RoleId>,
    mut commit: Commit,
    moment: &mut Moment,
) -> Result<Commit, Refusal> {
    let given = facts.provider.roles.iter().filter(|(value, _)| facts.said.values.contains(*value));
    let given: BTreeSet<&RoleId> = given.map(|(_, role)| role).collect();
    let (holder, actor) = (Holder::Person(person.clone()), Actor::system());
    for role in facts.roles {
        let is_held = held.contains(&role.id);
        let change = if given.contains(&role.id) {
            assign(role, &holder, is_held, &actor, moment)
        } else {
            unassign(role, &holder, is_held, &actor, moment)
        };
        change.verdict?;
        commit = commit.with(change.commit);
    }
    Ok(commit)
}

/// What is said whatever the reason: who is known here is nobody's to learn.
fn unknown() -> Refusal {
    Refusal::new(Reason::Forbidden, "nobody is known here by what this provider says")
}
