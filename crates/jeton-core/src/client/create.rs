//! Registering a client.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_jose::KeyError;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_oauth::scope::ScopeSet;

use super::asking::Asking;
use super::{AuthenticationMethod, Client, GrantType, TABLE, signing_in};
use crate::api::{Api, parse_scope_list};
use crate::claim_rules::{ClaimRules, Place};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ClientId, draw_name};
use crate::moment::Moment;
use crate::name::{parse_name, parse_words, refuse_credentials, spaced};
use crate::outcome::Outcome;
use crate::owner::Owner;
use crate::refusal::Refusal;

/// What is asked for; what is left out has a default.
#[derive(Clone, Debug, Default)]
pub struct CreateClient {
    /// What people call it.
    pub name: String,
    /// The grants it may use; `client_credentials` when left out.
    pub grant_types: Vec<String>,
    /// How it proves who it is; `client_secret_basic` when left out.
    pub authentication: Option<String>,
    /// Its public keys, a JWK Set.
    pub jwks: Option<String>,
    /// The scopes it may have; when left out all of its APIs', and none where it may introspect.
    pub scopes: Option<String>,
    /// Whether it may introspect and follow the feed.
    pub may_introspect: bool,
    /// Whom to ask about it.
    pub contact: Option<String>,
    /// Where people who signed in may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where people who signed out may be sent back to.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that somebody signed out.
    pub backchannel_logout_uri: Option<String>,
    /// What kind of application it is; `web` when left out.
    pub application: Option<String>,
    /// Whether its refresh tokens stay as they are.
    pub keeps_refresh_tokens: bool,
    /// How long a spent refresh token is answered as before, in seconds.
    pub refresh_window_seconds: Option<i64>,
    /// Whether it has to hand its authorization requests in first.
    pub needs_pushed_requests: bool,
    /// What is asked of its authorization requests, of the people who sign in, and of its ID tokens.
    pub asking: Asking,
    /// Who answers for it: a person or a group.
    pub owner: Option<Owner>,
    /// What its ID tokens, and userinfo, tell beside what is standard: claims, each with its source.
    pub claims: BTreeMap<String, String>,
}

