//! What a revocation, a suspension or a resumption names: one credential, or all of a subject.

use jeton_core::event::CutOffSubject;
use jeton_core::id::{ApiKeyId, CredentialId};
use jeton_service::pasted::Named;
use jeton_token::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::before;
use super::problem::{Problem, ProblemKind};
use super::secret_text::SecretText;

pub(super) const LOOK: &str = "list what there is: `jeton client list`, `jeton api list`, `jeton key list`, `jeton user list`, `jeton group list`; a token's id is \
                               the `jti` of a JWT";
/// What to do where there is none of a subject.
pub(super) fn look_for(subject: CutOffSubject) -> &'static str {
    match subject {
        CutOffSubject::Client => "`jeton client list` shows the names",
        CutOffSubject::Api => "`jeton api list` shows the audiences",
        CutOffSubject::User => "`jeton user list` shows the usernames",
        CutOffSubject::Group => "`jeton group list` shows the names",
        CutOffSubject::Session => "`jeton session list` shows the ids",
        CutOffSubject::Family => "`jeton grant list` shows the ids",
        CutOffSubject::Key | CutOffSubject::Everything => LOOK,
    }
}

const ONE_SUBJECT: &str =
    "name exactly one of `token`, `id`, `key`, `client`, `api`, `user`, `group`, `owner`, `session`, `family`, and `everything`: true";

/// A request's members: one of the first ones names what it is about.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "NamedSubject")]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// One credential, by its text.
    #[schemars(with = "Option<String>")]
    token: Option<SecretText>,
    /// One token or key, by its id.
    id: Option<String>,
    /// This key, by id.
    key: Option<String>,
    /// All tokens of this client, by name or id.
    client: Option<String>,
    /// All tokens and keys for this API, by audience or id.
    api: Option<String>,
    /// All that is of this person, by username or id.
    user: Option<String>,
    /// All that is of this group, by name or id.
    group: Option<String>,
    /// All keys that somebody outside has by now: `external:TEXT`.
    owner: Option<String>,
    /// This session and what ends with it, by id.
    session: Option<String>,
    /// This grant with all its tokens, by id.
    family: Option<String>,
    /// Everything that was issued to anybody.
    #[serde(default)]
    everything: bool,
    /// What was issued before this: `now` if left out, a time, or seconds since 1970. For revocations, and for the
    /// keys of an `owner`.
    pub(super) before: Option<before::Before>,
    /// Why: `leaked`, `superseded`, `owner_left`, `no_longer_needed`, or your own words, 200 bytes at most. For revocations and suspensions.
    pub(super) why: Option<String>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// What is named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A token, key or secret, by its text.
    Text(Secret),
    /// A token or a key, by its id.
    Id([u8; 16]),
    /// A key, by its id.
    Key(ApiKeyId),
    /// All of these.
    All(CutOffSubject, String),
    /// All keys of an owner outside.
    Outside(String),
}

/// What is more than one credential.
pub(super) enum Many<'a> {
    /// All of a subject.
    Of(CutOffSubject, &'a str),
    /// All keys of an owner outside.
    Outside(&'a str),
}

impl Request {
    /// The one thing that is named.
    pub(super) fn subject(self) -> Result<Subject, Problem> {
        let all = [
            (CutOffSubject::Client, self.client),
            (CutOffSubject::Api, self.api),
            (CutOffSubject::User, self.user),
            (CutOffSubject::Group, self.group),
            (CutOffSubject::Session, self.session),
            (CutOffSubject::Family, self.family),
            (CutOffSubject::Everything, self.everything.then(String::new)),
        ];
        let mut named: Vec<Subject> = all.into_iter().filter_map(|(kind, name)| Some(Subject::All(kind, name?))).collect();
        named.extend(self.owner.map(Subject::Outside));
        named.extend(self.token.map(|token| Subject::Text(token.0)));
        if let Some(id) = self.id {
            let parsed = CredentialId::parse(&id).map(|id| Subject::Id(id.0));
            named.push(parsed.ok_or_else(|| Problem::invalid("an id is 32 lowercase hexadecimal digits", LOOK))?);
        }
        if let Some(key) = self.key {
            let none = || Problem::new(ProblemKind::NotFound, "there is no key of this id: it has 32 lowercase hexadecimal digits", LOOK);
            named.push(Subject::Key(ApiKeyId::parse(&key).ok_or_else(none)?));
        }
        match (named.pop(), named.is_empty()) {
            (Some(Subject::All(kind, name)), true) if kind != CutOffSubject::Everything && !(1..=512).contains(&name.len()) => {
                Err(Problem::invalid("the name of what is meant has 1 to 512 bytes", LOOK))
            }
            (Some(only), true) => Ok(only),
            (Some(_), false) => Err(Problem::invalid("the request names more than one thing", ONE_SUBJECT)),
            (None, _) => Err(Problem::invalid("the request names nothing", ONE_SUBJECT)),
        }
    }
}

impl Subject {
    /// The one credential that is named, or all of these.
    pub(super) fn named(&self) -> Result<Named<'_>, Many<'_>> {
        match self {
            Subject::Text(text) => Ok(Named::Text(text.expose())),
            Subject::Id(id) => Ok(Named::Id(*id)),
            Subject::Key(id) => Ok(Named::Key(*id)),
            Subject::All(subject, name) => Err(Many::Of(*subject, name)),
            Subject::Outside(owner) => Err(Many::Outside(owner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Subject, &str>) {
        let request: Request = serde_json::from_str(text).unwrap();
        match (request.subject(), expected) {
            (Ok(subject), Ok(expected)) => assert_eq!(subject, expected),
            (Err(problem), Err(expected)) => assert!(format!("{problem:?}").contains(expected), "{text}: {problem:?}"),
            (subject, _) => panic!("{text}: {subject:?}"),
        }
    }

    #[test]
    fn exactly_one_subject() {
        check(r#"{"token":"t"}"#, Ok(Subject::Text("t".into())));
        check(r#"{"client":"c"}"#, Ok(Subject::All(CutOffSubject::Client, "c".into())));
        check(r#"{"group":"g"}"#, Ok(Subject::All(CutOffSubject::Group, "g".into())));
        check(r#"{"key":"01010101010101010101010101010101"}"#, Ok(Subject::Key(ApiKeyId([1; 16]))));
        check(r#"{"everything":true}"#, Ok(Subject::All(CutOffSubject::Everything, String::new())));
        check(r#"{"everything":true,"session":"s"}"#, Err("more than one"));
        check(r#"{"token":"t","id":"00000000000000000000000000000000"}"#, Err("more than one"));
        check(r#"{"owner":"external:acme"}"#, Ok(Subject::Outside("external:acme".into())));
        check(r#"{"owner":"external:acme","user":"ada"}"#, Err("more than one"));
        check("{}", Err("names nothing"));
        check(r#"{"everything":false}"#, Err("names nothing"));
        check(r#"{"id":"x"}"#, Err("hexadecimal"));
        check(r#"{"key":"x"}"#, Err("no key"));
        check(r#"{"user":""}"#, Err("1 to 512"));
    }
}
