//! `/revocations`: one token, or everything of a subject that was issued before a time.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use jeton_core::administrator::{Administrator, Needed};
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, CredentialId};
use jeton_core::moment::Time;
use jeton_core::permission::{self, Permission};
use jeton_service::revoke::TokenChange;
use jeton_token::Secret;
use serde::{Deserialize, Serialize};

use super::administrator::must_have;
use super::answer::{Answer, ok};
use super::body::Body;
use super::counting::count;
use super::management::Management;
use super::problem::Problem;
use super::route::{About, Access, Repeats, Route, Verb};
use super::secret_text::SecretText;
use super::{before, rfc3339};

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Post, "/revocations"),
    Access::AnyOf(&[Permission::TokensRevoke, Permission::KeysRevoke, Permission::RevocationsWrite]),
    Repeats::ByNature,
    |at| at.on(revoke),
    About::new("revocations", "Revokes one token, or everything of a subject that was issued before a time."),
)];

const LOOK: &str = "list what there is: `jeton client list`, `jeton api list`, `jeton key list`; a token's id is the `jti` of a JWT, and an API key \
                    is ended by `jeton key revoke KEY`, whose id `jeton key verify -` says of its text";
/// How long what fell is counted, before the answer goes without.
const COUNTING: Duration = Duration::from_secs(8);
const ONE_SUBJECT: &str = "name exactly one of `token`, `id`, `client`, `api`, `user`, `session`, `family`, `key`, and `everything`: true";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoke {
    token: Option<SecretText>,
    id: Option<String>,
    client: Option<String>,
    api: Option<String>,
    user: Option<String>,
    session: Option<String>,
    family: Option<String>,
    key: Option<String>,
    #[serde(default)]
    everything: bool,
    before: Option<before::Before>,
    #[serde(default)]
    dry_run: bool,
}

/// What a revocation names.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    Token(Secret),
    Id(CredentialId),
    CutOff(CutOffSubject, String),
}

impl Subject {
    /// What is cut off; `None` where it is one token.
    fn cut_off(&self) -> Option<CutOffSubject> {
        match self {
            Subject::Token(_) | Subject::Id(_) => None,
            Subject::CutOff(subject, _) => Some(*subject),
        }
    }
}