/// Registers a client for these APIs.
pub fn create(request: &CreateClient, apis: &[&Api], actor: &Actor, moment: &mut Moment) -> Outcome<Client> {
    let commit = Commit::new(moment);
    let client = match parse(request, apis, moment) {
        Ok(client) => client,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::ClientCreated { actor: actor.clone(), client: client.id.clone(), name: client.name.clone() };
    let commit = commit.put(&TABLE, client.row()).tell(event);
    Outcome::grant(client, commit)
}

fn parse(request: &CreateClient, apis: &[&Api], moment: &mut Moment) -> Result<Client, Refusal> {
    let authentication = request.authentication.as_deref().map_or(Ok(AuthenticationMethod::SecretBasic), parse_method)?;
    let seconds = moment.now.seconds();
    let client = Client {
        id: ClientId(draw_name("client_", moment)),
        name: parse_name(&request.name, "a client")?,
        grant_types: parse_grant_types(&request.grant_types)?,
        authentication,
        jwks: parse_jwks(request.jwks.as_deref(), authentication)?,
        apis: apis.iter().map(|api| api.id.clone()).collect(),
        // Who only asks about tokens needs none itself.
        scopes: parse_scopes(request.scopes.as_deref().or(request.may_introspect.then_some("")), apis)?,
        may_introspect: request.may_introspect,
        created_at: seconds,
        updated_at: seconds,
        contact: parse_contact(request.contact.as_deref())?,
        redirect_uris: signing_in::parse_redirect_uris(&request.redirect_uris, signing_in::SIGNED_IN)?,
        application: signing_in::parse_application(request.application.as_deref())?,
        rotates: !request.keeps_refresh_tokens,
        refresh_window_seconds: signing_in::parse_window(request.refresh_window_seconds)?,
        post_logout_redirect_uris: signing_in::parse_redirect_uris(&request.post_logout_redirect_uris, signing_in::SIGNED_OUT)?,
        backchannel_logout_uri: signing_in::parse_backchannel(request.backchannel_logout_uri.as_deref().unwrap_or_default())?,
        needs_pkce: request.asking.pkce()?.unwrap_or(true),
        asks_consent: request.asking.consent()?.unwrap_or(true),
        id_token_algorithm: request.asking.id_token_algorithm()?.flatten(),
        needs_pushed_requests: request.needs_pushed_requests,
        claims: ClaimRules::parse(&request.claims, Place::Identity)?,
        owner: request.owner.clone(),
    };
    signing_in::check(&client)?;
    Ok(client)
}

/// Whom to ask about a client, in words; an empty text is nobody.
pub(super) fn parse_contact(contact: Option<&str>) -> Result<Option<Arc<str>>, Refusal> {
    contact.filter(|text| !text.is_empty()).map(|text| parse_words(text, "a contact")).transpose()
}

pub(super) fn parse_method(name: &str) -> Result<AuthenticationMethod, Refusal> {
    AuthenticationMethod::from_name(name).ok_or_else(|| {
        Refusal::invalid("the authentication method is `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`")
    })
}

pub(super) fn parse_grant_types(names: &[String]) -> Result<Vec<GrantType>, Refusal> {
    if names.is_empty() {
        return Ok(vec![GrantType::ClientCredentials]);
    }
    let mut grants = vec![];
    for name in names {
        let unknown = || {
            let device = GrantType::DeviceCode.name();
            Refusal::invalid(format!("the grant types are `authorization_code`, `refresh_token`, `client_credentials` and `{device}`"))
        };
        let grant = GrantType::from_name(name).ok_or_else(unknown)?;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

/// The keys of a client that signs, checked; none of one that does not.
pub(super) fn parse_jwks(jwks: Option<&str>, authentication: AuthenticationMethod) -> Result<Option<Arc<str>>, Refusal> {
    match (jwks, authentication) {
        (Some(text), AuthenticationMethod::PrivateKeyJwt) => {
            refuse_credentials(text, "the JWK Set")?;
            let refuse = |problem: KeyError| Refusal::invalid(format!("the JWK Set: {problem}"));
            let set = JwkSet::parse(text.as_bytes()).map_err(refuse)?;
            let (usable, ignored) = VerifyingKeys::from_jwk_set(&set, None).map_err(refuse)?;
            match (usable.keys(), ignored.into_iter().next()) {
                ([], Some(first)) => Err(refuse(first.reason)),
                ([], None) => Err(Refusal::invalid("the JWK Set holds no key")),
                _ => Ok(Some(Arc::from(text))),
            }
        }
        (None, AuthenticationMethod::PrivateKeyJwt) => Err(Refusal::invalid("`private_key_jwt` needs the client's public keys, a JWK Set")),
        (Some(_), _) => Err(Refusal::invalid("a client with a secret has no JWK Set: choose `private_key_jwt`, or leave the keys out")),
        (None, _) => Ok(None),
    }
}

/// The scopes a client may have: each must be one of its APIs'.
pub(super) fn parse_scopes(asked: Option<&str>, apis: &[&Api]) -> Result<ScopeSet, Refusal> {
    let Some(asked) = asked else {
        let all: Vec<&str> = apis.iter().flat_map(|api| api.scopes.keys().map(String::as_str)).collect();
        return parse_scope_list(&all.join(" ")).map_err(|problem| Refusal::invalid(format!("the scopes: {problem}")));
    };
    let scopes = parse_scope_list(asked).map_err(|problem| Refusal::invalid(format!("the scopes: {problem}")))?;
    let unknown = scopes.iter().find(|name| !apis.iter().any(|api| api.scopes.contains_key(*name))).map(str::to_owned);
    match unknown {
        Some(unknown) => Err(Refusal::invalid(format!("`{unknown}` is no scope of the APIs this client may ask for{}", spaced(&unknown)))),
        None => Ok(scopes),
    }
}
