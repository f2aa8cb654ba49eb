//! What is known when a key is decided over, and what follows from it.

use jeton_oauth::scope::ScopeSet;
use jeton_token::Prefix;

use super::ApiKeyKind;
use crate::api::{Api, parse_scope_list};
use crate::client::Client;
use crate::id::ClientId;
use crate::length::in_words;
use crate::moment::Moment;
use crate::name::spaced;
use crate::owner::Owner;
use crate::policy::effective::{Effective, Policies};
use crate::refusal::{Reason, Refusal};
use crate::rights::{OwnerStanding, Rights, granted};
use crate::root_key::RootKeys;

/// What to do where an owner or an API is suspended.
pub const RESUME: &str =
    "`jeton suspension list` says what is suspended, and `jeton resume` accepts it again: with --user, --client, --group or --api";
const ENABLE: &str = "`jeton user enable USERNAME`, or give the key to another owner";

/// What is known of a key's surroundings.
#[derive(Clone, Copy)]
pub struct KeyFacts<'a> {
    /// What it is for.
    pub api: &'a Api,
    /// What its owner may do there.
    pub rights: &'a Rights,
    /// The client that hands it out to somebody outside.
    pub client: Option<&'a Client>,
    /// How long it may live.
    pub policies: &'a Policies,
    /// The first part of its text.
    pub prefix: &'a Prefix,
    /// Where the hash of its text comes from.
    pub root_keys: &'a RootKeys,
    /// The latest cut-off over its owner, its API and everything, in seconds: a secret made now must not lie before it.
    pub not_before_seconds: i64,
}

impl<'a> KeyFacts<'a> {
    /// The scopes that its owner may have now.
    #[must_use]
    pub fn may_have(&self) -> ScopeSet {
        let known = self.api.scope_set();
        granted(&known, &known, self.client.map(|client| &client.scopes), self.rights, None)
    }

    /// Whether its owner may have keys for the API at all.
    ///
    /// # Errors
    /// `Conflict` or `InvalidTarget`, with why not.
    pub fn check_owner(&self) -> Result<(), Refusal> {
        if self.client.is_some_and(|client| !client.apis.contains(&self.api.id)) {
            return Err(Refusal::new(Reason::InvalidTarget, "the client that hands out the key may not ask for that API"));
        }
        match self.rights.standing {
            OwnerStanding::Stands => Ok(()),
            OwnerStanding::Disabled => Err(Refusal::new(Reason::Conflict, "the owner is disabled: enable it first").hinting(ENABLE)),
            OwnerStanding::Suspended => {
                Err(Refusal::new(Reason::Conflict, "the owner, or the API, is suspended: resume it first").hinting(RESUME))
            }
            OwnerStanding::NoAccess => Err(Refusal::new(Reason::InvalidTarget, "the owner may not ask for that API: give it that first")),
            OwnerStanding::Gone => Err(Refusal::new(Reason::InvalidTarget, "the owner does not exist")),
        }
    }

    /// The scopes that are asked for; where nobody says, the API's default, or else all that the owner may have.
    ///
    /// # Errors
    /// `InvalidScope`, with the first one that is beyond.
    pub(super) fn scopes(&self, asked: Option<&str>) -> Result<ScopeSet, Refusal> {
        let may_have = self.may_have();
        let Some(asked) = asked else {
            let default = &self.api.default_scope;
            let scopes = if default.is_empty() { may_have } else { default.intersection(&may_have) };
            if scopes.is_empty() && !self.api.scopes.is_empty() {
                let detail = "the owner may have nothing of what is granted by default for this API: name a scope";
                return Err(Refusal::new(Reason::InvalidScope, detail));
            }
            return Ok(scopes);
        };
        self.scopes_beside(&ScopeSet::empty(), asked)
    }

    /// The scopes that are asked for by somebody who has some: keeping one is no grant, though its owner may have lost it meanwhile.
    ///
    /// # Errors
    /// `InvalidScope`, with the first one that is beyond.
    pub(super) fn scopes_beside(&self, kept: &ScopeSet, asked: &str) -> Result<ScopeSet, Refusal> {
        let may_have = self.may_have();
        let scopes = parse_scope_list(asked).map_err(|problem| Refusal::new(Reason::InvalidScope, format!("the scopes: {problem}")))?;
        let beyond = scopes.iter().find(|name| !may_have.contains(name) && !kept.contains(name)).map(str::to_owned);
        match beyond {
            Some(beyond) => {
                let detail = format!("the scope `{beyond}` is unknown for this API, or not one that the owner may have{}", spaced(&beyond));
                Err(Refusal::new(Reason::InvalidScope, detail))
            }
            None => Ok(scopes),
        }
    }

    /// How long keys of an owner may live.
    pub(super) fn allowed(&self, kind: ApiKeyKind, holder: Option<&ClientId>) -> Effective {
        self.policies.resolve(kind.credential_kind(), Some(&self.api.id), holder)
    }

    /// From when a secret is that is made now, in seconds.
    pub(super) fn secret_from(&self, moment: &Moment) -> i64 {
        moment.now.seconds().max(self.not_before_seconds)
    }

    /// The client that a key of this owner was handed out by: of somebody outside alone.
    ///
    /// # Errors
    /// `InvalidRequest` where there is one, but the owner is one of ours.
    pub(super) fn handed_out_by(&self, owner: &Owner) -> Result<Option<&'a Client>, Refusal> {
        match (owner, self.client) {
            (Owner::External(_), client) => Ok(client),
            (_, None) => Ok(None),
            (_, Some(_)) => Err(Refusal::invalid("a client hands out keys of external owners alone")),
        }
    }
}

/// Checks how long a secret is to live.
///
/// # Errors
/// `InvalidRequest`, with the limit.
pub(super) fn check_lifetime(kind: ApiKeyKind, expires_in_seconds: i64, max_seconds: i64) -> Result<i64, Refusal> {
    if (1..=max_seconds).contains(&expires_in_seconds) {
        return Ok(expires_in_seconds);
    }
    let plural = kind.credential_kind().lifetime().plural;
    let (most, asked) = (in_words(max_seconds), in_words(expires_in_seconds));
    Err(Refusal::invalid(format!("{plural} live between 1 second and {most} here, not {asked}")))
}
