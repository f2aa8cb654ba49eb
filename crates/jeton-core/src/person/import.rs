//! Taking in people who are known elsewhere, with the hashes of their passwords: whoever knew one goes on with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jeton_token::Secret;

use super::create::{CreatePerson, parse};
use super::{Person, State, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::group::{Group, member, member::Membership};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::password::{self, Password, parse as hash};
use crate::refusal::Refusal;
use crate::role::Role;
use crate::role::assign::{self, Assignment};
use crate::role::holder::Holder;
use crate::root_key::RootKeys;

/// The most people of one commit.
pub const AT_ONCE_MAX: usize = 100;
/// The most groups, and the most roles, of one of them.
pub const RIGHTS_MAX: usize = 32;

/// What is known of somebody elsewhere.
#[derive(Clone, Debug, Default)]
pub struct PersonToImport {
    /// Who they are.
    pub described: CreatePerson,
    /// Whether nothing of theirs is accepted there.
    pub is_disabled: bool,
    /// The hash of their password, in a form that [`password::parse`] reads.
    pub password_hash: Option<Secret>,
}

/// One of them, and what is known of it here.
pub struct ImportPerson<'a> {
    /// Who.
    pub request: &'a PersonToImport,
    /// What they shall have; or why not.
    pub rights: Result<Rights, Refusal>,
    /// Whether somebody of that username is here.
    pub is_known: bool,
}

/// The groups that somebody is put into, and the roles that they get.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// The groups, each once.
    pub groups: Vec<Group>,
    /// The roles, each once.
    pub roles: Vec<Role>,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// They are here from now on.
    Made(Box<Person>),
    /// Somebody of this username was here before, and stays as they are.
    Existed,
    /// They were not taken in.
    Refused(Refusal),
}

/// Takes people in: all that can be, in one commit. Nothing of anybody who is here already changes, the password least of all.
pub fn import(people: &[ImportPerson<'_>], root_keys: &RootKeys, actor: &Actor, moment: &mut Moment) -> Outcome<Vec<Imported>> {
    let mut commit = Commit::new(moment);
    if people.len() > AT_ONCE_MAX {
        return Outcome::refuse(Refusal::invalid(format!("at most {AT_ONCE_MAX} people are imported at a time")), commit);
    }
    let (mut seen, mut all): (BTreeSet<Arc<str>>, _) = (BTreeSet::new(), vec![]);
    for import in people {
        if import.is_known {
            all.push(Imported::Existed);
            continue;
        }
        match make(import, root_keys, actor, moment) {
            Ok((person, _, _)) if seen.contains(&person.username) => all.push(Imported::Existed),
            Ok((person, password, rights)) => {
                seen.insert(person.username.clone());
                commit = add(commit, &person, password, &rights, actor);
                all.push(Imported::Made(Box::new(person)));
            }
            Err(refusal) => all.push(Imported::Refused(refusal)),
        }
    }
    Outcome::grant(all, commit)
}

fn make(
    import: &ImportPerson<'_>,
    root_keys: &RootKeys,
    actor: &Actor,
    moment: &mut Moment,
) -> Result<(Person, Option<Password>, Rights), Refusal> {
    let request = import.request;
    let mut person = parse(&request.described, moment)?;
    if request.is_disabled {
        person.state = State::Disabled { at: person.created_at, by: actor.clone() };
    }
    let seal = |text: &Secret| {
        hash::parse(text.expose()).map_err(|problem| Refusal::invalid(format!("`password_hash`: {problem}")))?;
        Password::seal(&person.id, text.expose(), root_keys, moment)
    };
    let password = request.password_hash.as_ref().map(seal).transpose()?;
    Ok((person, password, import.rights.clone()?))
}

fn add(mut commit: Commit, person: &Person, password: Option<Password>, rights: &Rights, actor: &Actor) -> Commit {
    let (user, created_at) = (&person.id, person.created_at);
    commit = commit.put(&TABLE, person.row());
    commit = commit.tell(Event::UserCreated { actor: actor.clone(), user: user.clone(), username: person.username.clone() });
    if let Some(password) = password {
        commit = commit.put(&password::TABLE, password.row());
        commit = commit.tell(Event::UserPasswordSet { actor: actor.clone(), by_themselves: 0, user: user.clone() });
    }
    for group in &rights.groups {
        let membership = Membership { group: group.id.clone(), person: user.clone(), created_at };
        commit = commit.put(&member::TABLE, membership.row());
        commit = commit.tell(Event::MembershipAdded { actor: actor.clone(), group: group.id.clone(), user: user.clone() });
    }
    let holder = Holder::Person(user.clone());
    for role in &rights.roles {
        let assignment = Assignment { role: role.id.clone(), holder: holder.clone(), created_at };
        let subject = Arc::from(holder.to_string());
        commit = commit.put(&assign::TABLE, assignment.row());
        commit = commit.tell(Event::RoleAssigned { actor: actor.clone(), role: role.id.clone(), subject });
    }
    if !person.is_active() {
        commit = commit.tell(Event::UserDisabled { actor: actor.clone(), user: user.clone(), why: None });
    }
    commit
}
