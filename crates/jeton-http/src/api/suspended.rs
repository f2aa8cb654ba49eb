//! Whether a client, an API, a person or a group is suspended, as it is told beside what it is.

use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::explain::said::Said;
use jeton_core::id::Actor;
use jeton_core::why::{Because, Why};
use jeton_service::Service;
use jeton_service::failure::Failure;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::SubjectState;
use super::rfc3339;

/// How something stands that can be suspended.
#[derive(Clone, JsonSchema, Serialize)]
pub(super) struct Standing {
    /// `active`, or `suspended` until it is resumed: nothing of it is accepted, and it gets nothing new.
    #[schemars(with = "SubjectState")]
    pub(super) state: &'static str,
    #[serde(flatten)]
    pub(super) suspension: Suspension,
}

/// Who suspended it; each absent where it is not suspended.
#[derive(Clone, Default, JsonSchema, Serialize)]
pub(super) struct Suspension {
    /// When it was suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) suspended_at: Option<String>,
    /// Who suspended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    suspended_by: Option<Actor>,
    /// Why it is suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Suspension {
    /// The suspension of a subject; an API is named by its audience. Where there is one the ledger is read: for a thread that may block.
    pub(super) fn of(service: &Service, subject: CutOffSubject, name: &Arc<str>) -> Result<Suspension, Failure> {
        let Some(since) = service.registry().suspended_since(subject, name) else { return Ok(Suspension::default()) };
        service.who_suspended(since).map(Suspension::said)
    }

    /// As somebody said it.
    pub(super) fn said(said: Said) -> Suspension {
        Suspension {
            suspended_at: Some(rfc3339::format(said.at)),
            suspended_by: Some(said.by),
            why: Some(said.why.as_ref().map_or(Why::Unspecified.name(), Because::as_str).to_owned()),
        }
    }
}

/// How a subject stands: its name among [`SubjectState`].
pub(super) fn state_of_subject(service: &Service, subject: CutOffSubject, name: &Arc<str>) -> &'static str {
    if service.registry().suspended_since(subject, name).is_some() { "suspended" } else { "active" }
}

impl Standing {
    /// How a subject stands; as [`Suspension::of`] reads it.
    pub(super) fn of(service: &Service, subject: CutOffSubject, name: &Arc<str>) -> Result<Standing, Failure> {
        let suspension = Suspension::of(service, subject, name)?;
        Ok(Standing { state: if suspension.suspended_at.is_some() { "suspended" } else { "active" }, suspension })
    }
}
