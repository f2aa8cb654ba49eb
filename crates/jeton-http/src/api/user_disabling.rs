//! `POST /users/{user}/disable`: all that is theirs ends, counted by kind.

use axum::Extension;
use axum::extract::State;
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::body::Body;
use super::by_kind::Counts;
use super::counting::count;
use super::ending::because;
use super::management::Management;
use super::problem::Problem;
use super::revocations::COUNTING;
use super::target::Target;
use super::user_shown::{LOOK, ShownWhole};

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DisableUser")]
#[serde(deny_unknown_fields)]
pub(super) struct Disable {
    /// Why: `leaked`, `superseded`, `owner_left`, `no_longer_needed`, or your own words, 200 bytes at most; `unspecified` if left out.
    why: Option<String>,
    /// Whether to look only, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A person who is disabled, and what fell with that.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DisabledUser")]
pub(super) struct Disabled {
    #[serde(flatten)]
    user: ShownWhole,
    /// What fell, by kind: all that was theirs and was not over; nothing where they were disabled already.
    fell: Counts,
    /// Whether nothing was written.
    dry_run: bool,
}

pub(super) async fn disable(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    Target(name): Target<String>,
    Body(Disable { why, dry_run }): Body<Disable>,
) -> Answer {
    let (why, moment) = (because(why.as_deref())?, service.moments().now());
    let look = |failure| Problem::from(failure).look(LOOK);
    // Taken first: afterwards nobody knows what stood before.
    let survey = service.survey_any(CutOffSubject::User, &name).await.map_err(look)?;
    let (person, before) = match dry_run {
        true => {
            let person = service.find_user(&name).map_err(|refusal| look(refusal.into()))?.record.clone();
            let before = service.would_live_from(CutOffSubject::User, person.id.as_str(), None, &moment);
            (person, before.map_err(|refusal| look(refusal.into()))?)
        }
        false => {
            let person = service.disable_user(&name, (&actor, &why), &moment).await.map_err(look)?;
            let before = service.registry().latest_cut_off(CutOffSubject::User, person.id.as_str());
            (person, Time::from_seconds(before))
        }
    };
    let counting = service.clone();
    let counted = count(COUNTING, move |goes_on| counting.count_fallen(&survey, before, &moment, goes_on)).await;
    let fell = match counted {
        Err(failure) if dry_run => return Err(failure.into()),
        // They are disabled whether or not it could be counted.
        counted => counted.unwrap_or_default(),
    };
    let user = blocking(move || ShownWhole::of(&person, &service)).await??;
    ok(&Disabled { user, fell: fell.into(), dry_run })
}