/// What fell, by kind.
#[derive(Serialize)]
struct Revoked {
    /// Tokens issued before this are dead; absent where one token was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_seconds: Option<i64>,
    fell: Fell,
    dry_run: bool,
    /// Told where the clock is doubted: what a cut-off costs then, and what to do first.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

/// How many of each kind; `null` where counting them took too long, or failed.
#[derive(Serialize)]
struct Fell {
    access_tokens: Option<u64>,
}

const DOUBTED: &str = "the clock was set or leapt within a day: if it runs ahead, nothing is issued under this cut-off before that time, also once the clock is right; set the clock right first (`jeton serve --accept-clock`), and revoke single tokens by their ids until then";

async fn revoke(
    management: State<Management>,
    Extension(administrator): Extension<Administrator>,
    actor: Extension<Actor>,
    Body(mut revoke): Body<Revoke>,
) -> Answer {
    let (before, dry_run) = (revoke.before.take(), revoke.dry_run);
    let subject = subject(revoke)?;
    must_have(&administrator, Needed::One(permission::to_end(subject.cut_off())))?;
    match (subject, before) {
        (Subject::CutOff(subject, name), before) => cut_off(management, actor, (subject, name), before, dry_run).await,
        (_, Some(_)) => Err(Problem::invalid("one token is revoked whenever it was issued", "leave `before` out")),
        (subject, None) => revoke_one(management, actor, subject, dry_run).await,
    }
}

async fn revoke_one(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    subject: Subject,
    dry_run: bool,
) -> Answer {
    let moment = service.moments().now();
    let look = |failure| Problem::from(failure).look(LOOK);
    let state = match &subject {
        Subject::Id(id) => service.token_state(*id, &moment).await,
        Subject::Token(text) => service.token_state_of_text(text.expose(), &moment).await,
        Subject::CutOff(..) => return Err(Problem::invalid("this is no token", ONE_SUBJECT)),
    };
    let state = state.map_err(look)?;
    if !dry_run && state.api.is_some() {
        let changed = match &subject {
            Subject::Token(text) => service.change_token_text(text.expose(), TokenChange::Revoke, &actor, &moment).await,
            _ => service.change_token(state.token.id, TokenChange::Revoke, &actor, &moment).await,
        };
        changed.map_err(look)?;
    }
    let fell = Fell { access_tokens: Some(u64::from(state.standing.can_fall())) };
    ok(&Revoked { before: None, before_seconds: None, fell, dry_run, warning: None })
}

async fn cut_off(
    State(Management { service, .. }): State<Management>,
    Extension(actor): Extension<Actor>,
    (subject, name): (CutOffSubject, String),
    before: Option<before::Before>,
    dry_run: bool,
) -> Answer {
    let moment = service.moments().now();
    let before = before.and_then(|before| before.seconds()).map(Time::from_seconds);
    let look = |failure| Problem::from(failure).look(LOOK);
    let warning = (!service.posture().may_destroy(moment.now)).then_some(DOUBTED);
    // Taken first: afterwards nobody knows what stood before.
    let survey = service.survey(subject, &name).map_err(|refusal| look(refusal.into()))?;
    let decided = match dry_run {
        true => service.would_live_from(subject, &name, before, &moment).map_err(|refusal| look(refusal.into()))?,
        false => service.cut_off(subject, &name, before, &actor, &moment).await.map_err(look)?,
    };
    let counted = count(COUNTING, move |goes_on| service.count_fallen(&survey, decided, &moment, goes_on)).await;
    let access_tokens = match counted {
        Err(failure) if dry_run => return Err(failure.into()),
        // The cut-off holds whether or not it could be counted.
        counted => counted.unwrap_or_default(),
    };
    ok(&Revoked {
        before: Some(rfc3339::format(decided.seconds())),
        before_seconds: Some(decided.seconds()),
        fell: Fell { access_tokens },
        dry_run,
        warning,
    })
}

fn subject(revoke: Revoke) -> Result<Subject, Problem> {
    let cut_offs = [
        (CutOffSubject::Client, revoke.client),
        (CutOffSubject::Api, revoke.api),
        (CutOffSubject::User, revoke.user),
        (CutOffSubject::Session, revoke.session),
        (CutOffSubject::Family, revoke.family),
        (CutOffSubject::Key, revoke.key),
        (CutOffSubject::Everything, revoke.everything.then(String::new)),
    ];
    let mut named: Vec<Subject> = cut_offs.into_iter().filter_map(|(kind, name)| Some(Subject::CutOff(kind, name?))).collect();
    named.extend(revoke.token.map(|token| Subject::Token(token.0)));
    if let Some(id) = revoke.id {
        let parsed = CredentialId::parse(&id);
        named.push(Subject::Id(parsed.ok_or_else(|| Problem::invalid("a token's id is 32 lowercase hexadecimal digits", LOOK))?));
    }
    match (named.pop(), named.is_empty()) {
        (Some(Subject::CutOff(kind, name)), true) if kind != CutOffSubject::Everything && !(1..=512).contains(&name.len()) => {
            Err(Problem::invalid("the name of what is cut off has 1 to 512 bytes", LOOK))
        }
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Problem::invalid("the request names more than one thing to revoke", ONE_SUBJECT)),
        (None, _) => Err(Problem::invalid("the request names nothing to revoke", ONE_SUBJECT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Subject, &str>) {
        let revoke: Revoke = serde_json::from_str(text).unwrap();
        match (subject(revoke), expected) {
            (Ok(subject), Ok(expected)) => assert_eq!(subject, expected),
            (Err(problem), Err(expected)) => assert!(format!("{problem:?}").contains(expected), "{text}: {problem:?}"),
            (subject, _) => panic!("{text}: {subject:?}"),
        }
    }

    #[test]
    fn exactly_one_subject() {
        check(r#"{"token":"t"}"#, Ok(Subject::Token("t".into())));
        check(r#"{"client":"c"}"#, Ok(Subject::CutOff(CutOffSubject::Client, "c".into())));
        check(r#"{"everything":true}"#, Ok(Subject::CutOff(CutOffSubject::Everything, String::new())));
        check(r#"{"everything":true,"session":"s"}"#, Err("more than one"));
        check(r#"{"token":"t","id":"00000000000000000000000000000000"}"#, Err("more than one"));
        check("{}", Err("names nothing"));
        check(r#"{"everything":false}"#, Err("names nothing"));
        check(r#"{"id":"x"}"#, Err("hexadecimal"));
        check(r#"{"user":""}"#, Err("1 to 512"));
    }
}
