//! `/imports/users`: people who are known elsewhere, with the hashes of their passwords.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::PersonId;
use jeton_core::pasted::masked;
use jeton_core::permission::Permission;
use jeton_core::person::create::CreatePerson;
use jeton_core::person::import::{AT_ONCE_MAX, Imported, PersonToImport};
use jeton_core::refusal::{Reason, Refusal};
use jeton_service::user_imports::UserToImport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::objects;
use super::management::Management;
use super::once::Once;
use super::problem::Problem;
use super::route::{About, Access, Repeats, Route, Verb};
use super::secret_text::SecretText;

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/imports/users"),
    Access::Permission(Permission::PeopleWrite),
    Repeats::Remembered,
    |at| at.on(import),
    About::new("users", "Takes in people who are known elsewhere, with the hashes of their passwords.")
        .takes::<Import>()
        .answers::<Report>(),
)];

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ImportUsers")]
#[serde(deny_unknown_fields)]
struct Import {
    /// The people: 100 at most.
    #[serde(deserialize_with = "objects")]
    users: Vec<Foreign>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// One person as somebody else knows them.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ForeignUser")]
#[serde(deny_unknown_fields)]
struct Foreign {
    /// The name that they are known by; whoever has it here already stays as they are.
    username: String,
    /// What they are called.
    name: Option<String>,
    /// Their address.
    email: Option<String>,
    /// Whether it is known that letters reach them there.
    #[serde(default)]
    email_verified: bool,
    /// Whether nothing of theirs is accepted until they are enabled.
    #[serde(default)]
    disabled: bool,
    /// The hash of their password: of argon2id, argon2i, bcrypt, scrypt or PBKDF2, as they, Django, passlib or Werkzeug write it. Made anew when
    /// they sign in.
    #[schemars(with = "Option<String>")]
    password_hash: Option<SecretText>,
    /// What is known of them by name, and told by the rules of APIs and clients: 32 texts at most.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// The groups that they are in, by name or id: 32 at most.
    #[serde(default)]
    groups: Vec<String>,
    /// The roles that they hold: a name or an id, or the audience of an API, a space and the name of a role of it; 32 at most.
    #[serde(default)]
    roles: Vec<String>,
}

/// What became of all of them.
#[derive(Default, JsonSchema, Serialize)]
#[schemars(rename = "UserImportReport")]
struct Report {
    /// Those who are here from now on.
    imported: Vec<Made>,
    /// The places in the request of those whose username somebody had already.
    existed: Vec<usize>,
    /// Those who were refused.
    refused: Vec<Refused>,
    /// Whether nothing was written.
    dry_run: bool,
}

/// One who is here from now on; `index` is their place in the request.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ImportedUser")]
struct Made {
    /// Their place in the request, from 0.
    index: usize,
    /// Their id; absent where nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    id: Option<PersonId>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RefusedUser")]
struct Refused {
    /// Their place in the request, from 0.
    index: usize,
    /// Why they were refused: a code that never changes.
    code: &'static str,
    /// The same in a sentence.
    detail: String,
}

async fn import(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Once { body: Import { users, dry_run }, repeat }: Once<Import>,
) -> Answer {
    if users.len() > AT_ONCE_MAX {
        return Err(Problem::invalid(format!("at most {AT_ONCE_MAX} people are imported at a time"), "send them in several requests"));
    }
    let users: Vec<UserToImport> = users.into_iter().map(UserToImport::from).collect();
    let moment = repeat.moment(&service);
    let imported = match dry_run {
        true => service.plan_user_import(&users, &by, &moment)?,
        false => service.import_users(&users, &by, &moment).await?,
    };
    let mut report = Report { dry_run, ..Report::default() };
    for (index, imported) in imported.into_iter().enumerate() {
        match imported {
            // Without a commit there is nobody of this id.
            Imported::Made(person) => report.imported.push(Made { index, id: (!dry_run).then_some(person.id) }),
            Imported::Existed => report.existed.push(index),
            Imported::Refused(refusal) => report.refused.push(Refused::of(index, &refusal)),
        }
    }
    ok(&report)
}

impl From<Foreign> for UserToImport {
    fn from(foreign: Foreign) -> UserToImport {
        let Foreign { username, name, email, email_verified, disabled, password_hash, attributes, groups, roles } = foreign;
        let described = CreatePerson { username, name, email, email_verified, attributes };
        let person = PersonToImport { described, is_disabled: disabled, password_hash: password_hash.map(|SecretText(hash)| hash) };
        UserToImport { person, groups, roles }
    }
}

impl Refused {
    fn of(index: usize, refusal: &Refusal) -> Refused {
        let code = match refusal.reason {
            Reason::CredentialInText => "credential_in_text",
            Reason::NotFound => "not_found",
            Reason::Conflict => "conflict",
            Reason::Forbidden => "forbidden",
            _ => "invalid_request",
        };
        Refused { index, code, detail: masked(&refusal.detail).into_owned() }
    }
}
