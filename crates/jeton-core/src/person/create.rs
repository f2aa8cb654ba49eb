//! Taking somebody in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Person, State, TABLE, attributes};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, PersonId, draw_name};
use crate::moment::Moment;
use crate::name::{is_plain, parse_name, refuse_credentials};
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// The most characters of a username.
const USERNAME_MAX: usize = 64;
/// The longest address that can be written to (RFC 5321 section 4.5.3.1.3, without its brackets), in bytes.
const EMAIL_MAX: usize = 254;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct CreatePerson {
    /// What they are called on the command line.
    pub username: String,
    /// Their name; none when empty.
    pub name: Option<String>,
    /// Where they are written to; none when empty.
    pub email: Option<String>,
    /// Whether it is known that letters reach them there.
    pub email_verified: bool,
    /// What an organisation knows of them, by name.
    pub attributes: BTreeMap<String, String>,
}

/// Takes somebody in: with no role, no group and no key. That the username is free is the store's word: it is unique there.
pub fn create(request: &CreatePerson, actor: &Actor, moment: &mut Moment) -> Outcome<Person> {
    let commit = Commit::new(moment);
    let person = match parse(request, moment) {
        Ok(person) => person,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::UserCreated { actor: actor.clone(), user: person.id.clone(), username: person.username.clone() };
    let commit = commit.put(&TABLE, person.row()).tell(event);
    Outcome::grant(person, commit)
}

pub(super) fn parse(request: &CreatePerson, moment: &mut Moment) -> Result<Person, Refusal> {
    let seconds = moment.now.seconds();
    let email = parse_email(request.email.as_deref())?;
    if request.email_verified && email.is_none() {
        return Err(no_address());
    }
    Ok(Person {
        id: PersonId(draw_name("user_", moment)),
        username: parse_username(&request.username)?,
        name: parse_person_name(request.name.as_deref())?,
        email,
        state: State::Active,
        created_at: seconds,
        updated_at: seconds,
        email_verified_at: request.email_verified.then_some(seconds),
        locale: None,
        attributes: attributes::changed(&BTreeMap::new(), &request.attributes)?,
    })
}

/// A username as it is kept: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`; capitals are written small. It neither begins with `-`, as an option
/// of a command does, nor with `user_`, as an id does; and it is not `self`, as whoever asks is called, nor of points alone, as a folder in a
/// path is.
pub(crate) fn parse_username(text: &str) -> Result<Arc<str>, Refusal> {
    let folded = text.to_ascii_lowercase();
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let is_name = (1..=USERNAME_MAX).contains(&folded.len()) && folded.bytes().all(is_allowed);
    if is_name && !folded.starts_with('-') && !folded.starts_with("user_") && folded != "self" && folded.bytes().any(|byte| byte != b'.') {
        return Ok(Arc::from(folded));
    }
    Err(Refusal::invalid(format!(
        "a username has 1 to {USERNAME_MAX} of the characters a-z, 0-9, `.`, `_` and `-`, begins neither with `-` nor with `user_`, and is \
         neither `self` nor points alone"
    )))
}

pub(crate) fn parse_person_name(name: Option<&str>) -> Result<Option<Arc<str>>, Refusal> {
    name.filter(|name| !name.is_empty()).map(|name| parse_name(name, "a person")).transpose()
}

pub(super) fn no_address() -> Refusal {
    Refusal::invalid("an address is known to be somebody's where there is one: give `email` too")
}

/// Something that a letter can be sent to. Whether it arrives is not asked here.
pub(crate) fn parse_email(email: Option<&str>) -> Result<Option<Arc<str>>, Refusal> {
    let Some(email) = email.filter(|email| !email.is_empty()) else { return Ok(None) };
    refuse_credentials(email, "an e-mail address")?;
    let is_written_well = email.len() <= EMAIL_MAX && is_plain(email) && !email.contains(char::is_whitespace);
    match email.rsplit_once('@') {
        Some((mailbox, domain)) if is_written_well && !mailbox.is_empty() && !domain.is_empty() => Ok(Some(Arc::from(email))),
        _ => Err(Refusal::invalid(format!(
            "an e-mail address is written name@domain, without spaces or characters that steer a terminal, in at most {EMAIL_MAX} bytes"
        ))),
    }
}
