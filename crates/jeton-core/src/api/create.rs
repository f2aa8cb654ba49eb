//! Declaring an API.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_oauth::resource::Resource;
use jeton_oauth::scope::{ScopeName, ScopeSet};

use super::{Api, TABLE, TokenFormat, parse_scope_list};
use crate::claim_rules::{ClaimRules, Place};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ApiId, draw_name};
use crate::length::in_words;
use crate::moment::Moment;
use crate::name::{check_description, parse_name, refuse_credentials};
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::refusal::Refusal;

/// What is asked for; what is left out has a default.
#[derive(Clone, Debug, Default)]
pub struct CreateApi {
    /// The audience URI.
    pub audience: String,
    /// What people call it; the audience when left out.
    pub name: Option<String>,
    /// Scopes and their descriptions.
    pub scopes: BTreeMap<String, String>,
    /// What is granted when nothing is asked for, separated by spaces.
    pub default_scope: Option<String>,
    /// The lifetime of its access tokens, in seconds.
    pub access_token_lifetime_seconds: Option<i64>,
    /// `jwt` (the default) or `opaque`.
    pub token_format: Option<String>,
    /// What signs its JWTs: `ES256` when left out.
    pub signing_algorithm: Option<String>,
    /// What its access tokens tell beside what is standard: claims, each with its source.
    pub claims: BTreeMap<String, String>,
}

/// Declares an API; `policies` say how long its tokens may live. That the audience is free is the store's word: it is unique there.
pub fn create(request: &CreateApi, policies: &Policies, actor: &Actor, moment: &mut Moment) -> Outcome<Api> {
    let commit = Commit::new(moment);
    let api = match parse(request, policies, moment) {
        Ok(api) => api,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::ApiCreated {
        actor: actor.clone(),
        api: api.id.clone(),
        audience: api.audience.clone(),
        scopes: Arc::from(api.scope_set().to_string()),
    };
    let commit = commit.put(&TABLE, api.row()).tell(event);
    Outcome::grant(api, commit)
}

fn parse(request: &CreateApi, policies: &Policies, moment: &mut Moment) -> Result<Api, Refusal> {
    let allowed = policies.effective(CredentialKind::AccessToken, &Subject::Deployment);
    refuse_credentials(&request.audience, "the audience")?;
    let audience = Resource::parse(&request.audience)
        .map_err(|problem| Refusal::invalid(format!("the audience is no URI that can stand in a token: {problem}")))?;
    let seconds = moment.now.seconds();
    let scopes = parse_scopes(&request.scopes)?;
    let default_scope = parse_default_scope(request.default_scope.as_deref(), &scopes)?;
    Ok(Api {
        id: ApiId(draw_name("api_", moment)),
        name: request.name.as_deref().map_or_else(|| Ok(Arc::from(audience.as_str())), |name| parse_name(name, "an API"))?,
        audience: Arc::from(audience.as_str()),
        default_scope,
        scopes: scopes.into(),
        access_token_lifetime_seconds: parse_lifetime(
            request.access_token_lifetime_seconds.unwrap_or(allowed.default_seconds),
            allowed.max_seconds,
        )?,
        token_format: request.token_format.as_deref().map_or(Ok(TokenFormat::Jwt), parse_format)?,
        signing_algorithm: request.signing_algorithm.as_deref().map_or(Ok(Algorithm::Es256), parse_algorithm)?,
        created_at: seconds,
        updated_at: seconds,
        claims: ClaimRules::parse(&request.claims, Place::AccessToken)?,
    })
}

/// Scopes as RFC 6749 section 3.3 spells them, each with its description.
///
/// # Errors
/// What is wrong with one of them, or that there are too many.
pub(super) fn parse_scopes(scopes: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let refuse = |problem| Refusal::invalid(format!("the scopes: {problem}"));
    scopes.keys().try_for_each(|name| refuse_credentials(name, "the name of a scope"))?;
    let names: Vec<ScopeName> = scopes.keys().map(|name| ScopeName::parse(name)).collect::<Result<_, _>>().map_err(refuse)?;
    ScopeSet::from_names(&names).map_err(refuse)?;
    scopes.values().try_for_each(|description| check_description(description))?;
    Ok(scopes.clone())
}

pub(super) fn parse_default_scope(asked: Option<&str>, scopes: &BTreeMap<String, String>) -> Result<ScopeSet, Refusal> {
    let default =
        parse_scope_list(asked.unwrap_or_default()).map_err(|problem| Refusal::invalid(format!("the default scope: {problem}")))?;
    let unknown = default.iter().find(|name| !scopes.contains_key(*name)).map(str::to_owned);
    match unknown {
        Some(unknown) => Err(Refusal::invalid(format!("the default scope names `{unknown}`, which is no scope of this API"))),
        None => Ok(default),
    }
}

pub(super) fn parse_lifetime(seconds: i64, max_seconds: i64) -> Result<i64, Refusal> {
    if (1..=max_seconds).contains(&seconds) {
        Ok(seconds)
    } else {
        let (most, asked) = (in_words(max_seconds), in_words(seconds));
        Err(Refusal::invalid(format!("an access token lives between 1 second and {most} here, not {asked}")))
    }
}

pub(super) fn parse_format(name: &str) -> Result<TokenFormat, Refusal> {
    TokenFormat::from_name(name).ok_or_else(|| Refusal::invalid("the token format is `jwt` or `opaque`"))
}

pub(super) fn parse_algorithm(name: &str) -> Result<Algorithm, Refusal> {
    Algorithm::from_name(name).filter(|algorithm| !algorithm.is_symmetric()).ok_or_else(|| {
        Refusal::invalid("the signing algorithm is one of ES256, ES384, ES512, EdDSA, RS256, RS384, RS512, PS256, PS384, PS512")
    })
}
