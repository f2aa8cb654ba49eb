//! What of a provider can be set when it is made, and later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jeton_token::Secret;

use super::Provider;
use crate::api::management::is_management;
use crate::moment::Moment;
use crate::name::{is_plain, parse_name, refuse_credentials};
use crate::refusal::{Reason, Refusal};
use crate::role::Role;
use crate::root_key::RootKeys;

/// The most bytes of what this server is called there, of its secret, and of a value that gives a role.
const TEXT_BYTES: usize = 512;
/// The most domains, and the most values that give a role.
const COUNT_MAX: usize = 64;
/// The longest name of a domain (RFC 1035 section 2.3.4), in bytes.
const DOMAIN_BYTES: usize = 253;

/// What is set; what is left out stays, or is nothing at first.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What people read where they choose it; its name at first.
    pub title: Option<String>,
    /// What this server is called there.
    pub client_id: Option<String>,
    /// The secret that it has there.
    pub client_secret: Option<Secret>,
    /// The domains of e-mail for which its word counts.
    pub domains: Option<Vec<String>>,
    /// Whether somebody who is not known here is taken in when they come.
    pub creates_users: Option<bool>,
    /// The claim whose values give roles; none when empty.
    pub role_claim: Option<String>,
    /// The role that each value gives.
    pub roles: Option<BTreeMap<String, Role>>,
}

impl Settings {
    /// A provider with these.
    pub(super) fn apply(&self, mut provider: Provider, root_keys: &RootKeys, moment: &mut Moment) -> Result<Provider, Refusal> {
        if let Some(title) = &self.title {
            provider.title = parse_name(title, "a provider")?;
        }
        if let Some(client_id) = &self.client_id {
            refuse_credentials(client_id, "what this server is called at a provider")?;
            provider.client_id = parse_visible(client_id, "what this server is called at a provider")?;
        }
        if let Some(domains) = &self.domains {
            provider.domains = parse_domains(domains)?;
        }
        if let Some(creates) = self.creates_users {
            provider.creates_users = creates;
        }
        if let Some(claim) = &self.role_claim {
            provider.role_claim = Some(claim.as_str()).filter(|claim| !claim.is_empty()).map(parse_value).transpose()?;
        }
        if let Some(roles) = &self.roles {
            provider.roles = parse_roles(roles)?;
        }
        if provider.role_claim.is_none() && !provider.roles.is_empty() {
            return Err(Refusal::invalid("values give roles by a claim: give `role_claim` too"));
        }
        match &self.client_secret {
            Some(secret) => {
                parse_visible(secret.expose(), "the secret of a client at a provider")?;
                provider.with_secret(secret, root_keys, moment)
            }
            None => Ok(provider),
        }
    }
}

/// Letters, digits, signs and spaces of ASCII (RFC 6749 appendix A).
fn parse_visible(text: &str, what: &str) -> Result<Arc<str>, Refusal> {
    if (1..=TEXT_BYTES).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(Arc::from(text));
    }
    Err(Refusal::invalid(format!("{what} has 1 to {TEXT_BYTES} letters, digits, signs and spaces of ASCII")))
}

fn parse_value(text: &str) -> Result<Arc<str>, Refusal> {
    refuse_credentials(text, "a claim")?;
    if (1..=TEXT_BYTES).contains(&text.len()) && is_plain(text) {
        return Ok(Arc::from(text));
    }
    Err(Refusal::invalid(format!("a claim and a value of it have 1 to {TEXT_BYTES} bytes, none of which steer a terminal")))
}

fn parse_domains(domains: &[String]) -> Result<BTreeSet<String>, Refusal> {
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_domain = |domain: &str| domain.len() <= DOMAIN_BYTES && domain.contains('.') && domain.split('.').all(is_label);
    if domains.len() > COUNT_MAX || !domains.iter().all(|domain| is_domain(domain)) {
        return Err(Refusal::invalid(format!("a domain of e-mail is written `example.com`, and there are {COUNT_MAX} at most")));
    }
    Ok(domains.iter().map(|domain| domain.to_ascii_lowercase()).collect())
}

/// Whoever administers was appointed here: a claim from elsewhere gives none of that.
fn parse_roles(roles: &BTreeMap<String, Role>) -> Result<BTreeMap<String, crate::id::RoleId>, Refusal> {
    if roles.len() > COUNT_MAX {
        return Err(Refusal::invalid(format!("{COUNT_MAX} values give a role at most")));
    }
    if roles.values().any(|role| is_management(&role.api)) {
        let detail = "no provider makes an administrator: a role of the management API is given here, by hand";
        return Err(Refusal::new(Reason::Forbidden, detail));
    }
    roles.iter().map(|(value, role)| Ok((parse_value(value)?.to_string(), role.id.clone()))).collect()
}
