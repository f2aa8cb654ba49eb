//! `/users/{user}/passkeys`: by which passkeys a person signs in; all of them taken away.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::Administrator;
use jeton_core::id::PasskeyId;
use jeton_core::passkey::Passkey;
use jeton_core::permission::Permission;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::body::Body;
use super::management::Management;
use super::nothing::Nothing;
use super::problem::Problem;
use super::rfc3339;
use super::route::{About, Access, Repeats, Route, Verb};
use super::target::Target;
use super::user_shown::{LOOK, ShownWhole};

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Get, "/users/{user}/passkeys"),
        Access::Permission(Permission::PeopleRead),
        Repeats::Reads,
        |at| at.on(list),
        About::new("users", "Lists the passkeys of a person, the oldest first.").answers::<Listed>(),
    ),
    Route::new(
        (Verb::Post, "/users/{user}/reset-passkeys"),
        Access::Permission(Permission::PeopleRecover),
        Repeats::ByNature,
        |at| at.on(reset),
        About::new("users", "Takes away all passkeys of a person who lost them, and ends the sessions that these began.")
            .takes::<Nothing>()
            .answers::<ShownWhole>(),
    ),
];

/// All passkeys of a person.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PasskeysOfUser")]
struct Listed {
    /// They, the oldest first.
    passkeys: Vec<Shown>,
}

/// A passkey, as it is answered: nothing by which anybody could be known elsewhere.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Passkey")]
struct Shown {
    /// Its id.
    #[schemars(with = "String")]
    id: PasskeyId,
    /// What its person calls it.
    name: Arc<str>,
    /// Whether it may leave the device that made it, to others of the same person.
    may_be_copied: bool,
    /// Whether it did, when it last said so.
    is_copied: bool,
    /// When it was added.
    added_at: String,
    /// When it last signed them in; absent where it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
}

impl Shown {
    fn of(passkey: &Passkey) -> Shown {
        Shown {
            id: passkey.id,
            name: passkey.name.clone(),
            may_be_copied: passkey.may_be_copied,
            is_copied: passkey.is_copied,
            added_at: rfc3339::format(passkey.added_at),
            last_used_at: passkey.used_at.map(rfc3339::format),
        }
    }
}

async fn list(State(Management { service, .. }): State<Management>, Target(name): Target<String>) -> Answer {
    let person = service.find_user(&name).map_err(|refusal| Problem::from(refusal).look(LOOK))?;
    let passkeys = service.passkeys_of(&person.record.id).await?;
    ok(&Listed { passkeys: passkeys.iter().map(|passkey| Shown::of(&passkey.record)).collect() })
}

async fn reset(
    State(Management { service, .. }): State<Management>,
    Extension(by): Extension<Administrator>,
    Target(name): Target<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Answer {
    let reset = service.reset_passkeys(&name, &by, &service.moments().now()).await;
    let person = reset.map_err(|failure| Problem::from(failure).look(LOOK))?;
    ok(&blocking(move || ShownWhole::of(&person, &service)).await??)
}
