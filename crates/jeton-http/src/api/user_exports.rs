//! `/exports/users`: people as an import takes them, with the hashes of their passwords.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use jeton_core::id::Actor;
use jeton_core::permission::Permission;
use jeton_core::person::export::AT_ONCE_MAX;
use jeton_service::user_exports::ExportedUser;
use jeton_token::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::body::Body;
use super::management::Management;
use super::route::{About, Access, Repeats, Route, Verb};

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/exports/users"),
    Access::Permission(Permission::PeopleExport),
    Repeats::ByNature,
    |at| at.on(export),
    About::new("users", "Takes out people, a hundred at a time, with the hashes of their passwords. The ledger says so.")
        .takes::<Export>()
        .answers::<Exported<'_>>(),
)];

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ExportUsers")]
#[serde(deny_unknown_fields)]
struct Export {
    /// The username behind which it goes on; left out: from the first one.
    after: Option<String>,
    /// Whether the hashes of passwords are left out.
    #[serde(default)]
    without_passwords: bool,
}

/// A hundred people, by username.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExportedUsers")]
struct Exported<'a> {
    /// The people, as `POST /imports/users` takes them.
    users: Vec<Shown<'a>>,
    /// What is `after` in the next request; absent behind the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// One person.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExportedUser")]
struct Shown<'a> {
    /// The name that they are known by.
    username: &'a str,
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// Whether it is known that letters reach them there.
    email_verified: bool,
    /// Whether nothing of theirs is accepted: they are disabled or suspended.
    disabled: bool,
    /// The hash of their password, where they have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<&'a str>,
    /// What is known of them by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, String>,
    /// The names of the groups that they are in.
    groups: &'a [Arc<str>],
    /// The roles that they hold themselves, each written so that it names one alone.
    roles: &'a [String],
}

async fn export(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Body(Export { after, without_passwords }): Body<Export>,
) -> Answer {
    let users = service.export_users(after.as_deref(), !without_passwords, &actor, &service.moments().now()).await?;
    let next = users.last().filter(|_| users.len() == AT_ONCE_MAX).map(|last| &*last.person.username);
    ok(&Exported { users: users.iter().map(Shown::from).collect(), next })
}

impl<'a> From<&'a ExportedUser> for Shown<'a> {
    fn from(user: &'a ExportedUser) -> Shown<'a> {
        let person = &user.person;
        Shown {
            username: &person.username,
            name: person.name.as_deref(),
            email: person.email.as_deref(),
            email_verified: person.email_verified_at.is_some(),
            disabled: user.is_disabled,
            password_hash: user.password_hash.as_ref().map(Secret::expose),
            attributes: &person.attributes,
            groups: &user.groups,
            roles: &user.roles,
        }
    }
}
