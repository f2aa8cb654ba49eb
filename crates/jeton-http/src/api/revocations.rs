//! `/revocations`: one token, key or secret, or everything of a subject that was issued before a time.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::{Administrator, Needed};
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_core::permission::{self, Permission};
use jeton_core::why::Because;
use jeton_service::pasted::Named;
use jeton_service::revoke::TokenChange;
use schemars::JsonSchema;
use serde::Serialize;

use super::administrator::must_have;
use super::answer::{Answer, ok};
use super::body::Body;
use super::by_kind::Counts;
use super::counting::count;
use super::ending::because;
use super::management::Management;
use super::problem::Problem;
use super::route::{About, Access, Repeats, Route, Verb};
use super::stands::DeadText;
use super::subject::{LOOK, Many, Request, look_for};
use super::{before, outside, rfc3339};

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/revocations"),
    Access::AnyOf(&[Permission::TokensRevoke, Permission::KeysRevoke, Permission::ClientsWrite, Permission::RevocationsWrite]),
    Repeats::ByNature,
    |at| at.on(revoke),
    About::new("revocations", "Revokes one token, key or secret, or everything of a subject that was issued before a time.")
        .takes::<Request>()
        .answers::<Revoked>(),
)];

/// How long what fell is counted, before the answer goes without.
pub(super) const COUNTING: Duration = Duration::from_secs(8);

/// What fell, by kind.
#[derive(JsonSchema, Serialize)]
struct Revoked {
    /// What was issued before this is dead; absent where one credential was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// The same, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_seconds: Option<i64>,
    /// What fell, by kind.
    fell: Counts,
    /// Told of an owner outside with more keys than one request ends: send it again, with this `before_seconds` as its `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    /// Told of a text that its key had before a rotation and that is dead: nothing was changed. The key ends by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_text: Option<DeadText>,
    /// Whether nothing was written.
    dry_run: bool,
    /// Told where the clock is doubted: what a cut-off costs then, and what to do first.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

const DOUBTED: &str = "the clock was set or leapt within a day: if it runs ahead, nothing is issued under this cut-off before that time, also once the clock is right; set the clock right first (`jeton serve --accept-clock`), and revoke single tokens by their ids until then";

async fn revoke(
    management: State<Management>,
    Extension(administrator): Extension<Administrator>,
    Extension(actor): Extension<Actor>,
    Body(mut request): Body<Request>,
) -> Answer {
    let (before, dry_run) = (request.before.take(), request.dry_run);
    let why = because(request.why.as_deref())?;
    let subject = request.subject()?;
    match (subject.named(), before) {
        (Err(Many::Outside(owner)), before) => {
            let (about, change) = ((owner, before), (TokenChange::Revoke, &why));
            outside_revoked(outside::change(&management.service, &administrator, about, change, dry_run).await?, dry_run)
        }
        (Err(Many::Of(subject, name)), before) => {
            must_have(&administrator, Needed::One(permission::to_end(Some(subject))))?;
            cut_off(management, (&actor, &why), (subject, name), before, dry_run).await
        }
        (Ok(_), Some(_)) => Err(Problem::invalid("one credential is revoked whenever it was issued", "leave `before` out")),
        (Ok(named), None) => revoke_one(management, &administrator, named, (&why, dry_run)).await,
    }
}

async fn revoke_one(
    State(Management { service, .. }): State<Management>,
    administrator: &Administrator,
    named: Named<'_>,
    (why, dry_run): (&Because, bool),
) -> Answer {
    let moment = service.moments().now();
    let look = |failure| Problem::from(failure).look(LOOK);
    let found = service.find_credential(named, &moment).await.map_err(look)?;
    must_have(administrator, Needed::One(permission::to_end_one(found.kind())))?;
    let fell = match dry_run {
        true => service.would_change(&found, TokenChange::Revoke, &moment),
        false => service.change_credential(&found, (TokenChange::Revoke, why), administrator, &moment).await.map_err(look)?,
    };
    let dead_text = DeadText::of(&found, &service.stands(&found, &moment));
    ok(&Revoked { before: None, before_seconds: None, fell: Some(fell).into(), has_more: None, dead_text, dry_run, warning: None })
}

fn outside_revoked(changed: outside::Changed, dry_run: bool) -> Answer {
    let before_seconds = changed.before.seconds();
    ok(&Revoked {
        before: Some(rfc3339::format(before_seconds)),
        before_seconds: Some(before_seconds),
        fell: Some(changed.counted).into(),
        has_more: changed.has_more.then_some(true),
        dead_text: None,
        dry_run,
        warning: None,
    })
}

async fn cut_off(
    State(Management { service, .. }): State<Management>,
    said: (&Actor, &Because),
    (subject, name): (CutOffSubject, &str),
    before: Option<before::Before>,
    dry_run: bool,
) -> Answer {
    let moment = service.moments().now();
    let before = before.and_then(|before| before.seconds()).map(Time::from_seconds);
    let look = |failure| Problem::from(failure).look(look_for(subject));
    let warning = (!service.posture().may_destroy(moment.now)).then_some(DOUBTED);
    // Taken first: afterwards nobody knows what stood before.
    let survey = service.survey_any(subject, name).await.map_err(look)?;
    let decided = match dry_run {
        true => service.would_live_from(subject, name, before, &moment).map_err(|refusal| look(refusal.into()))?,
        false => service.cut_off(subject, name, before, said, &moment).await.map_err(look)?,
    };
    let counted = count(COUNTING, move |goes_on| service.count_fallen(&survey, decided, &moment, goes_on)).await;
    let fell = match counted {
        Err(failure) if dry_run => return Err(failure.into()),
        // The cut-off holds whether or not it could be counted.
        counted => counted.unwrap_or_default(),
    };
    ok(&Revoked {
        before: Some(rfc3339::format(decided.seconds())),
        before_seconds: Some(decided.seconds()),
        fell: fell.into(),
        has_more: None,
        dead_text: None,
        dry_run,
        warning,
    })
}
