//! How something stands that a change left as it was, for whoever asked for the change.

use std::sync::Arc;

use jeton_service::keys::filter::StandingKind;
use jeton_service::pasted::Credential;
use jeton_service::stands;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::StandingName;
use super::suspended::Suspension;

/// How it stands.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "StandsAsBefore")]
pub(super) struct Stands {
    /// How: `active`, `suspended`, `expired` or `revoked`.
    #[schemars(with = "StandingName")]
    state: &'static str,
    #[serde(flatten)]
    suspension: Suspension,
}

/// The key of a text that it had before it was rotated, and that is dead.
#[derive(JsonSchema, Serialize)]
pub(super) struct DeadText {
    /// The key's id.
    key: String,
    /// What people call it.
    name: Arc<str>,
    /// How it stands with the text that it has now.
    #[schemars(with = "StandingName")]
    state: &'static str,
}

impl Stands {
    /// How a credential stands.
    pub(super) fn of(stands: stands::Stands) -> Stands {
        Stands { state: stands.kind.name(), suspension: stands.suspended.map(Suspension::said).unwrap_or_default() }
    }

    /// How a client, an API, a person or a group stands.
    pub(super) fn of_subject(suspension: Option<Suspension>) -> Stands {
        let kind = if suspension.is_some() { StandingKind::Suspended } else { StandingKind::Active };
        Stands { state: kind.name(), suspension: suspension.unwrap_or_default() }
    }
}

impl DeadText {
    /// What is told of it, where the credential is one.
    pub(super) fn of(credential: &Credential, stands: &stands::Stands) -> Option<DeadText> {
        let Credential::DeadText(entry) = credential else { return None };
        let key = &entry.key.record;
        Some(DeadText { key: key.id.to_string(), name: key.name.clone(), state: stands.kind.name() })
    }
}
