//! Making a link. It replaces those of the same person and purpose that are there.

use jeton_token::{Prefix, Secret};

use super::text::derive;
use super::{Link, Purpose, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, LinkId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::person::Person;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::record::Value;
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;

/// What is known when it is decided.
pub struct Facts<'a> {
    /// Whose it is to be.
    pub person: &'a Person,
    /// Whether they have a password.
    pub has_password: bool,
    /// Those of the same purpose that they have.
    pub before: &'a [Link],
    /// The latest cut-off over anything of theirs, in seconds: a link that is made now must not lie before it.
    pub not_before_seconds: i64,
    /// How long links may live.
    pub policies: &'a Policies,
    /// The first part of texts.
    pub prefix: &'a Prefix,
    /// What texts are made of.
    pub root_keys: &'a RootKeys,
}

/// A link, once its commit is durable.
#[derive(Clone, Debug)]
pub struct Made {
    /// The link.
    pub link: Link,
    /// Its text.
    pub text: Secret,
}

/// Makes a link of somebody; `is_shown`: it is told to whoever asks for it, and not sent.
pub fn make(facts: &Facts<'_>, purpose: Purpose, is_shown: bool, by: &Actor, moment: &mut Moment) -> Outcome<Made> {
    let commit = Commit::new(moment);
    match made(facts, purpose, is_shown, moment) {
        Ok(made) => {
            let Link { id, expires_at, .. } = made.link;
            let before = facts.before.iter();
            let commit = before.fold(commit, |commit, link| commit.delete(&TABLE, vec![Value::Id(link.id.0)]));
            let event = Event::LinkMade {
                actor: by.clone(),
                expires_at_seconds: expires_at,
                link: id,
                purpose: purpose.name().into(),
                user: facts.person.id.clone(),
            };
            let commit = commit.put(&TABLE, made.link.row()).tell(event);
            Outcome::grant(made, commit)
        }
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}

fn made(facts: &Facts<'_>, purpose: Purpose, is_shown: bool, moment: &mut Moment) -> Result<Made, Refusal> {
    let Facts { person, prefix, root_keys, .. } = facts;
    let conflict = |detail: &'static str| Refusal::new(Reason::Conflict, detail);
    if !person.is_active() {
        return Err(conflict("this user is disabled").hinting("`jeton user enable` them first"));
    }
    let address = person.email.clone();
    let address = address.ok_or_else(|| conflict("no address of this user is known").hinting("`jeton user update --email` gives one"))?;
    if purpose == Purpose::Invitation && facts.has_password {
        return Err(conflict("this user has a password already").hinting("who forgot theirs gets another by `jeton user set-password`"));
    }
    let (epoch, Some(keys)) = root_keys.current() else { return Err(Refusal::invalid("the root key holds no epoch")) };
    let (id, salt) = (LinkId::draw(moment), moment.draw());
    let text = derive((id, &person.id, &salt), **prefix, (epoch, keys));
    let created_at = moment.now.seconds().max(facts.not_before_seconds);
    let allowed = facts.policies.effective(purpose.kind(), &Subject::Deployment);
    let link = Link {
        id,
        person: person.id.clone(),
        purpose,
        address,
        is_shown,
        salt,
        proof: (keys.hash.hash(text.expose()), epoch),
        created_at,
        expires_at: created_at.saturating_add(allowed.default_seconds),
    };
    Ok(Made { link, text })
}
