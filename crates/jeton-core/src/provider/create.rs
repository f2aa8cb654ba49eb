//! Agreeing with a provider by which people sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jeton_oauth::Issuer;

use super::{Provider, Settings, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ProviderId, draw_name};
use crate::moment::Moment;
use crate::name::refuse_credentials;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::root_key::RootKeys;

/// The most characters of a name.
const NAME_MAX: usize = 32;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct CreateProvider {
    /// Its name in addresses.
    pub name: String,
    /// Who signs what it says.
    pub issuer: String,
    /// The rest: what this server is called there and its secret are needed.
    pub settings: Settings,
}

/// Makes a provider, by which nobody is known yet. That the name is free is the store's word: it is unique there.
pub fn create(request: &CreateProvider, root_keys: &RootKeys, actor: &Actor, moment: &mut Moment) -> Outcome<Provider> {
    let commit = Commit::new(moment);
    let provider = match parse(request, root_keys, moment) {
        Ok(provider) => provider,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::ProviderCreated {
        actor: actor.clone(),
        issuer: Arc::from(provider.issuer.as_str()),
        name: provider.name.clone(),
        provider: provider.id.clone(),
    };
    let commit = commit.put(&TABLE, provider.row()).tell(event);
    Outcome::grant(provider, commit)
}

fn parse(request: &CreateProvider, root_keys: &RootKeys, moment: &mut Moment) -> Result<Provider, Refusal> {
    let (name, seconds) = (parse_name(&request.name)?, moment.now.seconds());
    refuse_credentials(&request.issuer, "the issuer of a provider")?;
    let issuer = Issuer::parse(&request.issuer).map_err(|error| Refusal::invalid(format!("the issuer of a provider: {error}")))?;
    let blank = Provider {
        id: ProviderId(draw_name("provider_", moment)),
        title: name.clone(),
        name,
        issuer,
        client_id: Arc::from(""),
        sealed: Arc::from([]),
        epoch: 0,
        domains: BTreeSet::new(),
        creates_users: false,
        role_claim: None,
        roles: BTreeMap::new(),
        created_at: seconds,
        updated_at: seconds,
    };
    let provider = request.settings.apply(blank, root_keys, moment)?;
    if provider.client_id.is_empty() || provider.sealed.is_empty() {
        return Err(Refusal::invalid("a provider needs `client_id` and `client_secret`: what it registered this server with"));
    }
    Ok(provider)
}

/// A part of an address: small letters, digits and hyphens.
fn parse_name(name: &str) -> Result<Arc<str>, Refusal> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_allowed) && !name.starts_with('-') {
        return Ok(Arc::from(name));
    }
    Err(Refusal::invalid(format!("a provider has a name of 1 to {NAME_MAX} of the characters a-z, 0-9 and `-`, and begins with no `-`")))
}
