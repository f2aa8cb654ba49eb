//! `/suspensions` and `/resumptions`: one token or key, or everything of a subject, refused until it is accepted again.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::{Administrator, Needed};
use jeton_core::event::CutOffSubject;
use jeton_core::permission::{self, Permission};
use jeton_core::why::Because;
use jeton_service::pasted::{ByKind, Named};
use jeton_service::revoke::TokenChange;
use schemars::JsonSchema;
use serde::Serialize;

use super::administrator::must_have;
use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::body::Body;
use super::by_kind::Counts;
use super::counting::count;
use super::ending::because;
use super::management::Management;
use super::outside;
use super::problem::{Problem, ProblemKind};
use super::route::{About, Access, Repeats, Route, Verb};
use super::stands::{DeadText, Stands};
use super::subject::{LOOK, Many, Request, look_for};
use super::suspended::Suspension;

/// Who may suspend one thing or another; which it is, the handlers ask.
const ANY_OF: Access =
    Access::AnyOf(&[Permission::TokensRevoke, Permission::KeysRevoke, Permission::ClientsWrite, Permission::RevocationsWrite]);

pub(super) static ROUTES: &[Route] = &[
    Route::new(
        (Verb::Post, "/suspensions"),
        ANY_OF,
        Repeats::ByNature,
        |at| at.on(suspend),
        About::new("revocations", "Refuses one token or key, or everything of a subject, until it is resumed.")
            .takes::<Request>()
            .answers::<Suspended>(),
    ),
    Route::new(
        (Verb::Post, "/resumptions"),
        ANY_OF,
        Repeats::ByNature,
        |at| at.on(resume),
        About::new("revocations", "Accepts again what was suspended.").takes::<Request>().answers::<Resumed>(),
    ),
];

/// How long what is reached is counted, before the answer goes without.
const COUNTING: Duration = Duration::from_secs(8);

/// What is refused from now on.
#[derive(JsonSchema, Serialize)]
struct Suspended {
    /// What is refused, by kind.
    suspended: Counts,
    /// Whether it was not suspended before: somebody of whom nothing is out can be suspended, too.
    changed: bool,
    /// Told of an owner outside: only keys that were made before this are reached; in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_seconds: Option<i64>,
    /// Told of an owner outside with more keys than one request suspends: send it again, with this `before_seconds` as its `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    /// Told of one credential, or of a client, an API, a user or a group, that was left as it was: how it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<Stands>,
    /// Told of a text that its key had before a rotation and that is dead: nothing was changed. The key is changed by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_text: Option<DeadText>,
    /// Whether nothing was written.
    dry_run: bool,
}

/// What is accepted again.
#[derive(JsonSchema, Serialize)]
struct Resumed {
    /// What is accepted again, by kind.
    resumed: Counts,
    /// Whether it was suspended before.
    changed: bool,
    /// Told of an owner outside: only keys that were made before this are reached; in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_seconds: Option<i64>,
    /// Told of an owner outside with more keys than one request resumes: send it again, with this `before_seconds` as its `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    /// Told of one credential, or of a client, an API, a user or a group, that was left as it was: how it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<Stands>,
    /// Told of a text that its key had before a rotation and that is dead: nothing was changed. The key is changed by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_text: Option<DeadText>,
    /// Whether nothing was written.
    dry_run: bool,
}

async fn suspend(
    management: State<Management>,
    Extension(administrator): Extension<Administrator>,
    Body(request): Body<Request>,
) -> Answer {
    let dry_run = request.dry_run;
    let Reached { counted, changed, before_seconds, has_more, stands, dead_text } =
        change(management, &administrator, request, TokenChange::Suspend).await?;
    ok(&Suspended { suspended: counted.into(), changed, before_seconds, has_more, stands, dead_text, dry_run })
}

async fn resume(management: State<Management>, Extension(administrator): Extension<Administrator>, Body(request): Body<Request>) -> Answer {
    let dry_run = request.dry_run;
    let Reached { counted, changed, before_seconds, has_more, stands, dead_text } =
        change(management, &administrator, request, TokenChange::Resume).await?;
    ok(&Resumed { resumed: counted.into(), changed, before_seconds, has_more, stands, dead_text, dry_run })
}

/// What a change reached.
struct Reached {
    counted: Option<ByKind>,
    changed: bool,
    before_seconds: Option<i64>,
    has_more: Option<bool>,
    stands: Option<Stands>,
    dead_text: Option<DeadText>,
}

