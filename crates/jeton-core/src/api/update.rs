//! Changing an API.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::create::{parse_algorithm, parse_default_scope, parse_format, parse_lifetime, parse_scopes};
use super::{Api, TABLE};
use crate::claim_rules::{ClaimRules, Place};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::parse_name;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::policy::{ACCESS_TOKEN, CredentialKind, KEPT_AFTER_EXPIRY_SECONDS};
use crate::refusal::Refusal;
use crate::token::cut_off::beyond_all_issued;
use crate::token::negative::{Negative, Says};

/// What changes; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateApi {
    /// What people call it.
    pub name: Option<String>,
    /// All its scopes.
    pub scopes: Option<BTreeMap<String, String>>,
    /// What is granted when nothing is asked for.
    pub default_scope: Option<String>,
    /// The lifetime of its access tokens, in seconds. Lowering it reaches tokens that are out already.
    pub access_token_lifetime_seconds: Option<i64>,
    /// `jwt` or `opaque`.
    pub token_format: Option<String>,
    /// What signs its JWTs.
    pub signing_algorithm: Option<String>,
    /// All that its access tokens tell beside what is standard.
    pub claims: Option<BTreeMap<String, String>>,
}

/// Changes an API: scopes that it knows from then on, or no longer, are told by entries of their own. `policies` say how long its tokens may live, `latest_cut_off_seconds` is the latest cut-off over any of its tokens.
pub fn update(
    api: &Api,
    request: &UpdateApi,
    policies: &Policies,
    latest_cut_off_seconds: i64,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<Api> {
    let commit = Commit::new(moment);
    let updated = match apply(api, request, policies) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let changes = changes(api, &updated, actor);
    if changes.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Api { updated_at: moment.now.seconds(), ..updated };
    let mut commit = changes.into_iter().fold(commit.put(&TABLE, updated.row()), Commit::tell);
    if updated.access_token_lifetime_seconds < api.access_token_lifetime_seconds {
        let before = beyond_all_issued(moment.now, latest_cut_off_seconds);
        commit = lower_lifetime(commit, &updated, updated.access_token_lifetime_seconds, before.seconds(), actor, moment);
    }
    Outcome::grant(updated, commit)
}

/// Tells that tokens of an API with `iat` before `before_seconds` live at most so many seconds.
pub(crate) fn lower_lifetime(commit: Commit, api: &Api, seconds: i64, before_seconds: i64, actor: &Actor, moment: &mut Moment) -> Commit {
    let until_seconds = moment.now.seconds() + ACCESS_TOKEN.max_seconds + KEPT_AFTER_EXPIRY_SECONDS;
    let negative = Negative::new(Says::Lifetime(api.audience.clone(), seconds, before_seconds), until_seconds, moment);
    let event = Event::ApiLifetimeLowered { actor: actor.clone(), api: api.id.clone(), seconds, before_seconds, until_seconds };
    commit.put(&crate::token::negative::TABLE, negative.row()).tell(event)
}

fn apply(api: &Api, request: &UpdateApi, policies: &Policies) -> Result<Api, Refusal> {
    let mut updated = api.clone();
    if let Some(name) = &request.name {
        updated.name = parse_name(name, "an API")?;
    }
    if let Some(scopes) = &request.scopes {
        updated.scopes = parse_scopes(scopes)?.into();
    }
    let default_scope = request.default_scope.clone().unwrap_or_else(|| api.default_scope.to_string());
    updated.default_scope = parse_default_scope(Some(&default_scope), &updated.scopes)?;
    if let Some(seconds) = request.access_token_lifetime_seconds {
        let allowed = policies.effective(CredentialKind::AccessToken, &Subject::Api(api.id.clone()));
        updated.access_token_lifetime_seconds = parse_lifetime(seconds, allowed.max_seconds)?;
    }
    if let Some(format) = &request.token_format {
        updated.token_format = parse_format(format)?;
    }
    if let Some(algorithm) = &request.signing_algorithm {
        updated.signing_algorithm = parse_algorithm(algorithm)?;
    }
    if let Some(claims) = &request.claims {
        updated.claims = ClaimRules::parse(claims, Place::AccessToken)?;
    }
    Ok(updated)
}

fn changes(before: &Api, after: &Api, actor: &Actor) -> Vec<Event> {
    // Of a scope that both know: whether it is described otherwise.
    let is_described = |(name, text): (&String, _)| before.scopes.get(name).is_some_and(|before| before != text);
    let changed = [
        ("name", after.name != before.name),
        ("scopes", after.scopes.iter().any(is_described)),
        ("default_scope", after.default_scope != before.default_scope),
        ("access_token_lifetime_seconds", after.access_token_lifetime_seconds != before.access_token_lifetime_seconds),
        ("token_format", after.token_format != before.token_format),
        ("signing_algorithm", after.signing_algorithm != before.signing_algorithm),
        ("claims", after.claims != before.claims),
    ];
    let changed: Vec<&str> = changed.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect();
    let (known, knows) = (before.scope_set(), after.scope_set());
    let (taken, given) = (known.difference(&knows), knows.difference(&known));
    let (actor, api) = (actor.clone(), before.id.clone());
    let mut events = vec![];
    if !changed.is_empty() {
        events.push(Event::ApiUpdated { actor: actor.clone(), api: api.clone(), changed: Arc::from(changed.join(" ")) });
    }
    if !taken.is_empty() {
        events.push(Event::ApiNarrowed { actor: actor.clone(), api: api.clone(), scopes: Arc::from(taken.as_str()) });
    }
    if !given.is_empty() {
        events.push(Event::ApiWidened { actor, api, scopes: Arc::from(given.as_str()) });
    }
    events
}