/// Of everybody but an owner outside; how it stands is told where nothing changed.
fn all(changed: bool, counted: Option<ByKind>, stands: Option<Stands>) -> Reached {
    Reached { counted, changed, before_seconds: None, has_more: None, stands, dead_text: None }
}

/// Of credentials that are named, or whose owner is: nothing changed where none did.
fn has_any(counted: &ByKind) -> bool {
    *counted != ByKind::default()
}

async fn change(
    management: State<Management>,
    administrator: &Administrator,
    mut request: Request,
    change: TokenChange,
) -> Result<Reached, Problem> {
    if change == TokenChange::Resume && request.why.is_some() {
        return Err(Problem::invalid("why something is resumed is not kept", "leave `why` out"));
    }
    let why = because(request.why.as_deref())?;
    let (before, dry_run) = (request.before.take(), request.dry_run);
    let subject = request.subject()?;
    let named = subject.named();
    if before.is_some() && !matches!(named, Err(Many::Outside(_))) {
        let reaches = "a suspension reaches whatever there is, whenever it was issued; of an owner outside alone, the keys there are";
        return Err(Problem::invalid(reaches, "leave `before` out"));
    }
    match named {
        Ok(named) => change_one(management, administrator, named, (change, &why), dry_run).await,
        Err(Many::Outside(owner)) => {
            let changed = outside::change(&management.service, administrator, (owner, before), (change, &why), dry_run).await?;
            let before_seconds = Some(changed.before.seconds());
            Ok(Reached {
                changed: has_any(&changed.counted),
                counted: Some(changed.counted),
                before_seconds,
                has_more: changed.has_more.then_some(true),
                stands: None,
                dead_text: None,
            })
        }
        Err(Many::Of(CutOffSubject::Everything, _)) => {
            Err(Problem::invalid("everything at once is not suspended", "suspend an API, or stop the server"))
        }
        Err(Many::Of(subject, name)) => {
            must_have(administrator, Needed::One(permission::to_end(Some(subject))))?;
            change_all(management, administrator, (subject, name), (change, &why), dry_run).await
        }
    }
}

async fn change_one(
    State(Management { service, .. }): State<Management>,
    administrator: &Administrator,
    named: Named<'_>,
    (change, why): (TokenChange, &Because),
    dry_run: bool,
) -> Result<Reached, Problem> {
    let moment = service.moments().now();
    let over =
        |problem: Problem| problem.look(LOOK).advise(ProblemKind::Conflict, "`jeton token show` and `jeton key show` say how it stands");
    let found = service.find_credential(named, &moment).await.map_err(|failure| over(failure.into()))?;
    must_have(administrator, Needed::One(permission::to_end_one(found.kind())))?;
    let stands = service.stands(&found, &moment);
    let counted = match dry_run {
        true => service.would_change(&found, change, &moment),
        false => service.change_credential(&found, (change, why), administrator, &moment).await.map_err(|failure| over(failure.into()))?,
    };
    let (changed, dead_text) = (has_any(&counted), DeadText::of(&found, &stands));
    Ok(Reached { dead_text, ..all(changed, Some(counted), (!changed).then(|| Stands::of(stands))) })
}

async fn change_all(
    State(Management { service, .. }): State<Management>,
    administrator: &Administrator,
    (subject, name): (CutOffSubject, &str),
    (change, why): (TokenChange, &Because),
    dry_run: bool,
) -> Result<Reached, Problem> {
    let moment = service.moments().now();
    let look = |failure| Problem::from(failure).look(look_for(subject));
    let survey = service.survey_any(subject, name).await.map_err(look)?;
    let suspends = change == TokenChange::Suspend;
    let changes = match dry_run {
        true => service.is_all_suspended(subject, name).map_err(|refusal| look(refusal.into()))? != suspends,
        false => service.suspend_all((subject, name), (suspends, why), administrator, &moment).await.map_err(look)?,
    };
    if !changes {
        let (reader, name) = (service.clone(), name.to_owned());
        let said = blocking(move || reader.suspension_of(subject, &name)).await?.map_err(look)?;
        return Ok(all(false, Some(ByKind::default()), Some(Stands::of_subject(said.map(Suspension::said)))));
    }
    match count(COUNTING, move |goes_on| service.count_accepted(&survey, &moment, goes_on)).await {
        Err(failure) if dry_run => Err(failure.into()),
        // It holds whether or not it could be counted.
        counted => Ok(all(true, counted.unwrap_or_default(), None)),
    }
}
